//! All clusters at a glance: name, tag, link, where they are, how far away, and their agents.

use std::rc::Rc;

use slipway_protocol::desktop::{Cluster, Link, OfCluster, command};
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::failure::FormError;
use crate::components::header::{Crumb, Header};
use crate::components::icon::Icon;
use crate::components::modal::Dialog;
use crate::components::pill::{Pill, Tag, Tone, link_word};
use crate::components::remote::{Broken, Empty, Loading};
use crate::components::table::{Row, Table};
use crate::route::{Page, Route, go};
use crate::shell;
use crate::state::fleet::use_fleet;
use crate::state::task::use_task;
use crate::text;

#[function_component]
pub fn FleetPage() -> Html {
    let fleet = use_fleet();
    let removing = use_state(|| None::<Rc<Cluster>>);
    let clusters = fleet.clusters();
    let add = html! {
        <Button id="add-cluster" label="Add a cluster" look={Look::Primary} onclick={Callback::from(|()| go(Route::Add))}/>
    };
    let inside = match fleet.failure() {
        Some(failure) if clusters.is_empty() => {
            html! { <Broken failure={failure.clone()} retry={fleet.reload.clone()}/> }
        }
        _ if !fleet.loaded() => html! { <Loading/> },
        _ if clusters.is_empty() => html! {
            <Empty icon={Icon::Fleet} title="No clusters yet"
                text="A cluster is a server with Docker Swarm and the Slipway agent, reached through SSH. Add one to deploy to it.">
                { add.clone() }
            </Empty>
        },
        _ => table(clusters, &removing),
    };
    let note = (!clusters.is_empty()).then(|| text::count(clusters.len(), "cluster", "clusters"));
    let state = note.map(|text| html! { <span class="note-pill">{ text }</span> });
    let close = {
        let removing = removing.setter();
        Callback::from(move |()| removing.set(None))
    };
    html! {
        <div class="page" data-testid="fleet">
            <Header crumbs={vec![Crumb::new("All clusters", None)]} title="Fleet" state={state.unwrap_or_default()}
                actions={if clusters.is_empty() { html! {} } else { add }}/>
            <div class="content">{ inside }</div>
            if let Some(cluster) = &*removing { <RemoveDialog cluster={Rc::clone(cluster)} {close}/> }
        </div>
    }
}

fn table(clusters: &[Rc<Cluster>], removing: &UseStateHandle<Option<Rc<Cluster>>>) -> Html {
    let head = html! {
        <>
            <th>{ "Cluster" }</th><th>{ "Health" }</th><th>{ "Host" }</th><th class="right">{ "Round trip" }</th>
            <th>{ "Agent" }</th><th>{ "Signed in" }</th><th/>
        </>
    };
    html! { <Card><Table {head}>{ for clusters.iter().map(|cluster| row(cluster, removing)) }</Table></Card> }
}

fn row(cluster: &Rc<Cluster>, removing: &UseStateHandle<Option<Rc<Cluster>>>) -> Html {
    let id = cluster.id;
    let onopen = Callback::from(move |()| go(Route::Cluster(id, Page::Home)));
    let remove = {
        let (removing, cluster) = (removing.setter(), Rc::clone(cluster));
        Callback::from(move |()| removing.set(Some(Rc::clone(&cluster))))
    };
    let (round_trip, agent) = match &cluster.link {
        Link::Up {
            round_trip_ms, agent, ..
        } => (text::milliseconds(*round_trip_ms), agent.clone()),
        _ => ("–".to_owned(), "–".to_owned()),
    };
    let why = match &cluster.link {
        Link::Down { sentence } | Link::Retrying { sentence, .. } => Some(AttrValue::from(sentence.clone())),
        Link::Up { .. } | Link::Connecting | Link::Closed => cluster.notice.clone().map(AttrValue::from),
    };
    let signed_in = if cluster.signed_in {
        cluster.email.clone().unwrap_or_else(|| "yes".to_owned())
    } else {
        "–".to_owned()
    };
    html! {
        <Row key={id.to_string()} id={format!("cluster-card-{}", cluster.name)} {onopen}>
            <td><strong>{ &cluster.name }</strong><Tag tag={cluster.tag.clone().map(AttrValue::from)}/></td>
            <td><Pill tone={Tone::of_link(&cluster.link)} text={link_word(&cluster.link)} title={why}/></td>
            <td class="mono">{ address(cluster) }</td>
            <td class="right number">{ round_trip }</td>
            <td>{ agent }</td>
            <td class="secondary">{ signed_in }</td>
            <td class="right">
                <Button id={format!("remove-cluster-{}", cluster.name)} label="Remove this cluster" icon={Icon::Trash}
                    icon_only=true look={Look::Plain} onclick={remove}/>
            </td>
        </Row>
    }
}

/// `user@host:port`, without what is usual.
fn address(cluster: &Cluster) -> String {
    let user = cluster
        .user
        .as_ref()
        .map(|user| format!("{user}@"))
        .unwrap_or_default();
    let port = cluster
        .port
        .filter(|port| *port != 22)
        .map(|port| format!(":{port}"));
    format!("{user}{}{}", cluster.host, port.unwrap_or_default())
}

#[derive(PartialEq, Properties)]
struct RemoveProps {
    cluster: Rc<Cluster>,
    close: Callback<()>,
}

#[function_component]
fn RemoveDialog(props: &RemoveProps) -> Html {
    let fleet = use_fleet();
    let task = use_task();
    let remove = {
        let (task, close, cluster) = (task.clone(), props.close.clone(), props.cluster.id);
        Callback::from(move |()| {
            let (fleet, close) = (fleet.clone(), close.clone());
            task.run(async move {
                shell::call::<_, ()>(command::REMOVE_CLUSTER, &OfCluster { cluster }).await?;
                fleet.refresh().await;
                close.emit(());
                Ok(())
            });
        })
    };
    let actions = html! {
        <>
            <Button label="Keep it" onclick={props.close.clone()}/>
            <Button id="remove-cluster-confirm" label="Remove from this app" look={Look::Danger} busy={task.busy()} onclick={remove}/>
        </>
    };
    html! {
        <Dialog id="remove-cluster" title={format!("Remove {}", props.cluster.name)} onclose={props.close.clone()} {actions}>
            <p>{ "This app forgets the cluster, its session and the secrets kept for it in the keychain." }</p>
            <p>{ "Nothing changes on the server: applications, agent and accounts stay, and the cluster can be added again." }</p>
            <FormError failure={task.failure()}/>
        </Dialog>
    }
}
