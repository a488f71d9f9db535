//! Checking out a repository that nobody trusts.
//!
//! git runs with an environment of its own: no system or user configuration, no hooks, no credential helper, no prompt,
//! only the transports that `GitUrl` allows, and options closed with `--` before anything that a user wrote.

use std::path::{Path, PathBuf};
use std::time::Duration;

use slipway_protocol::deployment::Commit;
use slipway_protocol::git::{GitRef, GitUrl};
use tokio_util::sync::CancellationToken;

use crate::process::{Finished, Invocation, Output, ProcessError, Program};

#[derive(Debug, thiserror::Error)]
pub enum GitError {
    #[error(
        "the repository {url} was not found or may not be read; check its address and that the server may read it"
    )]
    NotFound { url: String },
    #[error("the server of {url} could not be reached; check the address and the network")]
    Unreachable { url: String },
    #[error("{reference} is no branch, tag or commit of {url}")]
    NoSuchRef { url: String, reference: String },
    #[error("git failed on {url}: {reason}")]
    Failed { url: String, reason: String },
    #[error("the disk of the server is full; free some space and deploy again")]
    DiskFull,
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("the folder for the checkout could not be prepared")]
    Io(#[from] std::io::Error),
}

/// What a checkout needs besides its address.
pub struct Checkout<'a> {
    pub url: &'a GitUrl,
    pub reference: &'a GitRef,
    /// An empty or absent folder.
    pub into: &'a Path,
    /// The agent's own data folder: known hosts and the key for ssh live in its `ssh` folder.
    pub data_dir: &'a Path,
    pub limit: Duration,
    pub cancel: &'a CancellationToken,
}

impl Checkout<'_> {
    /// Fetches just the wanted commit and checks it out. `on_line` sees what git says.
    pub async fn run(&self, mut on_line: impl FnMut(&str)) -> Result<Commit, GitError> {
        std::fs::create_dir_all(self.into)?;
        self.git(["init", "--quiet", "--initial-branch=slipway"], &mut on_line)
            .await?;
        let reference = self.fetch(&mut on_line).await?;
        self.git(
            ["checkout", "--quiet", "--force", "--detach", &reference],
            &mut on_line,
        )
        .await?;
        let shown = self
            .git(
                ["log", "-1", "--no-show-signature", "--format=%H%n%an%n%s"],
                &mut |_| {},
            )
            .await?;
        let mut lines = shown.stdout.lines();
        let mut next = || lines.next().unwrap_or_default().to_owned();
        Ok(Commit {
            hash: next(),
            author: next(),
            message: next(),
        })
    }

    /// Fetches the reference alone where the server allows it; a commit that it does not hand out by itself needs the whole history.
    async fn fetch(&self, on_line: &mut impl FnMut(&str)) -> Result<String, GitError> {
        let (url, reference) = (self.url.as_str(), self.reference.as_str());
        let shallow = ["fetch", "--quiet", "--no-tags", "--depth=1", "--", url, reference];
        match self.git(shallow, on_line).await {
            Ok(_) => Ok("FETCH_HEAD".to_owned()),
            Err(GitError::NoSuchRef { .. } | GitError::Failed { .. }) if looks_like_a_commit(reference) => {
                let all = [
                    "fetch",
                    "--quiet",
                    "--no-tags",
                    "--",
                    url,
                    "+refs/heads/*:refs/remotes/origin/*",
                ];
                self.git(all, on_line).await?;
                let wanted = format!("{reference}^{{commit}}");
                let found = self
                    .git(["rev-parse", "--verify", "--quiet", &wanted], on_line)
                    .await
                    .map_err(|_| self.no_such_ref())?;
                Ok(found.stdout.trim().to_owned())
            }
            Err(error) => Err(error),
        }
    }

    async fn git<'a>(
        &self,
        args: impl IntoIterator<Item = &'a str>,
        on_line: &mut impl FnMut(&str),
    ) -> Result<Finished, GitError> {
        let invocation = self
            .invocation()
            .args(args)
            .dir(self.into)
            .deadline(self.limit)
            .cancel(self.cancel);
        let ended = invocation
            .run_with(|from, line| {
                if from == Output::Stderr {
                    on_line(line);
                }
            })
            .await?;
        if ended.success() {
            Ok(ended)
        } else {
            Err(self.explain(&ended.stderr))
        }
    }

    fn invocation(&self) -> Invocation {
        let allowed = ["https", "http", "ssh", "file"].map(|name| format!("protocol.{name}.allow=always"));
        let mut invocation = Invocation::new(Program::Git)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ASKPASS", "")
            .env("HOME", self.data_dir)
            .env("SLIPWAY_GIT_SSH_DIR", self.data_dir.join("ssh"))
            .env("GIT_SSH_VARIANT", "ssh")
            .args([
                "-c",
                "protocol.allow=never",
                "-c",
                "core.hooksPath=/dev/null",
                "-c",
                "credential.helper=",
            ])
            .args([
                "-c",
                "safe.directory=*",
                "-c",
                "transfer.fsckObjects=true",
                "-c",
                "submodule.recurse=false",
            ])
            .args(["-c", "core.fsmonitor=false", "-c", "advice.detachedHead=false"]);
        for setting in allowed {
            invocation = invocation.arg("-c").arg(setting);
        }
        match ssh_program(self.data_dir) {
            Some(path) => invocation.env("GIT_SSH", path),
            None => invocation,
        }
    }

    fn no_such_ref(&self) -> GitError {
        GitError::NoSuchRef {
            url: self.url.to_string(),
            reference: self.reference.to_string(),
        }
    }

    /// git's own words → what a person can act on.
    fn explain(&self, stderr: &str) -> GitError {
        let said = stderr.to_lowercase();
        let url = self.url.to_string();
        let any = |words: &[&str]| words.iter().any(|word| said.contains(word));
        if any(&["no space left", "out of diskspace", "disk quota exceeded"]) {
            GitError::DiskFull
        } else if any(&["couldn't find remote ref", "not our ref", "invalid refspec"]) {
            self.no_such_ref()
        } else if any(&[
            "could not resolve",
            "connection refused",
            "connection timed out",
            "network is unreachable",
            "failed to connect",
            "no route",
        ]) {
            GitError::Unreachable { url }
        } else if any(&[
            "not found",
            "does not exist",
            "not appear to be a git repository",
            "permission denied",
            "authentication failed",
            "could not read username",
            "403",
            "401",
        ]) {
            GitError::NotFound { url }
        } else {
            let reason = stderr
                .lines()
                .rev()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("it gave no reason");
            GitError::Failed {
                url,
                reason: reason.trim().to_owned(),
            }
        }
    }
}

fn looks_like_a_commit(reference: &str) -> bool {
    (7..=64).contains(&reference.len()) && reference.chars().all(|c| c.is_ascii_hexdigit())
}

/// `GIT_SSH` takes a program's path and no arguments; this link makes the agent itself be that program (see [`run_ssh`]).
fn ssh_program(data_dir: &Path) -> Option<PathBuf> {
    let path = data_dir.join("ssh").join(SSH_NAME);
    path.exists().then_some(path)
}

/// The name under which the agent acts as git's ssh.
pub const SSH_NAME: &str = "slipway-git-ssh";

/// Prepares the folder that ssh uses for repositories: the link to the agent and a list of known hosts of its own.
pub fn prepare_ssh(data_dir: &Path, agent: &Path) -> std::io::Result<()> {
    let folder = data_dir.join("ssh");
    std::fs::create_dir_all(&folder)?;
    let link = folder.join(SSH_NAME);
    let _ = std::fs::remove_file(&link);
    std::os::unix::fs::symlink(agent, link)
}

/// The agent as git's ssh: the real ssh with our own hosts and key, and nothing of the account's configuration.
pub async fn run_ssh(args: Vec<std::ffi::OsString>) -> Result<i32, ProcessError> {
    let folder = PathBuf::from(std::env::var_os("SLIPWAY_GIT_SSH_DIR").unwrap_or_default());
    let mut invocation = Invocation::new(Program::Ssh)
        .args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            "ConnectTimeout=15",
            "-o",
        ])
        .arg(format!(
            "UserKnownHostsFile={}",
            folder.join("known_hosts").display()
        ))
        .inherit_streams();
    let key = folder.join("id_ed25519");
    if key.exists() {
        invocation = invocation.args(["-o", "IdentitiesOnly=yes", "-i"]).arg(key);
    }
    let status = invocation.args(args).start()?.wait().await?;
    Ok(status.code().unwrap_or(255))
}

#[cfg(test)]
mod tests;
