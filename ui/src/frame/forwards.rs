//! How many ports of this machine lead into clusters, and the list of them.

use slipway_protocol::desktop::{Failure, LocalForward, OfForward, OpenUrl, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::copy::CopyButton;
use crate::components::icon::Icon;
use crate::components::modal::Dialog;
use crate::shell;
use crate::state::forwards::use_forwards;
use crate::state::task::use_task;
use crate::text;
use crate::units::seconds;

/// The status bar's part: nothing as long as there is none.
#[function_component]
pub fn ForwardsCount() -> Html {
    let forwards = use_forwards();
    let shown = use_state_eq(|| false);
    let open = {
        let shown = shown.setter();
        Callback::from(move |_: MouseEvent| shown.set(true))
    };
    let close = {
        let shown = shown.setter();
        Callback::from(move |()| shown.set(false))
    };
    let actions =
        html! { <Button id="forwards-close" label="Close" look={Look::Primary} submit=true offline=true/> };
    html! {
        <>
            if !forwards.is_empty() {
                <button type="button" class="status-button" data-testid="forwards-count" aria-haspopup="dialog" onclick={open}>
                    { text::count(forwards.len(), "port forward", "port forwards") }
                </button>
            }
            if *shown {
                <Dialog id="forwards-dialog" title="Forwarded ports" onclose={close.clone()} onsubmit={close} {actions}>
                    if forwards.is_empty() { <p>{ "None is open any more." }</p> } else { <ForwardList forwards={(*forwards).clone()} names=true/> }
                </Dialog>
            }
        </>
    }
}

#[derive(PartialEq, Properties)]
pub struct ForwardListProps {
    pub forwards: Vec<LocalForward>,
    /// Whose they are is said.
    #[prop_or_default]
    pub names: bool,
}

/// Open ports: the address, how it is used, and the button that closes it.
#[function_component]
pub fn ForwardList(props: &ForwardListProps) -> Html {
    let row = |forward: &LocalForward| {
        let url = forward.url.clone();
        let number = forward.number;
        let stop = Callback::from(move |()| {
            spawn_local(async move {
                // One that has ended is gone from the list.
                let _: Result<(), Failure> = shell::call(command::STOP_FORWARD, &OfForward { number }).await;
            });
        });
        html! {
            <li key={number} data-testid={format!("forward-{}", forward.port.get())}>
                <div class="forward-address">
                    <code data-testid={format!("forward-url-{}", forward.port.get())}>{ &forward.url }</code>
                    <CopyButton id={format!("forward-copy-{}", forward.port.get())} label="Copy the address" text={Callback::from(move |()| url.clone())}/>
                    if is_http(&forward.url) { <OpenInBrowser url={forward.url.clone()} port={forward.port.get()}/> }
                </div>
                <Button id={format!("forward-stop-{}", forward.port.get())} label="Stop" hint="Closes the port and what is connected to it" onclick={stop}/>
                <span class="faint">{ use_of(forward, props.names) }</span>
                if let Some(failure) = &forward.failure { <p class="field-error" role="status">{ failure }</p> }
            </li>
        }
    };
    html! { <ul class="forwards">{ for props.forwards.iter().map(row) }</ul> }
}

/// A browser shows it.
pub fn is_http(url: &str) -> bool {
    url.starts_with("http://") || url.starts_with("https://")
}

#[derive(PartialEq, Properties)]
struct OpenProps {
    url: String,
    port: u16,
}

#[function_component]
fn OpenInBrowser(props: &OpenProps) -> Html {
    let task = use_task();
    let onclick = {
        let (task, url) = (task.clone(), props.url.clone());
        Callback::from(move |()| {
            let url = url.clone();
            task.run(async move { shell::call(command::OPEN_URL, &OpenUrl { url }).await });
        })
    };
    let failed = task.failure().map(|failure| failure.sentence);
    html! {
        <>
            <Button id={format!("forward-browse-{}", props.port)} label="Open in the browser" icon={Icon::External} icon_only=true
                look={Look::Plain} busy={task.busy()} {onclick}/>
            if let Some(failed) = failed { <p class="field-error" role="alert">{ failed }</p> }
        </>
    }
}

fn use_of(forward: &LocalForward, names: bool) -> String {
    let open = match (forward.connections, forward.idle_minutes) {
        (0, None) => "not used now".to_owned(),
        (0, Some(minutes)) => {
            let after = seconds(u64::from(minutes) * 60);
            format!("not used now, closes by itself after {after} without a connection")
        }
        (count, _) => text::count(count as usize, "connection", "connections"),
    };
    if names {
        format!("{}, port {}: {open}", forward.name, forward.port.get())
    } else {
        format!("to port {}: {open}", forward.port.get())
    }
}
