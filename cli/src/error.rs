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

/// A keychain's failure as it is told in a terminal: with the way on that there is only here, and with what the system said.
pub fn of_keychain(error: &KeychainError) -> String {
    format!("{error}{}", beside(error))
}

fn beside(error: &KeychainError) -> String {
    let way_on = match error {
        KeychainError::Damaged { .. } | KeychainError::NotLocked { .. } | KeychainError::Setting { .. } => "",
        _ => " SLIPWAY_KEYCHAIN=memory keeps them for one command.",
    };
    let detail = error
        .detail()
        .map(|detail| format!(" The system said: {detail}."))
        .unwrap_or_default();
    format!("{way_on}{detail}")
}

impl CliError {
    /// What is printed of it.
    pub fn in_words(&self) -> String {
        let keychain = match self {
            Self::Client(ClientError::Keychain(error)) => Some(error),
            Self::Client(ClientError::Link(error)) => match error.place().1 {
                ConnectError::Keychain(error) => Some(error),
                _ => None,
            },
            _ => None,
        };
        format!("{self}{}", keychain.map(beside).unwrap_or_default())
    }

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

    /// FR-CON-03: a terminal tells the way on without a keychain that it has, and what the system said.
    #[test]
    fn a_terminal_has_a_way_on_without_a_keychain() {
        let absent = KeychainError::Unavailable {
            missing: "This computer's keychain".to_owned(),
            reason: "no bus".to_owned(),
        };
        let connecting = CliError::from(ConnectError::Keychain(absent.clone()));
        for said in [CliError::from(absent.clone()).in_words(), connecting.in_words()] {
            assert_eq!(said, of_keychain(&absent));
            assert!(said.contains("does not answer; start it"), "{said}");
            assert!(said.contains("SLIPWAY_KEYCHAIN=memory"), "{said}");
            assert!(said.ends_with("The system said: no bus."), "{said}");
        }
        let setting = KeychainError::Setting {
            value: "none".to_owned(),
        };
        assert_eq!(CliError::from(setting.clone()).in_words(), setting.to_string());
    }
}
