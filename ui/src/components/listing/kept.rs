//! Which columns of which list somebody has left out, kept in the webview's storage for the next start.

use std::collections::BTreeMap;

const KEY: &str = "slipway-columns";
/// The window's event that tells every list of it: several lists of one kind may be on a page.
pub const CHANGED: &str = "slipway-columns";

type LeftOut = BTreeMap<String, Vec<String>>;

/// The keys of the columns that are left out of a list.
pub fn left_out(list: &str) -> Vec<String> {
    read().remove(list).unwrap_or_default()
}

/// Remembers them. A webview without storage forgets it.
pub fn leave_out(list: &str, columns: &[String]) {
    let mut all = read();
    all.insert(list.to_owned(), columns.to_vec());
    if let (Some(storage), Ok(text)) = (storage(), serde_json::to_string(&all)) {
        let _ = storage.set_item(KEY, &text);
    }
    if let (Some(window), Ok(event)) = (web_sys::window(), web_sys::Event::new(CHANGED)) {
        let _ = window.dispatch_event(&event);
    }
}

fn read() -> LeftOut {
    let text = storage().and_then(|storage| storage.get_item(KEY).ok().flatten());
    // What cannot be read was written by another version: then no column is left out.
    text.and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default()
}

fn storage() -> Option<web_sys::Storage> {
    web_sys::window()?.local_storage().ok()?
}
