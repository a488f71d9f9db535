//! The agent's subcommands.

mod backup_state;
mod build_guard;
mod build_key;
mod dial_stdio;
mod doctor;
mod install;
mod invite;
mod restore_state;
mod serve;
mod trust_build_node;

use std::io::Write as _;
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
    /// Prints the line for `authorized_keys` on a build node that is another machine: with it this agent reaches Docker there, and nothing else.
    BuildKey,
    /// Shows the key of that machine's SSH server, and trusts it once you say that it is the right one. Until then nothing is sent there.
    TrustBuildNode(trust_build_node::Options),
    /// Holds limits of builds on a build node that is another machine, where the agent starts it.
    #[command(hide = true)]
    BuildGuard(build_guard::Options),
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
        Command::BuildKey => build_key::build_key(&installed())?,
        Command::TrustBuildNode(options) => {
            trust_build_node::trust_build_node(&installed(), options).await?;
        }
        Command::BuildGuard(options) => build_guard::build_guard(options).await,
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

/// Returns once somebody wants this process to end, or its terminal is gone. From the first time it is polled none of these signals ends
/// the process by itself.
async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let ignores_hangups = ignores_hangups();
    let (Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
        signal(SignalKind::hangup()),
    ) else {
        return std::future::pending().await;
    };
    let hung_up = async {
        if ignores_hangups {
            return std::future::pending().await;
        }
        hangup.recv().await
    };
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {}, _ = hung_up => {} }
}

/// Whether whoever started this process (nohup) wants it to outlive its terminal. To be asked before it listens for the signal.
fn ignores_hangups() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Its number is 1, and that of the lowest bit.
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// A line for whoever looks. They may be gone, with the connection that they came by; the work goes on.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::{Signal, raise};

    use super::*;

    /// FR-HST-03: a terminal that is gone asks to stop, and kills nobody in the middle of something.
    #[tokio::test]
    async fn a_lost_terminal_asks_to_stop() {
        let outlives = ignores_hangups();
        let stop = asked_to_stop();
        tokio::pin!(stop);
        tokio::select! {
            biased;
            () = &mut stop => panic!("nobody asked"),
            () = std::future::ready(()) => {}
        }
        raise(Signal::SIGHUP).unwrap();
        // Only what does not come has to be waited for.
        let patience = std::time::Duration::from_secs(if outlives { 2 } else { 60 });
        let asked = tokio::time::timeout(patience, stop).await;
        assert_eq!(asked.is_err(), outlives, "under nohup it is passed over");
    }
}
