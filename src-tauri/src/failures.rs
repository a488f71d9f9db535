//! The client's errors and the shell's JSON texts → what the window understands.

use serde::Serialize;
use serde::de::DeserializeOwned;
use slipway_client::setup::SetupError;
use slipway_client::share::ShareError;
use slipway_client::snapshot::SnapshotError;
use slipway_client::upload::UploadError;
use slipway_client::{ClientError, ConnectError, ForwardError, KeychainError, KnownHostsError, ProfileError};
use slipway_protocol::desktop::{Failure, FailureKind};
use slipway_protocol::{ErrorCode, Secret};

/// What a command gives to the window: a JSON text, or the JSON text of a [`Failure`].
pub type Answer = Result<String, String>;

/// The request that came with a command.
pub fn read<T: DeserializeOwned>(args: &str) -> Result<T, Refusal> {
    serde_json::from_str(args).map_err(|error| {
        // The text of the error can hold what was typed; where it went wrong is enough.
        let place = format!(
            "The window's request could not be read at line {}, column {}; this is a fault of the app, which a newer version may not have.",
            error.line(),
            error.column()
        );
        Refusal(Failure::new(FailureKind::App, place))
    })
}

/// The same of a request that may hold a password, which is wiped as soon as it is read. Tauri's own copy of it is out of reach here.
pub fn read_secret<T: DeserializeOwned>(args: String) -> Result<T, Refusal> {
    read(Secret::new(args).expose())
}

/// The answer of a command as JSON.
pub fn answer<T: Serialize>(result: Result<T, Refusal>) -> Answer {
    match result.and_then(|value| Ok(serde_json::to_string(&value)?)) {
        Ok(text) => Ok(text),
        Err(Refusal(failure)) => Err(serde_json::to_string(&failure).unwrap_or_default()),
    }
}

/// A failure on its way to the window; what `?` turns the client's errors into.
pub struct Refusal(pub Failure);

impl Refusal {
    /// A choice of the person that the app's folder did not take.
    pub fn not_kept(error: std::io::Error) -> Self {
        let sentence = format!(
            "The choice could not be kept in the app's folder ({error}); make room there and try again."
        );
        Self(Failure::new(FailureKind::Invalid, sentence))
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

impl From<serde_json::Error> for Refusal {
    fn from(_: serde_json::Error) -> Self {
        Self(Failure::new(
            FailureKind::App,
            "The answer could not be passed to the window; update the app.",
        ))
    }
}

impl From<ProfileError> for Refusal {
    fn from(error: ProfileError) -> Self {
        Self(Failure::new(FailureKind::Invalid, error.to_string()))
    }
}

impl From<slipway_protocol::InvalidText> for Refusal {
    fn from(error: slipway_protocol::InvalidText) -> Self {
        Self(Failure::new(FailureKind::Invalid, format!("{error}.")))
    }
}

impl From<ForwardError> for Refusal {
    fn from(error: ForwardError) -> Self {
        match error {
            ForwardError::Client(error) => error.into(),
            ForwardError::Local { .. } => Self(Failure::new(FailureKind::Invalid, error.to_string())),
        }
    }
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Client(error) => error.into(),
            UploadError::Pack(_) | UploadError::TooLarge => {
                Self(Failure::new(FailureKind::Invalid, error.to_string()))
            }
        }
    }
}

impl From<ShareError> for Refusal {
    fn from(error: ShareError) -> Self {
        Self(Failure::new(FailureKind::Invalid, error.to_string()))
    }
}

impl From<SnapshotError> for Refusal {
    fn from(error: SnapshotError) -> Self {
        let kind = match &error {
            SnapshotError::Keychain(_) => FailureKind::Keychain,
            SnapshotError::File { .. } | SnapshotError::Drafts { .. } => FailureKind::App,
        };
        Self(Failure::new(kind, error.to_string()))
    }
}

impl From<KnownHostsError> for Refusal {
    fn from(error: KnownHostsError) -> Self {
        let sentence = format!("The record of host keys {error}; repair or remove it, then try again.");
        Self(Failure::new(FailureKind::App, sentence))
    }
}

impl From<SetupError> for Refusal {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Connect(error) => error.into(),
            SetupError::Lost { .. } => Self(Failure::new(FailureKind::Link, error.to_string())),
            other => Self(Failure::new(FailureKind::Invalid, other.to_string())),
        }
    }
}

impl From<KeychainError> for Refusal {
    fn from(error: KeychainError) -> Self {
        Self(Failure::new(FailureKind::Keychain, error.to_string()))
    }
}

impl From<ConnectError> for Refusal {
    fn from(error: ConnectError) -> Self {
        let kind = match error.place().1 {
            ConnectError::ChangedHostKey { .. } => FailureKind::HostKeyChanged,
            ConnectError::RevokedHostKey { .. } => FailureKind::HostKeyRevoked,
            ConnectError::Keychain(_) => FailureKind::Keychain,
            ConnectError::AgentTooOld { .. } => FailureKind::AgentTooOld,
            _ => FailureKind::Link,
        };
        Self(Failure::new(kind, error.to_string()))
    }
}

impl From<ClientError> for Refusal {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Problem(problem) => Self(problem.into()),
            ClientError::Link(error) => error.into(),
            ClientError::NotSignedIn { .. } => {
                Self(Failure::new(FailureKind::NotSignedIn, error.to_string()))
            }
            ClientError::Keychain(error) => error.into(),
            ClientError::BrokenOff { .. } => {
                let code = ErrorCode::Internal;
                Self(Failure::new(FailureKind::Api { code }, error.to_string()))
            }
            ClientError::Answer { .. } | ClientError::NotForwarded => {
                Self(Failure::new(FailureKind::App, error.to_string()))
            }
        }
    }
}
