//! The card of what waits: settings and variables that changed since the serving release was made, and how they take effect.

use slipway_protocol::deployment::Trigger;
use slipway_protocol::plan::{Downtime, PlanView};
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::AppProps;
use super::plan::{PlanDialog, applies, use_kept_plan};
use crate::components::button::Button;
use crate::components::failure::FormError;
use crate::rights::FOR_DEVELOPERS;
use crate::state::api::LIST;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::text;

#[function_component]
pub fn Pending(props: &AppProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let open = use_state_eq(|| None::<Trigger>);
    let set = |what: Option<Trigger>| {
        let open = open.setter();
        Callback::from(move |()| open.set(what.clone()))
    };
    let app = &props.app;
    let plan = use_kept_plan(app.id, Trigger::Reload, LIST);
    let seen = plan.get();
    let builds = seen.is_some_and(needs_a_build);
    let trigger = if builds { Trigger::Deploy } else { Trigger::Reload };
    let reload = applies(&context, &task, app.id, Some(Trigger::Reload), &plan);
    let smooth = seen.is_some_and(|seen| seen.downtime == Downtime::None) && !builds;
    let may = context.may(Resource::Deployment, Action::Run);
    let hint = (!may).then_some(AttrValue::Static(FOR_DEVELOPERS));
    let failure = task.failure().or_else(|| plan.failure.clone());
    html! {
        <div class="pending-banner" data-testid="pending-changes" role="status">
            <strong>{ waits(seen) }</strong>
            if builds { <span>{ "The source or its build changed: a deployment has to make a new image." }</span> }
            <span class="grow"/>
            // It is known late whether this is there: it must not push the other one away from under the mouse.
            if smooth {
                <Button id="pending-reload" label="Reload now, no downtime" acts=true onclick={reload} busy={task.busy()} disabled={!may} {hint}/>
            }
            <Button id="pending-plan" label="Show plan" acts=true onclick={set(Some(trigger.clone()))}/>
            <FormError {failure}/>
            if let Some(trigger) = (*open).clone() { <PlanDialog app={app.clone()} {trigger} close={set(None)}/> }
        </div>
    }
}

fn waits(plan: Option<&PlanView>) -> String {
    match plan.map(|plan| plan.changes.len()) {
        None | Some(0) => "Changes wait for a deployment".to_owned(),
        Some(count) => format!(
            "{} for a deployment",
            text::count(count, "setting waits", "settings wait")
        ),
    }
}

/// A reload would keep the image that there is.
fn needs_a_build(plan: &PlanView) -> bool {
    let made = |what: &str| what.starts_with("source.") || what.starts_with("build.");
    plan.changes.iter().any(|change| made(&change.what))
}
