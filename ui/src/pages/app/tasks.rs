//! The card “Tasks”: each that runs with what it uses; how many run of those that should, where that is not so or they are not known.

use std::rc::Rc;

use slipway_protocol::api::{GetNodeMetrics, ListTasks};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::metric::{ApplicationMetrics, TaskUsage};
use slipway_protocol::settings::Resources;
use yew::prelude::*;

use super::usage;
use crate::components::card::Card;
use crate::components::pill::{Dot, Tone};
use crate::components::remote::face;
use crate::state::api::{Every, LIST, use_api};
use crate::state::cluster::use_cluster;
use crate::state::remote::Remote;
use crate::units::Amount;

/// Beyond so many, dots are counted no more.
const MOST_DOTS: u16 = 50;
/// In seconds: what is asked of the node is its name alone.
const A_MOMENT: u32 = 60;

#[derive(PartialEq, Properties)]
pub struct TasksProps {
    pub app: Rc<ApplicationView>,
    /// What its tasks on the agent's node use, among other things.
    pub metrics: Remote<ApplicationMetrics>,
}

#[function_component]
pub fn Tasks(props: &TasksProps) -> Html {
    let context = use_cluster();
    let app = &props.app;
    let (run, wanted) = (app.observed_tasks, app.wanted_tasks);
    let (list, once) = if app.serving.is_some() {
        (LIST, Every::Once)
    } else {
        (Every::Never, Every::Never)
    };
    // What runs of an earlier release, or as a command, uses something too: this says which tasks serve.
    let running = use_api(context.id(), ListTasks { application: app.id }, list);
    let moment = GetNodeMetrics {
        from: None,
        to: None,
        last: Some(A_MOMENT),
    };
    let node = use_api(context.id(), moment, once);
    let rows = app.serving.is_some() && running.get().is_some_and(|all| !all.is_empty());
    let note = if app.stopped {
        "stopped".to_owned()
    } else {
        format!("{run} of {wanted}")
    };
    html! {
        <div data-testid="tasks">
            <Card title="Tasks" {note}>
                if !rows || !is_well(app) { { counted(app) } }
                if rows {
                    { face(&running, "the right to read applications", |all| {
                        let name = node.get().map(|node| node.node.as_str());
                        usage::short_table(all, used(&props.metrics), name, tone(app))
                    }) }
                }
            </Card>
        </div>
    }
}

fn is_well(app: &ApplicationView) -> bool {
    app.wanted_tasks > 0 && app.observed_tasks == app.wanted_tasks
}

/// Some of them are not healthy: it is not known which.
fn tone(app: &ApplicationView) -> Tone {
    match app.unhealthy {
        Some(_) => Tone::Neutral,
        None => Tone::Good,
    }
}

/// What could not be read again while it should be is not what they use now.
fn used(metrics: &Remote<ApplicationMetrics>) -> &[TaskUsage] {
    let known = metrics
        .get()
        .filter(|_| !metrics.live || metrics.failure.is_none());
    known.map(|metrics| metrics.tasks.as_slice()).unwrap_or_default()
}

fn counted(app: &ApplicationView) -> Html {
    let (run, wanted) = (app.observed_tasks, app.wanted_tasks);
    let all = wanted.max(run).min(MOST_DOTS);
    let dot = |index: u16| {
        let tone = if index >= run {
            Tone::Neutral
        } else if index >= wanted {
            Tone::Warning
        } else {
            Tone::Good
        };
        html! { <Dot key={index} {tone}/> }
    };
    html! {
        <div class="tasks">
            if all > 0 { <div class="task-dots">{ for (0..all).map(dot) }</div> }
            <p class="secondary">{ in_words(app) }</p>
        </div>
    }
}

fn in_words(app: &ApplicationView) -> String {
    let (run, wanted) = (app.observed_tasks, app.wanted_tasks);
    if app.serving.is_none() {
        return "Nothing runs: no deployment has succeeded yet.".to_owned();
    }
    let mut said = match (run, wanted) {
        (0, 0) => "No task runs.".to_owned(),
        (1, 0) => "One still runs, none should.".to_owned(),
        (run, 0) => format!("{run} still run, none should."),
        (run, wanted) if run > wanted => format!("{run} run, {wanted} should."),
        (0, wanted) => format!("None runs, {wanted} should."),
        (1, wanted) if wanted > 1 => format!("One runs, {} more should.", wanted - 1),
        (run, wanted) if run < wanted => format!("{run} run, {} more should.", wanted - run),
        (1, _) => "One runs, as it should.".to_owned(),
        (run, _) => format!("All {run} run."),
    };
    // What is set may wait for a deployment.
    let each = limits(&app.settings.container.resources).filter(|_| !app.pending_changes);
    if let Some(each) = each {
        said.push_str(&format!(" Each may use {each}."));
    }
    said
}

/// “256 MiB, 0.5 CPU”; nothing where nothing is limited.
pub fn limits(resources: &Resources) -> Option<String> {
    let memory = resources.memory.map(|amount| amount.write());
    let cpu = resources.cpu.map(|amount| format!("{} CPU", amount.write()));
    let all: Vec<String> = memory.into_iter().chain(cpu).collect();
    (!all.is_empty()).then(|| all.join(", "))
}
