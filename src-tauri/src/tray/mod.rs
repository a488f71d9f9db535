//! The tray: the worst state of all clusters beside the clock, and the app going on behind it when its window is closed.
//!
//! It is told of changes and asks for nothing; what is the same as before is not drawn again.

mod icon;
#[cfg_attr(target_os = "linux", path = "linux.rs")]
#[cfg_attr(not(target_os = "linux"), path = "others.rs")]
mod item;
mod model;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use slipway_client::{Mark, Profile};
use slipway_protocol::ClusterId;
use slipway_protocol::application::UnwellApplication;
use slipway_protocol::desktop::TrayState;
use tauri::{AppHandle, Manager, Window, WindowEvent};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{Notify, watch};

use crate::desk::Desk;
use crate::{one_instance, quit};
use model::{Choice, Model, Now};

/// A desktop that starts its panel anew has a tray again by then; otherwise a hidden window is shown.
const BACK_AGAIN: Duration = Duration::from_secs(5);

/// What the tray knows.
#[derive(Clone)]
pub struct Tray(Arc<Inner>);

struct Inner {
    background: Mark,
    state: watch::Sender<TrayState>,
    known: Mutex<Known>,
    changed: Notify,
}

#[derive(Default)]
struct Known {
    /// The saved clusters in the person's order.
    saved: Vec<(ClusterId, String)>,
    /// So many things went wrong on each since the window was last looked at.
    failures: BTreeMap<ClusterId, u32>,
    /// The applications of each that are not as they should be, as of the last look.
    unwell: BTreeMap<ClusterId, Vec<UnwellApplication>>,
    /// The window has the focus.
    looked_at: bool,
}

impl Tray {
    /// `folder` is that of the person's settings.
    pub fn new(folder: &Path) -> Self {
        let background = Mark::new(folder, "keep-in-background");
        let state = TrayState {
            there: false,
            background: background.is_set(),
        };
        Self(Arc::new(Inner {
            background,
            state: watch::Sender::new(state),
            known: Mutex::default(),
            changed: Notify::new(),
        }))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> TrayState {
        *self.0.state.borrow()
    }

    /// Whether there is a tray and the app goes on behind it, now and at each change.
    pub fn changes(&self) -> watch::Receiver<TrayState> {
        self.0.state.subscribe()
    }

    /// Something of what the tray shows may be other than before.
    pub fn look_again(&self) {
        self.0.changed.notify_one();
    }

    /// Whether the app goes on when its window is closed.
    ///
    /// # Errors
    /// Where the choice cannot be kept.
    pub fn keep_running(&self, on: bool) -> std::io::Result<()> {
        self.0.background.set(on)?;
        self.0.state.send_modify(|state| state.background = on);
        self.look_again();
        Ok(())
    }

    /// These clusters are saved, in the person's order.
    pub fn show_saved(&self, saved: &[Profile]) {
        let saved: Vec<(ClusterId, String)> = saved.iter().map(|one| (one.id, one.name.clone())).collect();
        let mut known = self.known();
        let is_saved = |cluster: &ClusterId| saved.iter().any(|(id, _)| id == cluster);
        known.failures.retain(|cluster, _| is_saved(cluster));
        known.unwell.retain(|cluster, _| is_saved(cluster));
        known.saved = saved;
        drop(known);
        self.look_again();
    }

    /// Something went wrong on a cluster; who looks at the window sees it there.
    pub fn failed(&self, cluster: ClusterId, times: usize) {
        let mut known = self.known();
        if known.looked_at {
            return;
        }
        let times = u32::try_from(times).unwrap_or(u32::MAX);
        let failures = known.failures.entry(cluster).or_default();
        *failures = failures.saturating_add(times);
        drop(known);
        self.look_again();
    }

    /// These applications of a cluster are not as they should be now.
    pub fn unwell(&self, cluster: ClusterId, unwell: Vec<UnwellApplication>) {
        self.known().unwell.insert(cluster, unwell);
        self.look_again();
    }

    /// The person looks at the window, or elsewhere.
    fn looked_at(&self, looked_at: bool) {
        let mut known = self.known();
        known.looked_at = looked_at;
        if looked_at {
            known.failures.clear();
        }
        drop(known);
        self.look_again();
    }

    /// There is a tray that shows the app, or no longer.
    fn found(&self, there: bool) {
        self.0.state.send_if_modified(|state| {
            let differs = state.there != there;
            state.there = there;
            differs
        });
    }

    /// Closing the window hides it: the app goes on, and the tray shows the window again.
    fn hides(&self) -> bool {
        let state = self.state();
        state.background && state.there
    }
}

/// Shows the tray and keeps it up to date, as long as the app runs.
pub async fn run(app: AppHandle) {
    let desk = app.state::<Desk>();
    let mut links = desk.link_changes.subscribe();
    desk.show_saved();
    let mut shown = now(&desk);
    let Some(mut item) = item::show(&app, &shown).await else {
        return;
    };
    loop {
        tokio::select! {
            // Changes that were missed are older than what is looked at now.
            change = links.recv() => if matches!(change, Err(RecvError::Closed)) {
                return;
            },
            () = desk.tray.0.changed.notified() => {}
        }
        let now = now(&desk);
        if now != shown {
            item.change(&now).await;
            shown = now;
        }
    }
}

fn now(desk: &Desk) -> Model {
    let known = desk.tray.known();
    let of = |(cluster, name): &(ClusterId, String)| Now {
        cluster: *cluster,
        name: name.clone(),
        link: desk.link(*cluster),
        failures: known.failures.get(cluster).copied().unwrap_or(0),
        unwell: known.unwell.get(cluster).cloned().unwrap_or_default(),
    };
    let clusters: Vec<Now> = known.saved.iter().map(of).collect();
    Model::of(&clusters, desk.tray.state().background)
}

/// Does what was chosen in the tray.
fn choose(app: &AppHandle, choice: Choice) {
    let desk = app.state::<Desk>();
    if let Some(link) = choice.link() {
        desk.opened.take_own(link);
        one_instance::show(app);
        return;
    }
    match choice {
        Choice::Cluster(_) | Choice::Application(..) | Choice::Deployment(..) => {}
        Choice::Open => one_instance::show(app),
        Choice::Background(on) => {
            // The entry keeps the check that it has; who tries it in the settings is told why.
            if let Err(error) = desk.tray.keep_running(on) {
                eprintln!("slipway: the choice could not be kept: {error}");
            }
        }
        Choice::Quit => quit::quit(app),
    }
}

/// The tray is there, or has gone. Without one nothing leads to a window that is hidden.
#[cfg(target_os = "linux")]
fn found(app: &AppHandle, there: bool) {
    app.state::<Desk>().tray.found(there);
    if there {
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(BACK_AGAIN).await;
        let window = app.get_webview_window("main");
        let hidden = window.is_some_and(|window| matches!(window.is_visible(), Ok(false)));
        if hidden && !app.state::<Desk>().tray.state().there {
            one_instance::show(&app);
        }
    });
}

/// Closing the window hides it, where the person wishes that and can have it back; else it asks where a server is being set up.
pub fn on_window_event(window: &Window, event: &WindowEvent) {
    let desk = window.state::<Desk>();
    match event {
        WindowEvent::CloseRequested { api, .. } if desk.tray.hides() && window.hide().is_ok() => {
            api.prevent_close();
            desk.tray.looked_at(false);
        }
        WindowEvent::CloseRequested { api, .. } if desk.servers.asks_first() => api.prevent_close(),
        WindowEvent::Focused(focused) => desk.tray.looked_at(*focused),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster() -> ClusterId {
        ClusterId(uuid::Uuid::new_v4())
    }

    fn failures(tray: &Tray) -> u32 {
        tray.known().failures.values().sum()
    }

    /// FR-DSK-03: closing ends the app, unless the person wishes otherwise and a tray is there to bring the window back.
    #[test]
    fn closing_hides_only_behind_a_tray() {
        let folder = tempfile::tempdir().unwrap();
        let tray = Tray::new(folder.path());
        tray.found(true);
        assert!(!tray.hides(), "off by default");
        tray.keep_running(true).unwrap();
        assert!(tray.hides());
        tray.found(false);
        assert!(!tray.hides(), "nothing would lead to the window");
        let next = Tray::new(folder.path());
        next.found(true);
        assert!(next.hides(), "also at the next start");
        next.keep_running(false).unwrap();
        assert!(!next.hides());
        assert!(!Tray::new(folder.path()).state().background);
    }

    /// FR-DSK-03: what goes wrong is counted until the window is looked at, and not while it is.
    #[test]
    fn looking_at_the_window_clears_what_went_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let tray = Tray::new(folder.path());
        let prod = cluster();
        tray.failed(prod, 2);
        tray.failed(prod, 1);
        tray.failed(cluster(), 1);
        assert_eq!(failures(&tray), 4);
        tray.looked_at(true);
        assert_eq!(failures(&tray), 0);
        tray.failed(prod, 1);
        assert_eq!(failures(&tray), 0, "the person sees it in the window");
        tray.looked_at(false);
        tray.failed(prod, 1);
        assert_eq!(failures(&tray), 1);
        tray.show_saved(&[]);
        assert_eq!(
            failures(&tray),
            0,
            "a cluster that is forgotten takes its failures along"
        );
    }
}
