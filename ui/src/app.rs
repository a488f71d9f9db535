//! The root: the saved clusters as a context, what opens over any page, the route from the URL's hash, and the frame around every page.

use yew::prelude::*;

use crate::browser::use_window_event;
use crate::frame::cluster_frame::ClusterFrame;
use crate::frame::dropped::DropZone;
use crate::frame::opened_link::OpenedLinkQuestion;
use crate::frame::rail::Rail;
use crate::frame::set_ups::SetUpsWatch;
use crate::frame::status_bar::FleetStatusBar;
use crate::pages::add_cluster::AddClusterPage;
use crate::pages::fleet::FleetPage;
use crate::pages::host_keys::HostKeysPage;
use crate::pages::settings::SettingsPage;
use crate::pages::unknown::UnknownPage;
use crate::palette::Overlays;
use crate::route::{Route, use_route};
use crate::state::fleet::FleetProvider;
use crate::state::{last_page, theme, watched};

#[function_component]
pub fn App() -> Html {
    use_effect_with((), |()| {
        theme::apply(theme::saved());
        let following = theme::follow_system();
        move || drop(following)
    });
    use_window_event("visibilitychange", |_: Event| watched::has_changed());
    html! { <FleetProvider><Overlays><Frame/></Overlays></FleetProvider> }
}

#[function_component]
fn Frame() -> Html {
    let route = use_route();
    use_effect_with(route, |route| last_page::keep(*route));
    let inside = match route {
        Route::Cluster(id, page) => html! { <ClusterFrame key={id.to_string()} {id} {page}/> },
        Route::Fleet => without_cluster(html! { <FleetPage/> }),
        Route::Add => without_cluster(html! { <AddClusterPage/> }),
        Route::Settings => without_cluster(html! { <SettingsPage/> }),
        Route::HostKeys => without_cluster(html! { <HostKeysPage/> }),
        Route::Unknown => without_cluster(html! { <UnknownPage/> }),
    };
    html! {
        <div class="frame" data-page={route.to_string()}>
            <DropZone {route}>
                <Rail {route}/>
                { inside }
            </DropZone>
            <OpenedLinkQuestion/>
            <SetUpsWatch/>
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
