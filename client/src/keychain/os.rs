//! The operating system's keychain: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.
//!
//! Its calls block (and may wait for a person at an unlock prompt), so they run on threads of their own.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use slipway_protocol::Secret;

use super::{Keychain, KeychainError, SecretName};

const SERVICE: &str = "slipway";
/// How long a person may take at the keychain's own prompt.
const PATIENCE: Duration = Duration::from_secs(60);
/// A call without an answer that came back sooner than this was not timed out by the bus (25 s): the service ended under it.
const SUDDEN: Duration = Duration::from_secs(5);
/// How long a service that ended under a call is asked again, until the session has started the next one.
const RETURN: Duration = Duration::from_secs(5);
const BETWEEN: Duration = Duration::from_millis(200);

#[cfg(target_os = "macos")]
const KIND: &str = "The macOS Keychain";
#[cfg(windows)]
const KIND: &str = "The Windows Credential Manager";
#[cfg(not(any(target_os = "macos", windows)))]
const KIND: &str = "This computer's keychain (the Secret Service: GNOME Keyring or KWallet)";

/// The operating system's keychain.
pub struct OsKeychain;

#[async_trait]
impl Keychain for OsKeychain {
    async fn get(&self, name: SecretName) -> Result<Option<Secret<String>>, KeychainError> {
        on_a_thread(name, |entry| match entry.get_password() {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(keyring::Error::NoEntry) => Ok(None),
            Err(keyring::Error::BadEncoding(bytes)) => {
                // What it holds is of no use, and may be a secret all the same.
                drop(Secret::new(bytes));
                Err(keyring::Error::BadEncoding(Vec::new()))
            }
            Err(error) => Err(error),
        })
        .await
    }

    async fn set(&self, name: SecretName, value: Secret<String>) -> Result<(), KeychainError> {
        on_a_thread(name, move |entry| entry.set_password(value.expose())).await
    }

    async fn remove(&self, name: SecretName) -> Result<(), KeychainError> {
        on_a_thread(name, |entry| match entry.delete_credential() {
            Ok(()) | Err(keyring::Error::NoEntry) => Ok(()),
            Err(error) => Err(error),
        })
        .await
    }

    fn lasts(&self) -> bool {
        true
    }
}

async fn on_a_thread<T: Send + 'static>(
    name: SecretName,
    work: impl Fn(&keyring::Entry) -> keyring::Result<T> + Send + 'static,
) -> Result<T, KeychainError> {
    let entry_name = name.to_string();
    let job = tokio::task::spawn_blocking(move || {
        let entry = keyring::Entry::new(SERVICE, &entry_name)?;
        past_its_end(|| work(&entry))
    });
    match tokio::time::timeout(PATIENCE, job).await {
        Ok(Ok(done)) => done.map_err(|error| explain(&name, &error)),
        Ok(Err(_)) => Err(unavailable("its library failed".to_owned())),
        Err(_) => Err(KeychainError::Locked {
            reason: "nobody answered its prompt".to_owned(),
        }),
    }
}

/// GNOME's keyring is known to end now and then while it serves a program that comes and goes quickly, and the session starts it anew at
/// once. What is asked here may be asked twice, so its person need not learn of it.
fn past_its_end<T>(mut ask: impl FnMut() -> keyring::Result<T>) -> keyring::Result<T> {
    let asked = Instant::now();
    let mut answer = ask();
    if !is_failure(&answer, &[NO_REPLY]) || asked.elapsed() > SUDDEN {
        return answer;
    }
    let ended = Instant::now();
    while is_failure(&answer, &[NO_REPLY, NOT_THERE]) && ended.elapsed() < RETURN {
        std::thread::sleep(BETWEEN);
        answer = ask();
    }
    answer
}

fn is_failure<T>(answer: &keyring::Result<T>, names: &[&str]) -> bool {
    match answer {
        Err(keyring::Error::PlatformFailure(cause)) => {
            names.iter().any(|name| is_answered_with(name, cause.as_ref()))
        }
        _ => false,
    }
}

/// The keychain library's error in our words. Never the entry's content.
fn explain(name: &SecretName, error: &keyring::Error) -> KeychainError {
    use keyring::Error as E;
    match error {
        E::PlatformFailure(cause) if is_answered_with(DENIED, cause.as_ref()) => KeychainError::Denied {
            keychain: KIND.to_owned(),
            reason: cause.to_string(),
        },
        E::PlatformFailure(cause) if is_answered_with(LOCKED, cause.as_ref()) => KeychainError::Locked {
            reason: cause.to_string(),
        },
        E::PlatformFailure(cause) => unavailable(cause.to_string()),
        E::NoStorageAccess(cause) if has_no_keyring(cause.as_ref()) => KeychainError::NoKeyring {
            keychain: KIND.to_owned(),
        },
        E::NoStorageAccess(cause) => KeychainError::Locked {
            reason: cause.to_string(),
        },
        E::BadEncoding(_) => KeychainError::Damaged {
            name: name.to_string(),
            reason: "it is not text".to_owned(),
        },
        E::Ambiguous(_) => KeychainError::Damaged {
            name: name.to_string(),
            reason: "there are several of it".to_owned(),
        },
        E::TooLong(what, limit) => KeychainError::Refused {
            reason: format!("{what} is longer than {limit} characters"),
        },
        E::NoEntry => unavailable("the entry vanished".to_owned()),
        other => KeychainError::Refused {
            reason: other.to_string(),
        },
    }
}

/// A Secret Service without any collection comes as “no access” from the library.
#[cfg(target_os = "linux")]
fn has_no_keyring(cause: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    matches!(cause.downcast_ref(), Some(dbus_secret_service::Error::NoResult))
}

#[cfg(not(target_os = "linux"))]
fn has_no_keyring(_: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    false
}

/// The bus's rules do not let this program send to the service.
const DENIED: &str = "org.freedesktop.DBus.Error.AccessDenied";
/// The service was asked, and nobody answered; nobody is there to be asked (D-Bus specification, *Message Bus Messages*).
const NO_REPLY: &str = "org.freedesktop.DBus.Error.NoReply";
const NOT_THERE: &str = "org.freedesktop.DBus.Error.ServiceUnknown";
/// Something was to be put into a keyring that is locked (Secret Service API, 0.2).
const LOCKED: &str = "org.freedesktop.Secret.Error.IsLocked";

/// Whether the session bus, or the service on it, answered with this error.
#[cfg(target_os = "linux")]
fn is_answered_with(name: &str, cause: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    match cause.downcast_ref() {
        Some(dbus_secret_service::Error::Dbus(error)) => error.name() == Some(name),
        _ => false,
    }
}

#[cfg(not(target_os = "linux"))]
fn is_answered_with(_: &str, _: &(dyn std::error::Error + Send + Sync + 'static)) -> bool {
    false
}

fn unavailable(reason: String) -> KeychainError {
    KeychainError::Unavailable {
        missing: KIND.to_owned(),
        reason,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keychain::SecretKind;
    use slipway_protocol::ClusterId;

    fn name() -> SecretName {
        SecretName {
            profile: ClusterId(uuid::Uuid::new_v4()),
            kind: SecretKind::Session,
        }
    }

    /// FR-CON-03: a keychain that cannot be read is told apart from an entry that is not there.
    #[test]
    fn failures_keep_their_kind() {
        let cause = || Box::<dyn std::error::Error + Send + Sync>::from("no bus");
        let absent = explain(&name(), &keyring::Error::PlatformFailure(cause()));
        assert!(matches!(absent, KeychainError::Unavailable { .. }));
        assert!(absent.to_string().contains("session only"));
        assert!(!absent.to_string().contains("no bus"), "{absent}");
        assert_eq!(absent.detail(), Some("no bus"));
        let locked = explain(&name(), &keyring::Error::NoStorageAccess(cause()));
        assert!(matches!(locked, KeychainError::Locked { .. }));
        let damaged = explain(&name(), &keyring::Error::BadEncoding(b"s3cret".to_vec()));
        assert!(!damaged.to_string().contains("s3cret"));
        assert!(matches!(damaged, KeychainError::Damaged { .. }));
    }
}
