//! The names of a backup's entries. There are no others: what is not one of these is refused.

use crate::git::{ASKPASS_NAME, SSH_NAME};

/// In bytes; rows are cut into parts of at most this size, wherever that is.
pub const LARGEST_PART: usize = 4 << 20;
/// Keys and lists of hosts, in bytes.
pub const LARGEST_FILE: u64 = 1 << 20;
/// In bytes.
const LONGEST_NAME: usize = 64;

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// What the backup is: [`super::header::Header`] as JSON. The first one.
    Header,
    /// The master key.
    Key,
    /// A file of the folder `ssh`.
    Ssh(String),
    /// A part of a table's rows; parts count from 0.
    Rows { table: String, part: u32 },
    /// Digests of all the others: [`super::header::Manifest`] as JSON. The last one.
    Manifest,
}

impl Entry {
    /// Its path in the archive.
    pub fn path(&self) -> String {
        match self {
            Self::Header => "backup.json".to_owned(),
            Self::Key => "files/key".to_owned(),
            Self::Ssh(name) => format!("files/ssh/{name}"),
            Self::Rows { table, part } => format!("rows/{table}/{part:08}"),
            Self::Manifest => "manifest.json".to_owned(),
        }
    }

    /// Takes exactly what [`Self::path`] gives.
    pub fn parse(path: &str) -> Option<Self> {
        let steps: Vec<&str> = path.split('/').collect();
        let entry = match steps[..] {
            ["backup.json"] => Self::Header,
            ["manifest.json"] => Self::Manifest,
            ["files", "key"] => Self::Key,
            ["files", "ssh", name] => Self::ssh(name)?,
            ["rows", table, part] if is_table(table) => Self::Rows {
                table: table.to_owned(),
                part: part.parse().ok()?,
            },
            _ => return None,
        };
        (entry.path() == path).then_some(entry)
    }

    /// A file of the folder `ssh`; `None` for those that are made anew, and for names that no key or list of hosts has.
    pub fn ssh(name: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        let is_name =
            name.len() <= LONGEST_NAME && name.chars().all(plain) && name.starts_with(char::is_alphanumeric);
        (is_name && name != SSH_NAME && name != ASKPASS_NAME).then(|| Self::Ssh(name.to_owned()))
    }

    /// The largest that an entry of this kind may be, in bytes.
    pub fn largest(&self) -> u64 {
        match self {
            Self::Header => 4 << 20,
            Self::Manifest => 64 << 20,
            Self::Key | Self::Ssh(_) => LARGEST_FILE,
            Self::Rows { .. } => LARGEST_PART as u64,
        }
    }
}

/// As the migrations name tables.
pub fn is_table(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (1..=LONGEST_NAME).contains(&name.len()) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-HST-03: what an entry is called leads to it, and to nothing else.
    #[test]
    fn names_are_these() {
        for entry in [
            Entry::Header,
            Entry::Key,
            Entry::Ssh("id_ed25519.pub".to_owned()),
            Entry::Ssh("known_hosts".to_owned()),
            Entry::Rows {
                table: "step_events".to_owned(),
                part: 12,
            },
            Entry::Manifest,
        ] {
            assert_eq!(Entry::parse(&entry.path()), Some(entry));
        }
        for bad in [
            "",
            "key",
            "files/key/",
            "./files/key",
            "/files/key",
            "../files/key",
            "files/../files/key",
            "files/ssh/..",
            "files/ssh/.hidden",
            "files/ssh/-o",
            "files/ssh/a/b",
            "files/ssh/slipway-git-ssh",
            "files/link/authorized_keys",
            "rows/teams/1",
            "rows/teams/00000001x",
            "rows/teams/+0000001",
            "rows/Teams/00000001",
            "rows/../00000001",
            "rows//00000001",
        ] {
            assert_eq!(Entry::parse(bad), None, "{bad}");
        }
    }
}
