//! Small files that are written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces a file's content atomically: a temporary file beside it, flushed, then renamed. Readable by its owner only.
pub(crate) fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    create_private_folder(&parent(path))?;
    let mut options = OpenOptions::new();
    private(&mut options);
    swap_in(path, content, options)
}

/// The same for a file that is no secret, in a folder that is there: others may read it as they may the person's other files.
pub(crate) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    swap_in(path, content, OpenOptions::new())
}

fn swap_in(path: &Path, content: &[u8], options: OpenOptions) -> io::Result<()> {
    let folder = parent(path);
    let temporary = folder.join(format!(".{}.tmp", uuid::Uuid::new_v4()));
    let written = write_new(&temporary, content, options).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written?;
    // The rename itself is made durable where folders can be flushed.
    if let Ok(folder) = File::open(&folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

/// Holds other processes of this user off until it is dropped.
pub(crate) struct FolderLock(#[allow(dead_code)] File);

/// Waits for the lock file `path`.
pub(crate) fn lock(path: &Path) -> io::Result<FolderLock> {
    create_private_folder(&parent(path))?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    private(&mut options);
    let file = options.open(path)?;
    file.lock()?;
    Ok(FolderLock(file))
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn write_new(path: &Path, content: &[u8], mut options: OpenOptions) -> io::Result<()> {
    let mut file = options.create_new(true).write(true).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.mode(0o600);
}

#[cfg(not(unix))]
fn private(_: &mut OpenOptions) {}

#[cfg(unix)]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn create_private_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}
