//! The hand on the mouse, as the display sees it (XTEST Extension Protocol, version 2.2): WebDriver's own pointer drags nothing.

use crate::x11::X11;

const QUERY_EXTENSION: u8 = 98;
const FAKE_INPUT: u8 = 2;

const PRESS: u8 = 4;
const RELEASE: u8 = 5;
const MOTION: u8 = 6;
/// The left one.
const BUTTON: u8 = 1;

pub struct Pointer {
    display: X11,
    extension: u8,
}

impl Pointer {
    /// On the display with this number.
    pub fn on(display: u32) -> Self {
        let mut display = X11::connect(display);
        // The name's length, then the name, filled up to whole words.
        let body = b"\x05\x00\x00\x00XTEST\x00\x00\x00";
        let answer = display.ask(QUERY_EXTENSION, 0, body).expect("an answer");
        assert_eq!(answer[8], 1, "the display has the extension");
        Self {
            display,
            extension: answer[9],
        }
    }

    pub fn go(&mut self, x: i16, y: i16) {
        self.input(MOTION, 0, x, y);
    }

    pub fn press(&mut self) {
        self.input(PRESS, BUTTON, 0, 0);
    }

    pub fn release(&mut self) {
        self.input(RELEASE, BUTTON, 0, 0);
    }

    fn input(&mut self, kind: u8, detail: u8, x: i16, y: i16) {
        let mut body = vec![kind, detail, 0, 0];
        // At once, on the only screen.
        body.extend([0; 16]);
        body.extend(x.to_le_bytes());
        body.extend(y.to_le_bytes());
        body.extend([0; 8]);
        self.display.send(self.extension, FAKE_INPUT, &body);
        self.display.settle();
    }
}
