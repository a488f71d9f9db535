//! The agent's subcommands.

mod dial_stdio;
mod doctor;
mod install;
mod invite;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::Config;

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
    /// Sets the agent up as a system service: account, folders, key, systemd unit.
    Install {
        /// Prepare everything, but do not start the service.
        #[arg(long)]
        no_start: bool,
    },
    /// Checks everything that the agent needs, each with its remedy.
    Doctor,
    /// Prints a one-time invitation for an owner. Root only; the agent has to run.
    Invite,
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
    match arguments.command {
        Command::Serve => serve::serve(config).await?,
        Command::Install { no_start } => install::install(&config, !no_start).await?,
        Command::Doctor => return doctor::doctor(&config).await,
        Command::Invite => invite::invite(&config).await?,
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
