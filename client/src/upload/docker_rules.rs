//! `.dockerignore`, so far as it says what need not be sent. The agent applies it again, to the build.

use std::path::Path;

use slipway_protocol::RelativePath;
use slipway_protocol::docker_ignore::{DockerIgnore, LARGEST, NAME};

/// Reads `<Dockerfile>.dockerignore` if there is one, else `.dockerignore`. What cannot be read leaves nothing out, nor does a
/// file with a line that is no pattern: the agent refuses it by name.
pub(super) fn read(folder: &Path, dockerfile: &RelativePath) -> DockerIgnore {
    let own = format!("{dockerfile}{NAME}");
    let text = [own.as_str(), NAME].into_iter().find_map(|name| {
        let path = folder.join(name);
        let meta = std::fs::symlink_metadata(&path).ok()?;
        (meta.is_file() && meta.len() <= LARGEST).then(|| std::fs::read(path).ok())?
    });
    let text = String::from_utf8_lossy(&text.unwrap_or_default()).into_owned();
    let always = vec![dockerfile.to_string(), own, NAME.to_owned()];
    DockerIgnore::parse(&text, always).unwrap_or_else(|_| DockerIgnore::nothing())
}
