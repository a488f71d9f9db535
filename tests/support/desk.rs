//! The real desktop window on a display of its own, driven through WebDriver as a person would use it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fantoccini::elements::Element;
use fantoccini::{Client, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;
use tempfile::TempDir;

use crate::environment;
use crate::keyring::Keyring;
use crate::process::{Daemon, Start};
use crate::wait;

const PATIENCE: Duration = Duration::from_secs(30);

/// A window with its display, its driver and its configuration folder.
pub struct Desk {
    client: Client,
    driver: Daemon,
    // Ends after the driver, which ends the window.
    display: Daemon,
    folder: TempDir,
}

impl Desk {
    pub async fn open(keyring: &Keyring) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("sw-desk-")
            .tempdir()
            .expect("a folder");
        Self::open_in(folder, keyring).await
    }

    /// Closes the window and opens it again, with the settings that it had.
    pub async fn reopen(self, keyring: &Keyring) -> Self {
        let _ = self.client.close().await;
        drop(self.driver);
        drop(self.display);
        Self::open_in(self.folder, keyring).await
    }

    async fn open_in(folder: TempDir, keyring: &Keyring) -> Self {
        let log = |name: &str| folder.path().join(name);
        // It names the display; that of an earlier window says nothing any more.
        let _ = fs::remove_file(log("display.log"));
        let display = Start::new("Xvfb")
            .args([
                "-displayfd",
                "1",
                "-screen",
                "0",
                "1440x900x24",
                "-nolisten",
                "tcp",
            ])
            .daemon(&log("display.log"));
        wait::until("the display is there", PATIENCE, async || {
            number(&display).is_some()
        })
        .await;
        let (port, native) = (wait::free_port(), wait::free_port());
        let driver = Start::new(environment::tauri_driver())
            .args(["--port", &port.to_string(), "--native-port", &native.to_string()])
            .envs(keyring.environment())
            .env("HOME", folder.path())
            .env("DISPLAY", format!(":{}", number(&display).expect("a number")))
            .env("GDK_BACKEND", "x11")
            .env("SLIPWAY_CONFIG_DIR", folder.path().join("config"))
            .env("NO_AT_BRIDGE", "1")
            .daemon(&log("driver.log"));
        // Both: tauri-driver listens before the one below it does, and passes calls on that nobody hears.
        for port in [port, native] {
            wait::until("the driver listens", PATIENCE, async || {
                tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok()
            })
            .await;
        }
        let client = connect(port, &driver).await;
        Self {
            client,
            driver,
            display,
            folder,
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

    /// Presses it once it can be pressed.
    pub async fn press(&self, id: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let element = self.see(id).await;
            let enabled = element.is_enabled().await.unwrap_or(false);
            match element.click().await {
                Ok(()) if enabled => return,
                outcome => assert!(Instant::now() < end, "{id} cannot be pressed: {outcome:?}"),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Puts this text into a field in place of what is there.
    pub async fn fill(&self, id: &str, text: &str) {
        let field = self.see(id).await;
        field
            .clear()
            .await
            .unwrap_or_else(|error| panic!("{id} cannot be emptied: {error}"));
        field
            .send_keys(text)
            .await
            .unwrap_or_else(|error| panic!("{id} cannot be filled: {error}"));
    }

    /// What the element with this id says.
    pub async fn says(&self, id: &str) -> String {
        self.see(id).await.text().await.unwrap_or_default()
    }

    pub async fn wait_until_says(&self, id: &str, words: &str, patience: Duration) {
        let end = Instant::now() + patience;
        loop {
            let said = self.says(id).await;
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

    /// Waits until nothing with this id is shown any more.
    pub async fn gone(&self, id: &str) {
        let end = Instant::now() + PATIENCE;
        while self.is_shown(id).await {
            assert!(Instant::now() < end, "{id} does not go away");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The page as it is now, light and dark, in `docs/screenshots/`: only where `SLIPWAY_SCREENSHOTS` asks for new pictures.
    pub async fn shots(&self, name: &str) {
        if std::env::var_os("SLIPWAY_SCREENSHOTS").is_none() {
            return;
        }
        let folder = environment::crate_folder().join("../docs/screenshots");
        for (theme, suffix) in [("dark", "-dark"), ("light", "")] {
            let script = format!(
                "document.documentElement.setAttribute('data-theme', '{theme}');
                 document.documentElement.classList.toggle('pf-v6-theme-dark', '{theme}' === 'dark')"
            );
            self.client
                .execute(&script, Vec::new())
                .await
                .expect("the theme changes");
            self.shot_to(&folder.join(format!("{name}{suffix}.png"))).await;
        }
    }

    async fn shot_to(&self, path: &Path) {
        // Fonts settle, and transitions end; one that moves for ever has no end and stands still instead.
        tokio::time::sleep(Duration::from_millis(400)).await;
        let script =
            "for (const one of document.getAnimations()) { try { one.finish() } catch { one.cancel() } }";
        let _ = self.client.execute(script, Vec::new()).await;
        let png = self.client.screenshot().await.expect("a picture");
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(path, png).expect("the picture");
    }

    async fn fail_shot(&self) -> PathBuf {
        let path = environment::cache()
            .join("test-logs")
            .join(format!("{}.png", wait::unique("window-")));
        self.shot_to(&path).await;
        path
    }

    async fn page_text(&self) -> String {
        match self.client.find(Locator::Css("body")).await {
            Ok(body) => body.text().await.unwrap_or_default(),
            Err(error) => error.to_string(),
        }
    }

    pub fn config_folder(&self) -> PathBuf {
        self.folder.path().join("config")
    }

    /// Closes the window and ends the driver.
    pub async fn close(self) {
        let _ = self.client.clone().close().await;
        drop(self.driver);
    }
}

fn number(display: &Daemon) -> Option<u32> {
    display.output().lines().find_map(|line| line.trim().parse().ok())
}

async fn connect(port: u16, driver: &Daemon) -> Client {
    let options = json!({ "browserName": "wry", "tauri:options": { "application": environment::desktop() } });
    let capabilities = options.as_object().cloned().unwrap_or_default();
    let mut builder = ClientBuilder::new(HttpConnector::new());
    let opened = builder
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await;
    opened.unwrap_or_else(|error| panic!("the window does not open: {error}\n{}", driver.output()))
}
