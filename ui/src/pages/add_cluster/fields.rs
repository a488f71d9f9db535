//! The fields of “Add a cluster”.

use yew::prelude::*;

use super::Form;
use super::hosts::HostRows;
use super::sign_in::SignInFields;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::field::{Field, Kind, into_state};
use crate::components::looks::Looks;

#[derive(PartialEq, Properties)]
pub struct FieldsProps {
    pub form: Form,
}

#[function_component]
pub fn Fields(props: &FieldsProps) -> Html {
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
                    <SignInFields text={form.sign_in.clone()}/>
                    <Advanced form={form.clone()}/>
                </div>
            </Card>
            <Card title="How it looks" note="A production cluster has its line across the top of every page">
                <div class="form"><Looks looks={form.looks.clone()}/></div>
            </Card>
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
                <HostRows id="jump" label="Jump hosts" add="Jump host" sign_in=true rows={props.form.jump.clone()}
                    hint="The way leads through these, in their order. Each is verified and signed in to on its own; if one fails, the \
                          connection fails and never goes directly."/>
                <HostRows id="entry" label="Further entry hosts" add="Entry host" rows={props.form.entries.clone()}
                    hint="Other managers of the same cluster, with the same account, tried in this order when the one before is not reached."/>
            }
        </div>
    }
}
