//! Sending a folder, or an archive in the place of one, through the tunnel. It is packed while it is read, twice: once for its digest,
//! then to be sent. So neither side holds it in memory, what the agent has already is not sent again, and a lost link costs only what
//! was on its way.

mod archive;
mod docker_rules;
mod folder;
mod pack;
mod sink;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use slipway_protocol::api::{BeginUpload, FinishUpload, GetUpload, SendUploadPiece};
use slipway_protocol::settings::{ApplicationSettings, Build, Source};
use slipway_protocol::upload::{LARGEST_UPLOAD, NewUpload, UploadView};
use slipway_protocol::{ApplicationId, ErrorCode, RelativePath, UploadId};
use tokio::sync::mpsc;

pub use pack::PackError;
use pack::Packer;
use sink::{Digesting, Pieces, Wanted};

use crate::connection::Connection;
use crate::error::ClientError;

/// What is sent at once, in bytes. It all waits in the line at once, and what asks whether the link lives waits behind it: small enough
/// for a slow line to pass it in time.
const PIECE: usize = 512 << 10;
/// So many pieces may wait between the disk and the line.
const WAITING: usize = 4;
/// Without any progress for so long it is given up.
const GIVE_UP: Duration = Duration::from_secs(300);
/// The agent reads all of an upload before it says that it is whole.
const CHECKING: Duration = Duration::from_secs(600);

/// Why a folder or an archive did not arrive.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    #[error(transparent)]
    Pack(#[from] PackError),
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("What is to be sent is larger than {} GiB even without what is ignored; leave out what is not needed to build.", LARGEST_UPLOAD >> 30)]
    TooLarge,
}

/// A folder to send, or an archive that is sent as if it were one.
#[derive(Clone, Debug)]
pub struct Folder {
    pub path: PathBuf,
    /// The folder below it that is built; its `.dockerignore` counts.
    pub built: RelativePath,
    /// The Dockerfile below that folder: always sent.
    pub dockerfile: RelativePath,
}

impl Folder {
    /// What is at this path, for an application with these settings; `None` where its source is not what was uploaded.
    pub fn of(path: PathBuf, settings: &ApplicationSettings) -> Option<Self> {
        let Source::Upload(source) = &settings.source else {
            return None;
        };
        let dockerfile = match &settings.build {
            Build::Dockerfile(build) => build.file.clone(),
            Build::Automatic(_) | Build::Static(_) | Build::External(_) => RelativePath::dockerfile(),
        };
        Some(Self {
            path,
            built: source.folder.clone(),
            dockerfile,
        })
    }
}

/// What can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sendable {
    Folder,
    Archive,
}

impl Sendable {
    /// What is at this path, by a look at its beginning; `None` for anything else. Blocks.
    pub fn at(path: &Path) -> Option<Self> {
        if path.is_dir() {
            return Some(Self::Folder);
        }
        archive::format_of(path).map(|_| Self::Archive)
    }
}

impl Connection {
    /// Sends a folder or an archive as the application's newest upload. `progress` sees how many bytes of how many the agent has. The link may
    /// break as often as it likes, as long as there is some progress.
    pub async fn upload(
        &self,
        application: ApplicationId,
        folder: &Folder,
        mut progress: impl FnMut(u64, u64) + Send,
    ) -> Result<UploadView, UploadError> {
        let (packer, announced) = prepared(folder.clone()).await?;
        let mut patience = Patience::new();
        let mut view = loop {
            let body = announced.clone();
            match self.send(BeginUpload { application, body }).await {
                Ok(view) => break view,
                Err(error) => patience.bear(error).await?,
            }
        };
        while !view.finished {
            progress(view.received, view.length);
            let ended = if view.received < view.length {
                self.send_rest(&packer, &view, &mut patience, &mut progress).await
            } else {
                self.send_within(FinishUpload { upload: view.id }, CHECKING).await
            };
            view = match ended {
                Ok(view) => view,
                Err(UploadError::Client(error)) => {
                    patience.bear(error).await?;
                    let now = self.look(view.id, &mut patience).await?;
                    // A line so slow that it breaks over each piece brings some of it every time.
                    if now.received > view.received {
                        patience.renew();
                    }
                    now
                }
                Err(error) => return Err(error),
            };
        }
        progress(view.length, view.length);
        Ok(view)
    }

    /// Packs the folder once more and sends what the agent does not have.
    async fn send_rest(
        &self,
        packer: &Packer,
        from: &UploadView,
        patience: &mut Patience,
        progress: &mut (impl FnMut(u64, u64) + Send),
    ) -> Result<UploadView, UploadError> {
        let mut view = from.clone();
        let mut pieces = pieces(packer.clone(), from.received);
        while let Some(piece) = pieces.recv().await {
            let request = SendUploadPiece {
                upload: view.id,
                offset: view.received,
            };
            view = self.send_bytes(request, piece?).await?;
            patience.renew();
            progress(view.received, view.length);
        }
        if view.received < view.length {
            // It has become shorter since it was announced: the agent would wait for ever.
            return Err(PackError::Changed(packer.path().display().to_string()).into());
        }
        Ok(view)
    }

    async fn send_within<E: slipway_protocol::Endpoint>(
        &self,
        endpoint: E,
        limit: Duration,
    ) -> Result<E::Response, UploadError> {
        Ok(self.send_patiently(endpoint, limit).await?)
    }

    /// Where an upload stands, as soon as there is a link again.
    async fn look(&self, upload: UploadId, patience: &mut Patience) -> Result<UploadView, UploadError> {
        loop {
            match self.send(GetUpload { upload }).await {
                Ok(view) => return Ok(view),
                Err(error) => patience.bear(error).await?,
            }
        }
    }
}

/// How it is packed, and length and digest of what comes of it. The work ends when nobody waits for it any more.
async fn prepared(folder: Folder) -> Result<(Packer, NewUpload), UploadError> {
    let waiting = Arc::new(());
    let wanted = Wanted::by(&waiting);
    let work = tokio::task::spawn_blocking(move || {
        let packer = Packer::new(&folder, &wanted)?;
        let mut digesting = Digesting::up_to(LARGEST_UPLOAD, wanted);
        let packed = packer.pack(&mut digesting);
        if digesting.is_over() {
            return Err(UploadError::TooLarge);
        }
        packed?;
        Ok((packer, digesting.finish()?))
    });
    let done = work.await;
    drop(waiting);
    done.unwrap_or_else(|_| Err(PackError::Broken.into()))
}

/// The archive from an offset on, packed on a thread of its own that ends when nobody reads any more.
fn pieces(packer: Packer, from: u64) -> mpsc::Receiver<Result<Bytes, PackError>> {
    let (sender, receiver) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || {
        let mut pieces = Pieces::new(sender.clone(), from, PIECE);
        if let Err(error) = packer.pack(&mut pieces)
            && !sender.is_closed()
        {
            let _ = sender.blocking_send(Err(error));
        }
    });
    receiver
}

/// How long a broken link is borne with.
struct Patience {
    since: Instant,
    wait: Duration,
}

impl Patience {
    const FIRST: Duration = Duration::from_millis(200);
    const LONGEST: Duration = Duration::from_secs(5);

    fn new() -> Self {
        Self {
            since: Instant::now(),
            wait: Self::FIRST,
        }
    }

    /// Something has arrived.
    fn renew(&mut self) {
        *self = Self::new();
    }

    /// Waits before the next attempt, or passes the error on: one that will not go away by itself, or one too many.
    async fn bear(&mut self, error: ClientError) -> Result<(), UploadError> {
        let passes = match &error {
            ClientError::Link(link) => !link.needs_a_person(),
            ClientError::Problem(problem) => {
                matches!(problem.code, ErrorCode::Conflict | ErrorCode::Unavailable)
            }
            ClientError::NotSignedIn { .. }
            | ClientError::BrokenOff { .. }
            | ClientError::Keychain(_)
            | ClientError::Answer { .. }
            | ClientError::NotForwarded => false,
        };
        if !passes || self.since.elapsed() > GIVE_UP {
            return Err(error.into());
        }
        tokio::time::sleep(self.wait).await;
        self.wait = (self.wait * 2).min(Self::LONGEST);
        Ok(())
    }
}
