//! What the person drops on the window: a sign over the page while it is above, and the words where it cannot be taken. An
//! application's page takes it (`pages/app/upload.rs`).

use slipway_protocol::desktop::{DropState, Dropped, DroppedId, Failure, OfDropped, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::icon::{Icon, Picture};
use crate::components::modal::Dialog;
use crate::route::{Page, Route};
use crate::shell;
use crate::state::told::use_told;

/// What was dropped and is not done with, for the page that can take it.
#[derive(Clone, PartialEq)]
pub struct Drops {
    pub dropped: Option<Dropped>,
    /// It is sent, or nobody wants it.
    pub done: Callback<DroppedId>,
}

#[derive(PartialEq, Properties)]
pub struct DropZoneProps {
    pub route: Route,
    pub children: Html,
}

#[function_component]
pub fn DropZone(props: &DropZoneProps) -> Html {
    let told = use_told::<DropState>(command::WATCH_DROPS);
    // The shell hears of it a little later than the page does.
    let last = use_state_eq(|| None::<DroppedId>);
    let done = {
        let last = last.setter();
        Callback::from(move |id: DroppedId| {
            last.set(Some(id));
            forget(Some(id));
        })
    };
    let state = told.as_deref().unwrap_or(&DropState::Nothing);
    let dropped = match state {
        DropState::Dropped { dropped } if Some(dropped.id) != *last => Some(dropped.clone()),
        _ => None,
    };
    let is_taken = takes(props.route);
    let context = Drops {
        dropped: dropped.clone(),
        done: done.clone(),
    };
    html! {
        <ContextProvider<Drops> {context}>
            { props.children.clone() }
            if *state == DropState::Above { { above(is_taken) } }
            if let Some(dropped) = dropped.filter(|_| !is_taken) { <Elsewhere {dropped} {done}/> }
            if let DropState::Refused { sentence } = state { <Refused sentence={sentence.clone()}/> }
        </ContextProvider<Drops>>
    }
}

/// Whether what is dropped on this page is taken.
fn takes(route: Route) -> bool {
    matches!(route, Route::Cluster(_, Page::App(..)))
}

fn forget(dropped: Option<DroppedId>) {
    spawn_local(async move {
        // It is forgotten by itself after some minutes.
        let _: Result<(), Failure> = shell::call(command::FORGET_DROPPED, &OfDropped { dropped }).await;
    });
}

fn above(is_taken: bool) -> Html {
    let says = if is_taken {
        "Drop a folder or an archive to deploy it to this application"
    } else {
        "Open the application’s page to drop a folder or an archive there"
    };
    html! {
        <div class={classes!("drop-above", is_taken.then_some("taken"))} role="status" data-testid="drop-above">
            <p><Picture icon={if is_taken { Icon::Deploy } else { Icon::Warning }}/>{ says }</p>
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct ElsewhereProps {
    dropped: Dropped,
    done: Callback<DroppedId>,
}

/// It was dropped on a page that is no application's.
#[function_component]
fn Elsewhere(props: &ElsewhereProps) -> Html {
    let id = props.dropped.id;
    let close = props.done.reform(move |()| id);
    let actions = html! { <Button id="drop-elsewhere-close" label="Close" look={Look::Primary} submit=true offline=true/> };
    html! {
        <Dialog id="drop-elsewhere" title="For which application?" onclose={close.clone()} onsubmit={close} {actions}>
            <p>{ format!("“{}” was dropped on a page that is no application’s. Open the application that it is for, and drop it there.", props.dropped.name) }</p>
        </Dialog>
    }
}

#[derive(PartialEq, Properties)]
struct RefusedProps {
    sentence: String,
}

#[function_component]
fn Refused(props: &RefusedProps) -> Html {
    let close = Callback::from(|()| forget(None));
    let actions = html! { <Button id="drop-refused-close" label="Close" look={Look::Primary} submit=true offline=true/> };
    html! {
        <Dialog id="drop-refused" title="This cannot be deployed" onclose={close.clone()} onsubmit={close} {actions}>
            <p data-testid="drop-refused-sentence">{ &props.sentence }</p>
        </Dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Tab;

    /// FR-SRC-04: a folder is dropped on an application's page, whichever tab is open, and nowhere else.
    #[test]
    fn an_applications_page_takes_it() {
        let id = "018f0000-0000-7000-8000-000000000001";
        let page = |page| takes(Route::Cluster(id.parse().unwrap(), page));
        for tab in Tab::ALL {
            assert!(page(Page::App(id.parse().unwrap(), tab)));
        }
        assert!(!page(Page::Home) && !page(Page::Deployment(id.parse().unwrap())));
        assert!(!takes(Route::Fleet));
    }
}
