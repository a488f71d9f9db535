//! Pictures of the page: those of the repository, and those of what has failed.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Desk;
use crate::{environment, wait};

/// How long a picture may take. Without a graphics card it never comes.
const PICTURE: Duration = Duration::from_secs(60);

/// Whether new pictures are asked for. What a story does for a picture alone it does only then.
pub fn takes_pictures() -> bool {
    std::env::var_os("SLIPWAY_SCREENSHOTS").is_some()
}

impl Desk {
    /// The page as it is now, light and dark, in `docs/screenshots/`: only where `SLIPWAY_SCREENSHOTS` asks for new pictures.
    pub async fn shots(&self, name: &str) {
        if takes_pictures() {
            self.shot_in("dark", &format!("{name}-dark")).await;
            self.shot_in("light", name).await;
            self.run(MOVE).await;
        }
    }

    /// The same with high contrast, which has no other side.
    pub async fn contrast_shot(&self, name: &str) {
        if takes_pictures() {
            self.shot_in("contrast", &format!("{name}-contrast")).await;
            self.show("light").await;
            self.run(MOVE).await;
        }
    }

    async fn shot_in(&self, theme: &str, name: &str) {
        self.show(theme).await;
        let folder = environment::crate_folder().join("../docs/screenshots");
        self.shot_to(&folder.join(format!("{name}.png"))).await;
    }

    async fn show(&self, theme: &str) {
        self.run(STILL).await;
        let script = format!(
            "document.documentElement.setAttribute('data-theme', '{theme}');
             document.documentElement.classList.toggle('pf-v6-theme-dark', '{theme}' === 'dark')"
        );
        self.run(&script).await;
    }

    async fn shot_to(&self, path: &Path) {
        let png = self.picture().await;
        let png =
            png.unwrap_or_else(|why| panic!("no picture: {why}; the driver says:\n{}", self.driver.output()));
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder");
        fs::write(path, png).expect("the picture");
    }

    async fn picture(&self) -> Result<Vec<u8>, String> {
        // Fonts settle, and transitions end.
        tokio::time::sleep(Duration::from_millis(400)).await;
        let _ = self.client.execute_async(SETTLE, Vec::new()).await;
        match tokio::time::timeout(PICTURE, self.client.screenshot()).await {
            Ok(taken) => taken.map_err(|error| error.to_string()),
            Err(_) => Err(format!("it was not taken within {} s", PICTURE.as_secs())),
        }
    }

    /// Where it is, or why there is none: what has failed is worth more than its picture.
    pub(super) async fn fail_shot(&self) -> PathBuf {
        let path = environment::cache()
            .join("test-logs")
            .join(format!("{}.png", wait::unique("window-")));
        match self.picture().await {
            Ok(png) => fs::write(&path, png).map_or_else(|error| error.to_string().into(), |()| path),
            Err(why) => why.into(),
        }
    }
}

/// Another theme is there at once: a transition from the one before would be in the picture. A sheet that a script makes is no part of the
/// page's own styles, which the page's policy is about.
const STILL: &str = "if (!window.__still) {
      window.__still = new CSSStyleSheet();
      window.__still.replaceSync('*, *::before, *::after, ::backdrop { transition: none !important }');
    }
    if (!document.adoptedStyleSheets.includes(window.__still)) {
      document.adoptedStyleSheets = [...document.adoptedStyleSheets, window.__still];
    }";

const MOVE: &str =
    "document.adoptedStyleSheets = document.adoptedStyleSheets.filter((one) => one !== window.__still)";

/// What moves comes to its end; one that moves for ever has none and stands still instead. Then two frames, so that this is what is drawn;
/// a page that draws none is not waited for.
const SETTLE: &str = "const done = arguments[0];
    for (const one of document.getAnimations()) { try { one.finish() } catch { one.cancel() } }
    let told = false;
    const tell = () => { if (!told) { told = true; done(null) } };
    setTimeout(tell, 1000);
    requestAnimationFrame(() => requestAnimationFrame(tell))";
