//! What is said on the next page: signing out leads away from where its failure would be shown.

use std::cell::RefCell;
use std::collections::HashMap;

use slipway_protocol::ClusterId;

thread_local! {
    static UNSAID: RefCell<HashMap<ClusterId, String>> = RefCell::default();
}

/// Somebody is signed out here, but the server was not told, for this reason: a sentence.
pub fn not_told(cluster: ClusterId, reason: &str) {
    let sentence = format!(
        "You are signed out on this computer, and its session is forgotten. The server was not told: {reason} The session ends there by \
         itself when nobody has used it for 30 days."
    );
    UNSAID.with_borrow_mut(|all| all.insert(cluster, sentence));
}

/// What was not said yet about a cluster, once.
pub fn take(cluster: ClusterId) -> Option<String> {
    UNSAID.with_borrow_mut(|all| all.remove(&cluster))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-U2: what signing out could not do is said once, and about its own cluster.
    #[test]
    fn it_is_said_once() {
        let id = |text: &str| text.parse::<ClusterId>().unwrap();
        let one = id("0198f7a8-0000-7000-8000-000000000001");
        let other = id("0198f7a8-0000-7000-8000-000000000002");
        not_told(one, "The link is down.");
        assert_eq!(take(other), None);
        assert!(take(one).is_some_and(|said| said.contains("The link is down.")));
        assert_eq!(take(one), None);
    }
}
