//! A cluster's link when it is not up: opens it by itself when the cluster is opened, says what is wrong, and offers the way on.

use slipway_protocol::desktop::{Cluster, Failure, FailureKind, Link, OfCluster, command};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::connect_flow::{Attempt, ConnectFlow};
use crate::components::failure::FormError;
use crate::components::pill::{Dot, Tone};
use crate::pages::add_cluster::UpgradeButton;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

#[function_component]
pub fn LinkBanner() -> Html {
    let cluster = use_cluster().cluster;
    let closed = matches!(cluster.link, Link::Closed | Link::Down { .. });
    // Which attempt is under way; each gets a number, so that a new one begins anew.
    let attempt = use_state(|| closed.then_some(0_u32));
    let last = use_state(|| 0_u32);
    let stopped = use_state(|| None::<Failure>);
    let connect = {
        let (attempt, last, stopped) = (attempt.setter(), last.clone(), stopped.setter());
        Callback::from(move |()| {
            stopped.set(None);
            attempt.set(Some(*last + 1));
            last.set(*last + 1);
        })
    };
    let onconnected = {
        let attempt = attempt.setter();
        Callback::from(move |_: Cluster| attempt.set(None))
    };
    let onstopped = {
        let (attempt, stopped) = (attempt.setter(), stopped.setter());
        Callback::from(move |failure| {
            attempt.set(None);
            stopped.set(failure);
        })
    };
    let flow = attempt.map(|number| {
        html! { <ConnectFlow key={number} attempt={Attempt::Open(cluster.id)} {onconnected} {onstopped}/> }
    });
    let failure = (*stopped).clone().filter(|_| closed && attempt.is_none());
    let changed = failure
        .as_ref()
        .is_some_and(|failure| failure.kind == FailureKind::HostKeyChanged);
    let too_old = failure
        .as_ref()
        .is_some_and(|failure| failure.kind == FailureKind::AgentTooOld);
    html! {
        <>
            { flow.unwrap_or_default() }
            if failure.is_some() { <div class="banner-failure"><FormError {failure}/>if too_old { <UpgradeButton/> }</div> }
            if !changed { { line(&cluster, attempt.is_some(), connect) } }
        </>
    }
}

fn line(cluster: &Cluster, connecting: bool, connect: Callback<()>) -> Html {
    let again = html! { <Button id="connect-again" label="Connect" look={Look::Primary} offline=true onclick={connect}/> };
    let (tone, sentence, action) = match &cluster.link {
        Link::Up { .. } => return html! {},
        Link::Connecting | Link::Closed | Link::Down { .. } if connecting => (
            Tone::Progress,
            format!("Connecting to {}", cluster.host),
            html! {},
        ),
        // An attempt of the link's own: it can be stopped as well as the wait before it, by the same buttons.
        Link::Connecting => (
            Tone::Progress,
            format!("Connecting to {}", cluster.host),
            of_link(),
        ),
        Link::Closed => (Tone::Neutral, format!("Not connected to {}", cluster.host), again),
        Link::Down { sentence } => (Tone::Bad, sentence.clone(), again),
        Link::Retrying {
            attempt, sentence, ..
        } => (
            Tone::Warning,
            format!("{sentence} Attempt {attempt}, the next comes by itself."),
            of_link(),
        ),
    };
    html! {
        <div class={classes!("banner", tone.class())} role="status" data-testid="link-banner">
            <Dot {tone}/><span>{ sentence }</span><span class="grow"/>{ action }
        </div>
    }
}

fn of_link() -> Html {
    html! {
        <>
            <OfLink id="stop-link" label="Stop trying" command={command::STOP_LINK}/>
            <OfLink id="retry-link" label="Try now" command={command::RETRY_LINK}/>
        </>
    }
}

#[derive(PartialEq, Properties)]
struct OfLinkProps {
    id: AttrValue,
    label: AttrValue,
    command: &'static str,
}

/// A button that tells the shell something about this cluster's link.
#[function_component]
fn OfLink(props: &OfLinkProps) -> Html {
    let cluster = use_cluster().id();
    let task = use_task();
    let onclick = {
        let (task, command) = (task.clone(), props.command);
        Callback::from(move |()| {
            task.run(async move { shell::call(command, &OfCluster { cluster }).await });
        })
    };
    html! { <Button id={props.id.clone()} label={props.label.clone()} busy={task.busy()} {onclick}/> }
}
