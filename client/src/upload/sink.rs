//! Where the tar stream goes: into a digest, and in pieces onto the line.

use std::io::{self, Write};
use std::sync::{Arc, Weak};

use bytes::Bytes;
use sha2::{Digest, Sha256 as Hasher};
use slipway_protocol::Sha256;
use slipway_protocol::upload::NewUpload;
use tokio::sync::mpsc;

use super::pack::PackError;

/// Whether somebody still waits for what a thread works out. The thread looks; who waits holds the other end.
#[derive(Clone)]
pub(super) struct Wanted(Weak<()>);

impl Wanted {
    /// As long as this is held.
    pub fn by(waiting: &Arc<()>) -> Self {
        Self(Arc::downgrade(waiting))
    }

    pub fn check(&self) -> io::Result<()> {
        match self.0.strong_count() {
            0 => Err(io::ErrorKind::BrokenPipe.into()),
            _ => Ok(()),
        }
    }
}

/// Takes the archive's digest and length.
pub(super) struct Digesting {
    hasher: Hasher,
    length: u64,
    most: u64,
    wanted: Wanted,
}

impl Digesting {
    pub fn up_to(most: u64, wanted: Wanted) -> Self {
        Self {
            hasher: Hasher::new(),
            length: 0,
            most,
            wanted,
        }
    }

    pub fn is_over(&self) -> bool {
        self.length > self.most
    }

    pub fn finish(self) -> Result<NewUpload, PackError> {
        let digest = self.hasher.finalize();
        let text: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(NewUpload {
            length: self.length,
            sha256: Sha256::parse(&text).map_err(|_| PackError::Broken)?,
        })
    }
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.wanted.check()?;
        self.hasher.update(bytes);
        self.length += bytes.len() as u64;
        if self.is_over() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Hands the archive over in pieces, from an offset on; waits while too many are on their way.
pub(super) struct Pieces {
    sender: mpsc::Sender<Result<Bytes, PackError>>,
    skip: u64,
    pending: Vec<u8>,
    size: usize,
}

impl Pieces {
    pub fn new(sender: mpsc::Sender<Result<Bytes, PackError>>, skip: u64, size: usize) -> Self {
        Self {
            sender,
            skip,
            pending: Vec::with_capacity(size),
            size,
        }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let piece = std::mem::replace(&mut self.pending, Vec::with_capacity(self.size));
        self.sender
            .blocking_send(Ok(piece.into()))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.sender.is_closed() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let skipped = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
        self.skip -= skipped as u64;
        let taken = &bytes[skipped..];
        let taken = &taken[..taken.len().min(self.size - self.pending.len())];
        self.pending.extend_from_slice(taken);
        if self.pending.len() == self.size {
            self.hand_over()?;
        }
        Ok(skipped + taken.len())
    }

    /// Nothing: pieces are whole but for the last, which goes when this is dropped.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Pieces {
    fn drop(&mut self) {
        if !self.pending.is_empty() {
            let _ = self.hand_over();
        }
    }
}
