//! What the table of clusters shows of each of them, by column.

use std::rc::Rc;

use slipway_protocol::desktop::{Cluster, Link};
use slipway_protocol::server::is_newer;
use yew::prelude::*;

use super::arrange::groups;
use super::offline::Offline;
use super::processor::Processor;
use super::watch::{AllSeen, Seen};
use crate::components::button::{Button, Look};
use crate::components::listing::{Column, Listed};
use crate::components::pill::{Pill, Tag, Tone, link_word};
use crate::components::tile::{Tile, TileProps};
use crate::components::time::Ago;
use crate::pages::add_cluster::BRINGS;
use crate::route::{Page, Route, go};
use crate::state::round_trip::RoundTrip;
use crate::text;

/// A row: a cluster, and what is known of it.
#[derive(Clone, PartialEq)]
pub struct Entry {
    pub cluster: Rc<Cluster>,
    seen: Seen,
    /// The words above its group, where there are groups.
    group: Option<AttrValue>,
}

impl Entry {
    fn is_up(&self) -> bool {
        matches!(self.cluster.link, Link::Up { .. })
    }

    fn nodes(&self) -> Option<usize> {
        self.seen.health.as_ref().map(|health| health.nodes as usize)
    }

    fn applications(&self) -> Option<usize> {
        self.seen.applications.as_ref().map(|all| all.len())
    }

    /// How many deployments run. Of a cluster that is out of reach nobody knows it.
    fn deployments(&self) -> Option<u32> {
        let health = self.seen.health.as_ref().filter(|_| self.is_up());
        health.map(|health| health.running_deployments)
    }

    /// The worst comes first.
    fn need(&self) -> u8 {
        match (&self.cluster.link, &self.seen.health) {
            (Link::Down { .. } | Link::Retrying { .. }, _) => 0,
            (Link::Up { .. }, Some(_)) if self.cluster.signed_in => match self.seen.tone() {
                Tone::Bad => 1,
                Tone::Warning => 2,
                Tone::Good | Tone::Progress | Tone::Neutral => 4,
            },
            (Link::Up { .. } | Link::Closed | Link::Connecting, _) => 3,
        }
    }
}

/// What the app keeps of it is copied, not what it has heard of it.
impl serde::Serialize for Entry {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde::Serialize::serialize(&*self.cluster, serializer)
    }
}

impl Listed for Entry {
    fn key(&self) -> String {
        self.cluster.id.to_string()
    }

    fn row_id(&self) -> String {
        format!("cluster-card-{}", self.cluster.name)
    }

    fn name(&self) -> String {
        self.cluster.name.clone()
    }

    fn heading(&self) -> Option<AttrValue> {
        self.group.clone()
    }

    fn class(&self) -> Option<&'static str> {
        (!self.is_up()).then_some("unreached")
    }
}

/// Those that match the filter, in the person's order and by group.
pub fn entries(clusters: &[Rc<Cluster>], filter: &str, seen: &AllSeen) -> Vec<Entry> {
    let shown = groups(clusters, filter);
    let named = shown.iter().any(|group| group.name.is_some());
    let mut entries = Vec::new();
    for group in shown {
        let words = group
            .name
            .map_or(AttrValue::Static("Without a group"), AttrValue::from);
        entries.extend(group.clusters.into_iter().map(|cluster| Entry {
            seen: seen.of(cluster.id),
            group: named.then(|| words.clone()),
            cluster,
        }));
    }
    entries
}

pub fn columns() -> Vec<Column<Entry>> {
    vec![
        Column::new("name", "Cluster", name)
            .by(|one, other| one.cluster.name.cmp(&other.cluster.name))
            .always(),
        // What is wrong, and the way back, are never left out.
        Column::new("health", "Health", health)
            .by(|one, other| one.need().cmp(&other.need()))
            .always(),
        Column::new("nodes", "Nodes", |one: &Entry| number(one.nodes()))
            .by(|one, other| one.nodes().cmp(&other.nodes()))
            .right(),
        // By its key it was left out before, which is remembered.
        Column::new("services", "Applications", |one: &Entry| {
            number(one.applications())
        })
        .by(|one, other| one.applications().cmp(&other.applications()))
        .right(),
        Column::new("deployments", "Deployments", deployments)
            .by(|one, other| one.deployments().cmp(&other.deployments())),
        // It is measured again and again: rows that are sorted by it would not stand still.
        Column::new("round-trip", "Round trip", round_trip).right(),
        Column::new("processor", "CPU, last hour", processor),
        Column::new("agent", "Agent", agent).by(|one, other| agent_of(one).0.cmp(&agent_of(other).0)),
    ]
}

fn name(one: &Entry) -> Html {
    let cluster = &one.cluster;
    html! {
        <td title={address(cluster)}>
            <span class="cluster-name"><Tile ..TileProps::of(cluster)/><strong>{ &cluster.name }</strong></span>
            <Tag tag={cluster.tag.clone().map(AttrValue::from)}/>
        </td>
    }
}

fn health(one: &Entry) -> Html {
    html! {
        <td>
            { state(&one.cluster, &one.seen) }
            if !one.is_up() { <Offline cluster={Rc::clone(&one.cluster)}/> }
        </td>
    }
}

fn number(count: Option<usize>) -> Html {
    html! { <td class="right number">{ count.map_or_else(|| "–".to_owned(), |count| count.to_string()) }</td> }
}

fn deployments(one: &Entry) -> Html {
    match one.deployments() {
        Some(running @ 1..) => {
            html! { <td><span class="tone-text progress">{ format!("{running} running") }</span></td> }
        }
        Some(0) | None => html! { <td>{ "–" }</td> },
    }
}

fn round_trip(one: &Entry) -> Html {
    let inside = match &one.cluster.link {
        Link::Up {
            round_trip_ms: first, ..
        } => html! { <RoundTrip of={one.cluster.id} {first}/> },
        Link::Closed | Link::Connecting | Link::Retrying { .. } | Link::Down { .. } => last_seen(&one.seen),
    };
    html! { <td class="right number">{ inside }</td> }
}

fn processor(one: &Entry) -> Html {
    let asked = one.is_up() && one.cluster.signed_in;
    html! { <td><Processor of={one.cluster.id} {asked}/></td> }
}

/// The agent's version; of a cluster that is out of reach the last one that is known, which is as old as the row says.
fn agent(one: &Entry) -> Html {
    let inside = match agent_of(one) {
        (Some(version), true) => {
            let upgrade = upgrade(&one.cluster, &version).unwrap_or_default();
            html! { <span class="row-buttons">{ version }{ upgrade }</span> }
        }
        (Some(version), false) => {
            html! { <span class="faint" title="As it was when the cluster was last seen">{ version }</span> }
        }
        (None, _) => html! { { "–" } },
    };
    html! { <td>{ inside }</td> }
}

/// Where this app brings a newer agent, the way to the page that upgrades it. The agent of this very machine is not set up from here.
fn upgrade(cluster: &Cluster, version: &str) -> Option<Html> {
    if cluster.way.is_none() || !is_newer(BRINGS, version) {
        return None;
    }
    let health = Route::Cluster(cluster.id, Page::Health);
    let onclick = Callback::from(move |()| go(health));
    Some(html! {
        <Button id={format!("upgrade-cluster-{}", cluster.name)} label="Upgrade…" look={Look::Plain} {onclick}
            hint={format!("This app brings version {BRINGS} of the agent")}/>
    })
}

fn agent_of(one: &Entry) -> (Option<String>, bool) {
    version(&one.cluster.link, &one.seen)
}

/// The link where it is not up, else what is wrong on the cluster.
fn state(cluster: &Cluster, seen: &Seen) -> Html {
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
