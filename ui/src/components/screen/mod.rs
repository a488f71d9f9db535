//! A terminal's screen: xterm.js, drawn into an element of the page. The glue beside it says what containers may do to it.

use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::text;

#[wasm_bindgen(module = "/src/components/screen/glue.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn load() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = Screen)]
    type Glue;

    #[wasm_bindgen(constructor, js_class = "Screen", catch)]
    fn new(
        host: &HtmlElement,
        label: &str,
        on_input: &Closure<dyn Fn(Vec<u8>)>,
        on_size: &Closure<dyn Fn(u16, u16)>,
        on_paste: &Closure<dyn Fn(String)>,
        on_drawn: &Closure<dyn Fn(f64)>,
        on_found: &Closure<dyn Fn(i32, u32)>,
    ) -> Result<Glue, JsValue>;

    #[wasm_bindgen(method, js_class = "Screen")]
    fn write(this: &Glue, bytes: &[u8], quiet: bool, upto: f64);
    #[wasm_bindgen(method, js_class = "Screen")]
    fn focus(this: &Glue);
    #[wasm_bindgen(method, js_class = "Screen")]
    fn paste(this: &Glue, text: &str);
    #[wasm_bindgen(method, js_class = "Screen")]
    fn selection(this: &Glue) -> String;
    #[wasm_bindgen(method, js_class = "Screen", catch)]
    fn find(this: &Glue, text: &str, down: bool) -> Result<(), JsValue>;
    #[wasm_bindgen(method, js_class = "Screen", js_name = stopFinding)]
    fn stop_finding(this: &Glue);
    #[wasm_bindgen(method, js_class = "Screen")]
    fn close(this: &Glue);
}

/// What a screen tells.
pub struct Callbacks {
    /// Somebody typed.
    pub input: Box<dyn Fn(Vec<u8>)>,
    /// It has so many columns and rows now.
    pub size: Box<dyn Fn(u16, u16)>,
    /// Somebody wants to paste.
    pub paste: Box<dyn Fn(String)>,
    /// Everything up to this byte is drawn.
    pub drawn: Box<dyn Fn(u64)>,
    /// Of what is looked for.
    pub found: Box<dyn Fn(Found)>,
}

/// More places than that are not counted; the glue says the same.
const MOST_FOUND: u32 = 1_000;

/// In how many places a text was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// The one that is gone to, from 0, if it is among those that were counted.
    pub place: Option<u32>,
    pub count: u32,
}

impl Found {
    /// “2 of 14”.
    pub fn said(self) -> String {
        let count = text::thousands(u64::from(self.count));
        match self.place {
            _ if self.count == 0 => "not found".to_owned(),
            _ if self.count >= MOST_FOUND => format!("{count} or more"),
            Some(place) => format!("{} of {count}", text::thousands(u64::from(place) + 1)),
            None => format!("{count} found"),
        }
    }
}

/// A screen in the page. It goes when this is dropped.
pub struct Screen {
    glue: Glue,
    // What JavaScript calls lives as long as the screen.
    _input: Closure<dyn Fn(Vec<u8>)>,
    _size: Closure<dyn Fn(u16, u16)>,
    _paste: Closure<dyn Fn(String)>,
    _drawn: Closure<dyn Fn(f64)>,
    _found: Closure<dyn Fn(i32, u32)>,
}

impl Screen {
    /// Draws an empty screen into an element, once what draws it is loaded. `None` where the browser cannot.
    pub async fn new(host: &HtmlElement, label: &str, callbacks: Callbacks) -> Option<Self> {
        load().await.ok()?;
        let drawn = callbacks.drawn;
        let (input, size) = (Closure::new(callbacks.input), Closure::new(callbacks.size));
        let paste = Closure::new(callbacks.paste);
        // A number of bytes stays far below what a JavaScript number can count.
        let drawn: Closure<dyn Fn(f64)> = Closure::new(move |upto: f64| drawn(upto as u64));
        let told = callbacks.found;
        let found: Closure<dyn Fn(i32, u32)> = Closure::new(move |place: i32, count: u32| {
            let place = u32::try_from(place).ok();
            told(Found { place, count });
        });
        let glue = Glue::new(host, label, &input, &size, &paste, &drawn, &found).ok()?;
        Some(Self {
            glue,
            _input: input,
            _size: size,
            _paste: paste,
            _drawn: drawn,
            _found: found,
        })
    }

    /// Draws bytes of which the last has the number `upto`. With `quiet`, nothing in them is answered.
    pub fn write(&self, bytes: &[u8], quiet: bool, upto: u64) {
        self.glue.write(bytes, quiet, upto as f64);
    }

    pub fn focus(&self) {
        self.glue.focus();
    }

    /// Types a text as it is pasted.
    pub fn paste(&self, text: &str) {
        self.glue.paste(text);
    }

    /// What is marked on it.
    pub fn selection(&self) -> String {
        self.glue.selection()
    }

    /// Goes to the next place above what is marked, or below it, that holds a text. In how many places it stands is told.
    pub fn find(&self, text: &str, down: bool) {
        // Where a screen just goes, nothing is found.
        let _ = self.glue.find(text, down);
    }

    pub fn stop_finding(&self) {
        self.glue.stop_finding();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.glue.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-02, NFR-U2: a count says what it knows and no more.
    #[test]
    fn what_is_found_is_counted() {
        let said = |place, count| Found { place, count }.said();
        assert_eq!(said(Some(1), 14), "2 of 14");
        assert_eq!(said(None, 14), "14 found");
        assert_eq!(said(None, 0), "not found");
        assert_eq!(said(Some(7), 1_000), "1,000 or more");
    }
}
