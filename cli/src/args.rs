//! The command line's grammar. Each noun's arguments stand in its own file under `commands`.

use clap::{Parser, Subcommand};

use crate::commands::{
    app, cancel, cluster, completions, deploy, domain, env, environment, events, exec, file, forward,
    history, host_key, image, link, login, logs, metrics, operate, patch, project, registry, rollback, run,
    runs, server, stuck, tasks, team,
};

/// Deploy and look after applications on your clusters.
///
/// In a folder whose slipway.toml names a cluster and an application (“slipway link” writes it), commands are about these: “.” stands for that
/// application, which may be left out where nothing follows it.
///
/// Exit codes: 0 done, 1 failed, 2 wrong usage, 3 no connection, 4 not signed in.
#[derive(Parser)]
#[command(name = "slipway", version, propagate_version = true)]
pub struct Arguments {
    /// The cluster to use, instead of that of the folder's slipway.toml or the chosen one.
    #[arg(long, global = true, env = "SLIPWAY_CLUSTER", value_name = "NAME")]
    pub cluster: Option<String>,
    /// The team to act for, by its name or id, instead of that of the folder's slipway.toml or the chosen one.
    #[arg(long, global = true, env = "SLIPWAY_TEAM", value_name = "NAME")]
    pub team: Option<String>,
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
    /// Write slipway.toml, by which commands in this folder and below are about this cluster, and about an application of it.
    Link(link::Arguments),
    /// Sign in to the cluster, or take an invitation.
    Login(login::Arguments),
    /// End the session on the cluster.
    Logout,
    /// The cluster's health, and who is signed in.
    Status,
    /// How the cluster's server is kept (SSH, firewall, updates, disk, clock, builds), each with its remedy; for admins and owners.
    Checkup,
    /// The people of the team, inviting another, who did what; and the teams that you are in.
    #[command(subcommand)]
    Team(team::Command),
    /// Create, list, copy and delete projects.
    #[command(subcommand)]
    Project(project::Command),
    /// Create, copy and delete environments.
    #[command(subcommand)]
    Environment(environment::Command),
    /// Create, list, show, change, copy, move and delete applications.
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
    /// The running tasks of an application.
    Tasks(tasks::Arguments),
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
    /// Stop a deployment that waits or runs; what it began is taken back, and what serves goes on.
    Cancel(cancel::Arguments),
    /// Ways out of a deployment that could not take back what it began.
    #[command(subcommand)]
    Stuck(stuck::Command),
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

impl Command {
    /// Whether it changes nothing, wherever it goes. Of any other it is said which cluster a project's file has sent it to.
    pub fn only_looks(&self) -> bool {
        matches!(
            self,
            Self::Status
                | Self::Checkup
                | Self::Tasks(_)
                | Self::Team(team::Command::Members | team::Command::Audit | team::Command::List)
                | Self::Logs(_)
                | Self::Metrics(_)
                | Self::Events(_)
                | Self::Plan(_)
                | Self::Compare(_)
                | Self::History(_)
                | Self::Image(_)
                | Self::Completions(_)
                | Self::Cluster(cluster::Command::List | cluster::Command::Test { .. })
                | Self::Project(project::Command::List)
                | Self::App(
                    app::Command::List { .. } | app::Command::Show { .. } | app::Command::Settings { .. }
                )
                | Self::Domain(domain::Command::List { .. })
                | Self::Registry(registry::Command::List)
                | Self::Patch(patch::Command::List { .. })
                | Self::File(file::Command::List { .. } | file::Command::Reveal { .. })
                | Self::Env(
                    env::Command::List { .. }
                        | env::Command::Export { .. }
                        | env::Command::History { .. }
                        | env::Command::Reveal { .. }
                )
                | Self::Drift(operate::Drift::Show { .. })
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    /// FR-API-03: the grammar has no contradiction, and an application may be left out where nothing follows it.
    #[test]
    fn the_grammar_holds() {
        Arguments::command().debug_assert();
        let parsed = |line: &str| Arguments::try_parse_from(line.split(' '));
        for line in [
            "slipway deploy --follow",
            "slipway deploy web .",
            "slipway logs -f",
            "slipway run -- bin/migrate now",
            "slipway run web -- bin/migrate",
            "slipway exec -- ls",
            "slipway exec --node",
            "slipway env set . A=1",
            "slipway env list",
            "slipway scale . 3",
            "slipway cancel",
            "slipway cancel web 7 --follow",
            "slipway stuck leave",
            "slipway link web --replace",
            "slipway team use Shop",
            "slipway team join --invitation -",
            "slipway app list --team Shop",
        ] {
            assert!(parsed(line).is_ok(), "{line}");
        }
        for line in [
            "slipway scale 3",
            "slipway exec web --node",
            "slipway app delete",
            "slipway team join",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }

    /// FR-API-03: which commands may change something.
    #[test]
    fn who_only_looks_is_known() {
        let looks = |line: &str| {
            let parsed = Arguments::try_parse_from(line.split(' '));
            parsed.is_ok_and(|arguments| arguments.command.only_looks())
        };
        for line in [
            "slipway logs",
            "slipway tasks",
            "slipway team audit",
            "slipway team list",
            "slipway env list",
            "slipway app show",
            "slipway app settings",
            "slipway plan",
        ] {
            assert!(looks(line), "{line}");
        }
        for line in [
            "slipway deploy",
            "slipway env set . A=1",
            "slipway exec",
            "slipway stop",
            "slipway team invite --role viewer",
            "slipway team use Shop",
            "slipway app set . replicas=2",
            "slipway cancel",
            "slipway stuck retry",
        ] {
            assert!(!looks(line), "{line}");
        }
    }
}
