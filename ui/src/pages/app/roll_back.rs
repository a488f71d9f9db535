//! Rolling back: which earlier deployment, and what will happen then.

use slipway_protocol::DeploymentId;
use slipway_protocol::deployment::{DeploymentView, Trigger};
use yew::prelude::*;

use super::AppProps;
use super::actions::request;
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
    let confirm = {
        let (task, chosen, id) = (task.clone(), chosen.clone(), app.id);
        Callback::from(move |()| {
            if let Some(to) = chosen.as_ref().map(|chosen| chosen.id) {
                request(&context, &task, id, Trigger::Rollback { to });
            }
        })
    };
    let label = match &*chosen {
        Some(to) => format!("Roll back to deployment {}", to.number),
        None => "Roll back".to_owned(),
    };
    let actions = html! {
        <>
            <Button label="Cancel" onclick={props.close.clone()}/>
            <Button id="rollback-confirm" {label} look={Look::Primary} onclick={confirm} busy={task.busy()} disabled={chosen.is_none()}/>
        </>
    };
    html! {
        <Dialog id="rollback" title={format!("Roll back {}", app.name)} onclose={props.close.clone()} {actions}>
            { face(deployments, "the right to read deployments", |all| choices(all, serving, &chosen)) }
            if let Some(to) = &*chosen { <p class="will-happen">{ will_happen(to, app.serving.as_ref()) }</p> }
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

fn will_happen(to: &DeploymentView, serving: Option<&DeploymentView>) -> String {
    let now = match serving {
        Some(serving) => format!("deployment {} goes on serving until then", serving.number),
        None => "nothing serves until then".to_owned(),
    };
    format!(
        "The very image, variables and settings of deployment {} are started again beside what runs. When its tasks are healthy, \
         requests are led to them; {now}. Nothing is built, and requests in flight end where they began.",
        to.number
    )
}
