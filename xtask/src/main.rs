//! Slipway's build and test tasks. `cargo xtask run` and `cargo xtask test` do all the set-up that they need.

mod cache;
mod engine;
mod engine29;
mod images;
mod keyring;
mod leftovers;
mod local;
mod once_more;
mod package;
mod packages;
mod programs;
mod progress;
mod requirements;
mod run_program;
mod scratch;
mod sizes;
mod suite;
mod traefik;
mod ui_bundle;
mod update_feed;
mod used_styles;
mod wasm;
mod windows;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Slipway's build and test tasks")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Brings up a local cluster, deploys the sample application over SSH and opens the app.
    Run(local::RunArguments),
    /// Stops the local cluster.
    Down {
        /// Remove its data too: applications, database, images, keys.
        #[arg(long)]
        purge: bool,
    },
    /// Runs the tests: all of them, or a part.
    Test(suite::TestArguments),
    /// Prints which tests prove which requirement.
    Trace,
    /// Measures Slipway against doing the same by hand.
    Bench {
        /// The Docker engine to measure on.
        #[arg(long, default_value = "20")]
        engine: engine::Version,
        /// So many deployments under load, in place of a hundred.
        #[arg(long)]
        deployments: Option<u32>,
        /// So many requests a second then, in place of 200.
        #[arg(long)]
        rate: Option<u32>,
        /// Only this part: start, overhead, rollback, services, cost, tunnel, upload, bulk, window, load or size.
        name: Option<String>,
    },
    /// Makes the app's packages for this system, with the agent and the command line in them.
    Package(package::PackageArguments),
    /// Writes the list of versions that installed apps look at, from a version's signed packages.
    UpdateFeed(update_feed::FeedArguments),
    /// Installs what building and linting needs, and bundles the window's files.
    Prepare,
    /// Installs the system's packages that building and testing needs.
    Packages,
    /// Bundles the window's files into `ui/dist`.
    Ui,
    /// Lints the window's crate for the target that it is built for.
    LintWindow,
    /// Lints the app and the command line as they are built for Windows.
    CheckWindows,
    /// Checks licences, sources, bans and advisories of all dependencies.
    Deny,
}

/// What the programs do, and how large they are: the second needs no engine.
fn measure(
    engine: engine::Version,
    name: Option<&str>,
    deployments: Option<u32>,
    rate: Option<u32>,
) -> anyhow::Result<()> {
    if name != Some("size") {
        suite::bench(engine, name, deployments, rate)?;
    }
    match name {
        None | Some("size") => sizes::measure(),
        Some(_) => Ok(()),
    }
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Run(arguments) => local::run(&arguments),
        Task::Down { purge } => local::down(purge),
        Task::Test(arguments) => suite::test(&arguments),
        Task::Trace => requirements::trace(),
        Task::Bench {
            engine,
            deployments,
            rate,
            name,
        } => measure(engine, name.as_deref(), deployments, rate),
        Task::Package(arguments) => package::package(&arguments),
        Task::UpdateFeed(arguments) => update_feed::write(&arguments),
        Task::Prepare => suite::prepare(),
        Task::Packages => suite::packages_for_tests(),
        Task::Ui => suite::prepare_ui(),
        Task::LintWindow => ui_bundle::lint(),
        Task::CheckWindows => windows::check(),
        Task::Deny => suite::deny(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress::failed(&error);
            ExitCode::FAILURE
        }
    }
}
