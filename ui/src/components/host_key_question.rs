//! The question whether a server that has never been seen is the right one.

use yew::prelude::*;

use super::button::{Button, Look};
use super::copy::CopyButton;
use super::modal::Dialog;

/// What the person runs on the server to compare.
const COMPARE: &str = "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub";

#[derive(PartialEq, Properties)]
pub struct HostKeyProps {
    pub host: AttrValue,
    pub port: u16,
    pub key_type: AttrValue,
    pub fingerprint: AttrValue,
    /// It is a jump host.
    #[prop_or_default]
    pub on_the_way: bool,
    pub busy: bool,
    pub accept: Callback<()>,
    pub refuse: Callback<()>,
}

#[function_component]
pub fn HostKeyQuestion(props: &HostKeyProps) -> Html {
    let command = compare_with(&props.key_type);
    let copied = command.clone();
    let fingerprint = props.fingerprint.to_string();
    let actions = html! {
        <>
            <Button id="host-key-refuse" label="Do not connect" onclick={props.refuse.clone()} disabled={props.busy}/>
            <Button id="host-key-accept" offline=true label="Trust and connect" look={Look::Primary} busy={props.busy}
                onclick={props.accept.clone()}/>
        </>
    };
    html! {
        <Dialog id="host-key-question" title={format!("Is this {}?", props.host)} onclose={props.refuse.clone()} {actions}>
            <p>{ format!("{} port {} has never been connected to from here. Its {} key has the fingerprint:",
                props.host, props.port, props.key_type) }</p>
            if props.on_the_way { <p>{ "It is a jump host: the way to the cluster leads through it." }</p> }
            <p class="fingerprint">
                <code data-testid="host-key-fingerprint">{ &props.fingerprint }</code>
                <CopyButton label="Copy the fingerprint" text={Callback::from(move |()| fingerprint.clone())}/>
            </p>
            <p>{ "Compare it with what this prints on the server:" }</p>
            <p class="command">
                <code>{ command }</code>
                <CopyButton label="Copy the command" text={Callback::from(move |()| copied.clone())}/>
            </p>
            <p class="faint">{ "Nothing has been sent to the server yet. If it is trusted, this key is remembered, and any other is refused." }</p>
        </Dialog>
    }
}

/// The command for the key's own kind.
fn compare_with(key_type: &str) -> String {
    if key_type.contains("ecdsa") {
        COMPARE.replace("ed25519", "ecdsa")
    } else if key_type.contains("rsa") {
        COMPARE.replace("ed25519", "rsa")
    } else {
        COMPARE.to_owned()
    }
}
