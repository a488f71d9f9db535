//! What is to be held where the agent itself is not: it changes while builds run, and whoever holds it must not end for that. One program
//! leaves an order in a folder; the one that holds the limits reads it there with its next look.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::allowed::Allowed;

const FILE: &str = "order";
/// It takes the other's place when it is whole.
const FRESH: &str = "order.fresh";
/// In the place of a limit that there is not.
const WITHOUT: &str = "-";

/// What all builds together may use, for so long at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    pub allowed: Allowed,
    pub time: Duration,
}

impl Order {
    /// Each is another text: the same limits once more are in force for longer.
    fn text(self) -> String {
        let limit = |value: Option<u64>| value.map_or_else(|| WITHOUT.to_owned(), |value| value.to_string());
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        format!(
            "{} {} {} {} {}",
            self.time.as_secs(),
            limit(self.allowed.memory),
            limit(self.allowed.cpu),
            now.as_nanos(),
            std::process::id()
        )
    }

    fn read(text: &str) -> Option<Self> {
        let limit = |word: &str| match word {
            WITHOUT => Some(None),
            number => number.parse().ok().map(Some),
        };
        let mut words = text.split(' ');
        Some(Self {
            time: Duration::from_secs(words.next()?.parse().ok()?),
            allowed: Allowed {
                memory: limit(words.next()?)?,
                cpu: limit(words.next()?)?,
            },
        })
    }

    /// For whoever reads the orders of this folder.
    pub(super) fn leave(self, folder: &Path) -> io::Result<()> {
        let fresh = folder.join(FRESH);
        fs::write(&fresh, self.text())?;
        fs::rename(&fresh, folder.join(FILE))
    }
}

/// The orders that are left in a folder.
pub struct Orders {
    file: PathBuf,
    last: String,
}

impl Orders {
    pub fn of(folder: &Path) -> Self {
        Self {
            file: folder.join(FILE),
            last: String::new(),
        }
    }

    /// One that was not read before. What cannot be read is none.
    pub(super) fn newest(&mut self) -> Option<Order> {
        let text = fs::read_to_string(&self.file).ok()?;
        if text == self.last {
            return None;
        }
        let order = Order::read(&text);
        self.last = text;
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-03: each order is read once, also one that says the same again; what is none changes nothing.
    #[test]
    fn an_order_is_read_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut orders = Orders::of(folder.path());
        assert_eq!(orders.newest(), None);
        for allowed in [
            Allowed {
                memory: Some(64 << 20),
                cpu: None,
            },
            Allowed {
                memory: None,
                cpu: Some(500),
            },
        ] {
            let time = Duration::from_secs(90);
            let order = Order { allowed, time };
            for _ in 0..2 {
                order.leave(folder.path()).unwrap();
                assert_eq!((orders.newest(), orders.newest()), (Some(order), None));
            }
        }
        for text in ["", "90", "90 x -", "-1 - -"] {
            fs::write(folder.path().join(FILE), text).unwrap();
            assert_eq!(orders.newest(), None, "{text}");
        }
    }
}
