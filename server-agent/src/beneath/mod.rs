//! Writing into a folder whose content somebody hostile chooses: nothing is ever written outside of it.
//!
//! Every step of a path is opened by itself, from the folder down, and no link is followed on the way. A path cannot lead
//! elsewhere, also when it is changed while it is walked.

mod archive;
mod path;

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{Mode, SFlag, fstatat, mkdirat};
use nix::unistd::{UnlinkatFlags, symlinkat, unlinkat};

pub use archive::{ArchiveError, Limits, Unpacked, unpack};
pub use path::{BadPath, Parts};

const FOLDER: OFlag = OFlag::O_RDONLY
    .union(OFlag::O_DIRECTORY)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);
const NEW: OFlag = OFlag::O_WRONLY
    .union(OFlag::O_CREAT)
    .union(OFlag::O_EXCL)
    .union(OFlag::O_NOFOLLOW)
    .union(OFlag::O_CLOEXEC);

/// An open folder, and all that is below it.
pub struct Folder {
    top: OwnedFd,
    /// The folder of the last path, so that files side by side need one walk.
    last: Option<(Vec<u8>, OwnedFd)>,
}

impl Folder {
    /// Opens a folder that is there.
    pub fn open(path: &Path) -> io::Result<Self> {
        let top = open(path, FOLDER, Mode::empty())?;
        Ok(Self { top, last: None })
    }

    /// Makes a folder with those above it; one that is there is fine.
    pub fn make_folder(&mut self, parts: &Parts) -> io::Result<()> {
        self.walk(parts.all(), parts.whole()).map(drop)
    }

    /// Makes a file that is not there yet, with the folders above it.
    pub fn new_file(&mut self, parts: &Parts, executable: bool) -> io::Result<File> {
        let mode = Mode::from_bits_truncate(if executable { 0o755 } else { 0o644 });
        let parent = self.walk(parts.above(), parts.parent())?;
        Ok(File::from(openat(parent, parts.name(), NEW, mode)?))
    }

    /// Writes a file, in the place of one or of a link that is there.
    pub fn put_file(&mut self, parts: &Parts, content: &[u8]) -> io::Result<()> {
        let parent = self.walk(parts.above(), parts.parent())?;
        // What could be run still can.
        let before = fstatat(parent, parts.name(), AtFlags::AT_SYMLINK_NOFOLLOW);
        let executable = before.is_ok_and(|found| {
            SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG
                && found.st_mode & 0o111 != 0
        });
        match unlinkat(parent, parts.name(), UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => {}
            Err(error) => return Err(error.into()),
        }
        self.new_file(parts, executable)?.write_all(content)
    }

    /// Makes a link that is not there yet. Whether it may lead to `target` is the caller's to say.
    pub fn new_link(&mut self, parts: &Parts, target: &OsStr) -> io::Result<()> {
        let parent = self.walk(parts.above(), parts.parent())?;
        Ok(symlinkat(target, parent, parts.name())?)
    }

    /// Opens a folder below, and makes what is missing on the way.
    fn walk<'p>(&mut self, way: impl Iterator<Item = &'p OsStr>, key: &[u8]) -> io::Result<&OwnedFd> {
        if self.last.as_ref().is_none_or(|(last, _)| last != key) {
            let mut here = self.top.try_clone()?;
            for name in way {
                here = match openat(&here, name, FOLDER, Mode::empty()) {
                    Err(Errno::ENOENT) => {
                        mkdirat(&here, name, Mode::from_bits_truncate(0o755))?;
                        openat(&here, name, FOLDER, Mode::empty())?
                    }
                    other => other?,
                };
            }
            self.last = Some((key.to_owned(), here));
        }
        Ok(self.last.as_ref().map_or(&self.top, |(_, folder)| folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Parts {
        Parts::parse(text.as_bytes()).unwrap()
    }

    /// FR-SRC-06, FR-SRC-07: a file replaces a link that is in its place, and no folder that is a link is gone through.
    #[test]
    fn links_are_replaced_and_not_followed() {
        let (outside, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let victim = outside.path().join("victim");
        std::fs::write(&victim, "untouched").unwrap();
        std::os::unix::fs::symlink(&victim, inside.path().join("file")).unwrap();
        std::os::unix::fs::symlink(outside.path(), inside.path().join("folder")).unwrap();
        let mut folder = Folder::open(inside.path()).unwrap();
        folder.put_file(&parts("file"), b"new").unwrap();
        folder.put_file(&parts("a/b/c"), b"deep").unwrap();
        folder.put_file(&parts("a/b/c"), b"again").unwrap();
        assert!(folder.put_file(&parts("folder/victim"), b"x").is_err());
        assert!(folder.new_file(&parts("folder/fresh"), false).is_err());
        assert!(folder.make_folder(&parts("folder/fresh")).is_err());
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "untouched");
        assert_eq!(
            std::fs::read_to_string(inside.path().join("file")).unwrap(),
            "new"
        );
        assert_eq!(
            std::fs::read_to_string(inside.path().join("a/b/c")).unwrap(),
            "again"
        );
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    /// FR-SRC-06: what could be run can still be run when another content is laid over it.
    #[test]
    fn what_could_be_run_still_can() {
        use std::os::unix::fs::PermissionsExt;
        let inside = tempfile::tempdir().unwrap();
        let mode = |name: &str| {
            let metadata = std::fs::metadata(inside.path().join(name)).unwrap();
            metadata.permissions().mode() & 0o111
        };
        let mut folder = Folder::open(inside.path()).unwrap();
        drop(folder.new_file(&parts("run.sh"), true).unwrap());
        drop(folder.new_file(&parts("plain"), false).unwrap());
        std::os::unix::fs::symlink("run.sh", inside.path().join("link")).unwrap();
        for name in ["run.sh", "plain", "link", "new"] {
            folder.put_file(&parts(name), b"other").unwrap();
        }
        assert_eq!(["run.sh", "plain", "link", "new"].map(mode), [0o111, 0, 0, 0]);
    }

    /// NFR-S2: while a folder is swapped for a link again and again, nothing is written through it.
    #[test]
    fn a_swapped_folder_leads_nowhere() {
        let (outside, inside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (place, aside) = (inside.path().join("d"), inside.path().join("aside"));
        std::fs::create_dir(&place).unwrap();
        let (target, done) = (
            outside.path().to_owned(),
            std::sync::atomic::AtomicBool::new(false),
        );
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    let _ = std::fs::rename(&place, &aside);
                    let _ = std::os::unix::fs::symlink(&target, &place);
                    let _ = std::fs::remove_file(&place);
                    let _ = std::fs::rename(&aside, &place);
                }
            });
            for _ in 0..5_000 {
                let mut folder = Folder::open(inside.path()).unwrap();
                let _ = folder.put_file(&parts("d/file"), b"x");
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }
}
