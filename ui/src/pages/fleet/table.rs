//! The table of clusters: how each is, what it has, how far away it is, and when it was last seen; and what can be done with each.

use std::rc::Rc;

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{Cluster, Failure};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::Asking;
use super::arrange::moved;
use super::columns::{Entry, columns, entries};
use super::watch::AllSeen;
use crate::components::button::{Button, Look};
use crate::components::card::Card;
use crate::components::dragged::{Dragging, use_dragging};
use crate::components::failure::FormError;
use crate::components::icon::{Icon, Picture};
use crate::components::listing::Listing;
use crate::route::{Page, Route, go};
use crate::state::fleet::use_fleet;

#[derive(Clone, PartialEq, Properties)]
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
    let keep = {
        let failure = failure.setter();
        Callback::from(move |order: Vec<ClusterId>| {
            let (fleet, failure) = (fleet.clone(), failure.clone());
            spawn_local(async move { failure.set(fleet.arrange(order).await.err()) });
        })
    };
    let dragging = use_dragging(&props.clusters, true, keep.clone());
    let arrange = {
        let clusters = props.clusters.clone();
        Callback::from(move |(cluster, up): (ClusterId, bool)| {
            if let Some(order) = moved(&clusters, cluster, up) {
                keep.emit(order);
            }
        })
    };
    let entries = entries(&props.clusters, &props.filter, &props.seen);
    if entries.is_empty() {
        return html! { <Card><p class="card-empty">{ "No cluster has this in its name, host, tag or group." }</p></Card> };
    }
    let mut columns = columns();
    if props.arranging {
        // What is being arranged is the person's own order.
        columns.iter_mut().for_each(|column| column.by = None);
    }
    let open = {
        let ends_drag = dragging.ends();
        Callback::from(move |entry: Entry| {
            let (id, ends_drag) = (entry.cluster.id, ends_drag.clone());
            Some(Callback::from(move |()| {
                if !ends_drag.emit(()) {
                    go(Route::Cluster(id, Page::Home));
                }
            }))
        })
    };
    let Dragging {
        onpointerdown,
        onpointermove,
        onpointerup,
        onpointercancel,
        ..
    } = &dragging;
    let line = dragging.line.clone();
    let end = {
        let props = props.clone();
        let carried = dragging.carried;
        Callback::from(move |entry: Entry| row_actions(&props, &entry.cluster, &arrange, carried))
    };
    html! {
        <Card>
            <FormError failure={(*failure).clone()}/>
            <div data-arranged="true" {onpointerdown} {onpointermove} {onpointerup} {onpointercancel}>
                <Listing<Entry> id="clusters" class="fleet-table" items={entries} {columns} {open} {end}/>
                { line }
            </div>
        </Card>
    }
}

fn row_actions(
    props: &ClusterTableProps,
    cluster: &Rc<Cluster>,
    arrange: &Callback<(ClusterId, bool)>,
    carried: Option<ClusterId>,
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
            <span class="row-actions">
                if !(stuck(true) && stuck(false)) { { grip(cluster, carried == Some(id)) } }
                { button("up", "Move up", Icon::Deploy, step(true), stuck(true)) }
                { button("down", "Move down", Icon::MoveDown, step(false), stuck(false)) }
            </span>
        };
    }
    html! {
        <span class="row-actions">
            { button("test", "Test the connection", Icon::Health, ask(Asking::Test), false) }
            { button("edit", "Name, looks, and how it is reached", Icon::Edit, ask(Asking::Edit), false) }
            { button("remove", "Remove this cluster", Icon::Trash, ask(Asking::Remove), false) }
        </span>
    }
}

/// What a row is carried by. Who does not see it has the buttons beside it.
fn grip(cluster: &Cluster, carried: bool) -> Html {
    // The row would be opened.
    let onclick = Callback::from(|event: MouseEvent| event.stop_propagation());
    html! {
        <span class={classes!("grip", carried.then_some("carried"))} data-arrange={cluster.id.to_string()}
            data-testid={format!("drag-cluster-{}", cluster.name)} title="Drag it to another place of its group" aria-hidden="true" {onclick}>
            <Picture icon={Icon::Grip}/>
        </span>
    }
}
