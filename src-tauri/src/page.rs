//! The window's page, which may be loaded anew at any time: by the person, by the webview, or after a crash.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tauri::webview::{PageLoadEvent, PageLoadPayload};
use tauri::{AppHandle, Manager, Webview};

use crate::desk::Desk;

/// Two crashes that are nearer together than this are no accident …
const NEARER: Duration = Duration::from_secs(10);
/// … then the page has so much time before it is tried again.
const REST: Duration = Duration::from_secs(30);

/// Whether the window shows a page.
#[derive(Clone, Default)]
pub struct Life(Arc<Mutex<Past>>);

#[derive(Default)]
struct Past {
    crashed: Option<Instant>,
    /// It has crashed and was not loaded anew.
    dead: bool,
}

impl Life {
    /// It crashes now; whether it is loaded anew at once.
    fn crashes(&self, now: Instant) -> bool {
        let mut past = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = past.crashed.replace(now);
        past.dead = before.is_some_and(|before| now.duration_since(before) <= NEARER);
        !past.dead
    }

    /// Whether it is dead. Who asks loads it anew.
    fn is_wanted(&self) -> bool {
        let mut past = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut past.dead)
    }
}

/// A page begins to load: the one before it is gone.
pub fn on_load(webview: &Webview, payload: &PageLoadPayload<'_>) {
    if payload.event() == PageLoadEvent::Started {
        is_gone(webview.app_handle());
    }
}

/// Ends what was for the page that was there, but for a server that is being set up: that ends well by itself.
fn is_gone(app: &AppHandle) {
    let desk = app.state::<Desk>();
    desk.streams.new_page();
    desk.drops.forget_all();
    desk.servers.leave_all();
}

/// Its process has ended by itself. Loaded anew, its address says where it stood, and what has to last is the shell's.
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "the others' webviews do not tell")
)]
pub fn has_crashed(app: &AppHandle) {
    is_gone(app);
    if app.state::<Desk>().page.crashes(Instant::now()) {
        load(app);
        return;
    }
    let app = app.clone();
    tauri::async_runtime::spawn(async move {
        tokio::time::sleep(REST).await;
        show(&app);
    });
}

/// Loads a page that is dead: somebody wants to see it, or it has rested.
pub fn show(app: &AppHandle) {
    if app.state::<Desk>().page.is_wanted() {
        load(app);
    }
}

fn load(app: &AppHandle) {
    if let Some(window) = app.get_webview_window("main")
        && let Err(error) = window.reload()
    {
        eprintln!("slipway: the page could not be loaded anew: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-01: a page that crashes is loaded anew at once; one that crashes again and again rests, and comes when it is wanted.
    #[test]
    fn a_page_that_crashes_comes_back() {
        let life = Life::default();
        let start = Instant::now();
        assert!(!life.is_wanted(), "it is there");
        assert!(life.crashes(start));
        assert!(!life.is_wanted(), "it is on its way");
        assert!(!life.crashes(start + NEARER));
        assert!(life.is_wanted());
        assert!(!life.is_wanted(), "once is enough");
        assert!(life.crashes(start + NEARER + REST));
    }
}
