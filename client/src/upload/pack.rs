//! A folder, or an archive in the place of one, as a tar stream: without what `.gitignore` and `.dockerignore` leave out, and never
//! with `.git`. The same content gives the same bytes, so that an interrupted upload can go on.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use slipway_protocol::upload::{LARGEST_UNPACKED, MOST_ENTRIES};
use tar::{Builder, EntryType, Header};

use super::Folder;
use super::archive::{self, ArchivePacker};
use super::folder::FolderPacker;
use super::sink::Wanted;

/// Why a folder or an archive could not be packed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PackError {
    #[error(
        "{0} is neither a folder nor an archive (.tar, .tar.gz, .tar.zst, .zip) that can be read; give the folder with the application's source, or an archive of it."
    )]
    NoSource(String),
    #[error("{path} could not be read: {reason}; see that it is there and may be read, then try again.")]
    Read { path: String, reason: String },
    #[error("{0} was changed while it was sent; wait until nothing writes to it, and deploy again.")]
    Changed(String),
    #[error(
        "{0} is a link that leads out of the folder; put a copy in its place, or name it in .dockerignore."
    )]
    LinkOut(String),
    #[error("The archive is refused: {entry} {why}; make it anew without that.")]
    Entry { entry: String, why: &'static str },
    #[error(
        "The archive is refused: it holds more than {MOST_ENTRIES} files and folders; leave out what is not needed to build."
    )]
    TooMany,
    #[error(
        "The archive is refused: it unpacks to more than {} GiB; leave out what is not needed to build.",
        LARGEST_UNPACKED >> 30
    )]
    TooMuch,
    #[error("{path} is damaged, or is no archive of the kind that it seems to be ({reason}); make it anew.")]
    Damaged { path: String, reason: String },
    #[error("There is no file in {0}; give an archive of the application's source.")]
    Empty(String),
    #[error("The folder could not be packed, by a fault of this program; send an archive of it instead.")]
    Broken,
}

/// Packs one folder or archive, as often as it is asked to. Cheap to clone.
#[derive(Clone)]
pub(super) enum Packer {
    Folder(FolderPacker),
    Archive(ArchivePacker),
}

impl Packer {
    /// Looks at what is there; an archive is read once for it. Blocks.
    pub fn new(folder: &Folder, wanted: &Wanted) -> Result<Self, PackError> {
        let absent = || PackError::NoSource(folder.path.display().to_string());
        let path: PathBuf = folder.path.canonicalize().map_err(|_| absent())?;
        if path.is_dir() {
            return Ok(Self::Folder(FolderPacker::new(path, folder)));
        }
        let format = archive::format_of(&path).ok_or_else(absent)?;
        let packer = ArchivePacker::new(path, format, folder, wanted)?;
        Ok(Self::Archive(packer))
    }

    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(folder) => folder.path(),
            Self::Archive(archive) => archive.path(),
        }
    }

    /// Writes the tar stream. Blocks.
    pub fn pack(&self, out: &mut impl Write) -> Result<(), PackError> {
        let mut tar = Tar(Builder::new(out));
        let packed = match self {
            Self::Folder(folder) => folder.put_all(&mut tar),
            Self::Archive(archive) => archive.put_all(&mut tar),
        };
        if packed.is_err() {
            // Dropped, it would write an archive's end behind what is half.
            std::mem::forget(tar);
            return packed;
        }
        let finished = tar.0.finish();
        finished.map_err(|error| unread(self.path(), &error))
    }
}

/// What is sent of an entry beside its name and content; owner and group stay behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Traits {
    /// In seconds since 1970.
    pub modified: u64,
    pub executable: bool,
}

/// The stream while it is written. Names are below the folder, with `/`.
pub(super) struct Tar<W: Write>(Builder<W>);

impl<W: Write> Tar<W> {
    pub fn put_folder(&mut self, name: &str, traits: Traits) -> io::Result<()> {
        let mut header = header(traits);
        header.set_mode(0o755);
        header.set_entry_type(EntryType::Directory);
        self.0.append_data(&mut header, format!("{name}/"), io::empty())
    }

    /// The caller has seen that it [`stays_inside`].
    pub fn put_link(&mut self, name: &str, target: &Path, traits: Traits) -> io::Result<()> {
        let mut header = header(traits);
        header.set_entry_type(EntryType::Symlink);
        self.0.append_link(&mut header, name, target)
    }

    /// As many bytes as are said, and no more; false where there are fewer.
    pub fn put_file(
        &mut self,
        name: &str,
        traits: Traits,
        size: u64,
        content: impl Read,
    ) -> io::Result<bool> {
        let mut header = header(traits);
        header.set_size(size);
        let mut exact = Exact::new(content, size);
        self.0.append_data(&mut header, name, &mut exact)?;
        Ok(exact.left == 0)
    }
}

/// Kind and size are the caller's.
fn header(traits: Traits) -> Header {
    let mut header = Header::new_gnu();
    header.set_mtime(traits.modified);
    header.set_mode(if traits.executable { 0o755 } else { 0o644 });
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

/// Whether a link leads to a place below the folder: no absolute path, and steps up only at its beginning and no more than there are.
pub(super) fn stays_inside(name: &str, target: &Path) -> bool {
    use std::path::Component as C;
    let (mut up, mut down) = (0, false);
    for step in target.components() {
        match step {
            C::Prefix(_) | C::RootDir => return false,
            C::ParentDir if down => return false,
            C::ParentDir => up += 1,
            C::Normal(_) => down = true,
            C::CurDir => {}
        }
    }
    up <= name.matches('/').count()
}

pub(super) fn unread(path: &Path, error: &io::Error) -> PackError {
    PackError::Read {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

/// As many bytes as were announced, and no more; `left` says how many were missing.
pub(super) struct Exact<R> {
    from: io::Take<R>,
    pub left: u64,
}

impl<R: Read> Exact<R> {
    pub fn new(from: R, length: u64) -> Self {
        Self {
            from: from.take(length),
            left: length,
        }
    }
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
#[path = "pack_tests.rs"]
mod tests;
