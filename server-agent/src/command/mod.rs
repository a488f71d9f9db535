//! The agent's subcommands.

mod backup_state;
mod dial_stdio;
mod doctor;
mod install;
mod invite;
mod restore_state;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;
use crate::host;

#[derive(Parser)]
#[command(
    name = "slipway-agent",
    version,
    about = "Slipway's agent: deploys applications on this Docker Swarm"
)]
pub struct Arguments {
    #[command(flatten)]
    pub config: Config,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Runs the agent.
    Serve,
    /// Sets this server up: Docker, Swarm, the agent as a system service, Traefik. Run again, it changes only what is not so yet,
    /// and puts this very program in the place of another version.
    #[command(visible_alias = "upgrade")]
    Install(install::Options),
    /// Takes the agent off this server. Applications go on serving.
    Uninstall {
        /// Remove the agent's data too: its database, key, logs and uploads. The routes that Traefik reads stay.
        #[arg(long)]
        data: bool,
    },
    /// Checks everything that the agent needs, then how the server is kept, each with its remedy. Fails when something is bad.
    Doctor,
    /// Prints a one-time invitation for an owner. Root only; the agent has to run.
    Invite,
    /// Writes the agent's state into one encrypted file: its key, its database, its keys for private repositories. The agent may run.
    BackupState(backup_state::Options),
    /// Brings the agent's state back from such a file, on this or a new server.
    RestoreState(restore_state::Options),
    /// Connects standard input and output with the agent's socket: what an SSH connection is given.
    DialStdio,
    /// Takes requests for deploy URLs from the internet and passes them on to the agent, which starts it.
    #[command(hide = true)]
    Edge {
        /// The agent's Unix socket for this.
        #[arg(long)]
        door: std::path::PathBuf,
        /// The agent's process, without which there is nothing to do.
        #[arg(long)]
        parent: u32,
        /// The account to become.
        #[arg(long, requires = "gid")]
        uid: Option<u32>,
        #[arg(long, requires = "uid")]
        gid: Option<u32>,
    },
    /// Brings the database up to date and ends.
    Migrate,
    /// Prints the API's description (OpenAPI 3.1).
    Openapi,
}

pub async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let config = arguments.config;
    // Who looks after a server means the service that is installed on it.
    let installed = || config.clone().as_installed(&host::installed_environment());
    match arguments.command {
        Command::Serve => serve::serve(config).await?,
        Command::Install(options) => return install::install(&installed(), options).await,
        Command::Uninstall { data } => install::uninstall(&installed(), data).await?,
        Command::Doctor => return doctor::doctor(&installed()).await,
        Command::Invite => invite::invite(&installed()).await?,
        Command::BackupState(options) => {
            backup_state::backup_state(&with_database(installed()), options).await?
        }
        Command::RestoreState(options) => {
            restore_state::restore_state(&with_database(installed()), options).await?;
        }
        Command::DialStdio => dial_stdio::dial_stdio(&config).await?,
        Command::Edge {
            door,
            parent,
            uid,
            gid,
        } => crate::edge::process::run(door, uid.zip(gid), parent).await?,
        Command::Migrate => serve::migrate(config).await?,
        Command::Openapi => println!(
            "{:#}",
            slipway_protocol::openapi::document(env!("CARGO_PKG_VERSION"))
        ),
    }
    Ok(ExitCode::SUCCESS)
}

/// With the database of the installed service, where these settings are that service's and name none.
fn with_database(mut config: Config) -> Config {
    if config.database_url.is_none() && host::is_installed(&config) {
        config.database_url = host::installed_database();
    }
    config
}

/// Returns once somebody wants this process to end.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
}
