//! Deployments as a table: number, what was deployed, who asked, how it ended, how long it took.

use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, StepStatus, Trigger};
use yew::prelude::*;

use crate::components::pill::{Badge, Tone};
use crate::components::table::{Row, Table};
use crate::components::time::{Ago, Took};
use crate::route::Page;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::text;

#[derive(PartialEq, Properties)]
pub struct DeploymentTableProps {
    pub deployments: Vec<DeploymentView>,
    pub serving: Option<DeploymentId>,
    /// What serves has been stopped.
    pub stopped: bool,
    /// Only the newest are shown, beside other things: without their times.
    #[prop_or_default]
    pub recent: bool,
}

#[function_component]
pub fn DeploymentTable(props: &DeploymentTableProps) -> Html {
    let context = use_cluster();
    let head = html! {
        <>
            <th>{ "Deployment" }</th><th>{ "Commit" }</th><th>{ "By" }</th><th>{ "Result" }</th>
            if !props.recent { <th>{ "When" }</th> }
            <th class="right">{ "Took" }</th>
        </>
    };
    html! {
        <Table {head}>{ for props.deployments.iter().map(|one| row(&context, props, one)) }</Table>
    }
}

fn row(context: &ClusterContext, props: &DeploymentTableProps, one: &DeploymentView) -> Html {
    let serving = props.serving == Some(one.id);
    let onopen = {
        let (context, id) = (context.clone(), one.id);
        Callback::from(move |()| context.go(Page::Deployment(id)))
    };
    let commit = match (&one.commit, &one.trigger) {
        (Some(commit), _) => html! {
            <><code title={commit.hash.clone()}>{ text::short_commit(&commit.hash) }</code>{ " " }{ &commit.message }</>
        },
        (None, Trigger::Rollback { .. }) => html! { <span class="faint">{ "an earlier release" }</span> },
        (None, _) => html! { <span class="faint">{ "–" }</span> },
    };
    let running = !one.status.is_final();
    html! {
        <Row key={one.id.to_string()} id={format!("deployment-row-{}", one.number)} {onopen}>
            <td>
                <span class="number">{ one.number }</span>
                if serving && props.stopped { <Badge tone={Tone::Neutral} text="stopped"/> }
                if serving && !props.stopped { <Badge tone={Tone::Progress} text="serving"/> }
                if one.can_roll_back_to && !serving {
                    <Badge tone={Tone::Neutral} text="warm" title="Its release is kept and can be rolled back to"/>
                }
                if one.trigger != Trigger::Deploy { <Badge tone={Tone::Neutral} text={one.trigger.as_str()}/> }
            </td>
            <td class="clip commit">{ commit }</td>
            <td class="clip by secondary" title={one.requested_by.clone()}>{ by(context, one) }</td>
            <td class="clip result" title={one.failure.clone()}>
                <span class={classes!("tone-text", Tone::of_deployment(one.status).class())}>{ result(one) }</span>
                if let Some(more) = aside(one) { <span class="faint">{ " " }{ more }</span> }
            </td>
            if !props.recent { <td class="secondary"><Ago at={one.created_at}/></td> }
            <td class="right number">
                if running || one.ended_at.is_some() { <Took from={one.started_at} to={one.ended_at}/> } else { { "–" } }
            </td>
        </Row>
    }
}

/// “you”, or who else asked.
fn by(context: &ClusterContext, one: &DeploymentView) -> String {
    match context.me.get() {
        Some(me) if me.email.as_str() == one.requested_by => "you".to_owned(),
        _ => one.requested_by.clone(),
    }
}

/// “succeeded”, “failed at gate”, “running: build”.
pub fn result(one: &DeploymentView) -> String {
    let step_with = |wanted: StepStatus| one.steps.iter().find(|step| step.status == wanted);
    match one.status {
        DeploymentStatus::Failed | DeploymentStatus::Stuck => {
            match one.steps.iter().find(|step| step.failure.is_some()) {
                Some(step) => format!(
                    "{} at {}",
                    one.status.as_str(),
                    step.step.as_str().replace('_', "-")
                ),
                None => one.status.as_str().to_owned(),
            }
        }
        DeploymentStatus::Running => match step_with(StepStatus::Running) {
            Some(step) => format!("running: {}", step.step.as_str().replace('_', "-")),
            None => "running".to_owned(),
        },
        other => other.as_str().to_owned(),
    }
}

/// “0 lost” of those that passed through the edge; the likely cause of a failure by its name.
fn aside(one: &DeploymentView) -> Option<String> {
    if let Some(explanation) = one.explanation() {
        return Some(explanation.code.replace('-', " "));
    }
    let receipt = one.receipt.filter(|receipt| receipt.requests() > 0)?;
    Some(format!("{} lost", text::thousands(receipt.failed())))
}
