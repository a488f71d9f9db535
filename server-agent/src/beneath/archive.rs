//! Unpacking a tar archive that nobody trusts.
//!
//! The library reads headers; names, sizes and kinds are judged here, and everything has a bound. Links are made last, so that no
//! file of the archive can be written through one. Hard links, devices and sparse files are refused; set-user-id bits are dropped.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use tar::{Archive, Entry, EntryType, PaxExtensions};

use super::Folder;
use super::path::{BadPath, Parts};

/// A long name, or the additional headers of one entry, in bytes.
const LARGEST_HEADER: u64 = 64 * 1024;
const BLOCK: usize = 128 * 1024;

/// What an archive may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The files together.
    pub bytes: u64,
    pub entries: u64,
}

#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    #[error("the archive was refused: {entry} {why}")]
    Path { entry: String, why: BadPath },
    #[error("the archive was refused: {entry} {why}")]
    Entry { entry: String, why: &'static str },
    #[error("the archive was refused: it holds more than {0} files and folders")]
    Entries(u64),
    #[error("the archive was refused: its files are larger than {} MiB together", .0 >> 20)]
    Bytes(u64),
    #[error("the archive is damaged, or is no tar archive: {0}")]
    Damaged(String),
    #[error("the disk of the server is full; free some space and deploy again")]
    DiskFull,
    #[error("{entry} of the archive could not be written: {}", source.kind())]
    Write { entry: String, source: io::Error },
    #[error("unpacking was stopped because the deployment was cancelled")]
    Cancelled,
}

/// What came out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unpacked {
    pub files: u64,
    pub bytes: u64,
}

/// Unpacks an archive into a folder that is there and empty. `stop` is asked again and again. Blocks.
pub fn unpack(
    archive: impl Read,
    into: &Path,
    limits: Limits,
    stop: impl Fn() -> bool,
) -> Result<Unpacked, ArchiveError> {
    let folder = Folder::open(into).map_err(|source| write_error("the folder", source))?;
    let mut unpacking = Unpacking {
        folder,
        limits,
        entries: 0,
        done: Unpacked::default(),
        links: Vec::new(),
        ahead: Ahead::default(),
    };
    let mut archive = Archive::new(archive);
    for entry in archive.entries().map_err(damaged)?.raw(true) {
        if stop() {
            return Err(ArchiveError::Cancelled);
        }
        unpacking.take(entry.map_err(damaged)?, &stop)?;
    }
    unpacking.make_links()?;
    Ok(unpacking.done)
}

struct Unpacking {
    folder: Folder,
    limits: Limits,
    entries: u64,
    done: Unpacked,
    links: Vec<(Parts, Vec<u8>)>,
    ahead: Ahead,
}

/// What stands in front of an entry and is about it: names that its own header has no room for.
#[derive(Default)]
struct Ahead {
    path: Option<Vec<u8>>,
    link: Option<Vec<u8>>,
    size: Option<u64>,
    sparse: bool,
}

impl Unpacking {
    fn take<R: Read>(
        &mut self,
        mut entry: Entry<'_, R>,
        stop: &impl Fn() -> bool,
    ) -> Result<(), ArchiveError> {
        self.entries += 1;
        // A name in front of an entry counts too: each is read whole.
        if self.entries > self.limits.entries.saturating_mul(2) {
            return Err(ArchiveError::Entries(self.limits.entries));
        }
        match entry.header().entry_type() {
            EntryType::GNULongName => self.ahead.path = Some(long_name(&mut entry)?),
            EntryType::GNULongLink => self.ahead.link = Some(long_name(&mut entry)?),
            EntryType::XHeader => self.pax(&whole(&mut entry)?)?,
            EntryType::XGlobalHeader => drop(whole(&mut entry)?),
            kind => {
                let ahead = std::mem::take(&mut self.ahead);
                self.place(kind, ahead, entry, stop)?;
            }
        }
        Ok(())
    }

    fn pax(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        for record in PaxExtensions::new(bytes) {
            let record = record.map_err(damaged)?;
            let value = record.value_bytes();
            match record.key_bytes() {
                b"path" => self.ahead.path = Some(value.to_vec()),
                b"linkpath" => self.ahead.link = Some(value.to_vec()),
                b"size" => {
                    let size = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                    self.ahead.size = Some(size.ok_or_else(|| no_number("size"))?);
                }
                key if key.starts_with(b"GNU.sparse.") => self.ahead.sparse = true,
                _ => {}
            }
        }
        Ok(())
    }

    fn place<R: Read>(
        &mut self,
        kind: EntryType,
        ahead: Ahead,
        mut entry: Entry<'_, R>,
        stop: &impl Fn() -> bool,
    ) -> Result<(), ArchiveError> {
        let path = ahead
            .path
            .unwrap_or_else(|| entry.header().path_bytes().into_owned());
        let shown = shown(&path);
        let refused = |why| ArchiveError::Entry {
            entry: shown.clone(),
            why,
        };
        let parts = Parts::parse(&path).map_err(|why| ArchiveError::Path {
            entry: shown.clone(),
            why,
        })?;
        let size = entry.header().entry_size().map_err(damaged)?;
        if ahead.size.is_some_and(|other| other != size) {
            return Err(refused("has two different sizes"));
        }
        if ahead.sparse {
            return Err(refused("is a sparse file; pack it as a plain one"));
        }
        // A repository that came along is no source.
        if parts
            .all()
            .next()
            .is_some_and(|first| first.eq_ignore_ascii_case(".git"))
        {
            return Ok(());
        }
        match kind {
            EntryType::Regular | EntryType::Continuous if parts.is_top() => Err(refused("has no name")),
            EntryType::Regular | EntryType::Continuous => self.file(&parts, &shown, size, &mut entry, stop),
            EntryType::Directory if parts.is_top() => Ok(()),
            EntryType::Directory => {
                self.count(0)?;
                self.folder
                    .make_folder(&parts)
                    .map_err(|source| write_error(&shown, source))
            }
            EntryType::Symlink => {
                let target = ahead
                    .link
                    .or_else(|| entry.header().link_name_bytes().map(std::borrow::Cow::into_owned))
                    .unwrap_or_default();
                if parts.is_top() || !parts.may_link_to(&target) {
                    return Err(refused("is a link that leads out of the folder"));
                }
                self.count(0)?;
                self.links.push((parts, target));
                Ok(())
            }
            EntryType::Link => Err(refused("is a hard link; pack the file itself")),
            EntryType::Char | EntryType::Block => Err(refused("is a device")),
            EntryType::Fifo => Err(refused("is a named pipe")),
            EntryType::GNUSparse => Err(refused("is a sparse file; pack it as a plain one")),
            _ => Err(refused("is of an unknown kind")),
        }
    }

    /// One more thing of so many bytes.
    fn count(&mut self, size: u64) -> Result<(), ArchiveError> {
        self.done.files += 1;
        self.done.bytes = self.done.bytes.saturating_add(size);
        if self.done.files > self.limits.entries {
            return Err(ArchiveError::Entries(self.limits.entries));
        }
        if self.done.bytes > self.limits.bytes {
            return Err(ArchiveError::Bytes(self.limits.bytes));
        }
        Ok(())
    }

    fn file<R: Read>(
        &mut self,
        parts: &Parts,
        shown: &str,
        size: u64,
        entry: &mut Entry<'_, R>,
        stop: &impl Fn() -> bool,
    ) -> Result<(), ArchiveError> {
        self.count(size)?;
        let executable = entry.header().mode().is_ok_and(|mode| mode & 0o111 != 0);
        let mut file = match self.folder.new_file(parts, executable) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(ArchiveError::Entry {
                    entry: shown.to_owned(),
                    why: "is in it twice",
                });
            }
            other => other.map_err(|source| write_error(shown, source))?,
        };
        let mut block = vec![0; BLOCK];
        let mut left = size;
        while left > 0 {
            if stop() {
                return Err(ArchiveError::Cancelled);
            }
            let count = entry.read(&mut block).map_err(damaged)?;
            if count == 0 {
                return Err(ArchiveError::Damaged(format!("{shown} is cut off")));
            }
            file.write_all(&block[..count])
                .map_err(|source| write_error(shown, source))?;
            left = left.saturating_sub(count as u64);
        }
        if let Ok(seconds) = entry.header().mtime()
            && let Some(time) = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(seconds.min(1 << 40)))
        {
            // Only a convenience for builds that look at it.
            let _ = file.set_modified(time);
        }
        Ok(())
    }

    fn make_links(&mut self) -> Result<(), ArchiveError> {
        for (parts, target) in std::mem::take(&mut self.links) {
            let shown = shown(parts.whole());
            match self.folder.new_link(&parts, OsStr::from_bytes(&target)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    return Err(ArchiveError::Entry {
                        entry: shown,
                        why: "is in it twice",
                    });
                }
                other => other.map_err(|source| write_error(&shown, source))?,
            }
        }
        Ok(())
    }
}

/// The content of an entry that is about another one.
fn whole<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
    let size = entry.header().entry_size().map_err(damaged)?;
    if size > LARGEST_HEADER {
        return Err(ArchiveError::Damaged("a header is larger than 64 KiB".to_owned()));
    }
    let mut bytes = Vec::new();
    entry
        .take(LARGEST_HEADER)
        .read_to_end(&mut bytes)
        .map_err(damaged)?;
    Ok(bytes)
}

/// GNU's long names end with a zero byte.
fn long_name<R: Read>(entry: &mut Entry<'_, R>) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = whole(entry)?;
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

/// A path for a sentence: short, and without what steers a terminal.
fn shown(path: &[u8]) -> String {
    let text = String::from_utf8_lossy(path);
    let plain = text.chars().filter(|c| !slipway_protocol::names::is_hidden(*c));
    let short: String = plain.take(80).collect();
    format!("“{short}”")
}

fn no_number(what: &str) -> ArchiveError {
    ArchiveError::Damaged(format!("a header's {what} is no number"))
}

fn damaged(error: io::Error) -> ArchiveError {
    let text = error.to_string();
    let plain = text.chars().filter(|c| !slipway_protocol::names::is_hidden(*c));
    ArchiveError::Damaged(plain.take(200).collect())
}

fn write_error(entry: &str, source: io::Error) -> ArchiveError {
    if matches!(
        source.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    ) {
        return ArchiveError::DiskFull;
    }
    ArchiveError::Write {
        entry: entry.to_owned(),
        source,
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
