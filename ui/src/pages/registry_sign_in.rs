//! Whether the team has a sign-in for an image's registry, and storing one.

use slipway_protocol::api::{ListRegistries, SetRegistry};
use slipway_protocol::registry::{LONGEST_PASSWORD, RegistryLogin, RegistryView};
use slipway_protocol::{Action, ImageReference, LoginName, RegistryHost, Resource, Secret};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::field::{Field, Kind, complaint, into_state};
use crate::components::modal::Dialog;
use crate::components::remote::face;
use crate::rights::FOR_DEVELOPERS;
use crate::shell;
use crate::state::api::{Every, use_api};
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct RegistrySignInProps {
    /// The image as it is typed.
    pub image: AttrValue,
}

#[function_component]
pub fn RegistrySignIn(props: &RegistrySignInProps) -> Html {
    let context = use_cluster();
    let known = use_api(context.id(), ListRegistries {}, Every::Once);
    let open = use_state_eq(|| false);
    let set = |on: bool| {
        let open = open.setter();
        Callback::from(move |()| open.set(on))
    };
    let Ok(image) = ImageReference::parse(props.image.trim()) else {
        return html! { <p class="card-empty">{ "The sign-in for its registry is shown as soon as the image is named." }</p> };
    };
    let host = image.registry().to_owned();
    let may = context.may(Resource::Credential, Action::Write);
    let hint = (!may).then_some(FOR_DEVELOPERS);
    let said = |all: &Vec<RegistryView>| {
        let found = all.iter().find(|one| one.host.as_str() == host);
        let said = match found {
            Some(found) => format!("{host} is signed in to as {}, for the whole team.", found.user),
            None => format!("There is no sign-in for {host}: only its public images can be taken."),
        };
        let label = if found.is_some() {
            "Another sign-in…"
        } else {
            "Sign in…"
        };
        html! {
            <div class="form-actions">
                <span class="secondary" data-testid="registry-state">{ said }</span>
                <span class="grow"/>
                <Button id="registry-sign-in" {label} acts=true onclick={set(true)} disabled={!may} {hint}/>
            </div>
        }
    };
    let stored = {
        let (reload, close) = (known.reload.clone(), set(false));
        Callback::from(move |()| {
            reload.emit(());
            close.emit(());
        })
    };
    html! {
        <div class="form">
            { face(&known, "the right to read credentials (developer or above)", said) }
            if *open { <SignInDialog host={host.clone()} {stored} close={set(false)}/> }
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct DialogProps {
    host: AttrValue,
    stored: Callback<()>,
    close: Callback<()>,
}

#[function_component]
fn SignInDialog(props: &DialogProps) -> Html {
    let context = use_cluster();
    let (user, password, task) = (use_state(String::new), use_state(String::new), use_task());
    let parsed = LoginName::parse(user.trim());
    let too_long = password.len() > LONGEST_PASSWORD;
    let ready = parsed.is_ok() && !password.is_empty() && !too_long;
    let store = {
        let (task, parsed, password) = (task.clone(), parsed.clone(), password.clone());
        let (host, stored, cluster) = (props.host.clone(), props.stored.clone(), context.id());
        Callback::from(move |()| {
            let (Ok(user), Ok(host)) = (parsed.clone(), RegistryHost::parse(&host)) else {
                return;
            };
            let password = Secret::new((*password).clone());
            let (body, stored) = (RegistryLogin { host, user, password }, stored.clone());
            task.run(async move {
                shell::api(cluster, SetRegistry { body }).await?;
                stored.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Cancel" disabled={task.busy()} onclick={props.close.clone()}/>
            <Button id="registry-store" label="Store" look={Look::Primary} submit=true busy={task.busy()} disabled={!ready}/>
        </>
    };
    html! {
        <Dialog id="registry-dialog" title={format!("Sign in to {}", props.host)} onclose={props.close.clone()} onsubmit={store} stays={task.busy()} {actions}>
            <p class="secondary">{ "Applications of the whole team then take their images from this registry with it. It is sealed on the \
                server and cannot be read back." }</p>
            <Field id="registry-user" label="User" value={(*user).clone()} onchange={into_state(&user)} mono=true autofocus=true
                error={complaint(user.trim(), false, parsed)}/>
            <Field id="registry-password" label="Password or token" kind={Kind::Secret} value={(*password).clone()}
                onchange={into_state(&password)} error={too_long.then_some("It has at most 4 KiB.")}/>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
