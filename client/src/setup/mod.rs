//! Setting a server up over SSH: bring the agent's program there, let it look, let it do its work, fetch the owner's invitation.
//!
//! The server needs nothing but its SSH server and a user who is root or may become root by `sudo` without being asked for a
//! password. Only fixed commands are started there; the server's login shell has nothing to interpret.

mod key;
mod program;
mod remote;

use std::time::Duration;

use futures_util::stream::{BoxStream, StreamExt};
use slipway_protocol::Secret;
use slipway_protocol::setup::{SetupEvent, SetupReport};

pub use key::{LinkKey, LinkPublicKey};
pub use program::{AgentProgram, Architecture};

use crate::answers::Answers;
use crate::check::Steps;
use crate::config::Home;
use crate::dial::Dialer;
use crate::error::ConnectError;
use crate::profiles::{Address, AgentSocket, AuthMethod, Profile};
use crate::ssh::Tunnel;
use remote::{Remote, RemoteError};

/// The account that [`SetupWishes::link_key`] opens.
pub const LINK_USER: &str = "slipway-link";
/// Where an agent's program waits until it has put itself in its place. Only root writes there.
const STAGE: &str = "/usr/local/lib/slipway";
/// The agent where it was installed.
const INSTALLED: &str = "/usr/local/bin/slipway-agent";
/// Looking at a server takes a moment.
const LOOK: Duration = Duration::from_secs(60);

/// Why a server could not be set up.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SetupError {
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(
        "“{user}” on {host} is not root and may not become root by sudo without a password; sign in as root, or allow it in /etc/sudoers."
    )]
    NotRoot { host: String, user: String },
    #[error("{host} is {found}; choose another server: Slipway's agent runs on Linux on x86_64 and aarch64.")]
    Platform { host: String, found: String },
    #[error(
        "This program carries no agent for {architecture} ({looked}); install it with a package of Slipway that does."
    )]
    NoProgram {
        architecture: &'static str,
        looked: String,
    },
    #[error(
        "The agent's program could not be put on {host}: {reason}; free some space there, then try again."
    )]
    Bring { host: String, reason: String },
    #[error("{host} did not do what it was asked: {reason}; look at the server, then try again.")]
    Command { host: String, reason: String },
    /// The connection broke. What was begun goes on there; setting up again shows how it ended, and goes on.
    #[error(
        "The connection to {host} was lost; what was begun there goes on, and setting it up again goes on from there."
    )]
    Lost { host: String },
}

/// What the person has decided.
#[derive(Clone, Debug, Default)]
pub struct SetupWishes {
    /// A Swarm that is there already may be used.
    pub use_existing_swarm: bool,
    /// This key opens an account that is only a pipe to the agent.
    pub link_key: Option<LinkPublicKey>,
}

/// A server over SSH, signed in as somebody who may set it up.
pub struct Server {
    tunnel: Tunnel,
    host: String,
    sudo: bool,
    architecture: Architecture,
    /// Where the program lies, once it was brought.
    program: Option<String>,
    /// How it was reached, to reach it again.
    dialer: Dialer,
}

impl Server {
    /// Signs in and sees whether this user may become root. Nothing is changed.
    ///
    /// # Errors
    /// As for every connection, and where the user is not enough or the platform is not supported.
    pub async fn connect(home: &Home, profile: &Profile, answers: Answers) -> Result<Self, SetupError> {
        let Address::Ssh { user, .. } = &profile.address else {
            return Err(SetupError::Command {
                host: profile.host().to_owned(),
                reason: "only a server that is reached by SSH can be set up from here".to_owned(),
            });
        };
        let mut dialer = Dialer::new(home, profile, answers);
        let tunnel = dialer.sign_in(&mut Steps::default()).await?;
        dialer.answers = dialer.answers.for_reconnecting();
        let mut server = Self {
            tunnel,
            host: profile.host().to_owned(),
            sudo: false,
            architecture: Architecture::X86_64,
            program: None,
            dialer,
        };
        let found = server.output("uname -s -m", LOOK).await?;
        server.architecture = Architecture::of_uname(found.trim()).ok_or_else(|| SetupError::Platform {
            host: server.host.clone(),
            found: found
                .trim()
                .chars()
                .filter(|c| !slipway_protocol::is_hidden(*c))
                .take(60)
                .collect(),
        })?;
        if server.output("id -u", LOOK).await?.trim() != "0" {
            server.sudo = true;
            let allowed = server.output("true", LOOK).await;
            if matches!(allowed, Err(SetupError::Command { .. })) {
                return Err(SetupError::NotRoot {
                    host: server.host,
                    user: user.clone(),
                });
            }
            allowed?;
        }
        Ok(server)
    }

    /// The same server by a new connection, with the program on it. Nothing where this connection still holds.
    ///
    /// # Errors
    /// As for [`Self::connect`] and [`Self::bring`].
    pub async fn renewed(&self) -> Result<Option<Self>, SetupError> {
        if !self.tunnel.handle.is_closed() {
            return Ok(None);
        }
        let Dialer {
            home,
            profile,
            answers,
            ..
        } = &self.dialer;
        let mut server = Self::connect(home, profile, answers.clone()).await?;
        server.bring(|_, _| {}).await?;
        Ok(Some(server))
    }

    /// What was typed about the jump hosts on the way: everyday connections go over the same ones.
    pub fn link_answers(&self) -> Answers {
        self.dialer.jump_answers()
    }

    /// Whether the person signed in as root, or becomes it.
    pub fn uses_sudo(&self) -> bool {
        self.sudo
    }

    /// Puts the agent's program on the server, unless the very same is there. `progress` is told how many of its bytes have been sent.
    ///
    /// # Errors
    /// Where there is none for this server, or it cannot be written there.
    pub async fn bring(&mut self, mut progress: impl FnMut(u64, u64) + Send) -> Result<(), SetupError> {
        let program = AgentProgram::find(self.architecture)?;
        let digest = program.digest().await?;
        let path = format!("{STAGE}/agent-{digest}");
        let there = self.output(&format!("sha256sum {path}"), LOOK).await;
        if there.is_ok_and(|text| text.split_whitespace().next() == Some(digest.as_str())) {
            self.program = Some(path);
            return Ok(());
        }
        self.output(&format!("mkdir -p {STAGE}"), LOOK).await?;
        let part = format!("{path}.part");
        let bytes = program.open().await?;
        let length = program.length().await?;
        let sent = Remote::start(&self.tunnel, &self.rooted(&format!("dd of={part} bs=64k")))
            .await
            .map_err(|error| self.failed(error))?
            .feed(bytes, |sent| progress(sent, length))
            .await;
        sent.map_err(|error| self.not_brought(error))?;
        let arrived = self.output(&format!("sha256sum {part}"), LOOK).await?;
        if arrived.split_whitespace().next() != Some(digest.as_str()) {
            return Err(SetupError::Bring {
                host: self.host.clone(),
                reason: "it did not arrive as it was sent".to_owned(),
            });
        }
        self.output(&format!("chmod 755 {part}"), LOOK).await?;
        self.output(&format!("mv {part} {path}"), LOOK).await?;
        self.program = Some(path);
        Ok(())
    }

    /// What is there and what would be done. Nothing is changed.
    ///
    /// # Errors
    /// Where the program does not run there.
    pub async fn check(&self, wishes: &SetupWishes) -> Result<SetupReport, SetupError> {
        let command = self.install_command("--check", wishes)?;
        let text = self.output(&command, LOOK).await?;
        let first = text.lines().next().unwrap_or_default();
        match serde_json::from_str(first) {
            Ok(SetupEvent::Report { report }) => Ok(report),
            _ => Err(self.not_understood()),
        }
    }

    /// Sets the server up; its events as they happen. The stream's end without [`SetupEvent::Ready`] or [`SetupEvent::Failed`] is
    /// an error of its own.
    ///
    /// # Errors
    /// Where the work could not be begun.
    pub async fn install(
        &self,
        wishes: &SetupWishes,
    ) -> Result<BoxStream<'static, Result<SetupEvent, SetupError>>, SetupError> {
        let command = self.rooted(&self.install_command("", wishes)?);
        let remote = Remote::start(&self.tunnel, &command)
            .await
            .map_err(|error| self.failed(error))?;
        let host = self.host.clone();
        let events = remote.lines().map(move |line| {
            let line = line.map_err(|error| error.into_setup(&host))?;
            serde_json::from_str(&line).map_err(|_| not_understood(&host))
        });
        Ok(events.boxed())
    }

    /// A one-time invitation for the first owner, or for one more.
    ///
    /// # Errors
    /// Where the agent does not run.
    pub async fn invite(&self) -> Result<Secret<String>, SetupError> {
        let text = Secret::new(self.output(&format!("{INSTALLED} invite"), LOOK).await?);
        match text
            .expose()
            .lines()
            .next()
            .map(str::trim)
            .filter(|code| !code.is_empty())
        {
            Some(code) => Ok(Secret::new(code.to_owned())),
            None => Err(self.not_understood()),
        }
    }

    fn install_command(&self, mode: &str, wishes: &SetupWishes) -> Result<String, SetupError> {
        let Some(program) = &self.program else {
            return Err(SetupError::Command {
                host: self.host.clone(),
                reason: "the agent's program was not brought there yet".to_owned(),
            });
        };
        let mut command = format!("{program} install --json {mode}");
        if wishes.use_existing_swarm {
            command.push_str(" --use-existing-swarm");
        }
        if let Some(key) = &wishes.link_key {
            // Letters, digits and `+/=-` within the quotes, nothing else: see the type.
            command.push_str(&format!(" --link-key '{key}'"));
        }
        Ok(command)
    }

    /// As root.
    fn rooted(&self, command: &str) -> String {
        if self.sudo {
            format!("sudo -n {command}")
        } else {
            command.to_owned()
        }
    }

    async fn output(&self, command: &str, patience: Duration) -> Result<String, SetupError> {
        let ended = async {
            Remote::start(&self.tunnel, &self.rooted(command))
                .await?
                .output()
                .await
        };
        match tokio::time::timeout(patience, ended).await {
            Ok(ended) => ended.map_err(|error| self.failed(error)),
            Err(_) => Err(SetupError::Command {
                host: self.host.clone(),
                reason: format!("it did not answer in {} seconds", patience.as_secs()),
            }),
        }
    }

    fn failed(&self, error: RemoteError) -> SetupError {
        error.into_setup(&self.host)
    }

    fn not_brought(&self, error: RemoteError) -> SetupError {
        match error {
            RemoteError::Ended { reason } => SetupError::Bring {
                host: self.host.clone(),
                reason,
            },
            other => self.failed(other),
        }
    }

    fn not_understood(&self) -> SetupError {
        not_understood(&self.host)
    }
}

fn not_understood(host: &str) -> SetupError {
    SetupError::Command {
        host: host.to_owned(),
        reason: "what it answered is not understood, as of an agent of another version".to_owned(),
    }
}

/// The address for everyday connections to a server that was set up from `profile`, with the key that is in the keychain.
pub fn link_address(profile: &Profile) -> Option<Address> {
    match &profile.address {
        Address::Ssh {
            host,
            port,
            jump,
            entries,
            ..
        } => Some(Address::Ssh {
            host: host.clone(),
            port: *port,
            user: LINK_USER.to_owned(),
            agent_socket: AgentSocket::default(),
            auth: AuthMethod::KeptKey,
            jump: jump.clone(),
            entries: entries.clone(),
        }),
        Address::Local { .. } => None,
    }
}
