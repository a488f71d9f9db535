//! Where somebody was when a session ended: signing in leads back there.

use std::cell::RefCell;
use std::collections::HashMap;

use slipway_protocol::ClusterId;

use crate::route::Page;

#[derive(Clone, Copy)]
enum Way {
    To(Page),
    /// Somebody signs out: the page where that is done is not gone back to.
    Home,
}

thread_local! {
    static WAYS: RefCell<HashMap<ClusterId, Way>> = RefCell::default();
}

/// Remembers the page from which somebody is led to signing in.
pub fn keep(cluster: ClusterId, page: Page) {
    WAYS.with_borrow_mut(|ways| {
        let page = match ways.get(&cluster) {
            Some(Way::Home) => Page::Home,
            Some(Way::To(_)) | None => page,
        };
        ways.insert(cluster, Way::To(page));
    });
}

/// Somebody signs out of a cluster: the next person begins at its home.
pub fn leave(cluster: ClusterId) {
    WAYS.with_borrow_mut(|ways| ways.insert(cluster, Way::Home));
}

/// Nobody was signed out after all.
pub fn stay(cluster: ClusterId) {
    WAYS.with_borrow_mut(|ways| ways.remove(&cluster));
}

/// The page to go back to, once.
pub fn take(cluster: ClusterId) -> Page {
    match WAYS.with_borrow_mut(|ways| ways.remove(&cluster)) {
        Some(Way::To(page)) => page,
        Some(Way::Home) | None => Page::Home,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-08: a session that ends leads back to where it ended, once, and in its own cluster; signing out leads home.
    #[test]
    fn signing_in_leads_back_to_where_one_was() {
        let id = |text: &str| text.parse::<ClusterId>().unwrap();
        let one = id("0198f7a8-0000-7000-8000-000000000001");
        let other = id("0198f7a8-0000-7000-8000-000000000002");
        keep(one, Page::People);
        keep(one, Page::Events);
        assert_eq!(take(other), Page::Home);
        assert_eq!(take(one), Page::Events);
        assert_eq!(take(one), Page::Home);
        leave(one);
        keep(one, Page::People);
        assert_eq!(take(one), Page::Home);
        leave(one);
        stay(one);
        keep(one, Page::People);
        assert_eq!(take(one), Page::People);
    }
}
