//! The files of uploads: one each, named by its id. How long it is says how far the upload has come.

use std::io;
use std::path::{Path, PathBuf};

use nix::fcntl::{Flock, FlockArg};
use sha2::{Digest, Sha256 as Hasher};
use slipway_protocol::{Sha256, UploadId};
use tokio::io::AsyncWriteExt;

use crate::app::App;
use crate::db::uploads;
use crate::http::{ApiError, Piece};
use crate::secrets::hex;

#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error("A piece of this upload is just being received; try again in a moment.")]
    Busy,
    #[error("The upload stands at byte {at}; go on from there.")]
    Elsewhere { at: u64 },
    #[error("The piece goes beyond the {length} bytes that were announced; begin the upload anew.")]
    TooLong { length: u64 },
    #[error("The disk of the server is full; free some space and send it again.")]
    DiskFull,
    #[error("The upload could not be stored on the server.")]
    Io(#[source] io::Error),
}

impl From<io::Error> for UploadError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull,
            _ => Self::Io(error),
        }
    }
}

/// The file of an upload, held by one request at a time.
pub struct UploadFile {
    file: Flock<std::fs::File>,
    at: u64,
}

impl UploadFile {
    /// Opens the file, and makes it where there is none. Another that holds it is an error.
    pub fn open(folder: &Path, id: UploadId) -> Result<Self, UploadError> {
        std::fs::create_dir_all(folder)?;
        let mut options = std::fs::OpenOptions::new();
        options.read(true).append(true).create(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path(folder, id))?;
        let file = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, _)| UploadError::Busy)?;
        let at = file.metadata()?.len();
        Ok(Self { file, at })
    }

    /// So many bytes are there.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Appends a piece at `offset`, which must be where the file ends. What has come in when the piece breaks off stays.
    pub async fn append(&mut self, offset: u64, length: u64, piece: &mut Piece) -> Result<(), ApiError> {
        if offset != self.at {
            return Err(UploadError::Elsewhere { at: self.at }.into());
        }
        let twin = self.file.try_clone().map_err(UploadError::from)?;
        let mut file = tokio::fs::File::from_std(twin);
        while let Some(bytes) = piece.next().await {
            let bytes = bytes?;
            if self.at + bytes.len() as u64 > length {
                return Err(UploadError::TooLong { length }.into());
            }
            file.write_all(&bytes).await.map_err(UploadError::from)?;
            // Written for good before more is read: what is counted is there.
            file.flush().await.map_err(UploadError::from)?;
            self.at += bytes.len() as u64;
        }
        Ok(())
    }

    /// Brings everything to the disk and gives its digest. Blocks.
    pub fn digest(&mut self) -> Result<Sha256, UploadError> {
        use std::io::{Read, Seek};
        self.file.sync_all()?;
        self.file.rewind()?;
        let mut hasher = Hasher::new();
        let mut block = vec![0; 256 * 1024];
        loop {
            let count = self.file.read(&mut block)?;
            if count == 0 {
                break;
            }
            hasher.update(&block[..count]);
        }
        Sha256::parse(&hex(&hasher.finalize())).map_err(|error| UploadError::Io(io::Error::other(error)))
    }
}

pub fn path(folder: &Path, id: UploadId) -> PathBuf {
    folder.join(id.to_string())
}

/// How many bytes of an upload are there.
pub fn received(folder: &Path, id: UploadId) -> u64 {
    std::fs::metadata(path(folder, id)).map_or(0, |meta| meta.len())
}

pub fn remove(folder: &Path, id: UploadId) {
    let _ = std::fs::remove_file(path(folder, id));
}

/// Forgets what nobody wants, and removes files without a row. The folder is read first: a file that appears later has a row.
pub async fn sweep(app: &App) -> Result<(), sqlx::Error> {
    let folder = app.config.uploads_dir();
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    let mut connection = app.db.pool().acquire().await?;
    uploads::forget(&mut connection).await?;
    if names.is_empty() {
        return Ok(());
    }
    let known = uploads::all(&mut connection).await?;
    for name in names {
        let wanted = name.parse().is_ok_and(|id| known.contains(&id));
        if !wanted {
            let _ = std::fs::remove_file(folder.join(name));
        }
    }
    Ok(())
}
