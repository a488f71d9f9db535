//! Invitations of servers that were just set up, on their way to the page where they are taken. Held in memory, until they are.

use std::cell::RefCell;
use std::collections::HashMap;

use slipway_protocol::ClusterId;

thread_local! {
    static WAITING: RefCell<HashMap<ClusterId, String>> = RefCell::default();
}

/// Keeps the code until somebody has signed in with it.
pub fn keep(cluster: ClusterId, code: String) {
    WAITING.with_borrow_mut(|waiting| waiting.insert(cluster, code));
}

/// The code for this cluster, however often the page is looked at: there is no other copy.
pub fn given(cluster: ClusterId) -> Option<String> {
    WAITING.with_borrow(|waiting| waiting.get(&cluster).cloned())
}

/// Forgets the code: it was taken.
pub fn used(cluster: ClusterId) {
    WAITING.with_borrow_mut(|waiting| waiting.remove(&cluster));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-IAM-01: an invitation reaches the cluster that it is for, again where the person looked elsewhere, and not after it was used.
    #[test]
    fn it_waits_for_the_right_one_until_it_is_used() {
        let id = |text: &str| text.parse::<ClusterId>().unwrap();
        let one = id("0198f7a8-0000-7000-8000-000000000001");
        let other = id("0198f7a8-0000-7000-8000-000000000002");
        keep(one, "code".to_owned());
        assert_eq!(given(other), None);
        assert_eq!(given(one).as_deref(), Some("code"));
        keep(other, "another".to_owned());
        assert_eq!(given(one).as_deref(), Some("code"));
        used(one);
        assert_eq!((given(one), given(other).as_deref()), (None, Some("another")));
    }
}
