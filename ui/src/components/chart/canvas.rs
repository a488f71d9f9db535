//! A chart's drawing: uPlot, drawn into an element of the page. The glue beside it says how.

use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

#[wasm_bindgen(module = "/src/components/chart/glue.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn load() -> Result<JsValue, JsValue>;

    #[wasm_bindgen(js_name = Chart)]
    type Glue;

    #[wasm_bindgen(constructor, js_class = "Chart", catch)]
    fn new(
        host: &HtmlElement,
        lines: &str,
        binary: bool,
        write: &Closure<dyn Fn(f64) -> String>,
        on_point: &Closure<dyn Fn(i32)>,
    ) -> Result<Glue, JsValue>;

    #[wasm_bindgen(method, js_class = "Chart")]
    fn show(this: &Glue, from: f64, step: f64, count: u32, values: &[f64], marks: &str);
    #[wasm_bindgen(method, js_class = "Chart")]
    fn point(this: &Glue, place: i32);
    #[wasm_bindgen(method, js_class = "Chart")]
    fn close(this: &Glue);
}

/// What is drawn: all lines' values one after the other, as many of each as there are times.
pub struct Drawing {
    /// In seconds since 1970.
    pub from: f64,
    pub step: f64,
    pub count: u32,
    /// What is no number is a gap.
    pub values: Vec<f64>,
    /// JSON: where a vertical line stands, and its token.
    pub marks: String,
}

/// A chart in the page. It goes when this is dropped.
pub struct Canvas {
    glue: Glue,
    // What JavaScript calls lives as long as the chart.
    _write: Closure<dyn Fn(f64) -> String>,
    _point: Closure<dyn Fn(i32)>,
}

impl Canvas {
    /// `lines` is a text of JSON. It is there once what draws it is loaded; `None` where the browser cannot draw.
    pub async fn new(
        host: &HtmlElement,
        lines: &str,
        binary: bool,
        write: impl Fn(f64) -> String + 'static,
        point: impl Fn(Option<usize>) + 'static,
    ) -> Option<Self> {
        load().await.ok()?;
        let write: Closure<dyn Fn(f64) -> String> = Closure::new(write);
        let point: Closure<dyn Fn(i32)> = Closure::new(move |place: i32| point(usize::try_from(place).ok()));
        let glue = Glue::new(host, lines, binary, &write, &point).ok()?;
        Some(Self {
            glue,
            _write: write,
            _point: point,
        })
    }

    pub fn draw(&self, drawing: &Drawing) {
        self.glue.show(
            drawing.from,
            drawing.step,
            drawing.count,
            &drawing.values,
            &drawing.marks,
        );
    }

    /// Moves the pointer to a point, or takes it away.
    pub fn point(&self, place: Option<usize>) {
        let place = place.and_then(|place| i32::try_from(place).ok());
        self.glue.point(place.unwrap_or(-1));
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        self.glue.close();
    }
}
