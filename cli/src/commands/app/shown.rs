//! `slipway app list` and `slipway app show`.

use slipway_protocol::api::{ListApplications, ListProjects};
use slipway_protocol::application::{ApplicationView, ObservedStatus};
use slipway_protocol::count;

use crate::commands;
use crate::context::Context;
use crate::error::CliError;
use crate::output;

pub async fn list(context: &Context, tags: &[String]) -> Result<(), CliError> {
    let wanted = commands::tags(tags)?;
    let connection = context.connect().await?;
    let mut views = connection.send(ListApplications { environment: None }).await?;
    views.retain(|view| wanted.iter().all(|tag| view.tags.contains(tag)));
    if context.json {
        return output::json(&views);
    }
    let projects = connection.send(ListProjects {}).await?;
    let place = |view: &ApplicationView| {
        let project = projects.iter().find(|project| project.id == view.project);
        let environment =
            project.and_then(|project| project.environments.iter().find(|env| env.id == view.environment));
        match (project, environment) {
            (Some(project), Some(environment)) => format!("{}/{}", project.name, environment.name),
            _ => "-".to_owned(),
        }
    };
    let row = |view: &ApplicationView| {
        let url = view.domains.first().map_or("-", |domain| domain.url.as_str());
        vec![
            view.name.to_string(),
            place(view),
            observed(view).to_owned(),
            last(view),
            url.to_owned(),
            view.id.to_string(),
        ]
    };
    let rows: Vec<_> = views.iter().map(row).collect();
    output::table(
        &[
            "application",
            "environment",
            "now",
            "last deployment",
            "address",
            "id",
        ],
        &rows,
        if wanted.is_empty() {
            "There is no application yet; create one with “slipway app create”."
        } else {
            "No application has these tags; “slipway app list” shows all."
        },
    );
    Ok(())
}

fn observed(view: &ApplicationView) -> &'static str {
    match view.observed {
        ObservedStatus::Absent => "not deployed",
        ObservedStatus::Running => "running",
        ObservedStatus::Degraded => "degraded",
        ObservedStatus::Down => "down",
        ObservedStatus::Stopped => "stopped",
        ObservedStatus::Unknown => "unknown",
    }
}

/// Goes on after the number of tasks.
fn unhealthy(view: &ApplicationView) -> String {
    match &view.unhealthy {
        Some(unhealthy) => format!("; {} unhealthy: {}", unhealthy.tasks, unhealthy.said),
        None => String::new(),
    }
}

fn last(view: &ApplicationView) -> String {
    match &view.last_deployment {
        Some(deployment) => format!("{} {}", deployment.number, output::status(deployment.status)),
        None => "-".to_owned(),
    }
}

pub async fn show(context: &Context, app: &str) -> Result<(), CliError> {
    let (_, view) = context.application(app).await?;
    if context.json {
        return output::json(&view);
    }
    let settings = &view.settings;
    let mut fields = vec![
        ("name", view.name.to_string()),
        ("id", view.id.to_string()),
        (
            "now",
            format!(
                "{} ({} of {}{})",
                observed(&view),
                view.observed_tasks,
                count::in_words(usize::from(view.wanted_tasks), "task", "tasks"),
                unhealthy(&view)
            ),
        ),
        ("source", settings.source.to_string()),
        (
            "folder",
            settings
                .source
                .folder()
                .map_or("-".to_owned(), ToString::to_string),
        ),
        ("built from", settings.build.to_string()),
        (
            "port",
            settings
                .port
                .map_or("-".to_owned(), |port| port.get().to_string()),
        ),
        ("health", settings.health.in_words(settings.port)),
        ("last deployment", last(&view)),
        (
            "serving",
            view.serving.as_ref().map_or("-".to_owned(), |serving| {
                format!("{} {}", serving.number, output::commit(serving))
            }),
        ),
    ];
    fields.extend(view.domains.iter().map(|domain| ("address", domain.url.clone())));
    fields.extend(view.drift.iter().map(|one| {
        (
            "changed outside",
            format!("{}: {} instead of {}", one.what, one.found, one.wanted),
        )
    }));
    if view.pending_changes {
        fields.push(("changes", "wait for the next deployment".to_owned()));
    }
    for (name, value) in fields {
        output::line(&format!("{name:<16} {}", output::plain(&value)));
    }
    Ok(())
}
