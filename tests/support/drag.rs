//! A file manager from which somebody drags something onto the app's window: the source's side of XDND (freedesktop.org, “Drag-and-Drop
//! Protocol for the X Window System”, version 5), with the messages and the selection that every other program would use.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::x11::{CLIENT_MESSAGE, Event, X11, number};

const PATIENCE: Duration = Duration::from_secs(120);
/// A hand moves the pointer about so often.
const MOVE: Duration = Duration::from_millis(100);

const GET_GEOMETRY: u8 = 14;
const SET_SELECTION_OWNER: u8 = 22;
const SELECTION_REQUEST: u8 = 30;
const SELECTION_NOTIFY: u8 = 31;

/// Something that is held above the window.
pub struct Drag {
    display: X11,
    source: u32,
    target: u32,
    /// What is dragged, as file managers write it.
    uris: String,
    /// In the middle of the window.
    place: u32,
}

impl Drag {
    /// Carries these files over the window with this title, until it says that it would take them.
    pub fn over(display: u32, title: &str, paths: &[&Path]) -> Self {
        let mut display = X11::connect(display);
        let source = display.own_window();
        let target = display.window(title).expect("a window to drag to");
        let selection = display.atom("XdndSelection");
        let mut body = source.to_le_bytes().to_vec();
        body.extend(selection.to_le_bytes());
        body.extend([0; 4]);
        display.send(SET_SELECTION_OWNER, 0, &body);
        let geometry = display
            .ask(GET_GEOMETRY, 0, &target.to_le_bytes())
            .expect("its place");
        let short = |at: usize| u32::from(u16::from_le_bytes([geometry[at], geometry[at + 1]]));
        let (x, y) = (short(12) + short(16) / 2, short(14) + short(18) / 2);
        let mut drag = Self {
            display,
            source,
            target,
            uris: paths.iter().map(|path| uri(path)).collect(),
            place: x << 16 | y,
        };
        let list = drag.display.atom("text/uri-list");
        drag.tell("XdndEnter", [drag.source, 5 << 24, list, 0, 0]);
        let copy = drag.display.atom("XdndActionCopy");
        let end = Instant::now() + PATIENCE;
        loop {
            drag.tell("XdndPosition", [drag.source, 0, drag.place, 0, copy]);
            if drag
                .hears("XdndStatus", MOVE)
                .is_some_and(|status| number(&status, 16) & 1 == 1)
            {
                return drag;
            }
            assert!(Instant::now() < end, "the window does not take what is dragged");
        }
    }

    /// Lets go of it.
    pub fn drop_here(mut self) {
        self.tell("XdndDrop", [self.source, 0, 0, 0, 0]);
        self.hears("XdndFinished", PATIENCE)
            .expect("the window says that it has what was dropped");
    }

    /// Carries it away again.
    pub fn carry_away(mut self) {
        self.tell("XdndLeave", [self.source, 0, 0, 0, 0]);
    }

    fn tell(&mut self, kind: &str, words: [u32; 5]) {
        let kind = self.display.atom(kind);
        self.display.message(self.target, kind, words);
    }

    /// Waits for a message of this kind, and gives meanwhile what is asked for.
    fn hears(&mut self, kind: &str, patience: Duration) -> Option<Event> {
        let kind = self.display.atom(kind);
        let end = Instant::now() + patience;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            let event = self.display.event(left)?;
            // The first bit says that another client has sent it.
            match event[0] & 0x7f {
                SELECTION_REQUEST => self.give(&event),
                CLIENT_MESSAGE if number(&event, 8) == kind => return Some(event),
                _ => {}
            }
        }
        None
    }

    fn give(&mut self, request: &Event) {
        let [time, requestor, selection, target, property] =
            [4, 12, 16, 20, 24].map(|at| number(request, at));
        let list = self.display.atom("text/uri-list");
        let given = if target == list {
            let uris = self.uris.clone();
            self.display
                .put_property(requestor, property, list, uris.as_bytes());
            property
        } else {
            0
        };
        let mut event = vec![SELECTION_NOTIFY, 0, 0, 0];
        for word in [time, requestor, selection, target, given, 0, 0] {
            event.extend(word.to_le_bytes());
        }
        self.display.send_event(requestor, &event);
    }
}

/// `file:///…`, with everything but the plainest characters written as numbers.
fn uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "\r\n"
}
