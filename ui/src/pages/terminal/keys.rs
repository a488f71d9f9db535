//! The keys of a terminal on their way to the agent: in their order, and none lost while nothing is taken.

use std::cell::RefCell;
use std::rc::Rc;

use slipway_protocol::desktop::{Failure, TypeIntoTerminal, command};
use slipway_protocol::{ClusterId, Secret, TerminalId};
use wasm_bindgen_futures::spawn_local;

use crate::shell;

/// What is typed while nothing is taken, in bytes; more is left out.
const HELD: usize = 64 * 1024;

/// What was typed and is on its way: one message after the other, each with all that came meanwhile.
#[derive(Default)]
struct Typed {
    waiting: Vec<u8>,
    busy: bool,
    /// The last message was not taken.
    held: bool,
}

impl Typed {
    fn press(&mut self, bytes: Vec<u8>) {
        if !self.held || self.waiting.len() + bytes.len() <= HELD {
            self.waiting.extend(bytes);
        }
    }

    /// The next message, unless one is under way or nothing waits.
    fn next(&mut self) -> Option<Vec<u8>> {
        if self.busy || self.waiting.is_empty() {
            return None;
        }
        self.busy = true;
        Some(std::mem::take(&mut self.waiting))
    }

    fn taken(&mut self) {
        (self.busy, self.held) = (false, false);
    }

    /// It waits again, before what was typed meanwhile.
    fn not_taken(&mut self, mut bytes: Vec<u8>) {
        bytes.append(&mut self.waiting);
        self.waiting = bytes;
        (self.busy, self.held) = (false, true);
    }
}

/// The keys of a terminal.
pub struct Keys {
    pub cluster: ClusterId,
    pub terminal: TerminalId,
    typed: RefCell<Typed>,
}

impl Keys {
    pub fn of(cluster: ClusterId, terminal: TerminalId) -> Self {
        Self {
            cluster,
            terminal,
            typed: RefCell::default(),
        }
    }

    pub fn press(self: &Rc<Self>, bytes: Vec<u8>) {
        self.typed.borrow_mut().press(bytes);
        self.go_on();
    }

    /// Sends what waits. What is not taken is sent again with the next key, or when the terminal is followed again.
    pub fn go_on(self: &Rc<Self>) {
        let Some(mut bytes) = self.typed.borrow_mut().next() else {
            return;
        };
        let keys = Rc::clone(self);
        spawn_local(async move {
            loop {
                let message = TypeIntoTerminal {
                    cluster: keys.cluster,
                    terminal: keys.terminal,
                    bytes: Secret::new(bytes),
                };
                let sent: Result<(), Failure> = shell::call(command::TYPE_INTO_TERMINAL, &message).await;
                let mut typed = keys.typed.borrow_mut();
                if sent.is_err() {
                    typed.not_taken(message.bytes.into_exposed());
                    return;
                }
                typed.taken();
                match typed.next() {
                    Some(more) => bytes = more,
                    None => return,
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-02: what the shell does not take goes before what was typed after it; while nothing is taken it does not grow for ever.
    #[test]
    fn keys_keep_their_order() {
        let mut typed = Typed::default();
        typed.press(b"ab".to_vec());
        let first = typed.next().unwrap();
        typed.press(b"c".to_vec());
        assert_eq!(typed.next(), None, "one message after the other");
        typed.not_taken(first);
        typed.press(b"d".to_vec());
        assert_eq!(typed.next().unwrap(), b"abcd");
        typed.taken();
        assert_eq!(typed.next(), None);
        typed.press(vec![0; 2 * HELD]);
        let pasted = typed.next().unwrap();
        typed.not_taken(pasted);
        typed.press(b"e".to_vec());
        assert_eq!(typed.next().unwrap().len(), 2 * HELD);
    }
}
