//! All logs, by whose they are.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chrono::Utc;

use super::app_log::AppLog;
use super::block::Packer;
use super::intake::Budget;
use super::lived::Lived;
use super::log_of::LogOf;
use super::retention::{self, Limits};
use super::shelf::Shelf;
use super::total::Total;
use super::writer::{self, Bell};

/// From one log to the next, where all are opened: whoever wants another one comes to their turn.
const BETWEEN: Duration = Duration::from_micros(200);

/// Cheap to clone.
#[derive(Clone)]
pub struct Logs(Arc<Inner>);

struct Inner {
    folder: PathBuf,
    limits: Limits,
    apps: Mutex<HashMap<LogOf, Arc<AppLog>>>,
    budget: Budget,
    total: Total,
    bell: Arc<Bell>,
    writer: Mutex<Option<JoinHandle<()>>>,
    /// Bytes of all logs when their limits were last kept.
    kept_at: AtomicU64,
    lived: Mutex<Lived>,
}

impl Logs {
    /// Begins to write; what there is in the folder is opened beside that.
    pub fn open(folder: &Path, limits: Limits) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let logs = Self(Arc::new(Inner {
            folder: folder.to_owned(),
            limits,
            apps: Mutex::default(),
            budget: Budget::default(),
            total: Total::default(),
            bell: Arc::default(),
            writer: Mutex::default(),
            kept_at: AtomicU64::new(0),
            lived: Mutex::new(Lived::open(folder)),
        }));
        let (own, packer) = (logs.clone(), Packer::new()?);
        let writer = std::thread::Builder::new()
            .name("logs".to_owned())
            .spawn(move || writer::run(&own, packer))?;
        *logs.0.writer.lock().unwrap_or_else(PoisonError::into_inner) = Some(writer);
        Ok(logs)
    }

    /// Opens the logs that there are, so that their limits are kept, until the end. One that cannot be opened is told of.
    pub(super) fn open_all(&self) {
        let ids = folders(&self.0.folder).unwrap_or_else(|error| {
            tracing::warn!(%error, "the folder of the logs could not be read");
            Vec::new()
        });
        for id in ids {
            if self.0.bell.is_stopped() {
                return;
            }
            if let Err(error) = self.open_left(id) {
                tracing::warn!(log = %id, %error, "a log could not be opened");
            }
            std::thread::sleep(BETWEEN);
        }
    }

    /// Somebody's log; it begins where there is none. Reads the disk when it is asked for first.
    pub fn of(&self, id: impl Into<LogOf>) -> io::Result<Arc<AppLog>> {
        self.open_in(&mut self.apps(), id.into())
    }

    /// Opens a log that was there at the start, unless it was removed since.
    fn open_left(&self, id: LogOf) -> io::Result<()> {
        let mut apps = self.apps();
        if self.0.folder.join(id.to_string()).exists() {
            self.open_in(&mut apps, id)?;
        }
        Ok(())
    }

    fn apps(&self) -> MutexGuard<'_, HashMap<LogOf, Arc<AppLog>>> {
        self.0.apps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open_in(&self, apps: &mut HashMap<LogOf, Arc<AppLog>>, id: LogOf) -> io::Result<Arc<AppLog>> {
        if let Some(known) = apps.get(&id) {
            return Ok(Arc::clone(known));
        }
        let folder = self.0.folder.join(id.to_string());
        let shelf = Shelf::open(&folder, self.0.limits.segment_bytes(), &mut Packer::new()?)?;
        let shared = (self.0.budget.clone(), self.0.total.clone());
        let log = Arc::new(AppLog::new(id, folder, shelf, shared, Arc::clone(&self.0.bell)));
        apps.insert(id, Arc::clone(&log));
        Ok(log)
    }

    /// Removes the log of what was deleted. Whatever its containers still write goes nowhere.
    pub fn remove(&self, id: impl Into<LogOf>) -> io::Result<()> {
        let id = id.into();
        // An application's is known as deleted, whether it has written anything or not: its containers may be met once more.
        if !matches!(id, LogOf::Application(_)) && !self.0.folder.join(id.to_string()).exists() {
            return Ok(());
        }
        let log = self.of(id)?;
        log.delete()?;
        self.forget(log.id);
        Ok(())
    }

    /// Whose logs are known here.
    pub fn known(&self) -> Vec<LogOf> {
        self.all().iter().map(|log| log.id).collect()
    }

    /// Removes the logs of those that are gone, as far as there is anything left of them.
    pub fn remove_left(&self, gone: &[LogOf]) {
        for log in self.all() {
            if !gone.contains(&log.id) || !log.folder().exists() {
                continue;
            }
            match log.delete() {
                Ok(()) => self.forget(log.id),
                Err(error) => {
                    tracing::warn!(log = %log.id, %error, "the log of something that was deleted could not be removed");
                }
            }
        }
    }

    /// There are ever new commands and deployments. An application's log stays known as one that is gone: its containers may be met once more.
    fn forget(&self, id: LogOf) {
        if let LogOf::Command(_) | LogOf::Deployment(_) = id {
            self.apps().remove(&id);
        }
    }

    /// Writes what waits, and ends.
    pub fn close(&self) {
        self.0.bell.stop();
        let writer = self
            .0
            .writer
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(writer) = writer {
            let _ = writer.join();
        }
    }

    pub(super) fn all(&self) -> Vec<Arc<AppLog>> {
        self.apps().values().cloned().collect()
    }

    pub(super) fn bell(&self) -> &Bell {
        &self.0.bell
    }

    /// Bytes on disk of these logs.
    pub fn bytes_of(&self, logs: &HashSet<LogOf>) -> u64 {
        let all = self.all();
        let own = all.iter().filter(|log| logs.contains(&log.id));
        own.map(|log| log.index().bytes()).sum()
    }

    /// By enough that the limits have to be looked at now.
    pub(super) fn has_grown(&self) -> bool {
        self.0.total.bytes() > self.0.kept_at.load(Ordering::Relaxed) + self.0.limits.segment_bytes()
    }

    pub(super) fn keep_limits(&self, packer: &mut Packer) {
        let mut lived = self.0.lived.lock().unwrap_or_else(PoisonError::into_inner);
        let now = lived.now(Utc::now(), Instant::now());
        drop(lived);
        retention::keep(&self.0.folder, &self.all(), &self.0.limits, now, packer);
        self.0.kept_at.store(self.0.total.bytes(), Ordering::Relaxed);
    }
}

fn folders(folder: &Path) -> io::Result<Vec<LogOf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        found.extend(name.to_str().and_then(|name| name.parse::<LogOf>().ok()));
    }
    Ok(found)
}
