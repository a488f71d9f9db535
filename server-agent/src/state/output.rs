//! Where a backup goes: standard output, or a file that appears only once it is whole.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use anyhow::bail;
use tempfile::NamedTempFile;

use super::why;

/// As it was asked for; `-` is standard output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    Stdout,
    File(PathBuf),
}

impl From<PathBuf> for Output {
    fn from(path: PathBuf) -> Self {
        if path == Path::new("-") {
            Self::Stdout
        } else {
            Self::File(path)
        }
    }
}

impl Output {
    /// Refuses what cannot go well, before anything is asked for or done.
    pub fn is_free(&self) -> anyhow::Result<()> {
        match self {
            Self::Stdout if io::stdout().is_terminal() => {
                bail!("a backup is no text for a terminal; name a file, or lead standard output into one")
            }
            Self::File(path) if path.symlink_metadata().is_ok() => {
                bail!(
                    "{} is there already and was left alone; name another file",
                    path.display()
                )
            }
            Self::Stdout | Self::File(_) => Ok(()),
        }
    }

    pub(super) fn open(&self) -> anyhow::Result<Opened> {
        match self {
            Self::Stdout => Ok(Opened::Stdout(BufWriter::new(io::stdout()))),
            Self::File(path) => {
                let folder = folder_of(path);
                // Readable by its owner only, from its first moment.
                let file = tempfile::Builder::new()
                    .prefix(".slipway-backup-")
                    .tempfile_in(folder)
                    .map_err(|error| {
                        anyhow::anyhow!(
                            "no file can be made in {}: {}; name another place",
                            folder.display(),
                            why(&error)
                        )
                    })?;
                Ok(Opened::File(BufWriter::new(file), path.clone()))
            }
        }
    }
}

/// Being written. Dropped, a file is gone again.
pub(super) enum Opened {
    Stdout(BufWriter<io::Stdout>),
    File(BufWriter<NamedTempFile>, PathBuf),
}

impl Opened {
    /// Brings it to the disk and gives it its name, unless somebody else has taken that.
    pub(super) fn keep(self) -> io::Result<()> {
        match self {
            Self::Stdout(mut out) => out.flush(),
            Self::File(out, path) => {
                let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
                file.as_file().sync_all()?;
                file.persist_noclobber(&path).map_err(|error| error.error)?;
                File::open(folder_of(&path))?.sync_all()
            }
        }
    }
}

impl Write for Opened {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(out, _) => out.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(out, _) => out.flush(),
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
