//! Checking out a repository that nobody trusts.
//!
//! git runs with an environment of its own: no system or user configuration, no hooks, no credential helper, no prompt, only the
//! transport of the address, and options closed with `--` before anything that a user wrote. What lets it into a private
//! repository stands in files that only the agent reads, for as long as git runs (see [`Access`]).

mod access;
mod check;
mod denied;
mod fetch;
mod helpers;
mod key;
mod lfs;
mod lfs_way;
mod look;
mod submodules;

use std::path::Path;
use std::time::Duration;

use slipway_protocol::deployment::Commit;
use slipway_protocol::git::{GitRef, GitUrl};
use slipway_protocol::head::CommitHash;
use tokio_util::sync::CancellationToken;

use crate::domain::one_line::one_line;
use crate::process::{Finished, Invocation, Output, ProcessError, Program};

pub use access::{Access, Token, origin};
pub use helpers::{ASKPASS_NAME, SSH_NAME, prepare_helpers, run_askpass, run_ssh};
pub use key::{DeployKey, KeyError};
pub use look::Look;

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
    #[error(
        "{reference} is no branch or tag of {url}, and which commit begins like this is seen only when it is fetched"
    )]
    OnlyWhenFetched { url: String, reference: String },
    #[error(
        "{commit} is no branch, tag or commit of {url} any more: {reference} was written anew after it was planned; plan and deploy again"
    )]
    Vanished {
        url: String,
        reference: String,
        commit: String,
    },
    #[error("git failed on {url}: {reason}")]
    Failed { url: String, reason: String },
    #[error("the repository {url} was refused: {reason}")]
    Refused { url: String, reason: String },
    #[error("the submodule {path} was refused: {reason}")]
    Submodule { path: String, reason: String },
    #[error("the repository has more than {0} submodules, or they are nested too deeply; leave some out")]
    Submodules(u32),
    #[error(
        "git-lfs is not installed on the server, and this application wants files of Git LFS; install it (apt-get install git-lfs) and deploy again"
    )]
    NoLfs,
    #[error("files of Git LFS can be fetched over https and ssh only; {url} is a path on the server")]
    LfsOfAPath { url: String },
    #[error("the disk of the server is full; free some space and deploy again")]
    DiskFull,
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error("the folder for the checkout could not be prepared")]
    Io(#[from] std::io::Error),
}

/// What a checkout needs besides its address.
#[derive(Clone, Copy)]
pub struct Checkout<'a> {
    pub url: &'a GitUrl,
    pub reference: &'a GitRef,
    /// Exactly this commit, whatever the reference stands for by now.
    pub commit: Option<&'a CommitHash>,
    /// An empty or absent folder.
    pub into: &'a Path,
    /// The agent's own data folder: known hosts and the server's key for ssh live in its `ssh` folder.
    pub data_dir: &'a Path,
    pub access: &'a Access,
    /// Check out submodules too.
    pub submodules: bool,
    /// Fetch files that are kept in Git LFS.
    pub lfs: bool,
    pub limit: Duration,
    pub cancel: &'a CancellationToken,
}

impl Checkout<'_> {
    /// Fetches just the wanted commit and checks it out, with what belongs to it. `on_line` sees what git says.
    pub async fn run(&self, mut on_line: impl FnMut(&str) + Send) -> Result<Commit, GitError> {
        let commit = self.alone(&mut on_line).await?;
        if self.submodules {
            submodules::check_out(self, &mut on_line).await?;
        }
        Ok(commit)
    }

    /// The repository without its submodules.
    async fn alone(&self, on_line: &mut (impl FnMut(&str) + Send)) -> Result<Commit, GitError> {
        std::fs::create_dir_all(self.into)?;
        self.git(["init", "--quiet", "--initial-branch=slipway"], on_line)
            .await?;
        let reference = self.fetch(on_line).await?;
        self.git(
            ["checkout", "--quiet", "--force", "--detach", &reference],
            on_line,
        )
        .await?;
        if self.lfs {
            lfs::fetch(self, on_line).await?;
        }
        let shown = self
            .git(
                ["log", "-1", "--no-show-signature", "--format=%H%n%an%n%s"],
                &mut |_: &str| {},
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

    async fn git<'a>(
        &self,
        args: impl IntoIterator<Item = &'a str>,
        on_line: &mut (impl FnMut(&str) + Send),
    ) -> Result<Finished, GitError> {
        self.start(self.invocation().args(args), on_line).await
    }

    /// Shows each line of what git puts out, however many there are.
    async fn lines_of(
        &self,
        invocation: Invocation,
        on_line: &mut (impl FnMut(&str) + Send),
    ) -> Result<(), GitError> {
        let invocation = invocation.dir(self.into).deadline(self.limit).cancel(self.cancel);
        let ended = invocation
            .run_with(|from, line| {
                if from == Output::Stdout {
                    on_line(line);
                }
            })
            .await?;
        if ended.success() {
            Ok(())
        } else {
            Err(self.explain(&ended.stderr))
        }
    }

    async fn start(
        &self,
        invocation: Invocation,
        on_line: &mut (impl FnMut(&str) + Send),
    ) -> Result<Finished, GitError> {
        let invocation = invocation.dir(self.into).deadline(self.limit).cancel(self.cancel);
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

    /// git with its environment and its settings, in front of a subcommand.
    fn invocation(&self) -> Invocation {
        let transport = Transport::of(self.url).as_str();
        let invocation = Invocation::new(Program::Git)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_ALLOW_PROTOCOL", transport)
            .env("GIT_SSH_VARIANT", "ssh")
            .env("HOME", self.data_dir);
        let mut invocation = helpers::environment(invocation, self.data_dir, self.access);
        if Transport::of(self.url) == Transport::Path {
            invocation = helpers::from_this_server(invocation, self.data_dir, self.url);
        }
        let redirects = Transport::of(self.url).redirects();
        let settings = SETTINGS.into_iter().chain([redirects]);
        settings.fold(invocation, |invocation, setting| {
            invocation.arg("-c").arg(setting)
        })
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
        } else if let Some(reason) = check::refusal(stderr) {
            GitError::Refused { url, reason }
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
        } else if denied::is_denied(&said) {
            GitError::NotFound { url }
        } else {
            let reason = stderr
                .lines()
                .rev()
                .find(|line| !line.trim().is_empty())
                .unwrap_or("it gave no reason");
            GitError::Failed {
                url,
                reason: one_line(reason).trim().to_owned(),
            }
        }
    }
}

/// What a repository could otherwise use to run a program, or to write where it should not.
const SETTINGS: [&str; 15] = [
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.protectHFS=true",
    "core.protectNTFS=true",
    "core.askPass=",
    "credential.helper=",
    "safe.directory=*",
    "transfer.fsckObjects=true",
    "submodule.recurse=false",
    "advice.detachedHead=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "http.lowSpeedLimit=1000",
    "http.lowSpeedTime=60",
];

/// How a repository is reached. git is allowed this one way and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Https,
    /// Loopback only.
    Http,
    Ssh,
    /// A path on the server.
    Path,
}

impl Transport {
    fn of(url: &GitUrl) -> Self {
        let text = url.as_str();
        if text.starts_with('/') {
            Self::Path
        } else if text.starts_with("https://") {
            Self::Https
        } else if text.starts_with("http://") {
            Self::Http
        } else {
            Self::Ssh
        }
    }

    /// Whether git goes where a server sends it. A repository may have moved to another https address, and gives itself that only when it is asked
    /// first, which is git's own way; a server on loopback leads nowhere else.
    fn redirects(self) -> &'static str {
        match self {
            Self::Https => "http.followRedirects=initial",
            Self::Http | Self::Ssh | Self::Path => "http.followRedirects=false",
        }
    }

    /// As git names it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::Ssh => "ssh",
            // git would start a shell for a path; it is read the way a server's repository is.
            Self::Path => "ssh",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-SRC-01, NFR-S2: a server on loopback sends git nowhere, and one elsewhere only at the first request.
    #[test]
    fn redirects_are_bounded() {
        let of = |text: &str| Transport::of(&GitUrl::parse(text).unwrap()).redirects();
        assert_eq!(of("https://example.org/a"), "http.followRedirects=initial");
        for other in ["http://127.0.0.1:8080/a", "git@example.org:a.git", "/srv/a.git"] {
            assert_eq!(of(other), "http.followRedirects=false");
        }
    }
}
