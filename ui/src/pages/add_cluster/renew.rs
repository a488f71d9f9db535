//! Bringing a saved cluster's server up to date: signing in as somebody who may, looking, and doing what is to be done. Everyday connections
//! are an account that may not.

use slipway_protocol::desktop::{Failure, FoundServer, Link, WhichServer};
use yew::prelude::*;

use super::setup::Setup;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::connect_flow::{Attempt, ConnectFlow};
use crate::components::failure::FormError;
use crate::components::field::{Field, into_state};
use crate::components::header::{Crumb, Header};
use crate::components::ssh_way::{SignInFields, use_sign_in_text};
use crate::route::{Page, go};
use crate::state::cluster::use_cluster;
use crate::state::set_ups::use_set_ups;

/// The version of the agent that this app brings.
pub const BRINGS: &str = env!("CARGO_PKG_VERSION");

#[function_component]
pub fn RenewPage() -> Html {
    let context = use_cluster();
    let cluster = &context.cluster;
    let user = use_state(|| "root".to_owned());
    let sign_in = use_sign_in_text(None);
    // The attempt that is under way, with its number.
    let attempt = use_state(|| None::<(u32, Attempt)>);
    let last = use_state(|| 0_u32);
    let failure = use_state(|| None::<Failure>);
    let found = use_state(|| None::<FoundServer>);
    let set_ups = use_set_ups();
    let complete = sign_in.is_complete() && !user.trim().is_empty();
    let onsubmit = {
        let (attempt, last, failure) = (attempt.clone(), last.clone(), failure.setter());
        let which = WhichServer::Saved {
            cluster: cluster.id,
            user: user.trim().to_owned(),
            auth: sign_in.auth(),
        };
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if !complete || attempt.is_some() {
                return;
            }
            failure.set(None);
            last.set(*last + 1);
            attempt.set(Some((*last + 1, Attempt::Find(which.clone()))));
        })
    };
    let onfound = {
        let (attempt, found) = (attempt.setter(), found.setter());
        Callback::from(move |one| {
            attempt.set(None);
            found.set(Some(one));
        })
    };
    let onstopped = {
        let (attempt, failure) = (attempt.setter(), failure.setter());
        Callback::from(move |stopped| {
            attempt.set(None);
            failure.set(stopped);
        })
    };
    let leave = {
        let health = context.route(Page::Health);
        Callback::from(move |()| go(health))
    };
    let begun = set_ups.iter().find(|run| run.saved == Some(cluster.id));
    let shown = match (&*found, begun) {
        (Some(one), _) => Some((one.clone(), None)),
        (None, Some(run)) => Some((run.found.clone(), Some(run.use_existing_swarm))),
        (None, None) => None,
    };
    if let Some((one, begun)) = shown {
        let server = one.server;
        return html! {
            <Setup key={server} found={one} host={cluster.host.clone()} back={leave} saved={Some(cluster.id)} {begun}/>
        };
    }
    let runs = match &cluster.link {
        Link::Up { agent, .. } => {
            format!("Version {agent} of the agent runs there; this app brings {BRINGS}.")
        }
        _ => format!("This app brings version {BRINGS} of the agent."),
    };
    let flow = (*attempt)
        .clone()
        .map(|(number, attempt)| html! { <ConnectFlow key={number} {attempt} {onfound} {onstopped}/> });
    html! {
        <div class="page" data-testid="renew-page">
            <Header crumbs={vec![Crumb::new(cluster.name.clone(), Some(context.route(Page::Home))), Crumb::new("Health", Some(context.route(Page::Health)))]}
                title="Bring the server up to date"/>
            <div class="content narrow">
                <form {onsubmit}>
                    <Card title="Sign in as somebody who may" note={cluster.host.clone()}>
                        <div class="form">
                            <p>{ runs }{ " It is looked at first, and nothing is changed before you say so. Applications serve on meanwhile." }</p>
                            <Field id="renew-user" label="SSH user" value={(*user).clone()} onchange={into_state(&user)} mono=true
                                hint="Root, or one who becomes root by sudo without a password. Your everyday connection is a pipe to the agent and may not do this."/>
                            <SignInFields text={sign_in}/>
                        </div>
                    </Card>
                    <FormError failure={(*failure).clone()}/>
                    <div class="form-actions">
                        <Button id="look-at-server" label="Look at the server" look={Look::Primary} submit=true offline=true busy={attempt.is_some()} disabled={!complete}/>
                        <Button label="Cancel" onclick={leave}/>
                    </div>
                </form>
                // Always one node: children are matched by their places, and the form must stay itself.
                { flow.unwrap_or_default() }
            </div>
        </div>
    }
}
