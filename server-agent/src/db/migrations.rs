//! The tables, brought up to date at each start; and tables that a newer agent has brought further.
//!
//! An upgrade whose agent does not come to life goes back to the program before it, which then finds tables of the newer one. It works on
//! them as long as no migration has said (`oldest_agent`) that it could not.

use sqlx::PgConnection;
use sqlx::migrate::{MigrateError, Migrator};

pub(super) static ALL: Migrator = sqlx::migrate!("../migrations");

#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(
        "a newer agent has changed the tables in a way that this one cannot work with (it knows migrations up to {known}, and {needed} is \
         needed); start the newer agent, or bring back the backup that was made before it"
    )]
    TooOld { known: i64, needed: i64 },
}

/// Applies what is missing, under a lock; also within a transaction. Migrations of a newer agent stay. Refuses, before anything is
/// written, tables that this agent is too old for.
pub async fn bring_up_to_date(connection: &mut PgConnection) -> Result<(), MigrationError> {
    let known = ALL.iter().map(|one| one.version).max().unwrap_or(0);
    let needed = oldest_agent(connection).await?;
    if needed > known {
        return Err(MigrationError::TooOld { known, needed });
    }
    let mut all = Migrator::with_migrations(ALL.iter().cloned().collect());
    all.set_ignore_missing(true);
    Ok(all.run(connection).await?)
}

/// The newest migration that an agent has to know; 0 where the tables do not say.
async fn oldest_agent(connection: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let told: bool = sqlx::query_scalar("select to_regclass('oldest_agent') is not null")
        .fetch_one(&mut *connection)
        .await?;
    if !told {
        return Ok(0);
    }
    sqlx::query_scalar("select coalesce(max(migration), 0) from oldest_agent")
        .fetch_one(connection)
        .await
}
