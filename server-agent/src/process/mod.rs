//! The one door to other programs.
//!
//! A closed set of programs, argument vectors, an environment that starts empty, a process group of its own, a
//! deadline, and a cancellation that ends the whole group. There is no shell, and no text of a user becomes a
//! program's name. `clippy.toml` bans `Command` everywhere else.
#![allow(
    clippy::disallowed_types,
    reason = "this is the module that the ban points to"
)]

mod line_reader;

use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio_util::sync::CancellationToken;

use line_reader::LineReader;

/// Every program that the agent ever starts.
#[derive(Clone, Debug)]
pub enum Program {
    Git,
    Ssh,
    /// Asks an SSH server for its keys.
    SshKeyscan,
    /// PostgreSQL's own programs, in the folder of the distribution's package.
    Initdb {
        folder: PathBuf,
    },
    Postgres {
        folder: PathBuf,
    },
    Systemctl,
    Groupadd,
    Useradd,
    Usermod,
    Userdel,
    AptGet,
    Dpkg,
    Dnf,
    Zypper,
    /// The SSH server, asked for the settings that hold. It is not one that is found somewhere else.
    Sshd,
    Nft,
    IptablesSave,
    Ip6tablesSave,
    Timedatectl,
    /// One of the builders that the administrator has put on the server: `nixpacks`, `railpack` or `pack`.
    Builder {
        path: PathBuf,
    },
    /// The agent itself: one of its own subcommands.
    Agent {
        path: PathBuf,
    },
}

impl Program {
    fn path(&self) -> PathBuf {
        match self {
            Self::Git => "git".into(),
            Self::Ssh => "ssh".into(),
            Self::SshKeyscan => "ssh-keyscan".into(),
            Self::Initdb { folder } => folder.join("initdb"),
            Self::Postgres { folder } => folder.join("postgres"),
            Self::Systemctl => "systemctl".into(),
            Self::Groupadd => "groupadd".into(),
            Self::Useradd => "useradd".into(),
            Self::Usermod => "usermod".into(),
            Self::Userdel => "userdel".into(),
            Self::AptGet => "apt-get".into(),
            Self::Dpkg => "dpkg".into(),
            Self::Dnf => "dnf".into(),
            Self::Zypper => "zypper".into(),
            Self::Sshd => "/usr/sbin/sshd".into(),
            Self::Nft => "nft".into(),
            Self::IptablesSave => "iptables-save".into(),
            Self::Ip6tablesSave => "ip6tables-save".into(),
            Self::Timedatectl => "timedatectl".into(),
            Self::Builder { path } | Self::Agent { path } => path.clone(),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("could not start {program}; is it installed?")]
    Start { program: String, source: std::io::Error },
    #[error("lost track of {program}")]
    Wait { program: String, source: std::io::Error },
    #[error("{program} did not finish within {} s and was stopped", limit.as_secs())]
    Deadline { program: String, limit: Duration },
    #[error("{program} was stopped because the work was cancelled")]
    Cancelled { program: String },
}

/// How a program ended, and the last part of what it wrote.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    pub fn success(&self) -> bool {
        self.status.success()
    }
}

/// Which of its two outputs a line came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Stdout,
    Stderr,
}

/// At most this much of each output is kept in memory, in bytes.
const KEPT_OUTPUT: usize = 256 * 1024;
/// How long a group may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(2);
/// How long one is waited for after SIGKILL. The kernel kills nobody who waits for a disk that hangs.
const REAP: Duration = Duration::from_secs(2);
/// Where programs without a path of their own are looked up.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A program with its arguments, not yet started.
pub struct Invocation {
    name: String,
    command: Command,
    deadline: Option<Duration>,
    cancel: CancellationToken,
}

impl Invocation {
    pub fn new(program: Program) -> Self {
        let path = program.path();
        let name = path.file_name().map_or_else(
            || path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        );
        let mut command = Command::new(&path);
        command
            .env_clear()
            .env("PATH", SEARCH_PATH)
            .env("LANG", "C.UTF-8")
            .stdin(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        Self {
            name,
            command,
            deadline: None,
            cancel: CancellationToken::new(),
        }
    }

    pub fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args<A: AsRef<std::ffi::OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, key: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub fn dir(mut self, path: &Path) -> Self {
        self.command.current_dir(path);
        self
    }

    /// Runs as another account, by number. Needs root.
    pub fn as_user(mut self, uid: u32, gid: u32) -> Self {
        self.command.uid(uid).gid(gid);
        self
    }

    /// Gives it this open file as standard input.
    pub fn stdin_from(mut self, file: std::os::fd::OwnedFd) -> Self {
        self.command.stdin(Stdio::from(file));
        self
    }

    /// Uses the agent's own three streams: for the one subcommand that stands in for another program.
    pub fn inherit_streams(mut self) -> Self {
        self.command
            // In the group of whoever started the agent in its place, and ended with it.
            .process_group(nix::unistd::getpgrp().as_raw())
            .stdin(Stdio::inherit())
            .stdout(Stdio::inherit())
            .stderr(Stdio::inherit());
        self
    }

    /// After this time the group is stopped and the run is an error.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.deadline = Some(limit);
        self
    }

    /// When the token is cancelled the group is stopped and the run is an error.
    pub fn cancel(mut self, token: &CancellationToken) -> Self {
        self.cancel = token.clone();
        self
    }

    /// Runs to the end.
    pub async fn run(self) -> Result<Finished, ProcessError> {
        self.run_with(|_, _| {}).await
    }

    /// Runs to the end and shows each line as it is written.
    pub async fn run_with(mut self, mut on_line: impl FnMut(Output, &str)) -> Result<Finished, ProcessError> {
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let (limit, cancel) = (self.deadline, self.cancel.clone());
        let mut running = self.start()?;
        let (mut out, mut err) = (
            LineReader::new(running.child.stdout.take()),
            LineReader::new(running.child.stderr.take()),
        );
        let mut kept = (String::new(), String::new());
        let over = async {
            match limit {
                Some(limit) => tokio::time::sleep(limit).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(over);
        loop {
            tokio::select! {
                line = out.next(), if out.open() => if let Some(line) = line { on_line(Output::Stdout, &line); keep(&mut kept.0, &line); },
                line = err.next(), if err.open() => if let Some(line) = line { on_line(Output::Stderr, &line); keep(&mut kept.1, &line); },
                () = &mut over => {
                    running.stop().await;
                    return Err(ProcessError::Deadline { program: running.name.clone(), limit: limit.unwrap_or_default() });
                }
                () = cancel.cancelled() => {
                    running.stop().await;
                    return Err(ProcessError::Cancelled { program: running.name.clone() });
                }
                status = running.child.wait(), if !out.open() && !err.open() => {
                    let status = status.map_err(|source| ProcessError::Wait { program: running.name.clone(), source })?;
                    running.group = None;
                    return Ok(Finished { status, stdout: kept.0, stderr: kept.1 });
                }
            }
        }
    }

    /// Starts a program that goes on by itself. Dropping the answer kills its whole group.
    pub fn start(mut self) -> Result<Running, ProcessError> {
        let child = self.command.spawn().map_err(|source| ProcessError::Start {
            program: self.name.clone(),
            source,
        })?;
        let group = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .map(Pid::from_raw);
        Ok(Running {
            name: self.name,
            child,
            group,
        })
    }

    /// Starts a program that is spoken with over its standard streams.
    pub fn start_conversation(mut self) -> Result<Conversation, ProcessError> {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut running = self.start()?;
        let errors = ErrorLines(LineReader::new(running.child.stderr.take()));
        match (running.child.stdin.take(), running.child.stdout.take()) {
            (Some(input), Some(output)) => Ok(Conversation {
                input,
                output,
                errors,
                running,
            }),
            _ => Err(ProcessError::Start {
                program: running.name.clone(),
                source: std::io::Error::other("it has no streams"),
            }),
        }
    }

    /// Starts a program whose output goes to a file.
    pub fn start_logging_to(mut self, log: std::fs::File) -> Result<Running, ProcessError> {
        let twin = log.try_clone().map_err(|source| ProcessError::Start {
            program: self.name.clone(),
            source,
        })?;
        self.command.stdout(log).stderr(twin);
        self.start()
    }
}

/// A program that is spoken with. It ends, with its whole group, when `running` is dropped.
pub struct Conversation {
    pub input: ChildStdin,
    pub output: ChildStdout,
    pub errors: ErrorLines,
    pub running: Running,
}

/// What a program writes to its standard error, line by line.
pub struct ErrorLines(LineReader<ChildStderr>);

impl ErrorLines {
    /// The next line; `None` when there will be none.
    pub async fn next(&mut self) -> Option<String> {
        self.0.next().await
    }
}

/// A started program and its group.
pub struct Running {
    name: String,
    child: Child,
    group: Option<Pid>,
}

impl Running {
    /// Waits until the program ends by itself.
    pub async fn wait(&mut self) -> Result<ExitStatus, ProcessError> {
        let status = self.child.wait().await.map_err(|source| ProcessError::Wait {
            program: self.name.clone(),
            source,
        })?;
        self.group = None;
        Ok(status)
    }

    /// Sends a signal to the program itself, not its group.
    pub fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            let _ = nix::sys::signal::kill(group, signal);
        }
    }

    /// Ends the whole group: asks, then insists. One that even so does not end is left to the kernel.
    pub async fn stop(&mut self) {
        let Some(group) = self.group else { return };
        let _ = killpg(group, Signal::SIGTERM);
        if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
            let _ = killpg(group, Signal::SIGKILL);
            let _ = tokio::time::timeout(REAP, self.child.wait()).await;
        }
        let _ = killpg(group, Signal::SIGKILL);
        self.group = None;
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.group {
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

fn keep(kept: &mut String, line: &str) {
    kept.push_str(line);
    kept.push('\n');
    if kept.len() > KEPT_OUTPUT {
        let cut = (kept.len() - KEPT_OUTPUT / 2..kept.len())
            .find(|at| kept.is_char_boundary(*at))
            .unwrap_or(0);
        kept.drain(..cut);
    }
}

#[cfg(test)]
mod tests;
