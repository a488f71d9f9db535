//! The pages' addresses, kept in the URL's hash so that back, forward and reload work.

use std::fmt;

use slipway_protocol::{ApplicationId, ClusterId, DeploymentId, EnvironmentId, Scope};
use wasm_bindgen::JsValue;
use yew::prelude::*;

use crate::browser::use_window_event;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Fleet,
    Add,
    /// The settings of the app itself.
    Settings,
    HostKeys,
    Cluster(ClusterId, Page),
    /// An address that nothing answers to.
    Unknown,
}

/// A page of one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    Home,
    SignIn,
    Health,
    /// Bringing the server up to date.
    Renew,
    /// Shells on the agent's own node.
    NodeTerminal,
    Events,
    People,
    Audit,
    Registries,
    /// Of the team, a project or an environment; those of an application are a tab.
    Variables(Scope),
    NewApp(EnvironmentId),
    App(ApplicationId, Tab),
    Deployment(DeploymentId),
}

/// A tab of an application's page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tab {
    Overview,
    Deployments,
    Logs,
    Variables,
    Files,
    Domains,
    Metrics,
    Terminal,
    Commands,
    Settings,
}

impl Tab {
    pub const ALL: [Self; 10] = [
        Self::Overview,
        Self::Deployments,
        Self::Logs,
        Self::Variables,
        Self::Files,
        Self::Domains,
        Self::Metrics,
        Self::Terminal,
        Self::Commands,
        Self::Settings,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Deployments => "deployments",
            Self::Logs => "logs",
            Self::Variables => "variables",
            Self::Files => "files",
            Self::Domains => "domains",
            Self::Metrics => "metrics",
            Self::Terminal => "terminal",
            Self::Commands => "commands",
            Self::Settings => "settings",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Deployments => "Deployments",
            Self::Logs => "Logs",
            Self::Variables => "Variables",
            Self::Files => "Files",
            Self::Domains => "Domains",
            Self::Metrics => "Metrics",
            Self::Terminal => "Terminal",
            Self::Commands => "Commands",
            Self::Settings => "Settings",
        }
    }

    fn named(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|tab| tab.as_str() == text)
    }
}

impl Route {
    pub fn parse(hash: &str) -> Self {
        let path = hash.trim_start_matches('#');
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match parts.as_slice() {
            [] => Self::Fleet,
            ["add"] => Self::Add,
            ["settings"] => Self::Settings,
            ["settings", "host-keys"] => Self::HostKeys,
            ["c", cluster, rest @ ..] => match (cluster.parse(), Page::parse(rest, query)) {
                (Ok(cluster), Some(page)) => Self::Cluster(cluster, page),
                _ => Self::Unknown,
            },
            _ => Self::Unknown,
        }
    }
}

impl Page {
    fn parse(parts: &[&str], query: &str) -> Option<Self> {
        Some(match parts {
            [] => Self::Home,
            ["sign-in"] => Self::SignIn,
            ["health"] => Self::Health,
            ["health", "server"] => Self::Renew,
            ["health", "terminal"] => Self::NodeTerminal,
            ["events"] => Self::Events,
            ["people"] => Self::People,
            ["audit"] => Self::Audit,
            ["registries"] => Self::Registries,
            ["variables", scope] => Self::Variables(
                scope
                    .parse()
                    .ok()
                    .filter(|scope| !matches!(scope, Scope::Application(_)))?,
            ),
            ["new-app"] => Self::NewApp(query.strip_prefix("env=")?.parse().ok()?),
            ["app", id] => Self::App(id.parse().ok()?, Tab::Overview),
            ["app", id, tab] => Self::App(id.parse().ok()?, Tab::named(tab)?),
            ["deployment", id] => Self::Deployment(id.parse().ok()?),
            _ => return None,
        })
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fleet | Self::Unknown => f.write_str("#/"),
            Self::Add => f.write_str("#/add"),
            Self::Settings => f.write_str("#/settings"),
            Self::HostKeys => f.write_str("#/settings/host-keys"),
            Self::Cluster(id, page) => {
                write!(f, "#/c/{id}")?;
                match page {
                    Page::Home => Ok(()),
                    Page::SignIn => f.write_str("/sign-in"),
                    Page::Health => f.write_str("/health"),
                    Page::Renew => f.write_str("/health/server"),
                    Page::NodeTerminal => f.write_str("/health/terminal"),
                    Page::Events => f.write_str("/events"),
                    Page::People => f.write_str("/people"),
                    Page::Audit => f.write_str("/audit"),
                    Page::Registries => f.write_str("/registries"),
                    Page::Variables(scope) => write!(f, "/variables/{scope}"),
                    Page::NewApp(environment) => write!(f, "/new-app?env={environment}"),
                    Page::App(id, tab) => write!(f, "/app/{id}/{}", tab.as_str()),
                    Page::Deployment(id) => write!(f, "/deployment/{id}"),
                }
            }
        }
    }
}

/// Opens a page.
pub fn go(route: Route) {
    if let Some(window) = web_sys::window() {
        // Setting the hash cannot fail in a page of the app.
        let _ = window.location().set_hash(&route.to_string());
    }
}

/// Opens a page in the place of this one: going back does not lead here again.
pub fn replace(route: Route) {
    if let Some(window) = web_sys::window() {
        // Only another hash: it cannot fail in a page of the app.
        let _ = window.location().replace(&route.to_string());
    }
}

/// Whether the window has no address yet: it is new, and was not only loaded anew.
pub fn is_bare() -> bool {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok());
    hash.is_none_or(|hash| hash.is_empty())
}

/// Gives a new window its first page, before anything is drawn. Nobody is told of a change.
pub fn begin(route: Route) {
    let history = web_sys::window().and_then(|window| window.history().ok());
    if let Some(history) = history {
        // Where it fails the window begins with the fleet, as one without an address does.
        let _ = history.replace_state_with_url(&JsValue::NULL, "", Some(&route.to_string()));
    }
}

/// The page from which something was asked for. Its answer leads on only if the person is still there.
#[derive(Clone, Copy, Debug)]
pub struct Here(Route);

impl Here {
    pub fn now() -> Self {
        Self(current())
    }

    /// The same in the place of the page that is open.
    pub fn replace(self, to: Route) {
        if current() == self.0 {
            replace(to);
        }
    }

    /// Opens a page, unless another one was opened meanwhile.
    pub fn go(self, to: Route) {
        if current() == self.0 {
            go(to);
        }
    }
}

/// The page that is shown.
pub fn current() -> Route {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok());
    Route::parse(&hash.unwrap_or_default())
}

/// The route as it is now; the component renders again when it changes.
#[hook]
pub fn use_route() -> Route {
    let route = use_state_eq(current);
    let setter = route.setter();
    use_window_event("hashchange", move |_: Event| setter.set(current()));
    *route
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "018f0000-0000-7000-8000-000000000001";

    /// FR-DSK-01: every address is read back as what it was made from.
    #[test]
    fn addresses_go_round() {
        let cluster: ClusterId = ID.parse().unwrap();
        let mut pages = vec![
            Page::Home,
            Page::SignIn,
            Page::Health,
            Page::Renew,
            Page::NodeTerminal,
            Page::Events,
            Page::People,
            Page::Audit,
            Page::Registries,
            Page::Variables(Scope::Team),
            Page::Variables(Scope::Project(ID.parse().unwrap())),
            Page::Variables(Scope::Environment(ID.parse().unwrap())),
            Page::NewApp(ID.parse().unwrap()),
            Page::Deployment(ID.parse().unwrap()),
        ];
        pages.extend(Tab::ALL.map(|tab| Page::App(ID.parse().unwrap(), tab)));
        for page in pages {
            let route = Route::Cluster(cluster, page);
            assert_eq!(Route::parse(&route.to_string()), route);
        }
        assert_eq!(Route::parse(""), Route::Fleet);
        for route in [Route::Add, Route::Settings, Route::HostKeys] {
            assert_eq!(Route::parse(&route.to_string()), route);
        }
    }

    /// FR-DSK-01: an address that means nothing leads to no page.
    #[test]
    fn nonsense_is_unknown() {
        for text in [
            "#/c/x",
            "#/nope",
            "#/c/018f0000-0000-7000-8000-000000000001/variables/application:018f0000-0000-7000-8000-000000000001",
            "#/c/018f0000-0000-7000-8000-000000000001/app/1/logs",
        ] {
            assert_eq!(Route::parse(text), Route::Unknown, "{text}");
        }
    }
}
