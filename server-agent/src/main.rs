//! Parses the arguments, runs the subcommand, turns an error into one sentence and an exit code.

use std::process::ExitCode;

use clap::Parser;
use slipway_agent::command::{self, Arguments};
use slipway_agent::{git, host, memory};

fn main() -> ExitCode {
    // Before the first thread: each takes what it allocates from as it begins.
    memory::give_back();
    run()
}

#[tokio::main]
async fn run() -> ExitCode {
    // git starts the agent under two other names: as its ssh, and to be told user name and password. The arguments are git's.
    let name = std::env::args_os().next().map(std::path::PathBuf::from);
    let name = name.as_deref().and_then(std::path::Path::file_name);
    if name.is_some_and(|name| name == git::ASKPASS_NAME) {
        let args: Vec<_> = std::env::args_os().skip(1).collect();
        let Some(answer) = git::run_askpass(&args) else {
            return ExitCode::FAILURE;
        };
        println!("{answer}");
        return ExitCode::SUCCESS;
    }
    if name.is_some_and(|name| name == git::SSH_NAME) {
        let code = git::run_ssh(std::env::args_os().skip(1).collect())
            .await
            .unwrap_or(255);
        return ExitCode::from(u8::try_from(code).unwrap_or(255));
    }
    // Its own shell's name: the account for connections gets the pipe, whatever was asked for.
    let as_shell = name.is_some_and(|name| name.to_string_lossy().trim_start_matches('-') == host::LINK_NAME);
    let arguments = if as_shell {
        Arguments::parse_from(["slipway-agent", "dial-stdio"])
    } else {
        Arguments::parse()
    };
    match command::run(arguments).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("slipway-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}
