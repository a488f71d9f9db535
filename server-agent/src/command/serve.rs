//! `serve`: database, edge, engine, API, in this order; and the way back at the end.

use std::collections::HashSet;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use sqlx::postgres::PgConnectOptions;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use crate::app::App;
use crate::build_place::BuildPlace;
use crate::config::Config;
use crate::db::{Db, applications, commands, deployments, sealed};
use crate::docker::Docker;
use crate::logs::{LogOf, Logs};
use crate::postgres::Embedded;
use crate::secrets::{KeyFile, Sealer};
use crate::terminals::Terminals;
use crate::{deploy, edge, forwards, git, happenings, http, logs, metrics, state, terminals, traefik};

/// As many open files as the system allows: each followed log and each connection is one, and a deep folder needs one for each level to be
/// removed. systemd's usual limit is meant for programs that use select(2).
fn allow_many_files() {
    let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) else {
        return;
    };
    if let Err(error) = setrlimit(Resource::RLIMIT_NOFILE, most, most) {
        tracing::warn!(%error, "the number of open files stays limited");
    }
}

pub async fn serve(config: Config) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    allow_many_files();
    let shutdown = stop_on_signals()?;
    // The socket comes first: a second agent must not touch the first one's database.
    let listener = http::bind(&config.socket)
        .await
        .with_context(|| format!("cannot listen on {}", config.socket.display()))?;
    if let Some(told) = state::finish_interrupted(&config).await? {
        tracing::warn!("{told}");
    }
    prepare_folders(&config)?;
    let key = KeyFile::open_if_there(&config.key_path())?;
    let (mut embedded, options) = database(&config).await?;
    let db = Db::new(options);
    db.migrate()
        .await
        .context("the database could not be brought up to date")?;
    let key = key_of(&config, &db, key).await?;
    deployments::release_all_leases(&mut *db.pool().acquire().await?).await?;
    let docker = Docker::new(&config.docker_host, &config.instance);
    let build_place = BuildPlace::open(&config, &docker, Some(&key), &config.build_node_dir());
    if let Some(node) = build_place.node() {
        tracing::info!(%node, "images are built on a build node");
    }
    let socket = config.socket.clone();
    let logs = Logs::open(&config.logs_dir(), config.logs.limits())
        .with_context(|| format!("the logs in {} cannot be opened", config.logs_dir().display()))?;
    let app = App::new(config, db, docker, build_place, logs.clone(), &key);
    tokio::spawn(traefik::keeper::keep(app.clone()));
    deploy::start_workers(&app, &shutdown);
    let from_files = !app.config.logs.from_engine;
    let sources = Arc::new(logs::collect::Sources::new(
        app.docker.clone(),
        logs.clone(),
        from_files,
    ));
    let collecting = tokio::spawn(logs::collect::run(Arc::clone(&sources), shutdown.clone()));
    deploy::commands::start(&app, sources, &shutdown);
    tokio::spawn(tidy_logs(app.clone()));
    tokio::spawn(deploy::old_logs::move_all(app.clone()));
    tokio::spawn(edge::keeper::keep(app.clone(), shutdown.clone()));
    terminals::recall(&app).await?;
    tokio::spawn(terminals::keep(app.clone()));
    tokio::spawn(forwards::keep(app.clone()));
    tokio::spawn(happenings::note(app.clone()));
    let recording = tokio::spawn(metrics::record(app.clone(), shutdown.clone()));
    let terminals = Arc::clone(&app.terminals);
    tracing::info!(socket = %socket.display(), "slipway-agent {} serves", env!("CARGO_PKG_VERSION"));
    let serving = async {
        let ending = async {
            shutdown.cancelled().await;
            // While the database is still there.
            let (_, recorded) = tokio::join!(end_terminals(&terminals), recording);
            if let Err(error) = recorded {
                tracing::warn!(%error, "recording metrics broke off");
            }
        };
        tokio::join!(http::serve(listener, http::router(app), shutdown.clone()), ending);
    };
    tokio::pin!(serving);
    match &mut embedded {
        Some(server) => {
            tokio::select! { () = &mut serving => {}, () = server.keep_alive() => {} }
            server.stop().await;
        }
        None => serving.await,
    }
    shutdown.cancel();
    let _ = collecting.await;
    tokio::task::spawn_blocking(move || logs.close()).await?;
    let _ = std::fs::remove_file(socket);
    Ok(())
}

pub async fn migrate(config: Config) -> anyhow::Result<()> {
    state::finish_interrupted(&config).await?;
    prepare_folders(&config)?;
    let (embedded, options) = database(&config).await?;
    let migrated = Db::new(options).migrate().await;
    if let Some(mut server) = embedded {
        server.stop().await;
    }
    migrated.context("the database could not be brought up to date")
}

/// The key that belongs to the database. One is made only where nothing has been sealed yet: a new one in the place of one that was lost would open
/// nothing, and what it seals would be lost with the return of the old one.
async fn key_of(config: &Config, db: &Db, there: Option<KeyFile>) -> anyhow::Result<KeyFile> {
    let path = config.key_path();
    let mut connection = db.pool().acquire().await?;
    let Some(key) = there else {
        if sealed::any(&mut connection).await? {
            bail!(
                "the key file {} is gone, and the database holds secrets that only it opens; put back a copy of it, \
                 or a backup with `slipway-agent restore-state`",
                path.display()
            );
        }
        return Ok(KeyFile::open_or_create(&path)?);
    };
    if !sealed::opens_all(&mut connection, &Sealer::new(&key)).await? {
        bail!(
            "the key file {} does not belong to this database: it does not open the secrets in it; put back the key that does",
            path.display()
        );
    }
    Ok(key)
}

async fn database(config: &Config) -> anyhow::Result<(Option<Embedded>, PgConnectOptions)> {
    if let Some(options) = config.own_database()? {
        return Ok((None, options));
    }
    let server = Embedded::start(&config.data_dir, config.postgres_bin.as_deref()).await?;
    let options = server.options();
    Ok((Some(server), options))
}

fn prepare_folders(config: &Config) -> anyhow::Result<()> {
    // A killed agent may have left the keys of a look in it.
    let looks = config.looks_dir();
    match std::fs::remove_dir_all(&looks) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot empty {}", looks.display()));
        }
        _ => {}
    }
    for (folder, mode) in [
        (config.data_dir.clone(), 0o711),
        (config.work_dir(), 0o700),
        (looks, 0o700),
        (config.uploads_dir(), 0o700),
        (config.logs_dir(), 0o700),
        (config.dynamic_dir(), 0o700),
    ] {
        std::fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(mode))?;
    }
    let agent = std::env::current_exe().context("the agent's own program was not found")?;
    git::prepare_helpers(&config.data_dir, &agent)
        .context("the folder for git's helpers could not be prepared")
}

fn stop_on_signals() -> anyhow::Result<CancellationToken> {
    use tokio::signal::unix::{SignalKind, signal};
    let token = CancellationToken::new();
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = token.clone();
    tokio::spawn(async move {
        tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
        stop.cancel();
    });
    Ok(token)
}

/// Logs of what is gone go a little later: of applications whose deletion a crash interrupted, and of commands and deployments that are
/// no longer kept.
async fn tidy_logs(app: App) {
    loop {
        tokio::time::sleep(Duration::from_secs(300)).await;
        // Before the database: a log that appears meanwhile belongs to somebody who is known by then.
        let mut gone = app.logs.known();
        let known = async {
            let mut connection = app.db.pool().acquire().await?;
            let applications = applications::all_ids(&mut connection).await?;
            let commands = commands::all_ids(&mut connection).await?;
            let deployments = deployments::all_ids(&mut connection).await?;
            let applications = applications.into_iter().map(LogOf::from);
            let known: HashSet<LogOf> = applications
                .chain(commands.into_iter().map(LogOf::from))
                .chain(deployments.into_iter().map(LogOf::from))
                .collect();
            Ok::<_, sqlx::Error>(known)
        };
        match known.await {
            Ok(known) => {
                gone.retain(|log| !known.contains(log));
                let logs = app.logs.clone();
                let _ = tokio::task::spawn_blocking(move || logs.remove_left(&gone)).await;
            }
            Err(error) => tracing::debug!(%error, "logs are tidied up later"),
        }
    }
}

/// Gives what runs in terminals a moment to end; the next agent ends what is left of it.
async fn end_terminals(terminals: &Terminals) {
    terminals.stop();
    let ended = async {
        while terminals.any_live() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(15), ended).await;
}
