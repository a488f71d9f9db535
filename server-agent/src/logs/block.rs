//! A block: a batch in a file, behind a head that tells what is in it without unpacking it.
//!
//! The chain of heads is the index of a file: a reader who looks for a number, a time or a level goes from head to head.
//! The checksum covers head and content, so that a block which a power cut tore is found and cut off.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::LogError;
use super::batch::{Batch, Summary};

pub const HEAD: usize = 48;
const MAGIC: [u8; 4] = *b"SLG1";
/// No block is larger than that, packed or not, in bytes.
const LARGEST: usize = 4 << 20;
/// Quick rather than small: the flood is what costs.
const LEVEL: i32 = 1;

/// What stands before a block's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number of its first line.
    pub first: u64,
    pub summary: Summary,
    packed: bool,
    raw: u32,
    stored: u32,
    sum: u32,
}

impl Head {
    /// The number behind its last line.
    pub fn end(&self) -> u64 {
        self.first + u64::from(self.summary.count)
    }

    /// Bytes in the file, this head with its content.
    pub fn length(&self) -> u64 {
        HEAD as u64 + u64::from(self.stored)
    }

    fn bytes(&self) -> [u8; HEAD] {
        let mut out = [0; HEAD];
        out[..4].copy_from_slice(&MAGIC);
        out[4] = u8::from(self.packed);
        out[5] = self.summary.levels;
        out[6] = self.summary.streams;
        out[8..12].copy_from_slice(&self.summary.count.to_le_bytes());
        out[12..16].copy_from_slice(&self.raw.to_le_bytes());
        out[16..20].copy_from_slice(&self.stored.to_le_bytes());
        out[20..28].copy_from_slice(&self.first.to_le_bytes());
        out[28..36].copy_from_slice(&self.summary.min_at.to_le_bytes());
        out[36..44].copy_from_slice(&self.summary.max_at.to_le_bytes());
        out[44..48].copy_from_slice(&self.sum.to_le_bytes());
        out
    }

    fn read(bytes: &[u8; HEAD]) -> Option<Self> {
        let four = |at: usize| {
            bytes
                .get(at..at + 4)
                .and_then(|part| part.try_into().ok())
                .map(u32::from_le_bytes)
        };
        let eight = |at: usize| bytes.get(at..at + 8).and_then(|part| part.try_into().ok());
        let head = Self {
            packed: bytes[4] == 1,
            summary: Summary {
                levels: bytes[5],
                streams: bytes[6],
                count: four(8)?,
                min_at: i64::from_le_bytes(eight(28)?),
                max_at: i64::from_le_bytes(eight(36)?),
            },
            raw: four(12)?,
            stored: four(16)?,
            first: u64::from_le_bytes(eight(20)?),
            sum: four(44)?,
        };
        let small = |length: u32| usize::try_from(length).is_ok_and(|length| length <= LARGEST);
        let sound = bytes[..4] == MAGIC && bytes[4] < 2 && small(head.raw) && small(head.stored);
        (sound && head.summary.count > 0 && head.first.checked_add(u64::from(head.summary.count)).is_some())
            .then_some(head)
    }

    fn checksum(&self, content: &[u8]) -> u32 {
        let mut sum = crc32fast::Hasher::new();
        sum.update(&self.bytes()[..HEAD - 4]);
        sum.update(content);
        sum.finalize()
    }
}

/// Turns batches into blocks; keeps what it needs for that.
pub struct Packer {
    compressor: zstd::bulk::Compressor<'static>,
    raw: Vec<u8>,
}

impl Packer {
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            compressor: zstd::bulk::Compressor::new(LEVEL)?,
            raw: Vec::new(),
        })
    }

    /// The block's bytes, compressed or as they are. The batch is not empty, and is small enough for a block.
    pub fn block(&mut self, first: u64, batch: &Batch, compress: bool) -> io::Result<Vec<u8>> {
        self.raw.clear();
        batch.pack(&mut self.raw);
        let content = if compress {
            self.compressor.compress(&self.raw)?
        } else {
            self.raw.clone()
        };
        let length = |of: &[u8]| {
            u32::try_from(of.len())
                .ok()
                .filter(|length| *length as usize <= LARGEST)
                .ok_or_else(|| io::Error::other("a block of a log is too large"))
        };
        let mut head = Head {
            first,
            summary: batch.summary(),
            packed: compress,
            raw: length(&self.raw)?,
            stored: length(&content)?,
            sum: 0,
        };
        head.sum = head.checksum(&content);
        let mut out = Vec::with_capacity(HEAD + content.len());
        out.extend_from_slice(&head.bytes());
        out.extend_from_slice(&content);
        // A flood's buffer is not kept for quiet times.
        if self.raw.capacity() > LARGEST / 4 {
            self.raw = Vec::new();
        }
        Ok(out)
    }
}

/// The head at that place, or nothing where the file ends or is torn.
pub fn head_at(file: &File, offset: u64) -> io::Result<Option<Head>> {
    let mut bytes = [0; HEAD];
    match file.read_exact_at(&mut bytes, offset) {
        Ok(()) => Ok(Head::read(&bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The batch behind a head.
pub fn batch_at(file: &File, offset: u64, head: &Head) -> Result<Batch, LogError> {
    let mut content = vec![0; head.stored as usize];
    match file.read_exact_at(&mut content, offset + HEAD as u64) {
        Ok(()) => {}
        // The file was cut short: to ask again would not bring it back.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(LogError::Damaged("its length"));
        }
        Err(error) => return Err(error.into()),
    }
    if head.checksum(&content) != head.sum {
        return Err(LogError::Damaged("its checksum"));
    }
    if head.packed {
        let raw = zstd::bulk::decompress(&content, head.raw as usize)?;
        Batch::unpack(head.summary, &raw)
    } else {
        Batch::unpack(head.summary, &content)
    }
}

/// Whether the block at that place is whole.
pub fn is_whole(file: &File, offset: u64, head: &Head) -> io::Result<bool> {
    let mut content = vec![0; head.stored as usize];
    match file.read_exact_at(&mut content, offset + HEAD as u64) {
        Ok(()) => Ok(head.checksum(&content) == head.sum),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}
