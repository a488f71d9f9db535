//! Reading a backup into an empty folder, and trusting nothing of it until all of it has been checked.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use slipway_protocol::Secret;

use super::cipher::{self, CipherError};
use super::entry::{Entry, is_table};
use super::header::{Digest, Header, HeaderError, Manifest};
use crate::beneath::{ArchiveError, Limits, unpack};
use crate::db::copy::Table;
use crate::secrets::hex;

/// Memory for unpacking, as a power of two in bytes: what compression at the usual level asks for fits well.
const LARGEST_WINDOW: u32 = 23;
/// Of 4 MiB of rows each, at the most.
const MOST_ENTRIES: u64 = 500_000;
/// What may follow the archive's last entry: zeros (POSIX, "ustar Interchange Format"), in bytes.
const LONGEST_PADDING: u64 = 1 << 20;

/// Each completes "The backup …".
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Cipher(#[from] CipherError),
    #[error("is damaged or cut off; take another copy of it")]
    Damaged,
    #[error("was refused: {0}")]
    Refused(String),
    #[error("does not fit on this disk: unpacked it is larger than {} MiB", .0 >> 20)]
    TooLarge(u64),
    #[error("could not be unpacked: {0}")]
    Write(String),
    #[error(transparent)]
    Header(#[from] HeaderError),
}

/// A backup that was checked, unpacked.
#[derive(Debug)]
pub struct Unpacked {
    pub header: Header,
    pub manifest: Manifest,
    /// Of the manifest, and so of everything: which backup it is.
    pub digest: String,
    folder: PathBuf,
}

/// Unpacks into a folder that is there, is empty, and is nobody else's. At most `most` bytes. `stop` is asked again and again. Blocks.
pub fn read(
    from: impl Read,
    passphrase: &Secret<String>,
    folder: &Path,
    most: u64,
    stop: impl Fn() -> bool,
) -> Result<Unpacked, ReadError> {
    let decrypted = cipher::decrypt(from, passphrase)?;
    let mut unzipped = zstd::Decoder::new(decrypted).map_err(|_| ReadError::Damaged)?;
    unzipped
        .window_log_max(LARGEST_WINDOW)
        .map_err(|_| ReadError::Damaged)?;
    let limits = Limits {
        bytes: most,
        entries: MOST_ENTRIES,
    };
    let unpacked = unpack(&mut unzipped, folder, limits, stop).map_err(refused)?;
    to_the_end(unzipped)?;
    let manifest = whole(folder, &Entry::Manifest)?;
    let digest = hex(&Sha256::digest(&manifest));
    let manifest: Manifest = serde_json::from_slice(&manifest).map_err(|_| ReadError::Damaged)?;
    // What is newer may have other entries: that it is newer is said first.
    let header = Header::parse(&whole(folder, &Entry::Header)?)?;
    if unpacked.files != manifest.entries.len() as u64 + 1 {
        return Err(ReadError::Refused(
            "it holds more, or less, than its manifest says".to_owned(),
        ));
    }
    let mut seen = BTreeSet::new();
    for digest in &manifest.entries {
        let entry = Entry::parse(&digest.path)
            .filter(|entry| *entry != Entry::Manifest && seen.insert(entry.clone()));
        let entry = entry.ok_or_else(|| {
            ReadError::Refused("its manifest names what no backup of this format holds".to_owned())
        })?;
        check(folder, &entry, digest)?;
    }
    if !seen.contains(&Entry::Key) {
        return Err(ReadError::Refused("it holds no key".to_owned()));
    }
    let tables: BTreeSet<&str> = header
        .database
        .tables
        .iter()
        .map(|table| table.name.as_str())
        .collect();
    let strange =
        |entry: &Entry| matches!(entry, Entry::Rows { table, .. } if !tables.contains(table.as_str()));
    if seen.iter().any(strange) {
        return Err(ReadError::Refused(
            "it holds rows of a table that it does not name".to_owned(),
        ));
    }
    let rows = |table: &Table| manifest.rows.get(&table.name).copied().unwrap_or(0);
    let unpacked = Unpacked {
        header: header.clone(),
        digest,
        folder: folder.to_owned(),
        manifest: manifest.clone(),
    };
    for table in &header.database.tables {
        let without = !is_table(&table.name) || (rows(table) > 0) == unpacked.parts(table).is_empty();
        if without {
            return Err(ReadError::Refused(format!(
                "the rows of a table are missing ({})",
                table
                    .name
                    .chars()
                    .filter(char::is_ascii_graphic)
                    .take(64)
                    .collect::<String>()
            )));
        }
    }
    Ok(unpacked)
}

impl Unpacked {
    /// A small entry.
    pub fn file(&self, entry: &Entry) -> Result<Secret<Vec<u8>>, ReadError> {
        whole(&self.folder, entry).map(Secret::new)
    }

    /// The names of the files of `ssh/`.
    pub fn ssh_files(&self) -> Vec<Entry> {
        let all = self.entries();
        all.filter(|entry| matches!(entry, Entry::Ssh(_))).collect()
    }

    /// Where the rows of a table are, in their order.
    pub fn parts(&self, table: &Table) -> Vec<PathBuf> {
        let mut parts: Vec<Entry> = self
            .entries()
            .filter(|entry| matches!(entry, Entry::Rows { table: name, .. } if *name == table.name))
            .collect();
        parts.sort();
        parts.iter().map(|entry| self.folder.join(entry.path())).collect()
    }

    fn entries(&self) -> impl Iterator<Item = Entry> {
        self.manifest
            .entries
            .iter()
            .filter_map(|one| Entry::parse(&one.path))
    }
}

/// An archive ends before its stream does; only the stream's own end says that nothing is missing.
fn to_the_end(mut rest: impl Read) -> Result<(), ReadError> {
    let mut block = [0; 4096];
    let mut count = 0;
    loop {
        let read = rest.read(&mut block).map_err(|_| ReadError::Damaged)?;
        if read == 0 {
            return Ok(());
        }
        count += read as u64;
        if count > LONGEST_PADDING || block[..read].iter().any(|byte| *byte != 0) {
            return Err(ReadError::Damaged);
        }
    }
}

fn check(folder: &Path, entry: &Entry, digest: &Digest) -> Result<(), ReadError> {
    let mut file = open(folder, entry)?;
    let mut hasher = Sha256::new();
    let mut block = vec![0; 128 * 1024];
    let mut bytes = 0;
    loop {
        let read = file.read(&mut block).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        hasher.update(&block[..read]);
    }
    if bytes != digest.bytes || hex(&hasher.finalize()) != digest.sha256 {
        return Err(ReadError::Damaged);
    }
    Ok(())
}

fn whole(folder: &Path, entry: &Entry) -> Result<Vec<u8>, ReadError> {
    let mut bytes = Vec::new();
    open(folder, entry)?.read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// A plain file that is no larger than its kind may be.
fn open(folder: &Path, entry: &Entry) -> Result<File, ReadError> {
    let path = folder.join(entry.path());
    let file = File::options()
        .read(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&path);
    let file = match file {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(ReadError::Damaged),
        other => other.map_err(unreadable)?,
    };
    let facts = file.metadata().map_err(unreadable)?;
    if !facts.is_file() || facts.len() > entry.largest() {
        return Err(ReadError::Refused(
            "an entry is larger than those of its kind".to_owned(),
        ));
    }
    Ok(file)
}

#[allow(clippy::needless_pass_by_value, reason = "the shape that map_err asks for")]
fn unreadable(error: io::Error) -> ReadError {
    ReadError::Write(error.kind().to_string())
}

fn refused(error: ArchiveError) -> ReadError {
    match error {
        ArchiveError::Damaged(_) | ArchiveError::Cancelled => ReadError::Damaged,
        ArchiveError::Bytes(most) => ReadError::TooLarge(most),
        ArchiveError::DiskFull => {
            ReadError::Write("the disk is full; free some space and run it again".to_owned())
        }
        ArchiveError::Write { source, .. } => ReadError::Write(source.kind().to_string()),
        ArchiveError::Path { entry, why } => ReadError::Refused(format!("{entry} {why}")),
        ArchiveError::Entry { entry, why } => ReadError::Refused(format!("{entry} {why}")),
        ArchiveError::Entries(most) => {
            ReadError::Refused(format!("it holds more than {most} files and folders"))
        }
    }
}
