//! What is sent may hold a password: its text is wiped from memory when it has gone. What the libraries of HTTP and SSH hold of it meanwhile is
//! theirs.

use std::ops::Deref;

use bytes::Bytes;
use serde::Serialize;
use slipway_protocol::secret::wipe_texts;
use slipway_protocol::{RawRequest, Secret};

/// Longer than a sign-in or a session: their text is written into one piece of memory, without leaving parts behind as it grows.
const ROOM: usize = 4096;

/// A request that is wiped when it is dropped.
pub(crate) struct Sent(pub RawRequest);

impl Deref for Sent {
    type Target = RawRequest;

    fn deref(&self) -> &RawRequest {
        &self.0
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        if let Some(body) = &mut self.0.body {
            wipe_texts(body);
        }
    }
}

/// A value as JSON, which is wiped when it is dropped.
pub(crate) fn json(value: &impl Serialize) -> serde_json::Result<Secret<Vec<u8>>> {
    let mut text = Vec::with_capacity(ROOM);
    let written = serde_json::to_writer(&mut text, value);
    let text = Secret::new(text);
    written.map(|()| text)
}

/// Bytes on their way out, which are wiped when the last part of them has gone.
pub fn wiped_when_gone(bytes: Secret<Vec<u8>>) -> Bytes {
    Bytes::from_owner(Owner(bytes))
}

struct Owner(Secret<Vec<u8>>);

impl AsRef<[u8]> for Owner {
    fn as_ref(&self) -> &[u8] {
        self.0.expose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-03: what is wiped later is sent as it is.
    #[test]
    fn what_is_wiped_later_is_sent_whole() {
        let text = json(&serde_json::json!({ "password": "canary" })).unwrap();
        assert_eq!(wiped_when_gone(text), r#"{"password":"canary"}"#);
        let long = "x".repeat(2 * ROOM);
        let text = json(&long).unwrap();
        assert_eq!(wiped_when_gone(text).len(), long.len() + 2);
    }
}
