//! The status bar: the link, its round trip, the agent, the engine, and how old what you see is.

use slipway_protocol::desktop::{Link, UpdateStage, UpdateState, command};
use slipway_protocol::server::{ClusterHealth, PartHealth, is_newer};
use yew::prelude::*;

use super::forwards::ForwardsCount;
use crate::components::pill::{Dot, Tone, link_word};
use crate::components::time::Ago;
use crate::keys::command_name;
use crate::pages::add_cluster::BRINGS;
use crate::palette::{Overlay, use_opener};
use crate::route::{Page, Route, go};
use crate::state::cluster::{ClusterContext, use_cluster, use_health};
use crate::state::fleet::use_fleet;
use crate::state::remote::Remote;
use crate::state::round_trip::RoundTrip;
use crate::state::told::use_told;
use crate::text;

#[function_component]
pub fn ClusterStatusBar() -> Html {
    let (context, health) = (use_cluster(), use_health());
    let cluster = &context.cluster;
    let tone = Tone::of_link(&cluster.link);
    // An agent of this machine is reached without SSH.
    let local = cluster.way.is_none();
    html! {
        <footer class="status-bar" data-testid="status-bar">
            <span class="status-item"><Dot {tone}/>{ &cluster.name }</span>
            <span data-testid="link-state">{ link_word(&cluster.link) }</span>
            if let Link::Up { round_trip_ms: first, agent, .. } = &cluster.link {
                <span class="number" title="To the agent and back">{ if local { "" } else { "SSH " } }<RoundTrip of={cluster.id} {first}/></span>
                { agent_version(&context, agent) }
            }
            if let Some(engine) = engine(&health) { <span>{ engine }</span> }
            { age(&context) }
            <span class="grow"/>
            if let Some(running) = running(&health) { <span>{ running }</span> }
            <NewerVersion/>
            <ForwardsCount/>
            <ShortcutsHint/>
        </footer>
    }
}

/// Which agent runs there; where this app brings a newer one it leads to where that is done.
fn agent_version(context: &ClusterContext, agent: &str) -> Html {
    let said = format!("agent {agent}");
    if context.cluster.way.is_none() || !is_newer(BRINGS, agent) {
        return html! { <span>{ said }</span> };
    }
    let health = context.route(Page::Health);
    let onclick = Callback::from(move |_: MouseEvent| go(health));
    html! {
        <button type="button" class="status-button" data-testid="agent-older" {onclick}
            title={format!("This app brings version {BRINGS} of the agent")}>{ format!("{said}, can be upgraded") }</button>
    }
}

fn engine(health: &Remote<ClusterHealth>) -> Option<String> {
    let health = health.get()?;
    let engine = format!("Docker {}", health.engine_version.as_ref()?);
    if health.swarm != PartHealth::Good {
        return Some(engine);
    }
    let nodes = text::count(health.nodes as usize, "node", "nodes");
    Some(format!("{engine} · Swarm, {nodes}"))
}

fn age(context: &ClusterContext) -> Html {
    let lists = &context.applications;
    match lists.at {
        Some(at) if lists.stale() => html! { <span class="warning-text">{ "as of " }<Ago {at}/></span> },
        Some(_) => html! { <span>{ "live" }</span> },
        None => html! {},
    }
}

fn running(health: &Remote<ClusterHealth>) -> Option<String> {
    let running = health.get()?.running_deployments as usize;
    (running > 0).then(|| format!("{} running", text::count(running, "deployment", "deployments")))
}

/// The bar where no cluster is open: how many of all are connected.
#[function_component]
pub fn FleetStatusBar() -> Html {
    let fleet = use_fleet();
    let clusters = fleet.clusters();
    let up = clusters.iter().filter(|cluster| fleet.is_up(cluster.id)).count();
    let said = match clusters.len() {
        0 => "no clusters".to_owned(),
        all => format!("{up} of {} connected", text::count(all, "cluster", "clusters")),
    };
    let tone = if up > 0 { Tone::Good } else { Tone::Neutral };
    html! {
        <footer class="status-bar" data-testid="status-bar">
            <span class="status-item" data-testid="link-state">
                <Dot {tone}/>{ said }
            </span>
            <span class="grow"/>
            <NewerVersion/>
            <ForwardsCount/>
            <ShortcutsHint/>
        </footer>
    }
}

/// That a newer version of the app waits, and the way to it.
#[function_component]
fn NewerVersion() -> Html {
    let state = use_told::<UpdateState>(command::WATCH_UPDATES);
    let waits = match state.as_deref().map(|state| &state.stage) {
        Some(UpdateStage::Found { version, .. }) => format!("Slipway {version} is available"),
        Some(UpdateStage::Saved { version, .. }) => format!("Slipway {version} is to be installed"),
        Some(UpdateStage::Installed { version }) => format!("Slipway {version} after a restart"),
        _ => return html! {},
    };
    let onclick = Callback::from(|_: MouseEvent| go(Route::Settings));
    html! {
        <button type="button" class="status-button" data-testid="newer-version" {onclick}>{ waits }</button>
    }
}

/// The way to the sheet of shortcuts.
#[function_component]
fn ShortcutsHint() -> Html {
    let onclick = use_opener().reform(|_: MouseEvent| Overlay::Sheet);
    html! {
        <button type="button" class="status-button" data-testid="shortcuts-open" aria-haspopup="dialog" {onclick}>
            { format!("{} ? shortcuts", command_name()) }
        </button>
    }
}
