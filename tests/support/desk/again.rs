//! The app started once more, beside one that answers, that does not yet, or that ends.

use std::ffi::OsString;
use std::fs;

use nix::sys::signal::Signal;

use super::{Desk, PATIENCE, environment_of};
use crate::environment;
use crate::keyring::Keyring;
use crate::process::{self, Start};
use crate::{usage, wait};

/// What an app writes that waits for another one.
const WAITS: &str = "the app runs already but does not answer";

impl Desk {
    /// The app's own process.
    pub(super) fn app(&self) -> Vec<(i32, String)> {
        let mut app = process::descendants(self.driver.pid());
        app.retain(|(_, name)| name == "slipway-desktop");
        app
    }

    /// The most memory that the app's own process has had, in bytes. What a server says is there before the page has it.
    pub fn peak_memory(&self) -> u64 {
        let app = self.app();
        let pids = app.iter().filter_map(|(pid, _)| u32::try_from(*pid).ok());
        pids.map(usage::peak_resident).sum()
    }

    /// Opens the window again, of an app that finds this in its environment, and no more what it found there before.
    pub async fn reopen_with(mut self, keyring: &Keyring, more: &[(String, OsString)]) -> Self {
        self.more = more.to_vec();
        self.reopen(keyring).await
    }

    /// Starts the app once more, as the system does when somebody opens a link; waits until that one has ended.
    pub async fn start_again(&self, link: &str, keyring: &Keyring) {
        let start = Start::new(environment::desktop())
            .arg(link)
            .envs(keyring.environment())
            .envs(environment_of(self.folder.path(), &self.display));
        let ended = start.run(PATIENCE).await;
        assert_eq!(ended.code(), 0, "the second app ends by itself: {}", ended.stderr);
    }

    /// The same while the app stands still; it goes on as soon as the second one has been started.
    pub async fn start_again_at_rest(&self, link: &str, keyring: &Keyring) {
        let app = self.app();
        process::signal_all(&app, Signal::SIGSTOP);
        let program = environment::desktop();
        let words = [program.to_str().expect("a plain path"), link];
        let goes_on = async {
            wait::until("the second app runs", PATIENCE, async || process::runs(&words)).await;
            process::signal_all(&app, Signal::SIGCONT);
        };
        tokio::join!(self.start_again(link, keyring), goes_on);
    }

    /// Opens the app again while this one has its name still and hears nobody, as at its end. It is gone only when the next one waits.
    pub async fn reopen_while_it_ends(self, keyring: &Keyring) -> Self {
        let app = self.app();
        assert!(!app.is_empty(), "the app runs");
        process::signal_all(&app, Signal::SIGSTOP);
        let Self {
            client,
            driver,
            display,
            folder,
            more,
            ..
        } = self;
        let log = folder.path().join("driver.log");
        let waits = || fs::read_to_string(&log).is_ok_and(|text| text.contains(WAITS));
        let ends = async {
            wait::until("the next app waits for this one", PATIENCE, async || waits()).await;
            process::kill_all(&app);
        };
        let (next, ()) = tokio::join!(Self::open_in(folder, keyring, more), ends);
        drop((client, driver, display));
        next
    }
}
