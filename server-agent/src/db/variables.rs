//! Variables of the transaction's team. Values are sealed; they are opened only for a deployment's plan.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use slipway_protocol::variable::VariableView;
use slipway_protocol::{ApplicationId, Secret, TeamId, VariableKey};
use sqlx::PgConnection;
use uuid::Uuid;

use super::damaged;
use crate::secrets::{Place, Sealer};

pub async fn list(
    tx: &mut PgConnection,
    application: ApplicationId,
) -> Result<Vec<VariableView>, sqlx::Error> {
    let query = "select key, length, updated_at from variables where application_id = $1 order by key";
    let rows: Vec<(String, i32, DateTime<Utc>)> = sqlx::query_as(query)
        .bind(application.uuid())
        .fetch_all(tx)
        .await?;
    rows.into_iter()
        .map(|(key, length, updated_at)| {
            Ok(VariableView {
                key: VariableKey::parse(&key).map_err(damaged)?,
                length: u32::try_from(length).unwrap_or(0),
                updated_at,
            })
        })
        .collect()
}

/// Creates or replaces a value. Its row gets a new id, so that an older ciphertext does not fit.
pub async fn put(
    tx: &mut PgConnection,
    sealer: &Sealer,
    team: TeamId,
    application: ApplicationId,
    key: &VariableKey,
    value: &Secret<String>,
) -> Result<VariableView, sqlx::Error> {
    let id = Uuid::now_v7();
    let sealed = sealer
        .seal(place(id), value.expose().as_bytes())
        .map_err(damaged)?;
    let length = i32::try_from(value.expose().len()).unwrap_or(i32::MAX);
    let query = "insert into variables (id, team_id, application_id, key, value, length) values ($1, $2, $3, $4, $5, $6)
                 on conflict on constraint variable_key_is_free
                 do update set id = excluded.id, value = excluded.value, length = excluded.length, updated_at = now()
                 returning updated_at";
    let query = sqlx::query_scalar(query)
        .bind(id)
        .bind(team.uuid())
        .bind(application.uuid())
        .bind(key.as_str());
    let updated_at = query.bind(sealed).bind(length).fetch_one(tx).await?;
    Ok(VariableView {
        key: key.clone(),
        length: u32::try_from(length).unwrap_or(0),
        updated_at,
    })
}

pub async fn delete(
    tx: &mut PgConnection,
    application: ApplicationId,
    key: &VariableKey,
) -> Result<bool, sqlx::Error> {
    let query = "delete from variables where application_id = $1 and key = $2";
    Ok(sqlx::query(query)
        .bind(application.uuid())
        .bind(key.as_str())
        .execute(tx)
        .await?
        .rows_affected()
        == 1)
}

/// All values of an application, opened.
pub async fn open_all(
    tx: &mut PgConnection,
    sealer: &Sealer,
    application: ApplicationId,
) -> Result<Secret<BTreeMap<String, String>>, sqlx::Error> {
    let query = "select id, key, value from variables where application_id = $1";
    let rows: Vec<(Uuid, String, Vec<u8>)> = sqlx::query_as(query)
        .bind(application.uuid())
        .fetch_all(tx)
        .await?;
    let mut values = BTreeMap::new();
    for (id, key, sealed) in rows {
        let plain = sealer.open(place(id), &sealed).map_err(damaged)?;
        values.insert(key, String::from_utf8(plain.into_exposed()).map_err(damaged)?);
    }
    Ok(Secret::new(values))
}

fn place(row: Uuid) -> Place<'static> {
    Place {
        table: "variables",
        row,
        column: "value",
    }
}
