//! The invitation of a server that was just set up, on its way to the page where it is taken. Held in memory, for one look.

use std::cell::RefCell;

use slipway_protocol::ClusterId;

thread_local! {
    static WAITING: RefCell<Option<(ClusterId, String)>> = const { RefCell::new(None) };
}

/// Keeps the code until the cluster's sign-in page takes it.
pub fn keep(cluster: ClusterId, code: String) {
    WAITING.with_borrow_mut(|waiting| *waiting = Some((cluster, code)));
}

/// The code for this cluster, once.
pub fn take(cluster: ClusterId) -> Option<String> {
    WAITING.with_borrow_mut(|waiting| match waiting {
        Some((of, _)) if *of == cluster => waiting.take().map(|(_, code)| code),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-IAM-01: an invitation reaches the cluster that it is for, and only once.
    #[test]
    fn it_is_taken_once_and_by_the_right_one() {
        let id = |text: &str| text.parse::<ClusterId>().unwrap();
        let one = id("0198f7a8-0000-7000-8000-000000000001");
        let other = id("0198f7a8-0000-7000-8000-000000000002");
        keep(one, "code".to_owned());
        assert_eq!(take(other), None);
        assert_eq!(take(one).as_deref(), Some("code"));
        assert_eq!(take(one), None);
    }
}
