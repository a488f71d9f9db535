//! The whole API under `/api/v1`, one declaration per call. [`catalogue`] is its table of contents.

use chrono::{DateTime, Utc};

use crate::access::{Access, Action as A, Resource as R};
use crate::application::{
    ApplicationView, DuplicateApplication as ApplicationCopy, MoveApplication as Destination, NewApplication,
    Tags, UnwellApplication,
};
use crate::build::BuildView;
use crate::checkup::ServerCheckup;
use crate::command::{CommandEvent, CommandView, NewCommand};
use crate::configuration::{Changes, ConfigurationChange, ImportVariables as VariablesText};
use crate::deletion::Deletion;
use crate::deploy_url::{DeployUrlView, NewDeployUrl};
use crate::deployment::{DeploymentView, Step, Trigger};
use crate::domain::{DomainView, NewDomain};
use crate::endpoint::{RouteDescription, endpoint};
use crate::event::{ClusterEvent, Severity};
use crate::feed::FeedEvent;
use crate::file::{FileView, RevealedFile, SetFile as FileContent};
use crate::forward::{ForwardView, NewForward};
use crate::git_access::{DeployKeyView, GitAccessView, GitToken, GitTokenView};
use crate::identity::{
    AcceptInvitation as InvitationAnswer, AuditEntry, InvitationCode, InvitationView, Me, MemberView,
    Membership, NewInvitation, RefreshSession as Refresh, SignIn as Credentials, Tokens,
};
use crate::log_line::{ContainerLogEvent, DeploymentEvent, LogLevel, LogStream};
use crate::metric::{ApplicationMetrics, NodeMetrics};
use crate::patch::{NewPatch, PatchView};
use crate::plan::{Change, PlanView, Revision};
use crate::project::{
    DuplicateEnvironment as EnvironmentCopy, DuplicateProject as ProjectCopy, EnvironmentDetails,
    EnvironmentView, ProjectDetails, ProjectView,
};
use crate::registry::{RegistryLogin, RegistryView};
use crate::server::{ClusterHealth, Version};
use crate::settings::{ApplicationSettings, ContainerPath};
use crate::task::TaskView;
use crate::terminal::{
    InputTaken, LARGEST_INPUT, NewNodeTerminal, NewTerminal, TerminalEvent, TerminalSize, TerminalView,
};
use crate::upload::{LARGEST_PIECE, NewUpload, UploadView};
use crate::variable::{RevealedVariable, SetVariable as VariableValue, VariableView};
use crate::{
    ApplicationId, CommandId, DeploymentId, DomainId, EnvironmentId, ForwardId, ProjectId, RegistryHost,
    RelativePath, Scope, TerminalId, UploadId, VariableKey,
};

/// The header that names the team a call is about. Without it: the user's only team, or the one that they joined first.
pub const TEAM_HEADER: &str = "slipway-team";
/// The header that carries the request's id, in answers always, in requests at the client's wish.
pub const REQUEST_ID_HEADER: &str = "x-request-id";
/// Media type of streams: one JSON value per line.
pub const STREAM_TYPE: &str = "application/x-ndjson";

endpoint! {
    /// The agent's version, and whether it still waits for its first owner.
    GetVersion: Get "/api/v1/version", Access::Public => one Version
}
endpoint! {
    /// Takes a one-time invitation: makes the account and signs in.
    AcceptInvitation: Post "/api/v1/invitations/accept", Access::Public, body InvitationAnswer => one Tokens
}
endpoint! {
    /// Signs in with e-mail and password.
    SignIn: Post "/api/v1/sessions", Access::Public, body Credentials => one Tokens
}
endpoint! {
    /// Exchanges a refresh token for new tokens; using a spent one ends the session.
    RefreshSession: Post "/api/v1/sessions/refresh", Access::Public, body Refresh => one Tokens
}
endpoint! {
    /// Ends the session of the caller.
    SignOut: Delete "/api/v1/sessions/current", Access::SignedIn => one ()
}
endpoint! {
    /// Who is signed in, and in which teams.
    GetMe: Get "/api/v1/me", Access::SignedIn => one Me
}
endpoint! {
    /// Takes a one-time invitation into another team, with the account that is signed in.
    JoinTeam: Post "/api/v1/me/teams", Access::SignedIn, body InvitationCode => one Membership
}
endpoint! {
    /// The health of the parts that the agent depends on.
    GetClusterHealth: Get "/api/v1/health", Access::SignedIn => one ClusterHealth
}
endpoint! {
    /// How the agent's server is kept: sign-in over SSH, firewall, updates, disk, clock, builds, each with a remedy. It tells weaknesses.
    GetServerCheckup: Get "/api/v1/server/checkup", Access::Team(R::Node, A::Read) => one ServerCheckup
}
endpoint! {
    /// The members of the team.
    ListMembers: Get "/api/v1/members", Access::Team(R::Team, A::Read) => one Vec<MemberView>
}
endpoint! {
    /// Makes a one-time invitation into the team.
    CreateInvitation: Post "/api/v1/invitations", Access::Team(R::Team, A::Write), body NewInvitation => one InvitationView
}
endpoint! {
    /// The newest entries of the audit log, newest first.
    ListAudit: Get "/api/v1/audit", Access::Team(R::Audit, A::Read) => one Vec<AuditEntry>
}
endpoint! {
    /// The team's projects with their environments.
    ListProjects: Get "/api/v1/projects", Access::Team(R::Project, A::Read) => one Vec<ProjectView>
}
endpoint! {
    /// Creates a project with a `production` environment.
    CreateProject: Post "/api/v1/projects", Access::Team(R::Project, A::Write), body ProjectDetails => one ProjectView
}
endpoint! {
    /// Changes a project's name, description and tags. Nothing that runs changes.
    UpdateProject: Put "/api/v1/projects/{project}", Access::Team(R::Project, A::Write),
    path { project: ProjectId }, body ProjectDetails => one ProjectView
}
endpoint! {
    /// What deleting a project removes.
    PreviewProjectDeletion: Get "/api/v1/projects/{project}/deletion", Access::Team(R::Project, A::Read),
    path { project: ProjectId } => one Deletion
}
endpoint! {
    /// Deletes a project with everything in it. Where data is lost, `confirm` is its name.
    DeleteProject: Delete "/api/v1/projects/{project}", Access::Team(R::Project, A::Delete),
    path { project: ProjectId }, query { confirm: Option<String> } => one ()
}
endpoint! {
    /// Copies a project: its environments and applications, with variables and files; without domains, data and history.
    DuplicateProject: Post "/api/v1/projects/{project}/duplicate", Access::Team(R::Project, A::Write),
    path { project: ProjectId }, body ProjectCopy => one ProjectView
}
endpoint! {
    /// Creates an environment in a project.
    CreateEnvironment: Post "/api/v1/projects/{project}/environments", Access::Team(R::Project, A::Write),
    path { project: ProjectId }, body EnvironmentDetails => one EnvironmentView
}
endpoint! {
    /// Changes an environment's name. Nothing that runs changes.
    UpdateEnvironment: Put "/api/v1/environments/{environment}", Access::Team(R::Project, A::Write),
    path { environment: EnvironmentId }, body EnvironmentDetails => one EnvironmentView
}
endpoint! {
    /// What deleting an environment removes.
    PreviewEnvironmentDeletion: Get "/api/v1/environments/{environment}/deletion", Access::Team(R::Project, A::Read),
    path { environment: EnvironmentId } => one Deletion
}
endpoint! {
    /// Deletes an environment with everything in it. Where data is lost, `confirm` is its name.
    DeleteEnvironment: Delete "/api/v1/environments/{environment}", Access::Team(R::Project, A::Delete),
    path { environment: EnvironmentId }, query { confirm: Option<String> } => one ()
}
endpoint! {
    /// Copies an environment within its project: its applications, with variables and files; without domains, data and history.
    DuplicateEnvironment: Post "/api/v1/environments/{environment}/duplicate", Access::Team(R::Project, A::Write),
    path { environment: EnvironmentId }, body EnvironmentCopy => one EnvironmentView
}
endpoint! {
    /// All applications of the team, or those of one environment.
    ListApplications: Get "/api/v1/applications", Access::Team(R::Application, A::Read),
    query { environment: Option<EnvironmentId> } => one Vec<ApplicationView>
}
endpoint! {
    /// The applications of the team that are not as they should be, in few words.
    ListUnwellApplications: Get "/api/v1/unwell-applications", Access::Team(R::Application, A::Read)
    => one Vec<UnwellApplication>
}
endpoint! {
    /// Creates an application; nothing runs until it is deployed.
    CreateApplication: Post "/api/v1/environments/{environment}/applications", Access::Team(R::Application, A::Write),
    path { environment: EnvironmentId }, body NewApplication => one ApplicationView
}
endpoint! {
    /// One application with its domains, its observed status and its last deployments.
    GetApplication: Get "/api/v1/applications/{application}", Access::Team(R::Application, A::Read),
    path { application: ApplicationId } => one ApplicationView
}
endpoint! {
    /// Changes an application's settings; they take effect with its next deployment.
    UpdateApplication: Put "/api/v1/applications/{application}", Access::Team(R::Application, A::Write),
    path { application: ApplicationId }, body ApplicationSettings => one ApplicationView
}
endpoint! {
    /// What deleting an application removes.
    PreviewApplicationDeletion: Get "/api/v1/applications/{application}/deletion", Access::Team(R::Application, A::Read),
    path { application: ApplicationId } => one Deletion
}
endpoint! {
    /// Removes an application: its routes, services, images, volumes, variables and history. Where data is lost, `confirm` is its name.
    DeleteApplication: Delete "/api/v1/applications/{application}", Access::Team(R::Application, A::Delete),
    path { application: ApplicationId }, query { confirm: Option<String> } => one ()
}
endpoint! {
    /// Copies an application's settings, variables and files; not its domains, its data and its history.
    DuplicateApplication: Post "/api/v1/applications/{application}/duplicate", Access::Team(R::Application, A::Write),
    path { application: ApplicationId }, body ApplicationCopy => one ApplicationView
}
endpoint! {
    /// Moves an application to another environment of the team. What runs goes on; variables of its new place take effect with the next deployment.
    MoveApplication: Put "/api/v1/applications/{application}/environment", Access::Team(R::Application, A::Write),
    path { application: ApplicationId }, body Destination => one ApplicationView
}
endpoint! {
    /// Sets the words by which an application is found again. Nothing that runs changes, and nothing waits for a deployment.
    SetTags: Put "/api/v1/applications/{application}/tags", Access::Team(R::Application, A::Write),
    path { application: ApplicationId }, body Tags => one ApplicationView
}
endpoint! {
    /// A scope's own variables; of secret ones without the values.
    ListVariables: Get "/api/v1/scopes/{scope}/variables", Access::Team(R::Variable, A::Read),
    path { scope: Scope } => one Vec<VariableView>
}
endpoint! {
    /// Sets a variable; it takes effect with the next deployment.
    SetVariable: Put "/api/v1/scopes/{scope}/variables", Access::Team(R::Variable, A::Write),
    path { scope: Scope }, body VariableValue => one VariableView
}
endpoint! {
    /// Removes a variable; it takes effect with the next deployment.
    DeleteVariable: Delete "/api/v1/scopes/{scope}/variables/{key}", Access::Team(R::Variable, A::Delete),
    path { scope: Scope, key: VariableKey } => one ()
}
endpoint! {
    /// A variable's value, also of a secret one.
    RevealVariable: Post "/api/v1/scopes/{scope}/variables/{key}/reveal", Access::Team(R::Secret, A::Read),
    path { scope: Scope, key: VariableKey } => one RevealedVariable
}
endpoint! {
    /// Takes variables from a text, or says what that would change.
    ImportVariables: Post "/api/v1/scopes/{scope}/import", Access::Team(R::Variable, A::Write),
    path { scope: Scope }, body VariablesText => one Changes
}
endpoint! {
    /// Who changed which of a scope's variables and files, newest first.
    ListConfigurationChanges: Get "/api/v1/scopes/{scope}/history", Access::Team(R::Variable, A::Read),
    path { scope: Scope } => one Vec<ConfigurationChange>
}
endpoint! {
    /// The application's files, without their content.
    ListFiles: Get "/api/v1/applications/{application}/files", Access::Team(R::Variable, A::Read),
    path { application: ApplicationId } => one Vec<FileView>
}
endpoint! {
    /// Sets a file; it takes effect with the next deployment.
    SetFile: Put "/api/v1/applications/{application}/files", Access::Team(R::Variable, A::Write),
    path { application: ApplicationId }, body FileContent => one FileView
}
endpoint! {
    /// Removes a file; it takes effect with the next deployment.
    DeleteFile: Delete "/api/v1/applications/{application}/files/{path}", Access::Team(R::Variable, A::Delete),
    path { application: ApplicationId, path: ContainerPath } => one ()
}
endpoint! {
    /// A file's content.
    RevealFile: Post "/api/v1/applications/{application}/files/{path}/reveal", Access::Team(R::Secret, A::Read),
    path { application: ApplicationId, path: ContainerPath } => one RevealedFile
}
endpoint! {
    /// Leads a host and path to the application, at once.
    CreateDomain: Post "/api/v1/applications/{application}/domains", Access::Team(R::Domain, A::Write),
    path { application: ApplicationId }, body NewDomain => one DomainView
}
endpoint! {
    /// Takes a domain away, at once.
    DeleteDomain: Delete "/api/v1/applications/{application}/domains/{domain}", Access::Team(R::Domain, A::Delete),
    path { application: ApplicationId, domain: DomainId } => one ()
}
endpoint! {
    /// The application's deployments, newest first: the newest, and what serves or can be gone back to however old it is; with `before`
    /// those with a lower number. At most `limit` (100 by default, 200 at most), and what is kept beside the newest.
    ListDeployments: Get "/api/v1/applications/{application}/deployments", Access::Team(R::Deployment, A::Read),
    path { application: ApplicationId }, query { before: Option<u32>, limit: Option<u32> } => one Vec<DeploymentView>
}

impl ListDeployments {
    /// The newest.
    pub fn of(application: ApplicationId) -> Self {
        Self {
            application,
            before: None,
            limit: None,
        }
    }

    /// Those before a number.
    pub fn before(application: ApplicationId, number: u32) -> Self {
        Self {
            before: Some(number),
            ..Self::of(application)
        }
    }

    /// The deployment of this number, where there is one, and nothing else.
    pub fn only(application: ApplicationId, number: u32) -> Self {
        Self {
            limit: Some(1),
            ..Self::before(application, number.saturating_add(1))
        }
    }
}
endpoint! {
    /// Asks for a deployment, a roll back, or new tasks; it is queued and answered at once. With a plan's revision it is
    /// refused when the application has changed since, or its branch or tag stands for something else; what it named is what is deployed.
    RequestDeployment: Post "/api/v1/applications/{application}/deployments", Access::Team(R::Deployment, A::Run),
    path { application: ApplicationId }, query { revision: Option<Revision> }, body Trigger => one DeploymentView
}
endpoint! {
    /// What that would do now: tasks, downtime, routes, volumes, what is taken of the source, and what changes. Nothing is done; the repository
    /// or the registry is asked.
    PlanDeployment: Post "/api/v1/applications/{application}/plan", Access::Team(R::Deployment, A::Read),
    path { application: ApplicationId }, body Trigger => one PlanView
}
endpoint! {
    /// Ends all tasks of the application, and keeps its release.
    StopApplication: Post "/api/v1/applications/{application}/stop", Access::Team(R::Application, A::Run),
    path { application: ApplicationId } => one ApplicationView
}
endpoint! {
    /// Starts a stopped application with as many tasks as it had.
    StartApplication: Post "/api/v1/applications/{application}/start", Access::Team(R::Application, A::Run),
    path { application: ApplicationId } => one ApplicationView
}
endpoint! {
    /// Puts back what was changed of the serving release outside Slipway.
    HealDrift: Post "/api/v1/applications/{application}/drift/heal", Access::Team(R::Deployment, A::Run),
    path { application: ApplicationId } => one ApplicationView
}
endpoint! {
    /// Takes what was changed outside Slipway into the settings, as far as they can say it exactly: the number of tasks (none stops the
    /// application), command and arguments, limits and reservations, restarts. The history gets a deployment that says so; what an earlier
    /// one was deployed as stays. What else was changed stays different, and can be put back.
    AdoptDrift: Post "/api/v1/applications/{application}/drift/adopt", Access::Team(R::Application, A::Write),
    path { application: ApplicationId } => one ApplicationView
}
endpoint! {
    /// One deployment with its steps.
    GetDeployment: Get "/api/v1/deployments/{deployment}", Access::Team(R::Deployment, A::Read),
    path { deployment: DeploymentId } => one DeploymentView
}
endpoint! {
    /// Wishes a deployment to stop; what it began is taken back.
    CancelDeployment: Post "/api/v1/deployments/{deployment}/cancel", Access::Team(R::Deployment, A::Run),
    path { deployment: DeploymentId } => one DeploymentView
}
endpoint! {
    /// Tries once more to take back what a stuck deployment began.
    RetryUndo: Post "/api/v1/deployments/{deployment}/retry-undo", Access::Team(R::Deployment, A::Run),
    path { deployment: DeploymentId } => one DeploymentView
}
endpoint! {
    /// Leaves a stuck deployment as it is: it counts as failed, and what it began is the sweep's.
    LeaveAsIs: Post "/api/v1/deployments/{deployment}/leave", Access::Team(R::Deployment, A::Run),
    path { deployment: DeploymentId } => one DeploymentView
}
endpoint! {
    /// What two deployments of an application differ in. Values of variables and contents of files and patches are not told.
    CompareDeployments: Get "/api/v1/deployments/{deployment}/compare/{with}", Access::Team(R::Deployment, A::Read),
    path { deployment: DeploymentId, with: DeploymentId } => one Vec<Change>
}
endpoint! {
    /// How the deployment's image was made, with the time and the size of each step: what the log told, in numbers. None where the
    /// deployment has built none, or not yet.
    GetBuild: Get "/api/v1/deployments/{deployment}/build", Access::Team(R::Log, A::Read),
    path { deployment: DeploymentId } => one Option<BuildView>
}
endpoint! {
    /// The deployment's log after line `after`, and its changes, until it has ended.
    FollowDeployment: Get "/api/v1/deployments/{deployment}/events", Access::Team(R::Log, A::Read),
    path { deployment: DeploymentId }, query { after: Option<u64> } => lines DeploymentEvent
}
endpoint! {
    /// What the deployment's log holds now of what fits: the last `tail` lines, or all after number `after` or time `since`; those
    /// before number `before` or time `until`; at most `limit`; then what follows, if `follow`, until the deployment has ended, which is
    /// said. What fits is said by `contains` (a text, whatever its case), `regex`, `level` (that or graver), `stream` and `step`. A line's
    /// step stands where a container's line names its task.
    ReadDeploymentLog: Get "/api/v1/deployments/{deployment}/log", Access::Team(R::Log, A::Read),
    path { deployment: DeploymentId },
    query {
        after: Option<u64>, before: Option<u64>, tail: Option<u32>, limit: Option<u32>, follow: Option<bool>,
        since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>,
        contains: Option<String>, regex: Option<String>, level: Option<LogLevel>, stream: Option<LogStream>, step: Option<Step>
    } => lines ContainerLogEvent
}

impl ReadDeploymentLog {
    /// A deployment's log without any wish; callers set what they want.
    pub fn of(deployment: DeploymentId) -> Self {
        Self {
            deployment,
            after: None,
            before: None,
            tail: None,
            limit: None,
            follow: None,
            since: None,
            until: None,
            contains: None,
            regex: None,
            level: None,
            stream: None,
            step: None,
        }
    }
}
endpoint! {
    /// What happened by itself, newest first: at most `limit` (200 by default), before number `before`, of one application, of
    /// `severity` or graver, with `contains` in its subject or text, whatever its case.
    ListEvents: Get "/api/v1/events", Access::Team(R::Application, A::Read),
    query {
        before: Option<i64>, limit: Option<u32>, application: Option<ApplicationId>, severity: Option<Severity>, contains: Option<String>
    } => one Vec<ClusterEvent>
}
endpoint! {
    /// That something of the team or of the cluster has changed, as it happens, without an end. What it was is asked for elsewhere.
    WatchChanges: Get "/api/v1/changes", Access::Team(R::Application, A::Read) => lines FeedEvent
}
endpoint! {
    /// What the application's containers wrote, over all releases: the last `tail` lines that fit, or all after number
    /// `after` or time `since`; those before number `before` or time `until`; then what follows, if `follow`. What fits is
    /// said by `contains` (a text, whatever its case), `regex`, `level` (that or graver), `stream` and `task` (or its beginning).
    FollowLogs: Get "/api/v1/applications/{application}/logs", Access::Team(R::Log, A::Read),
    path { application: ApplicationId },
    query {
        after: Option<u64>, before: Option<u64>, tail: Option<u32>, limit: Option<u32>, follow: Option<bool>,
        since: Option<DateTime<Utc>>, until: Option<DateTime<Utc>>,
        contains: Option<String>, regex: Option<String>, level: Option<LogLevel>, stream: Option<LogStream>, task: Option<String>
    } => lines ContainerLogEvent
}

impl FollowLogs {
    /// An application's log without any wish; callers set what they want.
    pub fn of(application: ApplicationId) -> Self {
        Self {
            application,
            after: None,
            before: None,
            tail: None,
            limit: None,
            follow: None,
            since: None,
            until: None,
            contains: None,
            regex: None,
            level: None,
            stream: None,
            task: None,
        }
    }
}
endpoint! {
    /// What the application used and did: `from` a time `to` another, or now; or in the `last` so many seconds (an hour by default). The
    /// agent chooses the points so that there are at most some 400.
    GetApplicationMetrics: Get "/api/v1/applications/{application}/metrics", Access::Team(R::Log, A::Read),
    path { application: ApplicationId },
    query { from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>, last: Option<u32> } => one ApplicationMetrics
}
endpoint! {
    /// What the agent's node used, in the same way.
    GetNodeMetrics: Get "/api/v1/node/metrics", Access::SignedIn,
    query { from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>, last: Option<u32> } => one NodeMetrics
}
endpoint! {
    /// The running tasks of the application's serving release, oldest first.
    ListTasks: Get "/api/v1/applications/{application}/tasks", Access::Team(R::Application, A::Read),
    path { application: ApplicationId } => one Vec<TaskView>
}
endpoint! {
    /// Opens a shell, or runs a command, in a running container of the application. One that cannot begin is answered as one
    /// that has ended, with the reason.
    OpenTerminal: Post "/api/v1/applications/{application}/terminals", Access::Team(R::Terminal, A::Run),
    path { application: ApplicationId }, body NewTerminal => one TerminalView
}
endpoint! {
    /// Opens a shell, or runs a command, on the agent's own node, as root. One that cannot begin is answered as one that has ended, or
    /// ends at once, with the reason; a server that does not allow it refuses.
    OpenNodeTerminal: Post "/api/v1/node/terminals", Access::Team(R::Node, A::Run), body NewNodeTerminal => one TerminalView
}
endpoint! {
    /// The caller's own terminals, also those that have just ended, oldest first: all, those in one application, or those on the node.
    ListTerminals: Get "/api/v1/terminals", Access::Team(R::Terminal, A::Read),
    query { application: Option<ApplicationId>, node: Option<bool> } => one Vec<TerminalView>
}
endpoint! {
    /// What a terminal of the caller wrote behind byte `after`, and what it writes, until it has ended.
    FollowTerminal: Get "/api/v1/terminals/{terminal}/output", Access::Team(R::Terminal, A::Read),
    path { terminal: TerminalId }, query { after: Option<u64> } => lines TerminalEvent
}
endpoint! {
    /// Types into a terminal of the caller. Each `writer` counts its own bytes: what it sends again at an `offset` that was taken
    /// already is not typed twice. With `end` nothing more follows.
    SendTerminalInput: Put "/api/v1/terminals/{terminal}/input", Access::Team(R::Terminal, A::Run),
    path { terminal: TerminalId }, query { writer: uuid::Uuid, offset: u64, end: Option<bool> }, bytes LARGEST_INPUT => one InputTaken
}
endpoint! {
    /// Tells a terminal of the caller how large its screen is now.
    ResizeTerminal: Put "/api/v1/terminals/{terminal}/size", Access::Team(R::Terminal, A::Run),
    path { terminal: TerminalId }, body TerminalSize => one ()
}
endpoint! {
    /// Ends a terminal of the caller, and with it what was started in it.
    CloseTerminal: Delete "/api/v1/terminals/{terminal}", Access::Team(R::Terminal, A::Run),
    path { terminal: TerminalId } => one ()
}
endpoint! {
    /// Runs a command once, in a new container of the release that serves or of another one that is kept. It is answered at once, and goes on
    /// without the caller.
    RunCommand: Post "/api/v1/applications/{application}/commands", Access::Team(R::Command, A::Run),
    path { application: ApplicationId }, body NewCommand => one CommandView
}
endpoint! {
    /// The commands that were run beside the application, newest first: those that go on, and the last ones that have ended.
    ListCommands: Get "/api/v1/applications/{application}/commands", Access::Team(R::Command, A::Read),
    path { application: ApplicationId } => one Vec<CommandView>
}
endpoint! {
    /// One command, and how it went.
    GetCommand: Get "/api/v1/commands/{command}", Access::Team(R::Command, A::Read),
    path { command: CommandId } => one CommandView
}
endpoint! {
    /// Wishes a command to end; its container is stopped.
    CancelCommand: Post "/api/v1/commands/{command}/cancel", Access::Team(R::Command, A::Run),
    path { command: CommandId } => one CommandView
}
endpoint! {
    /// What a command wrote after line `after`, and its changes, until it has ended.
    FollowCommand: Get "/api/v1/commands/{command}/output", Access::Team(R::Command, A::Read),
    path { command: CommandId }, query { after: Option<u64> } => lines CommandEvent
}
endpoint! {
    /// Opens a way from the caller's machine to a port of the application's containers. Nothing is published.
    OpenForward: Post "/api/v1/applications/{application}/forwards", Access::Team(R::Forward, A::Run),
    path { application: ApplicationId }, body NewForward => one ForwardView
}
endpoint! {
    /// One connection over a way of the caller: bytes both ways, and each side ends its own.
    ConnectForward: Post "/api/v1/forwards/{forward}/connections", Access::Team(R::Forward, A::Run),
    path { forward: ForwardId } => tunnel ()
}
endpoint! {
    /// Closes a way of the caller, and every connection over it.
    CloseForward: Delete "/api/v1/forwards/{forward}", Access::Team(R::Forward, A::Run),
    path { forward: ForwardId } => one ()
}
endpoint! {
    /// Begins to send a folder as an archive, or goes on with one that was begun; one that is there already is not sent again.
    BeginUpload: Post "/api/v1/applications/{application}/uploads", Access::Team(R::Deployment, A::Run),
    path { application: ApplicationId }, body NewUpload => one UploadView
}
endpoint! {
    /// How far an upload has come.
    GetUpload: Get "/api/v1/uploads/{upload}", Access::Team(R::Deployment, A::Read), path { upload: UploadId } => one UploadView
}
endpoint! {
    /// Appends bytes to an upload, at the offset where it stands.
    SendUploadPiece: Put "/api/v1/uploads/{upload}/pieces", Access::Team(R::Deployment, A::Run),
    path { upload: UploadId }, query { offset: u64 }, bytes LARGEST_PIECE => one UploadView
}
endpoint! {
    /// Checks what has arrived and makes it what the application's next deployment builds.
    FinishUpload: Post "/api/v1/uploads/{upload}/finish", Access::Team(R::Deployment, A::Run),
    path { upload: UploadId } => one UploadView
}
endpoint! {
    /// What lets the agent into the application's private repository; secrets are not shown.
    GetGitAccess: Get "/api/v1/applications/{application}/git-access", Access::Team(R::Credential, A::Read),
    path { application: ApplicationId } => one GitAccessView
}
endpoint! {
    /// Makes an SSH deploy key for the application's repository; one that was there is replaced.
    MakeDeployKey: Post "/api/v1/applications/{application}/deploy-key", Access::Team(R::Credential, A::Write),
    path { application: ApplicationId } => one DeployKeyView
}
endpoint! {
    /// Removes the application's deploy key.
    DeleteDeployKey: Delete "/api/v1/applications/{application}/deploy-key", Access::Team(R::Credential, A::Delete),
    path { application: ApplicationId } => one ()
}
endpoint! {
    /// The application's deploy URL, if it has one; its secret is not shown.
    GetDeployUrl: Get "/api/v1/applications/{application}/deploy-url", Access::Team(R::Credential, A::Read),
    path { application: ApplicationId } => one Option<DeployUrlView>
}
endpoint! {
    /// Makes the application's deploy URL, or gives it another secret. The secret is told this once.
    MakeDeployUrl: Post "/api/v1/applications/{application}/deploy-url", Access::Team(R::Credential, A::Write),
    path { application: ApplicationId } => one NewDeployUrl
}
endpoint! {
    /// Removes the application's deploy URL.
    DeleteDeployUrl: Delete "/api/v1/applications/{application}/deploy-url", Access::Team(R::Credential, A::Delete),
    path { application: ApplicationId } => one ()
}
endpoint! {
    /// Stores the token with which the application's repository is read over HTTPS.
    SetGitToken: Put "/api/v1/applications/{application}/git-token", Access::Team(R::Credential, A::Write),
    path { application: ApplicationId }, body GitToken => one GitTokenView
}
endpoint! {
    /// Removes the application's token.
    DeleteGitToken: Delete "/api/v1/applications/{application}/git-token", Access::Team(R::Credential, A::Delete),
    path { application: ApplicationId } => one ()
}
endpoint! {
    /// The registries that the team has a sign-in for; passwords are not shown.
    ListRegistries: Get "/api/v1/registries", Access::Team(R::Credential, A::Read) => one Vec<RegistryView>
}
endpoint! {
    /// Stores the team's sign-in for a registry of images.
    SetRegistry: Put "/api/v1/registries", Access::Team(R::Credential, A::Write), body RegistryLogin => one RegistryView
}
endpoint! {
    /// Removes the team's sign-in for a registry.
    DeleteRegistry: Delete "/api/v1/registries/{host}", Access::Team(R::Credential, A::Delete), path { host: RegistryHost } => one ()
}
endpoint! {
    /// The files that are laid over the application's source, with their content.
    ListPatches: Get "/api/v1/applications/{application}/patches", Access::Team(R::Variable, A::Read),
    path { application: ApplicationId } => one Vec<PatchView>
}
endpoint! {
    /// Lays a file over the application's source, from its next deployment on.
    SetPatch: Put "/api/v1/applications/{application}/patches/{path}", Access::Team(R::Variable, A::Write),
    path { application: ApplicationId, path: RelativePath }, body NewPatch => one PatchView
}
endpoint! {
    /// Takes a file of a patch away, from the next deployment on.
    DeletePatch: Delete "/api/v1/applications/{application}/patches/{path}", Access::Team(R::Variable, A::Delete),
    path { application: ApplicationId, path: RelativePath } => one ()
}

/// Every call of the API.
pub fn catalogue() -> Vec<RouteDescription> {
    macro_rules! all { ($($name:ident),* $(,)?) => { vec![$(RouteDescription::of::<$name>()),*] }; }
    all![
        GetVersion,
        AcceptInvitation,
        SignIn,
        RefreshSession,
        SignOut,
        GetMe,
        JoinTeam,
        GetClusterHealth,
        GetServerCheckup,
        ListMembers,
        CreateInvitation,
        ListAudit,
        ListProjects,
        CreateProject,
        UpdateProject,
        PreviewProjectDeletion,
        DeleteProject,
        DuplicateProject,
        CreateEnvironment,
        UpdateEnvironment,
        PreviewEnvironmentDeletion,
        DeleteEnvironment,
        DuplicateEnvironment,
        ListApplications,
        ListUnwellApplications,
        CreateApplication,
        GetApplication,
        UpdateApplication,
        PreviewApplicationDeletion,
        DeleteApplication,
        DuplicateApplication,
        MoveApplication,
        SetTags,
        ListVariables,
        SetVariable,
        DeleteVariable,
        RevealVariable,
        ImportVariables,
        ListConfigurationChanges,
        ListFiles,
        SetFile,
        DeleteFile,
        RevealFile,
        CreateDomain,
        DeleteDomain,
        ListDeployments,
        RequestDeployment,
        PlanDeployment,
        StopApplication,
        StartApplication,
        HealDrift,
        AdoptDrift,
        GetDeployment,
        CancelDeployment,
        RetryUndo,
        LeaveAsIs,
        CompareDeployments,
        GetBuild,
        FollowDeployment,
        ReadDeploymentLog,
        ListEvents,
        WatchChanges,
        FollowLogs,
        GetApplicationMetrics,
        GetNodeMetrics,
        ListTasks,
        OpenTerminal,
        OpenNodeTerminal,
        ListTerminals,
        FollowTerminal,
        SendTerminalInput,
        ResizeTerminal,
        CloseTerminal,
        RunCommand,
        ListCommands,
        GetCommand,
        CancelCommand,
        FollowCommand,
        OpenForward,
        ConnectForward,
        CloseForward,
        BeginUpload,
        GetUpload,
        SendUploadPiece,
        FinishUpload,
        GetGitAccess,
        MakeDeployKey,
        DeleteDeployKey,
        GetDeployUrl,
        MakeDeployUrl,
        DeleteDeployUrl,
        SetGitToken,
        DeleteGitToken,
        ListRegistries,
        SetRegistry,
        DeleteRegistry,
        ListPatches,
        SetPatch,
        DeletePatch,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Endpoint;

    /// FR-API-01: a request's path, query and body are made from its type alone.
    #[test]
    fn a_request_is_made_from_its_type() {
        let application: ApplicationId = "018f0000-0000-7000-8000-000000000001".parse().unwrap();
        let raw = FollowLogs {
            after: Some(7),
            follow: Some(true),
            ..FollowLogs::of(application)
        }
        .into_raw()
        .unwrap();
        assert_eq!(
            raw.target,
            "/api/v1/applications/018f0000-0000-7000-8000-000000000001/logs?after=7&follow=true"
        );
        assert!(raw.body.is_none());
    }

    /// FR-API-01: no two calls share a method and path, or a name.
    #[test]
    fn the_catalogue_has_no_twins() {
        let routes = catalogue();
        let mut seen = std::collections::HashSet::new();
        for route in &routes {
            assert!(
                seen.insert(format!("{} {}", route.method.as_str(), route.path)),
                "{}",
                route.path
            );
            assert!(seen.insert(route.name.to_owned()), "{}", route.name);
        }
    }
}
