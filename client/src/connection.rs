//! The public face: one connection to one cluster, over which any number of calls and streams go.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream, Stream, StreamExt};
use serde_json::Value;
use slipway_protocol::identity::{AcceptInvitation as InvitationAnswer, SignIn as Credentials};
use slipway_protocol::server::Version;
use slipway_protocol::{Access, Endpoint, ErrorCode, Method, RawRequest, Secret, TeamId, api};
use tokio::sync::watch;

use crate::answers::Answers;
use crate::check::Steps;
use crate::config::Home;
use crate::dial::Dialer;
use crate::error::{ClientError, ConnectError};
use crate::http::{self, Extra};
use crate::keychain::{KeychainError, SecretKind, SecretName};
use crate::link::{Link, LinkState};
use crate::profiles::{Address, Profile};
use crate::sent::Sent;
use crate::session::Session;

/// A connection to a cluster. Clones share it; it ends with the last of them.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
    /// The team that calls are about; the agent's choice if absent.
    team: Option<TeamId>,
}

struct Inner {
    link: Link,
    session: Session,
    home: Home,
    profile: Profile,
    answers: Answers,
}

impl Connection {
    /// Connects, and answers why not otherwise. From then on the link is kept alive.
    pub async fn open(home: &Home, profile: &Profile, answers: Answers) -> Result<Self, ConnectError> {
        Self::open_counted(home, profile, answers, &mut Steps::default()).await
    }

    pub(crate) async fn open_counted(
        home: &Home,
        profile: &Profile,
        answers: Answers,
        steps: &mut Steps,
    ) -> Result<Self, ConnectError> {
        let mut dialer = Dialer::new(home, profile, answers.clone());
        let first = dialer.establish(steps).await?;
        // The accepted key is on record now; a reconnect has nothing left to accept.
        dialer.answers = answers.for_reconnecting();
        Ok(Self::around(
            Link::start(Arc::new(dialer), Some(first)),
            home,
            profile,
            answers,
        ))
    }

    /// Begins to connect and returns at once; [`Connection::state`] tells how it goes.
    pub fn start(home: &Home, profile: &Profile, answers: Answers) -> Self {
        let dialer = Dialer::new(home, profile, answers.clone());
        let link = Link::start(Arc::new(dialer), None);
        Self::around(link, home, profile, answers)
    }

    /// Connects to the agent of this very machine, without SSH.
    pub async fn local(home: &Home, socket: PathBuf) -> Result<Self, ConnectError> {
        let closed = || ConnectError::Closed {
            host: "this machine".to_owned(),
        };
        let profile = Profile::new("this machine", Address::Local { socket }).map_err(|_| closed())?;
        Self::open(home, &profile, Answers::default()).await
    }

    fn around(link: Link, home: &Home, profile: &Profile, answers: Answers) -> Self {
        let session = Session::new(home, profile);
        let inner = Inner {
            link,
            session,
            home: home.clone(),
            profile: profile.clone(),
            answers,
        };
        Self {
            inner: Arc::new(inner),
            team: profile.team,
        }
    }

    /// The same link and the same session, for calls about another team. What goes on over this one stays with its own.
    #[must_use]
    pub fn in_team(&self, team: Option<TeamId>) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            team,
        }
    }

    /// The team that calls are about; the only one, or the one that was joined first, if absent.
    pub fn team(&self) -> Option<TeamId> {
        self.team
    }

    /// The cluster that this is a connection to, as it was saved when it was made.
    pub fn profile(&self) -> &Profile {
        &self.inner.profile
    }

    /// The link's state, now and at each change.
    pub fn state(&self) -> watch::Receiver<LinkState> {
        self.inner.link.state()
    }

    /// Tries to reconnect now instead of later.
    pub fn retry(&self) {
        self.inner.link.retry();
    }

    /// Stops trying to reach the agent until [`Self::retry`]; a link that stands is left alone.
    pub fn stop(&self) {
        self.inner.link.stop();
    }

    /// The agent's version, as last seen.
    pub fn version(&self) -> Option<Version> {
        match &*self.inner.link.state().borrow() {
            LinkState::Up { version, .. } => Some(version.clone()),
            _ => None,
        }
    }

    /// Stores what was typed for the SSH sign-in in the keychain: of the cluster's own host (`None`) and of each jump host, by [`crate::Hop::name`],
    /// where it is `wanted`.
    pub async fn remember_answers(&self, wanted: impl Fn(Option<&str>) -> bool) -> Result<(), KeychainError> {
        let answers = &self.inner.answers;
        let mut typed = Vec::new();
        if wanted(None) {
            typed.push((SecretKind::SshPassword, &answers.password));
            typed.push((SecretKind::KeyPassphrase, &answers.passphrase));
        }
        for (hop, jump) in answers.jumps.iter().filter(|(hop, _)| wanted(Some(hop))) {
            typed.push((SecretKind::JumpPassword(hop.clone()), &jump.password));
            typed.push((SecretKind::JumpPassphrase(hop.clone()), &jump.passphrase));
        }
        for (kind, secret) in typed {
            if let Some(secret) = secret {
                let name = SecretName {
                    profile: self.inner.profile.id,
                    kind,
                };
                self.inner.home.keychain.set(name, secret.clone()).await?;
            }
        }
        Ok(())
    }

    /// Whether there is a session for this cluster.
    pub async fn is_signed_in(&self) -> Result<bool, ClientError> {
        self.inner.session.exists().await
    }

    /// Signs in with e-mail and password.
    pub async fn sign_in(&self, credentials: Credentials) -> Result<(), ClientError> {
        self.inner.session.can_be_kept().await?;
        let tokens = self.call(api::SignIn { body: credentials }, None).await?;
        self.inner.session.begin(tokens).await
    }

    /// Takes a one-time invitation: makes the account and signs in.
    pub async fn accept_invitation(&self, answer: InvitationAnswer) -> Result<(), ClientError> {
        self.inner.session.can_be_kept().await?;
        let tokens = self.call(api::AcceptInvitation { body: answer }, None).await?;
        // It may have been the first owner, whom the agent does not wait for any more.
        self.inner.link.look();
        self.inner.session.begin(tokens).await
    }

    /// Ends the session on the server and forgets it here. Forgetting happens in any case.
    pub async fn sign_out(&self) -> Result<(), ClientError> {
        let told = self.send(api::SignOut {}).await;
        self.inner.session.end().await?;
        match told {
            Err(ClientError::NotSignedIn { .. }) => Ok(()),
            other => other,
        }
    }

    /// Makes a call and gives its answer.
    pub async fn send<E: Endpoint>(&self, endpoint: E) -> Result<E::Response, ClientError> {
        self.send_with(endpoint, &Extra::default()).await
    }

    /// Makes a call that takes plain bytes.
    pub async fn send_bytes<E: Endpoint>(
        &self,
        endpoint: E,
        bytes: Bytes,
    ) -> Result<E::Response, ClientError> {
        let extra = Extra {
            bytes: Some(bytes),
            ..Extra::default()
        };
        self.send_with(endpoint, &extra).await
    }

    /// Makes a call whose answer may take this long.
    pub async fn send_patiently<E: Endpoint>(
        &self,
        endpoint: E,
        patience: Duration,
    ) -> Result<E::Response, ClientError> {
        let extra = Extra {
            patience,
            ..Extra::default()
        };
        self.send_with(endpoint, &extra).await
    }

    async fn send_with<E: Endpoint>(&self, endpoint: E, extra: &Extra) -> Result<E::Response, ClientError> {
        let public = matches!(E::ACCESS, Access::Public);
        let request = raw(endpoint)?;
        let value = self.exchange(&request, extra, public).await?;
        serde_json::from_value(value).map_err(http::unreadable)
    }

    /// Makes a call without its type, for the desktop shell. Calls that carry passwords or tokens are refused.
    pub async fn send_raw(&self, request: RawRequest) -> Result<Value, ClientError> {
        let request = Sent(request);
        let public = forwarded(&request)?;
        self.exchange(&request, &Extra::default(), public).await
    }

    /// Opens a stream and gives its values. It ends with an error if the link breaks.
    pub fn stream<E: Endpoint>(
        &self,
        endpoint: E,
    ) -> impl Stream<Item = Result<E::Response, ClientError>> + Send + use<E> {
        let opened = match raw(endpoint) {
            Ok(request) => self.lazily(request, matches!(E::ACCESS, Access::Public)),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        };
        opened.map(|line| line.and_then(|line| serde_json::from_slice(&line).map_err(http::unreadable)))
    }

    /// Opens a stream without its type.
    pub fn stream_raw(&self, request: RawRequest) -> BoxStream<'static, Result<Value, ClientError>> {
        let opened = match forwarded(&request) {
            Ok(public) => self.lazily(Sent(request), public),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        };
        let values =
            opened.map(|line| line.and_then(|line| serde_json::from_slice(&line).map_err(http::unreadable)));
        values.boxed()
    }

    fn lazily(&self, request: Sent, public: bool) -> http::Lines {
        let connection = self.clone();
        stream::once(async move {
            match connection.open_stream(&request, public).await {
                Ok(values) => values,
                Err(error) => stream::once(async { Err(error) }).boxed(),
            }
        })
        .flatten()
        .boxed()
    }

    async fn open_stream(&self, request: &RawRequest, public: bool) -> Result<http::Lines, ClientError> {
        let host = self.inner.link.host();
        let mut token = self.token(public).await?;
        let mut renewed = false;
        loop {
            let mut http = self.inner.link.http().await?;
            match http::call_stream(&mut http, request, token.as_ref(), self.team, host).await {
                Err(error) if !renewed && is_refused(&error) => {
                    token = self.renewed(token, error).await?;
                    renewed = true;
                }
                other => return other,
            }
        }
    }

    /// Opens a tunnel. A refused token is renewed once.
    pub(crate) async fn tunnel<E: Endpoint>(&self, endpoint: E) -> Result<http::Tunnel, ClientError> {
        let request = raw(endpoint)?;
        let host = self.inner.link.host();
        let mut token = self.token(false).await?;
        let mut renewed = false;
        loop {
            let mut http = self.inner.link.http().await?;
            match http::call_tunnel(&mut http, &request, token.as_ref(), self.team, host).await {
                Err(error) if !renewed && is_refused(&error) => {
                    token = self.renewed(token, error).await?;
                    renewed = true;
                }
                other => return other,
            }
        }
    }

    async fn call<E: Endpoint>(
        &self,
        endpoint: E,
        token: Option<&Secret<String>>,
    ) -> Result<E::Response, ClientError> {
        let request = raw(endpoint)?;
        let mut http = self.inner.link.http().await?;
        let value = http::call(&mut http, &request, token, None, self.inner.link.host()).await?;
        serde_json::from_value(value).map_err(http::unreadable)
    }

    /// One answer. A refused token is renewed once; a reading call whose link broke is made once more.
    async fn exchange(
        &self,
        request: &RawRequest,
        extra: &Extra,
        public: bool,
    ) -> Result<Value, ClientError> {
        let mut token = self.token(public).await?;
        let (mut renewed, mut repeated) = (false, false);
        loop {
            let mut http = self.inner.link.http().await?;
            let answer = http::call_with(
                &mut http,
                request,
                extra,
                token.as_ref(),
                self.team,
                self.inner.link.host(),
            )
            .await;
            match answer {
                Err(error) if !renewed && is_refused(&error) => {
                    token = self.renewed(token, error).await?;
                    renewed = true;
                }
                Err(ClientError::Link(ConnectError::Lost { .. }))
                    if !repeated && request.method == Method::Get =>
                {
                    repeated = true;
                }
                other => return other,
            }
        }
    }

    async fn token(&self, public: bool) -> Result<Option<Secret<String>>, ClientError> {
        if public {
            Ok(None)
        } else {
            self.inner.session.token(&self.inner.link).await.map(Some)
        }
    }

    async fn renewed(
        &self,
        refused: Option<Secret<String>>,
        error: ClientError,
    ) -> Result<Option<Secret<String>>, ClientError> {
        match refused {
            Some(token) => self
                .inner
                .session
                .another_token(&self.inner.link, &token)
                .await
                .map(Some),
            None => Err(error),
        }
    }
}

fn raw<E: Endpoint>(endpoint: E) -> Result<Sent, ClientError> {
    endpoint.into_raw().map(Sent).map_err(http::unreadable)
}

fn is_refused(error: &ClientError) -> bool {
    matches!(error, ClientError::Problem(problem) if problem.code == ErrorCode::Unauthenticated)
}

/// Whether a raw request is public; an error if it belongs to a function of its own or leaves the API.
fn forwarded(request: &RawRequest) -> Result<bool, ClientError> {
    let path = request.target.split('?').next().unwrap_or_default();
    if !path.starts_with("/api/v1/") || request.target.chars().any(|c| c.is_control() || c == ' ') {
        return Err(ClientError::NotForwarded);
    }
    let own_function = [
        api::SignIn::NAME,
        api::AcceptInvitation::NAME,
        api::RefreshSession::NAME,
        api::SignOut::NAME,
    ];
    let routes = api::catalogue();
    match routes
        .iter()
        .find(|route| route.method == request.method && route.path == path)
    {
        Some(route) if own_function.contains(&route.name) => Err(ClientError::NotForwarded),
        Some(route) => Ok(route.access == Access::Public),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, target: &str) -> RawRequest {
        RawRequest {
            method,
            target: target.to_owned(),
            body: None,
        }
    }

    /// FR-CON-03: tokens and passwords never pass through the untyped door, and it leads to the API only.
    #[test]
    fn the_untyped_door_is_narrow() {
        for (method, target) in [
            (Method::Post, "/api/v1/sessions"),
            (Method::Post, "/api/v1/sessions/refresh"),
            (Method::Post, "/api/v1/invitations/accept"),
            (Method::Delete, "/api/v1/sessions/current"),
            (Method::Post, "/internal/invitations"),
            (Method::Get, "http://elsewhere/api/v1/me"),
            (Method::Get, "/api/v1/me\r\nx: y"),
        ] {
            assert!(forwarded(&request(method, target)).is_err(), "{target}");
        }
        assert!(forwarded(&request(Method::Get, "/api/v1/version")).unwrap());
        assert!(!forwarded(&request(Method::Get, "/api/v1/me")).unwrap());
        assert!(!forwarded(&request(Method::Get, "/api/v1/applications?environment=x")).unwrap());
    }
}
