//! Terminals that the window shows: what is typed into them, and how far the window has drawn what they wrote.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use slipway_client::TerminalInput;
use slipway_protocol::{ClusterId, TerminalId};
use tokio::sync::watch;

use crate::taken;

/// The window may be so many bytes behind; then the terminal waits for it, and through the link the program that runs in it.
const BEHIND: u64 = 512 * 1024;

type Name = (ClusterId, TerminalId);

#[derive(Clone, Default)]
pub struct Terminals(Arc<Mutex<HashMap<Name, Known>>>);

/// A terminal that was shown. Its input outlives a place, so that what is typed in the next one follows what was typed before.
struct Known {
    input: TerminalInput,
    /// How far the place that shows it has drawn.
    drawn: Option<Arc<watch::Sender<u64>>>,
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
        let known = all.get_mut(&self.name);
        // Another place may show it by now.
        if let Some(known) = known.filter(|known| {
            known
                .drawn
                .as_ref()
                .is_some_and(|drawn| Arc::ptr_eq(drawn, &self.drawn))
        }) {
            known.drawn = None;
        }
    }
}

impl Terminals {
    fn all(&self) -> MutexGuard<'_, HashMap<Name, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A terminal is shown from here on, of which `drawn` bytes are on the screen. One that was shown before is shown here instead.
    pub fn show(&self, name: Name, input: impl FnOnce() -> TerminalInput, drawn: u64) -> Place {
        let drawn = Arc::new(watch::Sender::new(drawn));
        let mut all = self.all();
        known(&mut all, name, input).drawn = Some(Arc::clone(&drawn));
        Place {
            terminals: self.clone(),
            name,
            drawn,
        }
    }

    /// Where what is typed into it goes, also before it is shown and between two places.
    pub fn input(&self, name: Name, input: impl FnOnce() -> TerminalInput) -> TerminalInput {
        known(&mut self.all(), name, input).input.clone()
    }

    /// The window has drawn up to this byte.
    pub fn is_drawn(&self, name: Name, upto: u64) {
        let drawn = self.all().get(&name).and_then(|known| known.drawn.clone());
        if let Some(drawn) = drawn {
            taken::reached(&drawn, upto);
        }
    }

    /// It has ended.
    pub fn forget(&self, name: Name) {
        self.all().remove(&name);
    }

    /// A cluster's connection is closed, with what is typed over it.
    pub fn forget_of(&self, cluster: ClusterId) {
        self.all().retain(|(of, _), _| *of != cluster);
    }
}

/// What is known of a terminal. An input that has ended takes nothing more: `input` is put in its place.
fn known(all: &mut HashMap<Name, Known>, name: Name, input: impl FnOnce() -> TerminalInput) -> &mut Known {
    let drawn = all.get(&name).and_then(|known| known.drawn.clone());
    all.retain(|_, known| !known.input.has_ended());
    all.entry(name).or_insert_with(|| Known {
        input: input(),
        drawn,
    })
}

impl Place {
    /// Until the window is not far behind this byte.
    pub async fn keep_pace(&self, sent: u64) {
        taken::not_far_behind(&self.drawn, sent, BEHIND).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_client::{Address, Answers, Connection, Home, MemoryKeychain, Profile};

    /// FR-OBS-02: what is typed before a terminal is shown, and between two places, goes where all that is typed goes, so that it keeps
    /// its order; a place that is left marks nothing of the next one.
    #[tokio::test]
    async fn what_is_typed_keeps_its_way() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::new(folder.path().to_owned(), Arc::new(MemoryKeychain::default()));
        let socket = folder.path().join("none.sock");
        let profile = Profile::new("x", Address::Local { socket }).unwrap();
        let connection = Connection::start(&home, &profile, Answers::default());
        let name = (profile.id, TerminalId(uuid::Uuid::new_v4()));
        let terminals = Terminals::default();
        let made = std::cell::Cell::new(0);
        let make = || {
            made.set(made.get() + 1);
            connection.terminal_input(name.1)
        };
        assert!(terminals.input(name, make).send("a".into()).await);
        let first = terminals.show(name, make, 0);
        let second = terminals.show(name, make, 5);
        drop(first);
        terminals.is_drawn(name, 7);
        assert_eq!(*second.drawn.borrow(), 7);
        drop(second);
        assert!(terminals.input(name, make).send("b".into()).await);
        assert_eq!(made.get(), 1, "one way for all of it");
        terminals.forget(name);
        terminals.input(name, make);
        assert_eq!(made.get(), 2);
    }
}
