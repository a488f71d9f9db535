//! Variables of the transaction's team. Values are sealed; they are opened for a deployment, for a copy, for somebody with the right to
//! them, and where they are not secret.

use chrono::{DateTime, Utc};
use slipway_protocol::variable::{SetVariable, VariableView};
use slipway_protocol::{ApplicationId, Scope, Secret, TeamId, VariableKey};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::damaged;
use super::scopes::{Columns, owner, owners_above};
use crate::domain::references::{Layers, Level, Variable};
use crate::secrets::{Place, Sealer};

#[derive(FromRow)]
struct Row {
    id: Uuid,
    key: String,
    value: Vec<u8>,
    length: i32,
    secret: bool,
    as_file: bool,
    updated_at: DateTime<Utc>,
}

const OWNER: &str = "coalesce(application_id, environment_id, project_id, team_id)";
const COLUMNS: &str = "id, key, value, length, secret, as_file, updated_at";

/// Whose variables.
#[derive(Clone, Copy)]
pub struct Of {
    pub team: TeamId,
    pub scope: Scope,
}

impl Of {
    fn owner(self) -> Uuid {
        owner(self.scope, self.team)
    }
}

async fn rows(tx: &mut PgConnection, of: Of, key: Option<&str>) -> Result<Vec<Row>, sqlx::Error> {
    let query = format!(
        "select {COLUMNS} from variables where {OWNER} = $1 and ($2::text is null or key = $2) order by key"
    );
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(of.owner())
        .bind(key)
        .fetch_all(tx)
        .await
}

/// The scope's own variables, with the values of those that are not secret.
pub async fn list(tx: &mut PgConnection, sealer: &Sealer, of: Of) -> Result<Vec<VariableView>, sqlx::Error> {
    let all = rows(tx, of, None).await?;
    all.into_iter().map(|row| view(sealer, row)).collect()
}

fn view(sealer: &Sealer, row: Row) -> Result<VariableView, sqlx::Error> {
    let value = if row.secret {
        None
    } else {
        Some(open(sealer, row.id, &row.value)?.into_exposed())
    };
    Ok(VariableView {
        key: VariableKey::parse(&row.key).map_err(damaged)?,
        length: u32::try_from(row.length).unwrap_or(0),
        secret: row.secret,
        as_file: row.as_file,
        value,
        updated_at: row.updated_at,
    })
}

/// A value; `None` when the scope has no such variable.
pub async fn value(
    tx: &mut PgConnection,
    sealer: &Sealer,
    of: Of,
    key: &VariableKey,
) -> Result<Option<Secret<String>>, sqlx::Error> {
    let row = rows(tx, of, Some(key.as_str())).await?.pop();
    row.map(|row| open(sealer, row.id, &row.value)).transpose()
}

/// The keys of the scope's own variables.
pub async fn keys(tx: &mut PgConnection, of: Of) -> Result<Vec<String>, sqlx::Error> {
    let query = format!("select key from variables where {OWNER} = $1 order by key");
    sqlx::query_scalar(sqlx::AssertSqlSafe(query))
        .bind(of.owner())
        .fetch_all(tx)
        .await
}

/// Creates or replaces a value. Its row gets a new id, so that an older ciphertext does not fit.
pub async fn put(
    tx: &mut PgConnection,
    sealer: &Sealer,
    of: Of,
    variable: &SetVariable,
) -> Result<VariableView, sqlx::Error> {
    let id = Uuid::now_v7();
    let value = variable.value.expose();
    let sealed = sealer.seal(place(id), value.as_bytes()).map_err(damaged)?;
    let columns = Columns::of(of.scope);
    let query = format!(
        "insert into variables as v (id, team_id, project_id, environment_id, application_id, key, value, length, secret, as_file)
         values ($1, $2, $3, $4, $5, $6, $7, $8, coalesce($9, true), coalesce($10, false))
         on conflict (({OWNER}), key)
         do update set id = excluded.id, value = excluded.value, length = excluded.length, updated_at = now(),
                       secret = coalesce($9, v.secret), as_file = coalesce($10, v.as_file)
         returning {COLUMNS}"
    );
    let query = sqlx::query_as(sqlx::AssertSqlSafe(query))
        .bind(id)
        .bind(of.team.uuid())
        .bind(columns.project)
        .bind(columns.environment)
        .bind(columns.application)
        .bind(variable.key.as_str());
    let row: Row = query
        .bind(sealed)
        .bind(i32::try_from(value.len()).unwrap_or(i32::MAX))
        .bind(variable.secret)
        .bind(variable.as_file)
        .fetch_one(tx)
        .await?;
    view(sealer, row)
}

/// False when the scope has no such variable.
pub async fn delete(tx: &mut PgConnection, of: Of, key: &str) -> Result<bool, sqlx::Error> {
    let query = format!("delete from variables where {OWNER} = $1 and key = $2");
    let done = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(of.owner())
        .bind(key)
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Copies a scope's own variables to another one, sealed anew. Gives their keys.
pub async fn copy(
    tx: &mut PgConnection,
    sealer: &Sealer,
    from: Of,
    to: Of,
) -> Result<Vec<String>, sqlx::Error> {
    let keys = keys(tx, from).await?;
    for key in &keys {
        for row in rows(tx, from, Some(key)).await? {
            let copy = SetVariable {
                key: VariableKey::parse(&row.key).map_err(damaged)?,
                value: open(sealer, row.id, &row.value)?,
                secret: Some(row.secret),
                as_file: Some(row.as_file),
            };
            put(tx, sealer, to, &copy).await?;
        }
    }
    Ok(keys)
}

/// The variables of every scope that an application stands in, opened.
pub async fn layers(
    tx: &mut PgConnection,
    sealer: &Sealer,
    application: ApplicationId,
) -> Result<Layers, sqlx::Error> {
    let mut layers = Layers::default();
    let Some(owners) = owners_above(tx, application).await? else {
        return Ok(layers);
    };
    let levels = [
        Level::Team,
        Level::Project,
        Level::Environment,
        Level::Application,
    ];
    let query = format!("select {COLUMNS} from variables where {OWNER} = $1");
    for (level, owner) in levels.into_iter().zip(owners) {
        let rows: Vec<Row> = sqlx::query_as(sqlx::AssertSqlSafe(query.clone()))
            .bind(owner)
            .fetch_all(&mut *tx)
            .await?;
        for row in rows {
            let variable = Variable {
                value: open(sealer, row.id, &row.value)?,
                as_file: row.as_file,
            };
            layers.insert(level, row.key, variable);
        }
    }
    Ok(layers)
}

fn open(sealer: &Sealer, id: Uuid, sealed: &[u8]) -> Result<Secret<String>, sqlx::Error> {
    let plain = sealer.open(place(id), sealed).map_err(damaged)?;
    let text = String::from_utf8(plain.into_exposed());
    // The error would hold the value.
    text.map(Secret::new)
        .map_err(|_| sqlx::Error::Decode("a variable is not UTF-8".into()))
}

fn place(row: Uuid) -> Place<'static> {
    Place {
        table: "variables",
        row,
        column: "value",
    }
}
