//! The command line's grammar. Each noun's arguments stand in its own file under `commands`.

use clap::{Parser, Subcommand};

use crate::commands::{
    app, cluster, completions, deploy, domain, env, environment, events, exec, file, forward, history,
    host_key, image, login, logs, metrics, operate, patch, project, registry, rollback, run, runs, server,
};

/// Deploy and look after applications on your clusters.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no connection, 4 not signed in.
#[derive(Parser)]
#[command(name = "slipway", version, propagate_version = true)]
pub struct Arguments {
    /// The cluster to use, instead of the chosen one.
    #[arg(long, global = true, env = "SLIPWAY_CLUSTER", value_name = "NAME")]
    pub cluster: Option<String>,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Subcommand)]
pub enum Command {
    /// Add, choose, test and remove clusters.
    #[command(subcommand)]
    Cluster(cluster::Command),
    /// Turn a server into a cluster, over SSH.
    #[command(subcommand)]
    Server(server::Command),
    /// Look at and remove the host keys that were accepted.
    #[command(subcommand)]
    HostKey(host_key::Command),
    /// Sign in to the cluster, or take an invitation.
    Login(login::Arguments),
    /// End the session on the cluster.
    Logout,
    /// The cluster's health, and who is signed in.
    Status,
    /// How the cluster's server is kept (SSH, firewall, updates, disk, clock), each with its remedy; for admins and owners.
    Checkup,
    /// Create, list, copy and delete projects.
    #[command(subcommand)]
    Project(project::Command),
    /// Create, copy and delete environments.
    #[command(subcommand)]
    Environment(environment::Command),
    /// Create, list, show, copy, move and delete applications.
    #[command(subcommand)]
    App(app::Command),
    /// Lead host names to an application.
    #[command(subcommand)]
    Domain(domain::Command),
    /// Store the team's sign-ins for registries of images.
    #[command(subcommand)]
    Registry(registry::Command),
    /// Lay small files over an application's source.
    #[command(subcommand)]
    Patch(patch::Command),
    /// Deploy an application; with a folder, send that first.
    Deploy(deploy::Arguments),
    /// What an application's containers write.
    Logs(logs::Arguments),
    /// What an application uses and does, now and lately: processor, memory, network, requests.
    Metrics(metrics::Arguments),
    /// What happened by itself: to tasks, nodes and deployments.
    Events(events::Arguments),
    /// Run a shell or a command in a running container, or on the node itself; its exit code becomes this program's.
    Exec(exec::Arguments),
    /// Run a command once, in a new container of the release that serves; its exit code becomes this program's.
    Run(run::Arguments),
    /// The commands that were run beside an application.
    Runs(runs::Arguments),
    /// Lead a port of this machine to a port of an application's containers; nothing is published.
    Forward(forward::Arguments),
    /// Variables of an application, an environment, a project or the team.
    #[command(subcommand)]
    Env(env::Command),
    /// Files with content that an application's containers find at a path.
    #[command(subcommand)]
    File(file::Command),
    /// Go back to an earlier release.
    Rollback(rollback::Arguments),
    /// Build the serving release's commit once more.
    Redeploy(operate::Follow),
    /// The serving release with the settings and variables as they are now; nothing is built.
    Reload(operate::Follow),
    /// New tasks of the serving release, as it is.
    Restart(operate::Follow),
    /// Change how many tasks of the serving release run.
    Scale(operate::Scale),
    /// End all tasks of an application; its release stays.
    Stop(operate::App),
    /// Start a stopped application with as many tasks as it had.
    Start(operate::App),
    /// What a deployment would do now.
    Plan(operate::App),
    /// What two deployments differ in.
    Compare(operate::Compare),
    /// What was changed of the serving release outside Slipway.
    #[command(subcommand)]
    Drift(operate::Drift),
    /// An application's deployments.
    History(history::Arguments),
    /// How a deployment's image was built: the time and the size of each step.
    Image(image::Arguments),
    /// Print a completion script for a shell.
    Completions(completions::Arguments),
}
