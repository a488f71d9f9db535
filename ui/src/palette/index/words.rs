//! Other words by which something is looked for than those that it is called here.

use crate::route::{Page, Tab};

pub fn of_tab(tab: Tab) -> &'static str {
    match tab {
        Tab::Overview => "home state status",
        Tab::Deployments => "releases history builds versions",
        Tab::Logs => "output console stdout stderr journal",
        Tab::Variables => "environment env secrets configuration",
        Tab::Files => "mounts patches configuration",
        Tab::Domains => "hosts dns urls routes addresses certificates tls https",
        Tab::Metrics => "charts graphs usage cpu memory requests latency monitoring",
        Tab::Commands => "run one-off task job exec migrate",
        Tab::Terminal => "shell console bash exec ssh",
        Tab::Settings => "configuration options preferences",
    }
}

/// Of the pages of a cluster; the others have their own.
pub fn of_page(page: Page) -> &'static str {
    match page {
        Page::Health => "status docker swarm traefik postgresql nodes check-up disk",
        Page::Renew => "upgrade update version agent install",
        Page::Events => "happenings incidents errors notifications",
        Page::People => "members team users accounts roles invitations",
        Page::Audit => "history changes who activity",
        Page::Registries => "images docker hub ghcr sign-ins credentials login",
        Page::Variables(_) => "environment env secrets configuration",
        Page::Home
        | Page::SignIn
        | Page::NodeTerminal
        | Page::NewApp(_)
        | Page::App(..)
        | Page::Deployment(_) => "",
    }
}

/// Of what is done with an application, by the key of its entry.
pub fn of_act(key: &str) -> &'static str {
    match key {
        "deploy" => "release ship publish build",
        "redeploy" => "rebuild again",
        "roll-back" => "rollback revert undo previous earlier",
        "reload" => "apply refresh variables",
        "restart" => "reboot bounce",
        "scale" => "replicas tasks instances more fewer",
        "start" => "resume run on",
        "stop" => "halt pause shut down off",
        "delete" => "remove destroy",
        "forward" => "tunnel localhost local connect",
        _ => "",
    }
}
