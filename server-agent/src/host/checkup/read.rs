//! Reads the server's files with bounds: what is no file, or too long, is not read.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use nix::fcntl::OFlag;

/// A file is at most this long, in bytes; none that is looked at here has a reason to be longer.
const LARGEST: u64 = 256 * 1024;
/// So many files of a folder are looked at.
const MOST_FILES: usize = 100;

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    There(String),
    Absent,
    /// A sentence without its end: what could not be read, and why.
    Unreadable(String),
}

impl Text {
    /// What is in it, where it could be read.
    pub fn there(self) -> Option<String> {
        match self {
            Self::There(text) => Some(text),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }
}

/// Reads a file. A pipe or a device in its place makes nobody wait.
pub fn text(path: &Path) -> Text {
    match bounded(path) {
        Ok(text) => Text::There(text),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Text::Absent,
        Err(error) => Text::Unreadable(format!("{} could not be read: {error}", path.display())),
    }
}

fn bounded(path: &Path) -> std::io::Result<String> {
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlag::O_NONBLOCK.bits())
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other("it is larger than 256 KiB"));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The files of a pattern, by name; `*` and `?` stand in its last part only. An error is a sentence without its end.
pub fn matching(pattern: &str) -> Result<Vec<PathBuf>, String> {
    let path = Path::new(pattern);
    let wild = |text: &str| text.contains(['*', '?', '[']);
    let (Some(folder), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(format!("{pattern} names no file"));
    };
    if !wild(pattern) {
        return Ok(vec![path.to_owned()]);
    }
    if wild(&folder.to_string_lossy()) || name.contains('[') {
        return Err(format!("{pattern} is a pattern that is not followed here"));
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{} could not be read: {error}", folder.display())),
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| fits(name.as_bytes(), entry.file_name().as_encoded_bytes()))
        .map(|entry| entry.path())
        .take(MOST_FILES + 1)
        .collect();
    if found.len() > MOST_FILES {
        return Err(format!("{} holds more than {MOST_FILES} files", folder.display()));
    }
    found.sort();
    Ok(found)
}

/// Whether a name fits a pattern of letters, `*` and `?`; a name that begins with a dot only fits one that does (glob(7)).
fn fits(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    let (mut at, mut seen) = (0, 0);
    // Where the last `*` stands, and how much of the name it has taken.
    let mut star: Option<(usize, usize)> = None;
    while seen < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(letter) if *letter == b'?' || *letter == name[seen] => {
                at += 1;
                seen += 1;
            }
            _ => match star {
                Some((before, taken)) => {
                    star = Some((before, taken + 1));
                    at = before + 1;
                    seen = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == b'*')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// FR-HST-06: a file is read as it is; what is absent, no file, or too long is said to be so, and nobody waits for a pipe.
    #[test]
    fn files_are_read_with_bounds() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("small"), "text\n").unwrap();
        std::fs::write(path("large"), vec![b'x'; 256 * 1024 + 1]).unwrap();
        nix::unistd::mkfifo(&path("pipe"), nix::sys::stat::Mode::S_IRUSR).unwrap();
        assert_eq!(text(&path("small")), Text::There("text\n".to_owned()));
        assert_eq!(text(&path("absent")), Text::Absent);
        assert_eq!(text(&path("small/below")), Text::Absent);
        for name in ["large", "pipe", ""] {
            assert!(matches!(text(&path(name)), Text::Unreadable(_)), "{name}");
        }
    }

    /// FR-HST-06: the files of a pattern come by their names; what is hidden or named otherwise does not.
    #[test]
    fn patterns_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["20-b.conf", "10-a.conf", ".c.conf", "d.conf.bak"] {
            std::fs::write(folder.path().join(name), "").unwrap();
        }
        let pattern = folder.path().join("*.conf").display().to_string();
        let names = |found: Vec<PathBuf>| -> Vec<String> {
            let name = |path: PathBuf| path.file_name().unwrap().to_string_lossy().into_owned();
            found.into_iter().map(name).collect()
        };
        assert_eq!(names(matching(&pattern).unwrap()), ["10-a.conf", "20-b.conf"]);
        let one = folder.path().join("absent.conf").display().to_string();
        assert_eq!(names(matching(&one).unwrap()), ["absent.conf"]);
        assert_eq!(matching("/nowhere/at/all/*.conf"), Ok(Vec::new()));
        assert!(matching("/etc/*/sshd_config").is_err());
    }

    proptest! {
        /// FR-HST-06: no pattern and no name ends the comparison; a name fits itself, and everything fits a star.
        #[test]
        fn any_pattern_ends(pattern in "[a*?.]{0,12}", name in "[a-b.]{1,12}") {
            fits(pattern.as_bytes(), name.as_bytes());
            prop_assert!(fits(name.as_bytes(), name.as_bytes()));
            prop_assert_eq!(fits(b"*", name.as_bytes()), !name.starts_with('.'));
        }
    }
}
