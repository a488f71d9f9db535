//! The ports of this machine that lead into clusters, as long as the app runs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_client::{Connection, Forward};
use slipway_protocol::ClusterId;
use slipway_protocol::desktop::{LocalForward, OpenForward};
use slipway_protocol::forward::address;
use tokio::sync::watch;

#[derive(Clone, Default)]
pub struct Forwards(Arc<Inner>);

#[derive(Default)]
struct Inner {
    last: AtomicU32,
    open: Mutex<BTreeMap<u32, Open>>,
    changes: watch::Sender<()>,
}

struct Open {
    forward: Arc<Forward>,
    asked: OpenForward,
}

impl Forwards {
    fn open(&self) -> MutexGuard<'_, BTreeMap<u32, Open>> {
        self.0.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a port until it is closed; gives its number.
    pub fn keep(&self, forward: Forward, asked: OpenForward) -> u32 {
        let number = self.0.last.fetch_add(1, Ordering::Relaxed) + 1;
        let mut state = forward.state();
        let forward = Arc::new(forward);
        self.open().insert(number, Open { forward, asked });
        let forwards = self.clone();
        tauri::async_runtime::spawn(async move {
            loop {
                let over = state.borrow_and_update().end.is_some();
                if over {
                    forwards.open().remove(&number);
                }
                forwards.0.changes.send_replace(());
                if over || state.changed().await.is_err() {
                    return;
                }
            }
        });
        number
    }

    /// All of them, the oldest first.
    pub fn list(&self) -> Vec<LocalForward> {
        let open = self.open();
        open.iter().map(|(number, open)| open.describe(*number)).collect()
    }

    pub fn find(&self, number: u32) -> Option<Arc<Forward>> {
        self.open().get(&number).map(|open| Arc::clone(&open.forward))
    }

    /// Closes those of a cluster, without waiting for it.
    pub fn stop_of(&self, cluster: ClusterId) {
        self.open().retain(|_, open| open.asked.cluster != cluster);
        self.0.changes.send_replace(());
    }

    /// Ports that led into a cluster through an earlier connection lead through this one.
    pub fn lead_through(&self, cluster: ClusterId, connection: &Connection) {
        let open = self.open();
        for open in open.values().filter(|open| open.asked.cluster == cluster) {
            open.forward.lead_through(connection);
        }
    }

    /// Wakes at each change.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.0.changes.subscribe()
    }
}

impl Open {
    fn describe(&self, number: u32) -> LocalForward {
        let (asked, state) = (&self.asked, self.forward.state());
        let state = state.borrow();
        LocalForward {
            number,
            cluster: asked.cluster,
            application: asked.application,
            name: asked.name.clone(),
            port: asked.port,
            url: address(asked.port, self.forward.local().port(), asked.http),
            connections: state.connections,
            total: state.total,
            failure: state.failure.clone(),
            idle_minutes: asked.idle_minutes,
        }
    }
}
