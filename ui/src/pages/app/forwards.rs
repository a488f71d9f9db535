//! Ports of this machine that lead to the application's containers: one click opens the application's own, a dialog any other.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::desktop::{LocalForward, OpenForward, command};
use slipway_protocol::settings::Port;
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, complaint, into_state};
use crate::components::modal::Dialog;
use crate::components::select::{Choice, Select};
use crate::frame::forwards::ForwardList;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::forwards::use_forwards;
use crate::state::task::use_task;
use crate::units::Amount;

/// A port that nobody uses closes after so many minutes, if nothing else is chosen.
const IDLE: u32 = 60;

#[derive(PartialEq, Properties)]
pub struct ForwardsProps {
    pub app: Rc<ApplicationView>,
}

#[function_component]
pub fn Forwards(props: &ForwardsProps) -> Html {
    let context = use_cluster();
    let all = use_forwards();
    let asked = use_state_eq(|| false);
    let app = &props.app;
    let own: Vec<LocalForward> = all
        .iter()
        .filter(|one| one.cluster == context.id() && one.application == app.id)
        .cloned()
        .collect();
    let may = context.may(Resource::Forward, Action::Run);
    let hint = if !may {
        Some("Your role does not allow this; it needs developer or above")
    } else if app.serving.is_none() {
        Some("Nothing runs yet")
    } else {
        None
    };
    let show = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(true))
    };
    let hide = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(false))
    };
    html! {
        <>
            if !own.is_empty() { <ForwardList forwards={own}/> }
            <Button id="forward-open" label="Forward a port…" disabled={hint.is_some()} hint={hint.map(AttrValue::Static)} onclick={show}/>
            if *asked { <ForwardDialog app={app.clone()} close={hide}/> }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct ForwardDialogProps {
    app: Rc<ApplicationView>,
    close: Callback<()>,
}

#[function_component]
fn ForwardDialog(props: &ForwardDialogProps) -> Html {
    let cluster = use_cluster().id();
    let task = use_task();
    let app = &props.app;
    let typed = use_state(|| app.settings.port.map(|port| port.write()).unwrap_or_default());
    let idle = use_state_eq(|| Some(IDLE));
    let parsed = Port::read(&typed);
    let submit = {
        let (task, close, parsed, idle_minutes) = (task.clone(), props.close.clone(), parsed.clone(), *idle);
        let (application, name, http) = (app.id, app.name.to_string(), app.settings.port);
        Callback::from(move |()| {
            let Ok(port) = parsed else { return };
            let (close, name) = (close.clone(), name.clone());
            task.run(async move {
                let request = OpenForward {
                    cluster,
                    application,
                    name,
                    port,
                    http,
                    idle_minutes,
                };
                shell::call::<_, LocalForward>(command::OPEN_FORWARD, &request).await?;
                close.emit(());
                Ok(())
            });
        })
    };
    let choices = [
        ("15", "15 minutes"),
        ("60", "one hour"),
        ("480", "8 hours"),
        ("", "never"),
    ];
    let choices = choices.map(|(value, label)| Choice::new(value, label)).to_vec();
    let onchange = {
        let idle = idle.setter();
        Callback::from(move |text: String| idle.set(text.parse().ok()))
    };
    let chosen = idle.map(|minutes| minutes.to_string()).unwrap_or_default();
    let error = complaint(typed.trim(), true, parsed.clone());
    let actions = html! {
        <>
            <Button label="Not now" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="forward-confirm" label="Forward" look={Look::Primary} submit=true busy={task.busy()} disabled={parsed.is_err()}/>
        </>
    };
    html! {
        <Dialog id="forward-dialog" title={format!("Forward a port of {}", app.name)} onclose={props.close.clone()} onsubmit={submit} stays={task.busy()} {actions}>
            <p>{ "A port of this machine leads to a port in the container, over the connection to the cluster. Nothing is published on the server, and only this machine reaches it." }</p>
            <Field id="forward-port" label="Port in the container" value={(*typed).clone()} onchange={into_state(&typed)} {error} autofocus=true
                hint="The same number is used here if it is free, otherwise another one."/>
            <Select id="forward-idle" label="Close it when nobody used it for" {choices} {chosen} {onchange}/>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
