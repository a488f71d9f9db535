//! What the shell holds while the app runs: the person's settings, the open connections, the running streams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_client::config::Home;
use slipway_client::{Connection, Profile};
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{Failure, FailureKind, LinkChange};
use tokio::sync::broadcast;
use tokio::task::AbortHandle;

use crate::clusters;
use crate::failures::Refusal;
use crate::streams::Streams;

/// The shell's state. One for the app.
pub struct Desk {
    pub home: Home,
    pub streams: Streams,
    connections: Mutex<HashMap<ClusterId, Open>>,
    opening: Mutex<HashMap<ClusterId, Arc<tokio::sync::Mutex<()>>>>,
    /// Each change of a link, for the windows that watch.
    pub link_changes: broadcast::Sender<LinkChange>,
}

struct Open {
    connection: Connection,
    watcher: AbortHandle,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.watcher.abort();
    }
}

impl Desk {
    pub fn new(home: Home) -> Self {
        Self {
            home,
            streams: Streams::default(),
            connections: Mutex::default(),
            opening: Mutex::default(),
            link_changes: broadcast::channel(256).0,
        }
    }

    fn connections(&self) -> MutexGuard<'_, HashMap<ClusterId, Open>> {
        self.connections.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open connection to a cluster.
    pub fn connection(&self, cluster: ClusterId) -> Result<Connection, Failure> {
        let found = self
            .connections()
            .get(&cluster)
            .map(|open| open.connection.clone());
        found.ok_or_else(|| {
            Failure::new(
                FailureKind::Link,
                "There is no connection to this cluster; open it first.",
            )
        })
    }

    pub fn open_connection(&self, cluster: ClusterId) -> Option<Connection> {
        self.connection(cluster).ok()
    }

    /// Whose turn it is to connect to this cluster: two attempts at once would make two connections.
    pub async fn turn_to_open(&self, cluster: ClusterId) -> tokio::sync::OwnedMutexGuard<()> {
        let turns = Arc::clone(
            self.opening
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .entry(cluster)
                .or_default(),
        );
        turns.lock_owned().await
    }

    /// Keeps a connection, in place of an earlier one, and tells its changes to who watches.
    pub fn keep(&self, cluster: ClusterId, connection: Connection) {
        let changes = self.link_changes.clone();
        let mut state = connection.state();
        let watcher = tauri::async_runtime::spawn(async move {
            loop {
                let link = clusters::link(&state.borrow_and_update().clone());
                // Without a window that watches there is nobody to tell.
                let _ = changes.send(LinkChange { cluster, link });
                if state.changed().await.is_err() {
                    return;
                }
            }
        });
        let watcher = watcher.inner().abort_handle();
        self.connections().insert(cluster, Open { connection, watcher });
    }

    /// Closes the connection to a cluster.
    pub fn close(&self, cluster: ClusterId) {
        self.connections().remove(&cluster);
    }

    /// The saved cluster with this id.
    pub fn profile(&self, cluster: ClusterId) -> Result<Profile, Refusal> {
        let all = self.home.profiles().list()?;
        let found = all.into_iter().find(|profile| profile.id == cluster);
        found.ok_or_else(|| {
            Failure::new(
                FailureKind::Invalid,
                "This cluster is no longer saved here; add it again.",
            )
            .into()
        })
    }
}
