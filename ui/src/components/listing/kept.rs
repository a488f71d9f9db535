//! Which columns of which list somebody has left out.

use std::collections::BTreeMap;

use yew::prelude::*;

use crate::state::stored;

const KEY: &str = "slipway-columns";

/// The keys of columns, by list.
type LeftOut = BTreeMap<String, Vec<String>>;

/// The keys of the columns that are left out of a list. Several lists of one kind may be on a page.
#[hook]
pub fn use_left_out(list: &str) -> Vec<String> {
    let text = stored::use_stored(KEY);
    parse(text.as_deref()).remove(list).unwrap_or_default()
}

/// Remembers them.
pub fn leave_out(list: &str, columns: &[String]) {
    let mut all = parse(stored::read(KEY).as_deref());
    all.insert(list.to_owned(), columns.to_vec());
    // Texts can be written as JSON.
    if let Ok(text) = serde_json::to_string(&all) {
        stored::write(KEY, &text);
    }
}

/// What cannot be read was written by another version: then no column is left out.
fn parse(text: Option<&str>) -> LeftOut {
    text.and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default()
}
