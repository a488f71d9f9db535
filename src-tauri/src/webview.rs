//! How the webview is set on Linux.

use tauri::WebviewWindow;
use webkit2gtk::{CacheModel, SettingsExt, WebContextExt, WebViewExt};

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
