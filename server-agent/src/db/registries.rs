//! A team's sign-ins for registries. Passwords are sealed; they are opened only to fetch an image.

use chrono::{DateTime, Utc};
use slipway_protocol::registry::RegistryView;
use slipway_protocol::{ApplicationId, LoginName, RegistryHost, Secret, TeamId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::damaged;
use crate::secrets::{Place, Sealer};

pub async fn list(tx: &mut PgConnection) -> Result<Vec<RegistryView>, sqlx::Error> {
    let query = "select host, user_name, updated_at from registry_credentials order by host";
    let rows: Vec<(String, String, DateTime<Utc>)> = sqlx::query_as(query).fetch_all(tx).await?;
    rows.into_iter()
        .map(|(host, user, updated_at)| {
            Ok(RegistryView {
                host: RegistryHost::parse(&host).map_err(damaged)?,
                user: LoginName::parse(&user).map_err(damaged)?,
                updated_at,
            })
        })
        .collect()
}

/// Creates or replaces a sign-in. Its row gets a new id, so that an older ciphertext does not fit.
pub async fn put(
    tx: &mut PgConnection,
    sealer: &Sealer,
    team: TeamId,
    host: &RegistryHost,
    user: &LoginName,
    password: &Secret<String>,
) -> Result<RegistryView, sqlx::Error> {
    let id = Uuid::now_v7();
    let sealed = sealer
        .seal(place(id), password.expose().as_bytes())
        .map_err(damaged)?;
    let query = "insert into registry_credentials (id, team_id, host, user_name, password) values ($1, $2, $3, $4, $5)
                 on conflict on constraint one_sign_in_per_registry
                 do update set id = excluded.id, user_name = excluded.user_name, password = excluded.password, updated_at = now()
                 returning updated_at";
    let query = sqlx::query_scalar(query).bind(id).bind(team.uuid());
    let query = query.bind(host.as_str()).bind(user.as_str()).bind(sealed);
    Ok(RegistryView {
        updated_at: query.fetch_one(tx).await?,
        host: host.clone(),
        user: user.clone(),
    })
}

/// False when there was none.
pub async fn delete(tx: &mut PgConnection, host: &RegistryHost) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from registry_credentials where host = $1")
        .bind(host.as_str())
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// User name and password of the application's team for a registry. For the engine, which is of no team.
pub async fn open(
    tx: &mut PgConnection,
    sealer: &Sealer,
    application: ApplicationId,
    host: &str,
) -> Result<Option<(String, Secret<String>)>, sqlx::Error> {
    let query = "select c.id, c.user_name, c.password from registry_credentials c
                   join applications a on a.team_id = c.team_id where a.id = $1 and c.host = $2";
    let row: Option<(Uuid, String, Vec<u8>)> = sqlx::query_as(query)
        .bind(application.uuid())
        .bind(host)
        .fetch_optional(tx)
        .await?;
    let Some((id, user, sealed)) = row else {
        return Ok(None);
    };
    let password = sealer.open(place(id), &sealed).map_err(damaged)?;
    let password = String::from_utf8(password.into_exposed()).map_err(damaged)?;
    Ok(Some((user, Secret::new(password))))
}

fn place(row: Uuid) -> Place<'static> {
    Place {
        table: "registry_credentials",
        row,
        column: "password",
    }
}
