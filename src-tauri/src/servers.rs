//! The servers that somebody is about to set up: signed in to, looked at, not clusters yet.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_client::setup::{Server, SetupError};
use slipway_client::{Address, Profile};
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

/// A host with its port.
type Name = (String, u16);

#[derive(Clone, Default)]
pub struct Servers(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    last: u32,
    found: HashMap<u32, Arc<Found>>,
    /// Those that are being set up now.
    at_work: HashSet<Name>,
}

/// A server is being set up, until this is dropped.
pub struct AtWork {
    servers: Servers,
    name: Name,
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.servers.inner().at_work.remove(&self.name);
    }
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

    /// The same for all of them: the page that looked at them is gone.
    pub fn leave_all(&self) {
        self.inner().found.clear();
    }

    /// Begins to set one up. None where it is being set up already: a second key would lock the first one out.
    pub fn begin(&self, profile: &Profile) -> Option<AtWork> {
        let port = match &profile.address {
            Address::Ssh { port, .. } => *port,
            Address::Local { .. } => 0,
        };
        let name = (profile.host().to_owned(), port);
        let begins = self.inner().at_work.insert(name.clone());
        begins.then(|| AtWork {
            servers: self.clone(),
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-01: a server is set up once at a time, also by a page that was loaded anew; another one beside it is another matter.
    #[test]
    fn one_server_is_set_up_once_at_a_time() {
        let servers = Servers::default();
        let at = |path: &str| {
            let socket = path.into();
            Profile::new("x", Address::Local { socket }).unwrap()
        };
        let here = at("/run/slipway/api.sock");
        let first = servers.begin(&here);
        assert!(first.is_some());
        assert!(servers.begin(&here).is_none());
        drop(first);
        assert!(servers.begin(&here).is_some());
    }
}
