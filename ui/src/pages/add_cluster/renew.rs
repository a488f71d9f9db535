//! Bringing a saved cluster's server up to date: signing in as somebody who may, looking, and doing what is to be done. Everyday connections
//! are an account that may not. Who wished an upgrade is signed in as the last time, and what is to be done is done without another press.

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{Failure, FoundServer, Link, SetUpRun, SetUpState, WhichServer};
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
use crate::state::set_ups::{self, use_set_ups};
use crate::state::upkeep::{self, SignIn};

/// The version of the agent that this app brings.
pub const BRINGS: &str = env!("CARGO_PKG_VERSION");

#[function_component]
pub fn RenewPage() -> Html {
    let context = use_cluster();
    let cluster = &context.cluster;
    let at_once = *use_state(|| upkeep::was_wished(cluster.id));
    let known = use_state(|| upkeep::remembered(cluster.id));
    let usual = (*known)
        .clone()
        .unwrap_or_else(|| SignIn::usual(cluster.way.as_ref()));
    let user = use_state(|| usual.user.clone());
    let sign_in = use_sign_in_text(Some(&usual.auth));
    let how = SignIn {
        user: user.trim().to_owned(),
        auth: sign_in.auth(),
    };
    // The attempt that is under way, with its number.
    let attempt = use_state(|| {
        let known = known.as_ref().filter(|_| at_once);
        known.map(|how| (0_u32, find(cluster.id, how)))
    });
    let last = use_state(|| 0_u32);
    let failure = use_state(|| None::<Failure>);
    let found = use_state(|| None::<FoundServer>);
    let wished = *use_state(set_ups::wished);
    let set_ups = use_set_ups();
    let complete = sign_in.is_complete() && !user.trim().is_empty();
    let onsubmit = {
        let (attempt, last, failure) = (attempt.clone(), last.clone(), failure.setter());
        let which = find(cluster.id, &how);
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            if !complete || attempt.is_some() {
                return;
            }
            failure.set(None);
            last.set(*last + 1);
            attempt.set(Some((*last + 1, which.clone())));
        })
    };
    let onfound = {
        let (attempt, found, cluster) = (attempt.setter(), found.setter(), cluster.id);
        Callback::from(move |one| {
            upkeep::remember(cluster, how.clone());
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
    // Who wishes it once more does not ask what came of the one before.
    let own = |run: &&SetUpRun| run.saved == Some(cluster.id) && !(at_once && run.state == SetUpState::Ended);
    let begun = set_ups::shown(set_ups.iter().filter(own), wished);
    let shown = match (&*found, begun) {
        (Some(one), _) => Some((one.clone(), None)),
        (None, Some(run)) => Some((run.found.clone(), Some(run.use_existing_swarm))),
        (None, None) => None,
    };
    if let Some((one, begun)) = shown {
        let server = one.server;
        return html! {
            <Setup key={server} found={one} host={cluster.host.clone()} back={leave} saved={Some(cluster.id)} {begun} {at_once}/>
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
    let (title, then, verb) = if at_once {
        (
            "Upgrade the agent",
            " It is looked at first, and upgraded where nothing stands in the way. Applications serve on meanwhile.",
            "Upgrade",
        )
    } else {
        (
            "Bring the server up to date",
            " It is looked at first, and nothing is changed before you say so. Applications serve on meanwhile.",
            "Look at the server",
        )
    };
    html! {
        <div class="page" data-testid="renew-page">
            <Header crumbs={vec![Crumb::new(cluster.name.clone(), Some(context.route(Page::Home))), Crumb::new("Health", Some(context.route(Page::Health)))]}
                {title}/>
            <div class="content narrow">
                <form {onsubmit}>
                    <Card title="Sign in as somebody who may" note={cluster.host.clone()}>
                        <div class="form">
                            <p>{ runs }{ then }</p>
                            <Field id="renew-user" label="SSH user" value={(*user).clone()} onchange={into_state(&user)} mono=true
                                hint="Root, or one who becomes root by sudo without a password. Your everyday connection is a pipe to the agent and may not do this."/>
                            <SignInFields text={sign_in}/>
                        </div>
                    </Card>
                    <FormError failure={(*failure).clone()}/>
                    <div class="form-actions">
                        <Button id="look-at-server" label={verb} look={Look::Primary} submit=true offline=true busy={attempt.is_some()} disabled={!complete}/>
                        <Button label="Cancel" onclick={leave}/>
                    </div>
                </form>
                // Always one node: children are matched by their places, and the form must stay itself.
                { flow.unwrap_or_default() }
            </div>
        </div>
    }
}

fn find(cluster: ClusterId, how: &SignIn) -> Attempt {
    Attempt::Find(WhichServer::Saved {
        cluster,
        user: how.user.clone(),
        auth: how.auth.clone(),
    })
}
