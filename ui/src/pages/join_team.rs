//! Taking an invitation into another team, with the account that is signed in.

use slipway_protocol::Secret;
use slipway_protocol::api::JoinTeam;
use slipway_protocol::identity::InvitationCode;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, into_state};
use crate::components::modal::Dialog;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;
use crate::state::teams;

#[derive(PartialEq, Properties)]
pub struct JoinProps {
    pub close: Callback<()>,
}

#[function_component]
pub fn JoinDialog(props: &JoinProps) -> Html {
    let context = use_cluster();
    let fleet = use_fleet();
    let code = use_state(String::new);
    let task = use_task();
    let now = context
        .me
        .get()
        .and_then(|me| me.membership(context.cluster.team));
    let now = now.map(|now| now.team);
    let join = {
        let (task, code, close, cluster) = (task.clone(), code.clone(), props.close.clone(), context.id());
        Callback::from(move |()| {
            let body = InvitationCode {
                code: Secret::new(code.trim().to_owned()),
            };
            let (fleet, close) = (fleet.clone(), close.clone());
            task.run(async move {
                let joined = shell::api(cluster, JoinTeam { body }).await?;
                teams::choose(&fleet, cluster, now, joined.team).await?;
                close.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Cancel" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="join-submit" label="Join the team" look={Look::Primary} submit=true busy={task.busy()}
                disabled={code.trim().is_empty()}/>
        </>
    };
    html! {
        <Dialog id="join-dialog" title="Join another team" onclose={props.close.clone()} onsubmit={join} stays={task.busy()} {actions}>
            <p class="field-hint">{ "Enter the code that an owner of the other team has given you. Your account stays the same; you switch between your teams at the foot of the sidebar." }</p>
            <Field id="join-code" label="Invitation" value={(*code).clone()} onchange={into_state(&code)} mono=true autofocus=true/>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
