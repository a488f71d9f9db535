//! The way to the engine, and the level of its API that is spoken on it.

use std::path::{Path, PathBuf};

use bollard::ClientVersion;

use super::raw;
use super::{CALL_LIMIT, DockerError};

/// `1.41`, that of Debian's 20.10, wherever the engine takes it. Only an engine that takes nothing so old is spoken to at the oldest level that it
/// takes: those of Docker 29.0 to 29.2 begin with 1.44. See decision 0007.
const USUAL: usize = 41;

/// What is agreed with an engine.
#[derive(Clone)]
pub(super) struct Spoken {
    pub api: bollard::Docker,
    pub socket: PathBuf,
    minor: usize,
}

impl Spoken {
    /// Asks the engine behind the socket for the oldest level that it takes (Docker Engine API, “Get version”).
    pub async fn agree(socket: &Path) -> Result<Self, DockerError> {
        let version = raw::get_whole(socket, "/version").await?;
        let minor = version["MinAPIVersion"].as_str().map_or(USUAL, level);
        let at = ClientVersion {
            major_version: 1,
            minor_version: minor,
        };
        let api = bollard::Docker::connect_with_unix(&socket.to_string_lossy(), CALL_LIMIT, &at)?;
        Ok(Self {
            api,
            socket: socket.to_owned(),
            minor,
        })
    }

    /// What a request for this path is sent to.
    pub fn target(&self, path: &str) -> String {
        format!("/v1.{}{path}", self.minor)
    }
}

/// The level to speak with an engine whose oldest one is this.
fn level(oldest: &str) -> usize {
    let minor = oldest.strip_prefix("1.").and_then(|minor| minor.parse().ok());
    minor.unwrap_or(USUAL).max(USUAL)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-C1: an engine that still takes the usual level gets it, a newer one its oldest.
    #[test]
    fn the_usual_level_where_it_is_taken() {
        let said = ["1.12", "1.24", "1.40", "1.41", "1.44", "1.60", "", "2.0", "x"];
        assert_eq!(said.map(level), [41, 41, 41, 41, 44, 60, 41, 41, 41]);
    }
}
