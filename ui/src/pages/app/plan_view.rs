//! A plan, drawn: tasks, downtime, addresses, volumes, and what changes.

use slipway_protocol::deployment::Step;
use slipway_protocol::plan::{Downtime, PlanView};
use yew::prelude::*;

use crate::components::changes::Changes;
use crate::components::facts::{Fact, Facts};
use crate::components::pill::Tone;
use crate::text;

pub fn plan_view(plan: &PlanView, serves: bool) -> Html {
    let (tone, downtime) = downtime(plan.downtime);
    let list = |all: &[String]| html! { <>{ for all.iter().map(|one| html! { <div class="wrap"><code>{ one }</code></div> }) }</> };
    let ports: Vec<String> = plan.ports.iter().map(ToString::to_string).collect();
    html! {
        <div class="plan" data-testid="plan-view">
            <Facts>
                <Fact name="Downtime"><span class={classes!("tone-text", tone.class())} data-testid="plan-downtime">{ downtime }</span></Fact>
                <Fact name="Tasks">{ tasks(plan) }</Fact>
                <Fact name="Way">{ format!("{}, because {}", plan.way.as_str(), plan.because) }</Fact>
                if plan.routes.is_empty() {
                    <Fact name="Addresses"><span class="faint">{ "none: nothing leads to it from outside" }</span></Fact>
                } else {
                    <Fact name="Addresses">{ list(&plan.routes) }</Fact>
                }
                if !plan.volumes.is_empty() { <Fact name="Volumes">{ list(&plan.volumes) }</Fact> }
                if !ports.is_empty() { <Fact name="Node’s ports">{ list(&ports) }</Fact> }
                if let Some(number) = plan.waits_for {
                    <Fact name="Waits for">{ format!("deployment {number}, which runs") }</Fact>
                }
                if !plan.supersedes.is_empty() {
                    <Fact name="Instead of">{ superseded(&plan.supersedes) }</Fact>
                }
                <Fact name="Steps"><span class="secondary">{ steps(&plan.steps) }</span></Fact>
            </Facts>
            <div class="plan-changes">{ changes(plan, serves) }</div>
        </div>
    }
}

fn downtime(downtime: Downtime) -> (Tone, &'static str) {
    match downtime {
        Downtime::None => (Tone::Good, "none: the old release serves until the new one does"),
        Downtime::WhileStarting => (
            Tone::Bad,
            "nobody serves from the moment when the old tasks stop until the new ones are healthy",
        ),
        Downtime::First => (Tone::Neutral, "nobody serves now, so nothing is lost"),
    }
}

fn tasks(plan: &PlanView) -> String {
    let start = match plan.starts {
        0 => "none starts".to_owned(),
        1 => "1 starts".to_owned(),
        many => format!("{many} start"),
    };
    let stop = match plan.stops {
        0 => "none stops".to_owned(),
        1 => "1 stops".to_owned(),
        many => format!("{many} stop"),
    };
    format!("{start}, {stop}, {} at once at most", plan.most_at_once)
}

fn superseded(numbers: &[u32]) -> String {
    let all: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let what = if numbers.len() == 1 {
        "deployment"
    } else {
        "deployments"
    };
    format!("{what} {}, waiting", all.join(", "))
}

fn steps(steps: &[Step]) -> String {
    let names: Vec<String> = steps.iter().map(|step| step.as_str().replace('_', "-")).collect();
    names.join(" → ")
}

fn changes(plan: &PlanView, serves: bool) -> Html {
    let builds = plan.steps.contains(&Step::Build);
    if !plan.changes.is_empty() {
        let note = if builds {
            " The source may have changed, too."
        } else {
            ""
        };
        return html! {
            <>
                <p class="secondary" data-testid="plan-changes">
                    { text::count(plan.changes.len(), "setting changes.", "settings change.") }{ note }
                </p>
                <Changes changes={plan.changes.clone()}/>
            </>
        };
    }
    let said = match (serves, builds) {
        (false, _) => "Nothing serves yet, so there is nothing to compare with.",
        (true, true) => "No setting and no variable changes. The source may have changed.",
        (true, false) => "No setting and no variable changes.",
    };
    html! { <p class="secondary" data-testid="plan-changes">{ said }</p> }
}
