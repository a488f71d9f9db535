//! The `.dockerignore` of a checkout. Its patterns are applied here because BuildKit takes a context that arrives as an archive
//! as it is.

use std::path::Path;

use slipway_protocol::RelativePath;
use slipway_protocol::docker_ignore::{DockerIgnore, LARGEST, NAME};

#[derive(Debug, thiserror::Error)]
pub(super) enum IgnoreError {
    #[error("line {line} of {name} is not a pattern; see Docker's rules for .dockerignore files")]
    Pattern { name: String, line: usize },
    #[error("{name} is larger than 1 MiB; a list of patterns is short")]
    TooLarge { name: String },
    #[error("{name} could not be read: {source}")]
    Read { name: String, source: std::io::Error },
}

/// Reads `<Dockerfile>.dockerignore` if there is one, else `.dockerignore`. Only a plain file counts: a link could lead
/// out of the checkout. Without such a file these other patterns count.
pub(super) fn read(
    folder: &Path,
    dockerfile: &RelativePath,
    otherwise: &[&str],
) -> Result<DockerIgnore, IgnoreError> {
    let own = format!("{dockerfile}{NAME}");
    let found = [own.as_str(), NAME].into_iter().find_map(|name| {
        let metadata = std::fs::symlink_metadata(folder.join(name)).ok()?;
        metadata.is_file().then(|| (name.to_owned(), metadata.len()))
    });
    let text = match &found {
        None => otherwise.join("\n"),
        Some((name, length)) if *length > LARGEST => {
            return Err(IgnoreError::TooLarge { name: name.clone() });
        }
        Some((name, _)) => {
            let bytes = std::fs::read(folder.join(name)).map_err(|source| IgnoreError::Read {
                name: name.clone(),
                source,
            })?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
    };
    let name = found.map_or_else(|| NAME.to_owned(), |(name, _)| name);
    let always = vec![dockerfile.to_string(), NAME.to_owned()];
    DockerIgnore::parse(&text, always).map_err(|line| IgnoreError::Pattern { name, line })
}
