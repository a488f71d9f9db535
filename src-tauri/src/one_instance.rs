//! One app for one folder of settings: a second one passes its links on, shows the first one's window, and ends.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Manager, Wry};

use crate::desk::Desk;
use crate::page;

/// The app's name on the session bus.
const NAME: &str = "dev.slipway.desktop";

/// The app that runs already, where there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(target_os = "linux"),
    allow(dead_code, reason = "the others' plugin waits by itself, and ends this app")
)]
pub enum Other {
    None,
    /// It shows its window, and has what this one was started with.
    Shows,
    /// It neither answers nor ends.
    Silent,
}

#[cfg(target_os = "linux")]
pub use crate::former::meet;

#[cfg(not(target_os = "linux"))]
pub fn meet(_: &str) -> Other {
    Other::None
}

/// It has to be the first plugin, so that a second app opens nothing that the first one holds.
pub fn plugin(id: String) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::Builder::new()
        .dbus_id(id)
        .callback(|app, arguments, _| {
            app.state::<Desk>()
                .opened
                .take(arguments.iter().map(String::as_str));
            show(app);
        })
        .build()
}

/// The app of this folder of settings, on the session bus.
pub fn id(folder: &Path) -> String {
    name(folder, &slipway_client::config::config_folder_of_the_system())
}

/// Who tries something out with other settings runs it beside the real app.
fn name(folder: &Path, usual: &Path) -> String {
    if folder == usual {
        return NAME.to_owned();
    }
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    format!("{NAME}.f{:016x}", hasher.finish())
}

/// Brings the window before the person.
pub fn show(app: &AppHandle) {
    page::show(app);
    if let Some(window) = app.get_webview_window("main") {
        // A window that was hidden would be put where the desktop puts a new one.
        if matches!(window.is_visible(), Ok(false))
            && matches!(window.is_maximized(), Ok(false))
            && let Ok(place) = window.outer_position()
        {
            let _ = window.set_position(place);
        }
        // Where a desktop does not let a program take the focus, its task bar shows that it wants it.
        let _ = window.unminimize();
        let _ = window.show();
        let _ = window.set_focus();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-01: there is one app for one folder of settings, and another folder has an app of its own.
    #[test]
    fn other_settings_are_another_app() {
        let (usual, other) = (Path::new("/home/a/.config/slipway"), Path::new("/tmp/x"));
        assert_eq!(name(usual, usual), NAME);
        assert_eq!(name(other, usual), name(other, usual));
        assert_ne!(name(other, usual), name(Path::new("/tmp/y"), usual));
        assert!(name(other, usual).starts_with("dev.slipway.desktop.f"));
    }
}
