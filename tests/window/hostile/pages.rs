//! The pages that are opened by their address alone, with hostile texts in them. A test of the window reads this list
//! (`ui/src/every_page.rs`): a page that is new there has to be opened here, or be named there with the reason why not.

use super::sow::Sown;
use super::texts::MARK;

/// An address with names in capitals where ids stand, the part of the page that is looked at, and what is in it.
pub const PAGES: [(&str, &str, &str); 30] = [
    ("#/", "fleet", MARK),
    ("#/add", "add-cluster-page", ""),
    ("#/settings", "settings-page", "Host keys"),
    ("#/settings/host-keys", "host-keys-page", "127.0.0.1"),
    ("#/c/CLUSTER", "projects", MARK),
    ("#/c/CLUSTER/people", "people", MARK),
    ("#/c/CLUSTER/audit", "audit", MARK),
    ("#/c/CLUSTER/events", "events", "branchy"),
    ("#/c/CLUSTER/health", "health", "Swarm"),
    ("#/c/CLUSTER/health/server", "renew-page", MARK),
    ("#/c/CLUSTER/health/terminal", "node-terminal-page", MARK),
    ("#/c/CLUSTER/registries", "registries", MARK),
    ("#/c/CLUSTER/variables/team", "variables-page", MARK),
    ("#/c/CLUSTER/variables/project:PROJECT", "variables-page", MARK),
    (
        "#/c/CLUSTER/variables/environment:ENVIRONMENT",
        "variables-page",
        MARK,
    ),
    ("#/c/CLUSTER/new-app?env=ENVIRONMENT", "new-app-page", "Shop"),
    ("#/c/CLUSTER/app/WEB", "app-page", MARK),
    ("#/c/CLUSTER/app/WEB/deployments", "app-page", MARK),
    ("#/c/CLUSTER/app/WEB/logs", "container-log", MARK),
    ("#/c/CLUSTER/app/WEB/variables", "app-page", MARK),
    ("#/c/CLUSTER/app/WEB/files", "app-page", MARK),
    ("#/c/CLUSTER/app/WEB/domains", "app-page", "example.org"),
    ("#/c/CLUSTER/app/WEB/metrics", "metrics", ""),
    ("#/c/CLUSTER/app/WEB/terminal", "app-page", "No terminal is open"),
    ("#/c/CLUSTER/app/WEB/commands", "commands", MARK),
    ("#/c/CLUSTER/app/WEB/settings", "settings-save", "Save"),
    ("#/c/CLUSTER/app/BRANCHY", "app-page", MARK),
    ("#/c/CLUSTER/deployment/LOST", "deployment-page", MARK),
    ("#/c/CLUSTER/deployment/GOOD", "deployment-page", MARK),
    ("#/c/CLUSTER/deployment/FAILED", "deployment-failure", MARK),
];

/// The address as it is now. The cluster's begins with the sign of an address.
pub fn address(page: &str, cluster: &str, sown: &Sown) -> String {
    let page = page.replace("#/c/CLUSTER", cluster);
    let ids = [
        ("PROJECT", sown.project.to_string()),
        ("ENVIRONMENT", sown.environment.to_string()),
        ("WEB", sown.application.to_string()),
        ("BRANCHY", sown.branchy.to_string()),
        ("LOST", sown.lost.to_string()),
        ("GOOD", sown.good.to_string()),
        ("FAILED", sown.failed.to_string()),
    ];
    let named = ids.iter();
    named.fold(page, |page, (name, id)| page.replace(name, id))
}
