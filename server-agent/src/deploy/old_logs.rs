//! Deployments' logs that an earlier agent kept as rows of the database: moved into the store of logs, each before anything else is
//! written to it or read of it, so that its lines keep their numbers.
//!
//! A line's number in the rows is its number in the store. Whoever was killed in the middle goes on behind the last line that is
//! stored; the rows go when the disk has the lines.
//!
//! A disk that takes nothing is waited for by one at a time, without a connection to the database: the others are told at once, as long as that
//! was seen a moment ago or is just being tried again.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as Shared, PoisonError};
use std::time::Duration;

use slipway_protocol::DeploymentId;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use crate::app::App;
use crate::db::deployments::{self, OldLine};
use crate::logs::{AppLog, Batch, Batches, Line, guess_level};

/// So many rows are read at once.
const ROWS: i64 = 500;
/// So long the disk may take for what was handed to it.
const PATIENCE: Duration = Duration::from_secs(10);
/// From one log to the next, so that others come to their turn; and how soon one that could not be moved is tried again.
const BETWEEN: Duration = Duration::from_millis(20);
const AGAIN: Duration = Duration::from_secs(30);
/// So long nobody tries again whether the disk takes something.
const FAILED_JUST_NOW: Duration = Duration::from_secs(5);

/// What there may be left to move.
#[derive(Default)]
pub struct OldLogs {
    /// One log at a time.
    turn: Mutex<()>,
    none_left: AtomicBool,
    /// When the disk did not take one last, if it has taken none since.
    failed: Shared<Option<Instant>>,
}

impl OldLogs {
    /// The turn to move one. Whoever waits for it is told as soon as the one before has failed.
    async fn turn(&self) -> Result<MutexGuard<'_, ()>, NoLog> {
        let turn = match self.failed() {
            None => self.turn.lock().await,
            Some(_) => self.turn.try_lock().map_err(|_| NoLog::NotTaken)?,
        };
        match self.failed() {
            Some(at) if at.elapsed() < FAILED_JUST_NOW => Err(NoLog::NotTaken),
            Some(_) | None => Ok(turn),
        }
    }

    /// Remembers what came of a turn. That the database was away says nothing of the disk.
    fn remember(&self, moved: &Result<(), NoLog>) {
        let failed = match moved {
            Ok(()) => None,
            Err(NoLog::Disk(_) | NoLog::NotTaken) => Some(Instant::now()),
            Err(NoLog::Database(_)) => return,
        };
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = failed;
    }

    fn failed(&self) -> Option<Instant> {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a deployment's log is not at hand.
#[derive(Debug, thiserror::Error)]
pub enum NoLog {
    #[error("the log could not be opened on the server's disk")]
    Disk(#[from] io::Error),
    #[error("what an earlier agent wrote of the log could not be read")]
    Database(#[from] sqlx::Error),
    #[error("what an earlier agent wrote of the log could not be moved: the server's disk does not take it")]
    NotTaken,
}

/// A deployment's log, with what an earlier agent wrote of it.
pub async fn open(app: &App, id: DeploymentId) -> Result<Arc<AppLog>, NoLog> {
    let logs = app.logs.clone();
    let opened = tokio::task::spawn_blocking(move || logs.of(id)).await;
    let log = opened.map_err(io::Error::other)??;
    if app.old_logs.none_left.load(Ordering::Relaxed) || !any_left(app, id).await? {
        return Ok(log);
    }
    let _turn = app.old_logs.turn().await?;
    let moved = move_one(app, id, &log).await;
    app.old_logs.remember(&moved);
    moved.map(|()| log)
}

async fn any_left(app: &App, id: DeploymentId) -> Result<bool, sqlx::Error> {
    let mut connection = app.db.pool().acquire().await?;
    deployments::has_old_lines(&mut connection, id).await
}

/// Moves all that there are. One that cannot be moved now does not keep the others waiting.
pub async fn move_all(app: App) {
    let mut passed_over: Vec<DeploymentId> = Vec::new();
    loop {
        match next(&app, &passed_over).await {
            Ok(Some(id)) => match open(&app, id).await {
                Ok(log) => log.rest(),
                Err(error) => {
                    tracing::warn!(deployment.id = %id, %error, "the log of an earlier agent is moved later");
                    passed_over.push(id);
                    // Where the disk takes nothing, it does not take the next one either.
                    if matches!(error, NoLog::NotTaken) {
                        tokio::time::sleep(AGAIN).await;
                    }
                }
            },
            Ok(None) if passed_over.is_empty() => {
                app.old_logs.none_left.store(true, Ordering::Relaxed);
                return;
            }
            Ok(None) => {
                passed_over.clear();
                tokio::time::sleep(AGAIN).await;
            }
            Err(error) => {
                tracing::debug!(%error, "logs of an earlier agent are moved later");
                tokio::time::sleep(AGAIN).await;
            }
        }
        tokio::time::sleep(BETWEEN).await;
    }
}

async fn next(app: &App, passed_over: &[DeploymentId]) -> Result<Option<DeploymentId>, sqlx::Error> {
    let mut connection = app.db.pool().acquire().await?;
    deployments::any_old_log(&mut connection, passed_over).await
}

/// Moves the rows that there are of one log. No row is left when this has gone well. A connection is held only while the database is asked.
async fn move_one(app: &App, id: DeploymentId, log: &Arc<AppLog>) -> Result<(), NoLog> {
    // Whoever had the turn before may have moved it.
    let mut any = any_left(app, id).await?;
    if !any {
        return Ok(());
    }
    // What an attempt before this one handed over has its numbers only when it is written.
    if !log.written(PATIENCE).await {
        return Err(NoLog::NotTaken);
    }
    // The number of the last line that is stored.
    let mut last = log.index().end.saturating_sub(1);
    while any {
        let rows = rows_after(app, id, last).await?;
        any = !rows.is_empty();
        for batch in packed(&rows) {
            hand_over(log, batch, Instant::now() + PATIENCE)
                .await
                .map_err(|_| NoLog::NotTaken)?;
        }
        last = rows.last().map_or(last, |row| row.sequence);
    }
    if !log.written(PATIENCE).await || log.index().end <= last {
        return Err(NoLog::NotTaken);
    }
    let own = Arc::clone(log);
    let flushed = tokio::task::spawn_blocking(move || own.flush()).await;
    flushed.map_err(io::Error::other)??;
    let mut connection = app.db.pool().acquire().await?;
    deployments::remove_old_lines(&mut connection, id).await?;
    Ok(())
}

async fn rows_after(app: &App, id: DeploymentId, last: u64) -> Result<Vec<OldLine>, sqlx::Error> {
    let mut connection = app.db.pool().acquire().await?;
    deployments::old_lines(&mut connection, id, last, ROWS).await
}

/// Gives a batch to the log, and waits for room until then; the batch comes back if there was none.
pub async fn hand_over(log: &Arc<AppLog>, mut batch: Batch, until: Instant) -> Result<(), Batch> {
    loop {
        match log.offer(batch) {
            Ok(()) => return Ok(()),
            Err(back) if Instant::now() >= until => return Err(back),
            Err(back) => batch = back,
        }
        log.wait_for_room().await;
    }
}

fn packed(rows: &[OldLine]) -> Vec<Batch> {
    let mut batches = Batches::default();
    for row in rows {
        // A line end within a line would be taken for the end of it.
        let text = row.text.replace('\n', " ");
        batches.push(Line {
            at: row.at.timestamp_nanos_opt().unwrap_or(0),
            task: &row.step,
            stream: row.stream,
            level: guess_level(&text),
            text: &text,
            missing: None,
        });
    }
    batches.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An attempt takes so long here.
    const ATTEMPT: Duration = Duration::from_millis(200);

    /// FR-DEP-13, NFR-R3: who asks for a log that an earlier agent kept, while the disk takes nothing, waits no longer than the one attempt that is
    /// made; after it all are told at once, and so they are while somebody tries again.
    #[tokio::test]
    async fn a_disk_that_takes_nothing_is_waited_for_once() {
        let logs = OldLogs::default();
        let first = async {
            let turn = logs.turn().await;
            assert!(turn.is_ok());
            tokio::time::sleep(ATTEMPT).await;
            logs.remember(&Err(NoLog::NotTaken));
        };
        let asked = Instant::now();
        let others = async { [logs.turn().await.is_ok(), logs.turn().await.is_ok()] };
        let ((), others) = tokio::join!(first, others);
        assert_eq!(others, [false, false]);
        assert!(asked.elapsed() >= ATTEMPT, "it was not known before");

        *logs.failed.lock().unwrap() = Instant::now().checked_sub(FAILED_JUST_NOW);
        let again = logs.turn().await;
        assert!(again.is_ok(), "one tries again");
        assert!(logs.turn().await.is_err(), "who waited here would wait for ever");
        logs.remember(&Err(NoLog::Database(sqlx::Error::PoolClosed)));
        drop(again);
        assert!(logs.turn().await.is_ok(), "nothing new is known of the disk");
    }

    /// FR-DEP-13: while the disk takes what there is, one waits for the other.
    #[tokio::test]
    async fn a_disk_that_takes_something_is_waited_for() {
        let logs = OldLogs::default();
        *logs.failed.lock().unwrap() = Some(Instant::now());
        logs.remember(&Ok(()));
        let turn = logs.turn().await;
        assert!(turn.is_ok());
        let moves = async {
            tokio::time::sleep(ATTEMPT).await;
            drop(turn);
        };
        let asked = Instant::now();
        let (next, ()) = tokio::join!(logs.turn(), moves);
        assert!(next.is_ok() && asked.elapsed() >= ATTEMPT);
    }
}
