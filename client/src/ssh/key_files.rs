//! Several key files: they are tried in their order, as OpenSSH does with several `IdentityFile` lines.

use std::future::ready;
use std::path::Path;

use russh::keys::agent::AgentIdentity;
use russh::keys::{HashAlg, PrivateKey, PublicKey};
use slipway_protocol::Secret;
use tokio::task::spawn_blocking;

use super::auth::{ended, load_key, offer_key, outcome, refused, signature_hash};
use super::key_agent::{self, MOST_KEYS};
use super::tunnel::{SshTarget, Tunnel};
use crate::error::ConnectError;

/// What came of one file.
enum Came {
    SignedIn,
    /// The server does not take its key.
    Refused,
    /// It was not offered: absent, no private key, or without its passphrase.
    Unusable(ConnectError),
}

/// What the server says to a public key.
enum Heard {
    SignedIn,
    Wanted,
    Refused,
}

/// Signs in with the first key that the server takes. A file that is not there is passed over, and costs no attempt; a server counts each key
/// that is offered. A passphrase is asked for only where the server wants that very key, as far as its public half can be read.
pub(super) async fn with_key_files(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    files: &[&Path],
    passphrase: Option<Secret<String>>,
) -> Result<(), ConnectError> {
    let mut offered: Vec<String> = Vec::new();
    let mut unusable: Option<ConnectError> = None;
    for &path in files {
        if offered.len() == MOST_KEYS {
            break;
        }
        let mut tried = offered.clone();
        tried.push(path.display().to_string());
        let mut attempt = Attempt {
            tunnel,
            target,
            path,
            tried: in_words(&tried),
        };
        match attempt.sign_in(passphrase.clone()).await? {
            Came::SignedIn => return Ok(()),
            Came::Refused => offered = tried,
            Came::Unusable(error) => {
                // A passphrase can be typed at once; that comes before an absent file.
                let can_be_typed = is_about_a_passphrase(&error);
                let first = unusable.as_ref();
                if first.is_none_or(|first| can_be_typed && !is_about_a_passphrase(first)) {
                    unusable = Some(error);
                }
            }
        }
    }
    match unusable {
        Some(error) if offered.is_empty() || is_about_a_passphrase(&error) => Err(error),
        _ => Err(refused(target, &in_words(&offered))),
    }
}

fn is_about_a_passphrase(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::PassphraseNeeded { .. } | ConnectError::WrongPassphrase { .. }
    )
}

fn in_words(files: &[String]) -> String {
    match files {
        [only] => format!("the key {only}"),
        several => format!("the keys {}", several.join(", ")),
    }
}

/// One file, while its key is tried.
struct Attempt<'a> {
    tunnel: &'a mut Tunnel,
    target: &'a SshTarget,
    path: &'a Path,
    /// All files until this one, in words.
    tried: String,
}

impl Attempt<'_> {
    async fn sign_in(&mut self, passphrase: Option<Secret<String>>) -> Result<Came, ConnectError> {
        match key_agent::with_key_of(self.tunnel, self.target, self.path).await {
            Ok(true) => return Ok(Came::SignedIn),
            Ok(false) => {}
            Err(error) => return self.refusal(error),
        }
        match load(self.path, None).await {
            Ok(key) => self.offer(key).await,
            Err(ConnectError::PassphraseNeeded { .. }) => self.locked(passphrase).await,
            Err(error) => Ok(Came::Unusable(error)),
        }
    }

    /// A file with a passphrase: its public half is offered first.
    async fn locked(&mut self, passphrase: Option<Secret<String>>) -> Result<Came, ConnectError> {
        let owned = self.path.to_owned();
        let public = spawn_blocking(move || key_agent::public_of(&owned)).await;
        let is_wanted = match public.ok().flatten() {
            None => false,
            Some(public) => match self.ask(public).await? {
                Heard::SignedIn => return Ok(Came::SignedIn),
                Heard::Refused => return Ok(Came::Refused),
                Heard::Wanted => true,
            },
        };
        match load(self.path, passphrase).await {
            Ok(key) => self.offer(key).await,
            Err(error) if is_wanted => Err(error),
            Err(error) => Ok(Came::Unusable(error)),
        }
    }

    async fn offer(&mut self, key: PrivateKey) -> Result<Came, ConnectError> {
        match offer_key(self.tunnel, self.target, key, &self.tried).await {
            Ok(()) => Ok(Came::SignedIn),
            Err(error) => self.refusal(error),
        }
    }

    /// A refusal is followed by the next file, unless the server has hung up with it.
    fn refusal(&self, error: ConnectError) -> Result<Came, ConnectError> {
        match error {
            ConnectError::SignInRefused { .. } if !self.tunnel.handle.is_closed() => Ok(Came::Refused),
            error => Err(error),
        }
    }

    /// Whether the server would take this key.
    async fn ask(&mut self, key: PublicKey) -> Result<Heard, ConnectError> {
        let Some(hash) = signature_hash(self.tunnel, key.algorithm().is_rsa()).await else {
            return Ok(Heard::Refused);
        };
        let mut signer = Unsigned { was_asked: false };
        let answer = self
            .tunnel
            .handle
            .authenticate_publickey_with(&self.target.user, key, hash, &mut signer)
            .await;
        match answer {
            Ok(result) => {
                let taken = outcome(Ok(result), self.tunnel, self.target, &self.tried)?;
                Ok(if taken { Heard::SignedIn } else { Heard::Refused })
            }
            Err(NotSigned) if signer.was_asked && !self.tunnel.handle.is_closed() => Ok(Heard::Wanted),
            Err(NotSigned) => Err(ended(self.tunnel, self.target, &self.tried)),
        }
    }
}

/// Deciphering is slow by design, so it has a thread of its own.
async fn load(path: &Path, passphrase: Option<Secret<String>>) -> Result<PrivateKey, ConnectError> {
    let owned = path.to_owned();
    let loaded = spawn_blocking(move || load_key(&owned, passphrase)).await;
    loaded.unwrap_or_else(|_| {
        Err(ConnectError::KeyFile {
            path: path.to_owned(),
            reason: "it could not be read".to_owned(),
        })
    })
}

/// Signs nothing: that the server asks for a signature says that it takes the key.
struct Unsigned {
    was_asked: bool,
}

/// There is no signature.
struct NotSigned;

impl From<russh::SendError> for NotSigned {
    fn from(_: russh::SendError) -> Self {
        Self
    }
}

impl russh::Signer for Unsigned {
    type Error = NotSigned;

    fn auth_sign(
        &mut self,
        _: &AgentIdentity,
        _: Option<HashAlg>,
        _: Vec<u8>,
    ) -> impl Future<Output = Result<Vec<u8>, NotSigned>> + Send {
        self.was_asked = true;
        ready(Err(NotSigned))
    }
}
