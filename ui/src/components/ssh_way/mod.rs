//! The way to a server over SSH: where it is, how somebody signs in to it, and over which hosts. Texts as they are typed, and the fields for them.

mod hosts;
mod sign_in;

use slipway_protocol::desktop::{SshAuth, SshWay};
use yew::prelude::*;

use self::hosts::{HostRows, HostText};
pub use self::sign_in::{SignInFields, SignInText, use_sign_in_text};
use crate::components::button::{Button, Look};
use crate::components::field::{Field, Kind, into_state};

/// What is typed.
#[derive(Clone, PartialEq)]
pub struct WayText {
    pub host: UseStateHandle<String>,
    port: UseStateHandle<String>,
    user: UseStateHandle<String>,
    pub sign_in: SignInText,
    socket: UseStateHandle<String>,
    jump: UseStateHandle<Vec<HostText>>,
    entries: UseStateHandle<Vec<HostText>>,
}

/// The same as plain texts: what the fields begin with.
#[derive(Clone, Debug, PartialEq)]
pub struct WayBegun {
    host: String,
    port: String,
    user: String,
    auth: SshAuth,
    socket: String,
    jump: Vec<HostText>,
    entries: Vec<HostText>,
}

impl Default for WayBegun {
    fn default() -> Self {
        Self {
            host: String::new(),
            port: "22".to_owned(),
            user: String::new(),
            auth: SshAuth::Agent,
            socket: String::new(),
            jump: Vec::new(),
            entries: Vec::new(),
        }
    }
}

impl WayBegun {
    /// The host as it was typed.
    pub fn host(&self) -> &str {
        self.host.trim()
    }

    /// A way that there is.
    pub fn of(way: &SshWay) -> Self {
        Self {
            host: way.host.clone(),
            port: way.port.to_string(),
            user: way.user.clone(),
            auth: way.auth.clone(),
            socket: way.agent_socket.clone().unwrap_or_default(),
            jump: way.jump.iter().map(|hop| HostText::of_hop(hop, way)).collect(),
            entries: way
                .entries
                .iter()
                .map(|one| HostText::of_entry(one, way))
                .collect(),
        }
    }
}

#[hook]
pub fn use_way_text(begun: WayBegun) -> WayText {
    WayText {
        sign_in: use_sign_in_text(Some(&begun.auth)),
        host: use_state(|| begun.host),
        port: use_state(|| begun.port),
        user: use_state(|| begun.user),
        socket: use_state(|| begun.socket),
        jump: use_state(|| begun.jump),
        entries: use_state(|| begun.entries),
    }
}

impl WayText {
    /// What is in the fields now.
    pub fn begun(&self) -> WayBegun {
        WayBegun {
            host: (*self.host).clone(),
            port: (*self.port).clone(),
            user: (*self.user).clone(),
            auth: self.sign_in.auth(),
            socket: (*self.socket).clone(),
            jump: (*self.jump).clone(),
            entries: (*self.entries).clone(),
        }
    }

    fn port(&self) -> Option<u16> {
        self.port.trim().parse().ok().filter(|port| *port > 0)
    }

    /// None as long as something is missing or is no host.
    pub fn way(&self) -> Option<SshWay> {
        let filled = [&self.host, &self.user]
            .iter()
            .all(|text| !text.trim().is_empty());
        if !filled || !self.sign_in.is_complete() {
            return None;
        }
        let (auth, port) = (self.sign_in.auth(), self.port()?);
        let hops = self.jump.iter().map(|hop| hop.hop(&self.user, &auth));
        let entries = self.entries.iter().map(|entry| entry.entry(port));
        Some(SshWay {
            jump: hops.collect::<Option<_>>()?,
            entries: entries.collect::<Option<_>>()?,
            host: self.host.trim().to_owned(),
            port,
            user: self.user.trim().to_owned(),
            auth,
            agent_socket: Some(self.socket.trim().to_owned()).filter(|socket| !socket.is_empty()),
        })
    }
}

#[derive(PartialEq, Properties)]
pub struct WayProps {
    pub text: WayText,
}

/// Host, port and user.
#[function_component]
pub fn PlaceFields(props: &WayProps) -> Html {
    let text = &props.text;
    let port_error = (text.port().is_none() && !text.port.is_empty())
        .then_some(AttrValue::Static("A port is a number from 1 to 65535."));
    html! {
        <>
            <div class="form-row">
                <Field id="cluster-host" label="Host" value={(*text.host).clone()} onchange={into_state(&text.host)} mono=true/>
                <Field id="cluster-port" label="SSH port" value={(*text.port).clone()} onchange={into_state(&text.port)}
                    error={port_error} mono=true/>
            </div>
            <Field id="cluster-user" label="SSH user" value={(*text.user).clone()} onchange={into_state(&text.user)} mono=true
                hint="It has to be allowed to reach the agent's socket."/>
        </>
    }
}

/// How to sign in; and what few need: the agent's socket and other hosts.
#[function_component]
pub fn WayFields(props: &WayProps) -> Html {
    let text = &props.text;
    // What is there already is not hidden.
    let used = !text.socket.is_empty() || !text.jump.is_empty() || !text.entries.is_empty();
    let open = use_state_eq(|| used);
    let toggle = {
        let open = open.clone();
        Callback::from(move |()| open.set(!*open))
    };
    html! {
        <>
            <SignInFields text={text.sign_in.clone()}/>
            <div class="advanced">
                <Button id="advanced" label={if *open { "Less" } else { "Advanced" }} look={Look::Plain} onclick={toggle}/>
                if *open {
                    <Field id="cluster-agent-socket" label="Agent's socket" value={(*text.socket).clone()} onchange={into_state(&text.socket)}
                        kind={Kind::Text} mono=true hint="Where the agent listens on the server. Leave it empty for the usual place."/>
                    <HostRows id="jump" label="Jump hosts" add="Jump host" sign_in=true rows={text.jump.clone()}
                        hint="The way leads through these, in their order. Each is verified and signed in to on its own; if one fails, the \
                              connection fails and never goes directly."/>
                    <HostRows id="entry" label="Further entry hosts" add="Entry host" rows={text.entries.clone()}
                        hint="Other managers of the same cluster, with the same account, tried in this order when the one before is not reached."/>
                }
            </div>
        </>
    }
}
