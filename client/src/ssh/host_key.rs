//! The host key check. It runs inside the key exchange, so that nothing about the user has left before it says yes.

use std::sync::{Arc, Mutex, PoisonError};

use russh::client::{DisconnectReason, Handler};
use russh::keys::{PublicKey, PublicKeyOrCertificate};

use crate::error::ConnectError;
use crate::known_hosts::{KnownHosts, KnownHostsError, Verdict, fingerprint};

/// Decides over the key that the server shows.
pub(crate) struct HostKeyCheck {
    pub host: String,
    pub port: u16,
    pub known: KnownHosts,
    /// The fingerprint that the person has accepted.
    pub accepted: Option<String>,
    pub farewell: Farewell,
}

/// What the server said when it ended the connection. Without it, the connection broke.
#[derive(Clone, Default)]
pub(crate) struct Farewell(Arc<Mutex<Option<String>>>);

impl Farewell {
    pub fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// What ends an SSH session: our own verdict, or the library's error.
#[derive(Debug)]
pub(crate) enum SshFault {
    Refused(ConnectError),
    Ssh(russh::Error),
}

impl From<russh::Error> for SshFault {
    fn from(error: russh::Error) -> Self {
        Self::Ssh(error)
    }
}

impl Handler for HostKeyCheck {
    type Error = SshFault;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, SshFault> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = shown else {
            let reason = "it shows a certificate that was not asked for".to_owned();
            return Err(SshFault::Refused(ConnectError::Protocol {
                host: self.host.clone(),
                reason,
            }));
        };
        self.decide(key).map(|()| true).map_err(SshFault::Refused)
    }

    async fn disconnected(&mut self, reason: DisconnectReason<SshFault>) -> Result<(), SshFault> {
        match reason {
            DisconnectReason::ReceivedDisconnect(words) => {
                let said = words
                    .message
                    .chars()
                    .filter(|c| !slipway_protocol::is_hidden(*c))
                    .take(200)
                    .collect();
                *self.farewell.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
                Ok(())
            }
            DisconnectReason::Error(error) => Err(error),
        }
    }
}

impl HostKeyCheck {
    fn decide(&self, key: &PublicKey) -> Result<(), ConnectError> {
        let found = fingerprint(key);
        match self.known.check(&self.host, self.port, key).map_err(unusable)? {
            Verdict::Known => Ok(()),
            Verdict::Changed { expected, file } => Err(ConnectError::ChangedHostKey {
                host: self.host.clone(),
                port: self.port,
                expected,
                found,
                file: file.display().to_string(),
            }),
            Verdict::Revoked { file } => Err(ConnectError::RevokedHostKey {
                host: self.host.clone(),
                fingerprint: found,
                file: file.display().to_string(),
            }),
            Verdict::Unknown if self.accepted.as_deref() == Some(found.as_str()) => {
                self.known.add(&self.host, self.port, key).map_err(unusable)
            }
            Verdict::Unknown => Err(ConnectError::UnknownHostKey {
                host: self.host.clone(),
                port: self.port,
                key_type: key.algorithm().to_string(),
                fingerprint: found,
            }),
        }
    }
}

pub(crate) fn unusable(error: KnownHostsError) -> ConnectError {
    ConnectError::KnownHosts {
        path: error.path,
        reason: error.reason,
    }
}
