//! A connection to a display, in its own protocol (X Window System Protocol, version 11), for what stands around the app's window.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(120);

// Requests, by their numbers in the protocol.
const CREATE_WINDOW: u8 = 1;
const QUERY_TREE: u8 = 15;
const INTERN_ATOM: u8 = 16;
const CHANGE_PROPERTY: u8 = 18;
const GET_PROPERTY: u8 = 20;
const SEND_EVENT: u8 = 25;
const GET_INPUT_FOCUS: u8 = 43;

pub const CLIENT_MESSAGE: u8 = 33;

/// An event as it comes.
pub type Event = [u8; 32];

pub struct X11 {
    display: UnixStream,
    /// What has come and was not looked at yet.
    pending: Vec<u8>,
    events: VecDeque<Event>,
    /// How many requests were sent; answers say to which they belong.
    sent: u16,
    root: u32,
    /// What this client's own things are numbered from.
    base: u32,
}

impl X11 {
    /// To the display with this number.
    pub fn connect(display: u32) -> Self {
        let mut stream =
            UnixStream::connect(format!("/tmp/.X11-unix/X{display}")).expect("the display's socket");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        // The order of bytes, version 11.0, and no authorization.
        stream
            .write_all(&[b'l', 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            .expect("the display");
        let mut head = [0; 8];
        stream.read_exact(&mut head).expect("the display answers");
        assert_eq!(head[0], 1, "the display takes the connection");
        let mut setup = vec![0; usize::from(u16::from_le_bytes([head[6], head[7]])) * 4];
        stream.read_exact(&mut setup).expect("the display");
        // The first screen comes after the vendor's name and the formats of pixmaps; it begins with its root window.
        let vendor = usize::from(u16::from_le_bytes([setup[16], setup[17]])).next_multiple_of(4);
        let screen = 32 + vendor + usize::from(setup[21]) * 8;
        Self {
            display: stream,
            pending: Vec::new(),
            events: VecDeque::new(),
            sent: 0,
            root: number(&setup, screen),
            base: number(&setup, 4),
        }
    }

    /// The window with this title: without a window manager it is right below the root.
    pub fn window(&mut self, title: &str) -> Option<u32> {
        let protocols = self.atom("WM_PROTOCOLS");
        let name = self.atom("WM_NAME");
        let tree = self.ask(QUERY_TREE, 0, &self.root.to_le_bytes())?;
        let children = tree[32..].as_chunks::<4>().0.iter();
        let windows: Vec<u32> = children.map(|bytes| u32::from_le_bytes(*bytes)).collect();
        windows.into_iter().find(|window| {
            !self.property(*window, protocols).is_empty() && self.property(*window, name) == title.as_bytes()
        })
    }

    /// A window of this client's own, which nobody sees.
    pub fn own_window(&mut self) -> u32 {
        let window = self.base | 1;
        let mut body = window.to_le_bytes().to_vec();
        body.extend(self.root.to_le_bytes());
        // At the corner, one pixel large, without a border; it takes its depth and class from the root.
        for length in [0_u16, 0, 1, 1, 0, 0] {
            body.extend(length.to_le_bytes());
        }
        body.extend([0; 8]);
        self.send(CREATE_WINDOW, 0, &body);
        self.settle();
        window
    }

    /// Empty where there is none, or no such window any more.
    pub fn property(&mut self, window: u32, property: u32) -> Vec<u8> {
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

    /// Puts bytes of this type there.
    pub fn put_property(&mut self, window: u32, property: u32, kind: u32, bytes: &[u8]) {
        let mut body = Vec::new();
        for word in [window, property, kind, 8, bytes.len() as u32] {
            body.extend(word.to_le_bytes());
        }
        body.extend(bytes);
        body.resize(body.len().next_multiple_of(4), 0);
        self.send(CHANGE_PROPERTY, 0, &body);
    }

    pub fn atom(&mut self, name: &str) -> u32 {
        let length = u16::try_from(name.len()).expect("a short name");
        let mut body = length.to_le_bytes().to_vec();
        body.extend([0, 0]);
        body.extend(name.as_bytes());
        body.resize(4 + name.len().next_multiple_of(4), 0);
        let answer = self.ask(INTERN_ATOM, 0, &body).expect("an atom");
        number(&answer, 8)
    }

    /// A message of five words to the client whose window this is.
    pub fn message(&mut self, window: u32, kind: u32, words: [u32; 5]) {
        let mut event = vec![CLIENT_MESSAGE, 32, 0, 0];
        for word in [window, kind].into_iter().chain(words) {
            event.extend(word.to_le_bytes());
        }
        self.send_event(window, &event);
    }

    pub fn send_event(&mut self, window: u32, event: &[u8]) {
        let mut body = window.to_le_bytes().to_vec();
        // To that window's client alone.
        body.extend([0; 4]);
        body.extend(event);
        self.send(SEND_EVENT, 0, &body);
        self.settle();
    }

    /// Until what was sent is carried out: an answer comes behind it.
    pub fn settle(&mut self) {
        self.ask(GET_INPUT_FOCUS, 0, &[]);
    }

    pub fn send(&mut self, request: u8, detail: u8, body: &[u8]) {
        let words = u16::try_from(body.len() / 4 + 1).expect("a short request");
        let mut bytes = vec![request, detail];
        bytes.extend(words.to_le_bytes());
        bytes.extend(body);
        self.sent = self.sent.wrapping_add(1);
        self.display.write_all(&bytes).expect("the display");
    }

    /// The answer to a request; none where it is an error.
    pub fn ask(&mut self, request: u8, detail: u8, body: &[u8]) -> Option<Vec<u8>> {
        self.send(request, detail, body);
        loop {
            let packet = self.packet(PATIENCE).expect("the display answers");
            let of = u16::from_le_bytes([packet[2], packet[3]]);
            match packet[0] {
                1 if of == self.sent => return Some(packet),
                0 if of == self.sent => return None,
                // An error of what was sent before: its window was gone.
                0 | 1 => {}
                _ => self.keep(&packet),
            }
        }
    }

    /// The next event, if one comes within this time.
    pub fn event(&mut self, patience: Duration) -> Option<Event> {
        let end = Instant::now() + patience;
        while self.events.is_empty() {
            let left = end.checked_duration_since(Instant::now())?;
            let packet = self.packet(left)?;
            if packet[0] > 1 {
                self.keep(&packet);
            }
        }
        self.events.pop_front()
    }

    fn keep(&mut self, packet: &[u8]) {
        let event = packet.first_chunk::<32>().expect("32 bytes");
        self.events.push_back(*event);
    }

    /// One whole answer, error or event.
    fn packet(&mut self, patience: Duration) -> Option<Vec<u8>> {
        let end = Instant::now() + patience;
        loop {
            if self.pending.len() >= 32 {
                let more = match self.pending[0] {
                    1 => number(&self.pending, 4) as usize * 4,
                    _ => 0,
                };
                if self.pending.len() >= 32 + more {
                    return Some(self.pending.drain(..32 + more).collect());
                }
            }
            let left = end.checked_duration_since(Instant::now())?;
            let timeout = Some(left.max(Duration::from_millis(1)));
            self.display.set_read_timeout(timeout).expect("a time limit");
            let mut more = [0; 64 * 1024];
            match self.display.read(&mut more) {
                Ok(0) => panic!("the display has gone"),
                Ok(count) => self.pending.extend(&more[..count]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => panic!("the display: {error}"),
            }
        }
    }
}

/// The word of an answer at this place.
pub fn number(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    u32::from_le_bytes(four.expect("four bytes"))
}
