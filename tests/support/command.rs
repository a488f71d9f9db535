//! The `slipway` command as a person or a CI job runs it, with a configuration folder and a keychain of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use crate::environment;
use crate::keyring::Keyring;
use crate::process::{Daemon, Finished, Start};
use crate::stage::{EMAIL, PASSWORD};

/// Setting up a server may wait for its package manager.
const LIMIT: Duration = Duration::from_secs(900);

pub struct Cli<'a> {
    config: TempDir,
    keyring: &'a Keyring,
}

impl<'a> Cli<'a> {
    pub fn new(keyring: &'a Keyring) -> Self {
        let config = tempfile::Builder::new()
            .prefix("sw-cli-")
            .tempdir()
            .expect("a folder");
        Self { config, keyring }
    }

    pub fn config_folder(&self) -> PathBuf {
        self.config.path().to_owned()
    }

    fn start(&self, args: &[&str]) -> Start {
        Start::new(environment::cli())
            .args(args.iter().copied())
            .envs(self.keyring.environment())
            .env("HOME", self.config.path())
            .env("SLIPWAY_CONFIG_DIR", self.config.path())
    }

    pub async fn run(&self, args: &[&str]) -> Finished {
        self.run_with(args, "").await
    }

    /// In this folder.
    pub async fn run_in(&self, folder: &Path, args: &[&str]) -> Finished {
        self.start(args).dir(folder).run(LIMIT).await
    }

    /// With this on standard input: a password.
    pub async fn run_with(&self, args: &[&str], input: &str) -> Finished {
        self.start(args).input(input).run(LIMIT).await
    }

    /// A command that brings the agent of this folder to servers, instead of its own.
    pub async fn run_with_agents(&self, folder: &Path, args: &[&str]) -> Finished {
        let start = self.start(args).env("SLIPWAY_AGENT_FOLDER", folder);
        start.run(LIMIT).await
    }

    /// Takes a server's invitation as its first owner.
    pub async fn become_owner(&self, invitation: &str) -> Finished {
        let login = [
            "login",
            "--invitation",
            "-",
            "--email",
            EMAIL,
            "--name",
            "The Owner",
            "--password-stdin",
        ];
        self.run_with(&login, &format!("{invitation}\n{PASSWORD}\n"))
            .await
    }

    /// Makes the application “web” of a repository, in a new project.
    pub async fn make_web(&self, project: &str, git: &str, more: &[&str]) {
        self.ok(&["project", "create", project]).await;
        let make = ["app", "create", "web", "--project", project, "--git", git];
        self.ok(&[&make[..], &["--port", "8080"], more].concat()).await;
    }

    /// Standard output of a call that must succeed.
    pub async fn ok(&self, args: &[&str]) -> String {
        let done = self.run(args).await;
        assert_eq!(done.code(), 0, "slipway {args:?}: {}{}", done.stdout, done.stderr);
        done.stdout
    }

    /// The same with `--json`, as a value.
    pub async fn json(&self, args: &[&str]) -> serde_json::Value {
        let with_json: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        let text = self.ok(&with_json).await;
        serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("slipway {args:?} --json is not JSON ({error}): {text}"))
    }

    /// Runs on, for `--follow`.
    pub fn follow(&self, args: &[&str]) -> Daemon {
        let log = self.config.path().join(crate::wait::unique("follow-"));
        self.start(args).daemon(&log)
    }
}
