//! Files of the transaction's team's applications. Contents are sealed, like the values of variables.

use chrono::{DateTime, Utc};
use slipway_protocol::file::{FileMode, FileView, SetFile};
use slipway_protocol::settings::ContainerPath;
use slipway_protocol::{ApplicationId, Secret, TeamId};
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::damaged;
use crate::secrets::{Place, Sealer};

#[derive(FromRow)]
struct Row {
    path: String,
    length: i32,
    mode: i32,
    updated_at: DateTime<Utc>,
}

/// A file with its content.
pub struct Opened {
    pub path: ContainerPath,
    pub mode: FileMode,
    pub content: Secret<Vec<u8>>,
}

pub async fn list(tx: &mut PgConnection, application: ApplicationId) -> Result<Vec<FileView>, sqlx::Error> {
    let query = "select path, length, mode, updated_at from files where application_id = $1 order by path";
    let rows: Vec<Row> = sqlx::query_as(query)
        .bind(application.uuid())
        .fetch_all(tx)
        .await?;
    rows.into_iter().map(view).collect()
}

fn view(row: Row) -> Result<FileView, sqlx::Error> {
    Ok(FileView {
        path: ContainerPath::parse(&row.path).map_err(damaged)?,
        length: u32::try_from(row.length).unwrap_or(0),
        mode: mode(row.mode),
        updated_at: row.updated_at,
    })
}

fn mode(stored: i32) -> FileMode {
    FileMode::from_bits(u32::try_from(stored).unwrap_or(0))
}

/// Creates or replaces a file. Its row gets a new id, so that an older ciphertext does not fit.
pub async fn put(
    tx: &mut PgConnection,
    sealer: &Sealer,
    team: TeamId,
    application: ApplicationId,
    file: &SetFile,
) -> Result<FileView, sqlx::Error> {
    let id = Uuid::now_v7();
    let content = file.content.expose();
    let sealed = sealer.seal(place(id), content).map_err(damaged)?;
    let mode = file
        .mode
        .as_ref()
        .map(|mode| i32::try_from(mode.bits()).unwrap_or(0));
    let query = "insert into files as f (id, team_id, application_id, path, content, length, mode)
                 values ($1, $2, $3, $4, $5, $6, coalesce($7, 292))
                 on conflict on constraint file_path_is_free
                 do update set id = excluded.id, content = excluded.content, length = excluded.length, updated_at = now(),
                               mode = coalesce($7, f.mode)
                 returning path, length, mode, updated_at";
    let query = sqlx::query_as(query)
        .bind(id)
        .bind(team.uuid())
        .bind(application.uuid())
        .bind(file.path.as_str());
    let row = query
        .bind(sealed)
        .bind(i32::try_from(content.len()).unwrap_or(i32::MAX))
        .bind(mode)
        .fetch_one(tx)
        .await?;
    view(row)
}

/// False when the application has no such file.
pub async fn delete(
    tx: &mut PgConnection,
    application: ApplicationId,
    path: &ContainerPath,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query("delete from files where application_id = $1 and path = $2")
        .bind(application.uuid())
        .bind(path.as_str())
        .execute(tx)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// The application's files with their content, or one of them.
pub async fn open(
    tx: &mut PgConnection,
    sealer: &Sealer,
    application: ApplicationId,
    only: Option<&ContainerPath>,
) -> Result<Vec<Opened>, sqlx::Error> {
    let query = "select id, path, mode, content from files where application_id = $1 and ($2::text is null or path = $2) order by path";
    let rows: Vec<(Uuid, String, i32, Vec<u8>)> = sqlx::query_as(query)
        .bind(application.uuid())
        .bind(only.map(ContainerPath::as_str))
        .fetch_all(tx)
        .await?;
    let opened = rows.into_iter().map(|(id, path, stored, sealed)| {
        Ok(Opened {
            path: ContainerPath::parse(&path).map_err(damaged)?,
            mode: mode(stored),
            content: sealer.open(place(id), &sealed).map_err(damaged)?,
        })
    });
    opened.collect()
}

/// Copies an application's files to another one, sealed anew. Gives their paths.
pub async fn copy(
    tx: &mut PgConnection,
    sealer: &Sealer,
    team: TeamId,
    from: ApplicationId,
    to: ApplicationId,
) -> Result<Vec<String>, sqlx::Error> {
    let mut paths = Vec::new();
    for file in open(tx, sealer, from, None).await? {
        paths.push(file.path.to_string());
        let copy = SetFile {
            path: file.path,
            content: file.content,
            mode: Some(file.mode),
        };
        put(tx, sealer, team, to, &copy).await?;
    }
    Ok(paths)
}

fn place(row: Uuid) -> Place<'static> {
    Place {
        table: "files",
        row,
        column: "content",
    }
}
