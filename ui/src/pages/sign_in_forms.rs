//! The two forms of signing in. What is typed goes to the shell, which keeps the session in the keychain.

use slipway_protocol::desktop::{self, SignInForm, command};
use slipway_protocol::identity::SHORTEST_PASSWORD;
use slipway_protocol::{DisplayName, EmailAddress, Secret};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::copy::CopyButton;
use crate::components::failure::FormError;
use crate::components::field::{Field, Kind, complaint, into_state};
use crate::route::Here;
use crate::shell;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;
use crate::state::way_back;
use crate::state::{drafts, invitation, memory};

#[function_component]
pub fn AccountForm() -> Html {
    let context = use_cluster();
    let fleet = use_fleet();
    let email = {
        let known = context.cluster.email.clone();
        use_state(|| known.unwrap_or_default())
    };
    // By what was known at first: the focus must not move while the person types.
    let known = *use_state(|| !email.is_empty());
    let password = use_state(String::new);
    let task = use_task();
    let onsubmit = {
        let (email, password, task, context) =
            (email.clone(), password.clone(), task.clone(), context.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let form = SignInForm {
                cluster: context.id(),
                email: email.trim().to_lowercase(),
                password: Secret::new((*password).clone()),
            };
            let (fleet, context, here) = (fleet.clone(), context.clone(), Here::now());
            task.run(async move {
                shell::call::<_, ()>(command::SIGN_IN, &form).await?;
                leave_to(&context, &form.email);
                fleet.refresh().await;
                here.replace(context.route(way_back::take(context.id())));
                Ok(())
            });
        })
    };
    html! {
        <form class="form" {onsubmit}>
            <Field id="sign-in-email" label="E-mail" kind={Kind::Text} value={(*email).clone()} onchange={into_state(&email)}
                autofocus={!known} autocomplete="username"/>
            <Field id="sign-in-password" label="Password" kind={Kind::Secret} value={(*password).clone()}
                onchange={into_state(&password)} autofocus={known} autocomplete="current-password"/>
            <FormError failure={task.failure()}/>
            <div class="form-actions">
                <Button id="sign-in-submit" label="Sign in" look={Look::Primary} submit=true busy={task.busy()}
                    disabled={email.trim().is_empty() || password.is_empty()}/>
            </div>
            <p class="field-hint">{ "No account yet? An owner of the team can invite you under People." }</p>
        </form>
    }
}

/// What another person has seen and typed here is not the next one's.
fn leave_to(context: &ClusterContext, email: &str) {
    let last = context.cluster.email.as_deref();
    if last.is_some_and(|last| !last.eq_ignore_ascii_case(email.trim())) {
        drafts::forget(context.id());
        memory::forget(context.id());
    }
}

#[derive(PartialEq, Properties)]
pub struct InvitationProps {
    /// Nobody owns this cluster yet.
    pub first: bool,
}

#[function_component]
pub fn InvitationForm(props: &InvitationProps) -> Html {
    let context = use_cluster();
    let fleet = use_fleet();
    // That of a server that was just set up is there already.
    let given = {
        let cluster = context.id();
        use_memo((), move |()| invitation::given(cluster))
    };
    let code = {
        let given = given.clone();
        use_state(move || (*given).clone().unwrap_or_default())
    };
    let email = use_state(String::new);
    let name = use_state(String::new);
    let password = use_state(String::new);
    let task = use_task();
    let address = email.trim().to_lowercase();
    let email_error = complaint(&address, false, EmailAddress::parse(&address));
    let name_error = complaint(name.trim(), false, DisplayName::parse(name.trim()));
    let short = password.chars().count() < SHORTEST_PASSWORD;
    let complete = !code.trim().is_empty()
        && EmailAddress::parse(&address).is_ok()
        && DisplayName::parse(name.trim()).is_ok()
        && !short;
    let onsubmit = {
        let (code, name, password) = (code.clone(), name.clone(), password.clone());
        let (task, context) = (task.clone(), context.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let form = desktop::InvitationForm {
                cluster: context.id(),
                code: Secret::new(code.trim().to_owned()),
                email: address.clone(),
                name: name.trim().to_owned(),
                password: Secret::new((*password).clone()),
            };
            let (fleet, context, here) = (fleet.clone(), context.clone(), Here::now());
            task.run(async move {
                shell::call::<_, ()>(command::ACCEPT_INVITATION, &form).await?;
                leave_to(&context, &form.email);
                invitation::used(context.id());
                fleet.refresh().await;
                here.replace(context.route(way_back::take(context.id())));
                Ok(())
            });
        })
    };
    html! {
        <form class="form" {onsubmit}>
            if given.is_some() {
                <p class="field-hint">{ "The server is set up. Its invitation is filled in: make your account, and the cluster is yours." }</p>
            } else {
                <HowToGet first={props.first}/>
            }
            <Field id="invitation-code" label="Invitation" value={(*code).clone()} onchange={into_state(&code)} mono=true
                autofocus={given.is_none()}/>
            <Field id="invitation-email" label="Your e-mail" value={(*email).clone()} onchange={into_state(&email)}
                error={email_error} hint="You sign in with it; nothing is sent to it." autocomplete="username"/>
            <Field id="invitation-name" label="Your name" value={(*name).clone()} onchange={into_state(&name)} error={name_error}/>
            <Field id="invitation-password" label="Password" kind={Kind::Secret} value={(*password).clone()}
                onchange={into_state(&password)} hint={format!("At least {SHORTEST_PASSWORD} characters.")}
                error={(short && !password.is_empty()).then(|| AttrValue::from(format!("At least {SHORTEST_PASSWORD} characters.")))}
                autocomplete="new-password"/>
            <FormError failure={task.failure()}/>
            <div class="form-actions">
                <Button id="invitation-submit" label="Make account and sign in" look={Look::Primary} submit=true
                    busy={task.busy()} disabled={!complete}/>
            </div>
        </form>
    }
}

/// Where an invitation comes from.
#[function_component]
fn HowToGet(props: &InvitationProps) -> Html {
    const COMMAND: &str = "sudo slipway-agent invite";
    if !props.first {
        return html! { <p class="field-hint">{ "Enter the code that an owner of the team has given you, or one of " }
        <code>{ "slipway-agent invite" }</code>{ " on the server. It works once. With an account here, sign in with that and take the code under People." }</p> };
    }
    html! {
        <div class="how-to">
            <p>{ "Nobody owns this cluster yet. Run this on the server; it prints an invitation that works once:" }</p>
            <p class="command">
                <code>{ COMMAND }</code>
                <CopyButton label="Copy the command" text={Callback::from(|()| COMMAND.to_owned())}/>
            </p>
        </div>
    }
}
