//! Sharing connections: a file with addresses and looks, and nothing secret.

use std::collections::BTreeSet;

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{ShareClusters, SharedClusters, command};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::modal::Dialog;
use crate::shell;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct ShareProps {
    pub close: Callback<()>,
}

#[function_component]
pub fn ShareDialog(props: &ShareProps) -> Html {
    let (fleet, task) = (use_fleet(), use_task());
    let left_out = use_state(BTreeSet::<String>::new);
    let made = use_state(|| None::<SharedClusters>);
    let chosen: Vec<ClusterId> = fleet
        .clusters()
        .iter()
        .filter(|one| one.way.is_some() && !left_out.contains(&one.name))
        .map(|one| one.id)
        .collect();
    let nothing = chosen.is_empty();
    let make = |save: bool| {
        let (task, made, chosen) = (task.clone(), made.setter(), chosen.clone());
        Callback::from(move |()| {
            let (made, clusters) = (made.clone(), chosen.clone());
            task.run(async move {
                let request = ShareClusters { clusters, save };
                made.set(Some(shell::call(command::SHARE_CLUSTERS, &request).await?));
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Close" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="share-show" label="Show the text" busy={task.busy()} disabled={nothing} onclick={make(false)}
                hint={nothing.then_some("Choose a cluster")}/>
            <Button id="share-save" label="Save to Downloads" look={Look::Primary} submit=true busy={task.busy()} disabled={nothing}
                hint={nothing.then_some("Choose a cluster")}/>
        </>
    };
    let row = |name: &String, local: bool| {
        let (left_out, made, key) = (left_out.clone(), made.setter(), name.clone());
        let checked = !local && !left_out.contains(name);
        let onchange = Callback::from(move |event: Event| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                let mut next = (*left_out).clone();
                if input.checked() {
                    next.remove(&key);
                } else {
                    next.insert(key.clone());
                }
                left_out.set(next);
                // What is shown is of others.
                made.set(None);
            }
        });
        html! {
            <li key={name.clone()}>
                <label class="check">
                    <input type="checkbox" data-testid={format!("share-{name}")} {checked} disabled={local} {onchange}
                        title={local.then_some("This machine is another one for everybody else")}/>
                    <span>{ name }</span>
                </label>
            </li>
        }
    };
    html! {
        <Dialog id="share-dialog" title="Share connections" onclose={props.close.clone()} onsubmit={make(true)} stays={task.busy()} {actions}>
            <p>{ "The file holds addresses, users, the way to sign in and how clusters look. It holds no password, key, session or \
                  e-mail address: who gets it signs in as themselves." }</p>
            <ul class="import-list">{ for fleet.clusters().iter().map(|one| row(&one.name, one.way.is_none())) }</ul>
            if let Some(made) = &*made { { result(made) } }
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}

fn result(made: &SharedClusters) -> Html {
    let text = made.text.clone();
    html! {
        <>
            if let Some(path) = &made.path { <p role="status">{ "Written to " }<code class="wrap">{ path }</code></p> }
            <div class="shared-text">
                <pre data-testid="share-text" tabindex="0">{ &made.text }</pre>
                <CopyButton id="share-copy" label="Copy the text" text={Callback::from(move |()| text.clone())}/>
            </div>
        </>
    }
}
