//! What was found on a server and each step of setting it up, as rows with a mark.

use slipway_protocol::setup::{Finding, FindingState, PlannedStep};
use yew::prelude::*;

use super::run::{Going, Run};
use crate::components::icon::{Icon, Picture};
use crate::text;

pub fn finding(finding: &Finding) -> Html {
    let (class, icon) = match finding.state {
        FindingState::Good => ("good", Some(Icon::Check)),
        FindingState::Open => ("open", None),
        FindingState::Warning => ("warn", Some(Icon::Mind)),
        FindingState::Blocks => ("bad", Some(Icon::Cross)),
    };
    line(
        &finding.check,
        class,
        icon,
        &finding.title,
        &finding.detail,
        String::new(),
    )
}

pub fn planned(step: &PlannedStep, run: &Run) -> Html {
    let going = run.going(step.step);
    let (class, icon) = match going {
        None if step.done => ("good", Some(Icon::Check)),
        None => ("open", None),
        Some(Going::Running) => ("progress", None),
        Some(Going::Done { .. }) => ("good", Some(Icon::Check)),
        Some(Going::Failed(_)) => ("bad", Some(Icon::Cross)),
    };
    let (detail, note) = match going {
        Some(Going::Done {
            changed,
            seconds,
            result,
        }) => {
            let time = text::milliseconds(seconds * 1000.0);
            let note = if *changed { time } else { "as it was".to_owned() };
            (result.as_str(), note)
        }
        Some(Going::Failed(sentence)) => (sentence.as_str(), String::new()),
        Some(Going::Running) => (step.detail.as_str(), "at work".to_owned()),
        None if step.done => (step.detail.as_str(), "is so".to_owned()),
        None => (step.detail.as_str(), String::new()),
    };
    line(step.step.title(), class, icon, &step.title, detail, note)
}

/// As the steps of a deployment look: an empty ring is still to come, a full one without a picture is at work.
fn line(key: &str, class: &'static str, icon: Option<Icon>, title: &str, detail: &str, note: String) -> Html {
    html! {
        <li class={classes!("check-step", class)} key={key.to_owned()}>
            <span class="mark">if let Some(icon) = icon { <Picture {icon}/> }</span>
            <div>
                <div>{ title }</div>
                if !detail.is_empty() { <div class={if class == "bad" { "field-error" } else { "field-hint" }}>{ detail }</div> }
            </div>
            <span class="number faint">{ note }</span>
        </li>
    }
}
