//! A path below a folder, parsed: its steps are plain names, bounded in length and depth.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use slipway_protocol::upload::{DEEPEST, LONGEST_NAME, LONGEST_PATH};

/// Why a path is refused, as it follows the path in a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPath {
    #[error("is an absolute path")]
    Absolute,
    #[error("leads out of the folder with “..”")]
    Up,
    #[error("has a path that is longer than 1024 bytes, or a name longer than 255")]
    Long,
    #[error("lies more than 64 folders deep")]
    Deep,
    #[error("has a zero byte in its path")]
    Zero,
}

/// The steps from the folder to the thing itself: none is empty, `.` or `..`. The folder itself has none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    /// The steps with `/` between them.
    path: Vec<u8>,
}

impl Parts {
    /// Parses a path as it stands in an archive: `./a//b/` is `a/b`.
    pub fn parse(path: &[u8]) -> Result<Self, BadPath> {
        if path.starts_with(b"/") {
            return Err(BadPath::Absolute);
        }
        if path.contains(&0) {
            return Err(BadPath::Zero);
        }
        let steps: Vec<&[u8]> = path
            .split(|byte| *byte == b'/')
            .filter(|step| !step.is_empty() && *step != b".")
            .collect();
        if steps.iter().any(|step| *step == b"..") {
            return Err(BadPath::Up);
        }
        if path.len() > LONGEST_PATH || steps.iter().any(|step| step.len() > LONGEST_NAME) {
            return Err(BadPath::Long);
        }
        if steps.len() > DEEPEST {
            return Err(BadPath::Deep);
        }
        Ok(Self {
            path: steps.join(&b'/'),
        })
    }

    /// It is the folder itself.
    pub fn is_top(&self) -> bool {
        self.path.is_empty()
    }

    pub fn whole(&self) -> &[u8] {
        &self.path
    }

    pub fn all(&self) -> impl Iterator<Item = &OsStr> {
        self.path
            .split(|byte| *byte == b'/')
            .filter(|step| !step.is_empty())
            .map(OsStr::from_bytes)
    }

    pub fn parent(&self) -> &[u8] {
        let end = self.path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        &self.path[..end]
    }

    pub fn above(&self) -> impl Iterator<Item = &OsStr> {
        let count = self.all().count().saturating_sub(1);
        self.all().take(count)
    }

    /// The last step.
    pub fn name(&self) -> &OsStr {
        self.all().last().unwrap_or_default()
    }

    /// Whether a link of this path with this target stays below the folder, whatever other links there are. Steps up may only
    /// stand at its beginning: behind a name they would start from wherever that name, itself a link, leads to.
    pub fn may_link_to(&self, target: &[u8]) -> bool {
        if target.is_empty() || target.len() > LONGEST_PATH || target.starts_with(b"/") || target.contains(&0)
        {
            return false;
        }
        let mut steps = target
            .split(|byte| *byte == b'/')
            .filter(|step| !step.is_empty() && *step != b".")
            .peekable();
        let mut up = 0;
        while steps.next_if(|step| *step == b"..").is_some() {
            up += 1;
        }
        up <= self.above().count() && steps.all(|step| step != b"..")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// FR-SRC-04: what leads out of the folder, or is larger than a path is, is refused.
    #[test]
    fn paths_stay_below() {
        for (path, whole) in [
            ("a/b", "a/b"),
            ("./a//b/", "a/b"),
            ("", ""),
            ("./", ""),
            ("..a/b..", "..a/b.."),
        ] {
            assert_eq!(
                Parts::parse(path.as_bytes()).unwrap().whole(),
                whole.as_bytes(),
                "{path}"
            );
        }
        let (long, deep) = ("x".repeat(256), "d/".repeat(65));
        for (path, why) in [
            ("/etc/passwd", BadPath::Absolute),
            ("../a", BadPath::Up),
            ("a/../../b", BadPath::Up),
            ("a/..", BadPath::Up),
            ("a\0b", BadPath::Zero),
            (&long, BadPath::Long),
            (&deep, BadPath::Deep),
        ] {
            assert_eq!(Parts::parse(path.as_bytes()), Err(why), "{path}");
        }
    }

    /// FR-SRC-04: a link leads to a place below the folder, also through other links.
    #[test]
    fn links_stay_below() {
        for (path, target, may) in [
            ("a", "b", true),
            ("a/b/c", "../../d", true),
            ("a/b/c", "../../../d", false),
            ("a", "..", false),
            ("a", "/etc", false),
            ("a/b", "c/../d", false),
            ("a/b", "", false),
            ("a/b", "./../c", true),
        ] {
            assert_eq!(
                Parts::parse(path.as_bytes())
                    .unwrap()
                    .may_link_to(target.as_bytes()),
                may,
                "{path} {target}"
            );
        }
    }

    proptest! {
        /// NFR-S2: whatever stands in an archive, a path that parses has no step that leads up or nowhere.
        #[test]
        fn steps_are_names(path in "[./a]{0,30}") {
            if let Ok(parts) = Parts::parse(path.as_bytes()) {
                prop_assert!(parts.all().all(|step| step != ".." && step != "." && !step.is_empty()));
            }
        }
    }
}
