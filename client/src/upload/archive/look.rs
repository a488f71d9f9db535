//! The first look at an archive: how much it is, which one folder everything is in, and what its ignore files say.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

use slipway_protocol::RelativePath;
use slipway_protocol::docker_ignore::{LARGEST, NAME};
use slipway_protocol::upload::{LARGEST_UNPACKED, MOST_ENTRIES};

use super::below;
use super::entry::{Entry, Kind};
use super::rules::{GIT_IGNORE, Rules, is_baggage};
use crate::upload::docker_rules;
use crate::upload::pack::PackError;

/// The ignore files together, in bytes.
const MOST_RULES: u64 = 2 << 20;

pub struct Look {
    built: String,
    top: Top,
    /// There is something in the built folder below the top.
    built_below_top: bool,
    /// A name takes 8 bytes here, however long it is. The keys differ each time: nobody can make two names that are one here.
    names: HashSet<u64>,
    hasher: RandomState,
    bytes: u64,
    rules: HashMap<String, Vec<u8>>,
    rules_bytes: u64,
}

/// The one folder that everything is in, so far.
enum Top {
    Unknown,
    One(String),
    None,
}

impl Look {
    pub fn new(built: &RelativePath) -> Self {
        Self {
            built: docker_rules::prefix(built),
            top: Top::Unknown,
            built_below_top: false,
            names: HashSet::new(),
            hasher: RandomState::new(),
            bytes: 0,
            rules: HashMap::new(),
            rules_bytes: 0,
        }
    }

    pub fn take(&mut self, entry: Entry<'_>) -> Result<(), PackError> {
        if entry.name.is_empty() {
            return match entry.kind {
                Kind::Folder => Ok(()),
                _ => Err(entry.refused("has no name")),
            };
        }
        if is_baggage(&entry.name) {
            return Ok(());
        }
        // A folder may be told of twice; it is the same one.
        if !self.names.insert(self.hasher.hash_one(&entry.name)) && !entry.is_folder() {
            return Err(entry.refused("is in it twice"));
        }
        if self.names.len() as u64 > MOST_ENTRIES {
            return Err(PackError::TooMany);
        }
        self.look_at_top(&entry);
        let Kind::File { size } = entry.kind else {
            return Ok(());
        };
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > LARGEST_UNPACKED {
            return Err(PackError::TooMuch);
        }
        let name = entry.name.rsplit('/').next().unwrap_or_default();
        if size <= LARGEST && (name == GIT_IGNORE || name.ends_with(NAME)) {
            self.keep_rules(entry, size)?;
        }
        Ok(())
    }

    fn look_at_top(&mut self, entry: &Entry<'_>) {
        let (first, rest) = match entry.name.split_once('/') {
            Some((first, rest)) => (first, rest),
            None => (entry.name.as_str(), ""),
        };
        self.built_below_top |= rest.starts_with(&self.built) && !rest.is_empty();
        let is_inside = !rest.is_empty() || entry.is_folder();
        let stays = match &self.top {
            Top::Unknown => is_inside,
            Top::One(top) => is_inside && top == first,
            Top::None => false,
        };
        match (stays, &self.top) {
            (false, _) => self.top = Top::None,
            (true, Top::Unknown) => self.top = Top::One(first.to_owned()),
            (true, _) => {}
        }
    }

    fn keep_rules(&mut self, entry: Entry<'_>, size: u64) -> Result<(), PackError> {
        self.rules_bytes += size;
        if self.rules_bytes > MOST_RULES {
            return Err(entry.refused("is one ignore file too many: they hold more than 2 MiB together"));
        }
        let mut text = Vec::new();
        // What cannot be read here cannot be read when it is packed either, and is told then.
        if entry.content.take(size).read_to_end(&mut text).is_ok() {
            self.rules.insert(entry.name, text);
        }
        Ok(())
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The one folder that everything is in, with `/` behind it; empty where there is none, and where it is the one that the
    /// settings want to be built.
    pub fn top(&self) -> String {
        match &self.top {
            Top::One(top) if self.built_below_top || !self.built.starts_with(&format!("{top}/")) => {
                format!("{top}/")
            }
            Top::One(_) | Top::Unknown | Top::None => String::new(),
        }
    }

    pub fn rules(mut self, top: &str, built: &RelativePath, dockerfile: &RelativePath) -> Rules {
        let built = below(top, built);
        let docker = docker_rules::read(dockerfile, |name| {
            let name = name.trim_start_matches("./");
            self.rules.get(&format!("{built}{name}")).cloned()
        });
        self.rules
            .retain(|name, _| name.rsplit('/').next() == Some(GIT_IGNORE));
        let git = self.rules.iter().filter_map(|(name, text)| {
            let folder = name.strip_prefix(top)?.strip_suffix(GIT_IGNORE)?;
            Some((
                folder.trim_end_matches('/').to_owned(),
                String::from_utf8_lossy(text),
            ))
        });
        Rules::new(git.collect(), docker, self.built.clone())
    }
}
