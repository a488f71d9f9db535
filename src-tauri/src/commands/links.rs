//! Addresses that open outside the app.

use slipway_protocol::desktop::{Failure, FailureKind, OpenUrl};
use tauri::Url;

use crate::failures::{Answer, Refusal, answer, read};

#[tauri::command]
pub async fn open_url(args: String) -> Answer {
    answer(open(&args))
}

fn open(args: &str) -> Result<(), Refusal> {
    let request: OpenUrl = read(args)?;
    let url = web_address(&request.url)?;
    tauri_plugin_opener::open_url(url.as_str(), None::<&str>).map_err(|error| {
        Failure::new(
            FailureKind::App,
            format!("The browser could not be opened ({error}); copy the address instead."),
        )
        .into()
    })
}

/// Only the web: another scheme could start any program that has registered for it.
fn web_address(text: &str) -> Result<Url, Refusal> {
    let url = Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    url.ok_or_else(|| {
        Failure::new(
            FailureKind::Invalid,
            "Only http and https addresses are opened, and this is another; copy it instead.",
        )
        .into()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-S7: nothing but the web is opened outside.
    #[test]
    fn only_the_web_is_opened() {
        assert!(web_address("https://shop.example.org/").is_ok());
        for other in [
            "file:///etc/passwd",
            "javascript:alert(1)",
            "ssh://x",
            "-x",
            "",
            "mailto:a@b.c",
        ] {
            assert!(web_address(other).is_err(), "{other}");
        }
    }
}
