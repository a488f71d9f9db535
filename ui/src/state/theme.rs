//! Light, dark or high contrast: the system's choice until the person makes one, which is then kept.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, MediaQueryList, Window};

use super::stored;

const KEY: &str = "slipway-theme";
/// Told to the window when another theme is shown.
pub const CHANGED: &str = "slipway-theme";
const DARK: &str = "(prefers-color-scheme: dark)";

/// PatternFly's own switch; it knows no media query.
const PATTERNFLY_DARK: &str = "pf-v6-theme-dark";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    Light,
    Dark,
    /// Black on white with strong borders.
    Contrast,
}

impl Theme {
    fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
            Self::Contrast => "contrast",
        }
    }

    /// Light for dark, and dark for light.
    pub fn other(self) -> Self {
        match self {
            Self::Light => Self::Dark,
            Self::Dark | Self::Contrast => Self::Light,
        }
    }
}

/// What the person has chosen.
pub fn saved() -> Option<Theme> {
    match stored::read(KEY)?.as_str() {
        "light" => Some(Theme::Light),
        "dark" => Some(Theme::Dark),
        "contrast" => Some(Theme::Contrast),
        _ => None,
    }
}

/// What is shown now.
pub fn shown() -> Theme {
    let dark = |window: Window| {
        let query = window.match_media(DARK).ok().flatten();
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
    let Some(root) = root else {
        return;
    };
    // Attributes and classes of plain names are always taken.
    let _ = match theme {
        Some(theme) => root.set_attribute("data-theme", theme.as_str()),
        None => root.remove_attribute("data-theme"),
    };
    let dark = theme.unwrap_or_else(shown) == Theme::Dark;
    let _ = root.class_list().toggle_with_force(PATTERNFLY_DARK, dark);
    if let (Some(window), Ok(changed)) = (web_sys::window(), Event::new(CHANGED)) {
        let _ = window.dispatch_event(&changed);
    }
}

/// Follows the system from now on, where the person has chosen nothing. It ends when the answer is dropped.
pub fn follow_system() -> Option<Following> {
    let query = web_sys::window()?.match_media(DARK).ok().flatten()?;
    let changed = Closure::<dyn Fn()>::new(|| apply(saved()));
    query.set_onchange(Some(changed.as_ref().unchecked_ref()));
    Some(Following {
        query,
        _changed: changed,
    })
}

pub struct Following {
    query: MediaQueryList,
    _changed: Closure<dyn Fn()>,
}

impl Drop for Following {
    fn drop(&mut self) {
        self.query.set_onchange(None);
    }
}

/// Keeps and shows a theme; none is the system's. A webview without storage shows it until it is closed.
pub fn choose(theme: Option<Theme>) {
    match theme {
        Some(theme) => stored::write(KEY, theme.as_str()),
        None => stored::forget(KEY),
    }
    apply(theme);
}
