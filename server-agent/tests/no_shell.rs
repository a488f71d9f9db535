//! Programs start in one place, as a list of arguments; a shell nowhere.

use std::path::{Path, PathBuf};

/// The only places that may start a program.
const MAY_START: [&str; 4] = [
    "server-agent/src/process/",
    "tests/support/process.rs",
    "xtask/src/run_program.rs",
    "client/tests/",
];

/// Code that only tests run.
const TESTS: [&str; 3] = ["client/tests/", "server-agent/tests/", "tests/"];

/// Names of shells; as a whole string in a program they are about to be started.
const SHELLS: [&str; 8] = ["sh", "bash", "dash", "zsh", "ash", "ksh", "cmd.exe", "powershell"];

/// The one line that names shells: those that a person's terminal is given, in their own container or, for who may be root there, on the
/// node. Docker starts them, and no text of anybody is among their arguments.
const TERMINALS_SHELLS: (&str, &str) = (
    "server-agent/src/terminals/run.rs",
    r#"pub(super) const SHELLS: [&str; 2] = ["/bin/bash", "/bin/sh"];"#,
);

/// Ways to start a program beside the standard library's.
const OTHER_WAYS: [&str; 8] = [
    "libc::exec",
    "libc::system",
    "libc::fork",
    "libc::posix_spawn",
    "unistd::exec",
    "unistd::fork",
    "duct::",
    "tauri_plugin_shell",
];

fn workspace() -> PathBuf {
    // Where cargo runs the test, not where it was built: that may be another clone.
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .join("..")
        .canonicalize()
        .unwrap()
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" && name != "node_modules" && name != "dist" {
                sources(&path, found);
            }
        } else if name.ends_with(".rs") && !path.ends_with("server-agent/tests/no_shell.rs") {
            found.push(path);
        }
    }
}

/// What is wrong with a file, if it stood at this path of the workspace.
fn faults(path: &str, text: &str) -> Vec<String> {
    let may_start = MAY_START.iter().any(|allowed| path.starts_with(allowed));
    let product = !TESTS.iter().any(|tests| path.starts_with(tests));
    let mut faults = Vec::new();
    let mut fault = |what: &str, line: &str| faults.push(format!("{path}: {what}: {}", line.trim()));
    let lines = || text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let imports = imports_command(text);
    for line in lines() {
        let named = line.contains("process::Command") || line.contains("process::unix::CommandExt");
        let made = imports && line.contains("Command::new(");
        if !may_start && (named || made) {
            fault("starts a program outside the places for it", line);
        }
        if !may_start && OTHER_WAYS.iter().any(|way| line.contains(way)) {
            fault("starts a program in another way", line);
        }
        if product && names_a_shell(line) && (path, line) != TERMINALS_SHELLS {
            fault("names a shell", line);
        }
        if product && line.contains("#!/bin/") {
            fault("writes a script", line);
        }
    }
    if !may_start && imports {
        fault("imports Command", "use …process::{Command, …}");
    }
    faults
}

/// Whether a group import of a `process` module, on one line or several, contains `Command`.
fn imports_command(text: &str) -> bool {
    text.split("process::{").skip(1).any(|rest| {
        let group = rest.split('}').next().unwrap_or_default();
        group
            .split(',')
            .any(|name| name.split_whitespace().next() == Some("Command"))
    })
}

fn names_a_shell(line: &str) -> bool {
    line.split('"').skip(1).step_by(2).any(|literal| {
        let program = literal.rsplit('/').next().unwrap_or_default();
        let plain_path = literal == program || literal.starts_with('/');
        plain_path && SHELLS.contains(&program)
    })
}

/// NFR-S2: no source of the workspace starts a program outside the places made for it, or names a shell.
#[test]
fn no_user_string_can_reach_a_shell() {
    let root = workspace();
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let members = manifest.lines().find(|line| line.starts_with("members")).unwrap();
    let members: Vec<&str> = members.split('"').skip(1).step_by(2).collect();
    assert!(
        members.contains(&"server-agent") && members.len() >= 8,
        "{members:?}"
    );
    let mut bad = Vec::new();
    for member in members {
        let mut files = Vec::new();
        sources(&root.join(member), &mut files);
        assert!(
            !files.is_empty(),
            "{member} has no sources: the test looks in the wrong place"
        );
        for file in files {
            let path = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            bad.extend(faults(&path, &std::fs::read_to_string(&file).unwrap()));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// NFR-S2: the search finds what it is made for.
#[test]
fn the_search_finds_what_it_looks_for() {
    for bad in [
        "let c = std::process::Command::new(x);",
        "use tokio::process::Command;",
        "use std::process::{Child, Command};",
        "use std::process::{\n    Child,\n    Command as Program,\n};",
        "use std::os::unix::process::CommandExt; use std::process::Command;",
        "run(\"sh\", [\"-c\", text])",
        "run(\"/bin/bash\")",
        "write(\"#!/bin/sh\\n\")",
        "nix::unistd::execv(a, b)",
    ] {
        assert!(!faults("cli/src/main.rs", bad).is_empty(), "{bad}");
    }
    for good in [
        "// std::process::Command is not used here",
        "use std::process::{ExitCode, Stdio};",
        "Command::Serve => serve()",
        "clap::Command::new(\"slipway\")",
        "args.arg(\"-c\").arg(\"/var/lib/sh/x\")",
    ] {
        assert!(faults("cli/src/main.rs", good).is_empty(), "{good}");
    }
    let starts = "use tokio::process::Command;";
    assert!(faults("server-agent/src/process/mod.rs", starts).is_empty());
    assert!(!faults("server-agent/src/processes.rs", starts).is_empty());
}
