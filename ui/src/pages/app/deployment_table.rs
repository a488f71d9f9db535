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
}

#[function_component]
pub fn DeploymentTable(props: &DeploymentTableProps) -> Html {
    let context = use_cluster();
    let head = html! {
        <>
            <th>{ "Deployment" }</th><th>{ "Commit" }</th><th>{ "By" }</th><th>{ "Result" }</th><th>{ "When" }</th>
            <th class="right">{ "Took" }</th>
        </>
    };
    html! {
        <Table {head}>{ for props.deployments.iter().map(|one| row(&context, one, props.serving == Some(one.id))) }</Table>
    }
}

fn row(context: &ClusterContext, one: &DeploymentView, serving: bool) -> Html {
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
                if serving { <Badge tone={Tone::Progress} text="serving"/> }
                if one.can_roll_back_to && !serving {
                    <Badge tone={Tone::Neutral} text="warm" title="Its release is kept and can be rolled back to"/>
                }
                if one.trigger != Trigger::Deploy { <Badge tone={Tone::Neutral} text={one.trigger.as_str()}/> }
            </td>
            <td class="clip">{ commit }</td>
            <td class="clip secondary">{ &one.requested_by }</td>
            <td title={one.failure.clone()}>
                <span class={classes!("tone-text", Tone::of_deployment(one.status).class())}>{ result(one) }</span>
            </td>
            <td class="secondary"><Ago at={one.created_at}/></td>
            <td class="right number">
                if running || one.ended_at.is_some() { <Took from={one.started_at} to={one.ended_at}/> } else { { "–" } }
            </td>
        </Row>
    }
}

/// “succeeded”, “failed at gate”, “running: build”.
fn result(one: &DeploymentView) -> String {
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
