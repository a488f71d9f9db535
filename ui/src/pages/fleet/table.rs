//! The table of clusters: how each is, what it has, how far away it is, and when it was last seen.

use std::rc::Rc;

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{ArrangeClusters, Cluster, Failure, Link, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::Asking;
use super::arrange::{groups, moved};
use super::offline::Offline;
use super::watch::{AllSeen, Seen};
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::icon::Icon;
use crate::components::pill::{Pill, Tag, Tone, link_word};
use crate::components::table::{Row, Table};
use crate::components::tile::{Tile, TileProps};
use crate::components::time::Ago;
use crate::route::{Page, Route, go};
use crate::shell;
use crate::state::fleet::use_fleet;
use crate::state::round_trip::RoundTrip;
use crate::text;

const COLUMNS: &str = "8";

#[derive(PartialEq, Properties)]
pub struct ClusterTableProps {
    pub clusters: Vec<Rc<Cluster>>,
    pub filter: String,
    pub seen: Rc<AllSeen>,
    /// Shows the buttons that change the order.
    pub arranging: bool,
    pub ask: Callback<Asking>,
}

#[function_component]
pub fn ClusterTable(props: &ClusterTableProps) -> Html {
    let fleet = use_fleet();
    let failure = use_state(|| None::<Failure>);
    let arrange = {
        let (clusters, failure) = (props.clusters.clone(), failure.setter());
        Callback::from(move |(cluster, up): (ClusterId, bool)| {
            let Some(order) = moved(&clusters, cluster, up) else {
                return;
            };
            let (fleet, failure) = (fleet.clone(), failure.clone());
            spawn_local(async move {
                let done = shell::call::<_, ()>(command::ARRANGE_CLUSTERS, &ArrangeClusters { order }).await;
                failure.set(done.err());
                fleet.refresh().await;
            });
        })
    };
    let head = html! {
        <>
            <th>{ "Cluster" }</th><th>{ "Health" }</th><th class="right">{ "Nodes" }</th><th class="right">{ "Services" }</th>
            <th>{ "Deployments" }</th><th class="right">{ "Round trip" }</th><th>{ "Agent" }</th><th/>
        </>
    };
    let shown = groups(&props.clusters, &props.filter);
    if shown.is_empty() {
        return html! { <Card><p class="card-empty">{ "No cluster has this in its name, host, tag or group." }</p></Card> };
    }
    let named = shown.iter().any(|group| group.name.is_some());
    html! {
        <Card>
            <FormError failure={(*failure).clone()}/>
            <Table {head} class="fleet-table">
                { for shown.iter().map(|group| html! {
                    <>
                        if named {
                            <tr class="group-row" key={format!("group {:?}", group.name)}>
                                <th colspan={COLUMNS} scope="rowgroup">
                                    { group.name.clone().unwrap_or_else(|| "Without a group".to_owned()) }
                                </th>
                            </tr>
                        }
                        { for group.clusters.iter().map(|cluster| row(props, cluster, &arrange)) }
                    </>
                }) }
            </Table>
        </Card>
    }
}

fn row(props: &ClusterTableProps, cluster: &Rc<Cluster>, arrange: &Callback<(ClusterId, bool)>) -> Html {
    let id = cluster.id;
    let seen = props.seen.of(id);
    let up = matches!(cluster.link, Link::Up { .. });
    let onopen = Callback::from(move |()| go(Route::Cluster(id, Page::Home)));
    let number = |count: Option<usize>| count.map_or_else(|| "–".to_owned(), |count| count.to_string());
    let nodes = number(seen.health.as_ref().map(|health| health.nodes as usize));
    let services = number(seen.applications.as_ref().map(|all| all.len()));
    let running = seen
        .health
        .as_ref()
        .map_or(0, |health| health.running_deployments);
    let round_trip = match &cluster.link {
        Link::Up {
            round_trip_ms: first, ..
        } => html! { <RoundTrip of={id} {first}/> },
        _ => last_seen(&seen),
    };
    html! {
        <Row key={id.to_string()} id={format!("cluster-card-{}", cluster.name)} {onopen} class={classes!((!up).then_some("unreached"))}>
            <td title={address(cluster)}>
                <span class="cluster-name"><Tile ..TileProps::of(cluster)/><strong>{ &cluster.name }</strong></span>
                <Tag tag={cluster.tag.clone().map(AttrValue::from)}/>
            </td>
            <td>
                { health(cluster, &seen) }
                if !up { <Offline cluster={Rc::clone(cluster)}/> }
            </td>
            <td class="right number">{ nodes }</td>
            <td class="right number">{ services }</td>
            <td>
                if running > 0 && up { <span class="tone-text progress">{ format!("{running} running") }</span> } else { { "–" } }
            </td>
            <td class="right number">{ round_trip }</td>
            <td>{ agent(&cluster.link, &seen) }</td>
            <td class="right row-actions">{ row_actions(props, cluster, arrange) }</td>
        </Row>
    }
}

fn row_actions(
    props: &ClusterTableProps,
    cluster: &Rc<Cluster>,
    arrange: &Callback<(ClusterId, bool)>,
) -> Html {
    let (id, name) = (cluster.id, &cluster.name);
    let button = |action: &str, label: &'static str, icon: Icon, onclick: Callback<()>, disabled: bool| {
        html! {
            <Button id={format!("{action}-cluster-{name}")} {label} {icon} icon_only=true look={Look::Plain} {onclick} {disabled}
                hint={disabled.then_some("There is no other cluster of its group on that side")}/>
        }
    };
    let ask = |make: fn(Rc<Cluster>) -> Asking| {
        let cluster = Rc::clone(cluster);
        props.ask.reform(move |()| make(Rc::clone(&cluster)))
    };
    if props.arranging {
        let step = |up: bool| arrange.reform(move |()| (id, up));
        let stuck = |up: bool| moved(&props.clusters, id, up).is_none();
        return html! {
            <>
                { button("up", "Move up", Icon::Deploy, step(true), stuck(true)) }
                { button("down", "Move down", Icon::MoveDown, step(false), stuck(false)) }
            </>
        };
    }
    html! {
        <>
            { button("test", "Test the connection", Icon::Health, ask(Asking::Test), false) }
            { button("edit", "Name, looks, and how it is reached", Icon::Edit, ask(Asking::Edit), false) }
            { button("remove", "Remove this cluster", Icon::Trash, ask(Asking::Remove), false) }
        </>
    }
}

/// The link where it is not up, else what is wrong on the cluster.
fn health(cluster: &Cluster, seen: &Seen) -> Html {
    let why = match &cluster.link {
        Link::Down { sentence } | Link::Retrying { sentence, .. } => Some(sentence.clone()),
        Link::Up { .. } | Link::Connecting | Link::Closed => cluster.notice.clone(),
    };
    if !matches!(cluster.link, Link::Up { .. }) {
        let (tone, text) = (Tone::of_link(&cluster.link), link_word(&cluster.link));
        return html! { <Pill {tone} {text} title={why.map(AttrValue::from)}/> };
    }
    if !cluster.signed_in {
        return html! { <Pill tone={Tone::Neutral} text="not signed in" title={why.map(AttrValue::from)}/> };
    }
    if seen.health.is_none() {
        return html! { <Pill tone={Tone::of_link(&cluster.link)} text={link_word(&cluster.link)}/> };
    }
    let troubles = seen.troubles();
    let text = match (seen.tone(), troubles.len()) {
        (Tone::Bad, count) => text::count(count, "problem", "problems"),
        (_, 0) => "healthy".to_owned(),
        (_, count) => text::count(count, "warning", "warnings"),
    };
    let title = (!troubles.is_empty()).then(|| AttrValue::from(troubles.join("\n")));
    html! { <Pill tone={seen.tone()} {text} {title}/> }
}

/// The agent's version; of a cluster that is out of reach the last one that is known, which is as old as the row says.
fn agent(link: &Link, seen: &Seen) -> Html {
    match version(link, seen) {
        (Some(version), true) => html! { { version } },
        (Some(version), false) => {
            html! { <span class="faint" title="As it was when the cluster was last seen">{ version }</span> }
        }
        (None, _) => html! { { "–" } },
    }
}

/// The version, and whether that is so now.
fn version(link: &Link, seen: &Seen) -> (Option<String>, bool) {
    match link {
        Link::Up { agent, .. } => (Some(agent.clone()), true),
        Link::Closed | Link::Connecting | Link::Retrying { .. } | Link::Down { .. } => {
            (seen.version.as_ref().map(|version| version.agent.clone()), false)
        }
    }
}

fn last_seen(seen: &Seen) -> Html {
    match seen.at {
        Some(at) => html! { <span class="faint">{ "last seen " }<Ago {at}/></span> },
        None => html! { <span class="faint">{ "not seen yet" }</span> },
    }
}

/// `user@host:port`, without what is usual, and the hosts on the way.
fn address(cluster: &Cluster) -> String {
    let Some(way) = &cluster.way else {
        return cluster.host.clone();
    };
    let at = |host: &str, port: u16| match (port, host.contains(':')) {
        (22, _) => host.to_owned(),
        (port, true) => format!("[{host}]:{port}"),
        (port, false) => format!("{host}:{port}"),
    };
    let mut text = format!("{}@{}", way.user, at(&way.host, way.port));
    for entry in &way.entries {
        text.push_str(&format!("\nor {}", at(&entry.host, entry.port)));
    }
    for hop in &way.jump {
        text.push_str(&format!("\nthrough {}@{}", hop.user, at(&hop.host, hop.port)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::server::Version;

    /// FR-DSK-05: out of reach, a cluster keeps the version that is known of it; the link's own counts as long as there is one.
    #[test]
    fn the_last_version_stays() {
        let up = Link::Up {
            round_trip_ms: 1.0,
            agent: "0.2.0".to_owned(),
            needs_owner: false,
        };
        let down = Link::Down {
            sentence: "The key has changed.".to_owned(),
        };
        let seen = Seen {
            version: Some(Rc::new(Version {
                agent: "0.1.0".to_owned(),
                api_level: 1,
                needs_owner: false,
            })),
            ..Seen::default()
        };
        let of = |link: &Link, seen: &Seen| version(link, seen);
        assert_eq!(of(&up, &seen), (Some("0.2.0".to_owned()), true));
        for link in [&down, &Link::Closed, &Link::Connecting] {
            assert_eq!(of(link, &seen), (Some("0.1.0".to_owned()), false));
        }
        assert_eq!(of(&down, &Seen::default()), (None, false));
    }
}
