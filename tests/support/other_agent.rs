//! Programs of the agent that are not the present one. The product has no way to say another version than its own, so these are copies of the
//! built program in which a text is another one of the same length: all else is the program of these tests.

use std::fs;
use std::path::Path;

use slipway_protocol::server::is_newer;
use tempfile::TempDir;

use crate::environment;

/// The version of the program of these tests.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An agent in a folder from which a client brings it to servers.
pub struct OtherAgent {
    folder: TempDir,
}

impl OtherAgent {
    /// The present program with each of these texts replaced, wherever it stands.
    pub fn with(texts: &[(&str, &str)]) -> Self {
        let mut program = fs::read(environment::agent()).expect("the agent");
        for (from, to) in texts {
            assert_eq!(from.len(), to.len(), "“{from}” and “{to}” are of one length");
            let places = replace(&mut program, from.as_bytes(), to.as_bytes());
            assert!(places > 0, "“{from}” stands in the agent");
        }
        let folder = tempfile::Builder::new()
            .prefix("sw-agent-")
            .tempdir()
            .expect("a folder");
        let name = format!("slipway-agent-{}", std::env::consts::ARCH);
        fs::write(folder.path().join(name), program).expect("the other agent");
        Self { folder }
    }

    /// The present program as one of this version.
    pub fn of_version(version: &str) -> Self {
        Self::with(&[(VERSION, version)])
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// A version before that of these tests, written in as many letters.
pub fn earlier_version() -> String {
    let mut letters: Vec<char> = VERSION.chars().collect();
    for letter in letters.iter_mut().rev() {
        match letter {
            '0' => *letter = '9',
            '1'..='9' => {
                *letter = char::from_digit(letter.to_digit(10).unwrap_or(1) - 1, 10).unwrap_or('0');
                break;
            }
            _ => {}
        }
    }
    let earlier: String = letters.into_iter().collect();
    assert!(is_newer(VERSION, &earlier), "{earlier} is before {VERSION}");
    earlier
}

/// How often it stood there.
fn replace(bytes: &mut [u8], from: &[u8], to: &[u8]) -> usize {
    let (mut places, mut begin) = (0, 0);
    while let Some(at) = bytes[begin..].windows(from.len()).position(|there| there == from) {
        let end = begin + at + from.len();
        bytes[begin + at..end].copy_from_slice(to);
        (places, begin) = (places + 1, end);
    }
    places
}
