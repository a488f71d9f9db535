//! What opens over any page by a key: the palette, the sheet of shortcuts, and the question before an act of the palette.

mod ask;
mod entry;
mod index;
mod known;
mod list;
mod rank;
mod reach;
mod recent;
mod sheet;
mod view;

use slipway_protocol::ClusterId;
use slipway_protocol::desktop::Failure;
use yew::prelude::*;

use self::ask::AskDialog;
use self::entry::{Asked, Does};
use self::known::Known;
use self::sheet::ShortcutSheet;
use self::view::Palette;
use crate::browser::{has_dialog, use_window_event};
use crate::components::button::{Button, Look};
use crate::components::failure::FormError;
use crate::components::modal::Dialog;
use crate::keys::{Meaning, meaning_of};
use crate::route::{Page, Route, Tab, go, use_route};
use crate::state::fleet::use_fleet;
use crate::state::theme;

/// What is open over the page.
#[derive(Clone, PartialEq)]
pub enum Overlay {
    Palette,
    Sheet,
    Ask(Box<Asked>),
    Failed(Failure),
}

/// Opens an overlay from anywhere in the window.
#[derive(Clone, PartialEq)]
pub struct Opener(pub Callback<Overlay>);

#[hook]
pub fn use_opener() -> Callback<Overlay> {
    use_context::<Opener>().map(|opener| opener.0).unwrap_or_default()
}

#[derive(PartialEq, Properties)]
pub struct OverlaysProps {
    pub children: Html,
}

#[function_component]
pub fn Overlays(props: &OverlaysProps) -> Html {
    let shown = use_state_eq(|| None::<Overlay>);
    let known = use_reducer(Known::default);
    let route = use_route();
    let fleet = use_fleet();
    let ids: Vec<ClusterId> = fleet.clusters().iter().map(|cluster| cluster.id).collect();
    let open = {
        let shown = shown.setter();
        use_callback((), move |overlay, ()| shown.set(Some(overlay)))
    };
    let close = {
        let shown = shown.setter();
        use_callback((), move |(), ()| shown.set(None))
    };
    {
        let (shown, open) = (shown.clone(), open.clone());
        use_window_event("keydown", move |event: KeyboardEvent| {
            let Some(meaning) = meaning_of(&event).filter(|_| !has_dialog()) else {
                return;
            };
            let done = match meaning {
                // The same key once more closes it.
                Meaning::Palette if *shown == Some(Overlay::Palette) => {
                    shown.set(None);
                    true
                }
                Meaning::Palette => {
                    open.emit(Overlay::Palette);
                    true
                }
                Meaning::Sheet => {
                    open.emit(Overlay::Sheet);
                    true
                }
                Meaning::Cluster(place) => open_cluster(ids.get(place)),
                Meaning::Tab(place) => open_tab(route, place),
                Meaning::Find => reach::find_in_page(),
            };
            if done {
                event.prevent_default();
            }
        });
    }
    let choose = {
        let open = open.clone();
        Callback::from(move |does: Does| act(does, &open))
    };
    let over = (*shown).clone().map(|overlay| match overlay {
        Overlay::Palette => html! { <Palette known={known.clone()} {route} close={close.clone()} {choose}/> },
        Overlay::Sheet => html! { <ShortcutSheet close={close.clone()}/> },
        Overlay::Ask(asked) => html! { <AskDialog {asked} close={close.clone()}/> },
        Overlay::Failed(failure) => failed(failure, close.clone()),
    });
    html! {
        <ContextProvider<Opener> context={Opener(open)}>
            { props.children.clone() }
            { over.unwrap_or_default() }
        </ContextProvider<Opener>>
    }
}

fn act(does: Does, open: &Callback<Overlay>) {
    match does {
        Does::Go(route) => go(route),
        Does::Reach(route, steps) => reach::open_at(route, steps),
        Does::OpenUrl(url) => reach::open_url(url, open.reform(Overlay::Failed)),
        Does::Ask(asked) => open.emit(Overlay::Ask(asked)),
        Does::SwitchTheme => theme::choose(Some(theme::shown().other())),
        Does::ShowShortcuts => open.emit(Overlay::Sheet),
    }
}

fn failed(failure: Failure, close: Callback<()>) -> Html {
    let actions = html! { <Button id="palette-failed-close" offline=true label="Close" look={Look::Primary} submit=true/> };
    html! {
        <Dialog id="palette-failed" title="That did not work" onclose={close.clone()} onsubmit={close} {actions}>
            <FormError failure={Some(failure)}/>
        </Dialog>
    }
}

fn open_cluster(id: Option<&ClusterId>) -> bool {
    if let Some(id) = id {
        go(Route::Cluster(*id, Page::Home));
    }
    id.is_some()
}

/// Tabs have keys only where an application is open.
fn open_tab(route: Route, place: usize) -> bool {
    let Route::Cluster(cluster, Page::App(app, _)) = route else {
        return false;
    };
    let Some(tab) = Tab::ALL.get(place) else {
        return false;
    };
    go(Route::Cluster(cluster, Page::App(app, *tab)));
    true
}
