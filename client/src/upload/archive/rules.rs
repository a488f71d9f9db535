//! What of an archive stays behind, by the ignore files that are in it.

use std::borrow::Cow;
use std::collections::HashMap;
use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};
use slipway_protocol::docker_ignore::DockerIgnore;

pub const GIT_IGNORE: &str = ".gitignore";

pub struct Rules {
    /// By the folder that the file is in; empty for the top.
    git: HashMap<String, Gitignore>,
    docker: DockerIgnore,
    /// The folder that the build is of, with `/` behind it.
    built: String,
}

impl Rules {
    /// `git` has the texts of the files called `.gitignore`, by their folders.
    pub fn new(mut git: Vec<(String, Cow<'_, str>)>, docker: DockerIgnore, built: String) -> Self {
        let mut rules = Self {
            git: HashMap::new(),
            docker,
            built,
        };
        // From the top down: one in a folder that stays behind says nothing.
        git.sort_by_key(|(folder, _)| folder.matches('/').count() + usize::from(!folder.is_empty()));
        for (folder, text) in git {
            if folder.is_empty() || !rules.git_leaves_out(&folder, true) {
                let read = read(&text);
                rules.git.insert(folder, read);
            }
        }
        rules
    }

    /// Whether it stays behind: `whole` is the name as it stands in the archive, `name` that below its top.
    pub fn leave_out(&self, whole: &str, name: &str, is_folder: bool) -> bool {
        is_baggage(whole)
            || name.split('/').any(|step| step == ".git")
            || self.git_leaves_out(name, is_folder)
            || name
                .strip_prefix(&self.built)
                .is_some_and(|below| self.docker.leaves_out(below))
    }

    /// As git decides: a folder above it that stays behind takes all with it; of the files that speak of it the nearest one counts.
    fn git_leaves_out(&self, name: &str, is_folder: bool) -> bool {
        if self.git.is_empty() {
            return false;
        }
        let ends = name.match_indices('/').map(|(at, _)| at);
        ends.chain([name.len()]).any(|end| {
            let is_folder = is_folder || end < name.len();
            self.git_names(&name[..end], is_folder)
        })
    }

    fn git_names(&self, name: &str, is_folder: bool) -> bool {
        let mut folder = name;
        while !folder.is_empty() {
            folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
            let Some(rules) = self.git.get(folder) else {
                continue;
            };
            let below = name[folder.len()..].trim_start_matches('/');
            match rules.matched(Path::new(below), is_folder) {
                Match::Ignore(_) => return true,
                Match::Whitelist(_) => return false,
                Match::None => {}
            }
        }
        false
    }
}

/// What macOS puts beside the files of a zip: nobody's source.
pub fn is_baggage(whole: &str) -> bool {
    whole == "__MACOSX" || whole.starts_with("__MACOSX/")
}

/// A line that is no pattern leaves nothing out, as in a folder.
fn read(text: &str) -> Gitignore {
    let mut builder = GitignoreBuilder::new("");
    for line in text.trim_start_matches('\u{feff}').lines() {
        let _ = builder.add_line(None, line);
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}
