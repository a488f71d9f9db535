//! Lines of a program's output, whatever bytes it writes.

use tokio::io::{AsyncRead, AsyncReadExt};

/// Longer lines are cut into pieces of this size, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

/// Reads lines from an output until it closes. Safe to drop between lines: nothing that was read is lost.
pub(super) struct LineReader<R> {
    from: Option<R>,
    pending: Vec<u8>,
}

impl<R: AsyncRead + Unpin> LineReader<R> {
    pub(super) fn new(from: Option<R>) -> Self {
        Self {
            from,
            pending: Vec::new(),
        }
    }

    /// More may come.
    pub(super) fn open(&self) -> bool {
        self.from.is_some() || !self.pending.is_empty()
    }

    /// The next line without its end, or `None` when the output has closed.
    pub(super) async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(line) = self.take_line() {
                return Some(line);
            }
            let from = self.from.as_mut()?;
            let mut chunk = [0_u8; 8192];
            match from.read(&mut chunk).await {
                Ok(0) | Err(_) => self.from = None,
                Ok(count) => self.pending.extend_from_slice(&chunk[..count]),
            }
        }
    }

    fn take_line(&mut self) -> Option<String> {
        let end = self
            .pending
            .iter()
            .position(|byte| *byte == b'\n')
            .map(|at| at + 1);
        let whole = end.or((self.pending.len() >= LONGEST_LINE).then_some(LONGEST_LINE));
        let last = (self.from.is_none() && !self.pending.is_empty()).then_some(self.pending.len());
        let line: Vec<u8> = self.pending.drain(..whole.or(last)?).collect();
        Some(
            String::from_utf8_lossy(&line)
                .trim_end_matches(['\n', '\r'])
                .to_owned(),
        )
    }
}
