//! What a window manager does with the app's window, said to the display: it asks the window to close, as its closing button does, and sees
//! whether it is on the screen.

use std::collections::HashSet;

use crate::x11::X11;

// Requests, by their numbers in the protocol.
const GET_WINDOW_ATTRIBUTES: u8 = 3;
const CONFIGURE_WINDOW: u8 = 12;
const GET_GEOMETRY: u8 = 14;
const GET_IMAGE: u8 = 73;

const VIEWABLE: u8 = 2;

/// Where a window is and how large, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub left: u16,
    pub top: u16,
    pub width: u16,
    pub height: u16,
}

/// A connection to a display.
pub struct WindowManager {
    display: X11,
    title: String,
}

impl WindowManager {
    /// Of the window with this title, on the display with this number.
    pub fn of(display: u32, title: &str) -> Self {
        Self {
            display: X11::connect(display),
            title: title.to_owned(),
        }
    }

    /// Whether the window is on the screen; it is not while it is hidden, or gone.
    pub fn shows(&mut self) -> bool {
        let Some(window) = self.display.window(&self.title) else {
            return false;
        };
        let attributes = self.display.ask(GET_WINDOW_ATTRIBUTES, 0, &window.to_le_bytes());
        attributes.is_some_and(|attributes| attributes[26] == VIEWABLE)
    }

    /// Where it is; nothing where there is none, or where it is partly outside of the screen.
    pub fn place(&mut self) -> Option<Place> {
        let window = self.display.window(&self.title)?;
        let geometry = self.display.ask(GET_GEOMETRY, 0, &window.to_le_bytes())?;
        let [left, top] = [12, 14].map(|at| i16::from_le_bytes([geometry[at], geometry[at + 1]]));
        let [width, height] = [16, 18].map(|at| u16::from_le_bytes([geometry[at], geometry[at + 1]]));
        Some(Place {
            left: left.try_into().ok()?,
            top: top.try_into().ok()?,
            width,
            height,
        })
    }

    /// Moves it there, as who drags it by its head and by a corner.
    pub fn put(&mut self, place: Place) {
        let window = self.display.window(&self.title).expect("a window to move");
        // Left, top, width and height; each value takes a word.
        const ALL_FOUR: u32 = 0b1111;
        let mut body = window.to_le_bytes().to_vec();
        body.extend(ALL_FOUR.to_le_bytes());
        for length in [place.left, place.top, place.width, place.height] {
            body.extend(u32::from(length).to_le_bytes());
        }
        self.display.send(CONFIGURE_WINDOW, 0, &body);
        self.display.settle();
    }

    /// So many colours are in the window's lower two thirds; none while it is not there. Text alone brings a dozen, by its soft edges.
    pub fn colours(&mut self) -> usize {
        let Some(window) = self.display.window(&self.title) else {
            return 0;
        };
        let Some(geometry) = self.display.ask(GET_GEOMETRY, 0, &window.to_le_bytes()) else {
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
        let Some(image) = self.display.ask(GET_IMAGE, Z_PIXMAP, &body) else {
            return 0;
        };
        let pixels: HashSet<&[u8; 4]> = image[32..].as_chunks::<4>().0.iter().collect();
        pixels.len()
    }

    /// Asks the window to close (ICCCM, 4.2.8.1).
    pub fn close(&mut self) {
        let window = self.display.window(&self.title).expect("a window to close");
        let [protocols, delete] = ["WM_PROTOCOLS", "WM_DELETE_WINDOW"].map(|name| self.display.atom(name));
        self.display.message(window, protocols, [delete, 0, 0, 0, 0]);
    }
}
