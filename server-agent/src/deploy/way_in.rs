//! What lets git into an application's own repository, as it is stored: a token and a key.

use std::path::Path;

use slipway_protocol::ApplicationId;
use slipway_protocol::git::GitUrl;
use sqlx::PgConnection;

use crate::db::git_credentials::{self as credentials, Kind, Opened};
use crate::git::{Access, DeployKey, KeyError, Token};
use crate::secrets::Sealer;

/// Opened; nothing of it lies in a file yet.
pub struct WayIn {
    token: Option<Token>,
    key: Option<DeployKey>,
    /// There is a token, and it is another server's.
    pub is_for_another: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum WayInError {
    #[error("the agent's database did not answer")]
    Database(#[from] sqlx::Error),
    #[error("the stored token of the repository is damaged; store it again")]
    Token,
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl WayIn {
    /// Opens what the application has for this address. A token is told to no other server than its own.
    pub async fn open(
        connection: &mut PgConnection,
        sealer: &Sealer,
        application: ApplicationId,
        url: &GitUrl,
    ) -> Result<Self, WayInError> {
        let token = credentials::open(&mut *connection, sealer, application, Kind::Token).await?;
        let key = credentials::open(connection, sealer, application, Kind::DeployKey).await?;
        let stored = token.map(|token| read(token, url)).transpose()?;
        let (token, is_for_another) = match stored {
            Some(Stored::Ours(token)) => (Some(token), false),
            Some(Stored::Anothers) => (None, true),
            Some(Stored::NotForIt) | None => (None, false),
        };
        let key = key
            .map(|stored| DeployKey::from_seed(stored.secret))
            .transpose()?;
        Ok(Self {
            token,
            key,
            is_for_another,
        })
    }

    /// In files, for as long as git runs.
    pub fn write(&self, folder: &Path) -> std::io::Result<Access> {
        Access::write(folder, self.token.as_ref(), self.key.as_ref())
    }
}

enum Stored {
    Ours(Token),
    /// It was stored for another server.
    Anothers,
    /// The address is one that takes no token.
    NotForIt,
}

fn read(stored: Opened, url: &GitUrl) -> Result<Stored, WayInError> {
    let text = String::from_utf8(stored.secret.into_exposed()).map_err(|_| WayInError::Token)?;
    let Some(token) = Token::new(url, stored.public, text.into()) else {
        return Ok(Stored::NotForIt);
    };
    let ours = stored.origin.is_none_or(|origin| origin == token.origin);
    Ok(if ours {
        Stored::Ours(token)
    } else {
        Stored::Anothers
    })
}
