//! Where this build looks for newer versions, and whose signature it trusts. Whoever makes a release names both while it is built.

use tauri::Url;

/// The list of versions, in the form of Tauri's updater
/// (<https://v2.tauri.app/plugin/updater/#static-json-file>).
#[derive(Clone, Debug)]
pub struct Feed {
    pub address: Url,
    /// The public key of the releases: minisign's text, in base64.
    pub key: String,
}

impl Feed {
    /// The host, for sentences.
    pub fn host(&self) -> &str {
        self.address.host_str().unwrap_or("the feed")
    }
}

/// The feed of this build, or the sentence that says why it has none.
pub fn of_this_build() -> Result<Feed, String> {
    parsed(
        named("SLIPWAY_UPDATE_FEED", option_env!("SLIPWAY_UPDATE_FEED")),
        named("SLIPWAY_UPDATE_KEY", option_env!("SLIPWAY_UPDATE_KEY")),
    )
}

fn parsed(address: Option<String>, key: Option<String>) -> Result<Feed, String> {
    // A variable that is set to nothing is none.
    let told = |text: &String| !text.is_empty();
    let (Some(address), Some(key)) = (address.filter(told), key.filter(told)) else {
        let sentence = "This build names no list of versions, so it does not look for newer ones; take them where you took this one.";
        return Err(sentence.to_owned());
    };
    let address = Url::parse(&address).ok().filter(is_allowed);
    let Some(address) = address else {
        let sentence = "The list of versions that this build names has no https address, so it is not asked; take newer versions where you took this one.";
        return Err(sentence.to_owned());
    };
    Ok(Feed { address, key })
}

/// Nobody on the way can see or change what comes from there. Builds for development may do without.
pub fn is_allowed(address: &Url) -> bool {
    address.scheme() == "https" || (cfg!(debug_assertions) && address.scheme() == "http")
}

/// Only builds for development let their surroundings say so.
#[cfg(debug_assertions)]
fn named(name: &str, built: Option<&str>) -> Option<String> {
    std::env::var(name).ok().or(built.map(str::to_owned))
}

#[cfg(not(debug_assertions))]
fn named(_: &str, built: Option<&str>) -> Option<String> {
    built.map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DSK-07: without a feed or with one that is no https address nothing is asked, and a sentence says so.
    #[test]
    fn a_feed_is_whole_or_is_not_asked() {
        let text = |text: &str| Some(text.to_owned());
        assert!(parsed(None, text("key")).is_err());
        assert!(parsed(text("https://example.org/latest.json"), None).is_err());
        for address in [
            "",
            "latest.json",
            "http:",
            "file:///etc/passwd",
            "ftp://example.org/x",
        ] {
            assert!(parsed(text(address), text("key")).is_err(), "{address}");
        }
        let feed = parsed(text("https://example.org/latest.json"), text("key")).unwrap();
        assert_eq!(feed.host(), "example.org");
    }
}
