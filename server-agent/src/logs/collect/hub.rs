//! Waking whoever follows a file when something was written into its folder. One inotify instance for all of them, since a
//! user may have few.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor};
use tokio::sync::Notify;

/// Somebody who writes much is told of at most so often.
const GATHER: Duration = Duration::from_millis(5);
/// Without inotify files are looked at so often; with it, to be sure, so often.
const LOOK: Duration = Duration::from_millis(500);
const LOOK_ANYWAY: Duration = Duration::from_secs(30);

type Watches = Mutex<HashMap<WatchDescriptor, Arc<Notify>>>;

pub struct Hub {
    shared: Option<Arc<Shared>>,
}

struct Shared {
    inotify: Inotify,
    watches: Watches,
}

impl Hub {
    /// Where the system has no more instances to give, files are looked at from time to time instead.
    pub fn new() -> Self {
        Self {
            shared: start()
                .inspect_err(|error| {
                    tracing::warn!(%error, "no inotify; containers' output is looked for from time to time");
                })
                .ok(),
        }
    }

    /// Watches a folder until the watch is dropped.
    pub fn watch(&self, folder: &Path) -> Watch {
        let notify = Arc::new(Notify::new());
        let watched = self.shared.as_ref().and_then(|shared| {
            let flags = AddWatchFlags::IN_MODIFY | AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO;
            let descriptor = shared.inotify.add_watch(folder, flags).ok()?;
            lock(&shared.watches).insert(descriptor, Arc::clone(&notify));
            Some((Arc::clone(shared), descriptor))
        });
        Watch { notify, watched }
    }
}

fn lock(watches: &Watches) -> std::sync::MutexGuard<'_, HashMap<WatchDescriptor, Arc<Notify>>> {
    watches.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread of its own waits for events; it lives as long as the agent.
fn start() -> std::io::Result<Arc<Shared>> {
    let shared = Arc::new(Shared {
        inotify: Inotify::init(InitFlags::IN_CLOEXEC)?,
        watches: Mutex::default(),
    });
    let own = Arc::clone(&shared);
    std::thread::Builder::new()
        .name("logs-watch".to_owned())
        .spawn(move || read(&own))?;
    Ok(shared)
}

fn read(shared: &Shared) {
    loop {
        match shared.inotify.read_events() {
            Ok(events) => {
                let watches = lock(&shared.watches);
                for event in events {
                    if event.mask.contains(AddWatchFlags::IN_Q_OVERFLOW) {
                        watches.values().for_each(|notify| notify.notify_one());
                    } else if let Some(notify) = watches.get(&event.wd) {
                        notify.notify_one();
                    }
                }
            }
            Err(nix::errno::Errno::EINTR) => {}
            Err(error) => {
                tracing::warn!(%error, "containers' output is looked for from time to time");
                return;
            }
        }
        std::thread::sleep(GATHER);
    }
}

pub struct Watch {
    notify: Arc<Notify>,
    watched: Option<(Arc<Shared>, WatchDescriptor)>,
}

impl Watch {
    /// Until something was written since the last time, or it is time to look anyway.
    pub async fn changed(&self) {
        let limit = if self.watched.is_some() { LOOK_ANYWAY } else { LOOK };
        let _ = tokio::time::timeout(limit, self.notify.notified()).await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if let Some((shared, descriptor)) = &self.watched {
            lock(&shared.watches).remove(descriptor);
            // A folder that is gone has taken its watch along.
            let _ = shared.inotify.rm_watch(*descriptor);
        }
    }
}
