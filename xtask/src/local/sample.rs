//! The sample application, deployed by the `slipway` command over SSH: the same client, and the same way, as the app's.

use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::state::{State, secret_file};
use super::{agent, sshd};
use crate::cache;
use crate::run_program::Run;

pub const EMAIL: &str = "owner@slipway.localhost";
const CLUSTER: &str = "local";
const APPLICATION: &str = "hello";
const HOST: &str = "hello.localhost";
const PORT: &str = "8080";

/// The command line with the local cluster's configuration.
pub struct Slipway {
    config: PathBuf,
    environment: Vec<(String, OsString)>,
}

impl Slipway {
    pub fn new(state: &State, keychain: &[(String, OsString)]) -> Self {
        Self {
            config: state.config_folder(),
            environment: keychain.to_vec(),
        }
    }

    fn program() -> PathBuf {
        cache::target().join("debug/slipway")
    }

    fn command(&self) -> Run {
        Run::new(Self::program())
            .env("SLIPWAY_CONFIG_DIR", &self.config)
            .envs(&self.environment)
            .args(["--cluster", CLUSTER])
    }

    /// What a person types to go on by hand.
    pub fn hint(&self) -> String {
        let mut words = vec![format!("SLIPWAY_CONFIG_DIR={}", self.config.display())];
        for (key, value) in &self.environment {
            words.push(format!("{key}={}", value.to_string_lossy()));
        }
        words.push(format!("{} app list", Self::program().display()));
        words.join(" ")
    }

    /// Adds the cluster and makes the owner's account, whichever is still to be done.
    pub fn sign_in(&self, state: &State) -> Result<()> {
        let clusters = self.command().args(["cluster", "list"]).quiet()?;
        if !clusters.split_whitespace().any(|word| word == CLUSTER) {
            self.add_cluster(state)?;
        }
        if self.command().args(["project", "list"]).succeeds() {
            return Ok(());
        }
        let password = secret_file(&state.owner_password())?;
        let login = |lines: &str| {
            self.command()
                .args(["login", "--email", EMAIL, "--password-stdin"])
                .input(lines)
        };
        if login(&password).succeeds() {
            return Ok(());
        }
        let code = agent::invitation(state)?;
        login(&format!("{code}\n{password}"))
            .args(["--name", "Owner", "--invitation", "-"])
            .quiet()?;
        Ok(())
    }

    fn add_cluster(&self, state: &State) -> Result<()> {
        let user =
            nix::unistd::User::from_uid(nix::unistd::geteuid())?.context("this account has no name")?;
        self.command()
            .args([
                "cluster",
                "add",
                CLUSTER,
                "--host",
                "127.0.0.1",
                "--user",
                &user.name,
            ])
            .args([
                "--port",
                &state.ssh_port.to_string(),
                "--accept-host-key",
                &sshd::fingerprint(state)?,
            ])
            .arg("--key")
            .arg(sshd::client_key(state))
            .arg("--agent-socket")
            .arg(state.agent_socket())
            .quiet()?;
        Ok(())
    }

    /// Deploys the sample if it was never deployed, and gives its URL.
    pub fn deploy_sample(&self, state: &State) -> Result<String> {
        if !self.command().args(["app", "show", APPLICATION]).succeeds() {
            if !self
                .command()
                .args(["project", "list"])
                .quiet()?
                .contains("Samples")
            {
                self.command().args(["project", "create", "Samples"]).quiet()?;
            }
            let repository = repository(state)?;
            self.command()
                .args([
                    "app",
                    "create",
                    APPLICATION,
                    "--project",
                    "Samples",
                    "--port",
                    PORT,
                    "--domain",
                    HOST,
                    "--git",
                ])
                .arg(repository)
                .quiet()?;
        }
        if answer(state).is_err() {
            self.command().args(["deploy", APPLICATION, "--follow"]).shown()?;
        }
        let port = if state.edge_port == 80 {
            String::new()
        } else {
            format!(":{}", state.edge_port)
        };
        Ok(format!("http://{HOST}{port}/"))
    }
}

/// A git repository with the sample's files, as a person would have one.
fn repository(state: &State) -> Result<PathBuf> {
    let folder = state.folder.join("hello-repository");
    if folder.join(".git").exists() {
        return Ok(folder);
    }
    fs::create_dir_all(&folder)?;
    for entry in fs::read_dir(cache::workspace().join("samples/hello"))? {
        let entry = entry?;
        fs::copy(entry.path(), folder.join(entry.file_name()))?;
    }
    let git = || Run::new("git").dir(&folder);
    git().args(["init", "--quiet", "--initial-branch=main"]).quiet()?;
    git().args(["add", "."]).quiet()?;
    git()
        .args([
            "-c",
            "user.name=Slipway",
            "-c",
            "user.email=sample@slipway.localhost",
        ])
        .args(["commit", "--quiet", "--message", "The sample application"])
        .quiet()?;
    Ok(folder)
}

/// The application's front page, as soon as Traefik leads to it.
pub fn first_response(state: &State) -> Result<String> {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        match answer(state) {
            Ok(text) => return Ok(text),
            Err(error) if Instant::now() > end => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(100)),
        }
    }
}

fn answer(state: &State) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", state.edge_port)).context("Traefik does not answer")?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    if !text.starts_with("HTTP/1.1 200") {
        bail!("the sample answers {}", text.lines().next().unwrap_or("nothing"));
    }
    Ok(text)
}
