//! The lines of an `ssh_config` file and of those that it includes, in the order in which OpenSSH reads them.

use std::fs;
use std::path::{Path, PathBuf};

/// OpenSSH's own bound.
const DEEPEST: usize = 16;
const MOST_FILES: usize = 64;
const LARGEST_FILE: u64 = 1024 * 1024;

/// Some lines with the conditions under which they hold.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The patterns of each `Host` line around it; all of them have to match.
    pub conditions: Vec<Vec<String>>,
    /// It stands inside a `Match`, whose conditions are not evaluated.
    pub in_match: bool,
    /// Keywords in lower case, with their arguments.
    pub options: Vec<(String, Vec<String>)>,
}

/// What was read, and what could not be.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub blocks: Vec<Block>,
    pub notes: Vec<String>,
    files: usize,
}

/// Reads the file at `path`; `home` is what `~` means, `folder` where relative includes are looked for.
pub(super) fn read(path: &Path, home: &Path, folder: &Path) -> std::io::Result<Lines> {
    let text = text_of(path)?;
    let mut lines = Lines::default();
    let place = Place { home, folder };
    lines.take(&text, path, &[], false, place, 0);
    Ok(lines)
}

#[derive(Clone, Copy)]
struct Place<'a> {
    home: &'a Path,
    folder: &'a Path,
}

fn text_of(path: &Path) -> std::io::Result<String> {
    if fs::metadata(path)?.len() > LARGEST_FILE {
        return Err(std::io::Error::other("it is larger than 1 MB"));
    }
    Ok(String::from_utf8_lossy(&fs::read(path)?).into_owned())
}

impl Lines {
    fn take(
        &mut self,
        text: &str,
        path: &Path,
        around: &[Vec<String>],
        in_match: bool,
        place: Place<'_>,
        depth: usize,
    ) {
        self.files += 1;
        let begin = |conditions: Vec<Vec<String>>, in_match| Block {
            conditions,
            in_match,
            options: Vec::new(),
        };
        let mut block = begin(around.to_vec(), in_match);
        for (index, line) in text.lines().enumerate() {
            let Some((keyword, arguments)) = split(line) else {
                continue;
            };
            match keyword.as_str() {
                "host" => {
                    let conditions = around.iter().cloned().chain([arguments]).collect();
                    let done = std::mem::replace(&mut block, begin(conditions, in_match));
                    self.blocks.push(done);
                }
                "match" => {
                    let everything = arguments.len() == 1 && arguments[0].eq_ignore_ascii_case("all");
                    if !everything {
                        self.notes.push(format!(
                            "The block “Match {}” ({}, line {}) is not read: Match is not supported.",
                            arguments.join(" "),
                            path.display(),
                            index + 1
                        ));
                    }
                    let done = std::mem::replace(&mut block, begin(around.to_vec(), in_match || !everything));
                    self.blocks.push(done);
                }
                "include" => {
                    let (conditions, inside) = (block.conditions.clone(), block.in_match);
                    let next = begin(conditions.clone(), inside);
                    let done = std::mem::replace(&mut block, next);
                    self.blocks.push(done);
                    for pattern in &arguments {
                        self.include(pattern, &conditions, inside, place, depth);
                    }
                }
                _ => block.options.push((keyword, arguments)),
            }
        }
        self.blocks.push(block);
    }

    fn include(
        &mut self,
        pattern: &str,
        conditions: &[Vec<String>],
        in_match: bool,
        place: Place<'_>,
        depth: usize,
    ) {
        let files = matching(pattern, place);
        if depth + 1 > DEEPEST || self.files + files.len() > MOST_FILES {
            self.notes.push(format!(
                "“Include {pattern}” is not read: files include each other too deeply, or too many of them."
            ));
            return;
        }
        for file in files {
            match text_of(&file) {
                Ok(text) => self.take(&text, &file, conditions, in_match, place, depth + 1),
                Err(error) => self
                    .notes
                    .push(format!("{} could not be read: {error}.", file.display())),
            }
        }
    }
}

/// The files that an `Include` means, in the order of their names. Wildcards may stand in the file's name.
fn matching(pattern: &str, place: Place<'_>) -> Vec<PathBuf> {
    let path = match pattern.strip_prefix("~/") {
        Some(rest) => place.home.join(rest),
        None => place.folder.join(pattern),
    };
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Vec::new();
    };
    let name = name.to_string_lossy().into_owned();
    if !name.contains(['*', '?']) {
        return if path.is_file() { vec![path] } else { Vec::new() };
    }
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| {
            let file = entry.file_name().to_string_lossy().into_owned();
            // As in a shell, a wildcard does not mean hidden files.
            !file.starts_with('.') && crate::known_hosts::wildcard(name.as_bytes(), file.as_bytes())
        })
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}

/// Keyword and arguments of a line: separated by blanks or one `=`, quoted with `"`; `#` begins a comment.
pub(super) fn split(line: &str) -> Option<(String, Vec<String>)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    let end = line
        .find(|c: char| c.is_whitespace() || c == '=' || c == '"')
        .unwrap_or(line.len());
    let keyword = line[..end].to_ascii_lowercase();
    let rest = line[end..].trim_start();
    let rest = rest.strip_prefix('=').unwrap_or(rest);
    Some((keyword, words(rest)))
}

fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quoted = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                quoted = !quoted;
                word.get_or_insert_default();
            }
            '\\' if matches!(chars.peek(), Some('"' | '\\')) => {
                word.get_or_insert_default().extend(chars.next());
            }
            '#' if !quoted && word.is_none() => break,
            c if c.is_whitespace() && !quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}
