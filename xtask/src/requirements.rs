//! `cargo xtask trace`: which test proves which requirement, read from the tests' own doc comments.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::cache;

const FOLDERS: [&str; 8] = [
    "protocol",
    "client",
    "server-agent",
    "cli",
    "src-tauri",
    "ui",
    "tests",
    "xtask",
];

/// Prints the requirements and under each the tests that name it; fails if a test names none.
pub fn trace() -> Result<()> {
    let workspace = cache::workspace();
    let mut proofs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut nameless = Vec::new();
    for file in sources(&workspace)? {
        let shown = file
            .strip_prefix(&workspace)
            .unwrap_or(&file)
            .display()
            .to_string();
        for test in tests_in(&fs::read_to_string(&file)?) {
            if test.requirements.is_empty() {
                nameless.push(format!("{shown}: {}", test.name));
            }
            for id in test.requirements {
                proofs
                    .entry(id)
                    .or_default()
                    .insert(format!("{shown}: {}", test.name));
            }
        }
    }
    for (id, tests) in &proofs {
        println!("{id}");
        for test in tests {
            println!("    {test}");
        }
    }
    println!("\n{} requirements are proved by tests.", proofs.len());
    if !nameless.is_empty() {
        bail!(
            "{} tests name no requirement:\n  {}",
            nameless.len(),
            nameless.join("\n  ")
        );
    }
    Ok(())
}

fn sources(workspace: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|name| workspace.join(name)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() && name != "target" && name != "dist" {
                folders.push(path);
            } else if name.ends_with(".rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

struct Test {
    name: String,
    requirements: Vec<String>,
}

/// The test functions of a source text with the requirement ids in the comment above each.
fn tests_in(text: &str) -> Vec<Test> {
    let mut found = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("///") {
            ids.extend(ids_in(comment));
        } else if line.starts_with("#[") {
            let attribute = line.trim_start_matches("#[");
            is_test |= attribute.starts_with("test]") || attribute.starts_with("tokio::test");
        } else if !line.starts_with("//") {
            if is_test
                && let Some((_, rest)) = line.split_once("fn ")
                && let Some((name, _)) = rest.split_once('(')
            {
                found.push(Test {
                    name: name.to_owned(),
                    requirements: std::mem::take(&mut ids),
                });
            }
            ids.clear();
            is_test = false;
        }
    }
    found
}

/// `FR-DEP-07`, `NFR-S3` and the like. `FR-DEP-01, 03` means both of that group.
fn ids_in(comment: &str) -> Vec<String> {
    let Some((before, _)) = comment.split_once(": ") else {
        return Vec::new();
    };
    let mut ids: Vec<String> = Vec::new();
    for word in before.split([',', ' ', '·']).filter(|word| !word.is_empty()) {
        if word.starts_with("FR-") || word.starts_with("NFR-") {
            ids.push(word.to_owned());
        } else if word.chars().all(|c| c.is_ascii_digit())
            && let Some(group) = ids.last().and_then(|id| id.rsplit_once('-'))
        {
            let id = format!("{}-{word}", group.0);
            ids.push(id);
        }
    }
    ids
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-M2: the requirement ids of a test's comment are found, several of one group too.
    #[test]
    fn ids_are_read_from_the_comment() {
        let text = "/// FR-DEP-01, 03, NFR-R2: it holds.\n#[tokio::test]\nasync fn holds() {\n}\n/// no id\nfn helper() {}\n";
        let tests = tests_in(text);
        assert_eq!(tests.len(), 1);
        assert_eq!(tests[0].name, "holds");
        assert_eq!(tests[0].requirements, ["FR-DEP-01", "FR-DEP-03", "NFR-R2"]);
    }
}
