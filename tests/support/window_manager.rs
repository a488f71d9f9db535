//! What a window manager does with the app's window, said to the display in the X11 protocol (X Window System Protocol, version 11): it asks
//! the window to close, as its closing button does, and sees whether it is on the screen.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(60);

// Requests, by their numbers in the protocol.
const GET_WINDOW_ATTRIBUTES: u8 = 3;
const GET_GEOMETRY: u8 = 14;
const QUERY_TREE: u8 = 15;
const INTERN_ATOM: u8 = 16;
const GET_PROPERTY: u8 = 20;
const SEND_EVENT: u8 = 25;
const GET_INPUT_FOCUS: u8 = 43;
const GET_IMAGE: u8 = 73;

const CLIENT_MESSAGE: u8 = 33;
const VIEWABLE: u8 = 2;

/// A connection to a display.
pub struct WindowManager {
    display: UnixStream,
    root: u32,
    title: String,
}

impl WindowManager {
    /// Of the window with this title, on the display with this number.
    pub fn of(display: u32, title: &str) -> Self {
        let mut stream =
            UnixStream::connect(format!("/tmp/.X11-unix/X{display}")).expect("the display's socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        // The order of bytes, version 11.0, and no authorization.
        stream
            .write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            .expect("the display");
        let head: [u8; 8] = read(&mut stream);
        assert_eq!(head[0], 1, "the display takes the connection");
        let mut setup = vec![0; usize::from(u16::from_le_bytes([head[6], head[7]])) * 4];
        stream.read_exact(&mut setup).expect("the display");
        // The first screen comes after the vendor's name and the formats of pixmaps; it begins with its root window.
        let vendor = usize::from(u16::from_le_bytes([setup[16], setup[17]])).next_multiple_of(4);
        let screen = 32 + vendor + usize::from(setup[21]) * 8;
        Self {
            display: stream,
            root: number(&setup, screen),
            title: title.to_owned(),
        }
    }

    /// Whether the window is on the screen; it is not while it is hidden, or gone.
    pub fn shows(&mut self) -> bool {
        let Some(window) = self.window() else {
            return false;
        };
        let attributes = self.ask(GET_WINDOW_ATTRIBUTES, 0, &window.to_le_bytes());
        attributes.is_some_and(|attributes| attributes[26] == VIEWABLE)
    }

    /// So many colours are in the window's lower two thirds; none while it is not there. Text alone brings a dozen, by its soft edges.
    pub fn colours(&mut self) -> usize {
        let Some(window) = self.window() else {
            return 0;
        };
        let Some(geometry) = self.ask(GET_GEOMETRY, 0, &window.to_le_bytes()) else {
            return 0;
        };
        let [width, height] = [16, 18].map(|at| u16::from_le_bytes([geometry[at], geometry[at + 1]]));
        let top = height / 3;
        let mut body = window.to_le_bytes().to_vec();
        for length in [0, top, width, height - top] {
            body.extend(length.to_le_bytes());
        }
        body.extend(u32::MAX.to_le_bytes());
        const Z_PIXMAP: u8 = 2;
        // It is an error where the window is not on the screen yet.
        let Some(image) = self.ask(GET_IMAGE, Z_PIXMAP, &body) else {
            return 0;
        };
        let pixels: HashSet<&[u8; 4]> = image[32..].as_chunks::<4>().0.iter().collect();
        pixels.len()
    }

    /// Asks the window to close (ICCCM, 4.2.8.1).
    pub fn close(&mut self) {
        let window = self.window().expect("a window to close");
        let [protocols, delete] = ["WM_PROTOCOLS", "WM_DELETE_WINDOW"].map(|name| self.atom(name));
        let mut body = window.to_le_bytes().to_vec();
        // To that window alone, in words of four bytes.
        body.extend([0; 4]);
        body.extend([CLIENT_MESSAGE, 32, 0, 0]);
        for word in [window, protocols, delete, 0, 0, 0, 0] {
            body.extend(word.to_le_bytes());
        }
        self.send(SEND_EVENT, 0, &body);
        // It has no answer; that of the next request comes after it was carried out.
        self.ask(GET_INPUT_FOCUS, 0, &[]);
    }

    /// The window: without a window manager it is right below the root.
    fn window(&mut self) -> Option<u32> {
        let protocols = self.atom("WM_PROTOCOLS");
        let name = self.atom("WM_NAME");
        let tree = self.ask(QUERY_TREE, 0, &self.root.to_le_bytes())?;
        let children = tree[32..].as_chunks::<4>().0.iter();
        let windows: Vec<u32> = children.map(|bytes| u32::from_le_bytes(*bytes)).collect();
        windows.into_iter().find(|window| {
            !self.property(*window, protocols).is_empty()
                && self.property(*window, name) == self.title.as_bytes()
        })
    }

    /// Empty where there is none, or no such window any more.
    fn property(&mut self, window: u32, property: u32) -> Vec<u8> {
        let mut body = Vec::new();
        // Of any type, the first 256 bytes.
        for word in [window, property, 0, 0, 64] {
            body.extend(word.to_le_bytes());
        }
        let Some(answer) = self.ask(GET_PROPERTY, 0, &body) else {
            return Vec::new();
        };
        let length = number(&answer, 16) as usize * usize::from(answer[1]) / 8;
        answer[32..32 + length].to_vec()
    }

    fn atom(&mut self, name: &str) -> u32 {
        let length = u16::try_from(name.len()).expect("a short name");
        let mut body = length.to_le_bytes().to_vec();
        body.extend([0, 0]);
        body.extend(name.as_bytes());
        body.resize(4 + name.len().next_multiple_of(4), 0);
        let answer = self.ask(INTERN_ATOM, 0, &body).expect("an atom");
        number(&answer, 8)
    }

    fn send(&mut self, request: u8, detail: u8, body: &[u8]) {
        let words = u16::try_from(body.len() / 4 + 1).expect("a short request");
        let mut bytes = vec![request, detail];
        bytes.extend(words.to_le_bytes());
        bytes.extend(body);
        self.display.write_all(&bytes).expect("the display");
    }

    /// The answer to a request; none where it is an error.
    fn ask(&mut self, request: u8, detail: u8, body: &[u8]) -> Option<Vec<u8>> {
        self.send(request, detail, body);
        let head: [u8; 32] = read(&mut self.display);
        if head[0] != 1 {
            return None;
        }
        let mut answer = head.to_vec();
        let more = number(&head, 4) as usize * 4;
        answer.resize(32 + more, 0);
        self.display
            .read_exact(&mut answer[32..])
            .expect("the display answers");
        Some(answer)
    }
}

fn read<const N: usize>(stream: &mut UnixStream) -> [u8; N] {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).expect("the display answers");
    bytes
}

fn number(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    u32::from_le_bytes(four.expect("four bytes"))
}
