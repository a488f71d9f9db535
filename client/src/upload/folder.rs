//! A folder of this machine, packed in the order of names.

use std::ffi::OsStr;
use std::fs::{File, Metadata};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ignore::{DirEntry, WalkBuilder};
use slipway_protocol::docker_ignore::DockerIgnore;

use super::Folder;
use super::docker_rules;
use super::pack::{PackError, Tar, Traits, stays_inside, unread};

#[derive(Clone)]
pub(super) struct FolderPacker {
    folder: PathBuf,
    /// The build's folder below it, with `/` behind it; empty for all of it.
    built: String,
    rules: Arc<DockerIgnore>,
}

impl FolderPacker {
    /// `path` is the folder, without links in it.
    pub fn new(path: PathBuf, folder: &Folder) -> Self {
        let built = path.join(folder.built.as_str());
        Self {
            folder: path,
            built: docker_rules::prefix(&folder.built),
            rules: Arc::new(docker_rules::read(&folder.dockerfile, |name| {
                docker_rules::file(&built.join(name))
            })),
        }
    }

    pub fn path(&self) -> &Path {
        &self.folder
    }

    pub fn put_all<W: Write>(&self, tar: &mut Tar<W>) -> Result<(), PackError> {
        for entry in self.walk() {
            let entry = entry.map_err(|error| PackError::Read {
                path: self.folder.display().to_string(),
                reason: error.to_string(),
            })?;
            self.put(tar, &entry)?;
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
            .sort_by_file_name(OsStr::cmp);
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

    fn put<W: Write>(&self, tar: &mut Tar<W>, entry: &DirEntry) -> Result<(), PackError> {
        let path = entry.path();
        let Some(name) = self.name(path).filter(|name| !self.leaves_out(name)) else {
            return Ok(());
        };
        let meta = std::fs::symlink_metadata(path).map_err(|error| unread(path, &error))?;
        let traits = traits(&meta);
        let done = if meta.is_dir() {
            tar.put_folder(&name, traits)
        } else if meta.is_symlink() {
            let target = std::fs::read_link(path).map_err(|error| unread(path, &error))?;
            if !stays_inside(&name, &target) {
                return Err(PackError::LinkOut(name));
            }
            tar.put_link(&name, &target, traits)
        } else if meta.is_file() {
            let file = File::open(path).map_err(|error| unread(path, &error))?;
            match tar.put_file(&name, traits, meta.len(), file) {
                Ok(false) => return Err(PackError::Changed(name)),
                other => other.map(|_| ()),
            }
        } else {
            // A socket, a pipe or a device is no source.
            Ok(())
        };
        done.map_err(|error| unread(path, &error))
    }
}

fn traits(meta: &Metadata) -> Traits {
    let modified = meta
        .modified()
        .ok()
        .and_then(|time| time.duration_since(SystemTime::UNIX_EPOCH).ok());
    Traits {
        modified: modified.map_or(0, |age| age.as_secs()),
        executable: is_executable(meta),
    }
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
