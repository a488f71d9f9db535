//! What the shell holds while the app runs: the person's settings, the open connections, the running streams.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_client::config::Home;
use slipway_client::profiles::ProfileStore;
use slipway_client::{ChosenKeychain, Connection, Profile, ProfileError};
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{Failure, FailureKind, Link, LinkChange};
use tokio::sync::broadcast;
use tokio::task::AbortHandle;

use crate::clusters;
use crate::dropped::Drops;
use crate::failures::Refusal;
use crate::forwards::Forwards;
use crate::notices::Notices;
use crate::opened::OpenedLinks;
use crate::page::Life;
use crate::servers::Servers;
use crate::streams::Streams;
use crate::terminals::Terminals;
use crate::tray::Tray;
use crate::updates::Updates;

/// The shell's state. One for the app.
pub struct Desk {
    pub home: Home,
    /// The keychain of `home`, for choosing to do without one.
    pub keychain: Arc<ChosenKeychain>,
    /// Addresses of the app that the system has opened.
    pub opened: OpenedLinks,
    pub streams: Streams,
    /// What the person has dropped on the window.
    pub drops: Drops,
    /// Whether the window shows a page.
    pub page: Life,
    /// Ports of this machine that lead into clusters.
    pub forwards: Forwards,
    /// What the system tells the person.
    pub notices: Notices,
    /// What the tray shows, and whether the app goes on behind it.
    pub tray: Tray,
    /// What is known of newer versions of the app.
    pub updates: Updates,
    /// Terminals that a window shows.
    pub terminals: Terminals,
    /// Servers that are about to become clusters.
    pub servers: Servers,
    connections: Mutex<HashMap<ClusterId, Open>>,
    opening: Mutex<HashMap<ClusterId, Arc<tokio::sync::Mutex<()>>>>,
    /// Tells attempts to open a cluster that nobody wants them any more.
    unwanted: broadcast::Sender<ClusterId>,
    /// Each change of a link, for the windows that watch.
    pub link_changes: broadcast::Sender<LinkChange>,
}

struct Open {
    connection: Connection,
    watcher: AbortHandle,
    notices: AbortHandle,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.watcher.abort();
        self.notices.abort();
    }
}

impl Desk {
    pub fn new(mut home: Home) -> Self {
        let keychain = Arc::new(ChosenKeychain::new(home.keychain));
        home.keychain = keychain.clone();
        let tray = Tray::new(&home.folder);
        Self {
            notices: Notices::new(&home.folder, tray.clone()),
            tray,
            updates: Updates::new(&home.folder),
            home,
            keychain,
            opened: OpenedLinks::default(),
            streams: Streams::default(),
            drops: Drops::default(),
            page: Life::default(),
            terminals: Terminals::default(),
            forwards: Forwards::default(),
            servers: Servers::default(),
            connections: Mutex::default(),
            opening: Mutex::default(),
            unwanted: broadcast::channel(16).0,
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

    /// How the link to a cluster is now.
    pub fn link(&self, cluster: ClusterId) -> Link {
        let connection = self.open_connection(cluster);
        connection.map_or(Link::Closed, |connection| {
            clusters::link(&connection.state().borrow().clone())
        })
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

    /// Ends attempts to open this cluster.
    pub fn stop_opening(&self, cluster: ClusterId) {
        let _ = self.unwanted.send(cluster);
    }

    /// Until nobody wants an attempt to open this cluster any more.
    pub async fn opening_unwanted(&self, cluster: ClusterId) {
        let mut told = self.unwanted.subscribe();
        loop {
            match told.recv().await {
                Ok(one) if one != cluster => {}
                // Who missed some may have missed its own.
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
            }
        }
    }

    /// Calls are about the team that the cluster's entry names. What was opened for another one ends: it is not reached for this one.
    pub fn follow_team(&self, profile: &Profile) {
        let other = |connection: &Connection| connection.team() != profile.team;
        if let Some(connection) = self.open_connection(profile.id).filter(other) {
            self.forwards.stop_of(profile.id);
            self.tray.unwell(profile.id, Vec::new());
            self.keep(profile.id, connection);
        }
    }

    /// Keeps a connection, in place of an earlier one, and tells its changes to who watches.
    pub fn keep(&self, cluster: ClusterId, connection: Connection) {
        // Another team may have been chosen while it was made.
        let connection = match self.profile(cluster) {
            Ok(saved) => connection.in_team(saved.team),
            Err(_) => connection,
        };
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
        let telling = self.notices.clone().watch(cluster, connection.clone());
        let notices = tauri::async_runtime::spawn(telling).inner().abort_handle();
        let open = Open {
            connection,
            watcher,
            notices,
        };
        self.forwards.lead_through(cluster, &open.connection);
        // What was typed over an earlier one goes with it.
        if self.connections().insert(cluster, open).is_some() {
            self.terminals.forget_of(cluster);
        }
        self.tray.look_again();
    }

    /// Closes the connection to a cluster.
    pub fn close(&self, cluster: ClusterId) {
        self.forwards.stop_of(cluster);
        self.terminals.forget_of(cluster);
        if self.connections().remove(&cluster).is_some() {
            // Its watcher, who would tell, ends with it. Nobody listens where there is no window.
            let _ = self.link_changes.send(LinkChange {
                cluster,
                link: Link::Closed,
            });
        }
        self.tray.look_again();
    }

    /// Changes the list of saved clusters; the tray shows it.
    pub fn change_profiles(
        &self,
        change: impl FnOnce(&ProfileStore) -> Result<(), ProfileError>,
    ) -> Result<(), ProfileError> {
        change(&self.home.profiles())?;
        self.show_saved();
        Ok(())
    }

    /// Tells the tray which clusters are saved. Where they cannot be read it shows those that it knows; the window says why.
    pub fn show_saved(&self) {
        if let Ok(saved) = self.home.profiles().list() {
            self.tray.show_saved(&saved);
        }
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
