//! One thing in an archive, of whatever format, with its name parsed.

use std::io::Read;

use slipway_protocol::upload::{DEEPEST, LONGEST_NAME, LONGEST_PATH};

use crate::upload::pack::{PackError, Traits};

pub struct Entry<'a> {
    /// Steps with `/` between them, none of them empty, `.` or `..`; empty for the archive's top itself.
    pub name: String,
    pub kind: Kind,
    pub traits: Traits,
    /// What a file holds.
    pub content: &'a mut dyn Read,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    File {
        size: u64,
    },
    Folder,
    /// With where it leads to.
    Link(String),
    /// Nothing of the kind is sent; why, as it follows the name in a sentence.
    Refused(&'static str),
}

impl Entry<'_> {
    pub fn is_folder(&self) -> bool {
        self.kind == Kind::Folder
    }

    pub fn refused(&self, why: &'static str) -> PackError {
        refused(&self.name, why)
    }
}

pub fn refused(name: &str, why: &'static str) -> PackError {
    PackError::Entry {
        entry: shown(name),
        why,
    }
}

/// Parses a name as it stands in an archive: `./a//b/` is `a/b`. What the agent would refuse is refused here, before anything is sent.
pub fn parse(name: &str) -> Result<String, PackError> {
    let refuse = |why| Err(refused(name, why));
    if name.starts_with('/') {
        return refuse("is an absolute path");
    }
    if name.contains('\0') {
        return refuse("has a zero byte in its path");
    }
    let steps: Vec<&str> = name
        .split('/')
        .filter(|step| !step.is_empty() && *step != ".")
        .collect();
    if steps.contains(&"..") {
        return refuse("leads out of the archive with “..”");
    }
    if name.len() > LONGEST_PATH || steps.iter().any(|step| step.len() > LONGEST_NAME) {
        return refuse("has a path that is longer than 1024 bytes, or a name longer than 255");
    }
    if steps.len() > DEEPEST {
        return refuse("lies more than 64 folders deep");
    }
    Ok(steps.join("/"))
}

/// A name for a sentence: short, and without what steers a terminal.
pub fn shown(name: &str) -> String {
    let plain = name
        .chars()
        .filter(|letter| !slipway_protocol::names::is_hidden(*letter));
    let short: String = plain.take(80).collect();
    format!("“{short}”")
}
