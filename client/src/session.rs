//! The Slipway session of one cluster: its tokens, kept in the keychain and renewed in time.
//!
//! A refresh token works once, and using a spent one ends the session. So renewing is single-flight: within the process
//! by a mutex, between processes of the same user (the app and the command line share a session) by a lock file. And the next token
//! is drawn and kept here before it is asked for, so that the same question can be asked again where its answer was lost.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use slipway_protocol::api::RefreshSession;
use slipway_protocol::identity::{RefreshSession as Refresh, Tokens};
use slipway_protocol::secret::{serialize_exposed, serialize_optional_exposed};
use slipway_protocol::{ClusterId, Endpoint, ErrorCode, Secret};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::config::Home;
use crate::dial::Http2;
use crate::error::{ClientError, ConnectError};
use crate::files;
use crate::http;
use crate::keychain::{Keychain, KeychainError, SecretKind, SecretName};
use crate::link::Link;
use crate::profiles::Profile;
use crate::sent::{self, Sent};

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
    /// What the refresh token is exchanged for, once that was tried.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "serialize_optional_exposed"
    )]
    next: Option<Secret<String>>,
}

impl Stored {
    fn new(tokens: Tokens) -> Self {
        let life = TimeDelta::try_seconds(i64::try_from(tokens.expires_in).unwrap_or(0)).unwrap_or_default();
        Self {
            access_token: tokens.access_token,
            ends_at: Utc::now() + life,
            refresh_token: tokens.refresh_token,
            next: None,
        }
    }

    fn is_fresh(&self) -> bool {
        self.ends_at - Utc::now() > MARGIN
    }
}

/// What this process holds.
struct Current {
    stored: Stored,
    /// The keychain did not take it: what is in there is older.
    unkept: bool,
}

/// The session of one cluster.
pub(crate) struct Session {
    entry: Entry,
    lock: PathBuf,
    current: Arc<Mutex<Option<Current>>>,
}

impl Session {
    pub fn new(home: &Home, profile: &Profile) -> Self {
        Self {
            entry: Entry {
                profile: profile.id,
                cluster: profile.name.clone(),
                keychain: home.keychain.clone(),
            },
            lock: home.folder.join(format!("session-{}.lock", profile.id)),
            current: Arc::default(),
        }
    }

    /// Keeps new tokens: in the keychain first, then here.
    pub async fn begin(&self, tokens: Tokens) -> Result<(), ClientError> {
        let mut current = self.current.lock().await;
        let stored = Stored::new(tokens);
        let kept = self.entry.keep(&stored).await;
        let unkept = kept.is_err();
        *current = Some(Current { stored, unkept });
        Ok(kept?)
    }

    /// Whether the keychain would take a session: asked before signing in, because an invitation works once.
    pub async fn can_be_kept(&self) -> Result<(), ClientError> {
        use KeychainError as K;
        match self.entry.keychain.get(self.entry.name()).await {
            Err(
                error @ (K::Unavailable { .. } | K::NoKeyring { .. } | K::Locked { .. } | K::Denied { .. }),
            ) => Err(error.into()),
            // What is damaged is replaced.
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Forgets the tokens.
    pub async fn end(&self) -> Result<(), ClientError> {
        *self.current.lock().await = None;
        Ok(self.entry.keychain.remove(self.entry.name()).await?)
    }

    /// Whether there are tokens at all; an unreadable keychain is an error.
    pub async fn exists(&self) -> Result<bool, ClientError> {
        if self.current.lock().await.is_some() {
            return Ok(true);
        }
        Ok(self.entry.load().await?.is_some())
    }

    /// An access token that lives.
    pub async fn token(&self, link: &Link) -> Result<Secret<String>, ClientError> {
        let is_stale = self
            .current
            .lock()
            .await
            .as_ref()
            .is_some_and(|current| !current.stored.is_fresh());
        if is_stale {
            // Renewing needs a link. Waiting for one keeps nobody from asking whether there is a session, or from ending it.
            link.http().await?;
        }
        let mut current = Arc::clone(&self.current).lock_owned().await;
        if current.is_none() {
            let unkept = false;
            *current = self.entry.load().await?.map(|stored| Current { stored, unkept });
        }
        match &*current {
            None => Err(self.entry.nobody()),
            Some(Current { stored, .. }) if stored.is_fresh() => Ok(stored.access_token.clone()),
            Some(Current { stored, .. }) => {
                let spent = stored.access_token.clone();
                self.renew(current, link, &spent).await
            }
        }
    }

    /// An access token other than the refused one.
    pub async fn another_token(
        &self,
        link: &Link,
        refused: &Secret<String>,
    ) -> Result<Secret<String>, ClientError> {
        let current = Arc::clone(&self.current).lock_owned().await;
        match &*current {
            Some(Current { stored, .. }) if stored.access_token != *refused => {
                Ok(stored.access_token.clone())
            }
            _ => self.renew(current, link, refused).await,
        }
    }

    async fn renew(
        &self,
        mut current: OwnedMutexGuard<Option<Current>>,
        link: &Link,
        refused: &Secret<String>,
    ) -> Result<Secret<String>, ClientError> {
        let lock = self.lock_others_out().await?;
        let Some(stored) = self.entry.newest(current.as_ref()).await? else {
            *current = None;
            return Err(self.entry.nobody());
        };
        if stored.access_token != *refused && stored.is_fresh() {
            let token = stored.access_token.clone();
            let unkept = current.as_ref().is_some_and(|current| current.unkept);
            *current = Some(Current { stored, unkept });
            return Ok(token);
        }
        let (http, host) = (link.http().await?, link.host().to_owned());
        let entry = self.entry.clone();
        // The agent spends the token when it answers: whoever asked may have gone by then, and what it answers has to be kept.
        let renewal = tokio::spawn(async move {
            let _others = lock;
            entry.renew(&mut current, http, &host, stored).await
        });
        let lost = || ConnectError::Lost {
            host: link.host().to_owned(),
        };
        renewal.await.map_err(|_| lost())?
    }

    async fn lock_others_out(&self) -> Result<files::FolderLock, ClientError> {
        let path = self.lock.clone();
        let file = self.lock.display().to_string();
        let failed = |reason: String| ClientError::Keychain(KeychainError::NotLocked { file, reason });
        match tokio::task::spawn_blocking(move || files::lock(&path)).await {
            Ok(Ok(lock)) => Ok(lock),
            Ok(Err(error)) => Err(failed(error.to_string())),
            Err(_) => Err(failed("locking it ended with a bug of Slipway".to_owned())),
        }
    }
}

/// The session's entry in the keychain.
#[derive(Clone)]
struct Entry {
    profile: ClusterId,
    cluster: String,
    keychain: Arc<dyn Keychain>,
}

impl Entry {
    /// What to renew. Another process may have renewed it meanwhile, so the keychain comes first; but never what it holds in place of
    /// what it did not take: that token is spent. Where it cannot be read, what is here goes on.
    async fn newest(&self, current: Option<&Current>) -> Result<Option<Stored>, KeychainError> {
        let here = current.map(|current| current.stored.clone());
        if current.is_some_and(|current| current.unkept) {
            return Ok(here);
        }
        match (self.load().await, here) {
            (Ok(Some(kept)), _) => Ok(Some(kept)),
            (Ok(None) | Err(_), Some(here)) => Ok(Some(here)),
            (nothing, None) => nothing,
        }
    }

    async fn renew(
        &self,
        current: &mut Option<Current>,
        http: Http2,
        host: &str,
        mut stored: Stored,
    ) -> Result<Secret<String>, ClientError> {
        if stored.next.is_none() {
            stored.next = Some(new_code());
            let unkept = self.keep(&stored).await.is_err();
            let stored = stored.clone();
            *current = Some(Current { stored, unkept });
        }
        let tokens = match exchange(http, host, &stored).await {
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
        let stored = Stored::new(tokens);
        let token = stored.access_token.clone();
        let kept = self.keep(&stored).await;
        let unkept = kept.is_err();
        *current = Some(Current { stored, unkept });
        // This process can go on; the next start will have to sign in again, which is worth a word.
        if let Err(error) = kept {
            tracing::warn!(%error, "the renewed session could not be kept");
        }
        Ok(token)
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
        let refused = || KeychainError::Refused {
            reason: "the session cannot be written down".to_owned(),
        };
        let text = sent::json(stored).map_err(|_| refused())?.into_exposed();
        let text = String::from_utf8(text).map_err(|_| refused())?;
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

/// 256 bits, as the agent writes its own.
fn new_code() -> Secret<String> {
    let bytes: [u8; 32] = rand::random();
    Secret::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

async fn exchange(mut http: Http2, host: &str, stored: &Stored) -> Result<Tokens, ClientError> {
    let body = Refresh {
        refresh_token: stored.refresh_token.clone(),
        next: stored.next.clone(),
    };
    let raw = Sent(RefreshSession { body }.into_raw().map_err(http::unreadable)?);
    let value = http::call(&mut http, &raw, None, None, host).await?;
    serde_json::from_value(value).map_err(http::unreadable)
}
