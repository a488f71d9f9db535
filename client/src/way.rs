//! The way by SSH: over the jump hosts in their order, to the first entry host that answers.
//!
//! Each host on the way shows its own key and has its own sign-in, and the connection to the next one goes through it. A
//! host on the way that fails ends the attempt: the way never becomes a shorter one.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Duration;

use slipway_protocol::Secret;

use crate::answers::{Answers, JumpAnswers};
use crate::check::{StepName, Steps};
use crate::dial::{Dialer, Established, Way};
use crate::error::ConnectError;
use crate::keychain::{SecretKind, SecretName};
use crate::profiles::{Address, AgentSocket, AuthMethod, Entry, Hop};
use crate::ssh::{self, SignInSecrets, SshTarget, Stream, Tunnel};

/// How long one host may take to answer …
const PATIENCE: Duration = Duration::from_secs(10);
/// … and how long while another entry host waits to be tried.
const SHORT_PATIENCE: Duration = Duration::from_secs(4);

/// One sign-in on the way.
struct Login<'a> {
    target: SshTarget,
    auth: &'a AuthMethod,
    /// Absent for the cluster's own host.
    hop: Option<&'a Hop>,
    patience: Duration,
}

/// What has been typed for a sign-in.
struct Typed {
    accepted_host_key: Option<String>,
    password: Option<Secret<String>>,
    passphrase: Option<Secret<String>>,
}

impl Dialer {
    /// Tries the entry hosts in turn. What needs a person, or happens on the way to all of them, ends it.
    pub(crate) async fn by_ssh(&self, steps: &mut Steps) -> Result<Established, ConnectError> {
        let entries = self.profile.address.entries();
        let mut tried = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            let patience = if index + 1 < entries.len() {
                SHORT_PATIENCE
            } else {
                PATIENCE
            };
            let error = match self.by_entry(entry, patience, steps).await {
                Ok(established) => return Ok(established),
                Err(error) => error,
            };
            let on_the_way = matches!(error, ConnectError::AtJump { .. });
            if entries.len() == 1 || on_the_way || error.needs_a_person() {
                return Err(error);
            }
            tried.push(format!("{entry}: {}", error.in_short()));
        }
        Err(ConnectError::NoEntryHost {
            tried: tried.join("; "),
        })
    }

    /// The way up to the sign-in at the first entry host, without the agent: for a server that has none yet.
    pub(crate) async fn sign_in(&self, steps: &mut Steps) -> Result<Tunnel, ConnectError> {
        let entries = self.profile.address.entries();
        let Some(entry) = entries.first() else {
            return Err(ConnectError::Closed { host: self.host() });
        };
        let (tunnel, _) = self.enter(entry, PATIENCE, steps).await?;
        Ok(tunnel)
    }

    async fn by_entry(
        &self,
        entry: &Entry,
        patience: Duration,
        steps: &mut Steps,
    ) -> Result<Established, ConnectError> {
        let Address::Ssh { agent_socket, .. } = &self.profile.address else {
            return Err(ConnectError::Closed { host: self.host() });
        };
        let (tunnel, target) = self.enter(entry, patience, steps).await?;
        self.to_the_agent(tunnel, &target, agent_socket, steps).await
    }

    /// Over the jump hosts to one entry host, signed in.
    async fn enter(
        &self,
        entry: &Entry,
        patience: Duration,
        steps: &mut Steps,
    ) -> Result<(Tunnel, SshTarget), ConnectError> {
        let Address::Ssh { user, auth, jump, .. } = &self.profile.address else {
            return Err(ConnectError::Closed { host: self.host() });
        };
        let mut through = None;
        for hop in jump {
            let login = Login {
                target: SshTarget {
                    host: hop.host.clone(),
                    port: hop.port,
                    user: hop.user.clone(),
                },
                auth: &hop.auth,
                hop: Some(hop),
                patience: PATIENCE,
            };
            let tunnel = self.sign_in_at(&login, through, steps).await;
            through = Some((hop, tunnel.map_err(|error| at_jump(hop, error))?));
        }
        let login = Login {
            target: SshTarget {
                host: entry.host.clone(),
                port: entry.port,
                user: user.clone(),
            },
            auth,
            hop: None,
            patience,
        };
        let tunnel = self.sign_in_at(&login, through, steps).await?;
        Ok((tunnel, login.target))
    }

    async fn to_the_agent(
        &self,
        tunnel: Tunnel,
        target: &SshTarget,
        agent_socket: &AgentSocket,
        steps: &mut Steps,
    ) -> Result<Established, ConnectError> {
        let opened = ssh::open_channel(&tunnel, target, agent_socket);
        let (stream, outcome) = steps.run(StepName::AgentSocket, opened).await?;
        let way = Way {
            stream,
            tunnel: Some(tunnel),
            outcome,
        };
        self.speak_http(way, steps).await
    }

    /// Connects to a host, checks its key, and only then signs in.
    async fn sign_in_at(
        &self,
        login: &Login<'_>,
        through: Option<(&Hop, Tunnel)>,
        steps: &mut Steps,
    ) -> Result<Tunnel, ConnectError> {
        let target = &login.target;
        let place = Entry {
            host: target.host.clone(),
            port: target.port,
        };
        steps.at(place.to_string());
        let stream: Box<dyn Stream> = match &through {
            Some((hop, tunnel)) => {
                let name = hop.name();
                let opened = ssh::forward(tunnel, &name, &target.host, target.port);
                steps.run(StepName::Tcp, opened).await?
            }
            None => {
                let found = ssh::resolve(&target.host, target.port);
                let addresses = steps.run(StepName::Resolve, found).await?;
                if target.host.parse::<std::net::IpAddr>().is_ok() {
                    steps.untried("it is an address already");
                }
                let connected = ssh::connect_tcp(&target.host, &addresses, login.patience);
                steps.run(StepName::Tcp, connected).await?
            }
        };
        let typed = self.typed(login.hop);
        let checked = ssh::handshake(
            target,
            &self.home.known_hosts,
            typed.accepted_host_key.clone(),
            stream,
        );
        let mut tunnel = steps.run(StepName::HostKey, checked).await?;
        tunnel.through = through.map(|(_, tunnel)| Box::new(tunnel));
        let signed_in = async {
            let secrets = self.secrets(login, typed).await?;
            ssh::sign_in(&mut tunnel, target, login.auth, secrets).await
        };
        steps.run(StepName::SignIn, signed_in).await?;
        Ok(tunnel)
    }

    fn typed(&self, hop: Option<&Hop>) -> Typed {
        let answers = &self.answers;
        match hop {
            None => Typed {
                accepted_host_key: answers.accepted_host_key.clone(),
                password: answers.password.clone(),
                passphrase: answers.passphrase.clone(),
            },
            Some(hop) => {
                let JumpAnswers {
                    accepted_host_key,
                    password,
                    passphrase,
                    remember: _,
                } = answers.jumps.get(&hop.name()).cloned().unwrap_or_default();
                Typed {
                    accepted_host_key,
                    password,
                    // One key file has one passphrase, whichever host it is for.
                    passphrase: passphrase.or_else(|| {
                        let same = self.is_own_key_file(&hop.auth);
                        answers.passphrase.clone().filter(|_| same)
                    }),
                }
            }
        }
    }

    /// What was typed for the jump hosts, for another sign-in at the end of the same way.
    pub(crate) fn jump_answers(&self) -> Answers {
        let hops: &[Hop] = match &self.profile.address {
            Address::Ssh { jump, .. } => jump,
            Address::Local { .. } => &[],
        };
        let answered = |hop: &Hop| {
            let typed = self.typed(Some(hop));
            let answers = JumpAnswers {
                accepted_host_key: None,
                password: typed.password,
                passphrase: typed.passphrase,
                remember: self
                    .answers
                    .jumps
                    .get(&hop.name())
                    .is_some_and(|given| given.remember),
            };
            (hop.name(), answers)
        };
        Answers {
            jumps: hops.iter().map(answered).collect(),
            ..Answers::default()
        }
    }

    fn is_own_key_file(&self, auth: &AuthMethod) -> bool {
        matches!((auth, &self.profile.address), (AuthMethod::KeyFile { .. }, Address::Ssh { auth: own, .. }) if auth == own)
    }

    /// What was typed, else what the keychain has. An unreadable keychain is an error, unless nothing is needed from it.
    async fn secrets(&self, login: &Login<'_>, typed: Typed) -> Result<SignInSecrets, ConnectError> {
        let mut secrets = SignInSecrets {
            password: typed.password,
            passphrase: typed.passphrase,
            kept_key: None,
        };
        match login.auth {
            AuthMethod::KeptKey => secrets.kept_key = self.stored(SecretKind::SshKey).await?,
            AuthMethod::Password if secrets.password.is_none() => {
                let kind = login.hop.map_or(SecretKind::SshPassword, |hop| {
                    SecretKind::JumpPassword(hop.name())
                });
                secrets.password = self.stored(kind).await?;
            }
            AuthMethod::KeyFile { path, more } if secrets.passphrase.is_none() => {
                secrets.passphrase = self.stored_passphrase(login, path, more).await?;
            }
            _ => {}
        }
        Ok(secrets)
    }

    async fn stored_passphrase(
        &self,
        login: &Login<'_>,
        path: &Path,
        more: &[PathBuf],
    ) -> Result<Option<Secret<String>>, ConnectError> {
        let mut encrypted = ssh::is_encrypted(path).await;
        for path in more {
            encrypted = encrypted || ssh::is_encrypted(path).await;
        }
        if !encrypted {
            return Ok(None);
        }
        match login.hop {
            Some(hop) if !self.is_own_key_file(login.auth) => {
                self.stored(SecretKind::JumpPassphrase(hop.name())).await
            }
            _ => self.stored(SecretKind::KeyPassphrase).await,
        }
    }

    async fn stored(&self, kind: SecretKind) -> Result<Option<Secret<String>>, ConnectError> {
        let name = SecretName {
            profile: self.profile.id,
            kind,
        };
        let found = self.home.keychain.get(name.clone()).await;
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Ok(Some(secret)) => {
                given.insert(name.kind, secret.clone());
                Ok(Some(secret))
            }
            Ok(None) => {
                given.remove(&name.kind);
                Ok(None)
            }
            Err(error) => match given.get(&name.kind) {
                Some(secret) => Ok(Some(secret.clone())),
                None => Err(error.into()),
            },
        }
    }
}

fn at_jump(hop: &Hop, error: ConnectError) -> ConnectError {
    ConnectError::AtJump {
        jump: hop.name(),
        error: Box::new(error),
    }
}
