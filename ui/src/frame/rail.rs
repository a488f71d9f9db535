//! The rail at the left: the fleet, one tile for each cluster, adding one, the theme.

use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::icon::{Icon, Picture};
use crate::components::pill::link_word;
use crate::components::tile::{Tile, TileProps};
use crate::route::{Page, Route};
use crate::state::fleet::use_fleet;
use crate::state::theme::{self, Theme};

#[derive(PartialEq, Properties)]
pub struct RailProps {
    pub route: Route,
}

#[function_component]
pub fn Rail(props: &RailProps) -> Html {
    let fleet = use_fleet();
    let here = match props.route {
        Route::Cluster(id, _) => Some(id),
        Route::Fleet | Route::Add | Route::Unknown => None,
    };
    let tiles = fleet.clusters().iter().enumerate().map(|(index, cluster)| {
        let route = Route::Cluster(cluster.id, Page::Home);
        let mut title = format!("{}: {}", cluster.name, link_word(&cluster.link));
        if index < 9 {
            title.push_str(&format!(" (Ctrl {})", index + 1));
        }
        let chosen = here == Some(cluster.id);
        html! {
            <a key={cluster.id.to_string()} class={classes!("rail-tile", chosen.then_some("chosen"))} href={route.to_string()}
                data-testid={format!("rail-cluster-{}", cluster.name)} aria-label={title.clone()} {title}
                aria-current={chosen.then_some("true")}>
                <Tile ..TileProps::of(cluster)/>
            </a>
        }
    });
    let fleet_here = props.route == Route::Fleet;
    html! {
        <nav class="rail" aria-label="Clusters">
            <a class={classes!("rail-item", fleet_here.then_some("chosen"))} href={Route::Fleet.to_string()}
                data-testid="rail-fleet" aria-label="Fleet" title="Fleet">
                <Picture icon={Icon::Fleet}/>
            </a>
            <>{ for tiles }</>
            <a class="rail-item add" href={Route::Add.to_string()} data-testid="rail-add" aria-label="Add a cluster"
                title="Add a cluster">
                <Picture icon={Icon::Plus}/>
            </a>
            <span class="grow"/>
            <ThemeToggle/>
        </nav>
    }
}

#[function_component]
fn ThemeToggle() -> Html {
    let shown = use_state_eq(theme::shown);
    let onclick = {
        let shown = shown.clone();
        Callback::from(move |()| {
            let next = theme::shown().other();
            theme::choose(next);
            shown.set(next);
        })
    };
    let (icon, label) = match *shown {
        Theme::Light => (Icon::Moon, "Dark theme"),
        Theme::Dark => (Icon::Sun, "Light theme"),
    };
    html! { <Button id="theme-toggle" {label} {icon} icon_only=true look={Look::Plain} {onclick}/> }
}
