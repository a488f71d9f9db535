//! The window's page, which may be loaded anew at any time: by the person, by the webview, or after a crash.

use tauri::webview::{PageLoadEvent, PageLoadPayload};
use tauri::{AppHandle, Manager, Webview};

use crate::desk::Desk;

/// A page begins to load: the one before it is gone.
pub fn on_load(webview: &Webview, payload: &PageLoadPayload<'_>) {
    if payload.event() == PageLoadEvent::Started {
        is_gone(webview.app_handle());
    }
}

/// Ends what was for the page that was there, but for a server that is being set up: that ends well by itself.
pub fn is_gone(app: &AppHandle) {
    let desk = app.state::<Desk>();
    desk.streams.new_page();
    desk.servers.leave_all();
}
