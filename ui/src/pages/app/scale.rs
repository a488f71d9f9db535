//! Another number of tasks, with its plan as soon as the number is one.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::settings::Replicas;
use yew::prelude::*;

use super::plan::{applies, meaning, use_plan};
use super::plan_view::plan_view;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, complaint, into_state};
use crate::components::modal::Dialog;
use crate::components::remote::face;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::units::Amount;

#[derive(PartialEq, Properties)]
pub struct ScaleProps {
    pub app: Rc<ApplicationView>,
    pub close: Callback<()>,
}

#[function_component]
pub fn ScaleDialog(props: &ScaleProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let app = &props.app;
    let typed = use_state(|| app.settings.replicas.write());
    let parsed = Replicas::read(&typed);
    let trigger = parsed.clone().ok().map(|replicas| Trigger::Scale { replicas });
    let plan = use_plan(app.id, trigger.clone());
    let confirm = applies(&context, &task, app.id, trigger.clone(), &plan);
    let known = trigger.is_some() && plan.get().is_some();
    let actions = html! {
        <>
            <Button label="Not now" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="scale-apply" label="Scale" look={Look::Primary} submit=true busy={task.busy()} disabled={!known || !plan.live}/>
        </>
    };
    let error = complaint(typed.trim(), true, parsed);
    html! {
        <Dialog id="scale-dialog" title={format!("Scale {}", app.name)} onclose={props.close.clone()} onsubmit={confirm} stays={task.busy()} {actions}>
            <Field id="scale-replicas" label="Tasks" value={(*typed).clone()} onchange={into_state(&typed)} {error} autofocus=true
                hint="From 1 to 50. Later deployments keep the number."/>
            if let Some(trigger) = &trigger {
                <p class="will-happen">{ meaning(trigger) }</p>
                { face(&plan, "the right to read deployments", |plan| plan_view(plan, true)) }
            }
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
