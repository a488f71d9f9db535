//! The routes that should exist: a projection of who serves, which domains lead there, and where the tasks are.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use slipway_protocol::{ApplicationId, HostName, UrlPath};

/// Everything that the edge should know, in a stable order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Routes {
    /// By the name of the Traefik service.
    pub targets: BTreeMap<String, Target>,
    pub rules: Vec<Rule>,
    pub probes: Vec<Probe>,
    /// Where requests for deploy URLs go, as soon as somebody takes them.
    pub deploy_urls: Option<SocketAddr>,
}

/// The tasks behind an application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `http://address:port` each, sorted.
    pub servers: Vec<String>,
    /// The tasks of a canary, and their share of the requests, in per cent.
    pub canary: Option<(Vec<String>, u8)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub name: String,
    pub host: HostName,
    pub path: UrlPath,
    pub target: String,
}

/// A way to one new task, for whoever knows the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    pub name: String,
    /// The task's id.
    pub task: String,
    pub token: String,
    pub server: String,
}

/// The servers of tasks at these addresses, sorted, each once.
pub fn servers(addresses: impl IntoIterator<Item = String>, port: u16) -> Vec<String> {
    let mut servers: Vec<String> = addresses
        .into_iter()
        .map(|address| server_url(&address, port))
        .collect();
    servers.sort();
    servers.dedup();
    servers
}

/// The Traefik service of an application. Its name stays, so that a cut-over changes servers and nothing else.
pub fn target_name(application: ApplicationId) -> String {
    format!("app-{}", application.uuid().simple())
}

/// The two halves of an application's requests while it has a canary: the serving release, and the new one.
pub fn halves(target: &str) -> (String, String) {
    (format!("{target}-now"), format!("{target}-next"))
}

/// Whose service that is, or a half of it; `None` for what belongs to no application.
pub fn application_of(service: &str) -> Option<ApplicationId> {
    let id = service.strip_prefix("app-")?;
    let id = id
        .strip_suffix("-now")
        .or_else(|| id.strip_suffix("-next"))
        .unwrap_or(id);
    id.parse().ok()
}

pub fn server_url(address: &str, port: u16) -> String {
    if address.contains(':') {
        format!("http://[{address}]:{port}")
    } else {
        format!("http://{address}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-03: a service of the edge leads back to its application, whole or half; others do not.
    #[test]
    fn services_lead_back() {
        let id = ApplicationId(uuid::Uuid::from_u128(7));
        let target = target_name(id);
        let (now, next) = halves(&target);
        for service in [target, now, next] {
            assert_eq!(application_of(&service), Some(id), "{service}");
        }
        assert_eq!(application_of("app-x"), None);
        assert_eq!(application_of("probe-1"), None);
    }
}
