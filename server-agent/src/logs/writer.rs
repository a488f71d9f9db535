//! The thread that writes all logs, and the one that flushes them to the disk.
//!
//! One writer keeps one compressor, and goes from application to application: none waits longer than for one turn of
//! each other. A turn is at most what an intake holds.

use std::collections::VecDeque;
use std::fs::File;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};

use super::app_log::AppLog;
use super::block::Packer;
use super::store::Logs;

/// Lines gather for so long before they are written: few writes, and still at once for whoever watches.
const GATHER: Duration = Duration::from_millis(4);
/// How soon to try again what the disk did not take.
const AGAIN: Duration = Duration::from_millis(500);
/// How often the disk's cache is flushed.
const FLUSH: Duration = Duration::from_secs(2);
/// How often the oldest lines are looked at.
const TIDY: Duration = Duration::from_secs(30);

/// Who has something to write.
#[derive(Default)]
pub struct Bell {
    waiting: Mutex<Waiting>,
    rung: Condvar,
}

#[derive(Default)]
struct Waiting {
    apps: VecDeque<Arc<AppLog>>,
    stop: bool,
}

impl Bell {
    pub fn ring(&self, app: Arc<AppLog>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        // After a failure an application may be announced again before its turn.
        if !waiting.apps.iter().any(|known| Arc::ptr_eq(known, &app)) {
            waiting.apps.push_back(app);
        }
        self.rung.notify_one();
    }

    pub fn stop(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.stop = true;
        self.rung.notify_one();
    }

    pub fn is_stopped(&self) -> bool {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).stop
    }

    /// Who waits, at the latest when the time is over; and whether it is the end.
    fn wait(&self, limit: Duration) -> (VecDeque<Arc<AppLog>>, bool) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut waiting, _) = self
            .rung
            .wait_timeout_while(waiting, limit, |waiting| waiting.apps.is_empty() && !waiting.stop)
            .unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut waiting.apps), waiting.stop)
    }
}

/// Writes until the bell says stop; then everything that waits, and the end.
pub fn run(logs: &Logs, mut packer: Packer) {
    let mut opener = open(logs);
    let (flush, flushed) = channel();
    let flusher = Builder::new()
        .name("logs-flush".to_owned())
        .spawn(move || flush_all(&flushed));
    if let Err(error) = &flusher {
        tracing::warn!(%error, "logs are flushed by the system alone");
    }
    let (mut last_flush, mut last_tidy) = (Instant::now(), Instant::now());
    let mut failing = false;
    let mut unflushed = Vec::<Arc<AppLog>>::new();
    loop {
        // Without anything to flush there is no reason to wake up early.
        let patience = if unflushed.is_empty() { TIDY } else { FLUSH };
        let (apps, stop) = logs.bell().wait(patience);
        if !apps.is_empty() && !stop {
            std::thread::sleep(GATHER);
        }
        let failed = write(&apps, &mut packer);
        if let Some(error) = &failed
            && !failing
        {
            tracing::warn!(%error, "logs could not be written to the disk; they wait, and what is too much is counted");
        }
        failing = failed.is_some();
        for app in apps {
            if failing {
                logs.bell().ring(Arc::clone(&app));
            }
            if !unflushed.iter().any(|known| Arc::ptr_eq(known, &app)) {
                unflushed.push(app);
            }
        }
        opener = opener.filter(|opener| !opener.is_finished());
        if stop {
            // It hears of the end as well.
            let _ = opener.map(JoinHandle::join);
            close(logs, &mut packer, &flush);
            break;
        }
        if last_flush.elapsed() >= FLUSH {
            hand_over(unflushed.drain(..), &flush);
            last_flush = Instant::now();
        }
        // Before all are open, nobody knows how much there is.
        if opener.is_none() && (last_tidy.elapsed() >= TIDY || logs.has_grown()) {
            logs.keep_limits(&mut packer);
            last_tidy = Instant::now();
        }
        if failing {
            std::thread::sleep(AGAIN);
        }
    }
    drop(flush);
    if let Ok(flusher) = flusher {
        let _ = flusher.join();
    }
}

/// Opens what there is, beside what is written meanwhile: there may be very many, and whoever writes waits for none but his own.
fn open(logs: &Logs) -> Option<JoinHandle<()>> {
    let own = logs.clone();
    let opener = Builder::new().name("logs-open".to_owned());
    match opener.spawn(move || own.open_all()) {
        Ok(opener) => Some(opener),
        Err(error) => {
            tracing::warn!(%error, "logs are opened before anything is written");
            logs.open_all();
            None
        }
    }
}

fn write(apps: &VecDeque<Arc<AppLog>>, packer: &mut Packer) -> Option<std::io::Error> {
    let mut failed = None;
    for app in apps {
        if let Err(error) = app.write(packer) {
            failed = Some(error);
        }
    }
    failed
}

fn close(logs: &Logs, packer: &mut Packer, flush: &Sender<Flush>) {
    for app in logs.all() {
        let _ = app.write(packer);
        if let Some(Err(error)) = app.with_shelf(|shelf| shelf.close(packer)) {
            tracing::warn!(%error, "a log was not closed in order; it is mended at the next start");
        }
        hand_over(std::iter::once(app), flush);
    }
}

/// Files to flush, then files to remove.
type Flush = (Vec<PathBuf>, Vec<PathBuf>);

fn hand_over(apps: impl Iterator<Item = Arc<AppLog>>, flush: &Sender<Flush>) {
    for app in apps {
        if let Some(files) = app.with_shelf(super::shelf::Shelf::take_unsynced) {
            let _ = flush.send(files);
        }
    }
}

fn flush_all(files: &Receiver<Flush>) {
    while let Ok((written, retired)) = files.recv() {
        let mut all_well = true;
        for path in written {
            // A file that is gone meanwhile was let go, or stands in a segment by now.
            if let Ok(file) = File::open(&path) {
                all_well &= file.sync_data().is_ok();
            }
        }
        for path in retired {
            if all_well {
                let _ = std::fs::remove_file(path);
            }
        }
    }
}
