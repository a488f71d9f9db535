//! Who may do what: the vocabulary of the one gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The kinds of things that a right is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    Team,
    Project,
    Application,
    Variable,
    /// The value of a secret variable, or a file's content: what is otherwise only written.
    Secret,
    Domain,
    Deployment,
    /// What lets the agent into repositories and registries.
    Credential,
    Log,
    /// A shell or a command in a running container.
    Terminal,
    /// A command that runs once in a new container of a release, and what it writes: as mighty as a shell.
    Command,
    /// The way from one's own machine to a port of a running container.
    Forward,
    Audit,
    /// The servers themselves: how they are kept, and what an application gets of one beyond itself (its folders, networks of others).
    /// To run is a shell on the node itself, as root.
    Node,
}

/// What is done to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Read,
    Write,
    Delete,
    /// Deploy, roll back, cancel; open a shell; run a command.
    Run,
}

/// What a call asks of its caller. Every [`crate::Endpoint`] declares one; a route without it cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// No sign-in: version, signing in, accepting an invitation.
    Public,
    /// Any signed-in user, about themselves.
    SignedIn,
    /// A member of the team whose role allows it.
    Team(Resource, Action),
}

/// A member's role in a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Developer,
    Admin,
    Owner,
}

impl Role {
    pub const ALL: [Role; 4] = [Role::Viewer, Role::Developer, Role::Admin, Role::Owner];

    /// The whole rights table: what each role may do in its team.
    pub fn allows(self, resource: Resource, action: Action) -> bool {
        use {Action as A, Resource as R};
        match (resource, action) {
            (R::Audit, A::Read) => self >= Role::Admin,
            (R::Audit, A::Write | A::Delete | A::Run) => false,
            (R::Node, A::Read | A::Write | A::Delete) => self >= Role::Admin,
            // Root on the node can reach whatever is there, also other teams' things.
            (R::Node, A::Run) => self >= Role::Admin,
            (R::Variable | R::Credential, A::Read) => self >= Role::Developer,
            (R::Terminal | R::Command | R::Forward, A::Read | A::Write | A::Delete | A::Run) => {
                self >= Role::Developer
            }
            (R::Secret, A::Read) => self >= Role::Admin,
            (R::Secret, A::Write | A::Delete | A::Run) => false,
            (R::Team | R::Project | R::Application | R::Domain | R::Deployment | R::Log, A::Read) => true,
            (R::Team, A::Write | A::Delete | A::Run) => self >= Role::Owner,
            (R::Project, A::Write | A::Delete | A::Run) => self >= Role::Admin,
            (R::Application, A::Delete) => self >= Role::Admin,
            (R::Application, A::Write | A::Run) => self >= Role::Developer,
            (R::Variable | R::Domain | R::Deployment | R::Credential, A::Write | A::Delete | A::Run) => {
                self >= Role::Developer
            }
            (R::Log, A::Write | A::Delete | A::Run) => false,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Developer => "developer",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of that name, as it is stored.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}
