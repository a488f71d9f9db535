//! Deployments as a list: number, what was deployed, who asked, how it ended, how long it took. Two of them can be compared.

use chrono::{DateTime, TimeDelta, Utc};
use slipway_protocol::DeploymentId;
use slipway_protocol::Told;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, StepStatus, Trigger};
use yew::prelude::*;

use crate::components::listing::{Column, Listed, Listing, Together};
use crate::components::pill::{Badge, Tone};
use crate::components::table::{Row, Table};
use crate::components::time::{Ago, Took};
use crate::pages::deployment::compare::CompareDialog;
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

impl Listed for DeploymentView {
    fn key(&self) -> String {
        self.id.to_string()
    }

    fn row_id(&self) -> String {
        format!("deployment-row-{}", self.number)
    }

    fn name(&self) -> String {
        format!("deployment {}", self.number)
    }
}

#[function_component]
pub fn DeploymentTable(props: &DeploymentTableProps) -> Html {
    let context = use_cluster();
    let compared = use_state_eq(|| None::<(DeploymentView, DeploymentView)>);
    let columns = columns(&context, props);
    if props.recent {
        return recent(&context, props, &columns);
    }
    let open = {
        let context = context.clone();
        Callback::from(move |one: DeploymentView| Some(opens(&context, one.id)))
    };
    let compare = Together {
        id: "deployments-compare",
        label: "Compare…",
        refused: Callback::from(|chosen: Vec<DeploymentView>| {
            (chosen.len() != 2).then_some(AttrValue::Static("Choose two deployments to compare them"))
        }),
        act: {
            let compared = compared.setter();
            Callback::from(move |mut chosen: Vec<DeploymentView>| {
                chosen.sort_by_key(|one| one.number);
                if let [earlier, later] = chosen.as_slice() {
                    compared.set(Some((later.clone(), earlier.clone())));
                }
            })
        },
    };
    let close = {
        let compared = compared.setter();
        Callback::from(move |()| compared.set(None))
    };
    html! {
        <>
            <Listing<DeploymentView> id="deployments" items={props.deployments.clone()} {columns} {open} together={vec![compare]}/>
            if let Some((view, with)) = (*compared).clone() { <CompareDialog {view} {with} {close}/> }
        </>
    }
}

fn opens(context: &ClusterContext, id: DeploymentId) -> Callback<()> {
    let context = context.clone();
    Callback::from(move |()| context.go(Page::Deployment(id)))
}

/// Beside other things: nothing is chosen there.
fn recent(
    context: &ClusterContext,
    props: &DeploymentTableProps,
    columns: &[Column<DeploymentView>],
) -> Html {
    let title = |column: &Column<DeploymentView>| html! { <th class={column.right.then_some("right")}>{ column.title }</th> };
    let row = |one: &DeploymentView| {
        html! {
            <Row key={one.key()} id={one.row_id()} onopen={opens(context, one.id)}>
                { for columns.iter().map(|column| (column.cell)(one)) }
            </Row>
        }
    };
    let head = html! { <>{ for columns.iter().map(title) }</> };
    html! { <Table {head}>{ for props.deployments.iter().map(row) }</Table> }
}

fn columns(context: &ClusterContext, props: &DeploymentTableProps) -> Vec<Column<DeploymentView>> {
    let (serving, stopped, me) = (props.serving, props.stopped, context.clone());
    let mut columns = vec![
        Column::new("number", "Deployment", move |one| {
            number(one, serving == Some(one.id), stopped)
        })
        .by(|one, other| one.number.cmp(&other.number))
        .always(),
        Column::new("commit", "Commit", commit),
        Column::new("by", "By", move |one: &DeploymentView| {
            html! { <td class="clip by secondary" title={one.requested_by.clone()}>{ by(&me, one) }</td> }
        })
        .by(|one, other| one.requested_by.cmp(&other.requested_by)),
        Column::new("result", "Result", ended).by(|one, other| result(one).cmp(&result(other))),
    ];
    if !props.recent {
        columns.push(
            Column::new(
                "when",
                "When",
                |one: &DeploymentView| html! { <td class="secondary"><Ago at={one.created_at}/></td> },
            )
            .by(|one, other| one.created_at.cmp(&other.created_at)),
        );
    }
    columns.push(
        Column::new("took", "Took", took)
            .by(|one, other| lasted(one).cmp(&lasted(other)))
            .right(),
    );
    columns
}

fn number(one: &DeploymentView, serving: bool, stopped: bool) -> Html {
    html! {
        <td>
            <span class="number">{ one.number }</span>
            if serving && stopped { <Badge tone={Tone::Neutral} text="stopped"/> }
            if serving && !stopped { <Badge tone={Tone::Progress} text="serving"/> }
            if one.can_roll_back_to && !serving {
                <Badge tone={Tone::Neutral} text="warm" title="Its release is kept and can be rolled back to"/>
            }
            if one.trigger != Trigger::Deploy { <Badge tone={Tone::Neutral} text={one.trigger.as_str()}/> }
        </td>
    }
}

fn commit(one: &DeploymentView) -> Html {
    let inside = match (&one.commit, &one.trigger) {
        (Some(commit), _) => html! {
            <><code title={commit.hash.clone()}>{ text::short_commit(&commit.hash) }</code>{ " " }{ &commit.message }</>
        },
        (None, Told::Known(Trigger::Rollback { .. })) => {
            html! { <span class="faint">{ "an earlier release" }</span> }
        }
        (None, _) => html! { <span class="faint">{ "–" }</span> },
    };
    html! { <td class="clip commit">{ inside }</td> }
}

fn ended(one: &DeploymentView) -> Html {
    html! {
        <td class="clip result" title={one.failure.clone()}>
            <span class={classes!("tone-text", Tone::of_deployment(one.status).class())}>{ result(one) }</span>
            if let Some(more) = aside(one) { <span class="faint">{ " " }{ more }</span> }
        </td>
    }
}

fn took(one: &DeploymentView) -> Html {
    let shown = !one.status.is_final() || one.ended_at.is_some();
    html! {
        <td class="right number">
            if shown { <Took from={one.started_at} to={one.ended_at}/> } else { { "–" } }
        </td>
    }
}

/// What still goes on lasts longest.
fn lasted(one: &DeploymentView) -> TimeDelta {
    let of = |ended: DateTime<Utc>| one.started_at.map(|started| ended - started);
    match one.ended_at {
        Some(ended) => of(ended).unwrap_or_default(),
        None => TimeDelta::MAX,
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
