//! How much a deployment's log may hold.

use slipway_protocol::log_line::LogStream;

use super::Said;

/// A deployment's log holds at most so many lines, and so many bytes of text.
const LONGEST_LOG: u64 = 100_000;
const LARGEST_LOG: usize = 16 << 20;
/// So many of Slipway's own words have their place behind that: how the deployment ended is always told.
const OWN_WORDS: u64 = 1000;

/// How much of a log there is, and what no longer had a place.
pub(super) struct Bounds {
    pub(super) lines: u64,
    bytes: usize,
    own_words: u64,
    /// Lines that were left out because the log is full.
    pub(super) left_out: u64,
}

impl Bounds {
    /// Of a log that holds so many lines already.
    pub(super) fn behind(lines: u64) -> Self {
        Self {
            lines,
            bytes: 0,
            own_words: 0,
            left_out: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.lines >= LONGEST_LOG || self.bytes >= LARGEST_LOG
    }

    /// Counts a line; false if it has no place.
    pub(super) fn takes(&mut self, line: &Said) -> bool {
        if self.is_full() {
            if line.stream != LogStream::System || self.own_words == OWN_WORDS {
                self.left_out += line.stands_for();
                return false;
            }
            self.own_words += 1;
        }
        self.lines += 1;
        self.bytes += line.text.len();
        true
    }

    /// Of how many lines that came too fast is told now. Behind a full log they count among what is left out, of which is told once: they
    /// take no place of how the deployment ended.
    pub(super) fn tells_of(&mut self, dropped: u64) -> Option<u64> {
        if self.is_full() {
            self.left_out += dropped;
            return None;
        }
        (dropped > 0).then_some(dropped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deploy::log::LONGEST_LINE;
    use crate::deploy::log::tests::line;

    /// FR-BLD-05, NFR-R3: a build that prints without end fills a bounded log; the rest is counted, and how it ended is still told.
    #[test]
    fn a_full_log_counts_what_it_leaves_out() {
        let mut bounds = Bounds::behind(0);
        let mut kept = 0;
        for _ in 0..3000 {
            kept += usize::from(bounds.takes(&line(LogStream::Stdout, LONGEST_LINE)));
        }
        assert!(kept * LONGEST_LINE < LARGEST_LOG + LONGEST_LINE);
        assert_eq!(bounds.left_out, 3000 - kept as u64);
        assert!(bounds.takes(&line(LogStream::System, 10)));
        assert_eq!(bounds.lines, kept as u64 + 1);

        let mut bounds = Bounds::behind(LONGEST_LOG);
        assert!(!bounds.takes(&line(LogStream::Stderr, 1)));
        let own = (0..2 * OWN_WORDS).filter(|_| bounds.takes(&line(LogStream::System, 1)));
        assert_eq!(own.count() as u64, OWN_WORDS);
    }

    /// FR-BLD-05, NFR-R3: what comes faster than it can be stored is told where it is missing; behind a full log it is counted, however often,
    /// and how the deployment ended has its place.
    #[test]
    fn what_comes_too_fast_takes_no_place() {
        let mut bounds = Bounds::behind(LONGEST_LOG - 1);
        assert_eq!((bounds.tells_of(0), bounds.tells_of(7)), (None, Some(7)));
        assert!(bounds.takes(&line(LogStream::Stdout, 1)));
        assert!((0..2 * OWN_WORDS).all(|_| bounds.tells_of(3).is_none()));
        assert_eq!(bounds.left_out, 6 * OWN_WORDS);
        assert!(bounds.takes(&line(LogStream::System, 1)));
    }
}
