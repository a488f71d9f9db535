//! Writing a backup: entry by entry, compressed, encrypted, with a digest of each at the end.

use std::io::{self, Write};

use age::stream::StreamWriter;
use sha2::{Digest as _, Sha256};
use slipway_protocol::Secret;

use super::cipher;
use super::entry::Entry;
use super::header::{Digest, Manifest};
use crate::secrets::hex;

/// Zstandard's usual level.
const LEVEL: i32 = 3;

/// A backup that is being written. Only [`Self::finish`] makes it one.
pub struct Writer<W: Write> {
    tar: tar::Builder<zstd::Encoder<'static, StreamWriter<W>>>,
    manifest: Manifest,
}

impl<W: Write> Writer<W> {
    pub fn new(to: W, passphrase: &Secret<String>, work: u8) -> io::Result<Self> {
        let encrypted = cipher::encrypt(to, passphrase, work)?;
        Ok(Self {
            tar: tar::Builder::new(zstd::Encoder::new(encrypted, LEVEL)?),
            manifest: Manifest::default(),
        })
    }

    pub fn add(&mut self, entry: &Entry, content: &[u8]) -> io::Result<()> {
        let path = entry.path();
        self.append(&path, content)?;
        if let Entry::Rows { table, .. } = entry {
            // In COPY's text form a row is a line, and an end of line within a value is written as `\n`.
            let rows = memchr::memchr_iter(b'\n', content).count() as u64;
            *self.manifest.rows.entry(table.clone()).or_default() += rows;
        }
        self.manifest.entries.push(Digest {
            path,
            bytes: content.len() as u64,
            sha256: hex(&Sha256::digest(content)),
        });
        Ok(())
    }

    /// Writes the manifest and the end of everything.
    pub fn finish(mut self) -> io::Result<W> {
        let manifest = serde_json::to_vec(&self.manifest)?;
        self.append(&Entry::Manifest.path(), &manifest)?;
        self.tar.into_inner()?.finish()?.finish()
    }

    fn append(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_path(path)?;
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        self.tar.append(&header, content)
    }
}
