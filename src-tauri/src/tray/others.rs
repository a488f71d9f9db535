//! The tray of macOS and Windows, which have one always: Tauri's own.

use slipway_protocol::ClusterId;
use tauri::menu::{Menu, MenuBuilder};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Manager};

use super::model::{Entry, Model};
use super::{Choice, choose, icon};
use crate::desk::Desk;
use crate::plain::plain;

/// What is longer Windows takes without its end.
const LONGEST: usize = 120;

/// The app in the tray.
pub struct Item {
    app: AppHandle,
    icon: TrayIcon,
}

/// Shows the app in the tray. Where the system refuses, nothing is shown.
pub async fn show(app: &AppHandle, model: &Model) -> Option<Item> {
    let icon = build(app, model)
        .inspect_err(|error| eprintln!("slipway: there is no tray: {error}"))
        .ok()?;
    app.state::<Desk>().tray.found(true);
    Some(Item {
        app: app.clone(),
        icon,
    })
}

fn build(app: &AppHandle, model: &Model) -> tauri::Result<TrayIcon> {
    TrayIconBuilder::with_id("slipway")
        .icon(icon::of(model.state))
        .tooltip(plain(&model.tooltip, LONGEST))
        .menu(&menu(app, &model.menu)?)
        // On a Mac a click on what stands in the menu bar opens its menu; elsewhere it opens the app.
        .show_menu_on_left_click(cfg!(target_os = "macos"))
        .on_menu_event(|app, event| {
            // The window's own menu tells here too.
            if let Some(choice) = choice(event.id().as_ref()) {
                choose(app, choice);
            }
        })
        .on_tray_icon_event(|icon, event| {
            let clicked = matches!(
                event,
                TrayIconEvent::Click {
                    button: MouseButton::Left,
                    button_state: MouseButtonState::Up,
                    ..
                }
            );
            if clicked && !cfg!(target_os = "macos") {
                choose(icon.app_handle(), Choice::Open);
            }
        })
        .build(app)
}

impl Item {
    pub async fn change(&mut self, model: &Model) {
        // What the system refuses now it is asked for again at the next change.
        let _ = self.icon.set_icon(Some(icon::of(model.state)));
        let _ = self.icon.set_tooltip(Some(plain(&model.tooltip, LONGEST)));
        if let Ok(menu) = menu(&self.app, &model.menu) {
            let _ = self.icon.set_menu(Some(menu));
        }
    }
}

fn menu(app: &AppHandle, entries: &[Entry]) -> tauri::Result<Menu<tauri::Wry>> {
    let mut menu = MenuBuilder::new(app);
    for entry in entries {
        menu = match entry {
            Entry::Separator => menu.separator(),
            Entry::Line { text, choice } => menu.text(id(*choice), label(text)),
            Entry::Check { text, on, choice } => {
                let item = tauri::menu::CheckMenuItemBuilder::with_id(id(*choice), label(text))
                    .checked(*on)
                    .build(app)?;
                menu.item(&item)
            }
        };
    }
    menu.build()
}

/// A single `&` marks the next letter as a key.
fn label(text: &str) -> String {
    text.replace('&', "&&")
}

/// The entry's name, by which its choice is found again.
fn id(choice: Choice) -> String {
    match choice {
        Choice::Cluster(cluster) => format!("tray-cluster-{cluster}"),
        Choice::Application(cluster, application) => format!("tray-application-{cluster}/{application}"),
        Choice::Deployment(cluster, deployment) => format!("tray-deployment-{cluster}/{deployment}"),
        Choice::Open => "tray-open".to_owned(),
        Choice::Background(true) => "tray-background-on".to_owned(),
        Choice::Background(false) => "tray-background-off".to_owned(),
        Choice::Quit => "tray-quit".to_owned(),
    }
}

fn choice(id: &str) -> Option<Choice> {
    match id.strip_prefix("tray-")? {
        "open" => Some(Choice::Open),
        "background-on" => Some(Choice::Background(true)),
        "background-off" => Some(Choice::Background(false)),
        "quit" => Some(Choice::Quit),
        other => page(other),
    }
}

/// The page that an entry leads to.
fn page(name: &str) -> Option<Choice> {
    let (kind, ids) = name.split_once('-')?;
    let (cluster, inside) = ids.split_once('/').unwrap_or((ids, ""));
    let cluster: ClusterId = cluster.parse().ok()?;
    match kind {
        "cluster" => Some(Choice::Cluster(cluster)),
        "application" => Some(Choice::Application(cluster, inside.parse().ok()?)),
        "deployment" => Some(Choice::Deployment(cluster, inside.parse().ok()?)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::{ApplicationId, DeploymentId};

    /// FR-DSK-03: each choice is found again by the name of its entry; other menus have other names.
    #[test]
    fn choices_are_found_by_their_names() {
        let cluster = ClusterId(uuid::Uuid::new_v4());
        for one in [
            Choice::Cluster(cluster),
            Choice::Application(cluster, ApplicationId(uuid::Uuid::new_v4())),
            Choice::Deployment(cluster, DeploymentId(uuid::Uuid::new_v4())),
            Choice::Open,
            Choice::Background(true),
            Choice::Background(false),
            Choice::Quit,
        ] {
            assert_eq!(choice(&id(one)), Some(one));
        }
        assert_eq!(choice("quit"), None);
    }
}
