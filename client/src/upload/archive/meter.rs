//! How much is read, at most: of an archive in all, and for one of its headers.

use std::cell::Cell;
use std::io::{self, Read, Seek, SeekFrom};
use std::rc::Rc;

use slipway_protocol::upload::LARGEST_UNPACKED;

use crate::upload::sink::Wanted;

/// Shared by a reader and by who reads from it.
#[derive(Clone)]
pub struct Meter(Rc<Inner>);

struct Inner {
    /// So many bytes may still come.
    left: Cell<u64>,
    /// So many for what is read whole into memory; `None` while nothing is.
    header: Cell<Option<u64>>,
    wanted: Wanted,
}

impl Meter {
    pub fn new(wanted: Wanted) -> Self {
        Self(Rc::new(Inner {
            left: Cell::new(LARGEST_UNPACKED),
            header: Cell::new(None),
            wanted,
        }))
    }

    /// What is read from now on is held in memory, and is no more than this.
    pub fn begin_header(&self, most: u64) {
        self.0.header.set(Some(most));
    }

    pub fn end_header(&self) {
        self.0.header.set(None);
    }

    fn allowed(&self) -> io::Result<u64> {
        self.0.wanted.check()?;
        let left = self.0.left.get();
        if left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        match self.0.header.get() {
            Some(0) => Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it says more about its files than any archive of source does",
            )),
            Some(header) => Ok(header.min(left)),
            None => Ok(left),
        }
    }

    fn count(&self, bytes: u64) {
        self.0.left.set(self.0.left.get().saturating_sub(bytes));
        let header = self.0.header.get();
        self.0.header.set(header.map(|left| left.saturating_sub(bytes)));
    }
}

pub struct Metered<R> {
    from: R,
    meter: Meter,
}

impl<R> Metered<R> {
    pub fn new(from: R, meter: Meter) -> Self {
        Self { from, meter }
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let allowed = usize::try_from(self.meter.allowed()?).unwrap_or(usize::MAX);
        let length = buffer.len().min(allowed);
        let count = self.from.read(&mut buffer[..length])?;
        self.meter.count(count as u64);
        Ok(count)
    }
}

impl<R: Seek> Seek for Metered<R> {
    fn seek(&mut self, place: SeekFrom) -> io::Result<u64> {
        self.from.seek(place)
    }
}
