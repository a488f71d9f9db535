//! The servers that somebody is about to set up: signed in to, looked at, not clusters yet.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_client::Profile;
use slipway_client::setup::{Server, SetupError};
use slipway_protocol::ClusterId;

/// A server with what the person has typed about it.
pub struct Found {
    server: tokio::sync::Mutex<Arc<Server>>,
    pub profile: Profile,
    /// It belongs to this saved cluster already, whose everyday connections stay as they are.
    pub saved: Option<ClusterId>,
}

impl Found {
    pub fn new(server: Server, profile: Profile, saved: Option<ClusterId>) -> Self {
        Self {
            server: tokio::sync::Mutex::new(Arc::new(server)),
            profile,
            saved,
        }
    }

    /// The server by a connection that holds: a new one, where the last was lost in the middle.
    ///
    /// # Errors
    /// Where it cannot be reached again.
    pub async fn server(&self) -> Result<Arc<Server>, SetupError> {
        let mut server = self.server.lock().await;
        if let Some(renewed) = server.renewed().await? {
            *server = Arc::new(renewed);
        }
        Ok(Arc::clone(&server))
    }
}

#[derive(Default)]
pub struct Servers(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    last: u32,
    found: HashMap<u32, Arc<Found>>,
}

impl Servers {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps one; gives its number.
    pub fn keep(&self, found: Found) -> u32 {
        let mut inner = self.inner();
        inner.last += 1;
        let number = inner.last;
        inner.found.insert(number, Arc::new(found));
        number
    }

    pub fn get(&self, number: u32) -> Option<Arc<Found>> {
        self.inner().found.get(&number).cloned()
    }

    /// Ends the connection, unless it is at work.
    pub fn leave(&self, number: u32) {
        self.inner().found.remove(&number);
    }
}
