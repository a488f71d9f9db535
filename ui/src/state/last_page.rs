//! The page that was open when the app ended: the next start begins with it. Like the other choices of the person its address is kept in the
//! webview's storage: ids and names of pages, nothing secret.
//!
//! Nobody has asked for it anew: as long as it is the one that is shown it connects to nothing by itself, and no question is asked for its sake. What a start connects
//! anyway ([`super::at_start`]) fills it.

use std::cell::Cell;

use super::stored;
use crate::route::{self, Page, Route};

const KEY: &str = "slipway-page";

thread_local! {
    static BEGUN_WITH: Cell<Option<Route>> = const { Cell::new(None) };
}

/// Begins with the page that was open last. A page that was only loaded anew has its address, and keeps it.
pub fn begin() {
    if !route::is_bare() {
        return;
    }
    let last = stored::read(KEY).map_or(Route::Fleet, |text| Route::parse(&text));
    let first = beginning(last);
    if first != Route::Fleet {
        BEGUN_WITH.set(Some(first));
        route::begin(first);
    }
}

/// This page is shown now.
pub fn keep(route: Route) {
    if BEGUN_WITH.get().is_some_and(|begun| begun != route) {
        BEGUN_WITH.set(None);
    }
    stored::write(KEY, &route.to_string());
}

/// Whether the page that is shown is the one that the app has begun with, and none was opened since.
pub fn is_begun() -> bool {
    BEGUN_WITH.get().is_some_and(|begun| begun == route::current())
}

/// The page with which a start begins after this one: itself, but for those that lead to something and have lost what was typed there.
fn beginning(last: Route) -> Route {
    match last {
        Route::Add | Route::Unknown => Route::Fleet,
        Route::Cluster(id, Page::SignIn) => Route::Cluster(id, Page::Home),
        Route::Cluster(id, Page::Renew) => Route::Cluster(id, Page::Health),
        Route::Fleet | Route::Settings | Route::HostKeys | Route::Cluster(..) => last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-01: a start begins with the page that was open last; where that is only a way to another one, with a page beside it, and with the fleet
    /// where nothing is known.
    #[test]
    fn a_start_begins_where_the_last_one_ended() {
        let id = "018f0000-0000-7000-8000-000000000001";
        let of = |address: &str| beginning(Route::parse(address)).to_string();
        for same in [
            "#/".to_owned(),
            "#/settings".to_owned(),
            "#/settings/host-keys".to_owned(),
            format!("#/c/{id}"),
            format!("#/c/{id}/app/{id}/logs"),
            format!("#/c/{id}/new-app?env={id}"),
            format!("#/c/{id}/health/terminal"),
        ] {
            assert_eq!(of(&same), same);
        }
        assert_eq!(of(&format!("#/c/{id}/sign-in")), format!("#/c/{id}"));
        assert_eq!(of(&format!("#/c/{id}/health/server")), format!("#/c/{id}/health"));
        for fleet in ["", "#/add", "#/c/nonsense", "nonsense"] {
            assert_eq!(of(fleet), "#/", "{fleet}");
        }
    }
}
