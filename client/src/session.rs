//! The Slipway session of one cluster: its tokens, kept in the keychain and renewed in time.
//!
//! A refresh token works once, and using a spent one ends the session. So renewing is single-flight: within the process
//! by a mutex, between processes of the same user (the app and the command line share a session) by a lock file.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use slipway_protocol::api::RefreshSession;
use slipway_protocol::identity::{RefreshSession as Refresh, Tokens};
use slipway_protocol::secret::serialize_exposed;
use slipway_protocol::{ClusterId, Endpoint, ErrorCode, Secret};
use tokio::sync::Mutex;

use crate::config::Home;
use crate::error::ClientError;
use crate::files;
use crate::http;
use crate::keychain::{Keychain, KeychainError, SecretKind, SecretName};
use crate::link::Link;
use crate::profiles::Profile;

/// A token that ends within this time is renewed before it is used.
const MARGIN: TimeDelta = TimeDelta::seconds(20);

/// What the keychain holds, as one entry, so that it is replaced as a whole.
#[derive(Clone, Serialize, Deserialize)]
struct Stored {
    #[serde(serialize_with = "serialize_exposed")]
    access_token: Secret<String>,
    ends_at: DateTime<Utc>,
    #[serde(serialize_with = "serialize_exposed")]
    refresh_token: Secret<String>,
}

impl Stored {
    fn new(tokens: Tokens) -> Self {
        let life = TimeDelta::try_seconds(i64::try_from(tokens.expires_in).unwrap_or(0)).unwrap_or_default();
        Self {
            access_token: tokens.access_token,
            ends_at: Utc::now() + life,
            refresh_token: tokens.refresh_token,
        }
    }

    fn is_fresh(&self) -> bool {
        self.ends_at - Utc::now() > MARGIN
    }
}

/// The session of one cluster.
pub(crate) struct Session {
    profile: ClusterId,
    cluster: String,
    keychain: Arc<dyn Keychain>,
    lock: PathBuf,
    current: Mutex<Option<Stored>>,
}

impl Session {
    pub fn new(home: &Home, profile: &Profile) -> Self {
        Self {
            profile: profile.id,
            cluster: profile.name.clone(),
            keychain: home.keychain.clone(),
            lock: home.folder.join(format!("session-{}.lock", profile.id)),
            current: Mutex::new(None),
        }
    }

    /// Keeps new tokens: in the keychain first, then here.
    pub async fn begin(&self, tokens: Tokens) -> Result<(), ClientError> {
        let mut current = self.current.lock().await;
        let stored = Stored::new(tokens);
        let kept = self.keep(&stored).await;
        *current = Some(stored);
        Ok(kept?)
    }

    /// Whether the keychain would take a session: asked before signing in, because an invitation works once.
    pub async fn can_be_kept(&self) -> Result<(), ClientError> {
        use KeychainError as K;
        match self.keychain.get(self.name()).await {
            Err(error @ (K::Unavailable { .. } | K::Locked { .. } | K::Denied { .. })) => Err(error.into()),
            // What is damaged is replaced.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Forgets the tokens.
    pub async fn end(&self) -> Result<(), ClientError> {
        *self.current.lock().await = None;
        Ok(self.keychain.remove(self.name()).await?)
    }

    /// Whether there are tokens at all; an unreadable keychain is an error.
    pub async fn exists(&self) -> Result<bool, ClientError> {
        if self.current.lock().await.is_some() {
            return Ok(true);
        }
        Ok(self.load().await?.is_some())
    }

    /// An access token that lives.
    pub async fn token(&self, link: &Link) -> Result<Secret<String>, ClientError> {
        let mut current = self.current.lock().await;
        if current.is_none() {
            *current = self.load().await?;
        }
        match &*current {
            None => Err(self.nobody()),
            Some(stored) if stored.is_fresh() => Ok(stored.access_token.clone()),
            Some(stored) => {
                let spent = stored.access_token.clone();
                self.renew(&mut current, link, &spent).await
            }
        }
    }

    /// An access token other than the refused one.
    pub async fn another_token(
        &self,
        link: &Link,
        refused: &Secret<String>,
    ) -> Result<Secret<String>, ClientError> {
        let mut current = self.current.lock().await;
        match &*current {
            Some(stored) if stored.access_token != *refused => Ok(stored.access_token.clone()),
            _ => self.renew(&mut current, link, refused).await,
        }
    }

    async fn renew(
        &self,
        current: &mut Option<Stored>,
        link: &Link,
        refused: &Secret<String>,
    ) -> Result<Secret<String>, ClientError> {
        let _lock = self.lock_others_out().await?;
        // Another process may have renewed it meanwhile.
        let Some(stored) = self.load().await?.or_else(|| current.clone()) else {
            *current = None;
            return Err(self.nobody());
        };
        if stored.access_token != *refused && stored.is_fresh() {
            *current = Some(stored.clone());
            return Ok(stored.access_token);
        }
        let tokens = match self.exchange(link, stored.refresh_token).await {
            Err(ClientError::Problem(problem))
                if matches!(
                    problem.code,
                    ErrorCode::Unauthenticated | ErrorCode::BadCredentials
                ) =>
            {
                *current = None;
                self.keychain.remove(self.name()).await?;
                return Err(self.nobody());
            }
            other => other?,
        };
        let renewed = Stored::new(tokens);
        let token = renewed.access_token.clone();
        let kept = self.keep(&renewed).await;
        *current = Some(renewed);
        // This process can go on; the next start will have to sign in again, which is worth a word.
        if let Err(error) = kept {
            tracing::warn!(%error, "the renewed session could not be kept");
        }
        Ok(token)
    }

    async fn exchange(&self, link: &Link, refresh_token: Secret<String>) -> Result<Tokens, ClientError> {
        let raw = RefreshSession {
            body: Refresh { refresh_token },
        }
        .into_raw()
        .map_err(http::unreadable)?;
        let mut connection = link.http().await?;
        let value = http::call(&mut connection, &raw, None, None, link.host()).await?;
        serde_json::from_value(value).map_err(http::unreadable)
    }

    async fn lock_others_out(&self) -> Result<files::FolderLock, ClientError> {
        let path = self.lock.clone();
        let failed = |reason: String| ClientError::Keychain(KeychainError::Refused { reason });
        match tokio::task::spawn_blocking(move || files::lock(&path)).await {
            Ok(Ok(lock)) => Ok(lock),
            Ok(Err(error)) => Err(failed(format!("the lock {}: {error}", self.lock.display()))),
            Err(_) => Err(failed("the session could not be locked".to_owned())),
        }
    }

    async fn load(&self) -> Result<Option<Stored>, KeychainError> {
        let Some(text) = self.keychain.get(self.name()).await? else {
            return Ok(None);
        };
        serde_json::from_str(text.expose())
            .map(Some)
            .map_err(|_| KeychainError::Damaged {
                name: self.name().to_string(),
                reason: "it is not a session".to_owned(),
            })
    }

    async fn keep(&self, stored: &Stored) -> Result<(), KeychainError> {
        let text = serde_json::to_string(stored).map_err(|_| KeychainError::Refused {
            reason: "the session cannot be written down".to_owned(),
        })?;
        self.keychain.set(self.name(), Secret::new(text)).await
    }

    fn name(&self) -> SecretName {
        SecretName {
            profile: self.profile,
            kind: SecretKind::Session,
        }
    }

    fn nobody(&self) -> ClientError {
        ClientError::NotSignedIn {
            cluster: self.cluster.clone(),
        }
    }
}
