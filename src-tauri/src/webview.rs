//! How the webview is set on Linux.

use std::time::Instant;

use tauri::{Manager, WebviewWindow};
use webkit2gtk::glib::prelude::ObjectExt;
use webkit2gtk::{
    CacheModel, ContextMenuAction, ContextMenuExt, ContextMenuItemExt, HardwareAccelerationPolicy,
    SettingsExt, WebContextExt, WebViewExt,
};

use crate::desk::Desk;
use crate::page;

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

/// Text and hairlines need no graphics card. Without one Mesa's software renderer takes its place, costs two fifths of the page's memory and now
/// and then ends the page; with NVIDIA's driver the window stays empty on some systems. See decision 0023.
/// On a very large screen the card may be the better choice: `SLIPWAY_GRAPHICS_CARD=1` leaves it to WebKit.
pub fn draw_without_the_graphics_card(window: &WebviewWindow) -> tauri::Result<()> {
    if std::env::var_os("SLIPWAY_GRAPHICS_CARD").is_some_and(|wished| wished == "1") {
        return Ok(());
    }
    window.with_webview(|webview| {
        if let Some(settings) = WebViewExt::settings(&webview.inner()) {
            settings.set_hardware_acceleration_policy(HardwareAccelerationPolicy::Never);
        }
    })
}

/// The page's menu has what a browser's has. There is nothing to go back to and nothing to load anew: what is typed would be lost.
pub fn leave_out_reloading(window: &WebviewWindow) -> tauri::Result<()> {
    if cfg!(debug_assertions) {
        return Ok(());
    }
    window.with_webview(|webview| {
        webview.inner().connect_context_menu(|_, menu, _, _| {
            for item in menu.items() {
                if is_a_browsers(item.stock_action()) {
                    menu.remove(&item);
                }
            }
            // Without an entry there is no menu.
            menu.items().iter().all(ContextMenuItemExt::is_separator)
        });
    })
}

fn is_a_browsers(action: ContextMenuAction) -> bool {
    use ContextMenuAction as A;
    matches!(action, A::GoBack | A::GoForward | A::Stop | A::Reload)
}

/// The page's process may end by itself: a driver of the graphics crashes, or the system needs its memory. That leaves an empty window.
pub fn come_back(window: &WebviewWindow) -> tauri::Result<()> {
    let app = window.app_handle().clone();
    window.with_webview(|webview| {
        webview.inner().connect_web_process_terminated(move |_, reason| {
            eprintln!("slipway: the page's process ended by itself ({reason:?})");
            page::has_crashed(&app);
        });
    })
}

/// What the page lets somebody drag may say that it is a file: it comes back as if the system had named it. The shell is told while it is
/// under way.
pub fn tell_own_drags(window: &WebviewWindow) -> tauri::Result<()> {
    let app = window.app_handle().clone();
    window.with_webview(move |webview| {
        for (signal, begins) in [("drag-begin", true), ("drag-end", false)] {
            let drops = app.state::<Desk>().drops.clone();
            webview.inner().connect_local(signal, false, move |_| {
                drops.drag_own(begins, Instant::now());
                None
            });
        }
    })
}
