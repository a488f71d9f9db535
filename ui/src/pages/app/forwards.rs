//! Ports of this machine that lead to the application's containers. One that leads there already is offered instead of another one.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::desktop::{LocalForward, OpenForward, OpenUrl, command};
use slipway_protocol::settings::Port;
use slipway_protocol::{Action, Resource};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::field::{Field, complaint, into_state};
use crate::components::modal::Dialog;
use crate::components::select::{Choice, Select};
use crate::frame::forwards::{ForwardList, is_http};
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
    let its_port = app.settings.port.and_then(|port| leading_to(&own, port));
    let label = match its_port {
        Some(_) => "Forward another port…",
        None => "Forward a port…",
    };
    html! {
        <>
            if !own.is_empty() { <ForwardList forwards={own.clone()}/> }
            <Button id="forward-open" {label} disabled={hint.is_some()} hint={hint.map(AttrValue::Static)} onclick={show}/>
            if *asked { <ForwardDialog app={app.clone()} {own} close={hide}/> }
        </>
    }
}

/// The one of them that leads to this port of the container.
fn leading_to(own: &[LocalForward], port: Port) -> Option<&LocalForward> {
    own.iter().find(|one| one.port == port)
}

#[derive(PartialEq, Properties)]
struct ForwardDialogProps {
    app: Rc<ApplicationView>,
    /// Those that lead to it already.
    own: Vec<LocalForward>,
    close: Callback<()>,
}

#[function_component]
fn ForwardDialog(props: &ForwardDialogProps) -> Html {
    let cluster = use_cluster().id();
    let task = use_task();
    let app = &props.app;
    let typed = use_state(|| {
        let free = app
            .settings
            .port
            .filter(|port| leading_to(&props.own, *port).is_none());
        free.map(|port| port.write()).unwrap_or_default()
    });
    let idle = use_state_eq(|| Some(IDLE));
    let parsed = Port::read(&typed);
    let there = parsed
        .as_ref()
        .ok()
        .and_then(|port| leading_to(&props.own, *port))
        .cloned();
    let submit = {
        let (task, close, parsed, idle_minutes) = (task.clone(), props.close.clone(), parsed.clone(), *idle);
        let (application, name, http) = (app.id, app.name.to_string(), app.settings.port);
        let there = there.clone();
        Callback::from(move |()| {
            let Ok(port) = parsed else { return };
            let (close, name, there) = (close.clone(), name.clone(), there.clone());
            task.run(async move {
                if let Some(there) = there {
                    if is_http(&there.url) {
                        shell::call::<_, ()>(command::OPEN_URL, &OpenUrl { url: there.url }).await?;
                    }
                    close.emit(());
                    return Ok(());
                }
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
    let error = complaint(typed.trim(), false, parsed.clone());
    let verb = match &there {
        Some(there) if is_http(&there.url) => "Open in the browser",
        Some(_) => "Close",
        None => "Forward",
    };
    let actions = html! {
        <>
            <Button label="Not now" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="forward-confirm" label={verb} look={Look::Primary} submit=true busy={task.busy()} disabled={parsed.is_err()}
                offline={there.is_some()}/>
        </>
    };
    html! {
        <Dialog id="forward-dialog" title={format!("Forward a port of {}", app.name)} onclose={props.close.clone()} onsubmit={submit} stays={task.busy()} {actions}>
            <p>{ "A port of this machine leads to a port in the container, over the connection to the cluster. Nothing is published on the server, and only this machine reaches it." }</p>
            <Field id="forward-port" label="Port in the container" value={(*typed).clone()} onchange={into_state(&typed)} {error} autofocus=true
                hint="The same number is used here if it is free, otherwise another one."/>
            if let Some(there) = &there {
                { already(there) }
            } else {
                <Select id="forward-idle" label="Close it when nobody used it for" {choices} {chosen} {onchange}/>
            }
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}

/// It need not be opened twice.
fn already(there: &LocalForward) -> Html {
    let url = there.url.clone();
    html! {
        <p role="status" data-testid="forward-already">
            { format!("Port {} is forwarded already: ", there.port.get()) }<code>{ &there.url }</code>
            <CopyButton label="Copy the address" text={Callback::from(move |()| url.clone())}/>
        </p>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "018f0000-0000-7000-8000-000000000001";

    /// FR-CON-13: a port that is forwarded already is found by the container's port, not by that of this machine.
    #[test]
    fn a_port_is_not_forwarded_twice() {
        let port = |number: u64| Port::try_from(number).unwrap();
        let forward = |to: u64, here: u16| LocalForward {
            number: 1,
            cluster: ID.parse().unwrap(),
            application: ID.parse().unwrap(),
            name: "web".to_owned(),
            port: port(to),
            url: format!("http://127.0.0.1:{here}"),
            connections: 0,
            total: 0,
            failure: None,
            idle_minutes: None,
        };
        let own = [forward(8080, 9000), forward(9001, 8081)];
        let found = leading_to(&own, port(8080)).map(|one| one.url.as_str());
        assert_eq!(found, Some("http://127.0.0.1:9000"));
        assert_eq!(leading_to(&own, port(9000)), None);
        assert_eq!(leading_to(&[], port(8080)), None);
    }
}
