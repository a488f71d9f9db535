//! A terminal's screen: xterm.js, drawn into an element of the page. The glue beside it says what containers may do to it.

use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

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
    ) -> Result<Glue, JsValue>;

    #[wasm_bindgen(method, js_class = "Screen")]
    fn write(this: &Glue, bytes: &[u8], quiet: bool, upto: f64);
    #[wasm_bindgen(method, js_class = "Screen")]
    fn focus(this: &Glue);
    #[wasm_bindgen(method, js_class = "Screen")]
    fn paste(this: &Glue, text: &str);
    #[wasm_bindgen(method, js_class = "Screen")]
    fn selection(this: &Glue) -> String;
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
}

/// A screen in the page. It goes when this is dropped.
pub struct Screen {
    glue: Glue,
    // What JavaScript calls lives as long as the screen.
    _input: Closure<dyn Fn(Vec<u8>)>,
    _size: Closure<dyn Fn(u16, u16)>,
    _paste: Closure<dyn Fn(String)>,
    _drawn: Closure<dyn Fn(f64)>,
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
        let glue = Glue::new(host, label, &input, &size, &paste, &drawn).ok()?;
        Some(Self {
            glue,
            _input: input,
            _size: size,
            _paste: paste,
            _drawn: drawn,
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
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.glue.close();
    }
}
