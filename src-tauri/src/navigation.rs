//! The window shows the app's own pages and goes nowhere else: what a page could be led to (an address in a text, a redirect that was
//! laid into it) is not followed. Addresses are opened in the browser, by `open_url`.

use tauri::plugin::{Builder, TauriPlugin};
use tauri::{Runtime, Url};

pub fn plugin<R: Runtime>() -> TauriPlugin<R> {
    Builder::new("navigation")
        .on_navigation(|_, url| is_own(url))
        .build()
}

/// The app's pages: `tauri://localhost` on Linux and macOS, `http://tauri.localhost` on Windows.
fn is_own(url: &Url) -> bool {
    match url.scheme() {
        "tauri" => url.host_str() == Some("localhost"),
        "http" | "https" => url.host_str() == Some("tauri.localhost") && url.port().is_none(),
        "about" => url.path() == "blank",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-S7: the window leads nowhere but to its own pages.
    #[test]
    fn only_own_pages_are_shown() {
        let own = |text: &str| is_own(&Url::parse(text).expect("an address"));
        for page in [
            "tauri://localhost/index.html#/c/1",
            "http://tauri.localhost/",
            "about:blank",
        ] {
            assert!(own(page), "{page}");
        }
        for other in [
            "https://evil.example/",
            "http://localhost/",
            "http://tauri.localhost.evil.example/",
            "http://tauri.localhost:8080/",
            "tauri://evil/",
            "file:///etc/passwd",
            "data:text/html,x",
            "javascript:alert(1)",
            "about:srcdoc",
        ] {
            assert!(!own(other), "{other}");
        }
    }
}
