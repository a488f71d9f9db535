//! The real desktop window on a display of its own, driven through WebDriver as a person would use it.

mod again;
mod pictures;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::TimeoutConfiguration;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::crash::Crashes;
use crate::display::Display;
use crate::drag::Drag;
use crate::environment;
use crate::keyring::Keyring;
use crate::pointer::Pointer;
use crate::process::{self, Daemon, Start};
use crate::wait;
use crate::window_manager::WindowManager;

pub use pictures::takes_pictures;

const PATIENCE: Duration = Duration::from_secs(120);
/// How long a script of the page may wait for something before it says so.
const SCRIPT: Duration = Duration::from_secs(110);
/// How long the driver may be silent on one command. It waits for ever for the answer of a page whose process has ended.
const SILENCE: Duration = Duration::from_secs(120);

/// A window with its display, its driver and its configuration folder.
pub struct Desk {
    // Looks into the folder, which goes last.
    _crashes: Crashes,
    client: Client,
    driver: Daemon,
    // Ends after the driver, which ends the window.
    display: Display,
    folder: TempDir,
    /// What the app finds in its environment beside what every window finds.
    more: Vec<(String, OsString)>,
}

impl Desk {
    pub async fn open(keyring: &Keyring) -> Self {
        Self::open_with(keyring, &[]).await
    }

    /// A window whose app finds this in its environment too.
    pub async fn open_with(keyring: &Keyring, more: &[(String, OsString)]) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-desk-")
            .tempdir()
            .expect("a folder");
        Self::open_in(folder, keyring, more.to_vec()).await
    }

    /// Closes the window and opens it again, with the settings that it had.
    pub async fn reopen(self, keyring: &Keyring) -> Self {
        self.reopen_after(keyring, || {}).await
    }

    /// The same; this happens while no window is open.
    pub async fn reopen_after(self, keyring: &Keyring, meanwhile: impl FnOnce()) -> Self {
        let app = self.app();
        let _ = self.client.close().await;
        drop(self.driver);
        drop(self.display);
        // The next one would pass its link on to one that is just ending.
        process::until_gone("the app", &app).await;
        meanwhile();
        Self::open_in(self.folder, keyring, self.more).await
    }

    /// Loads the page anew, as somebody does who presses F5; the app goes on.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("another page");
        self.client
            .execute(LISTEN, Vec::new())
            .await
            .expect("the page is heard");
    }

    async fn open_in(folder: TempDir, keyring: &Keyring, more: Vec<(String, OsString)>) -> Self {
        let log = |name: &str| folder.path().join(name);
        let display = Display::start(folder.path()).await;
        let (port, native) = (wait::free_port(), wait::free_port());
        let driver = Start::new(environment::tauri_driver())
            .args(["--port", &port.to_string(), "--native-port", &native.to_string()])
            .envs(keyring.environment())
            .envs(environment_of(folder.path(), &display))
            .envs(more.clone())
            .envs(for_pictures())
            .daemon(&log("driver.log"));
        // Both: tauri-driver listens before the one below it does, and passes calls on that nobody hears.
        for port in [port, native] {
            wait::until("the driver listens", PATIENCE, async || {
                tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
            })
            .await;
        }
        let client = connect(port, &driver).await;
        client
            .update_timeouts(TimeoutConfiguration::new(Some(SCRIPT), None, None))
            .await
            .expect("scripts have their time");
        client
            .execute(LISTEN, Vec::new())
            .await
            .expect("the page is heard");
        Self {
            _crashes: Crashes::written_to(log("driver.log")),
            client,
            driver,
            display,
            folder,
            more,
        }
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The element with this `data-testid`, as soon as it is shown.
    pub async fn see(&self, id: &str) -> Element {
        self.find(&format!("[data-testid=\"{id}\"]"), PATIENCE).await
    }

    /// The same, for what takes as long as a deployment.
    pub async fn see_within(&self, id: &str, patience: Duration) -> Element {
        self.find(&format!("[data-testid=\"{id}\"]"), patience).await
    }

    pub async fn find(&self, css: &str, patience: Duration) -> Element {
        let end = Instant::now() + patience;
        loop {
            if let Ok(element) = self.client.find(Locator::Css(css)).await
                && element.is_displayed().await.unwrap_or(false)
            {
                return element;
            }
            if Instant::now() > end {
                let path = self.fail_shot().await;
                let page = self.page_text().await;
                panic!(
                    "{css} is not shown within {} s ({}); the page says:\n{page}",
                    patience.as_secs(),
                    path.display()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn is_shown(&self, id: &str) -> bool {
        match self
            .client
            .find(Locator::Css(&format!("[data-testid=\"{id}\"]")))
            .await
        {
            Ok(element) => element.is_displayed().await.unwrap_or(false),
            Err(_) => false,
        }
    }

    /// Presses it once it can be pressed; never a second time, because the first may have been heard.
    pub async fn press(&self, id: &str) {
        self.press_css(&format!("[data-testid=\"{id}\"]")).await;
    }

    /// The same, of what this selects.
    pub async fn press_css(&self, id: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let element = self.find(id, PATIENCE).await;
            // What comes between the driver's look and its press moves the place: then nobody hears it, and it is pressed again. The driver
            // scrolls to what lies outside the window, and not to what a page has scrolled below its own head.
            let aim = format!(
                "window.__aim = {0}; window.__missed = false; document.querySelector({0})?.scrollIntoView({{ block: 'nearest' }})",
                json!(id)
            );
            let _ = self.client.execute(&aim, Vec::new()).await;
            // One that is greyed may become enabled; the driver would press it all the same.
            let outcome = match element.is_enabled().await {
                Ok(true) => element.click().await.map_err(|error| format!("{error:?}")),
                Ok(false) => Err("it stays greyed".to_owned()),
                Err(gone) => Err(format!("{gone:?}")),
            };
            let missed = "const missed = window.__missed; window.__aim = null; return missed === true";
            let missed = self.client.execute(missed, Vec::new()).await;
            match outcome {
                // The app may be gone by now.
                Ok(()) if !missed.is_ok_and(|missed| missed == json!(true)) => return,
                Ok(()) if Instant::now() < end => {}
                Ok(()) => panic!("{id} is never where it was seen"),
                Err(_) if Instant::now() < end => {}
                Err(error) => {
                    let path = self.fail_shot().await;
                    panic!("{id} cannot be pressed: {error} ({})", path.display());
                }
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Presses what ends the app: there may be nobody left to say that it was pressed.
    pub async fn press_last(&self, id: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.see(id).await.click().await {
                // Drawn anew between the look and the press.
                Err(error) if error.is_stale_element_reference() && Instant::now() < end => {}
                _ => return,
            }
        }
    }

    /// Puts this text into a field in place of what is there, once it can be reached.
    pub async fn fill(&self, id: &str, text: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let field = self.see(id).await;
            match self.refill(&field, text).await {
                Ok(()) => return,
                Err(error) if Instant::now() > end => {
                    let path = self.fail_shot().await;
                    panic!("{id} cannot be filled: {error:?} ({})", path.display());
                }
                // One that was drawn anew meanwhile is looked for again, and emptied of what it has got.
                Err(_) => self.uncover(&field).await,
            }
        }
    }

    async fn refill(&self, field: &Element, text: &str) -> Result<(), CmdError> {
        field.clear().await?;
        self.emptied(field).await?;
        if text.is_empty() {
            return Ok(());
        }
        field.send_keys(text).await
    }

    /// Tells the page that a field is empty. The driver empties it with a `change` alone, where a person's keys are an `input`
    /// each: a page that is drawn again in between would put the old text back.
    async fn emptied(&self, field: &Element) -> Result<(), CmdError> {
        let script =
            "arguments[0].value = ''; arguments[0].dispatchEvent(new Event('input', { bubbles: true }))";
        if let Ok(field) = serde_json::to_value(field) {
            self.client.execute(script, vec![field]).await?;
        }
        Ok(())
    }

    /// Types keys to where the focus is.
    pub async fn keys(&self, keys: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let focused = self.client.active_element().await;
            let focused = focused.unwrap_or_else(|error| panic!("nothing has the focus: {error}"));
            match focused.send_keys(keys).await {
                Ok(()) => return,
                // It was drawn anew between the look and the keys: nobody has got one of them.
                Err(error) if error.is_stale_element_reference() && Instant::now() < end => {}
                Err(error) => panic!("the keys cannot be typed: {error}"),
            }
        }
    }

    /// What a script of the page comes to.
    pub async fn run(&self, script: &str) -> Value {
        let ran = self.client.execute(script, Vec::new()).await;
        ran.unwrap_or_else(|error| panic!("the script does not run: {error}"))
    }

    /// Scrolls an element to the middle: the driver takes one that is half below the page's head for one that can be reached.
    async fn uncover(&self, element: &Element) {
        let script = "arguments[0].scrollIntoView({ block: 'center' })";
        if let Ok(element) = serde_json::to_value(element) {
            // What has gone meanwhile is looked for again.
            let _ = self.client.execute(script, vec![element]).await;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }

    /// What the element with this id says.
    pub async fn says(&self, id: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.see(id).await.text().await {
                Ok(said) => return said,
                // Drawn anew between the look and the question.
                Err(_) if Instant::now() < end => {}
                Err(error) => panic!("{id} cannot be read: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What each element says that this selects, in the page's order.
    pub async fn all_say(&self, css: &str) -> Vec<String> {
        let end = Instant::now() + PATIENCE;
        loop {
            match self.try_all_say(css).await {
                Ok(said) => return said,
                // Drawn anew in the middle of it.
                Err(_) if Instant::now() < end => {}
                Err(error) => panic!("{css} cannot be read: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn try_all_say(&self, css: &str) -> Result<Vec<String>, CmdError> {
        let mut said = Vec::new();
        for element in self.client.find_all(Locator::Css(css)).await? {
            said.push(element.text().await?);
        }
        Ok(said)
    }

    /// Waits until it is there and cannot be pressed.
    pub async fn greyed(&self, id: &str) {
        wait::until(&format!("{id} is greyed"), PATIENCE, async || {
            self.see(id)
                .await
                .is_enabled()
                .await
                .is_ok_and(|enabled| !enabled)
        })
        .await;
    }

    /// Waits until a field holds this.
    pub async fn holds(&self, id: &str, wanted: &str) {
        wait::until(&format!("{id} holds “{wanted}”"), PATIENCE, async || {
            let value = self.see(id).await.prop("value").await;
            value.is_ok_and(|value| value.as_deref() == Some(wanted))
        })
        .await;
    }

    pub async fn wait_until_says(&self, id: &str, words: &str, patience: Duration) {
        let end = Instant::now() + patience;
        loop {
            let said = self
                .see_within(id, end.saturating_duration_since(Instant::now()))
                .await
                .text()
                .await
                .unwrap_or_default();
            if said.contains(words) {
                return;
            }
            if Instant::now() > end {
                let path = self.fail_shot().await;
                panic!("{id} does not say “{words}” but “{said}” ({})", path.display());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits until the page shows what it has heard just now, and nothing of before.
    pub async fn is_live(&self) {
        let end = Instant::now() + PATIENCE;
        while self.client.find(Locator::Css(".face.stale")).await.is_ok() {
            assert!(Instant::now() < end, "the page stays as it was before");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until nothing with this id is shown any more.
    pub async fn gone(&self, id: &str) {
        let end = Instant::now() + PATIENCE;
        while self.is_shown(id).await {
            if Instant::now() > end {
                let path = self.fail_shot().await;
                let page = self.page_text().await;
                panic!(
                    "{id} does not go away ({}); the page says:\n{page}",
                    path.display()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// What the page says, and what it heard last: a press that was for nothing is seen by where it went.
    async fn page_text(&self) -> String {
        let said = match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => return format!("{error}\n{}", self.last_words()),
        };
        let script = "return (window.__heard ?? []).slice(-12).join('\\n')";
        let heard = self.client.execute(script, Vec::new()).await.ok();
        let heard = heard
            .as_ref()
            .and_then(|heard| heard.as_str())
            .unwrap_or_default();
        format!("{said}\nit heard:\n{heard}")
    }

    /// Where the driver tells nothing of the page any more: whether the app still runs, and what both wrote last.
    fn last_words(&self) -> String {
        let app = environment::desktop();
        let name = app.file_name().unwrap_or_default().to_string_lossy();
        // The kernel keeps 15 letters of a name.
        let runs = process::descendants(self.driver.pid())
            .iter()
            .any(|(_, one)| name.starts_with(one.as_str()));
        let log = self.driver.output();
        let lines: Vec<&str> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(30)..].join("\n");
        let state = if runs { "runs" } else { "is gone" };
        format!("the app {state}; it and the driver wrote last:\n{last}")
    }

    /// What the driver and the app have written to their terminal.
    pub fn log(&self) -> String {
        self.driver.output()
    }

    /// The folder that the app takes for the person's home.
    pub fn home(&self) -> &Path {
        self.folder.path()
    }

    /// What a window manager can do with the window.
    pub fn window_manager(&self) -> WindowManager {
        WindowManager::of(self.display.number(), "Slipway")
    }

    /// Carries these files over the window, from outside.
    pub fn drag(&self, paths: &[&Path]) -> Drag {
        Drag::over(self.display.number(), "Slipway", paths)
    }

    /// The hand on this window's mouse.
    pub fn pointer(&self) -> Pointer {
        Pointer::on(self.display.number())
    }

    /// Closes the dialog.
    pub async fn press_escape(&self) {
        self.keys("\u{e00c}").await;
    }

    /// Presses a key with Alt, as the window hears it.
    pub async fn press_alt(&self, key: &str) {
        let script = format!(
            "window.dispatchEvent(new KeyboardEvent('keydown', {{ key: '{key}', altKey: true, cancelable: true }}))"
        );
        self.client
            .execute(&script, Vec::new())
            .await
            .expect("the key is pressed");
    }

    /// Goes to an address of the app, and gives the milliseconds until the element with this id says these words.
    pub async fn time_to(&self, hash: &str, id: &str, words: &str) -> f64 {
        let script = "const [hash, id, words, done] = arguments; const start = performance.now(); location.hash = hash;
            const look = () => { const one = document.querySelector(`[data-testid=\"${id}\"]`);
              if (one && one.textContent.includes(words)) { done(performance.now() - start) }
              else if (performance.now() - start > 100000) { done(-1) } else { requestAnimationFrame(look) } }; look()";
        let arguments = vec![json!(hash), json!(id), json!(words)];
        let took = self
            .client
            .execute_async(script, arguments)
            .await
            .expect("it is timed");
        let took = took.as_f64().unwrap_or(-1.0);
        assert!(took >= 0.0, "{id} says “{words}” at {hash}");
        took
    }

    pub fn config_folder(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Closes the window and ends the driver. Gives the home that the app had, which goes with what is given.
    pub async fn close(self) -> TempDir {
        let _ = self.client.clone().close().await;
        drop(self.driver);
        self.folder
    }
}

/// Writes down what is pressed, and where; a press that comes beside its aim is heard by nobody else.
const LISTEN: &str = "window.__heard = [];
    for (const kind of ['mousedown', 'mouseup', 'click', 'change', 'submit', 'scroll']) {
      addEventListener(kind, (event) => {
        if (window.__aim && event.isTrusted && event.clientX !== undefined && !event.target.closest?.(window.__aim)) {
          window.__missed = true;
          event.preventDefault();
          event.stopImmediatePropagation();
        }
        const place = event.target.closest?.('[data-testid]');
        const box = place?.getBoundingClientRect();
        const at = event.clientX === undefined ? '' : ` at ${event.clientX},${event.clientY} of ${event.target.localName}`;
        const where = box ? ` ${Math.round(box.top)}..${Math.round(box.bottom)}` : '';
        window.__heard.push(`${(performance.now() / 1000).toFixed(3)} ${kind} ${place?.dataset.testid ?? event.target.localName}${where}${at}`);
      }, true);
    }";

/// WebKit's driver takes no picture of a page that is drawn without the graphics card: it waits for a frame that does not come.
fn for_pictures() -> Option<(String, OsString)> {
    takes_pictures().then(|| ("SLIPWAY_GRAPHICS_CARD".into(), "1".into()))
}

/// What the app finds in its environment, beside the keyring.
pub fn environment_of(home: &Path, display: &Display) -> Vec<(String, OsString)> {
    let mut all = vec![
        ("HOME".into(), home.into()),
        ("SLIPWAY_CONFIG_DIR".into(), home.join("config").into()),
        ("SLIPWAY_LOCAL_AGENT".into(), home.join("agent.sock").into()),
        ("SLIPWAY_LOCAL_DOCKER".into(), home.join("docker.sock").into()),
        ("NO_AT_BRIDGE".into(), "1".into()),
    ];
    all.extend(display.environment());
    all
}

async fn connect(port: u16, driver: &Daemon) -> Client {
    let options = json!({ "browserName": "wry", "tauri:options": { "application": environment::desktop() } });
    let capabilities = options.as_object().cloned().unwrap_or_default();
    let mut connector = TimeoutConnector::new(HttpConnector::new());
    connector.set_read_timeout(Some(SILENCE));
    let mut builder = ClientBuilder::new(connector);
    let opened = builder
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await;
    opened.unwrap_or_else(|error| panic!("the window does not open: {error}\n{}", driver.output()))
}
