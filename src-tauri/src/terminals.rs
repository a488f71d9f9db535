//! Terminals that the window shows: what is typed into them, and how far the window has drawn what they wrote.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_client::TerminalInput;
use slipway_protocol::{ClusterId, TerminalId};
use tokio::sync::watch;

/// The window may be so many bytes behind; then the terminal waits for it, and through the link the program that runs in it.
const BEHIND: u64 = 512 * 1024;

type Name = (ClusterId, TerminalId);

#[derive(Clone, Default)]
pub struct Terminals(Arc<Mutex<HashMap<Name, Shown>>>);

#[derive(Clone)]
pub struct Shown {
    pub input: TerminalInput,
    drawn: Arc<watch::Sender<u64>>,
}

/// A place where a terminal is shown. Dropped, it is shown there no more.
pub struct Place {
    terminals: Terminals,
    name: Name,
    drawn: Arc<watch::Sender<u64>>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut all = self.terminals.all();
        // Another place may show it by now.
        if all
            .get(&self.name)
            .is_some_and(|shown| Arc::ptr_eq(&shown.drawn, &self.drawn))
        {
            all.remove(&self.name);
        }
    }
}

impl Terminals {
    fn all(&self) -> MutexGuard<'_, HashMap<Name, Shown>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A terminal is shown from here on, of which `drawn` bytes are on the screen. One that was shown before is shown here instead.
    pub fn show(&self, name: Name, input: TerminalInput, drawn: u64) -> Place {
        let drawn = Arc::new(watch::Sender::new(drawn));
        let place = Place {
            terminals: self.clone(),
            name,
            drawn: Arc::clone(&drawn),
        };
        self.all().insert(name, Shown { input, drawn });
        place
    }

    pub fn find(&self, name: Name) -> Option<Shown> {
        self.all().get(&name).cloned()
    }

    /// A cluster's connection is closed, with what is typed over it.
    pub fn forget_of(&self, cluster: ClusterId) {
        self.all().retain(|(of, _), _| *of != cluster);
    }
}

impl Shown {
    pub fn is_drawn(&self, upto: u64) {
        self.drawn.send_if_modified(|drawn| {
            let more = upto > *drawn;
            *drawn = upto.max(*drawn);
            more
        });
    }
}

impl Place {
    /// Until the window is not far behind this byte.
    pub async fn keep_pace(&self, sent: u64) {
        let mut drawn = self.drawn.subscribe();
        // Its sender is held by this very value.
        let _ = drawn.wait_for(|drawn| sent.saturating_sub(*drawn) < BEHIND).await;
    }
}
