//! A request for every call of the catalogue that succeeds for somebody who may make it.

use serde_json::json;
use slipway_agent::domain::adoption::Adoptable;
use slipway_agent::domain::drift::Drifted;
use slipway_protocol::api::*;
use slipway_protocol::application::{
    DuplicateApplication as ApplicationCopy, MoveApplication as Destination, Tags,
};
use slipway_protocol::command::NewCommand;
use slipway_protocol::configuration::ImportVariables as VariablesText;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::domain::NewDomain;
use slipway_protocol::drift::Difference;
use slipway_protocol::file::SetFile as FileContent;
use slipway_protocol::forward::NewForward;
use slipway_protocol::git_access::GitToken;
use slipway_protocol::identity::{NewInvitation, RefreshSession as Refresh};
use slipway_protocol::patch::NewPatch;
use slipway_protocol::project::{
    DuplicateEnvironment as EnvironmentCopy, DuplicateProject as ProjectCopy, EnvironmentDetails,
    ProjectDetails,
};
use slipway_protocol::registry::RegistryLogin;
use slipway_protocol::settings::{CommandLimit, CommandLine, ContainerPath, Port, Replicas};
use slipway_protocol::terminal::{NewNodeTerminal, NewTerminal, TerminalEnd, TerminalSize};
use slipway_protocol::upload::NewUpload;
use slipway_protocol::variable::SetVariable as VariableValue;
use slipway_protocol::{
    ApplicationId, ApplicationName, CommandId, DeploymentId, DisplayName, DomainId, Endpoint, EnvironmentId,
    EnvironmentName, ForwardId, HostName, LoginName, ProjectId, RawRequest, RegistryHost, RelativePath, Role,
    Scope, Secret, Sha256, Tag, TerminalId, UploadId, UrlPath, VariableKey,
};

use crate::stage::{
    As, PASSWORD, Stage, VARIABLE, accept_with, join_with, send_bytes, sign_in_with, teamless_invitation,
};

/// An archive without entries: 1024 zero bytes, and their digest as `sha256sum` says.
const EMPTY_ARCHIVE: (u64, &str) = (
    1024,
    "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
);

/// What a team has; every name in it begins with `marker`.
#[derive(Clone)]
pub struct Things {
    pub marker: String,
    pub project: ProjectId,
    pub empty_project: ProjectId,
    pub environment: EnvironmentId,
    pub other_environment: EnvironmentId,
    pub application: ApplicationId,
    pub domain: DomainId,
    pub key: VariableKey,
    pub path: ContainerPath,
    pub deployment: DeploymentId,
    /// An application whose release serves, and was changed outside Slipway.
    pub running: ApplicationId,
    /// The deployment whose release that is.
    pub serving: DeploymentId,
    /// A deployment that could not be taken back.
    pub stuck: DeploymentId,
    /// Whole, and not finished.
    pub upload: UploadId,
    pub registry: RegistryHost,
    pub patch: RelativePath,
    /// Of whoever made these things; Docker is away, so it has ended at once.
    pub terminal: TerminalId,
    /// Of the same.
    pub forward: ForwardId,
    /// Beside the application that runs; nobody begins it here, so it waits.
    pub command: CommandId,
}

pub fn new_project(name: &str) -> CreateProject {
    CreateProject {
        body: ProjectDetails::named(DisplayName::parse(name).unwrap()),
    }
}

pub fn new_application(environment: EnvironmentId, name: &str) -> CreateApplication {
    let body = json!({ "name": name, "source": { "kind": "git", "url": "https://example.org/a.git", "ref": "main" }, "port": 8080 });
    CreateApplication {
        environment,
        body: serde_json::from_value(body).unwrap(),
    }
}

pub fn new_domain(application: ApplicationId, host: &str) -> CreateDomain {
    CreateDomain {
        application,
        body: NewDomain {
            host: HostName::parse(host).unwrap(),
            path: UrlPath::parse("/").unwrap(),
        },
    }
}

pub fn new_upload(application: ApplicationId) -> BeginUpload {
    BeginUpload {
        application,
        body: NewUpload {
            length: EMPTY_ARCHIVE.0,
            sha256: Sha256::parse(EMPTY_ARCHIVE.1).unwrap(),
        },
    }
}

fn new_registry(host: &RegistryHost) -> SetRegistry {
    SetRegistry {
        body: RegistryLogin {
            host: host.clone(),
            user: LoginName::parse("ada").unwrap(),
            password: Secret::new(VARIABLE.to_owned()),
        },
    }
}

fn new_git_token(application: ApplicationId) -> SetGitToken {
    SetGitToken {
        application,
        body: GitToken {
            user: LoginName::parse("ada").unwrap(),
            token: Secret::new(VARIABLE.to_owned()),
        },
    }
}

fn new_patch(application: ApplicationId, path: &RelativePath) -> SetPatch {
    SetPatch {
        application,
        path: path.clone(),
        body: NewPatch {
            content: "content".to_owned(),
        },
    }
}

fn file(path: ContainerPath) -> FileContent {
    FileContent {
        path,
        content: Secret::new(VARIABLE.as_bytes().to_vec()),
        mode: None,
    }
}

fn new_forward(application: ApplicationId) -> OpenForward {
    OpenForward {
        application,
        body: NewForward {
            port: Port::fixed(5432),
            task: None,
        },
    }
}

pub fn new_command(application: ApplicationId) -> RunCommand {
    RunCommand {
        application,
        body: NewCommand {
            command: CommandLine::split("rails db:migrate").unwrap(),
            deployment: None,
            deadline_seconds: CommandLimit::default(),
        },
    }
}

impl Stage {
    /// A project with an application that has a variable, a file, a domain and a queued deployment; made by calls.
    pub async fn things(&self, who: &As) -> Things {
        let marker = format!("marker-{}", self.next());
        let project = self.call(who, new_project(&marker)).await;
        let empty = self.call(who, new_project(&format!("{marker} empty"))).await;
        let (empty_project, other_environment) = (empty.id, empty.environments[0].id);
        let environment = project.environments[0].id;
        let application = self.call(who, new_application(environment, &marker)).await.id;
        let key = VariableKey::parse("KEY").unwrap();
        let body = VariableValue::new(key.clone(), Secret::new(VARIABLE.to_owned()));
        let scope = Scope::Application(application);
        self.call(who, SetVariable { scope, body }).await;
        let path = ContainerPath::parse("/etc/app.conf").unwrap();
        let body = file(path.clone());
        self.call(who, SetFile { application, body }).await;
        let domain = self
            .call(who, new_domain(application, &format!("{marker}.example.org")))
            .await
            .id;
        let body = Trigger::Deploy;
        let deployment = self
            .call(
                who,
                RequestDeployment {
                    application,
                    revision: None,
                    body,
                },
            )
            .await
            .id;
        let running = self
            .deployed(who, environment, &format!("{marker}-r"), "succeeded")
            .await;
        let stuck = self
            .deployed(who, environment, &format!("{marker}-s"), "stuck")
            .await;
        let upload = self.upload(who, application).await;
        let registry = RegistryHost::parse(&format!("{marker}.registry.example.org")).unwrap();
        self.call(who, new_registry(&registry)).await;
        self.call(who, MakeDeployKey { application }).await;
        self.call(who, MakeDeployUrl { application }).await;
        self.call(who, new_git_token(application)).await;
        let patch = RelativePath::parse(&format!("{marker}/config")).unwrap();
        self.call(who, new_patch(application, &patch)).await;
        let terminal = self.terminal(who, running.0).await;
        let forward = self.forward(who, running.0).await;
        let command = self.call(who, new_command(running.0)).await.id;
        Things {
            command,
            terminal,
            forward,
            upload,
            registry,
            patch,
            running: running.0,
            serving: running.1,
            stuck: stuck.1,
            marker,
            project: project.id,
            empty_project,
            environment,
            other_environment,
            application,
            domain,
            key,
            path,
            deployment,
        }
    }

    /// A terminal of this caller. There is no Docker to begin it.
    pub async fn terminal(&self, who: &As, application: ApplicationId) -> TerminalId {
        let body = NewTerminal::default();
        let opened = self.call(who, OpenTerminal { application, body }).await;
        assert!(
            matches!(&opened.end, Some(TerminalEnd::Failed { reason }) if reason.starts_with("Docker does not answer")),
            "{opened:?}"
        );
        opened.id
    }

    /// A forwarded port of this caller.
    pub async fn forward(&self, who: &As, application: ApplicationId) -> ForwardId {
        self.call(who, new_forward(application)).await.id
    }

    /// An application with a deployment that ended like this; one that succeeded serves, with tasks that somebody else changed.
    async fn deployed(
        &self,
        who: &As,
        environment: EnvironmentId,
        name: &str,
        ended: &str,
    ) -> (ApplicationId, DeploymentId) {
        let application = self.call(who, new_application(environment, name)).await.id;
        let body = Trigger::Deploy;
        let request = RequestDeployment {
            application,
            revision: None,
            body,
        };
        let deployment = self.call(who, request).await.id;
        let row = format!(
            "update deployments set status = '{ended}', image = 'sha256:0' where id = '{deployment}'"
        );
        self.execute(&row).await;
        if ended == "succeeded" {
            let serves = "insert into serving (application_id, team_id, deployment_id) select application_id, team_id, id from deployments";
            self.execute(&format!("{serves} where id = '{deployment}'")).await;
            self.changed_outside(deployment, "tasks").await;
        }
        (application, deployment)
    }

    /// The keeper has found this part of a deployment's service changed.
    async fn changed_outside(&self, deployment: DeploymentId, part: &str) {
        let service = format!("select plan ->> 'service' from deployments where id = '{deployment}'");
        let service: String = sqlx::query_scalar(sqlx::AssertSqlSafe(service))
            .fetch_one(self.app.db.pool())
            .await
            .unwrap();
        let adopts = (part == "tasks").then(|| Adoptable::Tasks(Replicas::try_from(3).unwrap()));
        let difference = Difference {
            what: part.to_owned(),
            wanted: "1".to_owned(),
            found: "3".to_owned(),
            adoptable: adopts.is_some(),
        };
        let part = Drifted { difference, adopts };
        self.app.keeper.note(&service, 1, vec![part]);
    }

    /// An upload whose bytes have all arrived.
    async fn upload(&self, who: &As, application: ApplicationId) -> UploadId {
        let upload = self.call(who, new_upload(application)).await.id;
        let piece = SendUploadPiece { upload, offset: 0 }.into_raw().unwrap();
        let bytes = vec![0; usize::try_from(EMPTY_ARCHIVE.0).unwrap()];
        let answer = send_bytes(&self.router, "PUT", &piece.target, bytes, who).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        upload
    }

    /// A good request for a call, about these things. `None` for a call that is not known here.
    pub async fn example(&self, name: &str, things: &Things) -> Option<RawRequest> {
        let fresh = format!("fresh-{}", self.next());
        let Things {
            project,
            empty_project,
            environment,
            other_environment,
            application,
            domain,
            deployment,
            running,
            stuck,
            terminal,
            forward,
            command,
            ..
        } = *things;
        let scope = Scope::Application(application);
        let (key, path) = (things.key.clone(), things.path.clone());
        let raw = match name {
            "GetVersion" => GetVersion {}.into_raw(),
            "AcceptInvitation" => {
                let code = self.invitation(Role::Viewer).await;
                accept_with(&code, &fresh).into_raw()
            }
            "JoinTeam" => {
                // Whoever asks is in none of those that there are.
                let code = teamless_invitation(&self.app).await;
                self.keep_secret(&code);
                join_with(&code).into_raw()
            }
            "SignIn" => sign_in_with(self.owner.email.as_str(), PASSWORD).into_raw(),
            "RefreshSession" => {
                let refresh_token = self.sign_in(&self.owner.email).await.refresh_token;
                RefreshSession {
                    body: Refresh {
                        refresh_token,
                        next: None,
                    },
                }
                .into_raw()
            }
            "SignOut" => SignOut {}.into_raw(),
            "GetMe" => GetMe {}.into_raw(),
            "GetClusterHealth" => GetClusterHealth {}.into_raw(),
            "GetServerCheckup" => GetServerCheckup {}.into_raw(),
            "ListMembers" => ListMembers {}.into_raw(),
            "CreateInvitation" => CreateInvitation {
                body: NewInvitation { role: Role::Viewer },
            }
            .into_raw(),
            "ListAudit" => ListAudit {}.into_raw(),
            "ListProjects" => ListProjects {}.into_raw(),
            "CreateProject" => new_project(&fresh).into_raw(),
            "UpdateProject" => UpdateProject {
                project,
                body: ProjectDetails::named(DisplayName::parse(&fresh).unwrap()),
            }
            .into_raw(),
            "PreviewProjectDeletion" => PreviewProjectDeletion { project }.into_raw(),
            "DeleteProject" => DeleteProject {
                project: empty_project,
                confirm: None,
            }
            .into_raw(),
            "DuplicateProject" => DuplicateProject {
                project,
                body: ProjectCopy {
                    name: DisplayName::parse(&fresh).unwrap(),
                },
            }
            .into_raw(),
            "CreateEnvironment" => CreateEnvironment {
                project,
                body: EnvironmentDetails {
                    name: EnvironmentName::parse(&fresh).unwrap(),
                },
            }
            .into_raw(),
            "UpdateEnvironment" => UpdateEnvironment {
                environment,
                body: EnvironmentDetails {
                    name: EnvironmentName::parse(&fresh).unwrap(),
                },
            }
            .into_raw(),
            "PreviewEnvironmentDeletion" => PreviewEnvironmentDeletion { environment }.into_raw(),
            "DeleteEnvironment" => DeleteEnvironment {
                environment,
                confirm: None,
            }
            .into_raw(),
            "DuplicateEnvironment" => DuplicateEnvironment {
                environment,
                body: EnvironmentCopy {
                    name: EnvironmentName::parse(&fresh).unwrap(),
                },
            }
            .into_raw(),
            "ListApplications" => ListApplications {
                environment: Some(environment),
            }
            .into_raw(),
            "ListUnwellApplications" => ListUnwellApplications {}.into_raw(),
            "CreateApplication" => new_application(environment, &fresh).into_raw(),
            "GetApplication" => GetApplication { application }.into_raw(),
            "UpdateApplication" => UpdateApplication {
                application,
                body: new_application(environment, &fresh).body.settings,
            }
            .into_raw(),
            "PreviewApplicationDeletion" => PreviewApplicationDeletion { application }.into_raw(),
            "DeleteApplication" => DeleteApplication {
                application,
                confirm: Some(things.marker.clone()),
            }
            .into_raw(),
            "DuplicateApplication" => DuplicateApplication {
                application,
                body: ApplicationCopy {
                    name: ApplicationName::parse(&fresh).unwrap(),
                    environment: None,
                },
            }
            .into_raw(),
            "MoveApplication" => MoveApplication {
                application,
                body: Destination {
                    environment: other_environment,
                },
            }
            .into_raw(),
            "SetTags" => SetTags {
                application,
                body: Tags {
                    tags: vec![Tag::parse("shop").unwrap()],
                },
            }
            .into_raw(),
            "ListVariables" => ListVariables { scope }.into_raw(),
            "SetVariable" => SetVariable {
                scope,
                body: VariableValue::new(
                    VariableKey::parse("OTHER").unwrap(),
                    Secret::new(VARIABLE.to_owned()),
                ),
            }
            .into_raw(),
            "DeleteVariable" => DeleteVariable { scope, key }.into_raw(),
            "RevealVariable" => RevealVariable { scope, key }.into_raw(),
            "ImportVariables" => ImportVariables {
                scope,
                body: VariablesText {
                    text: Secret::new(format!("IMPORTED='{VARIABLE}'\n")),
                    replace: true,
                    preview: false,
                    secret: true,
                    previewed: None,
                },
            }
            .into_raw(),
            "ListConfigurationChanges" => ListConfigurationChanges { scope }.into_raw(),
            "ListFiles" => ListFiles { application }.into_raw(),
            "SetFile" => SetFile {
                application,
                body: file(ContainerPath::parse("/etc/other.conf").unwrap()),
            }
            .into_raw(),
            "DeleteFile" => DeleteFile { application, path }.into_raw(),
            "RevealFile" => RevealFile { application, path }.into_raw(),
            "CreateDomain" => new_domain(application, &format!("{fresh}.example.org")).into_raw(),
            "DeleteDomain" => DeleteDomain { application, domain }.into_raw(),
            "ListDeployments" => ListDeployments::of(application).into_raw(),
            "RequestDeployment" => RequestDeployment {
                application,
                revision: None,
                body: Trigger::Deploy,
            }
            .into_raw(),
            "PlanDeployment" => PlanDeployment {
                application,
                body: Trigger::Deploy,
            }
            .into_raw(),
            "CompareDeployments" => CompareDeployments {
                deployment,
                with: deployment,
            }
            .into_raw(),
            "StopApplication" => StopApplication { application: running }.into_raw(),
            "StartApplication" => StartApplication { application: running }.into_raw(),
            // Docker is not there to set a number of tasks; anything else is put right by a deployment.
            "HealDrift" => {
                self.changed_outside(things.serving, "image").await;
                HealDrift { application: running }.into_raw()
            }
            "AdoptDrift" => AdoptDrift { application: running }.into_raw(),
            "RetryUndo" => RetryUndo { deployment: stuck }.into_raw(),
            "LeaveAsIs" => LeaveAsIs { deployment: stuck }.into_raw(),
            "GetBuild" => GetBuild { deployment }.into_raw(),
            "GetDeployment" => GetDeployment { deployment }.into_raw(),
            "CancelDeployment" => CancelDeployment { deployment }.into_raw(),
            "FollowDeployment" => FollowDeployment {
                deployment,
                after: None,
            }
            .into_raw(),
            "ReadDeploymentLog" => ReadDeploymentLog {
                tail: Some(1),
                ..ReadDeploymentLog::of(deployment)
            }
            .into_raw(),
            "ListEvents" => ListEvents {
                before: None,
                limit: Some(10),
                application: Some(application),
                severity: None,
                contains: Some("a word".to_owned()),
            }
            .into_raw(),
            "WatchChanges" => WatchChanges {}.into_raw(),
            "FollowLogs" => FollowLogs {
                tail: Some(1),
                ..FollowLogs::of(application)
            }
            .into_raw(),
            "GetApplicationMetrics" => GetApplicationMetrics {
                application,
                from: None,
                to: None,
                last: Some(900),
            }
            .into_raw(),
            "GetNodeMetrics" => GetNodeMetrics {
                from: None,
                to: None,
                last: Some(900),
            }
            .into_raw(),
            "ListTasks" => ListTasks { application: running }.into_raw(),
            "OpenTerminal" => OpenTerminal {
                application: running,
                body: NewTerminal::default(),
            }
            .into_raw(),
            "OpenNodeTerminal" => OpenNodeTerminal {
                body: NewNodeTerminal::default(),
            }
            .into_raw(),
            "ListTerminals" => ListTerminals {
                application: None,
                node: None,
            }
            .into_raw(),
            "FollowTerminal" => FollowTerminal {
                terminal,
                after: None,
            }
            .into_raw(),
            "SendTerminalInput" => SendTerminalInput {
                terminal,
                writer: uuid::Uuid::nil(),
                offset: 0,
                end: None,
            }
            .into_raw(),
            "ResizeTerminal" => ResizeTerminal {
                terminal,
                body: TerminalSize {
                    columns: 80,
                    rows: 24,
                },
            }
            .into_raw(),
            "CloseTerminal" => CloseTerminal { terminal }.into_raw(),
            "RunCommand" => new_command(running).into_raw(),
            "ListCommands" => ListCommands { application: running }.into_raw(),
            "GetCommand" => GetCommand { command }.into_raw(),
            "CancelCommand" => CancelCommand { command }.into_raw(),
            "FollowCommand" => FollowCommand { command, after: None }.into_raw(),
            "OpenForward" => new_forward(running).into_raw(),
            "ConnectForward" => ConnectForward { forward }.into_raw(),
            "CloseForward" => CloseForward { forward }.into_raw(),
            "BeginUpload" => new_upload(application).into_raw(),
            "GetUpload" => GetUpload {
                upload: things.upload,
            }
            .into_raw(),
            "SendUploadPiece" => SendUploadPiece {
                upload: things.upload,
                offset: EMPTY_ARCHIVE.0,
            }
            .into_raw(),
            "FinishUpload" => FinishUpload {
                upload: things.upload,
            }
            .into_raw(),
            "GetGitAccess" => GetGitAccess { application }.into_raw(),
            "MakeDeployKey" => MakeDeployKey { application }.into_raw(),
            "DeleteDeployKey" => DeleteDeployKey { application }.into_raw(),
            "GetDeployUrl" => GetDeployUrl { application }.into_raw(),
            "MakeDeployUrl" => MakeDeployUrl { application }.into_raw(),
            "DeleteDeployUrl" => DeleteDeployUrl { application }.into_raw(),
            "SetGitToken" => new_git_token(application).into_raw(),
            "DeleteGitToken" => DeleteGitToken { application }.into_raw(),
            "ListRegistries" => ListRegistries {}.into_raw(),
            "SetRegistry" => {
                let host = RegistryHost::parse(&format!("{fresh}.example.org")).unwrap();
                new_registry(&host).into_raw()
            }
            "DeleteRegistry" => DeleteRegistry {
                host: things.registry.clone(),
            }
            .into_raw(),
            "ListPatches" => ListPatches { application }.into_raw(),
            "SetPatch" => new_patch(application, &things.patch).into_raw(),
            "DeletePatch" => DeletePatch {
                application,
                path: things.patch.clone(),
            }
            .into_raw(),
            _ => return None,
        };
        Some(raw.unwrap())
    }
}
