//! What can be done with a deployment: cancel it while it runs, compare it with another, go back to it.

use std::rc::Rc;

use slipway_protocol::api::CancelDeployment;
use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::{DeploymentStatus, DeploymentView, Trigger};
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use super::compare::CompareDialog;
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::icon::Icon;
use crate::pages::app::plan::PlanDialog;
use crate::rights::FOR_DEVELOPERS;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

#[derive(Clone, Copy, PartialEq)]
enum Open {
    Nothing,
    Compare,
    RollBack,
}

#[derive(PartialEq, Properties)]
pub struct ActionsProps {
    pub view: Rc<DeploymentView>,
    /// As soon as it is known.
    pub app: Option<Rc<ApplicationView>>,
}

#[function_component]
pub fn Actions(props: &ActionsProps) -> Html {
    let context = use_cluster();
    let open = use_state_eq(|| Open::Nothing);
    let set = |what: Open| {
        let open = open.setter();
        Callback::from(move |()| open.set(what))
    };
    let view = &props.view;
    let close = set(Open::Nothing);
    let may = context.may(Resource::Deployment, Action::Run);
    let back = props.app.clone().filter(|app| {
        let serves = app.serving.as_ref().is_some_and(|serving| serving.id == view.id);
        view.can_roll_back_to && !serves
    });
    html! {
        <>
            <Button id="compare" label="Compare…" acts=true onclick={set(Open::Compare)}/>
            if back.is_some() {
                <Button id="roll-back-here" label="Roll back to this…" icon={Icon::Undo} acts=true onclick={set(Open::RollBack)} disabled={!may}
                    hint={(!may).then_some(AttrValue::Static(FOR_DEVELOPERS))}/>
            }
            <Cancel view={view.clone()}/>
            { match (*open, back) {
                (Open::Compare, _) => html! { <CompareDialog view={(**view).clone()} {close}/> },
                (Open::RollBack, Some(app)) => html! { <PlanDialog {app} trigger={Trigger::Rollback { to: view.id }} {close}/> },
                (Open::RollBack, None) | (Open::Nothing, _) => html! {},
            } }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct CancelProps {
    view: Rc<DeploymentView>,
}

/// The wish to stop; what was begun is then taken back.
#[function_component]
fn Cancel(props: &CancelProps) -> Html {
    let context = use_cluster();
    let task = use_task();
    let view = &props.view;
    if view.status.is_final() {
        return html! {};
    }
    let deployment = view.id;
    let onclick = task.sends(context.id(), CancelDeployment { deployment }, Callback::noop());
    let may = context.may(Resource::Deployment, Action::Run);
    let unwinding = view.status == DeploymentStatus::Unwinding;
    let hint = if may {
        "What it began is taken back; what serves goes on"
    } else {
        FOR_DEVELOPERS
    };
    html! {
        <>
            <Button id="cancel-deployment" label={if unwinding { "Being taken back" } else { "Cancel" }} look={Look::Danger} {onclick}
                busy={task.busy()} disabled={!may || unwinding} {hint}/>
            <div class="action-failure"><FormError failure={task.failure()}/></div>
        </>
    }
}
