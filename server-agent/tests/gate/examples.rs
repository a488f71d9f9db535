//! A request for every call of the catalogue that succeeds for somebody who may make it.

use serde_json::json;
use slipway_protocol::api::*;
use slipway_protocol::deployment::Trigger;
use slipway_protocol::domain::NewDomain;
use slipway_protocol::identity::{NewInvitation, RefreshSession as Refresh};
use slipway_protocol::project::{NewEnvironment, NewProject};
use slipway_protocol::variable::SetVariable as VariableValue;
use slipway_protocol::{
    ApplicationId, DeploymentId, DisplayName, DomainId, Endpoint, EnvironmentId, EnvironmentName, HostName,
    ProjectId, RawRequest, Role, Secret, UrlPath, VariableKey,
};

use crate::stage::{As, PASSWORD, Stage, VARIABLE, accept_with, sign_in_with};

/// What a team has; every name in it begins with `marker`.
pub struct Things {
    pub marker: String,
    pub project: ProjectId,
    pub empty_project: ProjectId,
    pub environment: EnvironmentId,
    pub application: ApplicationId,
    pub domain: DomainId,
    pub key: VariableKey,
    pub deployment: DeploymentId,
}

pub fn new_project(name: &str) -> CreateProject {
    CreateProject {
        body: NewProject {
            name: DisplayName::parse(name).unwrap(),
            description: String::new(),
        },
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

impl Stage {
    /// A project with an application that has a variable, a domain and a queued deployment; made by calls.
    pub async fn things(&self, who: &As) -> Things {
        let marker = format!("marker-{}", self.next());
        let project = self.call(who, new_project(&marker)).await;
        let empty_project = self.call(who, new_project(&format!("{marker} empty"))).await.id;
        let environment = project.environments[0].id;
        let application = self.call(who, new_application(environment, &marker)).await.id;
        let key = VariableKey::parse("KEY").unwrap();
        let body = VariableValue {
            key: key.clone(),
            value: Secret::new(VARIABLE.to_owned()),
        };
        self.call(who, SetVariable { application, body }).await;
        let domain = self
            .call(who, new_domain(application, &format!("{marker}.example.org")))
            .await
            .id;
        let body = Trigger::Deploy;
        let deployment = self.call(who, RequestDeployment { application, body }).await.id;
        Things {
            marker,
            project: project.id,
            empty_project,
            environment,
            application,
            domain,
            key,
            deployment,
        }
    }

    /// A good request for a call, about these things. `None` for a call that is not known here.
    pub async fn example(&self, name: &str, things: &Things) -> Option<RawRequest> {
        let fresh = format!("fresh-{}", self.next());
        let Things {
            project,
            empty_project,
            environment,
            application,
            domain,
            deployment,
            ..
        } = *things;
        let raw = match name {
            "GetVersion" => GetVersion {}.into_raw(),
            "AcceptInvitation" => {
                let code = self.invitation(Role::Viewer).await;
                accept_with(&code, &fresh).into_raw()
            }
            "SignIn" => sign_in_with(self.owner.email.as_str(), PASSWORD).into_raw(),
            "RefreshSession" => {
                let refresh_token = self.sign_in(&self.owner.email).await.refresh_token;
                RefreshSession {
                    body: Refresh { refresh_token },
                }
                .into_raw()
            }
            "SignOut" => SignOut {}.into_raw(),
            "GetMe" => GetMe {}.into_raw(),
            "GetClusterHealth" => GetClusterHealth {}.into_raw(),
            "ListMembers" => ListMembers {}.into_raw(),
            "CreateInvitation" => CreateInvitation {
                body: NewInvitation { role: Role::Viewer },
            }
            .into_raw(),
            "ListAudit" => ListAudit {}.into_raw(),
            "ListProjects" => ListProjects {}.into_raw(),
            "CreateProject" => new_project(&fresh).into_raw(),
            "DeleteProject" => DeleteProject {
                project: empty_project,
            }
            .into_raw(),
            "CreateEnvironment" => CreateEnvironment {
                project,
                body: NewEnvironment {
                    name: EnvironmentName::parse(&fresh).unwrap(),
                },
            }
            .into_raw(),
            "ListApplications" => ListApplications {
                environment: Some(environment),
            }
            .into_raw(),
            "CreateApplication" => new_application(environment, &fresh).into_raw(),
            "GetApplication" => GetApplication { application }.into_raw(),
            "UpdateApplication" => UpdateApplication {
                application,
                body: new_application(environment, &fresh).body.settings,
            }
            .into_raw(),
            "DeleteApplication" => DeleteApplication { application }.into_raw(),
            "ListVariables" => ListVariables { application }.into_raw(),
            "SetVariable" => SetVariable {
                application,
                body: VariableValue {
                    key: VariableKey::parse("OTHER").unwrap(),
                    value: Secret::new(VARIABLE.to_owned()),
                },
            }
            .into_raw(),
            "DeleteVariable" => DeleteVariable {
                application,
                key: things.key.clone(),
            }
            .into_raw(),
            "CreateDomain" => new_domain(application, &format!("{fresh}.example.org")).into_raw(),
            "DeleteDomain" => DeleteDomain { application, domain }.into_raw(),
            "ListDeployments" => ListDeployments { application }.into_raw(),
            "RequestDeployment" => RequestDeployment {
                application,
                body: Trigger::Deploy,
            }
            .into_raw(),
            "GetDeployment" => GetDeployment { deployment }.into_raw(),
            "CancelDeployment" => CancelDeployment { deployment }.into_raw(),
            "FollowDeployment" => FollowDeployment {
                deployment,
                after: None,
            }
            .into_raw(),
            "FollowLogs" => FollowLogs {
                application,
                after: None,
                tail: Some(1),
                follow: None,
            }
            .into_raw(),
            _ => return None,
        };
        Some(raw.unwrap())
    }
}
