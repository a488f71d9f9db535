//! The status bar: the link, its round trip, the agent, the engine, and how old what you see is.

use slipway_protocol::desktop::Link;
use yew::prelude::*;

use crate::components::pill::{Dot, Tone, link_word};
use crate::components::time::Ago;
use crate::state::cluster::{ClusterContext, use_cluster};
use crate::state::fleet::use_fleet;
use crate::text;

#[function_component]
pub fn ClusterStatusBar() -> Html {
    let context = use_cluster();
    let cluster = &context.cluster;
    let tone = Tone::of_link(&cluster.link);
    html! {
        <footer class="status-bar" data-testid="status-bar">
            <span class="status-item"><Dot {tone}/>{ &cluster.name }</span>
            <span data-testid="link-state">{ link_word(&cluster.link) }</span>
            if let Link::Up { round_trip_ms, agent, .. } = &cluster.link {
                <span class="number">{ format!("SSH {}", text::milliseconds(*round_trip_ms)) }</span>
                <span>{ format!("agent {agent}") }</span>
            }
            if let Some(engine) = engine(&context) { <span>{ engine }</span> }
            { age(&context) }
            <span class="grow"/>
            if let Some(running) = running(&context) { <span>{ running }</span> }
            <span class="faint">{ "Ctrl 1…9 switches clusters" }</span>
        </footer>
    }
}

fn engine(context: &ClusterContext) -> Option<String> {
    let health = context.health.get()?;
    let engine = health.engine_version.as_deref().unwrap_or("unknown");
    let nodes = text::count(health.nodes as usize, "node", "nodes");
    Some(format!("Docker {engine} · Swarm, {nodes}"))
}

fn age(context: &ClusterContext) -> Html {
    let lists = &context.applications;
    match lists.at {
        Some(at) if lists.stale() => html! { <span class="warning-text">{ "as of " }<Ago {at}/></span> },
        Some(_) => html! { <span>{ "live" }</span> },
        None => html! {},
    }
}

fn running(context: &ClusterContext) -> Option<String> {
    let running = context.health.get()?.running_deployments as usize;
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
            <span class="faint">{ "Ctrl 1…9 switches clusters" }</span>
        </footer>
    }
}
