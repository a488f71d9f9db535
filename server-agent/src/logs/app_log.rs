//! One log, of an application, a deployment or a command: where collectors put lines, and what readers go by.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::batch::Batch;
use super::block::Packer;
use super::intake::{Budget, Intake, Room};
use super::log_of::LogOf;
use super::places::Place;
use super::shelf::{Index, Shelf};
use super::total::Total;
use super::writer::Bell;

/// How long a collector waits for room before it looks again.
const LOOK: Duration = Duration::from_millis(100);
/// So long the last lines may wait for the disk.
const WRITTEN: Duration = Duration::from_secs(5);

pub struct AppLog {
    pub id: LogOf,
    folder: PathBuf,
    /// Nothing when the application was deleted. Held while files are written; readers do not wait for it.
    shelf: Mutex<Option<Shelf>>,
    index: Mutex<Arc<Index>>,
    intake: Mutex<Intake>,
    budget: Budget,
    /// Of all logs.
    total: Total,
    bell: Arc<Bell>,
    /// No more is expected to come: what is in the tail is to be compressed.
    rests: AtomicBool,
    room: Notify,
    /// The number of the line to come.
    end: watch::Sender<u64>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl AppLog {
    pub(super) fn new(
        id: LogOf,
        folder: PathBuf,
        shelf: Shelf,
        (budget, total): (Budget, Total),
        bell: Arc<Bell>,
    ) -> Self {
        let index = shelf.index();
        total.changed(0, index.bytes());
        Self {
            id,
            folder,
            end: watch::channel(index.end).0,
            shelf: Mutex::new(Some(shelf)),
            index: Mutex::new(Arc::new(index)),
            intake: Mutex::default(),
            budget,
            total,
            bell,
            rests: AtomicBool::new(false),
            room: Notify::new(),
        }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn index(&self) -> Arc<Index> {
        Arc::clone(&lock(&self.index))
    }

    /// Changes when lines have been written: the number of the line to come.
    pub fn news(&self) -> watch::Receiver<u64> {
        self.end.subscribe()
    }

    /// How far a task's output has been stored.
    pub fn place(&self, task: &str) -> Place {
        lock(&self.shelf)
            .as_ref()
            .map(|shelf| shelf.places.of(task))
            .unwrap_or_default()
    }

    /// Takes lines, or gives them back when too many wait. Those of a deleted application go nowhere.
    pub fn offer(self: &Arc<Self>, batch: Batch) -> Result<(), Batch> {
        let mut intake = lock(&self.intake);
        intake.put(batch, &self.budget, Room::of(self.id))?;
        let announce = !std::mem::replace(&mut intake.announced, true);
        drop(intake);
        if announce {
            self.bell.ring(Arc::clone(self));
        }
        Ok(())
    }

    /// Until there may be room again.
    pub async fn wait_for_room(&self) {
        let _ = tokio::time::timeout(LOOK, self.room.notified()).await;
    }

    /// Until all that was handed over is written, or the time is over: the disk may not take it. Whether it is.
    pub async fn written(&self, limit: Duration) -> bool {
        let empty = async {
            while !lock(&self.intake).is_empty() {
                self.wait_for_room().await;
            }
        };
        tokio::time::timeout(limit, empty).await.is_ok()
    }

    /// Whoever wrote it has ended: until all that was handed over is written, unless the disk does not take it in time. Then it rests.
    pub async fn ended(self: &Arc<Self>) {
        self.written(WRITTEN).await;
        self.rest();
    }

    /// No more is expected to come: what is left in the tail becomes a block of a segment.
    pub fn rest(self: &Arc<Self>) {
        self.rests.store(true, Ordering::Relaxed);
        self.bell.ring(Arc::clone(self));
    }

    /// Until what is written stays, also when the power goes. Reads the folder, and waits for the disk.
    pub fn flush(&self) -> std::io::Result<()> {
        for entry in std::fs::read_dir(&self.folder)? {
            match File::open(entry?.path()) {
                Ok(file) => file.sync_all()?,
                // A tail goes only when the segment that holds its lines has been flushed.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        File::open(&self.folder)?.sync_all()?;
        match self.folder.parent() {
            Some(all) => File::open(all)?.sync_all(),
            None => Ok(()),
        }
    }

    /// Writes what waits. With an error it waits on.
    pub(super) fn write(&self, packer: &mut Packer) -> std::io::Result<()> {
        let mut shelf = lock(&self.shelf);
        let (batches, bytes) = {
            let mut intake = lock(&self.intake);
            intake.announced = false;
            intake.take()
        };
        let written = match shelf.as_mut() {
            Some(shelf) => shelf.append(batches, packer),
            None => Ok(()),
        };
        if written.is_ok()
            && self.rests.swap(false, Ordering::Relaxed)
            && let Some(shelf) = shelf.as_mut()
            && let Err(error) = shelf.close(packer)
        {
            tracing::debug!(log = %self.id, %error, "the end of a log is compressed later");
        }
        self.publish(shelf.as_ref());
        drop(shelf);
        let mut intake = lock(&self.intake);
        let result = match written {
            Ok(()) => {
                intake.written(bytes, &self.budget);
                Ok(())
            }
            Err((left, error)) => {
                intake.put_back(left, bytes, &self.budget);
                Err(error)
            }
        };
        drop(intake);
        self.room.notify_waiters();
        result
    }

    /// Works on the files; readers see what came of it.
    pub(super) fn with_shelf<T>(&self, work: impl FnOnce(&mut Shelf) -> T) -> Option<T> {
        let mut shelf = lock(&self.shelf);
        let result = shelf.as_mut().map(work);
        self.publish(shelf.as_ref());
        result
    }

    /// Whoever calls this holds the shelf.
    fn publish(&self, shelf: Option<&Shelf>) {
        let index = shelf.map_or_else(Index::of_none, Shelf::index);
        let (end, bytes) = (index.end, index.bytes());
        let before = std::mem::replace(&mut *lock(&self.index), Arc::new(index));
        self.total.changed(before.bytes(), bytes);
        self.end.send_if_modified(|known| {
            let news = *known != end;
            *known = end;
            news
        });
    }

    /// Removes the files; what still comes is thrown away.
    pub(super) fn delete(&self) -> std::io::Result<()> {
        let mut shelf = lock(&self.shelf);
        *shelf = None;
        self.publish(None);
        match std::fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }
}
