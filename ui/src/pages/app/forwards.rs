//! Ports of this machine that lead to the application's containers: the one that is meant most often at one click, any other one from a dialog.
//! One that leads there already is offered instead of another one.

use std::rc::Rc;

use slipway_protocol::application::ApplicationView;
use slipway_protocol::desktop::{Failure, LocalForward, OpenForward, OpenUrl, command};
use slipway_protocol::settings::{ApplicationSettings, Port, PortProtocol};
use slipway_protocol::{Action, ClusterId, Resource};
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
use crate::state::forwarded::{remember, use_forwarded};
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
    let opening = use_task();
    let app = &props.app;
    let last = use_forwarded(app.id);
    let own: Vec<LocalForward> = all
        .iter()
        .filter(|one| one.cluster == context.id() && one.application == app.id)
        .cloned()
        .collect();
    let may = context.may(Resource::Forward, Action::Run);
    let hint = if !may {
        Some(AttrValue::Static(
            "Your role does not allow this; it needs developer or above",
        ))
    } else if app.serving.is_none() {
        Some(AttrValue::Static("Nothing runs yet"))
    } else {
        context.out_of_reach()
    };
    let show = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(true))
    };
    let hide = {
        let asked = asked.setter();
        Callback::from(move |()| asked.set(false))
    };
    let at_once = meant(&app.settings, last).filter(|port| leading_to(&own, *port).is_none());
    let open_at_once = at_once.map(|port| {
        let (task, app, cluster) = (opening.clone(), app.clone(), context.id());
        Callback::from(move |()| {
            let app = app.clone();
            task.run(async move { open(cluster, &app, port, Some(IDLE)).await });
        })
    });
    let disabled = hint.is_some();
    let another = if own.is_empty() {
        "Forward a port…"
    } else {
        "Forward another port…"
    };
    html! {
        <>
            if !own.is_empty() { <ForwardList forwards={own.clone()}/> }
            <div class="forward-buttons">
                if let (Some(port), Some(onclick)) = (at_once, open_at_once) {
                    <Button id="forward-open" label={format!("Forward port {}", port.get())} {disabled} busy={opening.busy()} {onclick}
                        hint={hint.clone().unwrap_or(AttrValue::Static("Leads a port of this machine there, until nobody has used it for an hour"))}/>
                    <Button id="forward-choose" label="Another port…" {disabled} {hint} onclick={show}/>
                } else {
                    <Button id="forward-open" label={another} {disabled} {hint} onclick={show}/>
                }
            </div>
            <FormError failure={opening.failure()}/>
            if *asked { <ForwardDialog app={app.clone()} {own} close={hide}/> }
        </>
    }
}

/// The port that is opened at one click: the only one that is known; where there are several, the one that was forwarded last, or that on which
/// the application speaks HTTP. None where no port is known.
fn meant(settings: &ApplicationSettings, last: Option<Port>) -> Option<Port> {
    let tcp = settings
        .container
        .host_ports
        .iter()
        .filter(|one| one.protocol == PortProtocol::Tcp);
    let mut known: Vec<Port> = settings.port.into_iter().collect();
    for one in tcp {
        if !known.contains(&one.target) {
            known.push(one.target);
        }
    }
    match known[..] {
        [only] => Some(only),
        _ => last.or(known.first().copied()),
    }
}

/// Opens a port of this machine, and remembers which one was wished.
async fn open(
    cluster: ClusterId,
    app: &ApplicationView,
    port: Port,
    idle_minutes: Option<u32>,
) -> Result<(), Failure> {
    let request = OpenForward {
        cluster,
        application: app.id,
        name: app.name.to_string(),
        port,
        http: app.settings.port,
        idle_minutes,
    };
    shell::call::<_, LocalForward>(command::OPEN_FORWARD, &request).await?;
    remember(app.id, port);
    Ok(())
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
        let (app, there) = (app.clone(), there.clone());
        Callback::from(move |()| {
            let Ok(port) = parsed else { return };
            let (close, app, there) = (close.clone(), app.clone(), there.clone());
            task.run(async move {
                match there {
                    Some(there) if is_http(&there.url) => {
                        shell::call::<_, ()>(command::OPEN_URL, &OpenUrl { url: there.url }).await?;
                    }
                    Some(_) => {}
                    None => open(cluster, &app, port, idle_minutes).await?,
                }
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

    /// FR-CON-13: at one click the only known port is opened; of several the one that was forwarded last, or that of HTTP; where none is known it is
    /// asked for.
    #[test]
    fn one_click_opens_the_port_that_is_meant() {
        let settings = |more: serde_json::Value| -> ApplicationSettings {
            let mut all = serde_json::json!({ "source": { "kind": "git", "url": "https://example.org/a.git", "ref": "main" } });
            for (name, value) in more.as_object().unwrap() {
                all[name] = value.clone();
            }
            serde_json::from_value(all).unwrap()
        };
        let port = Port::fixed;
        let web = settings(serde_json::json!({ "port": 8080 }));
        assert_eq!(meant(&web, None), Some(port(8080)));
        assert_eq!(meant(&web, Some(port(9000))), Some(port(8080)), "it has one port");
        let both = settings(serde_json::json!({
            "port": 8080,
            "container": { "host_ports": [{ "port": 80, "target": 8080 }, { "port": 5432, "target": 5432 }] },
        }));
        assert_eq!(meant(&both, None), Some(port(8080)));
        assert_eq!(meant(&both, Some(port(5432))), Some(port(5432)));
        let dns = settings(serde_json::json!({
            "container": { "host_ports": [{ "port": 53, "target": 53, "protocol": "udp" }] },
        }));
        assert_eq!(meant(&dns, None), None, "nothing of TCP is known");
        assert_eq!(meant(&dns, Some(port(9000))), Some(port(9000)));
    }
}
