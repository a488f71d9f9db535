//! Following what releases write: every container of this node that is a release's, whether it serves, is at its gate or
//! is being retired; and the tasks of other nodes.
//!
//! Which containers there are is learnt from the engine once, and from then on from its events: nothing is asked for
//! periodically but the tasks of other nodes, where there are other nodes. Each container is followed by a task of its own,
//! which goes on behind the last stored line, and ends with the container.

mod delivery;
mod engine;
mod file;
mod follower;
mod hub;
mod joiner;
mod time;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use slipway_protocol::ApplicationId;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use self::follower::{Stream, follow};
use self::hub::Hub;
use super::store::Logs;
use crate::docker::{Change, Docker, DockerError, OutputOf, Writer};

/// How often to look at everything again, whatever the events said.
const LOOK: Duration = Duration::from_secs(60);
/// How often to look at other nodes, and for the engine when it is away.
const ELSEWHERE: Duration = Duration::from_secs(3);
const AGAIN: Duration = Duration::from_secs(1);
/// So many containers' files are read at the same time.
const READERS: usize = 2;

/// What all followers share.
pub struct Sources {
    docker: Docker,
    logs: Logs,
    hub: Hub,
    turns: Semaphore,
    /// Output is taken from the engine's files where they can be read.
    from_files: bool,
}

impl Sources {
    /// Reads the engine's files, or asks it for what its containers write.
    pub fn new(docker: Docker, logs: Logs, from_files: bool) -> Self {
        Self {
            docker,
            logs,
            hub: Hub::new(),
            turns: Semaphore::new(READERS),
            from_files,
        }
    }
}

/// Follows what releases write until the agent ends.
pub async fn run(sources: Arc<Sources>, shutdown: CancellationToken) {
    let mut collector = Collector {
        shared: sources,
        followed: HashMap::new(),
        shutdown: shutdown.clone(),
    };
    let mut said = String::new();
    let work = async {
        loop {
            let Err(error) = collector.follow_changes(&mut said).await;
            // The same trouble is told once.
            let now = error.to_string();
            if now != said {
                tracing::warn!(%error, "containers' output is not collected; it goes on trying");
                said = now;
            }
            tokio::time::sleep(AGAIN).await;
        }
    };
    tokio::select! { () = work => {}, () = shutdown.cancelled() => {} }
}

struct Collector {
    shared: Arc<Sources>,
    followed: HashMap<OutputOf, Followed>,
    shutdown: CancellationToken,
}

struct Followed {
    ended: CancellationToken,
    task: JoinHandle<()>,
}

impl Collector {
    /// Listens before it looks, so that nothing is overlooked. Ends only with an error.
    async fn follow_changes(&mut self, said: &mut String) -> Result<std::convert::Infallible, DockerError> {
        let mut changes = Box::pin(self.shared.docker.writer_changes().await?);
        let mut look = tokio::time::interval(LOOK);
        let mut elsewhere = tokio::time::interval(ELSEWHERE);
        elsewhere.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut others = true;
        loop {
            tokio::select! {
                change = changes.next() => match change {
                    Some(Ok(Change::Started(writer))) => self.follow(writer),
                    Some(Ok(Change::Ended(source))) => self.end(&source),
                    Some(Err(error)) => return Err(error),
                    None => return Err(DockerError::Unreachable("the engine's events ended".into())),
                },
                _ = look.tick() => {
                    let writers = self.shared.docker.writers().await?;
                    self.compare(writers, |source| matches!(source, OutputOf::Container(_)));
                    others = true;
                    said.clear();
                }
                _ = elsewhere.tick(), if others => {
                    let writers = self.shared.docker.writers_elsewhere().await?;
                    // Without any, the next look at everything is soon enough.
                    others = !writers.is_empty();
                    self.compare(writers, |source| matches!(source, OutputOf::Task(_)));
                }
            }
        }
    }

    /// Follows what is new, and forgets what is no longer there. `kind` says which ones the list is about.
    fn compare(&mut self, writers: Vec<Writer>, kind: impl Fn(&OutputOf) -> bool) {
        for (source, followed) in &self.followed {
            if kind(source) && !writers.iter().any(|writer| writer.source == *source) {
                followed.ended.cancel();
            }
        }
        self.followed.retain(|source, followed| {
            let is_there = !kind(source) || writers.iter().any(|writer| writer.source == *source);
            is_there || !followed.task.is_finished()
        });
        for writer in writers {
            self.follow(writer);
        }
    }

    fn follow(&mut self, writer: Writer) {
        let Ok(application) = writer.application.parse::<ApplicationId>() else {
            return;
        };
        let followed = self.followed.entry(writer.source.clone()).or_insert_with(|| {
            let ended = self.shutdown.child_token();
            let stream = Stream {
                log: application.into(),
                task: writer.task.clone(),
                source: writer.source.clone(),
            };
            let work = follow(Arc::clone(&self.shared), stream, ended.clone());
            Followed {
                ended,
                task: tokio::spawn(work),
            }
        });
        if writer.ended {
            followed.ended.cancel();
        }
    }

    fn end(&mut self, source: &OutputOf) {
        if let Some(followed) = self.followed.get(source) {
            followed.ended.cancel();
        }
    }
}
