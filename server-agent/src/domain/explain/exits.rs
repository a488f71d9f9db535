//! Causes in each step that waits for containers, *gate* before all, of one that did not stay up: how it ended, and why it could not begin.

use super::evidence::Evidence;
use super::text::{between, name, plain, quote, word_before};
use super::{Found, Rule};

/// Of what a health check printed, in characters.
const LONGEST_OUTPUT: usize = 200;

/// Signs that leave little doubt.
pub const FACTS: &[Rule] = &[
    // Swarm ends a container whose health check failed too often. Its words for that stand with an exit code other than 0; else only the
    // container's state tells it from one that ended by itself.
    Rule {
        code: "health-command-fails",
        find: |evidence| {
            let reported = evidence.reported(&["own health check keeps failing", "unhealthy container"]);
            if !evidence.seen.is_unhealthy() && reported.is_none() {
                return None;
            }
            let printed = evidence.seen.failing_check.as_deref();
            let printed = plain(printed.unwrap_or_default(), LONGEST_OUTPUT);
            let last = match printed.as_str() {
                "" => String::new(),
                words => format!(" It printed: {}", quote(words)),
            };
            Some(Found::new(
                format!(
                    "The container's own health check (HEALTHCHECK of the Dockerfile, or the command of the settings) \
                     keeps failing, so that Docker ends it.{last}"
                ),
                "Run the command in a terminal of the container: the image may not have the program that it calls \
                 (curl, wget), or it asks another port than the application's. Give a slow start a longer \
                 start period.",
            ))
        },
    },
    // The kernel's OOM killer, as Docker notes it with the container (`OOMKilled`).
    Rule {
        code: "out-of-memory",
        find: |evidence| {
            (evidence.seen.out_of_memory == Some(true)).then(|| {
                Found::new(
                    "The container used more memory than it may, or than the server has, and was killed by \
                     the kernel.",
                    "Let the application use less (for a JVM or Node.js set the size of its heap), or give \
                     it more memory.",
                )
            })
        },
    },
    // SIGKILL by nobody who would say so, at a limit: not every engine hears of what the kernel did (`OOMKilled` stays false with some kernels).
    Rule {
        code: "out-of-memory",
        find: |evidence| {
            let limit = evidence.seen.memory_limit?;
            (evidence.seen.exit_code == Some(137)).then(|| {
                Found::new(
                    format!(
                        "The container was killed (exit code 137) and may use {limit} MiB of memory: most likely it \
                         needed more."
                    ),
                    "Give it more memory, or let the application use less (for a JVM or Node.js set the size of its heap).",
                )
            })
        },
    },
    // env, sh and bash of a script with Windows' line endings, which is the container's command.
    Rule {
        code: "windows-line-endings",
        find: |evidence| {
            evidence.says(&[
                "\\r': no such file",
                "\\r’: no such file",
                "$'\\r': command not found",
                "^m: bad interpreter",
            ])?;
            Some(Found::new(
                "The script that starts the container has Windows line endings (CR LF), so that its first \
                 line names no program.",
                "Save it with LF line endings, and add `*.sh text eol=lf` to .gitattributes.",
            ))
        },
    },
    // The kernel's ENOEXEC, from runc or tini; a shell that tries to read a program of another architecture as a script.
    Rule {
        code: "wrong-architecture",
        find: |evidence| {
            evidence.says(&[
                "exec format error",
                "cannot execute binary file",
                "elf: not found",
                "word unexpected (expecting \")\")",
            ])?;
            Some(Found::new(
                "The program in the image is for another processor architecture than the server's (or a \
                 script without a first line `#!…`).",
                "Build it in the Dockerfile on the server, remove `--platform` from FROM, clear the platform in the \
                 application's build settings, and copy no programs that were built elsewhere.",
            ))
        },
    },
    // The dynamic loaders of glibc and musl.
    Rule {
        code: "shared-library-missing",
        find: |evidence| {
            let line = evidence.wrote(&[
                "error while loading shared libraries",
                "error loading shared library",
                "' not found (required by",
                "error relocating",
            ])?;
            Some(Found::new(
                format!(
                    "The program needs a system library that the image does not have: {}",
                    quote(line)
                ),
                "Install the library in the final stage of the Dockerfile, or build in the same \
                 distribution and version that it runs in (a program for Debian does not run on Alpine).",
            ))
        },
    },
    // dockerd, when it creates a container of an image without CMD and ENTRYPOINT.
    Rule {
        code: "no-command",
        find: |evidence| {
            evidence.reported(&["no command specified"])?;
            Some(Found::new(
                "The image does not say what to run: the last stage of the Dockerfile has neither CMD nor \
                 ENTRYPOINT.",
                "Add CMD with the command that starts the application.",
            ))
        },
    },
    // runc's “executable file not found in $PATH”, tini's “exec /x failed: No such file or directory”, the shell's 127.
    Rule {
        code: "command-not-found",
        find: |evidence| {
            let reported = evidence.reported(&["exec: \"", "exec /"]);
            let absent = |line: &str| line.contains("not found") || line.contains("no such file");
            if evidence.seen.exit_code != Some(127) && !reported.is_some_and(absent) {
                return None;
            }
            let program = command(evidence).map_or_else(String::new, |program| format!(" {}", name(program)));
            Some(Found::new(
                format!("The container's command{program} was not found in the image (exit code 127)."),
                "Check CMD and ENTRYPOINT and where the file is copied to. If it is there, it is for \
                 another processor architecture, or what its first line `#!…` or its loader names is \
                 missing.",
            ))
        },
    },
    // runc's and tini's “permission denied”, the shell's 126.
    Rule {
        code: "command-not-executable",
        find: |evidence| {
            let reported = evidence
                .reported(&["exec: \""])
                .filter(|line| line.contains("permission denied"));
            if evidence.seen.exit_code != Some(126) && reported.is_none() {
                return None;
            }
            let program = command(evidence).map_or_else(String::new, |program| format!(" {}", name(program)));
            Some(Found::new(
                format!("The container's command{program} may not be executed (exit code 126)."),
                "Make the file executable (`git update-index --chmod=+x <file>`, or `RUN chmod +x \
                 <file>`), and check USER in the Dockerfile.",
            ))
        },
    },
    // Docker's exit code 0. Whatever it wrote, it did not call it an error.
    Rule {
        code: "exits-by-itself",
        find: |evidence| {
            (evidence.seen.exit_code == Some(0)).then(|| {
                let last = last_words(evidence);
                Found::new(
                    format!("The container's command ended by itself, without an error (exit code 0).{last}"),
                    "The command must keep running: start the server in the foreground (not as a daemon, \
                     not with `&`), and not a mere build or migration.",
                )
            })
        },
    },
];

/// When nothing more special shows.
pub const REST: &[Rule] = &[
    // SIGKILL (128 + 9) that Docker does not attribute to memory. It often does not when the whole server runs out of it.
    Rule {
        code: "killed",
        find: |evidence| {
            (evidence.seen.exit_code == Some(137)).then(|| {
                Found::new(
                    "The container was killed (exit code 137): most likely the server ran out of memory, \
                     else something inside of it or somebody on the server did it.",
                    "Look at the last lines of the log, and at `dmesg` of the node for “out of memory”; \
                     give the server more memory or let the application use less.",
                )
            })
        },
    },
    // Any other exit code.
    Rule {
        code: "crash-loop",
        find: |evidence| {
            let code = evidence.seen.exit_code?;
            let signal = signal(code).map_or_else(String::new, |signal| format!(", {signal}"));
            let last = last_words(evidence);
            Some(Found::new(
                format!(
                    "The application ends soon after its start, again and again (exit code \
                     {code}{signal}).{last}"
                ),
                "Its last lines in the log say why. Check its variables, and what it needs to reach at its \
                 start.",
            ))
        },
    },
    // dockerd or runc, in words that no rule knows.
    Rule {
        code: "container-refused",
        find: |evidence| {
            let line = evidence.reported(&["docker refused to start the container: "])?;
            let said = between(line, "start the container: ", "\n").unwrap_or(line);
            Some(Found::new(
                format!("Docker could not start the container. It says: {}", quote(said)),
                "Check CMD, ENTRYPOINT, USER and WORKDIR in the Dockerfile; `docker run` of the image on \
                 the server shows the same.",
            ))
        },
    },
];

fn last_words(evidence: &Evidence) -> String {
    evidence
        .last_words()
        .map_or_else(String::new, |last| format!(" Its last words: {}", quote(last)))
}

/// The command as runc, tini or a shell names it.
fn command(evidence: &Evidence) -> Option<&str> {
    let runc = evidence
        .reported(&["exec: \""])
        .and_then(|line| between(line, "exec: \"", "\""));
    let tini = || between(evidence.wrote(&["tini"])?, "] exec ", " failed:");
    let shell = |phrase: &str| word_before(evidence.wrote(&[phrase])?, phrase);
    let found = runc.or_else(tini).or_else(|| shell(": not found"));
    found
        .or_else(|| shell(": permission denied"))
        .map(|word| word.trim_end_matches(':'))
}

/// What an exit code above 128 says: the signal that ended the process.
fn signal(code: i64) -> Option<&'static str> {
    match code {
        132 => Some("an illegal instruction: the program may be built for a newer processor"),
        134 => Some("it aborted"),
        139 => Some("a segmentation fault"),
        143 => Some("it was asked to end"),
        _ => None,
    }
}
