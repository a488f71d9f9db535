//! The steps in their order: which is done, which runs, how long each took, and where it failed.

use slipway_protocol::Told;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Step, StepStatus, StepView};
use yew::prelude::*;

use crate::components::icon::{Icon, Picture};
use crate::components::time::Took;

#[derive(PartialEq, Properties)]
pub struct StepsProps {
    pub view: DeploymentView,
}

#[function_component]
pub fn Steps(props: &StepsProps) -> Html {
    let view = &props.view;
    let one = |step: &StepView| row(step, view.status.is_final());
    // What is stuck does not move, and a picture that moves costs as long as it is open.
    let still = view.status.is_final() || view.status == DeploymentStatus::Stuck;
    if view.steps.is_empty() && view.status == DeploymentStatus::Succeeded {
        return html! { <p class="faint">{ format!("There was nothing to do: {}.", view.way_because) }</p> };
    }
    html! { <ol class={classes!("steps", still.then_some("still"))}>{ for view.steps.iter().map(one) }</ol> }
}

fn row(view: &StepView, over: bool) -> Html {
    let (step, status) = (view.step, view.status);
    let (class, icon, word) = look(status);
    let failure = view.failure.clone();
    let from = view.started_at;
    // A step that never ended, of a deployment that is over, does not go on counting.
    let to = view.ended_at.or(from.filter(|_| over));
    html! {
        <li class={classes!("step", class)} data-testid={format!("step-{}", step.as_str())} data-status={class}>
            <span class="step-icon" title={word}>if let Some(icon) = icon { <Picture {icon}/> }</span>
            <div class="step-text">
                <span class="step-name">{ name(step) }</span>
                if let Some(failure) = failure {
                    <span class="step-failure">{ failure }</span>
                } else {
                    <span class="step-note">{ note(step, status) }</span>
                }
            </div>
            if from.is_some() { <span class="step-time"><Took {from} {to}/></span> }
        </li>
    }
}

fn look(status: StepStatus) -> (&'static str, Option<Icon>, &'static str) {
    match status {
        StepStatus::Pending => ("pending", None, "not begun"),
        StepStatus::Running => ("running", None, "running"),
        StepStatus::Done => ("done", Some(Icon::Check), "done"),
        StepStatus::Failed => ("failed", Some(Icon::Cross), "failed"),
        StepStatus::Undoing => ("undoing", Some(Icon::Undo), "being taken back"),
        StepStatus::Undone => ("undone", Some(Icon::Undo), "taken back"),
        StepStatus::UndoFailed => ("failed", Some(Icon::Warning), "could not be taken back"),
    }
}

fn name(step: Told<Step>) -> &'static str {
    let Told::Known(step) = step else {
        return "A newer step";
    };
    match step {
        Step::Source => "Source",
        Step::Build => "Build",
        Step::Before => "Before",
        Step::Stop => "Stop",
        Step::Release => "Release",
        Step::Gate => "Gate",
        Step::Canary => "Canary",
        Step::Roll => "Roll",
        Step::CutOver => "Cut-over",
        Step::Retire => "Retire",
        Step::After => "After",
    }
}

fn note(step: Told<Step>, status: StepStatus) -> &'static str {
    match status {
        StepStatus::Undoing => return "is being taken back",
        StepStatus::Undone => return "taken back",
        StepStatus::UndoFailed => return "could not be taken back; a person has to look",
        StepStatus::Pending | StepStatus::Running | StepStatus::Done | StepStatus::Failed => {}
    }
    let Told::Known(step) = step else {
        return "is newer than this app; update it to learn more";
    };
    match step {
        Step::Source => "pins what is deployed",
        Step::Build => "makes the image",
        Step::Before => "runs the command before the release",
        Step::Stop => "stops the old tasks",
        Step::Release => "starts the new tasks beside the old",
        Step::Gate => "waits until every new task is healthy",
        Step::Canary => "leads a growing share of requests to the new tasks",
        Step::Roll => "starts and stops tasks one by one",
        Step::CutOver => "leads requests to the new tasks",
        Step::Retire => "lets requests end, stops the old tasks",
        Step::After => "runs the command after the cut-over",
    }
}
