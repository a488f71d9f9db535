//! The keyboard: every shortcut of the window, what it means, and how the sheet of shortcuts says it.

use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, KeyboardEvent};

/// A key as it was pressed, without the browser around it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pressed<'k> {
    pub key: &'k str,
    /// `Digit1`: the same key whatever the layout makes of it.
    pub code: &'k str,
    /// Ctrl, or Cmd on a Mac.
    pub command: bool,
    pub alt: bool,
    pub shift: bool,
    /// The focus is in a field, so that plain letters are text.
    pub typing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Palette,
    Sheet,
    /// The cluster at this place of the rail, from 0.
    Cluster(usize),
    /// The tab at this place of an application's page, from 0.
    Tab(usize),
    /// The page's own search field.
    Find,
}

/// What a key means anywhere in the window. Keys inside a list or a dialog are theirs.
pub fn meaning(pressed: &Pressed) -> Option<Meaning> {
    let Pressed {
        key,
        command,
        alt,
        shift,
        typing,
        ..
    } = *pressed;
    match (command, alt) {
        (true, false) if !shift && key.eq_ignore_ascii_case("k") => Some(Meaning::Palette),
        (true, false) if key == "?" || key == "/" => Some(Meaning::Sheet),
        // Where digits are written with Shift, as on a French keyboard, the key in their place counts.
        (true, false) if !shift => place(key)
            .or_else(|| place(pressed.code.trim_start_matches("Digit")))
            .map(Meaning::Cluster),
        // On a Mac, Option and a digit write another character.
        (false, true) if !shift && (!typing || tab(key).is_some()) => {
            tab(pressed.code.trim_start_matches("Digit")).map(Meaning::Tab)
        }
        (false, false) if !typing && key == "?" => Some(Meaning::Sheet),
        (false, false) if !typing && key == "/" => Some(Meaning::Find),
        _ => None,
    }
}

fn place(digit: &str) -> Option<usize> {
    digit
        .parse::<usize>()
        .ok()?
        .checked_sub(1)
        .filter(|place| *place < 9)
}

/// An application has ten tabs: the last one is behind 0.
fn tab(digit: &str) -> Option<usize> {
    if digit == "0" { Some(9) } else { place(digit) }
}

/// Whether a key goes to something that takes text.
pub fn is_typing(event: &KeyboardEvent) -> bool {
    let target = event.target();
    let element = target.and_then(|target| target.dyn_into::<HtmlElement>().ok());
    element.is_some_and(|element| {
        matches!(element.tag_name().as_str(), "INPUT" | "TEXTAREA" | "SELECT")
            || element.is_content_editable()
    })
}

/// What an event of the window means.
pub fn meaning_of(event: &KeyboardEvent) -> Option<Meaning> {
    let typing = is_typing(event);
    meaning(&Pressed {
        key: &event.key(),
        code: &event.code(),
        command: event.ctrl_key() || event.meta_key(),
        alt: event.alt_key(),
        shift: event.shift_key(),
        typing,
    })
}

/// The key that looks for something in a terminal: Ctrl+Shift+F, since Ctrl+F belongs to what runs there, and Cmd+F on a Mac. The glue of its
/// screen says the same.
pub fn finds_in_terminal(event: &KeyboardEvent) -> bool {
    let (ctrl, meta) = (event.ctrl_key(), event.meta_key());
    !event.alt_key() && means_find(&event.key(), ctrl, meta, event.shift_key())
}

fn means_find(key: &str, ctrl: bool, meta: bool, shift: bool) -> bool {
    key.eq_ignore_ascii_case("f") && ctrl != meta && (shift || meta)
}

/// How that key is called.
pub fn find_in_terminal_name() -> &'static str {
    if is_mac() { "Cmd+F" } else { "Ctrl+Shift+F" }
}

/// “Ctrl”, or “Cmd” on a Mac.
pub fn command_name() -> &'static str {
    if is_mac() { "Cmd" } else { "Ctrl" }
}

pub fn is_mac() -> bool {
    let platform = web_sys::window().and_then(|window| window.navigator().platform().ok());
    platform.is_some_and(|platform| platform.starts_with("Mac"))
}

/// A line of the sheet: keys that are pressed together, and what they do. [`called`] says what the signs among them are.
pub struct Line {
    pub keys: &'static [&'static str],
    pub does: &'static str,
}

const fn line(keys: &'static [&'static str], does: &'static str) -> Line {
    Line { keys, does }
}

/// The keys of a line by their names: `$` is Ctrl or Cmd, and `$+` is what reaches the window where Ctrl alone belongs to a shell: Ctrl and
/// Shift, or Cmd.
pub fn called(keys: &[&'static str], mac: bool) -> Vec<&'static str> {
    let mut called = Vec::new();
    for key in keys {
        match (*key, mac) {
            ("$" | "$+", true) => called.push("Cmd"),
            ("$", false) => called.push("Ctrl"),
            ("$+", false) => called.extend(["Ctrl", "Shift"]),
            (key, _) => called.push(key),
        }
    }
    called
}

pub const SHEET: [(&str, &[Line]); 5] = [
    (
        "Anywhere",
        &[
            line(
                &["$", "K"],
                "Find anything: clusters, applications, pages, actions",
            ),
            line(&["$", "1…9"], "Open a cluster, in the rail's order"),
            line(&["Alt", "1…9, 0"], "Open a tab of the application"),
            line(&["/"], "Go to the page's search field"),
            line(&["?"], "Show this sheet"),
            line(&["$", "?"], "Show this sheet, also while typing"),
        ],
    ),
    (
        "Lists and tables",
        &[
            line(&["↑"], "The row before"),
            line(&["↓"], "The row after"),
            line(&["Home"], "The first row"),
            line(&["End"], "The last row"),
            line(&["Enter"], "Open the row"),
            line(&["Space"], "Choose the row, or no more"),
            line(&["Shift", "↓"], "Choose up to the next row"),
            line(&["$", "A"], "Choose all rows"),
            line(&["$", "C"], "Copy the chosen rows as JSON"),
            line(&["Esc"], "Choose none"),
        ],
    ),
    (
        "Dialogs",
        &[
            line(&["Enter"], "Do what the main button says"),
            line(&["Esc"], "Close, and change nothing"),
        ],
    ),
    (
        "Logs",
        &[
            line(
                &["Home"],
                "To the oldest line that is here; once more for older ones",
            ),
            line(&["End"], "To the newest line, and follow"),
            line(&["Page Up"], "Up a page, and stop following"),
            line(&["Enter"], "Choose the newest line"),
            line(&["↑"], "From the chosen line to the one before"),
            line(&["Shift", "↑"], "Choose up to the line before"),
            line(&["Enter"], "Of a chosen line that was found: show it in context"),
            line(&["Esc"], "Choose none; in a context, back to the search"),
            line(&["$", "C"], "Copy what is marked"),
        ],
    ),
    (
        "Terminals",
        &[
            line(&["F6"], "Out of the terminal to its Close button, and back"),
            line(&["Shift", "F6"], "Type F6 into the terminal"),
            line(&["$+", "C"], "Copy what is marked"),
            line(&["$+", "V"], "Paste; more than one line is asked about"),
            line(&["$+", "F"], "Find in what the terminal keeps"),
            line(&["Enter"], "While finding: the one above"),
            line(&["Shift", "Enter"], "While finding: the one below"),
            line(&["Esc"], "End finding, and back into the terminal"),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn pressed(key: &str) -> Pressed<'_> {
        Pressed {
            key,
            ..Pressed::default()
        }
    }

    /// FR-DSK-02, FR-OBS-02: a terminal's search has a key that no program in it needs; those of a shell stay its own.
    #[test]
    fn a_terminals_search_has_its_key() {
        assert!(means_find("F", true, false, true), "Ctrl+Shift+F");
        assert!(means_find("f", false, true, false), "Cmd+F");
        assert!(means_find("F", false, true, true), "Cmd+Shift+F");
        assert!(!means_find("f", true, false, false), "Ctrl+F is the shell's");
        assert!(!means_find("F", false, false, true), "a letter");
        assert!(!means_find("G", true, false, true), "another one");
    }

    /// FR-DSK-02, FR-OBS-02: the sheet names the keys as they are on this machine, also those by which a terminal copies and pastes.
    #[test]
    fn the_sheet_names_the_keys_of_this_machine() {
        let terminals = SHEET.iter().find(|(title, _)| *title == "Terminals");
        let lines = terminals.map(|(_, lines)| *lines).unwrap_or_default();
        let names = |letter: &str, mac| {
            let line = lines.iter().find(|line| line.keys.ends_with(&[letter]));
            line.map(|line| called(line.keys, mac).join("+"))
                .unwrap_or_default()
        };
        for letter in ["C", "V", "F"] {
            assert_eq!(names(letter, false), format!("Ctrl+Shift+{letter}"));
            assert_eq!(names(letter, true), format!("Cmd+{letter}"));
        }
        assert_eq!(called(&["$", "K"], false), ["Ctrl", "K"]);
        assert_eq!(called(&["$", "K"], true), ["Cmd", "K"]);
        let signs = SHEET.iter().flat_map(|(_, lines)| lines.iter());
        let mut names = signs.flat_map(|line| called(line.keys, true));
        assert!(names.all(|name| !name.contains('$')));
    }

    /// FR-DSK-02: the palette and the sheet open from everywhere; a question mark that is typed stays a text.
    #[test]
    fn shortcuts_mean_what_the_sheet_says() {
        let command = |key| Pressed {
            command: true,
            ..pressed(key)
        };
        assert_eq!(meaning(&command("k")), Some(Meaning::Palette));
        assert_eq!(meaning(&command("3")), Some(Meaning::Cluster(2)));
        assert_eq!(meaning(&command("0")), None);
        let french = Pressed {
            code: "Digit3",
            ..command("\"")
        };
        assert_eq!(meaning(&french), Some(Meaning::Cluster(2)));
        assert_eq!(meaning(&pressed("?")), Some(Meaning::Sheet));
        assert_eq!(meaning(&pressed("/")), Some(Meaning::Find));
        let typed = |key| Pressed {
            typing: true,
            ..pressed(key)
        };
        assert_eq!(meaning(&typed("?")), None);
        assert_eq!(meaning(&typed("/")), None);
        let sheet = Pressed {
            command: true,
            shift: true,
            ..typed("?")
        };
        assert_eq!(meaning(&sheet), Some(Meaning::Sheet));
        let tab = Pressed {
            alt: true,
            code: "Digit2",
            ..pressed("²")
        };
        assert_eq!(meaning(&tab), Some(Meaning::Tab(1)));
        // In a field the same keys of a Mac write a character.
        let written = Pressed { typing: true, ..tab };
        assert_eq!(meaning(&written), None);
        assert_eq!(meaning(&pressed("k")), None);
    }
}
