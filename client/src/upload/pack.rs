//! A folder as a tar stream: without what `.gitignore` and `.dockerignore` leave out, and never with `.git`. The same folder gives
//! the same bytes, so that an interrupted upload can go on.

use std::fs::{File, Metadata};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use ignore::{DirEntry, WalkBuilder};
use sha2::{Digest, Sha256 as Hasher};
use slipway_protocol::Sha256;
use slipway_protocol::docker_ignore::DockerIgnore;
use slipway_protocol::upload::NewUpload;
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;

use super::Folder;
use super::docker_rules;

/// Why a folder could not be packed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PackError {
    #[error("{0} is no folder that can be read; give the folder with the application's source.")]
    NoFolder(String),
    #[error("{path} could not be read: {reason}.")]
    Read { path: String, reason: String },
    #[error("{0} was changed while it was sent; wait until nothing writes to it, and deploy again.")]
    Changed(String),
    #[error(
        "{0} is a link that leads out of the folder; put a copy in its place, or name it in .dockerignore."
    )]
    LinkOut(String),
    #[error("The folder could not be packed; this is a bug of this program.")]
    Broken,
}

/// Packs one folder, as often as it is asked to. Cheap to clone.
#[derive(Clone)]
pub(super) struct Packer {
    folder: PathBuf,
    /// The build's folder below it, with `/` behind it; empty for all of it.
    built: String,
    rules: Arc<DockerIgnore>,
}

impl Packer {
    pub fn new(folder: &Folder) -> Result<Self, PackError> {
        let absent = || PackError::NoFolder(folder.path.display().to_string());
        let path = folder.path.canonicalize().map_err(|_| absent())?;
        if !path.is_dir() {
            return Err(absent());
        }
        let built = folder.built.as_str();
        let rules = docker_rules::read(&path.join(built), &folder.dockerfile);
        let built = match built.trim_start_matches("./") {
            "." | "" => String::new(),
            below => format!("{}/", below.trim_end_matches('/')),
        };
        Ok(Self {
            folder: path,
            built,
            rules: Arc::new(rules),
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes the archive, in the order of names. Blocks.
    pub fn pack(&self, out: &mut impl Write) -> Result<(), PackError> {
        let mut archive = Builder::new(out);
        let packed = self.append_all(&mut archive);
        if packed.is_err() {
            // Dropped, it would write an archive's end behind what is half.
            std::mem::forget(archive);
            return packed;
        }
        let finished = archive.finish();
        finished.map_err(|error| unread(&self.folder, &error))
    }

    fn append_all<W: Write>(&self, archive: &mut Builder<W>) -> Result<(), PackError> {
        for entry in self.walk() {
            let entry = entry.map_err(|error| PackError::Read {
                path: self.folder.display().to_string(),
                reason: error.to_string(),
            })?;
            self.append(archive, &entry)?;
        }
        Ok(())
    }

    fn walk(&self) -> ignore::Walk {
        // Above the folder only what its repository says counts, not what lies somewhere on this machine.
        let in_repository = self.folder.ancestors().any(|above| above.join(".git").exists());
        let mut walk = WalkBuilder::new(&self.folder);
        walk.standard_filters(false)
            .git_ignore(true)
            .git_exclude(true)
            .require_git(false)
            .parents(in_repository)
            .follow_links(false)
            .sort_by_file_name(std::ffi::OsStr::cmp);
        let packer = self.clone();
        walk.filter_entry(move |entry| !packer.is_passed_by(entry));
        walk.build()
    }

    /// A folder that is not even looked into.
    fn is_passed_by(&self, entry: &DirEntry) -> bool {
        if entry.file_name() == ".git" {
            return true;
        }
        let Some(name) = self.name(entry.path()) else {
            return false;
        };
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        let Some(below) = name.strip_prefix(&self.built) else {
            return false;
        };
        is_folder && self.rules.leaves_out(below) && !self.rules.may_want_below(below)
    }

    fn leaves_out(&self, name: &str) -> bool {
        name.strip_prefix(&self.built)
            .is_some_and(|below| self.rules.leaves_out(below))
    }

    /// The path below the folder, with `/`; `None` for the folder itself.
    fn name(&self, path: &Path) -> Option<String> {
        let below = path.strip_prefix(&self.folder).ok()?;
        let parts: Vec<_> = below.iter().map(|part| part.to_string_lossy()).collect();
        (!parts.is_empty()).then(|| parts.join("/"))
    }

    fn append<W: Write>(&self, archive: &mut Builder<W>, entry: &DirEntry) -> Result<(), PackError> {
        let path = entry.path();
        let Some(name) = self.name(path).filter(|name| !self.leaves_out(name)) else {
            return Ok(());
        };
        let meta = std::fs::symlink_metadata(path).map_err(|error| unread(path, &error))?;
        let mut header = header(&meta);
        let done = if meta.is_dir() {
            header.set_entry_type(EntryType::Directory);
            archive.append_data(&mut header, format!("{name}/"), io::empty())
        } else if meta.is_symlink() {
            let target = std::fs::read_link(path).map_err(|error| unread(path, &error))?;
            if !stays_inside(&name, &target) {
                return Err(PackError::LinkOut(name));
            }
            header.set_entry_type(EntryType::Symlink);
            archive.append_link(&mut header, &name, target)
        } else if meta.is_file() {
            let file = File::open(path).map_err(|error| unread(path, &error))?;
            let mut exact = Exact::new(file, meta.len());
            header.set_size(meta.len());
            let done = archive.append_data(&mut header, &name, &mut exact);
            if done.is_ok() && exact.left > 0 {
                return Err(PackError::Changed(name));
            }
            done
        } else {
            // A socket, a pipe or a device is no source.
            Ok(())
        };
        done.map_err(|error| unread(path, &error))
    }
}

/// Kind and size are the caller's; owner and group stay behind.
fn header(meta: &Metadata) -> Header {
    let mut header = Header::new_gnu();
    let seconds = meta
        .modified()
        .ok()
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok())
        .map_or(0, |age| age.as_secs());
    header.set_mtime(seconds);
    header.set_mode(if meta.is_dir() || is_executable(meta) {
        0o755
    } else {
        0o644
    });
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(0);
    header
}

#[cfg(unix)]
fn is_executable(meta: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o111 != 0
}

/// Windows has no such bit: as Docker's own client does there, everything may be run, or scripts of the source could not.
#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    true
}

/// Whether a link leads to a place below the folder: no absolute path, and steps up only at its beginning and no more than there are.
fn stays_inside(name: &str, target: &Path) -> bool {
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

fn unread(path: &Path, error: &io::Error) -> PackError {
    PackError::Read {
        path: path.display().to_string(),
        reason: error.to_string(),
    }
}

/// As many bytes as were announced, and no more; `left` says how many were missing.
struct Exact {
    from: io::Take<File>,
    left: u64,
}

impl Exact {
    fn new(file: File, length: u64) -> Self {
        Self {
            from: file.take(length),
            left: length,
        }
    }
}

impl Read for Exact {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// Takes the archive's digest and length.
pub(super) struct Digesting {
    hasher: Hasher,
    length: u64,
    most: u64,
}

impl Digesting {
    pub fn up_to(most: u64) -> Self {
        Self {
            hasher: Hasher::new(),
            length: 0,
            most,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn packer(path: &Path, built: &str) -> Packer {
        Packer::new(&Folder {
            path: path.to_owned(),
            built: built.parse().unwrap(),
            dockerfile: "Dockerfile".parse().unwrap(),
        })
        .unwrap()
    }

    fn names(bytes: &[u8]) -> Vec<String> {
        let mut archive = tar::Archive::new(bytes);
        let entries = archive.entries().unwrap();
        entries
            .map(|entry| entry.unwrap().path().unwrap().to_string_lossy().into_owned())
            .collect()
    }

    /// FR-SRC-04: what `.gitignore` and `.dockerignore` name stays behind, `.git` always; the rest arrives in a fixed order.
    #[test]
    fn what_is_ignored_stays_behind() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            (".gitignore", "*.log\n/dist/\n"),
            (".dockerignore", "docs\nDockerfile\n*.md\n!README.md\n"),
            (".git/config", "secret"),
            ("Dockerfile", "FROM scratch"),
            ("README.md", "kept"),
            ("NOTES.md", "ignored"),
            ("a/b/deep.txt", "deep"),
            ("a/.gitignore", "b/*.tmp\n"),
            ("a/b/x.tmp", "ignored"),
            ("a/.git/config", "a submodule's"),
            ("debug.log", "ignored"),
            ("dist/out", "ignored"),
            ("docs/page", "ignored"),
            (".env", "kept"),
        ] {
            write(folder.path(), name, text);
        }
        let mut bytes = Vec::new();
        packer(folder.path(), ".").pack(&mut bytes).unwrap();
        let expected = [
            ".dockerignore",
            ".env",
            ".gitignore",
            "Dockerfile",
            "README.md",
            "a/",
            "a/.gitignore",
            "a/b/",
            "a/b/deep.txt",
        ];
        assert_eq!(names(&bytes), expected);
        let mut again = Vec::new();
        packer(folder.path(), ".").pack(&mut again).unwrap();
        assert!(bytes == again, "the same folder gives the same bytes");
    }

    /// FR-SRC-04: `.dockerignore` counts in the folder that is built, and there only.
    #[test]
    fn the_built_folders_rules_count() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["web/Dockerfile", "web/secret", "secret"] {
            write(folder.path(), name, "x");
        }
        write(folder.path(), "web/.dockerignore", "secret");
        let mut bytes = Vec::new();
        packer(folder.path(), "web").pack(&mut bytes).unwrap();
        assert_eq!(
            names(&bytes),
            ["secret", "web/", "web/.dockerignore", "web/Dockerfile"]
        );
    }

    /// FR-SRC-04: from any offset on the same bytes are sent, in pieces of a bounded size.
    #[test]
    fn it_goes_on_from_any_offset() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "large", &"0123456789".repeat(10_000));
        let packer = packer(folder.path(), ".");
        let mut whole = Vec::new();
        packer.pack(&mut whole).unwrap();
        for from in [0, 1, 511, 4096, whole.len() / 2, whole.len() - 1, whole.len()] {
            let (sender, mut receiver) = mpsc::channel(1000);
            packer.pack(&mut Pieces::new(sender, from as u64, 4096)).unwrap();
            let mut rest = Vec::new();
            while let Some(piece) = receiver.blocking_recv() {
                let piece = piece.unwrap();
                assert!(piece.len() <= 4096);
                rest.extend_from_slice(&piece);
            }
            assert!(rest == whole[from..], "{from}");
        }
        let mut digesting = Digesting::up_to(1 << 30);
        packer.pack(&mut digesting).unwrap();
        assert_eq!(digesting.finish().unwrap().length, whole.len() as u64);
        let mut small = Digesting::up_to(1000);
        assert!(packer.pack(&mut small).is_err() && small.is_over());
    }

    /// FR-SRC-04: a link that leads out is named before anything is sent; one inside arrives as a link.
    #[cfg(unix)]
    #[test]
    fn links_out_are_named() {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), "a/file", "x");
        std::os::unix::fs::symlink("a/file", folder.path().join("inside")).unwrap();
        std::os::unix::fs::symlink("../a", folder.path().join("a/up")).unwrap();
        packer(folder.path(), ".").pack(&mut io::sink()).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("out")).unwrap();
        let error = packer(folder.path(), ".").pack(&mut io::sink()).unwrap_err();
        assert!(error.to_string().starts_with("out is a link"), "{error}");
        assert!(!stays_inside("a", Path::new("../b")) && !stays_inside("a/b", Path::new("c/../../d")));
    }
}
