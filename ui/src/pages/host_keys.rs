//! The host keys on record: where each is from, and forgetting one that this app has recorded itself.

use slipway_protocol::desktop::{Failure, HostKey, RemoveHostKey, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::header::{Crumb, Header};
use crate::components::icon::Icon;
use crate::components::listing::{Column, Listed, Listing};
use crate::components::modal::Dialog;
use crate::components::remote::{Broken, Empty, Loading};
use crate::route::Route;
use crate::shell;
use crate::state::counter::use_counter;
use crate::state::task::use_task;
use crate::text;

#[function_component]
pub fn HostKeysPage() -> Html {
    let keys = use_state(|| None::<Result<Vec<HostKey>, Failure>>);
    let removing = use_state(|| None::<HostKey>);
    let (round, reload) = use_counter();
    {
        let keys = keys.setter();
        use_effect_with(round, move |_| {
            spawn_local(async move { keys.set(Some(shell::ask(command::LIST_HOST_KEYS).await)) });
        });
    }
    let close = {
        let removing = removing.setter();
        Callback::from(move |()| removing.set(None))
    };
    let ask = {
        let removing = removing.setter();
        Callback::from(move |key: HostKey| removing.set(Some(key)))
    };
    let inside = match &*keys {
        None => html! { <Loading/> },
        Some(Err(failure)) => html! { <Broken failure={failure.clone()} retry={reload.clone()}/> },
        Some(Ok(keys)) if keys.is_empty() => html! {
            <Empty icon={Icon::Key} title="No host key is on record"
                text="The first time that you connect to a server, its key is shown and recorded once you trust it."/>
        },
        Some(Ok(keys)) => table(keys, &ask),
    };
    let count = match &*keys {
        Some(Ok(keys)) => {
            html! { <span class="note-pill">{ text::count(keys.len(), "key", "keys") }</span> }
        }
        _ => html! {},
    };
    html! {
        <div class="page" data-testid="host-keys-page">
            <Header title="Host keys" state={count}
                crumbs={vec![Crumb::new("All clusters", Some(Route::Fleet)), Crumb::new("Settings of this app", Some(Route::Settings))]}/>
            <div class="content">{ inside }</div>
            if let Some(key) = &*removing { <ForgetDialog key={key.fingerprint.clone()} host_key={key.clone()} {close} {reload}/> }
        </div>
    }
}

fn table(keys: &[HostKey], ask: &Callback<HostKey>) -> Html {
    let end = {
        let ask = ask.clone();
        Callback::from(move |key: HostKey| {
            let id = format!("forget-{}", key.host);
            let (disabled, hint) = if key.removable {
                (false, "Forget this key")
            } else {
                (true, "It is in OpenSSH's own file, which this app only reads")
            };
            let onclick = ask.reform(move |()| key.clone());
            html! { <Button {id} label="Forget this key" icon={Icon::Trash} icon_only=true look={Look::Plain} {disabled} {hint} {onclick}/> }
        })
    };
    html! { <Card><Listing<HostKey> id="host-keys" items={keys.to_vec()} columns={columns()} {end}/></Card> }
}

impl Listed for HostKey {
    fn key(&self) -> String {
        format!("{} {}", self.host, self.fingerprint)
    }

    fn row_id(&self) -> String {
        format!("host-key-{}", self.host)
    }

    fn name(&self) -> String {
        host_words(&self.host).to_owned()
    }
}

fn columns() -> Vec<Column<HostKey>> {
    vec![
        Column::new("host", "Host", |key: &HostKey| {
            html! { <td class="clip mono" title={key.host.clone()}>{ host_words(&key.host) }</td> }
        })
        .by(|one, other| one.host.cmp(&other.host))
        .always(),
        Column::new(
            "type",
            "Type",
            |key: &HostKey| html! { <td>{ &key.key_type }</td> },
        )
        .by(|one, other| one.key_type.cmp(&other.key_type)),
        Column::new("fingerprint", "Fingerprint", fingerprint),
        Column::new("file", "Recorded in", |key: &HostKey| {
            html! { <td class="clip recorded secondary" title={key.file.clone()}>{ file_words(key) }</td> }
        })
        .by(|one, other| file_words(one).cmp(file_words(other))),
    ]
}

fn fingerprint(key: &HostKey) -> Html {
    let copied = {
        let fingerprint = key.fingerprint.clone();
        Callback::from(move |()| fingerprint.clone())
    };
    html! {
        <td class="says">
            <span class="digest"><code class="fingerprint-text">{ &key.fingerprint }</code><CopyButton label="Copy the fingerprint" text={copied}/></span>
        </td>
    }
}

/// Slipway's own file by its name, the others by their paths.
fn file_words(key: &HostKey) -> &str {
    if key.removable { "Slipway" } else { &key.file }
}

/// A hashed name says nothing to a person.
fn host_words(host: &str) -> &str {
    if host.starts_with("|1|") {
        "a hashed name"
    } else {
        host
    }
}

#[derive(PartialEq, Properties)]
struct ForgetProps {
    host_key: HostKey,
    close: Callback<()>,
    reload: Callback<()>,
}

#[function_component]
fn ForgetDialog(props: &ForgetProps) -> Html {
    let task = use_task();
    let forget = {
        let (task, close, reload) = (task.clone(), props.close.clone(), props.reload.clone());
        let request = RemoveHostKey {
            host: props.host_key.host.clone(),
            fingerprint: props.host_key.fingerprint.clone(),
        };
        Callback::from(move |()| {
            let (close, reload, request) = (close.clone(), reload.clone(), request.clone());
            task.run(async move {
                shell::call::<_, ()>(command::REMOVE_HOST_KEY, &request).await?;
                reload.emit(());
                close.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Keep it" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="forget-confirm" label="Forget this key" look={Look::Danger} submit=true busy={task.busy()}/>
        </>
    };
    html! {
        <Dialog id="forget-dialog" title={format!("Forget the key of {}", host_words(&props.host_key.host))}
            onclose={props.close.clone()} onsubmit={forget} stays={task.busy()} {actions}>
            <p class="fingerprint"><code>{ &props.host_key.fingerprint }</code></p>
            <p>{ "The next connection to this host asks whether its key is the right one, whichever it then shows. Do this only if the \
                  server was set up anew, and compare the new fingerprint with who runs it." }</p>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
