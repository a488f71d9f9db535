//! PostgreSQL: the pool, and the transaction of a team.

pub mod applications;
pub mod audit;
pub mod changes;
pub mod commands;
pub mod copy;
pub mod deletion;
pub mod deploy_urls;
pub mod deployments;
pub mod domains;
pub mod events;
pub mod files;
pub mod git_credentials;
pub mod identity;
pub mod metrics;
pub mod migrations;
pub mod patches;
pub mod projects;
pub mod registries;
pub mod scopes;
pub mod sealed;
pub mod step_events;
pub mod tags;
pub mod terminals;
pub mod text;
pub mod tidy;
pub mod uploads;
pub mod variables;

use std::time::Duration;

use slipway_protocol::TeamId;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Postgres, Transaction};

/// Connections are few: the embedded server is small, and no request holds one for long.
const CONNECTIONS: u32 = 12;
/// So long a request waits for one of them.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub struct Db {
    pool: PgPool,
}

pub type Tx = Transaction<'static, Postgres>;

impl Db {
    /// Connects lazily; a database that is away is reported by the first query.
    pub fn new(options: PgConnectOptions) -> Self {
        Self::with_patience(options, PATIENCE)
    }

    /// The same for who would rather wait this long for a connection than do without.
    pub fn with_patience(options: PgConnectOptions, patience: Duration) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(patience)
            .idle_timeout(Duration::from_secs(60))
            .connect_lazy_with(options);
        Self { pool }
    }

    /// Brings the tables up to date, under a lock.
    pub async fn migrate(&self) -> Result<(), migrations::MigrationError> {
        migrations::bring_up_to_date(&mut *self.pool.acquire().await?).await
    }

    /// For the engine and for sign-in, which are nobody's team.
    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub async fn begin(&self) -> Result<Tx, sqlx::Error> {
        self.pool.begin().await
    }

    /// A transaction for reading, in which every query sees the same moment.
    pub async fn moment(&self) -> Result<Tx, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("set transaction isolation level repeatable read, read only")
            .execute(&mut *tx)
            .await?;
        Ok(tx)
    }

    /// A transaction that sees one team's rows only: it runs as a role that row-level security binds.
    pub async fn begin_for(&self, team: TeamId) -> Result<Tx, sqlx::Error> {
        let mut tx = self.pool.begin().await?;
        sqlx::query("set local role slipway_tenant")
            .execute(&mut *tx)
            .await?;
        sqlx::query("select set_config('slipway.team', $1, true)")
            .bind(team.to_string())
            .execute(&mut *tx)
            .await?;
        Ok(tx)
    }
}

/// The name of the constraint that refused a row, if that is what happened.
pub fn violated_constraint(error: &sqlx::Error) -> Option<&str> {
    match error {
        sqlx::Error::Database(error) => error.constraint(),
        _ => None,
    }
}

/// The database is not there now and may be in a moment: it was stopped, or is just starting.
pub fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut | sqlx::Error::Io(_) | sqlx::Error::PoolClosed => true,
        // “Operator Intervention” of PostgreSQL's error codes: it shuts down, has crashed, or cannot be connected to yet.
        sqlx::Error::Database(error) => error
            .code()
            .is_some_and(|code| matches!(&*code, "57P01" | "57P02" | "57P03")),
        _ => false,
    }
}

/// A stored text that no longer parses: the row was changed from outside, or by a newer agent.
pub(crate) fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(error))
}
