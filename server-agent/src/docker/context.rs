//! The build's context: a folder as a tar stream, never held whole in memory.

use std::io::Write;
use std::path::Path;

use bytes::Bytes;
use slipway_protocol::docker_ignore::DockerIgnore;
use tokio::sync::mpsc;

/// How many pieces may wait between the disk and Docker.
const WAITING: usize = 16;
const PIECE: usize = 64 * 1024;

/// Where the files lie that a builder adds to a context: nothing of the repository is sent from there.
pub const ADDED: &str = ".slipway";

/// A file that is sent with a folder without being in it: its name below [`ADDED`], and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedFile {
    pub name: &'static str,
    pub text: String,
}

/// Packs a folder on a thread of its own. Links stay links; `.git` and what is ignored stay behind.
pub(super) fn stream(
    folder: &Path,
    ignored: DockerIgnore,
    added: Vec<AddedFile>,
) -> mpsc::Receiver<Result<Bytes, std::io::Error>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let folder = folder.to_owned();
    tokio::task::spawn_blocking(move || {
        let pipe = Pipe {
            sender: sender.clone(),
            pending: Vec::with_capacity(PIECE),
        };
        if let Err(error) = pack(&folder, &ignored, &added, pipe) {
            let _ = sender.blocking_send(Err(error));
        }
    });
    receiver
}

/// Packs one program alone, on a thread of its own.
pub(super) fn program(path: &Path, name: &'static str) -> mpsc::Receiver<Result<Bytes, std::io::Error>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || {
        let pipe = Pipe {
            sender: sender.clone(),
            pending: Vec::with_capacity(PIECE),
        };
        if let Err(error) = pack_program(&path, name, pipe) {
            let _ = sender.blocking_send(Err(error));
        }
    });
    receiver
}

fn pack_program(path: &Path, name: &str, pipe: Pipe) -> std::io::Result<()> {
    let program = std::fs::File::open(path)?;
    let mut header = tar::Header::new_gnu();
    header.set_size(program.metadata()?.len());
    header.set_mode(0o755);
    header.set_mtime(1);
    let mut archive = tar::Builder::new(pipe);
    archive.append_data(&mut header, name, program)?;
    let mut pipe = archive.into_inner()?;
    pipe.flush()
}

fn pack(folder: &Path, ignored: &DockerIgnore, added: &[AddedFile], pipe: Pipe) -> std::io::Result<()> {
    let mut archive = tar::Builder::new(pipe);
    archive.follow_symlinks(false);
    // BuildKit reads no holes; git leaves some where it checks out a large file with many zeros.
    archive.sparse(false);
    archive.mode(tar::HeaderMode::Complete);
    append(&mut archive, folder, Path::new(""), ignored)?;
    for file in added {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(file.text.len()).unwrap_or(u64::MAX));
        header.set_mode(0o644);
        // The same time always: BuildKit's cache looks at it.
        header.set_mtime(1);
        archive.append_data(
            &mut header,
            Path::new(ADDED).join(file.name),
            file.text.as_bytes(),
        )?;
    }
    let mut pipe = archive.into_inner()?;
    pipe.flush()
}

fn append(
    archive: &mut tar::Builder<Pipe>,
    folder: &Path,
    below: &Path,
    ignored: &DockerIgnore,
) -> std::io::Result<()> {
    let mut entries: Vec<_> = std::fs::read_dir(folder.join(below))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        // The build has ended, by a cancellation for one.
        if archive.get_ref().sender.is_closed() {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        let inside = below.join(entry.file_name());
        if inside == Path::new(".git") || inside == Path::new(ADDED) {
            continue;
        }
        let kind = entry.file_type()?;
        let name = inside.to_string_lossy();
        let left_out = ignored.leaves_out(&name);
        if kind.is_dir() {
            if !left_out {
                archive.append_dir(&inside, entry.path())?;
            }
            if !left_out || ignored.may_want_below(&name) {
                append(archive, folder, &inside, ignored)?;
            }
        } else if left_out {
            continue;
        } else if kind.is_file() || kind.is_symlink() {
            archive.append_path_with_name(entry.path(), &inside)?;
        }
    }
    Ok(())
}

/// Hands pieces over to an async reader; waits while too many are on their way.
struct Pipe {
    sender: mpsc::Sender<Result<Bytes, std::io::Error>>,
    pending: Vec<u8>,
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.pending.extend_from_slice(bytes);
        if self.pending.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let piece = Bytes::from(std::mem::replace(&mut self.pending, Vec::with_capacity(PIECE)));
        self.sender
            .blocking_send(Ok(piece))
            .map_err(|_| std::io::Error::new(std::io::ErrorKind::BrokenPipe, "the build has ended"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-07: a link in a hostile repository is packed as a link, never as what it points to.
    #[tokio::test]
    async fn links_are_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/hostname", folder.path().join("link")).unwrap();
        std::fs::create_dir_all(folder.path().join(".git")).unwrap();
        std::fs::create_dir_all(folder.path().join("secret")).unwrap();
        std::fs::write(folder.path().join(".dockerignore"), "secret\n").unwrap();
        let ignored = super::super::ignore::read(folder.path(), &"Dockerfile".parse().unwrap(), &[]).unwrap();
        // What a builder adds cannot be led elsewhere by a link of that name.
        std::os::unix::fs::symlink("/etc", folder.path().join(ADDED)).unwrap();
        let added = AddedFile {
            name: "Dockerfile",
            text: "FROM scratch\n".to_owned(),
        };
        let mut bytes = Vec::new();
        let mut pieces = stream(folder.path(), ignored, vec![added]);
        while let Some(piece) = pieces.recv().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        let mut archive = tar::Archive::new(&bytes[..]);
        let entries: Vec<_> = archive.entries().unwrap().map(|entry| entry.unwrap()).collect();
        let names: Vec<_> = entries
            .iter()
            .map(|entry| entry.path().unwrap().display().to_string())
            .collect();
        assert_eq!(names, [".dockerignore", "link", ".slipway/Dockerfile"]);
        assert_eq!(entries[1].header().entry_type(), tar::EntryType::Symlink);
        assert_eq!(entries[2].header().entry_type(), tar::EntryType::Regular);
    }

    /// FR-BLD-01: a file with a hole in it arrives as a plain file, with its zeros.
    #[tokio::test]
    async fn holes_are_filled() {
        const LENGTH: u64 = 4 << 20;
        let folder = tempfile::tempdir().unwrap();
        let file = std::fs::File::create(folder.path().join("bulk")).unwrap();
        file.set_len(LENGTH).unwrap();
        let ignored = super::super::ignore::read(folder.path(), &"Dockerfile".parse().unwrap(), &[]).unwrap();
        let mut bytes = Vec::new();
        let mut pieces = stream(folder.path(), ignored, Vec::new());
        while let Some(piece) = pieces.recv().await {
            bytes.extend_from_slice(&piece.unwrap());
        }
        let mut archive = tar::Archive::new(&bytes[..]);
        let entry = archive.entries().unwrap().next().unwrap().unwrap();
        assert_eq!(entry.header().entry_type(), tar::EntryType::Regular);
        assert_eq!(entry.size(), LENGTH);
        assert!(bytes.len() as u64 > LENGTH);
    }
}
