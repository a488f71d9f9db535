//! The root: the saved clusters as a context, the route from the URL's hash, and the frame around every page.

use slipway_protocol::ClusterId;
use yew::prelude::*;

use crate::browser::use_window_event;
use crate::frame::cluster_frame::ClusterFrame;
use crate::frame::rail::Rail;
use crate::frame::status_bar::FleetStatusBar;
use crate::pages::add_cluster::AddClusterPage;
use crate::pages::fleet::FleetPage;
use crate::pages::unknown::UnknownPage;
use crate::route::{Page, Route, go, use_route};
use crate::state::fleet::{FleetProvider, use_fleet};
use crate::state::theme;

#[function_component]
pub fn App() -> Html {
    use_effect_with((), |()| {
        theme::apply(theme::saved());
        let following = theme::follow_system();
        move || drop(following)
    });
    html! { <FleetProvider><Frame/></FleetProvider> }
}

#[function_component]
fn Frame() -> Html {
    let route = use_route();
    let fleet = use_fleet();
    let ids: Vec<ClusterId> = fleet.clusters().iter().map(|cluster| cluster.id).collect();
    use_window_event("keydown", move |event: KeyboardEvent| {
        switch_cluster(&event, &ids);
    });
    let inside = match route {
        Route::Cluster(id, page) => html! { <ClusterFrame key={id.to_string()} {id} {page}/> },
        Route::Fleet => without_cluster(html! { <FleetPage/> }),
        Route::Add => without_cluster(html! { <AddClusterPage/> }),
        Route::Unknown => without_cluster(html! { <UnknownPage/> }),
    };
    html! {
        <div class="frame">
            <Rail {route}/>
            { inside }
        </div>
    }
}

fn without_cluster(page: Html) -> Html {
    html! {
        <div class="cluster no-sidebar">
            <main class="main">{ page }</main>
            <FleetStatusBar/>
        </div>
    }
}

/// Ctrl/Cmd+1…9 open the clusters in the rail's order.
fn switch_cluster(event: &KeyboardEvent, ids: &[ClusterId]) {
    if !(event.ctrl_key() || event.meta_key()) || event.alt_key() || event.shift_key() {
        return;
    }
    let Some(number) = event.key().parse::<usize>().ok().filter(|number| *number >= 1) else {
        return;
    };
    if let Some(id) = ids.get(number - 1) {
        event.prevent_default();
        go(Route::Cluster(*id, Page::Home));
    }
}
