//! One sentence and one exit code for everything that can go wrong.

use slipway_client::setup::SetupError;
use slipway_client::upload::UploadError;
use slipway_client::{ClientError, ConnectError, KeychainError, ProfileError, ProjectFileError};
use slipway_protocol::ErrorCode;

const FAILED: u8 = 1;
const USAGE: u8 = 2;
const NOT_CONNECTED: u8 = 3;
const SIGN_IN: u8 = 4;

/// Why a command did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The connection broke in the middle of something.
    #[error("{0}")]
    Lost(String),
    #[error("{0}")]
    Usage(String),
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Profile(#[from] ProfileError),
    #[error(transparent)]
    Project(#[from] ProjectFileError),
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A command in a container ended with this code; it has said itself what it had to say.
    #[error("The command ended with exit code {0}.")]
    Command(u8),
    #[error("{0}.")]
    Text(#[from] slipway_protocol::InvalidText),
}

impl From<ConnectError> for CliError {
    fn from(error: ConnectError) -> Self {
        Self::Client(ClientError::Link(error))
    }
}

impl From<UploadError> for CliError {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Client(error) => Self::Client(error),
            UploadError::Pack(_) | UploadError::TooLarge => Self::Failed(error.to_string()),
        }
    }
}

impl From<SetupError> for CliError {
    fn from(error: SetupError) -> Self {
        match error {
            SetupError::Connect(error) => error.into(),
            SetupError::Lost { .. } => Self::Lost(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

impl From<KeychainError> for CliError {
    fn from(error: KeychainError) -> Self {
        Self::Client(ClientError::Keychain(error))
    }
}

impl CliError {
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Text(_) => USAGE,
            Self::Failed(_) => FAILED,
            Self::Lost(_) => NOT_CONNECTED,
            Self::Command(code) => *code,
            Self::Profile(ProfileError::File { .. })
            | Self::Project(
                ProjectFileError::Unwritten { .. } | ProjectFileError::Saved(ProfileError::File { .. }),
            ) => FAILED,
            Self::Profile(_) | Self::Project(_) => USAGE,
            Self::Client(error) => of_client(error),
        }
    }
}

fn of_client(error: &ClientError) -> u8 {
    match error {
        ClientError::NotSignedIn { .. } => SIGN_IN,
        ClientError::Problem(problem) => match problem.code {
            ErrorCode::Unauthenticated | ErrorCode::BadCredentials => SIGN_IN,
            _ => FAILED,
        },
        ClientError::Link(error) => match error.place().1 {
            ConnectError::SignInRefused { .. }
            | ConnectError::PasswordNeeded { .. }
            | ConnectError::PassphraseNeeded { .. }
            | ConnectError::WrongPassphrase { .. } => SIGN_IN,
            _ => NOT_CONNECTED,
        },
        _ => FAILED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::Problem;

    /// FR-API-04: the exit code tells kinds of failure apart.
    #[test]
    fn exit_codes() {
        let of = |error: ClientError| CliError::from(error).exit_code();
        assert_eq!(of(ClientError::NotSignedIn { cluster: "a".into() }), 4);
        assert_eq!(
            of(ClientError::Problem(Problem::new(ErrorCode::BadCredentials, "x"))),
            4
        );
        assert_eq!(
            of(ClientError::Problem(Problem::new(ErrorCode::NotFound, "x"))),
            1
        );
        assert_eq!(of(ConnectError::Lost { host: "h".into() }.into()), 3);
        assert_eq!(CliError::Usage(String::new()).exit_code(), 2);
    }
}
