//! The rail at the left: the fleet, one tile for each cluster, adding one; at its foot back and forward, the theme, the settings.

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::Failure;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::browser::{self, use_window_event};
use crate::components::button::{Button, Look};
use crate::components::dragged::use_dragging;
use crate::components::failure::FormError;
use crate::components::icon::{Icon, Picture};
use crate::components::modal::Dialog;
use crate::components::pill::link_word;
use crate::components::tile::{Tile, TileProps};
use crate::keys;
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
        Route::Fleet | Route::Add | Route::Settings | Route::HostKeys | Route::Unknown => None,
    };
    let failure = use_state(|| None::<Failure>);
    let keep = {
        let (fleet, failure) = (fleet.clone(), failure.setter());
        Callback::from(move |order: Vec<ClusterId>| {
            let (fleet, failure) = (fleet.clone(), failure.clone());
            spawn_local(async move { failure.set(fleet.arrange(order).await.err()) });
        })
    };
    let dragging = use_dragging(fleet.clusters(), false, keep);
    let tiles = fleet.clusters().iter().enumerate().map(|(index, cluster)| {
        let route = Route::Cluster(cluster.id, Page::Home);
        let mut title = format!("{}: {}", cluster.name, link_word(&cluster.link));
        if index < 9 {
            title.push_str(&format!(" ({} {})", keys::command_name(), index + 1));
        }
        let chosen = here == Some(cluster.id);
        let carried = dragging.carried == Some(cluster.id);
        html! {
            <a key={cluster.id.to_string()} class={classes!("rail-tile", chosen.then_some("chosen"), carried.then_some("carried"))}
                href={route.to_string()} data-testid={format!("rail-cluster-{}", cluster.name)} aria-label={title.clone()} {title}
                aria-current={chosen.then_some("true")} data-arrange={cluster.id.to_string()} draggable="false">
                <Tile ..TileProps::of(cluster)/>
            </a>
        }
    });
    let fleet_here = props.route == Route::Fleet;
    let settings_here = matches!(props.route, Route::Settings | Route::HostKeys);
    html! {
        <nav class="rail" aria-label="Clusters">
            <a class={classes!("rail-item", fleet_here.then_some("chosen"))} href={Route::Fleet.to_string()}
                data-testid="rail-fleet" aria-label="Fleet" title="Fleet">
                <Picture icon={Icon::Fleet}/>
            </a>
            <div class="rail-tiles" data-arranged="true" onpointerdown={&dragging.onpointerdown} onpointermove={&dragging.onpointermove}
                onpointerup={&dragging.onpointerup} onpointercancel={&dragging.onpointercancel} onclick={&dragging.onclick}>
                { for tiles }
            </div>
            { dragging.line.clone() }
            { not_kept(&failure) }
            <a class="rail-item add" href={Route::Add.to_string()} data-testid="rail-add" aria-label="Add a cluster"
                title="Add a cluster">
                <Picture icon={Icon::Plus}/>
            </a>
            <span class="grow"/>
            <History/>
            <ThemeToggle/>
            <a class={classes!("rail-item", settings_here.then_some("chosen"))} href={Route::Settings.to_string()}
                data-testid="rail-settings" aria-label="Settings of this app" title="Settings of this app">
                <Picture icon={Icon::Sliders}/>
            </a>
        </nav>
    }
}

/// Why the order is as it was.
fn not_kept(failure: &UseStateHandle<Option<Failure>>) -> Html {
    let Some(why) = (**failure).clone() else {
        return html! {};
    };
    let close = {
        let failure = failure.setter();
        Callback::from(move |()| failure.set(None))
    };
    let actions = html! { <Button id="order-close" label="Close" onclick={close.clone()}/> };
    html! {
        <Dialog id="order-not-kept" title="The order was not kept" onclose={close} {actions}>
            <FormError failure={Some(why)}/>
        </Dialog>
    }
}

/// Back and forward through the pages, also by Alt and the arrows.
#[function_component]
fn History() -> Html {
    use_window_event("keydown", |event: KeyboardEvent| {
        let plain = event.alt_key()
            && !event.ctrl_key()
            && !event.meta_key()
            && !event.shift_key()
            && !browser::has_dialog();
        // There they go from word to word.
        let words = keys::is_mac() && keys::is_typing(&event);
        let go: fn() = match event.key().as_str() {
            "ArrowLeft" if plain && !words => browser::back,
            "ArrowRight" if plain && !words => browser::forward,
            _ => return,
        };
        event.prevent_default();
        go();
    });
    html! {
        <div class="rail-history">
            <Button id="back" label="Back (Alt ←)" icon={Icon::Back} icon_only=true look={Look::Plain}
                onclick={Callback::from(|()| browser::back())}/>
            <Button id="forward" label="Forward (Alt →)" icon={Icon::Forward} icon_only=true look={Look::Plain}
                onclick={Callback::from(|()| browser::forward())}/>
        </div>
    }
}

#[function_component]
fn ThemeToggle() -> Html {
    let shown = use_state_eq(theme::shown);
    let onclick = Callback::from(|()| theme::choose(Some(theme::shown().other())));
    {
        // It is also chosen elsewhere, and by the system.
        let shown = shown.setter();
        use_window_event(theme::CHANGED, move |_: Event| shown.set(theme::shown()));
    }
    let (icon, label) = match shown.other() {
        Theme::Light => (Icon::Sun, "Change to the light theme"),
        Theme::Dark | Theme::Contrast => (Icon::Moon, "Change to the dark theme"),
    };
    html! { <Button id="theme-toggle" {label} {icon} icon_only=true look={Look::Plain} {onclick}/> }
}
