//! The one place of the tests that starts programs: argument vectors, an environment of its own, its own process group,
//! an end in time. Dropping a running one ends its whole group.
#![allow(clippy::disallowed_types)]

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::AsyncWriteExt;

use crate::wait;

/// A program to start.
#[derive(Clone)]
pub struct Start {
    program: PathBuf,
    args: Vec<OsString>,
    env: Vec<(String, OsString)>,
    dir: Option<PathBuf>,
    input: Vec<u8>,
    user: Option<(u32, u32)>,
}

/// How it ended.
#[derive(Debug)]
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
}

impl Finished {
    /// The exit code; -1 when a signal ended it.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or(-1)
    }
}

impl Start {
    pub fn new(program: impl Into<PathBuf>) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let home = std::env::var_os("HOME").unwrap_or_default();
        let env = vec![
            ("PATH".into(), path),
            ("HOME".into(), home),
            ("LANG".into(), "C.UTF-8".into()),
        ];
        Self {
            program: program.into(),
            args: Vec::new(),
            env,
            dir: None,
            input: Vec::new(),
            user: None,
        }
    }

    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// The same program, started by another one that gets it as its last arguments.
    pub fn behind(mut self, program: &str, words: Vec<OsString>) -> Self {
        let inner = std::mem::replace(&mut self.program, program.into());
        self.args.splice(0..0, words.into_iter().chain([inner.into()]));
        self
    }

    pub fn env(mut self, key: &str, value: impl Into<OsString>) -> Self {
        self.env.push((key.to_owned(), value.into()));
        self
    }

    pub fn envs(mut self, pairs: impl IntoIterator<Item = (String, OsString)>) -> Self {
        self.env.extend(pairs);
        self
    }

    pub fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }

    /// Bytes for its standard input, which then ends.
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    /// Runs as this user and group, where the tests run as root.
    pub fn user(mut self, user: u32, group: u32) -> Self {
        self.user = Some((user, group));
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args).env_clear().process_group(0);
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        if let Some((user, group)) = self.user {
            command.uid(user).gid(group);
        }
        command
    }

    /// Runs it to its end; panics when it takes longer.
    pub async fn run(self, limit: Duration) -> Finished {
        let mut command = tokio::process::Command::from(self.command());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} could not start: {error}", self.program.display()));
        let group = child.id();
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = self.input.clone();
        tokio::spawn(async move {
            let _ = stdin.write_all(&input).await;
        });
        let Ok(output) = tokio::time::timeout(limit, child.wait_with_output()).await else {
            kill_group(group.unwrap_or_default(), Signal::SIGKILL);
            panic!(
                "{} {:?} took longer than {} s",
                self.program.display(),
                self.args,
                limit.as_secs()
            );
        };
        let output = output.expect("its output");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Finished {
            status: output.status,
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// Runs it to its good end and gives its standard output, trimmed; panics with its words otherwise.
    pub async fn ok(self, limit: Duration) -> String {
        let what = format!("{} {:?}", self.program.display(), self.args);
        let done = self.run(limit).await;
        assert!(
            done.status.success(),
            "{what} failed ({}): {}{}",
            done.status,
            done.stdout,
            done.stderr
        );
        done.stdout.trim().to_owned()
    }

    /// Runs it to its end and gives the bytes of its standard output.
    pub async fn bytes(self, limit: Duration) -> Vec<u8> {
        let mut command = tokio::process::Command::from(self.command());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} could not start: {error}", self.program.display()));
        let mut stdin = child.stdin.take().expect("a pipe");
        let input = self.input;
        tokio::spawn(async move {
            let _ = stdin.write_all(&input).await;
        });
        let output = tokio::time::timeout(limit, child.wait_with_output()).await;
        output.expect("it ends in time").expect("its output").stdout
    }

    /// Starts it to run on; what it writes goes to the end of `log`.
    pub fn daemon(self, log: &Path) -> Daemon {
        let file = File::options()
            .create(true)
            .append(true)
            .open(log)
            .expect("the log file");
        let mut command = self.command();
        command
            .stdin(Stdio::piped())
            .stdout(file.try_clone().expect("the log file"))
            .stderr(file);
        let mut child = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} could not start: {error}", self.program.display()));
        if let Some(mut stdin) = child.stdin.take() {
            std::io::Write::write_all(&mut stdin, &self.input).expect("its standard input");
        }
        Daemon {
            child,
            log: log.to_owned(),
        }
    }
}

/// A program that runs on until it is stopped or dropped.
pub struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has written so far.
    pub fn output(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// `kill -9` of the process itself, not of its group: what a crash is.
    pub fn kill9(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks it to end, and ends it after `grace`. True when it went by itself.
    pub fn stop(&mut self, grace: Duration) -> bool {
        self.stop_by(Signal::SIGTERM, grace)
    }

    /// The same by another signal.
    pub fn stop_by(&mut self, signal: Signal, grace: Duration) -> bool {
        let _ = nix::sys::signal::kill(Pid::from_raw(self.child.id().cast_signed()), signal);
        let end = Instant::now() + grace;
        while self.is_running() && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(20));
        }
        let went = !self.is_running();
        kill_group(self.child.id(), Signal::SIGKILL);
        let _ = self.child.wait();
        went
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if self.is_running() {
            self.stop(Duration::from_secs(5));
        }
    }
}

fn kill_group(leader: u32, signal: Signal) {
    if leader > 1 {
        let _ = killpg(Pid::from_raw(leader.cast_signed()), signal);
    }
}

/// Running processes whose command line or working folder names `path`: (pid, command line).
pub fn naming(path: &Path) -> Vec<(i32, String)> {
    let needle = path.to_string_lossy().into_owned();
    let Ok(all) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in all.flatten() {
        let Some(pid) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse::<i32>().ok())
        else {
            continue;
        };
        let words = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&words).replace('\0', " ");
        let dir = std::fs::read_link(entry.path().join("cwd")).unwrap_or_default();
        if pid != std::process::id().cast_signed() && (line.contains(&needle) || dir.starts_with(path)) {
            found.push((pid, format!("{} (in {})", line.trim(), dir.display())));
        }
    }
    found
}

/// Whether a process of the machine was started with exactly these words, in a container or not.
pub fn runs(words: &[&str]) -> bool {
    let wanted: Vec<u8> = words.iter().flat_map(|word| word.bytes().chain([0])).collect();
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .any(|line| line == wanted)
}

/// The processes that `ancestor` started, and theirs.
pub fn descendants(ancestor: u32) -> Vec<(i32, String)> {
    let mut family = vec![ancestor.cast_signed()];
    let mut found = Vec::new();
    let all = parents();
    while let Some(parent) = family.pop() {
        for (pid, name, _) in all.iter().filter(|(_, _, of)| *of == parent) {
            family.push(*pid);
            found.push((*pid, name.clone()));
        }
    }
    found
}

/// (pid, name, parent's pid) of every process.
fn parents() -> Vec<(i32, String, i32)> {
    let Ok(all) = std::fs::read_dir("/proc") else {
        return Vec::new();
    };
    let stat = |entry: std::fs::DirEntry| {
        let text = std::fs::read_to_string(entry.path().join("stat")).ok()?;
        let (head, tail) = text.rsplit_once(')')?;
        let (pid, name) = head.split_once(" (")?;
        Some((
            pid.parse().ok()?,
            name.to_owned(),
            tail.split_whitespace().nth(1)?.parse().ok()?,
        ))
    };
    all.flatten().filter_map(stat).collect()
}

/// Waits until none of them runs any more. One that has ended, and that nobody has asked about, has no program.
pub async fn until_gone(what: &str, processes: &[(i32, String)]) {
    let runs = |(pid, _): &(i32, String)| Path::new(&format!("/proc/{pid}/exe")).exists();
    wait::until(&format!("{what} is gone"), Duration::from_secs(120), async || {
        !processes.iter().any(runs)
    })
    .await;
}

/// Asks those of these that are servers of PostgreSQL to end at once. Killed, they leave their shared memory behind.
pub fn end_databases(processes: &[(i32, String)], grace: Duration) {
    let is_server = |(_, line): &&(i32, String)| line.contains("/postgres -D ");
    let servers: Vec<&(i32, String)> = processes.iter().filter(is_server).collect();
    for (pid, _) in &servers {
        let _ = nix::sys::signal::kill(Pid::from_raw(*pid), Signal::SIGQUIT);
    }
    let end = Instant::now() + grace;
    let runs = |(pid, _): &&(i32, String)| Path::new(&format!("/proc/{pid}/exe")).exists();
    while servers.iter().any(runs) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends these processes at once.
pub fn kill_all(processes: &[(i32, String)]) {
    signal_all(processes, Signal::SIGKILL);
}

/// Sends each of them this signal.
pub fn signal_all(processes: &[(i32, String)], signal: Signal) {
    for (pid, _) in processes {
        let _ = nix::sys::signal::kill(Pid::from_raw(*pid), signal);
    }
}
