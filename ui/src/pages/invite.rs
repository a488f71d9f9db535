//! Inviting somebody: a role, then a code that is shown once.

use chrono::{DateTime, Utc};
use slipway_protocol::Role;
use slipway_protocol::api::CreateInvitation;
use slipway_protocol::identity::NewInvitation;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::modal::Dialog;
use crate::components::segmented::{Segment, Segmented};
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;
use crate::text;

#[derive(PartialEq, Properties)]
pub struct InviteProps {
    pub close: Callback<()>,
}

/// A code as long as its dialog is open.
#[derive(Clone, PartialEq)]
struct Made {
    code: String,
    expires_at: DateTime<Utc>,
}

#[function_component]
pub fn InviteDialog(props: &InviteProps) -> Html {
    let context = use_cluster();
    let role = use_state_eq(|| Role::Developer);
    let made = use_state(|| None::<Made>);
    let task = use_task();
    let choose = {
        let role = role.setter();
        Callback::from(move |chosen| role.set(chosen))
    };
    let create = {
        let (task, made, body) = (task.clone(), made.setter(), NewInvitation { role: *role });
        Callback::from(move |()| {
            let (cluster, made, body) = (context.id(), made.clone(), body.clone());
            task.run(async move {
                let view = shell::api(cluster, CreateInvitation { body }).await?;
                made.set(Some(Made {
                    code: view.code.into_exposed(),
                    expires_at: view.expires_at,
                }));
                Ok(())
            });
        })
    };
    if let Some(made) = &*made {
        return shown_once(made, &props.close);
    }
    let segments = vec![
        Segment::new(Role::Viewer, "role-viewer", "Viewer"),
        Segment::new(Role::Developer, "role-developer", "Developer"),
        Segment::new(Role::Admin, "role-admin", "Admin"),
        Segment::new(Role::Owner, "role-owner", "Owner"),
    ];
    let actions = html! {
        <>
            <Button label="Cancel" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="invite-create" label="Make an invitation" look={Look::Primary} submit=true busy={task.busy()}/>
        </>
    };
    html! {
        <Dialog id="invite-dialog" title="Invite somebody" onclose={props.close.clone()} onsubmit={create} stays={task.busy()} {actions}>
            <Segmented<Role> label="Role" {segments} chosen={*role} onchange={choose}/>
            <p class="field-hint">{ may(*role) }</p>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}

fn shown_once(made: &Made, close: &Callback<()>) -> Html {
    let code = made.code.clone();
    let actions = html! { <Button id="invite-done" offline=true label="Done" look={Look::Primary} onclick={close.clone()}/> };
    html! {
        <Dialog id="invite-dialog" title="The invitation" onclose={close.clone()} stays=true {actions}>
            <p>{ "Give this code to the person. It is shown only now, and works once." }</p>
            <p class="command">
                <code data-testid="invite-code">{ &made.code }</code>
                <CopyButton id="invite-copy" label="Copy the code" text={Callback::from(move |()| code.clone())}/>
            </p>
            <p class="field-hint">{ format!("It ends {}. They add the cluster in their app and choose Invitation.",
                text::absolute(made.expires_at)) }</p>
        </Dialog>
    }
}

fn may(role: Role) -> &'static str {
    match role {
        Role::Viewer => "Sees projects, applications, deployments and logs.",
        Role::Developer => {
            "Also makes, changes and deploys applications, with their variables, domains and credentials; opens terminals in their containers, and forwards their ports."
        }
        Role::Admin => {
            "Also makes and deletes projects, deletes applications, reads every secret and the audit log, and opens a terminal on the server itself."
        }
        Role::Owner => "May do everything, and invites others.",
    }
}
