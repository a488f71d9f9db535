//! Quitting, wherever it is chosen: a server that is being set up is not left in the middle unasked.

#[cfg(target_os = "macos")]
use tauri::Wry;
#[cfg(target_os = "macos")]
use tauri::menu::{Menu, MenuItem, MenuItemKind};
use tauri::{AppHandle, Manager};

use crate::desk::Desk;
use crate::one_instance;

/// The entry of the application's own menu.
#[cfg(target_os = "macos")]
pub const ENTRY: &str = "quit-asking";

/// Ends the app; where a server is being set up, the window asks first, and offers to end it all the same.
pub fn quit(app: &AppHandle) {
    if app.state::<Desk>().servers.asks_first() {
        one_instance::show(app);
    } else {
        app.exit(0);
    }
}

/// The usual menu of a Mac. Its own entry, which has Cmd+Q, would end the app without a word; the one in its place asks.
#[cfg(target_os = "macos")]
pub fn menu(app: &AppHandle) -> tauri::Result<Menu<Wry>> {
    let menu = Menu::default(app)?;
    let entries = menu.items()?;
    if let Some(own) = entries.first().and_then(MenuItemKind::as_submenu) {
        if let Some(last) = own.items()?.len().checked_sub(1) {
            own.remove_at(last)?;
        }
        let entry = MenuItem::with_id(app, ENTRY, "Quit Slipway", true, Some("CmdOrCtrl+Q"))?;
        own.append(&entry)?;
    }
    Ok(menu)
}
