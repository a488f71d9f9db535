//! What is typed into a form and not sent yet: it stays while other pages are shown, and over a sign-in. In memory only, because there may be
//! secrets in it; signing out forgets it.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use slipway_protocol::ClusterId;

/// More forms than anybody leaves unfinished.
const MOST: usize = 100;

thread_local! {
    static DRAFTS: RefCell<HashMap<String, Rc<dyn Any>>> = RefCell::default();
}

/// Names a form of a cluster, and what it is about.
pub fn key(cluster: ClusterId, form: &str, about: impl std::fmt::Display) -> String {
    format!("{cluster} {form} {about}")
}

/// What was left in this form.
pub fn kept<T: Clone + 'static>(key: &str) -> Option<T> {
    DRAFTS.with_borrow(|all| all.get(key)?.downcast_ref::<T>().cloned())
}

/// Keeps it, or forgets it where there is nothing to keep.
pub fn keep<T: 'static>(key: &str, draft: Option<T>) {
    DRAFTS.with_borrow_mut(|all| match draft {
        Some(draft) if all.len() < MOST || all.contains_key(key) => {
            all.insert(key.to_owned(), Rc::new(draft));
        }
        Some(_) => {}
        None => {
            all.remove(key);
        }
    });
}

/// Forgets all that was typed about a cluster.
pub fn forget(cluster: ClusterId) {
    let id = cluster.to_string();
    DRAFTS.with_borrow_mut(|all| all.retain(|key, _| !key.starts_with(&id)));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-08: what was typed is there again, each form's own, until it is sent or its cluster is left.
    #[test]
    fn drafts_stay() {
        let id = |n: u8| {
            format!("00000000-0000-4000-8000-00000000000{n}")
                .parse::<ClusterId>()
                .unwrap()
        };
        let (one, two) = (id(1), id(2));
        let (first, second) = (key(one, "settings", 7), key(two, "settings", 7));
        keep(&first, Some("typed".to_owned()));
        keep(&second, Some("elsewhere".to_owned()));
        assert_eq!(kept::<String>(&first).as_deref(), Some("typed"));
        assert_eq!(kept::<u32>(&first), None, "another form");
        keep::<String>(&first, None);
        assert_eq!(kept::<String>(&first), None);
        forget(two);
        assert_eq!(kept::<String>(&second), None);
    }
}
