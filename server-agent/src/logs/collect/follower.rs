//! Following one container or task from where its output was stored to its end.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::delivery::Delivery;
use super::file::{FileSource, Turn};
use super::joiner::Joiner;
use super::{Sources, engine};
use crate::docker::{DockerError, OutputOf};
use crate::logs::{AppLog, LogError, LogOf};

/// How soon to try again, at first and at most.
const AGAIN: Duration = Duration::from_millis(500);
const AGAIN_AT_MOST: Duration = Duration::from_secs(10);
/// What an ended container wrote last is in its file by then.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// The end of an ended container's output waits so long for the store.
const LAST_CHANCE: Duration = Duration::from_secs(60);

/// Why following stopped.
pub enum Stopped {
    /// Nothing more will come.
    Finished,
    /// The source broke off.
    Broken,
}

#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    #[error(transparent)]
    Docker(#[from] DockerError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the work on a log was broken off")]
    Panicked(#[from] tokio::task::JoinError),
}

impl From<std::io::Error> for FollowError {
    fn from(error: std::io::Error) -> Self {
        Self::Log(error.into())
    }
}

/// What one task writes, and the log that it belongs in.
pub struct Stream {
    pub log: LogOf,
    pub task: String,
    pub source: OutputOf,
}

/// Puts into its log what a task writes and what is not there yet; until it has ended, as is told by `ended`, and all of it was read.
pub async fn follow(shared: Arc<Sources>, stream: Stream, ended: CancellationToken) {
    let Some(log) = open(&shared, stream.log, &ended).await else {
        return;
    };
    let mut joiner = Joiner::new(&stream.task, log.place(&stream.task));
    let mut delivery = Delivery::new(log, &stream.task);
    let mut wait = AGAIN;
    loop {
        let before = joiner.place();
        match once(&shared, &stream, &mut joiner, &mut delivery, &ended).await {
            Ok(Stopped::Finished) | Err(FollowError::Docker(DockerError::NotFound)) => break,
            Ok(Stopped::Broken) => {}
            Err(error) => tracing::debug!(task = stream.task, %error, "output broke off; it goes on"),
        }
        wait = if joiner.place() == before {
            (wait * 2).min(AGAIN_AT_MOST)
        } else {
            AGAIN
        };
        tokio::time::sleep(wait).await;
        joiner.begin_again();
    }
    joiner.end_all();
    let begun = Instant::now();
    delivery
        .hand_over(joiner.take(), || begun.elapsed() > LAST_CHANCE)
        .await;
}

/// Its log, as soon as the disk lets it be opened; nothing where the container has ended before that.
async fn open(shared: &Sources, of: LogOf, ended: &CancellationToken) -> Option<Arc<AppLog>> {
    let mut wait = AGAIN;
    loop {
        let logs = shared.logs.clone();
        match tokio::task::spawn_blocking(move || logs.of(of)).await {
            Ok(Ok(log)) => return Some(log),
            Ok(Err(error)) => {
                tracing::warn!(log = %of, %error, "a log cannot be opened; it is tried again");
            }
            Err(_) => return None,
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(AGAIN_AT_MOST),
            () = ended.cancelled() => return None,
        }
    }
}

async fn once(
    shared: &Sources,
    stream: &Stream,
    joiner: &mut Joiner,
    delivery: &mut Delivery,
    ended: &CancellationToken,
) -> Result<Stopped, FollowError> {
    if shared.from_files
        && let OutputOf::Container(id) = &stream.source
        && let Some(path) = shared.docker.output_file(id).await?
    {
        let place = joiner.place();
        let opening = path.clone();
        let opened = tokio::task::spawn_blocking(move || FileSource::open(&opening, place)).await?;
        match opened {
            Ok(source) => return from_file(shared, path, source, joiner, delivery, ended).await,
            // The engine may keep its files where the agent does not see them; then it is asked for the output.
            Err(error) => tracing::debug!(%error, "the engine's file cannot be read"),
        }
    }
    engine::follow(&shared.docker, &stream.source, joiner, delivery, ended).await
}

async fn from_file(
    shared: &Sources,
    path: PathBuf,
    source: FileSource,
    joiner: &mut Joiner,
    delivery: &mut Delivery,
    ended: &CancellationToken,
) -> Result<Stopped, FollowError> {
    let watch = path.parent().map(|folder| shared.hub.watch(folder));
    let mut source = source;
    let mut last_look = false;
    loop {
        let turn;
        (source, turn) = read(shared, source, joiner).await?;
        if turn == Turn::AtEnd || joiner.is_full() {
            delivery.hand_over(joiner.take(), || source.is_too_late()).await;
        }
        if turn == Turn::More {
            continue;
        }
        if last_look {
            return Ok(Stopped::Finished);
        }
        if ended.is_cancelled() {
            last_look = true;
            tokio::time::sleep(LAST_WORDS).await;
            continue;
        }
        match &watch {
            Some(watch) => tokio::select! { () = watch.changed() => {}, () = ended.cancelled() => {} },
            None => ended.cancelled().await,
        }
    }
}

/// One turn of reading, on a thread that may wait for the disk.
async fn read(
    shared: &Sources,
    mut source: FileSource,
    joiner: &mut Joiner,
) -> Result<(FileSource, Turn), FollowError> {
    let _turn = shared.turns.acquire().await;
    let mut own = joiner.lend();
    let (source, own, turn) = tokio::task::spawn_blocking(move || {
        let mut turn = Ok(Turn::More);
        while !own.is_full() && matches!(turn, Ok(Turn::More)) {
            turn = source.read(&mut own);
        }
        (source, own, turn)
    })
    .await?;
    *joiner = own;
    Ok((source, turn?))
}
