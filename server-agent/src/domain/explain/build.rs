//! Causes in the *build* step that lie in the Dockerfile itself, and what remains when nothing more special shows.

use super::build_run::failed_command;
use super::evidence::Evidence;
use super::text::{after, between, name, number_after, quote};
use super::{Found, Rule};

pub const RULES: &[Rule] = &[
    // Slipway's own sentence about the application's settings.
    Rule {
        code: "folder-not-found",
        find: |evidence| {
            let line = evidence.reported(&["the repository has no folder "])?;
            let folder = between(line, "has no folder ", " at this commit").map_or_else(String::new, name);
            Some(Found::new(
                format!("The repository has no folder {folder} at this commit."),
                "Set the folder in the application's settings to one that the repository has (`.` is all \
                 of it), or push it.",
            ))
        },
    },
    // Slipway's own sentence; BuildKit's “failed to read dockerfile: open Dockerfile: no such file or directory”.
    Rule {
        code: "dockerfile-not-found",
        find: |evidence| {
            let line =
                evidence.reported(&["the repository has no dockerfile ", "failed to read dockerfile"])?;
            let file = between(line, "has no dockerfile ", " at this commit")
                .map_or_else(String::new, |file| format!(" {}", name(file)));
            Some(Found::new(
                format!("There is no Dockerfile{file} in the application's folder at this commit."),
                "Check folder and Dockerfile in the application's settings, capital letters too, and that \
                 the file is committed.",
            ))
        },
    },
    // Slipway's own sentence when detection finds nothing that it knows.
    Rule {
        code: "nothing-recognised",
        find: |evidence| {
            evidence.reported(&["nothing in the folder says how to build it"])?;
            Some(Found::new(
                "The application's folder has no Dockerfile, and no file of a language or framework that is known.",
                "Check the folder in the application's settings. Add a Dockerfile, or the file with which your \
                 language lists its dependencies (package.json, requirements.txt, go.mod, …).",
            ))
        },
    },
    // Slipway's own sentences when a language is recognised and something of it is missing.
    Rule {
        code: "start-not-found",
        find: |evidence| {
            evidence.reported(&[
                "nothing says how it starts",
                "package.json has no \"start\" script",
            ])?;
            Some(Found::new(
                "The language is recognised, but not how the application starts.",
                "Add a file Procfile with one line, for example `web: npm run serve` or `web: gunicorn \
                 shop:app`. It should listen on 0.0.0.0 and the port in the variable PORT.",
            ))
        },
    },
    // Slipway's own sentence about a static site.
    Rule {
        code: "index-not-found",
        find: |evidence| {
            evidence.reported(&["the folder has no index.html"])?;
            Some(Found::new(
                "The folder that is published has no index.html at its top.",
                "Set the folder to publish in the application's settings to the one with index.html in it. What \
                 a bundler makes at its build is not in the repository: choose automatic detection for that.",
            ))
        },
    },
    // Slipway's own sentence about a secret of the build.
    Rule {
        code: "build-secret-missing",
        find: |evidence| {
            let line = evidence.reported(&["as a secret, and the application has none"])?;
            let key = between(line, "the variable ", " as a secret").map_or_else(String::new, name);
            Some(Found::new(
                format!("The build may read the variable {key}, and the application has none of that name."),
                format!(
                    "Set {key} among the application's variables, or take it out of the build's secrets."
                ),
            ))
        },
    },
    // Slipway's own sentence about a builder that is a program of its own.
    Rule {
        code: "builder-not-installed",
        find: |evidence| {
            let line = evidence.reported(&["is not installed on the server; install it"])?;
            let program = super::text::word_before(line, " is not installed").map_or_else(String::new, name);
            Some(Found::new(
                format!("The builder {program} is not installed on the server."),
                "Install it into /usr/local/bin on the server, or let Slipway detect how the application is built.",
            ))
        },
    },
    // BuildKit's parser: “dockerfile parse error on line 3: unknown instruction: RUNN (did you mean RUN?)”; 20.10 without “on”.
    Rule {
        code: "dockerfile-syntax",
        find: |evidence| {
            let line = evidence.reported(&["dockerfile parse error", "unknown instruction:"])?;
            let number = number_after(line, "parse error on line ")
                .or_else(|| number_after(line, "parse error line "));
            let at = number.map_or_else(
                || "The Dockerfile".to_owned(),
                |number| format!("Line {number} of the Dockerfile"),
            );
            let reason = number
                .and_then(|number| after(line, &format!("line {number}: ")))
                .or_else(|| after(line, "parse error: "));
            let reason = reason.unwrap_or(line);
            Some(Found::new(
                format!("{at} is not understood: {}", quote(reason)),
                "Correct that line and push. `docker build` on your own machine shows the same message.",
            ))
        },
    },
    // BuildKit of a Dockerfile without a FROM that counts.
    Rule {
        code: "dockerfile-empty",
        find: |evidence| {
            evidence.reported(&[
                "file with no instructions",
                "cannot be empty",
                "no build stage in current context",
                "must start with from",
            ])?;
            Some(Found::new(
                "The Dockerfile has no instruction, or one before its first FROM.",
                "Begin the Dockerfile with FROM and a base image.",
            ))
        },
    },
    // BuildKit of a FROM whose name is none, often since an ARG before it has no value.
    Rule {
        code: "base-image-name",
        find: |evidence| {
            let line = evidence.reported(&[
                "invalid reference format",
                "failed to parse stage name",
                "should not be blank",
            ])?;
            let stage = between(line, "parse stage name \"", "\"")
                .map_or_else(String::new, |stage| format!(": {}", name(stage)));
            Some(Found::new(
                format!("FROM names an image in a form that is no image's name{stage}."),
                "Image names are in lower case. A variable in FROM needs an ARG with a default value above \
                 the first FROM.",
            ))
        },
    },
    // BuildKit of COPY and ADD: “failed to compute cache key: … "/x": not found”; 20.10 writes `"/x" not found`; with a
    // wildcard “lstat /tmp/buildkit-mount…/x: no such file or directory”.
    Rule {
        code: "copy-source-not-found",
        find: |evidence| {
            let file = copied(evidence)?;
            Some(Found::new(
                format!("COPY or ADD names {file}, which is not there."),
                "Check its spelling, capital letters too. It must lie in the application's folder, be \
                 committed, and not be excluded by .dockerignore. With --from it must exist in that stage.",
            ))
        },
    },
    // BuildKit of a flag that this engine's version does not know.
    Rule {
        code: "dockerfile-unknown-flag",
        find: |evidence| {
            let line = evidence.reported(&["unknown flag:"])?;
            let flag =
                after(line, "unknown flag:").map_or_else(String::new, |flag| format!(" {}", name(flag)));
            Some(Found::new(
                format!(
                    "The Dockerfile uses an option{flag} that the server's version of Docker does not know."
                ),
                "Remove it, or put `# syntax=docker/dockerfile:1` on the first line, which brings the \
                 newest language.",
            ))
        },
    },
    // Slipway's own sentence when the build reaches its deadline.
    Rule {
        code: "build-too-slow",
        find: |evidence| {
            let line = evidence.reported(&["the build took longer than"])?;
            let seconds = number_after(line, "longer than ")
                .map_or_else(String::new, |seconds| format!(" ({seconds} s)"));
            let last = evidence
                .last_words()
                .map_or_else(String::new, |last| format!(" Its last line: {}", quote(last)));
            Some(Found::new(
                format!("The build took longer than it may{seconds}.{last}"),
                "See in the log where the time goes: a command that waits for an answer never ends; \
                 dependencies that are copied and installed before the rest of the source come from the \
                 cache the next time.",
            ))
        },
    },
];

/// When nothing more special shows.
pub const REST: &[Rule] = &[
    // BuildKit of any other command that failed.
    Rule {
        code: "build-command-failed",
        find: |evidence| {
            let run = failed_command(evidence)?;
            let last = evidence.last_words().map_or_else(String::new, |last| {
                format!(" What it wrote last: {}", quote(last))
            });
            Some(Found::new(
                format!(
                    "The command {} ended with exit code {}.{last}",
                    name(&run.command),
                    run.code
                ),
                "Read what it wrote in the log. `docker build` on your own machine should fail in the same \
                 way.",
            ))
        },
    },
];

fn copied(evidence: &Evidence) -> Option<String> {
    let line = evidence.reported(&[
        "failed to compute cache key",
        "calculate checksum",
        "copy failed",
        "failed to walk",
        "lstat ",
    ])?;
    let lower = line.to_ascii_lowercase();
    if let Some(at) = lower.rfind("no such file or directory") {
        let path = line
            .get(..at)?
            .trim_end_matches([':', ' '])
            .rsplit([' ', '"'])
            .next()?;
        // Below the folder in which BuildKit has the context.
        let inside = path
            .split_once("buildkit-mount")
            .and_then(|(_, rest)| rest.split_once('/'));
        return Some(name(inside.map_or(path, |(_, file)| file)));
    }
    let at = lower.find("not found")?;
    let quoted = line.get(..at)?.rsplit('"').nth(1)?;
    Some(name(quoted.trim_start_matches('/')))
}
