//! A cluster's link when it is not up: opens it by itself when the cluster is opened, says what is wrong, and offers the way on.

use slipway_protocol::desktop::{Cluster, FailureKind, Link, OfCluster, command};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::connecting::use_connecting;
use crate::components::failure::{FormError, is_full_stop};
use crate::components::pill::{Dot, Tone};
use crate::pages::add_cluster::UpgradeButton;
use crate::shell;
use crate::state::cluster::use_cluster;
use crate::state::task::use_task;

#[derive(PartialEq, Properties)]
pub struct LinkBannerProps {
    /// Nobody has opened this page: the app has begun with it. It connects as soon as another one of the cluster is opened, or on a press.
    pub waits: bool,
}

#[function_component]
pub fn LinkBanner(props: &LinkBannerProps) -> Html {
    let cluster = use_cluster().cluster;
    let closed = matches!(cluster.link, Link::Closed | Link::Down { .. });
    let attempt = use_connecting(cluster.id, closed && !props.waits);
    {
        let begin = attempt.begin.clone();
        let waited = use_mut_ref(|| false);
        use_effect_with(props.waits, move |waits| {
            let before = waited.replace(*waits);
            if before && !*waits && closed {
                begin.emit(());
            }
        });
    }
    let failure = attempt.failure.filter(|_| closed);
    let refused = failure.as_ref().is_some_and(is_full_stop);
    let too_old = failure
        .as_ref()
        .is_some_and(|failure| failure.kind == FailureKind::AgentTooOld);
    html! {
        <>
            { attempt.flow }
            if failure.is_some() { <div class="banner-failure"><FormError {failure}/>if too_old { <UpgradeButton/> }</div> }
            if !refused { { line(&cluster, attempt.under_way, attempt.begin) } }
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
