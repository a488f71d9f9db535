//! A newer version of the app: looked for at the feed that the build names, fetched when the person says so, and taken only with the
//! signature of the release. Nothing is told to the feed but that somebody asks.

mod feed;
mod sentences;
mod way;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::Utc;
use slipway_client::Mark;
use slipway_protocol::desktop::{UpdateStage, UpdateState};
use tauri::{AppHandle, Manager};
use tauri_plugin_updater::{Update, UpdaterExt};
use tokio::sync::{Mutex, watch};

use crate::desk::Desk;
use crate::downloads;
use feed::Feed;
use sentences::Trouble;
use way::Way;
#[cfg(target_os = "linux")]
pub use way::own_image;

/// Between two looks.
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The window is there first.
const AT_START: Duration = Duration::from_secs(20);
/// For the list of versions, whole.
const PATIENCE: Duration = Duration::from_secs(30);
/// Without a byte of a package.
const SILENCE: Duration = Duration::from_secs(60);
/// No package is as large, in bytes: a server that does not end is left.
const LARGEST: u64 = 256 * 1024 * 1024;

/// What the app knows of newer versions.
#[derive(Clone)]
pub struct Updates(Arc<Inner>);

struct Inner {
    /// It is set where the person does not want the app to look by itself.
    off: Mark,
    /// Where to look, and how what is found gets into place; or why this build does neither.
    from: Result<(Feed, Way), String>,
    state: watch::Sender<UpdateState>,
    /// What was found. Who holds it is at it: one at a time.
    found: Mutex<Option<Update>>,
}

impl Updates {
    /// `folder` is that of the person's settings.
    pub fn new(folder: &Path) -> Self {
        let from = feed::of_this_build().and_then(|feed| Ok((feed, way::of_this_app()?)));
        Self::from(folder, from)
    }

    fn from(folder: &Path, from: Result<(Feed, Way), String>) -> Self {
        let off = Mark::new(folder, "no-daily-looks");
        let stage = match &from {
            Ok(_) => UpdateStage::Unknown,
            Err(sentence) => UpdateStage::Never {
                sentence: sentence.clone(),
            },
        };
        let daily = from.is_ok() && !off.is_set();
        Self(Arc::new(Inner {
            off,
            from,
            state: watch::Sender::new(UpdateState { daily, stage }),
            found: Mutex::default(),
        }))
    }

    /// What is known, now and at each change.
    pub fn changes(&self) -> watch::Receiver<UpdateState> {
        self.0.state.subscribe()
    }

    /// Whether the app looks by itself.
    ///
    /// # Errors
    /// Where the choice cannot be kept.
    pub fn look_daily(&self, on: bool) -> std::io::Result<()> {
        self.0.off.set(!on)?;
        self.0.state.send_modify(|state| state.daily = on);
        Ok(())
    }

    /// Asks the feed whether there is a newer version. Where that is being asked already, or one is in place, nothing is done.
    pub async fn look(&self, app: &AppHandle) {
        let (Ok((feed, _)), Ok(mut found)) = (&self.0.from, self.0.found.try_lock()) else {
            return;
        };
        let before = self.0.state.borrow().stage.clone();
        if matches!(before, UpdateStage::Installed { .. }) {
            return;
        }
        self.tell(UpdateStage::Looking);
        let stage = match look_at(feed, app).await {
            Ok(Some(update)) => {
                let version = update.version.clone();
                *found = Some(update);
                match &before {
                    // It is not fetched a second time.
                    UpdateStage::Saved { version: here, .. } if *here == version => before,
                    _ => UpdateStage::Found {
                        version,
                        restarts: cfg!(windows),
                    },
                }
            }
            Ok(None) => {
                *found = None;
                UpdateStage::Newest { at: Utc::now() }
            }
            // What is known already stays known.
            Err(_) if matches!(before, UpdateStage::Found { .. } | UpdateStage::Saved { .. }) => before,
            Err(trouble) => UpdateStage::Failed {
                sentence: trouble.looking(feed),
            },
        };
        // Who hears of it may press at once, and finds nobody at it.
        drop(found);
        self.tell(stage);
    }

    /// Fetches the version that was found, checks whose it is, and puts it into place.
    pub async fn take(&self, app: &AppHandle) {
        let (Ok((feed, way)), Ok(mut found)) = (&self.0.from, self.0.found.try_lock()) else {
            return;
        };
        // What went wrong is looked for again: it may have been mended.
        let Some(update) = found.take() else {
            return;
        };
        let taken = self.fetch_and_place(&update, *way, app).await;
        drop(found);
        self.tell(taken.unwrap_or_else(|trouble| UpdateStage::Failed {
            sentence: trouble.taking(&update.version, feed),
        }));
    }

    async fn fetch_and_place(
        &self,
        update: &Update,
        way: Way,
        app: &AppHandle,
    ) -> Result<UpdateStage, Trouble> {
        let package = self.fetch(update).await?;
        let version = update.version.clone();
        match way {
            Way::Replace => {
                let update = update.clone();
                let placed = tauri::async_runtime::spawn_blocking(move || update.install(package)).await;
                placed.map_err(|_| Trouble::Broken)??;
                Ok(UpdateStage::Installed { version })
            }
            Way::Package(kind) => {
                let name = format!("slipway-{version}");
                let path = downloads::write(app, &name, kind.ending(), package)
                    .map_err(|refusal| Trouble::NotSaved(refusal.0.sentence))?;
                let command = kind.command(&path);
                Ok(UpdateStage::Saved {
                    version,
                    path,
                    command,
                })
            }
        }
    }

    /// The package, after its signature was found good.
    async fn fetch(&self, update: &Update) -> Result<Vec<u8>, Trouble> {
        if !feed::is_allowed(&update.download_url) {
            return Err(Trouble::Unsafe);
        }
        let version = update.version.clone();
        self.tell(UpdateStage::Fetching {
            version: version.clone(),
            percent: None,
        });
        let (received, too_large) = (AtomicU64::new(0), tokio::sync::Notify::new());
        let on_chunk = |length: usize, whole: Option<u64>| {
            let length = u64::try_from(length).unwrap_or(u64::MAX);
            let so_far = received
                .fetch_add(length, Ordering::Relaxed)
                .saturating_add(length);
            if so_far.max(whole.unwrap_or(0)) > LARGEST {
                too_large.notify_one();
            }
            self.tell(UpdateStage::Fetching {
                version: version.clone(),
                percent: whole.and_then(|whole| percent(so_far, whole)),
            });
        };
        tokio::select! {
            biased;
            () = too_large.notified() => Err(Trouble::TooLarge),
            fetched = update.download(on_chunk, || {}) => Ok(fetched?),
        }
    }

    /// The same as before is told to nobody.
    fn tell(&self, stage: UpdateStage) {
        self.0.state.send_if_modified(|state| {
            let differs = state.stage != stage;
            state.stage = stage;
            differs
        });
    }
}

/// Looks once a day, where the person does not mind, as long as the app runs.
pub async fn run(app: AppHandle) {
    let updates = app.state::<Desk>().updates.clone();
    if updates.0.from.is_err() {
        return;
    }
    tokio::time::sleep(AT_START).await;
    loop {
        if updates.0.state.borrow().daily {
            updates.look(&app).await;
        }
        tokio::time::sleep(DAY).await;
    }
}

async fn look_at(feed: &Feed, app: &AppHandle) -> Result<Option<Update>, Trouble> {
    let updater = app
        .updater_builder()
        .pubkey(feed.key.clone())
        .endpoints(vec![feed.address.clone()])?
        .timeout(PATIENCE)
        .configure_client(|client| {
            // Also where an answer leads elsewhere.
            client
                .https_only(!cfg!(debug_assertions))
                .connect_timeout(PATIENCE)
                .read_timeout(SILENCE)
        })
        .build()?;
    Ok(updater.check().await?)
}

fn percent(part: u64, whole: u64) -> Option<u8> {
    let percent = part.saturating_mul(100).checked_div(whole)?;
    u8::try_from(percent.min(100)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-07: the app looks by itself until the person chooses otherwise, and the choice is kept; a build without a feed never looks.
    #[test]
    fn a_choice_not_to_look_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let feed = Feed {
            address: "https://example.org/latest.json".parse().unwrap(),
            key: String::new(),
        };
        let start = || Updates::from(folder.path(), Ok((feed.clone(), Way::Replace)));
        let daily = |updates: &Updates| updates.changes().borrow().daily;
        assert!(daily(&start()));
        let updates = start();
        updates.look_daily(false).unwrap();
        assert!(!daily(&updates) && !daily(&start()));
        updates.look_daily(true).unwrap();
        assert!(daily(&updates) && daily(&start()));
        let never = Updates::from(folder.path(), Err("It has none.".to_owned()));
        assert!(!daily(&never));
    }

    /// FR-DSK-07: how far it is, whatever a server says of the size.
    #[test]
    fn how_far_it_is() {
        assert_eq!(percent(1, 3), Some(33));
        assert_eq!(percent(9, 3), Some(100));
        assert_eq!(percent(9, 0), None);
        assert_eq!(percent(u64::MAX, 1), Some(100));
    }
}
