//! How the webview is set on Linux.

use std::cell::Cell;
use std::time::{Duration, Instant};

use tauri::WebviewWindow;
use webkit2gtk::{CacheModel, SettingsExt, WebContextExt, WebViewExt};

use crate::streams::Streams;

/// The app is one page, which is in the program: nothing is gained by keeping pages that were left.
pub fn keep_little(window: &WebviewWindow) -> tauri::Result<()> {
    window.with_webview(|webview| {
        let view = webview.inner();
        if let Some(context) = WebViewExt::context(&view) {
            context.set_cache_model(CacheModel::DocumentViewer);
        }
        if let Some(settings) = WebViewExt::settings(&view) {
            settings.set_enable_page_cache(false);
            // Whoever develops sees on the terminal what went wrong in the page.
            settings.set_enable_write_console_messages_to_stdout(cfg!(debug_assertions));
        }
    })
}

/// Two ends that are nearer together than this are no accident: then the window stays as it is.
const NEARER: Duration = Duration::from_secs(10);

/// The page's process may end by itself: a driver of the graphics crashes, or the system needs its memory. That leaves an empty window,
/// so the page is loaded anew. Its address says where it stood, and what has to last is the shell's.
/// What was told to the page that is gone is told to nobody any more.
pub fn come_back(window: &WebviewWindow, streams: Streams) -> tauri::Result<()> {
    window.with_webview(|webview| {
        let last = Cell::new(None::<Instant>);
        webview
            .inner()
            .connect_web_process_terminated(move |view, reason| {
                eprintln!("slipway: the page's process ended by itself ({reason:?})");
                streams.stop_all();
                let before = last.replace(Some(Instant::now()));
                if before.is_none_or(|before| before.elapsed() > NEARER) {
                    view.reload();
                }
            });
    })
}
