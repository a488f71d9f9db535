//! Which right a page needs beyond being in the team, and who has one. The page says so itself; what leads there says it before.

use slipway_protocol::{Action, Resource, Role};

use crate::route::{Page, Tab};

/// Why what developers may do, and who is above them, is not done by others.
pub const FOR_DEVELOPERS: &str = "It needs the role developer, admin or owner";
/// Why what admins and owners may do is not done by others.
pub const FOR_ADMINS: &str = "It needs the role admin or owner";

/// What a page is of no use without; nothing where every member may see it.
pub fn of_page(page: Page) -> Option<(Resource, Action)> {
    match page {
        Page::Audit => Some((Resource::Audit, Action::Read)),
        Page::NodeTerminal => Some((Resource::Node, Action::Run)),
        Page::Registries => Some((Resource::Credential, Action::Read)),
        Page::NewApp(_) => Some((Resource::Application, Action::Write)),
        Page::Variables(_) | Page::App(_, Tab::Variables | Tab::Files) => {
            Some((Resource::Variable, Action::Read))
        }
        Page::App(_, Tab::Terminal) => Some((Resource::Terminal, Action::Run)),
        Page::App(_, Tab::Commands) => Some((Resource::Command, Action::Run)),
        Page::Home
        | Page::SignIn
        | Page::Health
        | Page::Renew
        | Page::Events
        | Page::People
        | Page::Deployment(_)
        | Page::App(
            _,
            Tab::Overview | Tab::Deployments | Tab::Logs | Tab::Domains | Tab::Metrics | Tab::Settings,
        ) => None,
    }
}

/// The roles that have a right: “developer, admin or owner”.
pub fn roles_with(resource: Resource, action: Action) -> String {
    let having = Role::ALL.into_iter().filter(|role| role.allows(resource, action));
    let names: Vec<&str> = having.map(Role::as_str).collect();
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => "that nobody has".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-S8, NFR-U2: who may is told by the one table of rights.
    #[test]
    fn who_may_is_told_by_the_table() {
        assert_eq!(roles_with(Resource::Audit, Action::Read), "admin or owner");
        assert_eq!(
            roles_with(Resource::Terminal, Action::Run),
            "developer, admin or owner"
        );
        assert_eq!(roles_with(Resource::Team, Action::Write), "owner");
        for (said, resource, action) in [
            (FOR_DEVELOPERS, Resource::Application, Action::Write),
            (FOR_DEVELOPERS, Resource::Deployment, Action::Run),
            (FOR_ADMINS, Resource::Application, Action::Delete),
            (FOR_ADMINS, Resource::Project, Action::Write),
        ] {
            assert_eq!(
                said,
                format!("It needs the role {}", roles_with(resource, action))
            );
        }
    }
}
