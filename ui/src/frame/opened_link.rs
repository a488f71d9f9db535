//! A link into the app that the system has opened: where it leads is said, and it is followed only if the person wishes.

use slipway_protocol::desktop::{OpenedLink, command};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::components::button::{Button, Look};
use crate::components::modal::Dialog;
use crate::route::{Page, Route, go, replace};
use crate::shell;
use crate::state::fleet::{FleetContext, use_fleet};
use crate::state::last_page;

#[function_component]
pub fn OpenedLinkQuestion() -> Html {
    let fleet = use_fleet();
    let opened = use_state(|| None::<String>);
    let watch = use_mut_ref(|| None);
    {
        let opened = opened.setter();
        use_effect_with((), move |()| {
            spawn_local(async move {
                let on = move |link: OpenedLink| match route_of(&link.address).filter(|_| link.own) {
                    Some(route) => go(route),
                    None => {
                        // It leads from the front door, not from what was open another day.
                        if link.first && last_page::is_begun() {
                            replace(Route::Fleet);
                        }
                        opened.set(Some(link.address));
                    }
                };
                *watch.borrow_mut() = shell::watch::<OpenedLink>(command::WATCH_OPENED_LINKS, on)
                    .await
                    .ok();
            });
        });
    }
    let Some(address) = (*opened).clone() else {
        return html! {};
    };
    let close = {
        let opened = opened.setter();
        Callback::from(move |()| opened.set(None))
    };
    let route = route_of(&address);
    let leads = leads_to(route, &fleet);
    let follow = {
        let close = close.clone();
        let route = route.filter(|_| leads.is_ok());
        Callback::from(move |()| {
            if let Some(route) = route {
                go(route);
            }
            close.emit(());
        })
    };
    let actions = html! {
        <>
            <Button id="opened-link-refuse" label={if leads.is_ok() { "Stay here" } else { "Close" }} onclick={close.clone()}/>
            if leads.is_ok() { <Button id="opened-link-follow" offline=true label="Go there" look={Look::Primary} submit=true/> }
        </>
    };
    html! {
        <Dialog id="opened-link" title="A link was opened" onclose={close} onsubmit={follow} {actions}>
            <p class="fingerprint"><code data-testid="opened-link-address">{ &address }</code></p>
            <p>{ match leads { Ok(place) => format!("It leads to {place}. It only shows a page; it changes nothing."), Err(why) => why } }</p>
        </Dialog>
    }
}

/// The page that a link names; none if it names none.
fn route_of(address: &str) -> Option<Route> {
    let path = address.strip_prefix("slipway://")?;
    match Route::parse(&format!("#/{path}")) {
        Route::Unknown => None,
        route => Some(route),
    }
}

/// In words, or why it is not followed.
fn leads_to(route: Option<Route>, fleet: &FleetContext) -> Result<String, String> {
    match route {
        None => Err("It names no page of this app.".to_owned()),
        Some(Route::Cluster(id, page)) => match fleet.find(id) {
            Some(cluster) => Ok(format!("{} on the cluster “{}”", of_page(page), cluster.name)),
            None => Err("It leads to a cluster that is not saved here; add the cluster first.".to_owned()),
        },
        Some(_) => Ok("a page of the app itself".to_owned()),
    }
}

fn of_page(page: Page) -> &'static str {
    match page {
        Page::App(..) => "an application",
        Page::Deployment(_) => "a deployment",
        _ => "a page",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-01: a link is the address of a page and nothing else.
    #[test]
    fn links_name_pages() {
        let id = "018f0000-0000-7000-8000-000000000001";
        assert!(matches!(
            route_of(&format!("slipway://c/{id}/deployment/{id}")),
            Some(Route::Cluster(_, Page::Deployment(_)))
        ));
        assert_eq!(route_of("slipway://"), Some(Route::Fleet));
        assert_eq!(route_of("slipway://c/x/delete"), None);
        assert_eq!(route_of("https://c/x"), None);
    }
}
