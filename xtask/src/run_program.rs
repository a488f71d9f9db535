//! The one place of the tasks that starts programs: argument vectors, never a shell.
#![allow(clippy::disallowed_types)]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often one with a limit is asked whether it has ended.
const LOOK: Duration = Duration::from_millis(200);

/// A program to run.
pub struct Run {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    dir: Option<PathBuf>,
    input: Option<String>,
}

impl Run {
    pub fn new(program: impl AsRef<OsStr>) -> Self {
        Self {
            program: program.as_ref().to_owned(),
            args: Vec::new(),
            env: Vec::new(),
            dir: None,
            input: None,
        }
    }

    /// The same, as root: through `sudo` where the person is somebody else.
    pub fn as_root(program: &str) -> Self {
        if nix::unistd::geteuid().is_root() {
            Self::new(program)
        } else {
            Self::new("sudo").arg(program)
        }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.args.push(arg.as_ref().to_owned());
        self
    }

    pub fn args<T: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = T>) -> Self {
        self.args
            .extend(args.into_iter().map(|arg| arg.as_ref().to_owned()));
        self
    }

    pub fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env
            .push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    pub fn envs(mut self, pairs: &[(String, OsString)]) -> Self {
        self.env
            .extend(pairs.iter().map(|(key, value)| (key.into(), value.clone())));
        self
    }

    pub fn dir(mut self, dir: &Path) -> Self {
        self.dir = Some(dir.to_owned());
        self
    }

    /// What it reads on standard input.
    pub fn input(mut self, text: &str) -> Self {
        self.input = Some(text.to_owned());
        self
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        // What cargo told this task about itself is not about the programs that it starts.
        for (key, _) in std::env::vars_os() {
            let name = key.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&key);
            }
        }
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        if let Some(dir) = &self.dir {
            command.current_dir(dir);
        }
        command
    }

    /// What a person would type, for messages.
    fn line(&self) -> String {
        let words = std::iter::once(&self.program).chain(&self.args);
        words
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Runs it with its output shown.
    pub fn shown(self) -> Result<()> {
        let status = self
            .command()
            .status()
            .with_context(|| format!("{} could not be started", self.line()))?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.line());
        }
        Ok(())
    }

    /// The same, which is ended when it takes longer than this. What it started itself stays.
    pub fn shown_within(self, limit: Duration) -> Result<()> {
        let mut child = self
            .command()
            .spawn()
            .with_context(|| format!("{} could not be started", self.line()))?;
        let end = Instant::now() + limit;
        loop {
            match child.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => bail!("`{}` failed ({status})", self.line()),
                None if Instant::now() < end => std::thread::sleep(LOOK),
                None => break,
            }
        }
        child.kill()?;
        child.wait()?;
        bail!(
            "`{}` was not done within {} minutes",
            self.line(),
            limit.as_secs() / 60
        )
    }

    /// Runs it and gives what it wrote on standard output; a failure shows the end of all its output.
    pub fn quiet(self) -> Result<String> {
        let (success, stdout, stderr) = self.finish()?;
        if !success {
            bail!(
                "`{}` failed:\n{}",
                self.line(),
                last_lines(&format!("{stdout}{stderr}"), 30)
            );
        }
        Ok(stdout)
    }

    /// Runs it and says whether it succeeded.
    pub fn succeeds(self) -> bool {
        self.finish().is_ok_and(|(success, ..)| success)
    }

    fn finish(&self) -> Result<(bool, String, String)> {
        let mut command = self.command();
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.spawned(command)?;
        // A program that does not read to the end says itself why.
        let _ = self.feed(&mut child);
        let output = child.wait_with_output()?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((
            output.status.success(),
            text(&output.stdout),
            text(&output.stderr),
        ))
    }

    /// Starts it, ready to read where it has an input.
    fn spawned(&self, mut command: Command) -> Result<Child> {
        command.stdin(if self.input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        });
        command
            .spawn()
            .with_context(|| format!("`{}` could not be started", self.line()))
    }

    /// Gives it its input, to the end.
    fn feed(&self, child: &mut Child) -> std::io::Result<()> {
        match (&self.input, child.stdin.take()) {
            (Some(text), Some(mut pipe)) => pipe.write_all(text.as_bytes()),
            _ => Ok(()),
        }
    }

    /// Starts it in the background, in a process group of its own, with its output in a file. It outlives this task.
    pub fn daemon(self, log: &Path) -> Result<i32> {
        let file = File::create(log).with_context(|| format!("{} cannot be written", log.display()))?;
        let mut command = self.command();
        command.stdout(file.try_clone()?).stderr(file).process_group(0);
        let mut child = self.spawned(command)?;
        self.feed(&mut child)?;
        Ok(i32::try_from(child.id())?)
    }
}

/// The end of a long text.
pub fn last_lines(text: &str, count: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
