//! Links into the app (`slipway://…`): the system starts the app with one, and they wait until the window asks for them.
//!
//! A link only names a page. The window shows it and follows it if the person says so; nothing else comes of it here.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use slipway_protocol::desktop::OpenedLink;
use tokio::sync::Notify;

const SCHEME: &str = "slipway://";
/// Longer than any address of a page.
const LONGEST: usize = 300;
/// Who opens more at once does not want to see them all.
const MOST: usize = 8;

#[derive(Default)]
pub struct OpenedLinks {
    waiting: Mutex<VecDeque<OpenedLink>>,
    more: Notify,
    /// The window has asked for them.
    asked: AtomicBool,
}

impl OpenedLinks {
    /// Takes what of these texts is a link into the app.
    pub fn take<'a>(&self, texts: impl IntoIterator<Item = &'a str>) {
        self.keep(texts.into_iter().filter_map(parse));
    }

    /// Takes a link that the app has made itself; it is followed without a question.
    pub fn take_own(&self, address: String) {
        self.keep([OpenedLink {
            address,
            own: true,
            first: false,
        }]);
    }

    fn keep(&self, links: impl IntoIterator<Item = OpenedLink>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let first = !self.asked.load(Ordering::Relaxed);
        for link in links {
            if waiting.len() == MOST {
                waiting.pop_front();
            }
            waiting.push_back(OpenedLink { first, ..link });
        }
        drop(waiting);
        self.more.notify_one();
    }

    /// The next one, as soon as there is one.
    pub async fn next(&self) -> OpenedLink {
        self.asked.store(true, Ordering::Relaxed);
        loop {
            let next = self
                .waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front();
            match next {
                Some(link) => return link,
                None => self.more.notified().await,
            }
        }
    }
}

/// Plain characters only: ids, the names of pages, and what separates them.
fn parse(text: &str) -> Option<OpenedLink> {
    let rest = text.strip_prefix(SCHEME)?;
    let plain = rest
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_/?=".contains(c));
    (plain && text.len() <= LONGEST).then(|| OpenedLink {
        address: text.to_owned(),
        own: false,
        first: false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-01, NFR-S7: a link is an address of the app in plain characters; everything else on a command line is none.
    #[test]
    fn only_plain_links_are_taken() {
        assert!(parse("slipway://c/018f0000-0000-7000-8000-000000000001/app/x/logs?y=1").is_some());
        for other in [
            "slipway:c/1",
            "https://x",
            "--flag",
            "slipway://<script>",
            "slipway://a b",
            "slipway://a%0d",
            "slipway://../../é",
        ] {
            assert_eq!(parse(other), None, "{other}");
        }
        assert_eq!(parse(&format!("slipway://{}", "a".repeat(300))), None);
    }

    /// FR-DSK-01: each kind of package that is installed tells the system whose links these are: Tauri's packer reads of macOS and Windows
    /// what it would of its plugin for links, and the entry of deb and rpm names the scheme itself.
    #[test]
    fn packages_register_the_scheme() {
        let scheme = SCHEME.trim_end_matches("://");
        for settings in [
            include_str!("../tauri.macos.conf.json"),
            include_str!("../tauri.windows.conf.json"),
        ] {
            let settings: serde_json::Value = serde_json::from_str(settings).unwrap();
            let schemes = &settings["plugins"]["deep-link"]["desktop"]["schemes"];
            assert_eq!(*schemes, serde_json::json!([scheme]));
        }
        let entry = include_str!("../slipway.desktop");
        assert!(entry.contains(&format!("MimeType=x-scheme-handler/{scheme};")));
        assert!(entry.contains(" %u\n"), "the link is passed on");
    }

    /// FR-DSK-01: links wait for the window, in their order, and a flood keeps the newest.
    #[tokio::test]
    async fn links_wait_for_the_window() {
        let links = OpenedLinks::default();
        links.take(["/usr/bin/slipway-desktop", "slipway://c/1", "slipway://c/2"]);
        let first = links.next().await;
        assert_eq!(first.address, "slipway://c/1");
        assert!(first.first, "the app was started by it");
        assert_eq!(links.next().await.address, "slipway://c/2");
        let many: Vec<String> = (0..20).map(|n| format!("slipway://c/{n}")).collect();
        links.take(many.iter().map(String::as_str));
        let later = links.next().await;
        assert_eq!(later.address, "slipway://c/12");
        assert!(!later.first, "the window was there");
    }
}
