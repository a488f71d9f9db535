//! Signing in to the SSH server: the desktop's SSH agent (`key_agent.rs`), a key file or several (`key_files.rs`), or a password.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use russh::MethodKind;
use russh::client::{AuthResult, KeyboardInteractiveAuthResponse};
use russh::keys::{HashAlg, PrivateKey, PrivateKeyWithHashAlg, decode_secret_key};
use slipway_protocol::Secret;
use tokio::time::timeout;

use super::tunnel::{SshTarget, Tunnel};
use super::{key_agent, key_files};
use crate::error::ConnectError;
use crate::profiles::AuthMethod;

/// A key on a token may wait for a touch, an agent for a confirmation.
const PATIENCE: Duration = Duration::from_secs(60);
pub(super) const LARGEST_KEY_FILE: u64 = 64 * 1024;

/// The secrets that the method may need, as far as they are known.
#[derive(Clone, Default)]
pub(crate) struct SignInSecrets {
    pub password: Option<Secret<String>>,
    pub passphrase: Option<Secret<String>>,
    /// The private key that the keychain has for this cluster.
    pub kept_key: Option<Secret<String>>,
}

/// Signs in, or says what is missing or refused.
pub(crate) async fn sign_in(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    method: &AuthMethod,
    secrets: SignInSecrets,
) -> Result<(), ConnectError> {
    let attempt = async {
        match method {
            AuthMethod::Agent => key_agent::with_agent(tunnel, target).await,
            AuthMethod::KeyFile { path, more } if more.is_empty() => {
                with_key_file(tunnel, target, path, secrets.passphrase).await
            }
            AuthMethod::KeyFile { path, more } => {
                let files = std::iter::once(path).chain(more);
                let files: Vec<&Path> = files.map(|path| path.as_path()).collect();
                key_files::with_key_files(tunnel, target, &files, secrets.passphrase).await
            }
            AuthMethod::Password => with_password(tunnel, target, secrets.password).await,
            AuthMethod::KeptKey => with_kept_key(tunnel, target, secrets.kept_key).await,
        }
    };
    match timeout(PATIENCE, attempt).await {
        Ok(result) => result,
        Err(_) => Err(ConnectError::BrokenOff {
            host: target.host.clone(),
            reason: "the sign-in was not answered within a minute".to_owned(),
        }),
    }
}

pub(super) fn refused(target: &SshTarget, tried: &str) -> ConnectError {
    ConnectError::SignInRefused {
        host: target.host.clone(),
        user: target.user.clone(),
        tried: tried.to_owned(),
    }
}

/// The connection ended during the sign-in: refused if the server said so, else broken, which passes.
pub(super) fn ended(tunnel: &Tunnel, target: &SshTarget, tried: &str) -> ConnectError {
    match tunnel.farewell.get() {
        Some(words) => refused(target, &format!("{tried} (it said: {words})")),
        None => ConnectError::BrokenOff {
            host: target.host.clone(),
            reason: "the connection broke during the sign-in".to_owned(),
        },
    }
}

/// True if the server let the user in, false if something else may be tried.
pub(super) fn outcome(
    result: Result<AuthResult, russh::Error>,
    tunnel: &Tunnel,
    target: &SshTarget,
    tried: &str,
) -> Result<bool, ConnectError> {
    match result {
        Ok(AuthResult::Success) => Ok(true),
        Ok(AuthResult::Failure {
            partial_success: true,
            ..
        }) => {
            let more = "it asks for a second factor, which is not supported";
            Err(refused(target, &format!("{tried} alone ({more})")))
        }
        // The library answers this way, too, when the connection has ended.
        Ok(AuthResult::Failure {
            remaining_methods, ..
        }) if remaining_methods.is_empty() && tunnel.handle.is_closed() => Err(ended(tunnel, target, tried)),
        Ok(AuthResult::Failure { .. }) => Ok(false),
        Err(_) => Err(ended(tunnel, target, tried)),
    }
}

async fn with_password(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    password: Option<Secret<String>>,
) -> Result<(), ConnectError> {
    let Some(password) = password else {
        return Err(ConnectError::PasswordNeeded {
            host: target.host.clone(),
            user: target.user.clone(),
        });
    };
    let tried = "the password";
    let result = tunnel
        .handle
        .authenticate_password(&target.user, password.expose())
        .await;
    if let Ok(AuthResult::Failure {
        remaining_methods,
        partial_success: false,
    }) = &result
        && remaining_methods.contains(&MethodKind::KeyboardInteractive)
    {
        return with_prompt(tunnel, target, &password).await;
    }
    if outcome(result, tunnel, target, tried)? {
        Ok(())
    } else {
        Err(refused(target, tried))
    }
}

/// The same password at the server's own prompt (PAM), for servers that allow only that.
async fn with_prompt(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    password: &Secret<String>,
) -> Result<(), ConnectError> {
    let tried = "the password";
    let mut response = tunnel
        .handle
        .authenticate_keyboard_interactive_start(&target.user, None::<String>)
        .await;
    for _ in 0..3 {
        let answers = match response {
            Ok(KeyboardInteractiveAuthResponse::Success) => return Ok(()),
            Ok(KeyboardInteractiveAuthResponse::InfoRequest { prompts, .. }) => match prompts.as_slice() {
                [] => Vec::new(),
                [only] if !only.echo => vec![password.expose().clone()],
                _ => {
                    return Err(refused(
                        target,
                        "the password alone (it asks for more, which is not supported)",
                    ));
                }
            },
            Ok(KeyboardInteractiveAuthResponse::Failure { .. }) => return Err(refused(target, tried)),
            // A server that is just going down says nothing about the password.
            Err(_) => return Err(ended(tunnel, target, tried)),
        };
        response = tunnel
            .handle
            .authenticate_keyboard_interactive_respond(answers)
            .await;
    }
    match response {
        Ok(KeyboardInteractiveAuthResponse::Success) => Ok(()),
        Ok(_) => Err(refused(target, tried)),
        Err(_) => Err(ended(tunnel, target, tried)),
    }
}

async fn with_key_file(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    path: &Path,
    passphrase: Option<Secret<String>>,
) -> Result<(), ConnectError> {
    // An agent that has this key needs no passphrase, and it may be one that never leaves its token.
    if key_agent::with_key_of(tunnel, target, path).await? {
        return Ok(());
    }
    let owned = path.to_owned();
    // Deciphering is slow by design, so it has a thread of its own.
    let key = tokio::task::spawn_blocking(move || load_key(&owned, passphrase)).await;
    let key = key.map_err(|_| key_file(path, "it could not be read"))??;
    offer_key(tunnel, target, key, &format!("the key {}", path.display())).await
}

async fn with_kept_key(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    key: Option<Secret<String>>,
) -> Result<(), ConnectError> {
    let tried = "the key of this cluster";
    let Some(key) = key else {
        return Err(refused(target, &format!("{tried} (it is not in this keychain)")));
    };
    match decode_secret_key(key.expose(), None) {
        Ok(key) => offer_key(tunnel, target, key, tried).await,
        Err(_) => Err(refused(
            target,
            &format!("{tried} (what the keychain has is damaged)"),
        )),
    }
}

pub(super) async fn offer_key(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    key: PrivateKey,
    tried: &str,
) -> Result<(), ConnectError> {
    let Some(hash) = signature_hash(tunnel, key.algorithm().is_rsa()).await else {
        return Err(refused(
            target,
            "an RSA key (it takes only SHA-1 signatures, which are not safe)",
        ));
    };
    let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
    let result = tunnel.handle.authenticate_publickey(&target.user, key).await;
    if outcome(result, tunnel, target, tried)? {
        Ok(())
    } else {
        Err(refused(target, tried))
    }
}

fn key_file(path: &Path, reason: &str) -> ConnectError {
    ConnectError::KeyFile {
        path: path.to_owned(),
        reason: reason.to_owned(),
    }
}

pub(super) fn load_key(path: &Path, passphrase: Option<Secret<String>>) -> Result<PrivateKey, ConnectError> {
    let length = std::fs::metadata(path)
        .map_err(|error| key_file(path, &in_words(&error)))?
        .len();
    if length > LARGEST_KEY_FILE {
        return Err(key_file(path, "it is not a private key"));
    }
    let text = std::fs::read_to_string(path).map_err(|error| key_file(path, &in_words(&error)))?;
    let text = Secret::new(text);
    match decode_secret_key(text.expose(), None) {
        Ok(key) => Ok(key),
        Err(russh::keys::Error::KeyIsEncrypted) => {
            let Some(passphrase) = passphrase else {
                return Err(ConnectError::PassphraseNeeded {
                    path: path.to_owned(),
                });
            };
            let opened = decode_secret_key(text.expose(), Some(passphrase.expose()));
            opened.map_err(|_| ConnectError::WrongPassphrase {
                path: path.to_owned(),
            })
        }
        Err(_) => Err(key_file(
            path,
            "it is not a private key of a kind that is supported",
        )),
    }
}

fn in_words(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "it is not there".to_owned(),
        std::io::ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
        _ => error.to_string(),
    }
}

/// The hash for RSA signatures: SHA-2, or `None` if the server takes only SHA-1. Other keys have their own.
pub(super) async fn signature_hash(tunnel: &Tunnel, is_rsa: bool) -> Option<Option<HashAlg>> {
    if !is_rsa {
        return Some(None);
    }
    match tunnel.handle.best_supported_rsa_hash().await {
        Ok(Some(None)) => None,
        Ok(Some(hash)) => Some(hash),
        // The server does not say; every OpenSSH of the last ten years takes SHA-512.
        Ok(None) | Err(_) => Some(Some(HashAlg::Sha512)),
    }
}

/// Whether a passphrase is needed. Unreadable files are left to the sign-in, which explains them.
pub(crate) async fn is_encrypted(path: &Path) -> bool {
    let path = path.to_owned();
    let encrypted = move || matches!(load_key(&path, None), Err(ConnectError::PassphraseNeeded { .. }));
    tokio::task::spawn_blocking(encrypted).await.unwrap_or(false)
}
