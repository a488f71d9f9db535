//! The tray of Linux: StatusNotifierItem and its menu on D-Bus, with nothing but the session bus.

use ksni::menu::{CheckmarkItem, StandardItem};
use ksni::{Handle, Icon, MenuItem, OfflineReason, ToolTip, TrayMethods};
use tauri::AppHandle;

use super::model::{Entry, Model, State};
use super::{Choice, choose, found, icon};
use crate::plain::escaped;

/// The app in the tray.
pub struct Item(Handle<Shown>);

struct Shown {
    app: AppHandle,
    model: Model,
    icon: Icon,
}

/// Shows the app in the tray, now or when there is one. Without a session bus there is none, which is no fault.
pub async fn show(app: &AppHandle, model: &Model) -> Option<Item> {
    let shown = Shown {
        app: app.clone(),
        model: model.clone(),
        icon: pixels(model.state),
    };
    // Whether it is really there is told before this comes back.
    found(app, true);
    match shown.assume_sni_available(true).spawn().await {
        Ok(handle) => Some(Item(handle)),
        Err(_) => {
            found(app, false);
            None
        }
    }
}

impl Item {
    pub async fn change(&mut self, model: &Model) {
        let model = model.clone();
        let change = |shown: &mut Shown| {
            if shown.model.state != model.state {
                shown.icon = pixels(model.state);
            }
            shown.model = model;
        };
        // Where the bus has gone there is nobody to show it to.
        let _ = self.0.update(change).await;
    }
}

impl ksni::Tray for Shown {
    fn id(&self) -> String {
        "slipway".to_owned()
    }

    fn title(&self) -> String {
        "Slipway".to_owned()
    }

    fn icon_pixmap(&self) -> Vec<Icon> {
        vec![self.icon.clone()]
    }

    fn tool_tip(&self) -> ToolTip {
        ToolTip {
            title: "Slipway".to_owned(),
            description: escaped(&self.model.tooltip),
            ..ToolTip::default()
        }
    }

    fn menu(&self) -> Vec<MenuItem<Self>> {
        self.model.menu.iter().map(entry).collect()
    }

    fn activate(&mut self, _x: i32, _y: i32) {
        choose(&self.app, Choice::Open);
    }

    fn watcher_online(&self) {
        found(&self.app, true);
    }

    /// It goes on, for a tray that comes later.
    fn watcher_offline(&self, _reason: OfflineReason) -> bool {
        found(&self.app, false);
        true
    }
}

fn entry(entry: &Entry) -> MenuItem<Shown> {
    match entry {
        Entry::Separator => MenuItem::Separator,
        Entry::Line { text, choice } => {
            let choice = *choice;
            StandardItem {
                label: label(text),
                activate: Box::new(move |shown: &mut Shown| choose(&shown.app, choice)),
                ..StandardItem::default()
            }
            .into()
        }
        Entry::Check { text, on, choice } => {
            let choice = *choice;
            CheckmarkItem {
                label: label(text),
                checked: *on,
                activate: Box::new(move |shown: &mut Shown| choose(&shown.app, choice)),
                ..CheckmarkItem::default()
            }
            .into()
        }
    }
}

/// A single underline marks the next letter as a key.
fn label(text: &str) -> String {
    text.replace('_', "__")
}

/// The protocol wants alpha first.
fn pixels(state: State) -> Icon {
    let image = icon::of(state);
    let mut data = image.rgba().to_vec();
    for pixel in data.as_chunks_mut::<4>().0 {
        pixel.rotate_right(1);
    }
    Icon {
        width: i32::try_from(image.width()).unwrap_or(0),
        height: i32::try_from(image.height()).unwrap_or(0),
        data,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-03: a name's underlines are letters of it, and alpha comes first in a pixel.
    #[test]
    fn the_protocol_is_followed() {
        assert_eq!(label("my_prod: connected"), "my__prod: connected");
        let (icon, image) = (pixels(State::Wrong), icon::of(State::Wrong));
        assert_eq!((icon.width, icon.height), (32, 32));
        let dot = (26 * 32 + 26) * 4;
        assert_eq!(icon.data[dot..dot + 4], [0xff, 0xc6, 0x28, 0x28]);
        assert_eq!(icon.data.len(), image.rgba().len());
    }
}
