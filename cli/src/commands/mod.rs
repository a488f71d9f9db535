//! One file per noun; each command is its arguments and what it does with them.

pub mod access;
pub mod app;
pub mod cancel;
pub mod checkup;
pub mod cluster;
pub mod completions;
pub mod deploy;
pub mod domain;
pub mod env;
pub mod environment;
pub mod events;
pub mod exec;
pub mod file;
pub mod forward;
pub mod history;
pub mod host_key;
pub mod image;
pub mod link;
pub mod login;
pub mod logs;
pub mod metrics;
pub mod operate;
pub mod patch;
pub mod project;
pub mod record;
pub mod registry;
pub mod rollback;
pub mod run;
pub mod runs;
pub mod server;
pub mod several_teams;
pub mod status;
pub mod stuck;
pub mod tasks;
pub mod team;

use slipway_client::Home;
use slipway_protocol::Tag;
use slipway_protocol::deployment::Trigger;

use crate::args::{Arguments, Command};
use crate::context::Context;
use crate::error::CliError;

/// Tags as they were typed.
fn tags(words: &[String]) -> Result<Vec<Tag>, CliError> {
    let parsed: Result<_, _> = words.iter().map(|word| Tag::parse(word)).collect();
    Ok(parsed?)
}

/// Runs the command that was given.
pub async fn run(arguments: Arguments) -> Result<(), CliError> {
    if let Command::Completions(shell) = arguments.command {
        completions::run(shell);
        return Ok(());
    }
    let changes = !arguments.command.only_looks();
    let context = Context {
        home: Home::from_environment()?,
        json: arguments.json,
        cluster: arguments.cluster,
        team: arguments.team,
        changes,
    };
    match arguments.command {
        Command::Cluster(command) => cluster::run(&context, command).await,
        Command::Server(command) => server::run(&context, command).await,
        Command::HostKey(command) => host_key::run(&context, command),
        Command::Link(arguments) => link::run(&context, arguments).await,
        Command::Login(arguments) => login::run(&context, arguments).await,
        Command::Logout => login::logout(&context).await,
        Command::Status => status::run(&context).await,
        Command::Checkup => checkup::run(&context).await,
        Command::Project(command) => project::run(&context, command).await,
        Command::App(command) => app::run(&context, command).await,
        Command::Registry(command) => registry::run(&context, command).await,
        Command::Patch(command) => patch::run(&context, command).await,
        Command::Domain(command) => domain::run(&context, command).await,
        Command::Deploy(arguments) => deploy::run(&context, arguments).await,
        Command::Team(command) => team::run(&context, command).await,
        Command::Tasks(arguments) => tasks::run(&context, arguments).await,
        Command::Logs(arguments) => logs::run(&context, arguments).await,
        Command::Metrics(arguments) => metrics::run(&context, arguments).await,
        Command::Events(arguments) => events::run(&context, arguments).await,
        Command::Exec(arguments) => exec::run(&context, arguments).await,
        Command::Run(arguments) => run::run(&context, arguments).await,
        Command::Runs(arguments) => runs::run(&context, arguments).await,
        Command::Forward(arguments) => forward::run(&context, arguments).await,
        Command::Env(command) => env::run(&context, command).await,
        Command::Environment(command) => environment::run(&context, command).await,
        Command::File(command) => file::run(&context, command).await,
        Command::Cancel(arguments) => cancel::run(&context, arguments).await,
        Command::Stuck(command) => stuck::run(&context, command).await,
        Command::Rollback(arguments) => rollback::run(&context, arguments).await,
        Command::Redeploy(arguments) => operate::ask(&context, arguments, Trigger::Redeploy).await,
        Command::Reload(arguments) => operate::ask(&context, arguments, Trigger::Reload).await,
        Command::Restart(arguments) => operate::ask(&context, arguments, Trigger::Restart).await,
        Command::Scale(arguments) => operate::scale(&context, arguments).await,
        Command::Stop(arguments) => operate::stop(&context, arguments).await,
        Command::Start(arguments) => operate::start(&context, arguments).await,
        Command::Plan(arguments) => operate::plan(&context, arguments).await,
        Command::Compare(arguments) => operate::compare(&context, arguments).await,
        Command::Drift(command) => operate::drift(&context, command).await,
        Command::History(arguments) => history::run(&context, arguments).await,
        Command::Image(arguments) => image::run(&context, arguments).await,
        Command::Completions(_) => Ok(()),
    }
}
