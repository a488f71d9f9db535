//! `.dockerignore`, so far as it says what need not be sent. The agent applies it again, to the build.

use std::path::Path;

use slipway_protocol::RelativePath;
use slipway_protocol::docker_ignore::{DockerIgnore, LARGEST, NAME};

/// Reads `<Dockerfile>.dockerignore` if there is one, else `.dockerignore`: `content` gives what a file of the built folder holds.
/// What cannot be read leaves nothing out, nor does a file with a line that is no pattern: the agent refuses it by name.
pub(super) fn read(dockerfile: &RelativePath, content: impl Fn(&str) -> Option<Vec<u8>>) -> DockerIgnore {
    let own = format!("{dockerfile}{NAME}");
    let text = [own.as_str(), NAME].into_iter().find_map(content);
    let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
    let always = vec![dockerfile.to_string(), own, NAME.to_owned()];
    DockerIgnore::parse(&text, always).unwrap_or_else(|_| DockerIgnore::nothing())
}

/// A file of this machine, if it is one that a person may have written.
pub(super) fn file(path: &Path) -> Option<Vec<u8>> {
    let meta = std::fs::symlink_metadata(path).ok()?;
    (meta.is_file() && meta.len() <= LARGEST).then(|| std::fs::read(path).ok())?
}

/// The folder that is built, with `/` behind it; empty for all of what is sent.
pub(super) fn prefix(built: &RelativePath) -> String {
    match built.as_str().trim_start_matches("./") {
        "." | "" => String::new(),
        below => format!("{}/", below.trim_end_matches('/')),
    }
}
