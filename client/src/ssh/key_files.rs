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
        match with_one(tunnel, target, path, passphrase.clone(), &in_words(&tried)).await? {
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

async fn with_one(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    path: &Path,
    passphrase: Option<Secret<String>>,
    tried: &str,
) -> Result<Came, ConnectError> {
    match key_agent::with_key_of(tunnel, target, path).await {
        Ok(true) => return Ok(Came::SignedIn),
        Ok(false) => {}
        Err(error) => return refusal(tunnel, error),
    }
    match load(path, None).await {
        Ok(key) => offer(tunnel, target, key, tried).await,
        Err(ConnectError::PassphraseNeeded { .. }) => locked(tunnel, target, path, passphrase, tried).await,
        Err(error) => Ok(Came::Unusable(error)),
    }
}

/// A file with a passphrase: its public half is offered first.
async fn locked(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    path: &Path,
    passphrase: Option<Secret<String>>,
    tried: &str,
) -> Result<Came, ConnectError> {
    let owned = path.to_owned();
    let public = spawn_blocking(move || key_agent::public_of(&owned)).await;
    let is_wanted = match public.ok().flatten() {
        None => false,
        Some(public) => match ask(tunnel, target, public, tried).await? {
            Heard::SignedIn => return Ok(Came::SignedIn),
            Heard::Refused => return Ok(Came::Refused),
            Heard::Wanted => true,
        },
    };
    match load(path, passphrase).await {
        Ok(key) => offer(tunnel, target, key, tried).await,
        Err(error) if is_wanted => Err(error),
        Err(error) => Ok(Came::Unusable(error)),
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

async fn offer(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    key: PrivateKey,
    tried: &str,
) -> Result<Came, ConnectError> {
    match offer_key(tunnel, target, key, tried).await {
        Ok(()) => Ok(Came::SignedIn),
        Err(error) => refusal(tunnel, error),
    }
}

/// A refusal is followed by the next file, unless the server has hung up with it.
fn refusal(tunnel: &Tunnel, error: ConnectError) -> Result<Came, ConnectError> {
    match error {
        ConnectError::SignInRefused { .. } if !tunnel.handle.is_closed() => Ok(Came::Refused),
        error => Err(error),
    }
}

/// Whether the server would take this key.
async fn ask(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    key: PublicKey,
    tried: &str,
) -> Result<Heard, ConnectError> {
    let Some(hash) = signature_hash(tunnel, key.algorithm().is_rsa()).await else {
        return Ok(Heard::Refused);
    };
    let mut signer = Unsigned { was_asked: false };
    let answer = tunnel
        .handle
        .authenticate_publickey_with(&target.user, key, hash, &mut signer)
        .await;
    match answer {
        Ok(result) => {
            let taken = outcome(Ok(result), tunnel, target, tried)?;
            Ok(if taken { Heard::SignedIn } else { Heard::Refused })
        }
        Err(NotSigned) if signer.was_asked && !tunnel.handle.is_closed() => Ok(Heard::Wanted),
        Err(NotSigned) => Err(ended(tunnel, target, tried)),
    }
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
