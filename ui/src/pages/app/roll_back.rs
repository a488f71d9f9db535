//! Rolling back: which earlier deployment, and the plan of going back to it.

use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::{DeploymentView, Trigger};
use yew::prelude::*;

use super::AppProps;
use super::plan::{applies, meaning, use_plan};
use super::plan_view::plan_view;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::modal::Dialog;
use crate::components::remote::face;
use crate::components::time::Ago;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct RollBackProps {
    pub props: AppProps,
    pub close: Callback<()>,
}

#[function_component]
pub fn RollBackDialog(props: &RollBackProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let chosen = use_state_eq(|| None::<DeploymentView>);
    let AppProps { app, deployments, .. } = &props.props;
    let serving = app.serving.as_ref().map(|serving| serving.id);
    let trigger = chosen.as_ref().map(|to| Trigger::Rollback { to: to.id });
    let plan = use_plan(app.id, trigger.clone());
    let confirm = applies(&context, &task, app.id, trigger.clone(), &plan);
    let label = match &*chosen {
        Some(to) => format!("Roll back to deployment {}", to.number),
        None => "Roll back".to_owned(),
    };
    let actions = html! {
        <>
            <Button label="Cancel" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="rollback-confirm" {label} look={Look::Primary} submit=true busy={task.busy()}
                disabled={trigger.is_none() || plan.get().is_none() || !plan.live}/>
        </>
    };
    html! {
        <Dialog id="rollback" title={format!("Roll back {}", app.name)} onclose={props.close.clone()} onsubmit={confirm} stays={task.busy()} {actions}>
            { face(deployments, "the right to read deployments", |all| choices(all, serving, &chosen)) }
            if let Some(trigger) = &trigger {
                <p class="will-happen">{ meaning(trigger) }</p>
                { face(&plan, "the right to read deployments", |plan| plan_view(plan, serving.is_some())) }
            }
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}

fn choices(
    all: &[DeploymentView],
    serving: Option<DeploymentId>,
    chosen: &UseStateHandle<Option<DeploymentView>>,
) -> Html {
    let targets: Vec<&DeploymentView> = all
        .iter()
        .filter(|one| one.can_roll_back_to && Some(one.id) != serving)
        .collect();
    if targets.is_empty() {
        return html! { <p>{ "There is no earlier release to go back to: the server keeps none beside the one that serves." }</p> };
    }
    let choice = |target: &DeploymentView| {
        let is = chosen.as_ref().is_some_and(|chosen| chosen.id == target.id);
        let (choose, this) = (chosen.setter(), target.clone());
        let onclick = Callback::from(move |_: MouseEvent| choose.set(Some(this.clone())));
        let commit = target.commit.as_ref().map(|commit| {
            html! { <><code>{ text::short_commit(&commit.hash) }</code><span class="clip">{ &commit.message }</span></> }
        });
        html! {
            <button type="button" role="radio" class={classes!("choice", is.then_some("chosen"))} aria-checked={if is { "true" } else { "false" }}
                data-testid={format!("rollback-to-{}", target.number)} {onclick}>
                <strong>{ format!("Deployment {}", target.number) }</strong>
                { commit.unwrap_or_default() }
                <span class="grow"/>
                <span class="faint"><Ago at={target.created_at}/></span>
            </button>
        }
    };
    html! { <div class="choices" role="radiogroup" aria-label="Where to">{ for targets.into_iter().map(choice) }</div> }
}
