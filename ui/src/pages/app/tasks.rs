//! The card “Tasks”: how many run of those that should, and what each may use.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::settings::Resources;
use yew::prelude::*;

use crate::components::card::Card;
use crate::components::pill::{Dot, Tone};
use crate::units::Amount;

/// Beyond so many, dots are counted no more.
const MOST_DOTS: u16 = 50;

#[derive(PartialEq, Properties)]
pub struct TasksProps {
    pub app: Rc<ApplicationView>,
}

#[function_component]
pub fn Tasks(props: &TasksProps) -> Html {
    let app = &props.app;
    let (run, wanted) = (app.observed_tasks, app.wanted_tasks);
    let note = if app.stopped {
        "stopped".to_owned()
    } else {
        format!("{run} of {wanted}")
    };
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
        <Card title="Tasks" {note}>
            <div class="tasks" data-testid="tasks">
                if all > 0 { <div class="task-dots">{ for (0..all).map(dot) }</div> }
                <p class="secondary">{ in_words(app) }</p>
            </div>
        </Card>
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
