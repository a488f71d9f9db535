//! The person's `~/.ssh/config` as clusters: what can be taken, and what cannot and why.
//!
//! Only a reader of what it names: no command of the file is run, and nothing is written.

mod lines;
mod resolve;
#[cfg(test)]
mod tests;

use std::path::Path;

use slipway_protocol::desktop::{ImportItem, ImportPreview};

use crate::config::home_folder;
use crate::known_hosts::wildcard;
use crate::profiles::Profile;
use lines::{Block, Lines};

/// Most people have a few; a file with more than this was made by a program, and is not looked through by a person.
const MOST_HOSTS: usize = 500;

/// What the person's own file would add, beside the clusters that are saved already.
pub fn preview(saved: &[Profile]) -> ImportPreview {
    let home = home_folder();
    let user = std::env::var("USER").or_else(|_| std::env::var("USERNAME"));
    let user = user.unwrap_or_default();
    preview_file(&home.join(".ssh/config"), &home, &user, has_agent(), saved)
}

/// Whether this session has an SSH agent. On Windows it is a service, which is asked when connecting.
fn has_agent() -> bool {
    cfg!(windows) || std::env::var_os("SSH_AUTH_SOCK").is_some_and(|path| !path.is_empty())
}

/// The same for a file, a home folder and a user of the caller's choice, whose session has an SSH agent or not.
pub fn preview_file(path: &Path, home: &Path, user: &str, agent: bool, saved: &[Profile]) -> ImportPreview {
    let source = path.display().to_string();
    let folder = path.parent().unwrap_or(home);
    let lines = match lines::read(path, home, folder) {
        Ok(lines) => lines,
        Err(error) => {
            let note = match error.kind() {
                std::io::ErrorKind::NotFound => format!(
                    "There is no file {source}; add the clusters by hand, or import a connection file."
                ),
                _ => format!("{source} could not be read: {error}; see that it may be read, then try again."),
            };
            return ImportPreview {
                source,
                items: Vec::new(),
                notes: vec![note],
            };
        }
    };
    let config = Config {
        lines,
        home: home.to_owned(),
        user: user.to_owned(),
        agent,
    };
    let mut notes = config.lines.notes.clone();
    let mut names = config.names();
    if names.len() > MOST_HOSTS {
        notes.push(format!(
            "Only the first {MOST_HOSTS} of {} hosts are shown.",
            names.len()
        ));
        names.truncate(MOST_HOSTS);
    }
    let items = names.iter().map(|name| config.item(name, saved)).collect();
    ImportPreview { source, items, notes }
}

struct Config {
    lines: Lines,
    home: std::path::PathBuf,
    user: String,
    /// The session has an SSH agent.
    agent: bool,
}

impl Config {
    /// The names that `Host` lines give without a wildcard, each once, in their order.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for block in self.lines.blocks.iter().filter(|block| !block.in_match) {
            for pattern in block.conditions.iter().flatten() {
                let plain = !pattern.starts_with('!') && !pattern.contains(['*', '?']);
                if plain && !names.contains(pattern) && block_matches(block, pattern) {
                    names.push(pattern.clone());
                }
            }
        }
        names
    }

    fn item(&self, name: &str, saved: &[Profile]) -> ImportItem {
        let mut item = self.resolve(name);
        if item.refused.is_none() {
            item.refused = crate::form::refused(&item.cluster, saved);
        }
        item
    }
}

/// All conditions hold: one of each line's patterns matches, and none of its negated ones.
fn block_matches(block: &Block, name: &str) -> bool {
    block.conditions.iter().all(|patterns| {
        let matches = |pattern: &str| wildcard(pattern.as_bytes(), name.as_bytes());
        let forbidden = patterns
            .iter()
            .filter_map(|pattern| pattern.strip_prefix('!'))
            .any(matches);
        !forbidden && patterns.iter().any(|pattern| matches(pattern))
    })
}
