//! What crosses the boundary between the window and the desktop shell: the saved clusters, connecting, the link's life.
//!
//! The shell (native) owns the keychain, the host keys and the SSH connections; the window sees only what is here and the
//! answers of the API. A secret travels one way, from a field of the window into the shell; what comes back
//! is made anew for a person to take elsewhere, once: the code of an invitation, the secret of a deploy URL.

mod app;
mod dropped;
mod forward;
mod import;
mod notices;
mod setup;
mod terminal;
mod updates;
mod way;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::log_line::{LogLevel, LogStream};
use crate::secret::{serialize_exposed, serialize_optional_exposed};
use crate::{
    ApplicationId, ApplicationName, ClusterId, CommandId, DeploymentId, ErrorCode, Problem, RawRequest,
    Secret, TeamId,
};

/// One answer of [`command::READ_LOGS`] has so many lines at most.
pub const LONGEST_PAGE: u32 = 2_000;

pub use app::*;
pub use dropped::{DropState, Dropped, DroppedId, DroppedKind, OfDropped, SendDropped, SendProgress};
pub use forward::{LocalForward, OfForward, OpenForward};
pub use import::*;
pub use notices::{DayTime, NoticeExceptions, NoticeRules, QuietHours};
pub use setup::*;
pub use terminal::{FollowTerminal, TerminalDrawn, TypeIntoTerminal};
pub use updates::{SetDailyLooks, UpdateStage, UpdateState};
pub use way::{NewEntry, NewHop, SshAuth, SshWay};

/// The names of the shell's commands, as `invoke` takes them. Each is documented with the arguments it takes and what it answers.
pub mod command {
    /// `()` → `Vec<Cluster>`: the saved clusters, with the links as they are now.
    pub const LIST_CLUSTERS: &str = "list_clusters";
    /// [`super::AddCluster`] → [`super::Connected`]: connects first; saved only if that works.
    pub const ADD_CLUSTER: &str = "add_cluster";
    /// [`super::OpenCluster`] → [`super::Connected`]: connects to a saved cluster.
    pub const OPEN_CLUSTER: &str = "open_cluster";
    /// [`super::FindServer`] → [`super::ServerFound`]: signs in to a server that is no cluster yet, and says what setting it up would do.
    pub const FIND_SERVER: &str = "find_server";
    /// [`super::SetUpServer`] → [`crate::setup::SetupReport`]: looks again, with other wishes.
    pub const REVIEW_SERVER: &str = "review_server";
    /// [`super::SetUpServer`] → `()`: begins. It goes on whoever looks at it.
    pub const SET_UP_SERVER: &str = "set_up_server";
    /// [`super::OfServer`] and a channel of [`super::Streamed`]`<SetupProgress>` → the stream's number: what was told, then what follows.
    pub const FOLLOW_SET_UP: &str = "follow_set_up";
    /// A channel of [`super::SetUps`] → the stream's number: now and at each change.
    pub const WATCH_SET_UPS: &str = "watch_set_ups";
    /// `()` → `()`: ends the app, also while a server is being set up.
    pub const CLOSE_APP: &str = "close_app";
    /// [`super::LeaveServer`] → `()`: closes the connection to a server that was found, unless it is being set up, or has become a cluster whose
    /// invitation no page has.
    pub const LEAVE_SERVER: &str = "leave_server";
    /// [`super::OfCluster`] → `()`: forgets a cluster and its secrets.
    pub const REMOVE_CLUSTER: &str = "remove_cluster";
    /// [`super::OfCluster`] → `()`: tries to reconnect now.
    pub const RETRY_LINK: &str = "retry_link";
    /// Takes [`OfCluster`]: the attempts to connect end until somebody connects.
    pub const STOP_LINK: &str = "stop_link";
    /// [`super::SignInForm`] → `()`.
    pub const SIGN_IN: &str = "sign_in";
    /// [`super::InvitationForm`] → `()`: makes the account and signs in.
    pub const ACCEPT_INVITATION: &str = "accept_invitation";
    /// [`super::OfCluster`] → `()`: ends the session.
    pub const SIGN_OUT: &str = "sign_out";
    /// [`super::ChooseTeam`] → `()`: calls are about this team from now on; what was opened for another one ends.
    pub const CHOOSE_TEAM: &str = "choose_team";
    /// [`super::ApiCall`] → the API's answer as JSON.
    pub const API_CALL: &str = "api_call";
    /// [`super::FollowDeployment`] and a channel of [`super::Streamed`]`<DeploymentEvent>` → the stream's number.
    pub const FOLLOW_DEPLOYMENT: &str = "follow_deployment";
    /// [`super::FollowCommand`] and a channel of [`super::Streamed`]`<CommandEvent>` → the stream's number.
    pub const FOLLOW_COMMAND: &str = "follow_command";
    /// [`super::OfCluster`] and a channel of [`super::Streamed`]`<`[`crate::feed::FeedEvent`]`>` → the stream's number.
    pub const WATCH_CHANGES: &str = "watch_changes";
    /// [`super::LogsOf`] and a channel of [`super::Streamed`]`<ContainerLogEvent>` → the stream's number: those lines, then what
    /// follows; of a deployment until it has ended.
    pub const FOLLOW_LOGS: &str = "follow_logs";
    /// [`super::LogsOf`] → `Vec<ContainerLogLine>`: those lines, and no more than [`super::LONGEST_PAGE`].
    pub const READ_LOGS: &str = "read_logs";
    /// [`super::SaveLogs`] → [`super::SavedLogs`]: all those lines, as a new file in the person's download folder.
    pub const SAVE_LOGS: &str = "save_logs";
    /// A channel of [`super::LinkChange`] → the stream's number: every link's state now and at each change.
    pub const WATCH_LINKS: &str = "watch_links";
    /// [`super::OfStream`] → `()`: ends a stream; an ended one is fine.
    pub const STOP_STREAM: &str = "stop_stream";
    /// [`super::TakenOfStream`] → `()`: the window has taken so many messages of one of [`PACED`].
    pub const STREAM_TAKEN: &str = "stream_taken";
    /// The streams that wait when the window is behind: it tells of what it has taken.
    pub const PACED: [&str; 4] = [FOLLOW_DEPLOYMENT, FOLLOW_COMMAND, WATCH_CHANGES, FOLLOW_LOGS];
    /// [`super::OpenUrl`] → `()`: opens an `http` or `https` address in the person's browser.
    pub const OPEN_URL: &str = "open_url";
    /// [`super::TestConnection`] → [`super::TestReport`]: tries each stage of the way, on a connection of its own.
    pub const TEST_CONNECTION: &str = "test_connection";
    /// `()` → [`super::ImportPreview`]: what the person's `~/.ssh/config` would add.
    pub const PREVIEW_SSH_CONFIG: &str = "preview_ssh_config";
    /// [`super::ConnectionText`] → [`super::ImportPreview`]: what a connection file would add.
    pub const PREVIEW_CONNECTIONS: &str = "preview_connections";
    /// [`super::ImportClusters`] → `()`: saves them without connecting; all or none.
    pub const IMPORT_CLUSTERS: &str = "import_clusters";
    /// [`super::ShareClusters`] → [`super::SharedClusters`].
    pub const SHARE_CLUSTERS: &str = "share_clusters";
    /// [`super::ChangeCluster`] → `()`: how it is called and looks, and how it is reached.
    pub const CHANGE_CLUSTER: &str = "change_cluster";
    /// [`super::ArrangeClusters`] → `()`: the person's own order.
    pub const ARRANGE_CLUSTERS: &str = "arrange_clusters";
    /// `()` → `Option<`[`super::LocalAgent`]`>`: an agent on this machine that is not saved yet, or Docker without one.
    pub const FIND_LOCAL_AGENT: &str = "find_local_agent";
    /// `()` → [`super::Connected`]: saves the agent of this machine, if it answers.
    pub const ADD_LOCAL_AGENT: &str = "add_local_agent";
    /// `()` → [`super::LocalSetUp`]: puts the agent's program where root can read it, and says how it is installed. Nothing is started.
    pub const PREPARE_LOCAL_AGENT: &str = "prepare_local_agent";
    /// [`super::OfCluster`] → `Option<String>`: the last answers, as [`SAVE_STATE`] was given them.
    pub const LOAD_STATE: &str = "load_state";
    /// [`super::SaveState`] → `()`: seals the last answers and keeps them on disk.
    pub const SAVE_STATE: &str = "save_state";
    /// [`super::OfCluster`] → `Option<String>`: what was typed and not sent, as [`SAVE_DRAFTS`] was given it.
    pub const LOAD_DRAFTS: &str = "load_drafts";
    /// [`super::SaveDrafts`] → `()`: seals what is typed and keeps it on disk, or removes it from there.
    pub const SAVE_DRAFTS: &str = "save_drafts";
    /// `()` → [`super::AppState`].
    pub const APP_STATE: &str = "app_state";
    /// [`super::NoticeRules`] → `()`.
    pub const SET_NOTICES: &str = "set_notices";
    /// [`super::SetBackground`] → `()`.
    pub const SET_BACKGROUND: &str = "set_background";
    /// A channel of [`super::TrayState`] → the stream's number: now and at each change.
    pub const WATCH_TRAY: &str = "watch_tray";
    /// A channel of [`super::UpdateState`] → the stream's number: now and at each change.
    pub const WATCH_UPDATES: &str = "watch_updates";
    /// [`super::SetDailyLooks`] → `()`.
    pub const SET_DAILY_LOOKS: &str = "set_daily_looks";
    /// `()` → `()`: asks for a newer version of the app; what comes of it is told by [`WATCH_UPDATES`].
    pub const LOOK_FOR_UPDATE: &str = "look_for_update";
    /// `()` → `()`: fetches the version that was found and puts it into place, likewise.
    pub const TAKE_UPDATE: &str = "take_update";
    /// `()` → `()`: ends the app and starts it again, as the version that is in place.
    pub const RESTART_APP: &str = "restart_app";
    /// `()` → `()`: from now on secrets are kept in memory, until the app ends.
    pub const KEEP_FOR_SESSION: &str = "keep_for_session";
    /// `()` → `Vec<`[`super::HostKey`]`>`.
    pub const LIST_HOST_KEYS: &str = "list_host_keys";
    /// [`super::RemoveHostKey`] → `()`: from Slipway's own record.
    pub const REMOVE_HOST_KEY: &str = "remove_host_key";
    /// [`super::MakeDiagnostics`] → [`super::Diagnostics`].
    pub const MAKE_DIAGNOSTICS: &str = "make_diagnostics";
    /// [`super::FollowTerminal`], a channel of [`super::Streamed`]`<`[`crate::terminal::TerminalEvent`]`>` → the stream's number. It waits for
    /// what was sent to be drawn.
    pub const FOLLOW_TERMINAL: &str = "follow_terminal";
    /// [`super::TypeIntoTerminal`] → `()`: queued; it is typed once, also across a lost link.
    pub const TYPE_INTO_TERMINAL: &str = "type_into_terminal";
    /// [`super::TerminalDrawn`] → `()`.
    pub const TERMINAL_DRAWN: &str = "terminal_drawn";
    /// [`super::OpenForward`] → [`super::LocalForward`].
    pub const OPEN_FORWARD: &str = "open_forward";
    /// [`super::OfForward`] → `()`: closes the port with every connection.
    pub const STOP_FORWARD: &str = "stop_forward";
    /// A channel of `Vec<`[`super::LocalForward`]`>` → the stream's number: all of them, now and at each change.
    pub const WATCH_FORWARDS: &str = "watch_forwards";
    /// A channel of [`super::DropState`] → the stream's number: what is dropped on the window, now and at each change.
    pub const WATCH_DROPS: &str = "watch_drops";
    /// [`super::SendDropped`] and a channel of [`super::Streamed`]`<`[`super::SendProgress`]`>` → the stream's number: sends it as the
    /// application's newest upload. Ended before its end, it goes on where it stood when it is asked for again.
    pub const SEND_DROPPED: &str = "send_dropped";
    /// [`super::OfDropped`] → `()`: nobody wants it any more.
    pub const FORGET_DROPPED: &str = "forget_dropped";
    /// A channel of [`super::OpenedLink`] → the stream's number: addresses that the system opens with the app.
    pub const WATCH_OPENED_LINKS: &str = "watch_opened_links";
}

/// A saved cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cluster {
    pub id: ClusterId,
    pub name: String,
    /// The first of its hosts, or “this machine”.
    pub host: String,
    /// How it is reached; absent for this very machine.
    pub way: Option<SshWay>,
    /// `#rrggbb`.
    pub color: Option<String>,
    /// production, staging, …
    pub tag: Option<String>,
    pub group: Option<String>,
    /// Who signed in last.
    pub email: Option<String>,
    /// The team that calls are about; the only one, or the one that was joined first, if absent.
    #[serde(default)]
    pub team: Option<TeamId>,
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

/// The form “Add a cluster”, as typed; the shell checks every text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NewCluster {
    pub name: String,
    #[serde(flatten)]
    pub way: SshWay,
    pub color: Option<String>,
    pub tag: Option<String>,
    #[serde(default)]
    pub group: Option<String>,
}

/// What the person has answered to a [`Question`].
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Answers {
    /// `SHA256:…`: this host key is accepted.
    pub accepted_host_key: Option<String>,
    #[serde(serialize_with = "serialize_optional_exposed")]
    pub password: Option<Secret<String>>,
    #[serde(serialize_with = "serialize_optional_exposed")]
    pub passphrase: Option<Secret<String>>,
    /// What was answered about jump hosts, by the name that came with the question.
    #[serde(default)]
    pub jumps: HashMap<String, JumpAnswers>,
    /// Keep what was typed about the cluster's own host in the keychain.
    #[serde(default)]
    pub remember: bool,
}

/// What the person has answered about one jump host.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct JumpAnswers {
    /// `SHA256:…`: this host key is accepted.
    pub accepted_host_key: Option<String>,
    #[serde(serialize_with = "serialize_optional_exposed")]
    pub password: Option<Secret<String>>,
    #[serde(serialize_with = "serialize_optional_exposed")]
    pub passphrase: Option<Secret<String>>,
    /// Keep what was typed about it in the keychain.
    #[serde(default)]
    pub remember: bool,
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
    /// Where it cannot be reached now and no person has to do anything about it: goes on trying, and the link tells how it goes.
    pub keep_trying: bool,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OfCluster {
    pub cluster: ClusterId,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct OfStream {
    pub stream: u32,
}

/// For [`command::STREAM_TAKEN`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TakenOfStream {
    pub stream: u32,
    /// All that were taken since its beginning.
    pub messages: u64,
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
    Asks { asked: Asked },
}

/// A question, and the host that it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    pub question: Question,
    /// The jump host, as `user@host:port`; absent for the cluster's own host.
    pub jump: Option<String>,
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

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ChooseTeam {
    pub cluster: ClusterId,
    pub team: TeamId,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct ApiCall {
    pub cluster: ClusterId,
    /// The team that the window shows; an answer about another one would not belong there.
    #[serde(default)]
    pub team: Option<TeamId>,
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
pub struct FollowCommand {
    pub cluster: ClusterId,
    pub command: CommandId,
    /// The last line that is there already.
    pub after: Option<u64>,
}

/// Which lines of an application's log; the words are those of [`crate::api::FollowLogs`], which does the work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogWish {
    pub application: ApplicationId,
    /// The log of this deployment of it instead; `task` is one of its steps then.
    pub deployment: Option<DeploymentId>,
    /// The last so many lines that fit.
    pub tail: Option<u32>,
    /// The first so many behind where it begins.
    pub limit: Option<u32>,
    pub after: Option<u64>,
    pub before: Option<u64>,
    pub since: Option<DateTime<Utc>>,
    pub until: Option<DateTime<Utc>>,
    pub contains: Option<String>,
    pub regex: Option<String>,
    pub level: Option<LogLevel>,
    pub stream: Option<LogStream>,
    pub task: Option<String>,
}

impl LogWish {
    /// All lines of an application.
    pub fn all_of(application: ApplicationId) -> Self {
        Self {
            application,
            deployment: None,
            tail: None,
            limit: None,
            after: None,
            before: None,
            since: None,
            until: None,
            contains: None,
            regex: None,
            level: None,
            stream: None,
            task: None,
        }
    }

    /// The request for a deployment's log, where that is what is wished for. A name that is no step's leaves all steps.
    pub fn of_deployment(&self) -> Option<crate::api::ReadDeploymentLog> {
        Some(crate::api::ReadDeploymentLog {
            after: self.after,
            before: self.before,
            tail: self.tail,
            limit: self.limit,
            since: self.since,
            until: self.until,
            contains: self.contains.clone(),
            regex: self.regex.clone(),
            level: self.level,
            stream: self.stream,
            step: self.task.as_deref().and_then(crate::deployment::Step::named),
            ..crate::api::ReadDeploymentLog::of(self.deployment?)
        })
    }
}

impl From<LogWish> for crate::api::FollowLogs {
    fn from(wish: LogWish) -> Self {
        Self {
            after: wish.after,
            before: wish.before,
            tail: wish.tail,
            limit: wish.limit,
            since: wish.since,
            until: wish.until,
            contains: wish.contains,
            regex: wish.regex,
            level: wish.level,
            stream: wish.stream,
            task: wish.task,
            ..Self::of(wish.application)
        }
    }
}

/// For [`command::FOLLOW_LOGS`] and [`command::READ_LOGS`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LogsOf {
    pub cluster: ClusterId,
    pub wish: LogWish,
}

/// For [`command::SAVE_LOGS`]: all lines that fit go into a file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SaveLogs {
    pub cluster: ClusterId,
    /// The file's name begins with it.
    pub name: ApplicationName,
    pub wish: LogWish,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SavedLogs {
    pub path: String,
    pub lines: u64,
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
    /// The agent is older than this app works with: there is no link before it is brought up to date.
    AgentTooOld,
    /// The host key is another one than on record. A full stop.
    HostKeyChanged,
    /// The host key is marked as revoked. A full stop, and no key to be trusted anew.
    HostKeyRevoked,
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
