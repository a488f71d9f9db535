//! Causes in the *build* step that lie in a command of RUN: what package managers and compilers say.

use super::evidence::Evidence;
use super::text::{between, name, number_after, quote, word_before};
use super::variable::missing_variable;
use super::{Found, Rule};

/// A command of the Dockerfile that failed.
pub struct Failed {
    pub command: String,
    pub code: i64,
}

/// BuildKit: “process "/bin/sh -c npm ci" did not complete successfully: exit code: 1”; that of 20.10: “executor failed
/// running [/bin/sh -c npm ci]: exit code: 1”.
pub fn failed_command(evidence: &Evidence) -> Option<Failed> {
    let line = evidence.reported(&["did not complete successfully", "executor failed running"])?;
    let command = between(line, "process \"", "\" did not complete")
        .or_else(|| between(line, "failed running [", "]: exit code"));
    let command = command?.trim_start_matches("/bin/sh -c ");
    Some(Failed {
        command: command.to_owned(),
        code: number_after(line, "exit code: ")?,
    })
}

/// What a command wrote, if a command failed at all.
fn wrote<'e>(evidence: &'e Evidence, phrases: &[&str]) -> Option<&'e str> {
    failed_command(evidence)?;
    evidence.wrote(phrases)
}

pub const RULES: &[Rule] = &[
    // The kernel's SIGKILL (128 + 9); Node.js, the JVM, cargo and gcc in their own words.
    Rule {
        code: "build-out-of-memory",
        find: |evidence| {
            let killed = failed_command(evidence)?.code == 137;
            let said = evidence.says(&[
                "javascript heap out of memory",
                "java.lang.outofmemoryerror",
                "sigkill: kill",
                "signal: killed",
                "killed signal terminated program",
                "cannot allocate memory",
                "virtual memory exhausted",
            ]);
            (killed || said.is_some()).then(|| {
                Found::new(
                    "The build ran out of memory.",
                    "Let it do less at once (for example `--max-old-space-size`, `make -j1`, \
                     `CARGO_BUILD_JOBS=1`), raise the build's limit of memory if it has one, add swap or memory to \
                     the server, or stop what runs beside it.",
                )
            })
        },
    },
    // The kernel's ENOEXEC, as runc passes it on.
    Rule {
        code: "build-wrong-architecture",
        find: |evidence| {
            failed_command(evidence)?;
            evidence.says(&["exec format error", "cannot execute binary file"])?;
            Some(Found::new(
                "A command of the build is for another processor architecture than the server's, and the server has no emulator \
                 for it (or it is a script without a first line `#!…`).",
                "Build for the server's own platform: clear the platform in the application's build settings, and remove \
                 `--platform` from FROM. To build for another one all the same, install the emulators on the server \
                 (`apt-get install qemu-user-static binfmt-support`).",
            ))
        },
    },
    // env, sh and bash of a script with Windows' line endings.
    Rule {
        code: "build-line-endings",
        find: |evidence| {
            wrote(
                evidence,
                &[
                    "\\r': no such file",
                    "\\r’: no such file",
                    "$'\\r': command not found",
                    "^m: bad interpreter",
                ],
            )?;
            Some(Found::new(
                "A script has Windows line endings (CR LF), so that its first line names no program.",
                "Save it with LF line endings, and add `*.sh text eol=lf` to .gitattributes.",
            ))
        },
    },
    // npm, yarn, pnpm, cargo, poetry and bundler of a lock file that is not up to date.
    Rule {
        code: "lock-file-out-of-date",
        find: |evidence| {
            wrote(
                evidence,
                &[
                    "can only install packages when your package.json and",
                    "lockfile needs to be updated",
                    "err_pnpm_outdated_lockfile",
                    "lockfile would have been modified by this install",
                    "needs to be updated but --locked was passed",
                    "changed significantly since poetry.lock",
                    "because --frozen-lockfile",
                    "lockfile had changes, but lockfile is frozen",
                    "your lockfile does not satisfy dependencies",
                ],
            )?;
            Some(Found::new(
                "The lock file does not match the list of dependencies: one was changed without the other.",
                "Run the package manager's install on your own machine (for example `npm install`) and \
                 commit the lock file.",
            ))
        },
    },
    // npm and pnpm without any lock file.
    Rule {
        code: "lock-file-missing",
        find: |evidence| {
            wrote(
                evidence,
                &[
                    "can only install with an existing package-lock",
                    "err_pnpm_no_lockfile",
                    "no lockfile found",
                ],
            )?;
            Some(Found::new(
                "The install command needs a lock file, and there is none.",
                "Commit the lock file (package-lock.json, pnpm-lock.yaml), and COPY it together with \
                 package.json before the install.",
            ))
        },
    },
    // npm's ERESOLVE as an error (as a warning it names no code), pip's resolver.
    Rule {
        code: "dependency-conflict",
        find: |evidence| {
            wrote(
                evidence,
                &[
                    "code eresolve",
                    "unable to resolve dependency tree",
                    "resolutionimpossible",
                    "conflicting dependencies",
                ],
            )?;
            Some(Found::new(
                "Two dependencies want versions of a third that do not go together.",
                "Change a version so that they do; the lines above in the log name them. Then commit the \
                 lock file.",
            ))
        },
    },
    // Resolver and sockets of libc, curl, apt, npm, Go and wget inside of RUN. Before “not found”, which pip and apt say next.
    Rule {
        code: "build-network",
        find: |evidence| {
            let line = wrote(
                evidence,
                &[
                    "temporary failure resolving",
                    "temporary failure in name resolution",
                    "could not resolve host",
                    "eai_again",
                    "getaddrinfo enotfound",
                    "network is unreachable",
                    "wget: bad address",
                    "wget: unable to resolve",
                    "name or service not known",
                    "no such host",
                    "could not resolve proxy",
                    "etimedout",
                    "connection timed out",
                ],
            )?;
            Some(Found::new(
                format!(
                    "A command of the build could not reach the network: {}",
                    quote(line)
                ),
                "Deploy again if it was a passing fault. Otherwise check DNS and firewall of the server, \
                 and that containers may reach the internet (`docker run --rm alpine nslookup \
                 example.org`).",
            ))
        },
    },
    // npm (E404, ETARGET), pip, cargo, Go, bundler and composer of a package or version that the registry does not have.
    Rule {
        code: "package-not-found",
        find: |evidence| {
            let line = wrote(
                evidence,
                &[
                    "no matching version found for",
                    "is not in this registry",
                    "is not in the npm registry",
                    "404 not found - get https://registry.",
                    "no matching distribution found for",
                    "could not find a version that satisfies the requirement",
                    "no matching package named",
                    "unknown revision",
                    "could not find gem",
                    "could not find a matching version of package",
                ],
            )?;
            Some(Found::new(
                format!(
                    "A package or the wanted version of it does not exist in the registry: {}",
                    quote(line)
                ),
                "Check its name and version. A private package needs a sign-in of the package manager in \
                 the build.",
            ))
        },
    },
    // apt, apk and dnf.
    Rule {
        code: "system-package-not-found",
        find: |evidence| {
            let line = wrote(
                evidence,
                &[
                    "e: unable to locate package",
                    "has no installation candidate",
                    "unable to select packages",
                    "(no such package)",
                    "no match for argument:",
                ],
            )?;
            Some(Found::new(
                format!(
                    "The distribution of the base image does not have a package: {}",
                    quote(line)
                ),
                "Run `apt-get update` in the same RUN before the install, and check the package's name for \
                 this distribution and version.",
            ))
        },
    },
    // git, curl and package managers that were refused inside of RUN.
    Rule {
        code: "build-access-denied",
        find: |evidence| {
            let line = wrote(
                evidence,
                &[
                    "code e401",
                    "code e403",
                    "returned error: 401",
                    "returned error: 403",
                    "could not read username",
                    "permission denied (publickey",
                ],
            )?;
            Some(Found::new(
                format!(
                    "A command of the build needs a sign-in that the build does not have: {}",
                    quote(line)
                ),
                "Make the package or repository public, or bring what it needs into the source.",
            ))
        },
    },
    // Tools that refuse the version of the language they run on.
    Rule {
        code: "runtime-version",
        find: |evidence| {
            let line = wrote(
                evidence,
                &[
                    "is incompatible with this module. expected version",
                    "requires go >=",
                    "requires rustc",
                    "is not supported by the following package",
                    "digital envelope routines::unsupported",
                    "requires a different python",
                    "err_pnpm_unsupported_engine",
                    "your ruby version is",
                    "unsupported class file major version",
                    "a compatible .net sdk was not found",
                ],
            )?;
            Some(Found::new(
                format!(
                    "The source needs another version of its language or tools than the base image has: {}",
                    quote(line)
                ),
                "Choose the base image with the version that the source needs, or change the source's \
                 demand.",
            ))
        },
    },
    // npm, pip, Go and cargo without the file that lists the dependencies.
    Rule {
        code: "project-file-missing",
        find: |evidence| {
            let line = wrote(
                evidence,
                &[
                    "could not read package.json",
                    "could not open requirements file",
                    "go.mod file not found",
                    "could not find `cargo.toml`",
                    "couldn't find a package.json",
                    "no package.json",
                    "could not locate gemfile",
                    "msb1003",
                    "could not find a composer.json",
                    "there is no pom in this directory",
                ],
            )?;
            Some(Found::new(
                format!(
                    "The file that lists the dependencies is not where the command looks for it: {}",
                    quote(line)
                ),
                "COPY it before the command runs, into WORKDIR. If the application lies in a folder of the \
                 repository, set that folder in its settings.",
            ))
        },
    },
    // npm, yarn and pnpm.
    Rule {
        code: "build-script-missing",
        find: |evidence| {
            let line = wrote(
                evidence,
                &[
                    "missing script:",
                    "err_pnpm_no_script",
                    "couldn't find a script named",
                ],
            )?;
            Some(Found::new(
                format!("package.json has no script of that name: {}", quote(line)),
                "Add the script to package.json, or call the one that there is.",
            ))
        },
    },
    // Programs that demand a variable, for which a build has no value.
    Rule {
        code: "build-variable-missing",
        find: |evidence| {
            failed_command(evidence)?;
            let variable = missing_variable(evidence)?;
            Some(Found::new(
                format!(
                    "A command of the build needs the variable {}, which has no value during the build.",
                    name(&variable)
                ),
                "Make the build work without it, or give it a harmless value in the Dockerfile (ARG or \
                 ENV). The application's variables are there when it runs.",
            ))
        },
    },
    // The shell (127), with dash's, busybox's and bash's words for it.
    Rule {
        code: "build-command-not-found",
        find: |evidence| {
            let run = failed_command(evidence)?;
            if run.code != 127 {
                return None;
            }
            let line = evidence.wrote(&[": not found", "command not found"]);
            let program = line.and_then(|line| {
                word_before(line, ": not found").or_else(|| word_before(line, ": command not found"))
            });
            let program = program.map_or_else(
                || name(&run.command),
                |program| name(program.trim_end_matches(':')),
            );
            Some(Found::new(
                format!("The program {program} is not in the image at this point of the build."),
                "Install it in an earlier RUN, or use a base image that has it. Programs of a project's \
                 own dependencies may be left out by a production install (NODE_ENV=production, \
                 --omit=dev).",
            ))
        },
    },
    // The shell (126).
    Rule {
        code: "build-not-executable",
        find: |evidence| {
            let run = failed_command(evidence)?;
            (run.code == 126).then(|| {
                Found::new(
                    format!("The build may not execute what {} names.", name(&run.command)),
                    "Make it executable (`git update-index --chmod=+x <file>`, or `RUN chmod +x <file>`), \
                     or start it through its interpreter.",
                )
            })
        },
    },
    // webpack, Vite, TypeScript, Node.js and Python of an import that nothing provides.
    Rule {
        code: "build-module-not-found",
        find: |evidence| {
            let line = wrote(
                evidence,
                &[
                    "module not found: error",
                    "cannot find module",
                    "no module named",
                    "rollup failed to resolve import",
                    "could not resolve \"",
                ],
            )?;
            Some(Found::new(
                format!("The source imports something that is not there: {}", quote(line)),
                "Add it to the dependencies, or correct its name; the server tells capital from small \
                 letters in file names. Check that .dockerignore does not exclude it.",
            ))
        },
    },
    // Compilers: TypeScript, rustc, gcc and clang, Go, C#, Java, Python, webpack, make.
    Rule {
        code: "compile-error",
        find: |evidence| {
            let special = wrote(
                evidence,
                &[
                    "error ts",
                    "error[e",
                    ": error: ",
                    "syntaxerror",
                    "error cs",
                    "cannot find symbol",
                    ": undefined: ",
                    "type error: ",
                    "parse error: ",
                ],
            );
            let line = special.or_else(|| {
                wrote(
                    evidence,
                    &[
                        "could not compile",
                        "failed to compile",
                        "compilation error",
                        "build failure",
                        "error during build",
                        "syntax error",
                        "make: ***",
                    ],
                )
            })?;
            Some(Found::new(
                format!("The source does not compile: {}", quote(line)),
                "Correct it and push; the same command on your own machine shows the same errors.",
            ))
        },
    },
];
