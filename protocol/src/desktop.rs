//! What crosses the boundary between the window and the desktop shell: the saved clusters, connecting, the link's life.
//!
//! The shell (native) owns the keychain, the host keys and the SSH connections; the window sees only what is here and the
//! answers of the API. A secret travels one way: from a field of the window into the shell.

use serde::{Deserialize, Serialize};

use crate::secret::serialize_exposed;
use crate::{ApplicationId, ClusterId, DeploymentId, ErrorCode, Problem, RawRequest, Secret};

/// The names of the shell's commands, as `invoke` takes them. Each is documented with the arguments it takes and what it answers.
pub mod command {
    /// `()` → `Vec<Cluster>`: the saved clusters, with the links as they are now.
    pub const LIST_CLUSTERS: &str = "list_clusters";
    /// [`super::AddCluster`] → [`super::Connected`]: connects first; saved only if that works.
    pub const ADD_CLUSTER: &str = "add_cluster";
    /// [`super::OpenCluster`] → [`super::Connected`]: connects to a saved cluster.
    pub const OPEN_CLUSTER: &str = "open_cluster";
    /// [`super::OfCluster`] → `()`: forgets a cluster and its secrets.
    pub const REMOVE_CLUSTER: &str = "remove_cluster";
    /// [`super::OfCluster`] → `()`: tries to reconnect now.
    pub const RETRY_LINK: &str = "retry_link";
    /// [`super::SignInForm`] → `()`.
    pub const SIGN_IN: &str = "sign_in";
    /// [`super::InvitationForm`] → `()`: makes the account and signs in.
    pub const ACCEPT_INVITATION: &str = "accept_invitation";
    /// [`super::OfCluster`] → `()`: ends the session.
    pub const SIGN_OUT: &str = "sign_out";
    /// [`super::ApiCall`] → the API's answer as JSON.
    pub const API_CALL: &str = "api_call";
    /// [`super::FollowDeployment`] and a channel of [`super::Streamed`]`<DeploymentEvent>` → the stream's number.
    pub const FOLLOW_DEPLOYMENT: &str = "follow_deployment";
    /// [`super::FollowLogs`] and a channel of [`super::Streamed`]`<ContainerLogEvent>` → the stream's number.
    pub const FOLLOW_LOGS: &str = "follow_logs";
    /// A channel of [`super::LinkChange`] → the stream's number: every link's state now and at each change.
    pub const WATCH_LINKS: &str = "watch_links";
    /// [`super::OfStream`] → `()`: ends a stream; an ended one is fine.
    pub const STOP_STREAM: &str = "stop_stream";
    /// [`super::OpenUrl`] → `()`: opens an `http` or `https` address in the person's browser.
    pub const OPEN_URL: &str = "open_url";
}

/// A saved cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    pub id: ClusterId,
    pub name: String,
    pub host: String,
    /// SSH port; absent for this very machine.
    pub port: Option<u16>,
    /// SSH user; absent for this very machine.
    pub user: Option<String>,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// production, staging, …
    pub tag: Option<String>,
    /// Who signed in last.
    pub email: Option<String>,
    /// Whether a session for it is in the keychain. An unreadable keychain counts as none, and its sentence is in `notice`.
    pub signed_in: bool,
    pub notice: Option<String>,
    pub link: Link,
}

/// A link's state, for showing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Link {
    /// Not connected and not trying.
    Closed,
    Connecting,
    Up {
        round_trip_ms: f64,
        agent: String,
        needs_owner: bool,
    },
    /// Lost or unreachable; the next attempt comes by itself.
    Retrying {
        attempt: u32,
        wait_ms: u64,
        sentence: String,
    },
    /// A person has to do something first.
    Down {
        sentence: String,
    },
}

/// What [`command::WATCH_LINKS`] sends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LinkChange {
    pub cluster: ClusterId,
    pub link: Link,
}

/// How to sign in to the SSH server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum SshAuth {
    /// The keys of the desktop's `ssh-agent`.
    Agent,
    KeyFile {
        path: String,
    },
    Password,
}

/// The form “Add a cluster”, as typed; the shell checks every text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewCluster {
    pub name: String,
    pub host: String,
    pub port: u16,
    pub user: String,
    pub auth: SshAuth,
    /// Where the agent listens on the server; the usual place if absent.
    pub agent_socket: Option<String>,
    pub color: Option<String>,
    pub tag: Option<String>,
}

/// What the person has answered to a [`Question`].
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Answers {
    /// `SHA256:…`: this host key is accepted.
    pub accepted_host_key: Option<String>,
    #[serde(serialize_with = "optional_exposed")]
    pub password: Option<Secret<String>>,
    #[serde(serialize_with = "optional_exposed")]
    pub passphrase: Option<Secret<String>>,
    /// Keep what was typed in the keychain.
    #[serde(default)]
    pub remember: bool,
}

fn optional_exposed<S: serde::Serializer>(secret: &Option<Secret<String>>, to: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => serialize_exposed(secret, to),
        None => to.serialize_none(),
    }
}

#[derive(Clone, Serialize, Deserialize)]
pub struct AddCluster {
    pub new: NewCluster,
    pub answers: Answers,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct OpenCluster {
    pub cluster: ClusterId,
    pub answers: Answers,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OfCluster {
    pub cluster: ClusterId,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OfStream {
    pub stream: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OpenUrl {
    pub url: String,
}

/// What came of connecting.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Connected {
    /// The link stands.
    Yes { cluster: Box<Cluster> },
    /// Something is needed from the person; ask, then call again with the answer.
    Asks { question: Question },
}

/// What connecting needs from the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Question {
    /// The server has never been seen. Nothing was sent to it yet.
    HostKey {
        host: String,
        port: u16,
        key_type: String,
        /// `SHA256:…`
        fingerprint: String,
    },
    Password {
        host: String,
        user: String,
    },
    Passphrase {
        path: String,
        /// The one that was given does not open it.
        wrong: bool,
    },
}

#[derive(Clone, Serialize, Deserialize)]
pub struct SignInForm {
    pub cluster: ClusterId,
    pub email: String,
    #[serde(serialize_with = "serialize_exposed")]
    pub password: Secret<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct InvitationForm {
    pub cluster: ClusterId,
    #[serde(serialize_with = "serialize_exposed")]
    pub code: Secret<String>,
    pub email: String,
    pub name: String,
    #[serde(serialize_with = "serialize_exposed")]
    pub password: Secret<String>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct ApiCall {
    pub cluster: ClusterId,
    pub request: RawRequest,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FollowDeployment {
    pub cluster: ClusterId,
    pub deployment: DeploymentId,
    /// The last line that is there already.
    pub after: Option<u64>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FollowLogs {
    pub cluster: ClusterId,
    pub application: ApplicationId,
    /// Begin with so many of the last lines.
    pub tail: Option<u32>,
    /// Begin after this line.
    pub after: Option<u64>,
}

/// A message of a stream. Values come in batches, so that a fast log does not cost one message per line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Streamed<T> {
    Values {
        values: Vec<T>,
    },
    /// It is over; with a failure if that was not its natural end.
    Ended {
        failure: Option<Failure>,
    },
}

/// Why a command of the shell failed: a sentence for the person, and what a screen decides by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{sentence}")]
pub struct Failure {
    pub kind: FailureKind,
    /// One sentence: what happened, to what, what to do next.
    pub sentence: String,
    /// Names the request in the agent's log.
    pub request_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    /// The agent refused.
    Api { code: ErrorCode },
    /// Nobody is signed in to this cluster.
    NotSignedIn,
    /// There is no link, or it broke; it is being restored where that can help.
    Link,
    /// The host key is another one than on record, or revoked. A full stop.
    HostKeyChanged,
    /// The keychain cannot be read or written.
    Keychain,
    /// What was typed is not valid.
    Invalid,
    /// A bug or an unexpected failure of the app itself.
    App,
}

impl Failure {
    pub fn new(kind: FailureKind, sentence: impl Into<String>) -> Self {
        Self {
            kind,
            sentence: sentence.into(),
            request_id: None,
        }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self {
            kind: FailureKind::Api { code: problem.code },
            sentence: problem.detail,
            request_id: Some(problem.request_id).filter(|id| !id.is_empty()),
        }
    }
}
