//! Where a terminal is, and what follows from that: the right that it needs, and what people call it.

use slipway_protocol::task::TaskName;
use slipway_protocol::terminal::TerminalPlace;
use slipway_protocol::{Action, ApplicationId, Resource};

use crate::db::terminals::Running;

/// In an application's task, or on the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    Task {
        application: ApplicationId,
        /// The application's name.
        name: String,
        /// Absent where none could be reached.
        task: Option<TaskName>,
    },
    Node {
        /// The node's host name.
        name: String,
    },
}

impl Place {
    /// What its owner must be allowed to do, when it is opened and as long as it is there.
    pub fn right(&self) -> (Resource, Action) {
        match self {
            Self::Task { .. } => (Resource::Terminal, Action::Run),
            Self::Node { .. } => (Resource::Node, Action::Run),
        }
    }

    /// What the audit log calls it.
    pub fn subject(&self) -> String {
        match self {
            Self::Task {
                name,
                task: Some(task),
                ..
            } => format!("{name}, task {}", task.short()),
            Self::Task { name, task: None, .. } => name.clone(),
            Self::Node { name } => format!("node {name}"),
        }
    }

    /// As the row of a running terminal has it.
    pub fn of(row: &Running) -> Self {
        let name = row.name.clone();
        match row.application {
            Some(application) => Self::Task {
                application,
                name,
                task: TaskName::parse(&row.task).ok(),
            },
            None => Self::Node { name },
        }
    }

    pub fn application(&self) -> Option<ApplicationId> {
        match self {
            Self::Task { application, .. } => Some(*application),
            Self::Node { .. } => None,
        }
    }

    /// The application's name, or the node's.
    pub fn name(&self) -> &str {
        match self {
            Self::Task { name, .. } | Self::Node { name } => name,
        }
    }

    pub fn task(&self) -> Option<&TaskName> {
        match self {
            Self::Task { task, .. } => task.as_ref(),
            Self::Node { .. } => None,
        }
    }

    pub fn view(&self) -> TerminalPlace {
        match self {
            Self::Task {
                application, task, ..
            } => TerminalPlace::Task {
                application: *application,
                task: task.clone(),
            },
            Self::Node { name } => TerminalPlace::Node { node: name.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::Role;

    /// FR-OBS-02, FR-IAM-05: a shell in a container is a developer's; one on the node, where it is root's, is an admin's or an owner's.
    #[test]
    fn the_node_needs_more_than_a_container() {
        let task = Place::Task {
            application: ApplicationId(uuid::Uuid::nil()),
            name: "web".to_owned(),
            task: TaskName::parse("abcdefghijklmnop").ok(),
        };
        let node = Place::Node {
            name: "db1".to_owned(),
        };
        let may = |place: &Place| {
            let (resource, action) = place.right();
            Role::ALL.map(|role| role.allows(resource, action))
        };
        assert_eq!(may(&task), [false, true, true, true]);
        assert_eq!(may(&node), [false, false, true, true]);
        assert_eq!(task.subject(), "web, task abcdefghijkl");
        assert_eq!(node.subject(), "node db1");
    }
}
