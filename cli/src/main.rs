//! `slipway`: Slipway for terminals and CI jobs, over the same client as the desktop app.

mod args;
mod ask;
mod commands;
mod context;
mod deletion;
mod error;
mod follow;
mod here;
mod output;
mod scope;
mod signals;

use std::process::ExitCode;

use clap::Parser;

use crate::args::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            output::problem(&format!("The program could not start: {error}."));
            return ExitCode::from(1);
        }
    };
    let result = runtime.block_on(commands::run(arguments));
    // A thread that waits for a terminal or a keychain must not hold up the end.
    runtime.shutdown_background();
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error::CliError::Command(code)) => ExitCode::from(code),
        Err(error) => {
            output::problem(&error.in_words());
            ExitCode::from(error.exit_code())
        }
    }
}
