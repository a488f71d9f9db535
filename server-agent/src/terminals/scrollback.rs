//! The last bytes that a terminal wrote, each with its number.

use std::collections::VecDeque;

use slipway_protocol::log_line::LogStream;

/// So many bytes are kept. More than can be under way on one stream of a link (1 MiB as text, three quarters of it as bytes), so that
/// whoever comes back after a lost link finds what was under way.
pub const KEPT: usize = 1 << 20;
/// Small pieces are put together up to this.
const PIECE: usize = 4096;
/// What a piece takes beside its bytes, in bytes.
const OVERHEAD: usize = 64;

/// Bounded; what is oldest goes.
#[derive(Default)]
pub struct Scrollback {
    pieces: VecDeque<Piece>,
    /// All bytes ever written.
    written: u64,
    held: usize,
}

struct Piece {
    /// The number of the byte behind its last one.
    end: u64,
    stream: LogStream,
    bytes: Vec<u8>,
}

impl Scrollback {
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Bytes that are kept.
    pub fn held(&self) -> usize {
        self.held
    }

    pub fn push(&mut self, stream: LogStream, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        match self.pieces.back_mut() {
            Some(last) if last.stream == stream && last.bytes.len() + bytes.len() <= PIECE => {
                last.bytes.extend_from_slice(bytes);
                last.end += bytes.len() as u64;
            }
            _ => self.pieces.push_back(Piece {
                end: self.written + bytes.len() as u64,
                stream,
                bytes: bytes.to_vec(),
            }),
        }
        self.held += bytes.len();
        self.written += bytes.len() as u64;
        while self.held + self.pieces.len() * OVERHEAD > KEPT {
            let Some(oldest) = self.pieces.pop_front() else {
                break;
            };
            self.held -= oldest.bytes.len();
        }
    }

    /// What follows byte number `after`: the number of bytes before it, and at most `most` of one stream. `None` at the end.
    pub fn next(&self, after: u64, most: usize) -> Option<(u64, LogStream, Vec<u8>)> {
        let place = self.pieces.partition_point(|piece| piece.end <= after);
        let piece = self.pieces.get(place)?;
        let from = piece.end - piece.bytes.len() as u64;
        let begin = after.max(from);
        let skipped = usize::try_from(begin - from).unwrap_or(0);
        let bytes = piece.bytes.iter().skip(skipped).take(most).copied().collect();
        Some((begin, piece.stream, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const OUT: LogStream = LogStream::Stdout;

    fn read(scrollback: &Scrollback, mut after: u64, most: usize) -> (u64, Vec<u8>) {
        let (mut all, mut first) = (Vec::new(), None);
        while let Some((from, _, bytes)) = scrollback.next(after, most) {
            assert!(!bytes.is_empty() && from >= after);
            first.get_or_insert(from);
            after = from + bytes.len() as u64;
            all.extend(bytes);
        }
        (first.unwrap_or(after), all)
    }

    /// FR-OBS-02: what is kept has a bound, the oldest goes, and the numbers of the rest stay.
    #[test]
    fn the_oldest_goes() {
        let mut scrollback = Scrollback::default();
        for round in 0..300_u32 {
            scrollback.push(OUT, &[round as u8; 5000]);
        }
        assert!(scrollback.held() <= KEPT);
        assert_eq!(scrollback.written(), 1_500_000);
        let (first, all) = read(&scrollback, 0, 1 << 15);
        assert_eq!(first + all.len() as u64, 1_500_000);
        assert_eq!(all.last(), Some(&(299_u32 as u8)));
        assert!(scrollback.next(1_500_000, 10).is_none());
        assert!(scrollback.next(u64::MAX, 10).is_none());
    }

    /// FR-OBS-02, NFR-P4: many small pieces keep to the bound with what they take beside their bytes.
    #[test]
    fn small_pieces_have_their_price() {
        let mut scrollback = Scrollback::default();
        for round in 0..200_000_u32 {
            scrollback.push(if round % 2 == 0 { OUT } else { LogStream::Stderr }, b"x");
        }
        assert!(scrollback.pieces.len() * (OVERHEAD + 1) <= KEPT);
        let (from, stream, bytes) = scrollback.next(199_998, 10).unwrap();
        assert_eq!((from, stream, bytes), (199_998, OUT, b"x".to_vec()));
    }

    proptest! {
        /// FR-OBS-02: read on from any byte, in steps of any size, nothing is missing and nothing comes twice.
        #[test]
        fn reading_goes_on_anywhere(pieces in prop::collection::vec((any::<bool>(), prop::collection::vec(any::<u8>(), 0..40)), 0..60), after in 0_u64..2000, most in 1_usize..50) {
            let mut scrollback = Scrollback::default();
            let mut whole = Vec::new();
            for (stderr, bytes) in &pieces {
                scrollback.push(if *stderr { LogStream::Stderr } else { OUT }, bytes);
                whole.extend_from_slice(bytes);
            }
            let after = after.min(whole.len() as u64);
            let (first, rest) = read(&scrollback, after, most);
            prop_assert_eq!(first, after);
            prop_assert_eq!(&rest[..], &whole[usize::try_from(after).unwrap()..]);
        }
    }
}
