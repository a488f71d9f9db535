//! What was opened from the palette lately, newest first: names of entries, kept in the webview's storage.

use crate::state::stored;

const KEY: &str = "slipway-recent";
/// So many are kept.
const MOST: usize = 20;

pub fn recent() -> Vec<String> {
    stored::read(KEY).map(|text| read(&text)).unwrap_or_default()
}

/// Remembers an entry.
pub fn remember(key: &str) {
    stored::write(KEY, &with(recent(), key).join("\n"));
}

fn read(text: &str) -> Vec<String> {
    text.lines().take(MOST).map(str::to_owned).collect()
}

fn with(mut keys: Vec<String>, key: &str) -> Vec<String> {
    keys.retain(|one| one != key);
    keys.insert(0, key.to_owned());
    keys.truncate(MOST);
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-02: the last one opened stands first, once, and the list does not grow without end.
    #[test]
    fn the_last_one_comes_first() {
        let mut keys = read("a\nb\nc");
        keys = with(keys, "b");
        assert_eq!(keys, ["b", "a", "c"]);
        for number in 0..40 {
            keys = with(keys, &number.to_string());
        }
        assert_eq!((keys.len(), keys[0].as_str()), (MOST, "39"));
    }
}
