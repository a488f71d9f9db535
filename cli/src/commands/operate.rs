//! What is done to an application as it runs: `reload`, `restart`, `redeploy`, `scale`, `stop`, `start`, `drift`, `plan`, `compare`.

use slipway_protocol::api::{
    AdoptDrift, CompareDeployments, HealDrift, PlanDeployment, StartApplication, StopApplication,
};
use slipway_protocol::count;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::plan::{Change, Downtime, PlanView};
use slipway_protocol::settings::Replicas;

use super::deploy;
use super::history::numbered;
use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;

#[derive(clap::Args)]
pub struct Follow {
    #[arg(default_value = HERE)]
    app: String,
    /// Show steps and log until the end; fail if the deployment fails.
    #[arg(long, short)]
    follow: bool,
}

#[derive(clap::Args)]
pub struct Scale {
    app: String,
    /// How many tasks should run.
    replicas: u16,
    /// Show steps and log until the end; fail if it fails.
    #[arg(long, short)]
    follow: bool,
}

#[derive(clap::Args)]
pub struct App {
    #[arg(default_value = HERE)]
    app: String,
}

#[derive(clap::Args)]
pub struct Compare {
    app: String,
    /// The earlier deployment's number.
    from: u32,
    /// The later one's; without it, the one that serves.
    to: Option<u32>,
}

#[derive(clap::Subcommand)]
pub enum Drift {
    /// What was changed of the serving release outside Slipway.
    Show {
        #[arg(default_value = HERE)]
        app: String,
    },
    /// Put it back.
    Heal {
        #[arg(default_value = HERE)]
        app: String,
    },
    /// Take the parts that settings say exactly into the settings; the history says so.
    Adopt {
        #[arg(default_value = HERE)]
        app: String,
    },
}

/// Asks for a deployment that takes no more than an application.
pub async fn ask(context: &Context, arguments: Follow, trigger: Trigger) -> Result<(), CliError> {
    let (connection, view) = context.application(&arguments.app).await?;
    deploy::request(context, &connection, &view, trigger, None, arguments.follow).await
}

pub async fn scale(context: &Context, arguments: Scale) -> Result<(), CliError> {
    let usage = |reason: &str| CliError::Usage(format!("The value is not valid: {reason}."));
    let replicas = Replicas::try_from(u64::from(arguments.replicas)).map_err(usage)?;
    let (app, follow) = (arguments.app, arguments.follow);
    ask(context, Follow { app, follow }, Trigger::Scale { replicas }).await
}

pub async fn stop(context: &Context, arguments: App) -> Result<(), CliError> {
    let (connection, view) = context.application(&arguments.app).await?;
    let application = view.id;
    let view = connection.send(StopApplication { application }).await?;
    if context.json {
        return output::json(&view);
    }
    output::line(&format!("“{}” is stopped; its release stays.", view.name));
    Ok(())
}

pub async fn start(context: &Context, arguments: App) -> Result<(), CliError> {
    let (connection, view) = context.application(&arguments.app).await?;
    let application = view.id;
    let view = connection.send(StartApplication { application }).await?;
    if context.json {
        return output::json(&view);
    }
    output::line(&format!(
        "“{}” starts with {}.",
        view.name,
        count::in_words(usize::from(view.wanted_tasks), "task", "tasks")
    ));
    Ok(())
}

pub async fn drift(context: &Context, command: Drift) -> Result<(), CliError> {
    let (Drift::Show { app } | Drift::Heal { app } | Drift::Adopt { app }) = &command;
    let (connection, view) = context.application(app).await?;
    let application = view.id;
    let view = match command {
        Drift::Show { .. } => view,
        Drift::Heal { .. } => connection.send(HealDrift { application }).await?,
        Drift::Adopt { .. } => connection.send(AdoptDrift { application }).await?,
    };
    if context.json {
        return output::json(&view.drift);
    }
    let row = |one: &slipway_protocol::drift::Difference| {
        vec![
            one.what.clone(),
            one.wanted.clone(),
            one.found.clone(),
            one.ways_on().to_owned(),
        ]
    };
    let rows: Vec<_> = view.drift.iter().map(row).collect();
    output::table(
        &["PART", "AS DEPLOYED", "FOUND", "WAYS ON"],
        &rows,
        "Nothing was changed outside Slipway.",
    );
    Ok(())
}

/// What a deployment would do now.
pub async fn plan(context: &Context, arguments: App) -> Result<(), CliError> {
    let (connection, view) = context.application(&arguments.app).await?;
    let application = view.id;
    let body = Trigger::Deploy;
    let plan = connection.send(PlanDeployment { application, body }).await?;
    if context.json {
        return output::json(&plan);
    }
    for line in plan_lines(&plan) {
        output::line(&output::plain(&line));
    }
    print_changes(&plan.changes, "No setting, no variable and no patch changes.");
    output::note(&how_to_deploy(&output::plain(&arguments.app), &plan));
    Ok(())
}

/// A plan that could not name what it takes holds whatever that is by then. The application of the project's file needs no name.
fn how_to_deploy(app: &str, plan: &PlanView) -> String {
    let is_named = plan.source.as_ref().is_none_or(|source| source.takes.is_some());
    let what = if is_named {
        "exactly this"
    } else {
        "this, with what its source is by then"
    };
    let named = match app {
        HERE => String::new(),
        app => format!(" {app}"),
    };
    format!(
        "To deploy {what}: slipway deploy{named} --revision {}",
        plan.revision
    )
}

fn plan_lines(plan: &PlanView) -> Vec<String> {
    let mut lines = vec![
        format!("{}, because {}", plan.way.as_str(), plan.because),
        format!(
            "{}, {}, {} at the same time at most",
            count::in_words(usize::from(plan.starts), "task starts", "tasks start"),
            count::in_words(usize::from(plan.stops), "stops", "stop"),
            count::in_words(usize::from(plan.most_at_once), "runs", "run")
        ),
        match plan.downtime {
            Downtime::None => "no downtime".to_owned(),
            Downtime::WhileStarting => "nobody serves while the new tasks start".to_owned(),
            Downtime::First => "nobody serves now".to_owned(),
        },
    ];
    lines.extend(
        plan.source
            .as_ref()
            .map(|source| format!("takes {}", source.in_words())),
    );
    lines.extend(plan.routes.iter().map(|route| format!("serves {route}")));
    lines.extend(
        plan.volumes
            .iter()
            .map(|volume| format!("opens the volume {volume}")),
    );
    lines.extend(
        plan.binds
            .iter()
            .map(|bind| format!("opens {}, of the server", bind.in_words())),
    );
    lines.extend(
        plan.patches
            .iter()
            .map(|path| format!("lays the patch {path} over the source")),
    );
    lines.extend(
        plan.ports
            .iter()
            .map(|port| format!("takes port {port} of the node")),
    );
    lines.extend(
        plan.waits_for
            .map(|number| format!("waits for deployment {number}")),
    );
    lines.extend(
        plan.supersedes
            .iter()
            .map(|number| format!("takes the place of deployment {number}, which waits")),
    );
    lines
}

pub async fn compare(context: &Context, arguments: Compare) -> Result<(), CliError> {
    let (connection, view) = context.application(&arguments.app).await?;
    let serving = view.serving.as_ref().map(|serving| serving.number);
    let to = arguments.to.or(serving).ok_or_else(|| {
        CliError::Failed("No release serves yet; name the second deployment, too.".to_owned())
    })?;
    let deployment = numbered(&connection, view.id, arguments.from).await?.id;
    let with = numbered(&connection, view.id, to).await?.id;
    let changes = connection.send(CompareDeployments { deployment, with }).await?;
    if context.json {
        return output::json(&changes);
    }
    print_changes(&changes, "They are the same.");
    Ok(())
}

fn print_changes(changes: &[Change], none: &str) {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    let rows: Vec<_> = changes
        .iter()
        .map(|change| vec![change.what.clone(), text(&change.from), text(&change.to)])
        .collect();
    output::table(&["CHANGES", "FROM", "TO"], &rows, none);
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::deployment::Way;
    use slipway_protocol::head::{CommitHash, Head};
    use slipway_protocol::plan::{PlannedSource, Revision};

    fn planned(takes: Option<Head>) -> PlanView {
        PlanView {
            revision: Revision::parse("ab").unwrap(),
            way: Way::BlueGreen.into(),
            because: "the settings say so".to_owned(),
            steps: Vec::new(),
            changes: Vec::new(),
            starts: 1,
            stops: 0,
            most_at_once: 1,
            downtime: Downtime::First,
            routes: Vec::new(),
            volumes: Vec::new(),
            binds: Vec::new(),
            patches: Vec::new(),
            ports: Vec::new(),
            waits_for: None,
            supersedes: Vec::new(),
            source: Some(PlannedSource {
                names: "main".to_owned(),
                takes,
                unknown: None,
                serves: None,
            }),
        }
    }

    /// FR-DEP-08, FR-API-03: a plan says which commit it takes, and how exactly that is deployed; one that does not know it promises nothing.
    #[test]
    fn the_commit_is_told() {
        let hash = CommitHash::parse(&"a".repeat(40)).unwrap();
        let plan = planned(Some(Head::Commit { hash }));
        let how = how_to_deploy("web", &plan);
        assert_eq!(how, "To deploy exactly this: slipway deploy web --revision ab");
        assert!(!how_to_deploy("web", &planned(None)).contains("exactly"));
        assert!(how_to_deploy(HERE, &plan).contains(" deploy --revision"));
        let lines = plan_lines(&plan);
        assert!(
            lines.contains(&"takes commit aaaaaaa of main".to_owned()),
            "{lines:?}"
        );
    }
}
