//! An application's token and deploy key. Secrets are sealed; they are opened only while git runs.

use chrono::{DateTime, Utc};
use slipway_protocol::{ApplicationId, Secret, TeamId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::damaged;
use crate::secrets::{Place, Sealer};

/// What kind of secret; an application has at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Token,
    DeployKey,
}

impl Kind {
    fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::DeployKey => "deploy_key",
        }
    }
}

/// The part that may be shown: the token's user name, or the public key.
pub struct Public {
    pub text: String,
    /// The server that a token was stored for; see the migration.
    pub origin: Option<String>,
    pub updated_at: DateTime<Utc>,
}

pub async fn find(
    tx: &mut PgConnection,
    application: ApplicationId,
    kind: Kind,
) -> Result<Option<Public>, sqlx::Error> {
    let query =
        "select public, origin, updated_at from git_credentials where application_id = $1 and kind = $2";
    let row: Option<(String, Option<String>, DateTime<Utc>)> = sqlx::query_as(query)
        .bind(application.uuid())
        .bind(kind.as_str())
        .fetch_optional(tx)
        .await?;
    Ok(row.map(|(text, origin, updated_at)| Public {
        text,
        origin,
        updated_at,
    }))
}

/// What is to be stored.
pub struct New<'a> {
    pub team: TeamId,
    pub application: ApplicationId,
    pub kind: Kind,
    pub secret: Secret<Vec<u8>>,
    pub public: &'a str,
    /// A token's.
    pub origin: Option<&'a str>,
}

/// A secret as git needs it.
pub struct Opened {
    pub secret: Secret<Vec<u8>>,
    pub public: String,
    pub origin: Option<String>,
}

/// Creates or replaces one. Its row gets a new id, so that an older ciphertext does not fit.
pub async fn put(tx: &mut PgConnection, sealer: &Sealer, new: New<'_>) -> Result<Public, sqlx::Error> {
    let id = Uuid::now_v7();
    let sealed = sealer.seal(place(id), new.secret.expose()).map_err(damaged)?;
    let query = "insert into git_credentials (id, team_id, application_id, kind, secret, public, origin) values ($1, $2, $3, $4, $5, $6, $7)
                 on conflict on constraint one_git_credential_of_a_kind
                 do update set id = excluded.id, secret = excluded.secret, public = excluded.public, origin = excluded.origin,
                               updated_at = now()
                 returning updated_at";
    let query = sqlx::query_scalar(query)
        .bind(id)
        .bind(new.team.uuid())
        .bind(new.application.uuid());
    let query = query
        .bind(new.kind.as_str())
        .bind(sealed)
        .bind(new.public)
        .bind(new.origin);
    Ok(Public {
        origin: new.origin.map(str::to_owned),
        updated_at: query.fetch_one(tx).await?,
        text: new.public.to_owned(),
    })
}

/// False when there was none.
pub async fn delete(
    tx: &mut PgConnection,
    application: ApplicationId,
    kind: Kind,
) -> Result<bool, sqlx::Error> {
    let query = "delete from git_credentials where application_id = $1 and kind = $2";
    let done = sqlx::query(query)
        .bind(application.uuid())
        .bind(kind.as_str())
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// For git.
pub async fn open(
    tx: &mut PgConnection,
    sealer: &Sealer,
    application: ApplicationId,
    kind: Kind,
) -> Result<Option<Opened>, sqlx::Error> {
    let query =
        "select id, secret, public, origin from git_credentials where application_id = $1 and kind = $2";
    let row: Option<(Uuid, Vec<u8>, String, Option<String>)> = sqlx::query_as(query)
        .bind(application.uuid())
        .bind(kind.as_str())
        .fetch_optional(tx)
        .await?;
    let opened = row.map(|(id, sealed, public, origin)| {
        let secret = sealer.open(place(id), &sealed).map_err(damaged)?;
        Ok(Opened {
            secret,
            public,
            origin,
        })
    });
    opened.transpose()
}

fn place(row: Uuid) -> Place<'static> {
    Place {
        table: "git_credentials",
        row,
        column: "secret",
    }
}
