//! Which right a page needs beyond being in the team. The page says so itself; what leads there says it before.

use slipway_protocol::{Action, Resource, Role};

use crate::route::{Page, Tab};

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
    }
}
