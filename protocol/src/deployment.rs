//! Deployments: their statuses, steps and history.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::Replicas;
use crate::{ApplicationId, DeploymentId, Told};

/// A deployment's status, for people. The engine decides by its steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentStatus {
    Queued,
    Running,
    /// Failed or cancelled; what was begun is being taken back.
    Unwinding,
    Succeeded,
    Failed,
    Cancelled,
    /// A newer deployment of the same application took its place before it began.
    Superseded,
    /// Taking back failed; a person has to look.
    Stuck,
}

impl DeploymentStatus {
    pub const ALL: [Self; 8] = [
        Self::Queued,
        Self::Running,
        Self::Unwinding,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
        Self::Superseded,
        Self::Stuck,
    ];

    /// Nothing more will happen.
    pub fn is_final(self) -> bool {
        match self {
            Self::Queued | Self::Running | Self::Unwinding => false,
            Self::Succeeded | Self::Failed | Self::Cancelled | Self::Superseded | Self::Stuck => true,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Unwinding => "unwinding",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::Stuck => "stuck",
        }
    }

    /// The status of that name, as it is stored.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// The steps of a deployment, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Pin the commit and check it out.
    Source,
    /// Build the image, or pin the one that is named.
    Build,
    /// Run the command that belongs before the new tasks, in the new image.
    Before,
    /// Recreate only: stop the old tasks.
    Stop,
    /// Create the next Swarm service beside the current one.
    Release,
    /// Wait until its tasks are healthy.
    Gate,
    /// Canary only: lead a growing share of the requests to the new tasks and watch their answers.
    Canary,
    /// Rolling only: start and stop the remaining tasks one by one.
    Roll,
    /// Point Traefik at the new tasks and see that it serves them.
    CutOver,
    /// Let the requests in flight end, then stop the old service.
    Retire,
    /// Run the command that belongs after the cut-over.
    After,
}

impl Step {
    /// All there are. A deployment has those that its plan names.
    pub const ALL: [Self; 11] = [
        Self::Source,
        Self::Build,
        Self::Before,
        Self::Stop,
        Self::Release,
        Self::Gate,
        Self::Canary,
        Self::Roll,
        Self::CutOver,
        Self::Retire,
        Self::After,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Build => "build",
            Self::Before => "before",
            Self::Stop => "stop",
            Self::Release => "release",
            Self::Gate => "gate",
            Self::Canary => "canary",
            Self::Roll => "roll",
            Self::CutOver => "cut_over",
            Self::Retire => "retire",
            Self::After => "after",
        }
    }

    /// The step of that name, as it is stored.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }
}

/// A step's state, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    Pending,
    Running,
    Done,
    Failed,
    Undoing,
    Undone,
    UndoFailed,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct StepView {
    pub step: Told<Step>,
    pub status: StepStatus,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it failed, in one sentence.
    pub failure: Option<String>,
    /// The likely cause of that, where one is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explanation: Option<Explanation>,
}

/// The likely cause of a failure, for the person who has to do something about it.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Explanation {
    /// Names the cause for programs, for example `port-mismatch`. A name never changes its meaning; new ones are added.
    pub code: String,
    /// What most likely went wrong, in a sentence or two.
    pub cause: String,
    /// What to do about it.
    pub remedy: String,
}

/// What is asked for: a new release from the source, or an earlier one again.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Trigger {
    /// Build what the application's source names now.
    #[default]
    Deploy,
    /// The very image, variables and settings of an earlier deployment.
    Rollback { to: DeploymentId },
    /// Build the serving release's commit once more, with the settings and variables as they are now.
    Redeploy,
    /// The serving release's image with the settings and variables as they are now. Nothing is built.
    Reload,
    /// New tasks of the serving release, as it is.
    Restart,
    /// The serving release with another number of tasks.
    Scale { replicas: Replicas },
    /// What was changed of the serving release outside Slipway, taken over. It stands in the history; nobody can ask for it, because
    /// nothing is left to do.
    Adopt,
}

impl Trigger {
    /// In a word or two for people.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Rollback { .. } => "roll back",
            Self::Redeploy => "redeploy",
            Self::Reload => "reload",
            Self::Restart => "restart",
            Self::Scale { .. } => "scale",
            Self::Adopt => "adopt",
        }
    }
}

/// How a release takes the place of the one before it, once that is decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    #[default]
    BlueGreen,
    Canary,
    Rolling,
    Recreate,
}

impl Way {
    /// In words for people.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BlueGreen => "blue-green",
            Self::Canary => "canary",
            Self::Rolling => "rolling",
            Self::Recreate => "recreate",
        }
    }
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Commit {
    /// Full hash.
    pub hash: String,
    pub author: String,
    /// First line of the message.
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct DeploymentView {
    pub id: DeploymentId,
    pub application: ApplicationId,
    /// 1, 2, 3 … within the application.
    pub number: u32,
    pub status: DeploymentStatus,
    pub trigger: Told<Trigger>,
    /// E-mail of who asked.
    pub requested_by: String,
    pub commit: Option<Commit>,
    /// What was pinned where the source is no repository: an upload's `sha256:…`, or an image with its digest.
    #[serde(default)]
    pub pinned: Option<String>,
    /// The image as Docker names it: `sha256:…`.
    pub image: Option<String>,
    pub steps: Vec<StepView>,
    #[serde(default)]
    pub way: Told<Way>,
    /// Why it is done this way, in words that follow “because”.
    #[serde(default)]
    pub way_because: String,
    /// The earlier deployment whose tasks run, where it made none of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_of: Option<DeploymentId>,
    /// What the application's users got meanwhile, once the new release serves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Receipt>,
    /// Why it failed, in one sentence with the remedy.
    pub failure: Option<String>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub ended_at: Option<DateTime<Utc>>,
    /// Its release is still there and can be rolled back to.
    pub can_roll_back_to: bool,
}

/// What passed through the edge around a cut-over, by the edge's own counters.
#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Receipt {
    /// While the new release started and was judged; the old one served.
    pub before: Passed,
    /// From the moment when the edge was told to switch until it had.
    pub during: Passed,
    /// Until nobody was connected to the old release any more, or the time for requests in flight was over.
    pub after: Passed,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Passed {
    pub requests: u64,
    /// Answered with 5xx.
    pub failed: u64,
    /// The mean time of an answer, in milliseconds; none without requests.
    pub mean_ms: Option<f64>,
}

impl Receipt {
    pub fn requests(&self) -> u64 {
        self.before.requests + self.during.requests + self.after.requests
    }

    pub fn failed(&self) -> u64 {
        self.before.failed + self.during.failed + self.after.failed
    }
}

impl DeploymentView {
    /// The likely cause of its failure, where one is known.
    pub fn explanation(&self) -> Option<&Explanation> {
        self.steps.iter().find_map(|step| step.explanation.as_ref())
    }
}
