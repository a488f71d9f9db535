//! Adding a cluster: where it is and how to sign in to its SSH server. It is saved only if connecting works.

use slipway_protocol::desktop::{Cluster, Failure, NewCluster, SshAuth};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::connect_flow::{Attempt, ConnectFlow};
use crate::components::failure::FormError;
use crate::components::field::{Field, Kind, into_state};
use crate::components::header::{Crumb, Header};
use crate::components::segmented::{Segment, Segmented};
use crate::components::tile::PALETTE;
use crate::route::{Page, Route, go};

#[derive(Clone, Copy, PartialEq)]
enum Auth {
    Agent,
    KeyFile,
    Password,
}

/// What the person has typed.
#[derive(Clone, PartialEq)]
struct Form {
    name: UseStateHandle<String>,
    host: UseStateHandle<String>,
    port: UseStateHandle<String>,
    user: UseStateHandle<String>,
    auth: UseStateHandle<Auth>,
    key_file: UseStateHandle<String>,
    socket: UseStateHandle<String>,
    tag: UseStateHandle<Option<&'static str>>,
    color: UseStateHandle<Option<usize>>,
}

#[hook]
fn use_form() -> Form {
    Form {
        name: use_state(String::new),
        host: use_state(String::new),
        port: use_state(|| "22".to_owned()),
        user: use_state(String::new),
        auth: use_state(|| Auth::Agent),
        key_file: use_state(String::new),
        socket: use_state(String::new),
        tag: use_state(|| None),
        color: use_state(|| None),
    }
}

impl Form {
    fn port(&self) -> Option<u16> {
        self.port.trim().parse().ok().filter(|port| *port > 0)
    }

    fn complete(&self) -> bool {
        let texts = [&self.name, &self.host, &self.user];
        let key = *self.auth != Auth::KeyFile || !self.key_file.trim().is_empty();
        texts.iter().all(|text| !text.trim().is_empty()) && self.port().is_some() && key
    }

    fn cluster(&self) -> Option<NewCluster> {
        let auth = match *self.auth {
            Auth::Agent => SshAuth::Agent,
            Auth::KeyFile => SshAuth::KeyFile {
                path: self.key_file.trim().to_owned(),
            },
            Auth::Password => SshAuth::Password,
        };
        Some(NewCluster {
            name: self.name.trim().to_owned(),
            host: self.host.trim().to_owned(),
            port: self.port()?,
            user: self.user.trim().to_owned(),
            auth,
            agent_socket: Some(self.socket.trim().to_owned()).filter(|socket| !socket.is_empty()),
            color: self.color.map(|place| PALETTE[place].to_owned()),
            tag: self.tag.map(str::to_owned),
        })
    }
}

#[function_component]
pub fn AddClusterPage() -> Html {
    let form = use_form();
    // The attempt that is under way, with its number.
    let attempt = use_state(|| None::<(u32, Attempt)>);
    let last = use_state(|| 0_u32);
    let failure = use_state(|| None::<Failure>);
    let onsubmit = {
        let (form, attempt, last, failure) = (form.clone(), attempt.clone(), last.clone(), failure.setter());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(new) = form.cluster().filter(|_| attempt.is_none()) else {
                return;
            };
            failure.set(None);
            last.set(*last + 1);
            attempt.set(Some((*last + 1, Attempt::Add(Box::new(new)))));
        })
    };
    let onstopped = {
        let (attempt, failure) = (attempt.setter(), failure.setter());
        Callback::from(move |stopped| {
            attempt.set(None);
            failure.set(stopped);
        })
    };
    let flow = (*attempt).clone().map(|(number, attempt)| {
        html! { <ConnectFlow key={number} {attempt} onconnected={Callback::from(open)} {onstopped}/> }
    });
    html! {
        <div class="page" data-testid="add-cluster-page">
            <Header crumbs={vec![Crumb::new("All clusters", Some(Route::Fleet))]} title="Add a cluster"/>
            <div class="content narrow">
                <form {onsubmit}>
                    <Fields form={form.clone()}/>
                    <FormError failure={(*failure).clone()}/>
                    <div class="form-actions">
                        <Button id="connect" label="Connect" look={Look::Primary} submit=true busy={attempt.is_some()}
                            disabled={!form.complete()} hint="Connects, and saves the cluster if that works"/>
                        <Button label="Cancel" onclick={Callback::from(|()| go(Route::Fleet))}/>
                    </div>
                </form>
                // Always one node: children are matched by their places, and the form must stay itself.
                { flow.unwrap_or_default() }
            </div>
        </div>
    }
}

/// A cluster that has just connected: its projects, or signing in first.
fn open(cluster: Cluster) {
    let page = if cluster.signed_in {
        Page::Home
    } else {
        Page::SignIn
    };
    go(Route::Cluster(cluster.id, page));
}

#[derive(PartialEq, Properties)]
struct FieldsProps {
    form: Form,
}

#[function_component]
fn Fields(props: &FieldsProps) -> Html {
    let form = &props.form;
    let port_error = (form.port().is_none() && !form.port.is_empty())
        .then_some(AttrValue::Static("A port is a number from 1 to 65535."));
    let field = |id: &'static str,
                 label: &'static str,
                 state: &UseStateHandle<String>,
                 hint: Option<&'static str>| {
        html! {
            <Field {id} {label} value={(**state).clone()} onchange={into_state(state)} hint={hint.map(AttrValue::Static)}
                mono={id != "cluster-name"} autofocus={id == "cluster-name"}/>
        }
    };
    html! {
        <>
            <Card title="Where it is">
                <div class="form">
                    { field("cluster-name", "Name", &form.name, Some("How you call it here, for example prod-frankfurt.")) }
                    <div class="form-row">
                        { field("cluster-host", "Host", &form.host, None) }
                        <Field id="cluster-port" label="SSH port" value={(*form.port).clone()} onchange={into_state(&form.port)}
                            error={port_error} mono=true/>
                    </div>
                    { field("cluster-user", "SSH user", &form.user, Some("It has to be allowed to reach the agent's socket.")) }
                </div>
            </Card>
            <Card title="How to sign in">
                <div class="form">
                    <AuthFields form={form.clone()}/>
                    <Advanced form={form.clone()}/>
                </div>
            </Card>
            <Card title="How it looks" note="A production cluster has its line across the top of every page">
                <div class="form"><Looks form={form.clone()}/></div>
            </Card>
        </>
    }
}

#[function_component]
fn AuthFields(props: &FieldsProps) -> Html {
    let form = &props.form;
    let segments = vec![
        Segment::new(Auth::Agent, "auth-agent", "ssh-agent"),
        Segment::new(Auth::KeyFile, "auth-key-file", "Key file"),
        Segment::new(Auth::Password, "auth-password", "Password"),
    ];
    let choose = {
        let auth = form.auth.setter();
        Callback::from(move |chosen| auth.set(chosen))
    };
    let more = match *form.auth {
        Auth::Agent => {
            html! { <p class="field-hint">{ "The keys of the ssh-agent that runs on this computer." }</p> }
        }
        Auth::KeyFile => html! {
            <Field id="cluster-key-file" label="Private key" value={(*form.key_file).clone()} mono=true
                onchange={into_state(&form.key_file)} placeholder="/home/you/.ssh/id_ed25519"
                hint="A path on this computer. If the key has a passphrase, you are asked for it."/>
        },
        Auth::Password => {
            html! { <p class="field-hint">{ "You are asked for the password when the host key is known." }</p> }
        }
    };
    html! {
        <>
            <Segmented<Auth> label="Method" {segments} chosen={*form.auth} onchange={choose}/>
            { more }
        </>
    }
}

#[function_component]
fn Advanced(props: &FieldsProps) -> Html {
    let open = use_state_eq(|| false);
    let toggle = {
        let open = open.clone();
        Callback::from(move |()| open.set(!*open))
    };
    let socket = &props.form.socket;
    html! {
        <div class="advanced">
            <Button id="advanced" label={if *open { "Less" } else { "Advanced" }} look={Look::Plain} onclick={toggle}/>
            if *open {
                <Field id="cluster-agent-socket" label="Agent's socket" value={(**socket).clone()} onchange={into_state(socket)}
                    kind={Kind::Text} mono=true hint="Where the agent listens on the server. Leave it empty for the usual place."/>
            }
        </div>
    }
}

#[function_component]
fn Looks(props: &FieldsProps) -> Html {
    let form = &props.form;
    let segments = vec![
        Segment::new(None, "tag-none", "None"),
        Segment::new(Some("production"), "tag-production", "Production"),
        Segment::new(Some("staging"), "tag-staging", "Staging"),
        Segment::new(Some("development"), "tag-development", "Development"),
    ];
    let choose = {
        let tag = form.tag.setter();
        Callback::from(move |chosen| tag.set(chosen))
    };
    let swatch = |place: usize| {
        let (color, chosen) = (form.color.clone(), *form.color == Some(place));
        let onclick = Callback::from(move |_: MouseEvent| {
            color.set((*color != Some(place)).then_some(place));
        });
        html! {
            <button type="button" class={classes!("swatch", format!("tile-{place}"), chosen.then_some("chosen"))}
                data-testid={format!("color-{place}")} aria-label={format!("Colour {}", place + 1)}
                aria-pressed={if chosen { "true" } else { "false" }} {onclick}/>
        }
    };
    html! {
        <>
            <Segmented<Option<&'static str>> label="Tag" {segments} chosen={*form.tag} onchange={choose}/>
            <div class="field">
                <span class="field-label">{ "Colour" }</span>
                <div class="swatches">{ for (0..PALETTE.len()).map(swatch) }</div>
            </div>
        </>
    }
}
