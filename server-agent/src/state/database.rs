//! The database that a backup is read from, and the one that it is brought back into.

use std::path::Path;

use anyhow::{Context as _, bail};
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection};

use super::alone::Alone;
use super::reader::Unpacked;
use crate::config::Config;
use crate::db::{copy, deploy_urls, deployments, identity, migrations, sealed};
use crate::postgres::{self, Embedded};
use crate::secrets::{KeyFile, Sealer};

/// An open database. [`Self::close`] stops what was started for it.
pub struct Open {
    pub connection: PgConnection,
    started: Option<(Embedded, Alone)>,
}

impl Open {
    /// The agent's database: of one's own, or the embedded one, whose server is started where no agent runs.
    pub async fn of(config: &Config) -> anyhow::Result<Self> {
        if let Some(options) = config.own_database()? {
            let connection = connect(&options).await?;
            let started = None;
            return Ok(Self { connection, started });
        }
        if !postgres::is_there(&config.data_dir) {
            bail!(
                "there is no database in {}; name the agent's data folder with --data-dir, or its DATABASE_URL",
                config.data_dir.display()
            );
        }
        if let Some(options) = postgres::answering(&config.data_dir).await {
            let connection = connect(&options).await?;
            let started = None;
            return Ok(Self { connection, started });
        }
        let alone = Alone::take(&config.socket).await.map_err(|error| {
            anyhow::anyhow!(
                "the agent's database does not answer, and the agent's place on {} could not be taken ({}); \
                 run this as root, or wait until the agent has started",
                config.socket.display(),
                error.kind()
            )
        })?;
        let server = Embedded::start(&config.data_dir, config.postgres_bin.as_deref()).await?;
        let connection = connect(&server.options()).await?;
        Ok(Self {
            connection,
            started: Some((server, alone)),
        })
    }

    pub async fn close(self) {
        let _ = self.connection.close().await;
        if let Some((mut server, _alone)) = self.started {
            server.stop().await;
        }
    }
}

pub async fn connect(options: &PgConnectOptions) -> anyhow::Result<PgConnection> {
    PgConnection::connect_with(options)
        .await
        .context("the database does not answer")
}

/// What came back, for a person.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub people: i64,
    pub projects: i64,
    pub applications: i64,
    pub rows: u64,
}

/// Makes the embedded database anew below `data_dir`, with the rows of a backup, and leaves it stopped.
pub async fn build(
    config: &Config,
    data_dir: &Path,
    backup: &Unpacked,
    key: &KeyFile,
) -> anyhow::Result<Counts> {
    let mut server = Embedded::start(data_dir, config.postgres_bin.as_deref()).await?;
    let filled = async {
        let mut connection = connect(&server.options()).await?;
        let counts = fill(&mut connection, None, backup, key).await?;
        connection.close().await.context("the database hung up")?;
        Ok(counts)
    };
    let filled = filled.await;
    server.stop().await;
    filled
}

/// Puts the rows of a backup into a database in one transaction: all of it, or nothing. What an agent had made there before goes
/// into the schema `aside`.
pub async fn fill(
    connection: &mut PgConnection,
    aside: Option<&str>,
    backup: &Unpacked,
    key: &KeyFile,
) -> anyhow::Result<Counts> {
    let shape = &backup.header.database;
    let mut tx = connection.begin().await?;
    if let Some(schema) = aside {
        copy::set_aside(&mut tx, schema)
            .await
            .context("what is in the database could not be set aside; its account must own it, and be allowed to make a schema")?;
    }
    let emptied = copy::make_tables(&mut tx, shape).await?;
    let mut rows = 0;
    for table in &shape.tables {
        let put = copy::put_rows(&mut tx, table, &backup.parts(table))
            .await
            .with_context(|| format!("the rows of “{}” did not go in", table.name))?;
        let wanted = backup.manifest.rows.get(&table.name).copied().unwrap_or(0);
        if put != wanted {
            bail!(
                "of the rows of “{}” {put} went in instead of {wanted}",
                table.name
            );
        }
        rows += put;
    }
    copy::finish(&mut tx, shape, emptied)
        .await
        .context("the rows do not belong together")?;
    // As the agent itself would at its start: what does not work is found now.
    migrations::bring_up_to_date(&mut tx)
        .await
        .context("the rows could not be brought up to date")?;
    identity::end_everything(&mut tx).await?;
    deploy_urls::delete_all(&mut tx).await?;
    // What runs is of another time than these rows.
    deployments::unsettle_all(&mut tx).await?;
    if !sealed::opens_all(&mut tx, &Sealer::new(key)).await? {
        bail!("the key in this backup does not open the secrets in it");
    }
    let query = "select (select count(*) from users), (select count(*) from projects), (select count(*) from applications)";
    let (people, projects, applications) = sqlx::query_as(query).fetch_one(&mut *tx).await?;
    tx.commit().await?;
    Ok(Counts {
        people,
        projects,
        applications,
        rows,
    })
}
