//! How soon the app shows its first page, and what that holds, beside an empty page of the same webview in the webview's own small
//! browser. Nothing drives them: a driver costs time and memory.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use acceptance::desk::environment_of;
use acceptance::display::Display;
use acceptance::keyring::Keyring;
use acceptance::process::{self, Start};
use acceptance::window_manager::WindowManager;
use acceptance::{environment, usage};

use crate::{median, mib, ms, tell};

const ROUNDS: usize = 5;
const LOOK: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);
/// After the page is shown, its memory still grows a little.
const SETTLED: Duration = Duration::from_secs(5);
/// A page with text in it has more colours.
const TEXT: usize = 12;
const EMPTY: &str = "<!doctype html><title>empty</title><body style='font: 40px sans-serif'><p style='margin-top: 45vh'>Nothing else</p>";

#[expect(
    clippy::cast_precision_loss,
    reason = "a number of bytes that a machine has is far from 2^52"
)]
pub async fn measure(keyring: &Keyring) {
    let (mut own, mut empty) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let app = |_: &Path| Start::new(environment::desktop());
        own.push(open(keyring, "Slipway", app).await);
        if let Some(browser) = browser() {
            let start = |folder: &Path| {
                let page = folder.join("empty.html");
                fs::write(&page, EMPTY).expect("a page");
                Start::new(&browser)
                    .arg("--private")
                    .arg(format!("file://{}", page.display()))
            };
            empty.push(open(keyring, "empty", start).await);
        }
    }
    let (shown, memory) = medians(own);
    tell("start of the program to a page (≤ 1 s)", ms(shown));
    tell("memory with its webview (≤ 150 MB)", mib(memory));
    if empty.is_empty() {
        println!("  the webview's own browser (MiniBrowser) is not on this machine");
        return;
    }
    let (empty_shown, empty_memory) = medians(empty);
    tell("an empty page of the same webview", ms(empty_shown));
    tell("its memory", mib(empty_memory));
    let times = shown.as_secs_f64() / empty_shown.as_secs_f64();
    tell("the app's time / that", format!("{times:.2}"));
    let memory = memory as f64 / empty_memory as f64;
    tell("the app's memory / that", format!("{memory:.2}"));
}

/// The program that WebKitGTK has for trying itself out.
fn browser() -> Option<PathBuf> {
    let libraries = fs::read_dir("/usr/lib").ok()?;
    let places = libraries
        .flatten()
        .map(|entry| entry.path().join("webkit2gtk-4.1/MiniBrowser"));
    places.into_iter().find(|path| path.exists())
}

/// From the start of a program to text in its window, and what all its processes hold then, in bytes.
async fn open(keyring: &Keyring, title: &str, start: impl Fn(&Path) -> Start) -> (Duration, u64) {
    let folder = tempfile::Builder::new()
        .prefix("sw-page-")
        .tempdir()
        .expect("a folder");
    let display = Display::start(folder.path()).await;
    let start = start(folder.path())
        .envs(keyring.environment())
        .envs(environment_of(folder.path(), &display));
    let mut screen = WindowManager::of(display.number(), title);
    let begun = Instant::now();
    let program = start.daemon(&folder.path().join("program.log"));
    while screen.colours() < TEXT {
        assert!(begun.elapsed() < PATIENCE, "no page: {}", program.output());
        tokio::time::sleep(LOOK).await;
    }
    let shown = begun.elapsed();
    tokio::time::sleep(SETTLED).await;
    let below = process::descendants(program.pid());
    let all = below.iter().filter_map(|(pid, _)| u32::try_from(*pid).ok());
    let memory = usage::proportional(program.pid()) + all.map(usage::proportional).sum::<u64>();
    (shown, memory)
}

fn medians(rounds: Vec<(Duration, u64)>) -> (Duration, u64) {
    let (times, sizes): (Vec<Duration>, Vec<u64>) = rounds.into_iter().unzip();
    (median(times), median(sizes))
}
