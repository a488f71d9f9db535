//! Light or dark: the system's choice until the person makes one, which is then kept.

use web_sys::{Storage, Window};

const KEY: &str = "slipway-theme";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
}

impl Theme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn other(self) -> Self {
        match self {
            Self::Light => Self::Dark,
            Self::Dark => Self::Light,
        }
    }
}

fn storage() -> Option<Storage> {
    web_sys::window()?.local_storage().ok().flatten()
}

/// What the person has chosen.
pub fn saved() -> Option<Theme> {
    match storage()?.get_item(KEY).ok().flatten()?.as_str() {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        _ => None,
    }
}

/// What is shown now.
pub fn shown() -> Theme {
    let dark = |window: Window| {
        let query = window.match_media("(prefers-color-scheme: dark)").ok().flatten();
        query.is_some_and(|query| query.matches())
    };
    saved().unwrap_or(if web_sys::window().is_some_and(dark) {
        Theme::Dark
    } else {
        Theme::Light
    })
}

/// Shows a theme; the system's without one.
pub fn apply(theme: Option<Theme>) {
    let root = web_sys::window()
        .and_then(|window| window.document())
        .and_then(|document| document.document_element());
    if let (Some(root), Some(theme)) = (root, theme) {
        // An attribute of a plain name is always taken.
        let _ = root.set_attribute("data-theme", theme.as_str());
    }
}

/// Keeps and shows a theme. A webview without storage shows it until it is closed.
pub fn choose(theme: Theme) {
    if let Some(storage) = storage() {
        let _ = storage.set_item(KEY, theme.as_str());
    }
    apply(Some(theme));
}
