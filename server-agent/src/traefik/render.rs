//! Routes → the text of Traefik's dynamic configuration (file provider, v3). Pure.
//! Source of the format: the "Routing" and "File provider" chapters of Traefik's documentation. JSON is YAML.

use serde_json::{Map, Value, json};

use crate::domain::routes::{Routes, Target, halves};
use slipway_protocol::deploy_url;

/// Carries the key that leads to Traefik's own API.
pub const KEY_HEADER: &str = "X-Slipway-Key";
/// Carries the token that leads to one task of a release at its gate.
pub const PROBE_HEADER: &str = "X-Slipway-Probe";

/// How the edge connects to tasks. A connection that is idle for so long is closed by the edge: well before the servers of most
/// languages close theirs (5 s in Node), which would break the next request; and so that who is still connected to a release
/// after a cut-over is somebody in the middle of something.
const TRANSPORT: &str = "slipway";
const IDLE: &str = "2s";

/// Router and service of the deploy URLs.
const DEPLOY_URLS: &str = "slipway-deploy-urls";

/// Above every rule of an application, whose priorities are lengths of rules.
const INTERNAL_PRIORITY: u32 = 1_000_000;

/// Renders everything the edge should know. `key` guards Traefik's own API.
pub fn render(routes: &Routes, key: &str) -> String {
    let (mut routers, mut services) = (Map::new(), Map::new());
    routers.insert(
        "slipway-api".to_owned(),
        json!({ "entryPoints": ["web"], "rule": format!("Header(`{KEY_HEADER}`, `{key}`) && PathPrefix(`/api`)"), "service": "api@internal", "priority": INTERNAL_PRIORITY }),
    );
    routers.insert(
        "slipway-metrics".to_owned(),
        json!({ "entryPoints": ["web"], "rule": format!("Header(`{KEY_HEADER}`, `{key}`) && Path(`/metrics`)"), "service": "prometheus@internal", "priority": INTERNAL_PRIORITY }),
    );
    for rule in &routes.rules {
        let matches = match rule.path.as_str() {
            "/" => format!("Host(`{}`)", rule.host),
            path => {
                let path = path.trim_end_matches('/');
                format!(
                    "Host(`{}`) && (Path(`{path}`) || PathPrefix(`{path}/`))",
                    rule.host
                )
            }
        };
        routers.insert(
            rule.name.clone(),
            json!({ "entryPoints": ["web"], "rule": matches, "service": rule.target, "middlewares": ["slipway-strip"] }),
        );
    }
    for (name, target) in &routes.targets {
        add_target(&mut services, name, target);
    }
    for probe in &routes.probes {
        let rule = format!("Header(`{PROBE_HEADER}`, `{}`)", probe.token);
        routers.insert(
            probe.name.clone(),
            json!({ "entryPoints": ["web"], "rule": rule, "service": probe.name, "priority": INTERNAL_PRIORITY, "middlewares": ["slipway-strip"] }),
        );
        services.insert(probe.name.clone(), service(std::slice::from_ref(&probe.server)));
    }
    if let Some(address) = routes.deploy_urls {
        routers.insert(
            DEPLOY_URLS.to_owned(),
            json!({ "entryPoints": ["web"], "rule": format!("PathPrefix(`{}`)", deploy_url::PREFIX), "service": DEPLOY_URLS, "priority": INTERNAL_PRIORITY - 1, "middlewares": ["slipway-strip"] }),
        );
        services.insert(DEPLOY_URLS.to_owned(), service(&[format!("http://{address}")]));
    }
    let strip = json!({ "headers": { "customRequestHeaders": { KEY_HEADER: "", PROBE_HEADER: "" } } });
    let mut http = Map::new();
    http.insert("routers".to_owned(), Value::Object(routers));
    http.insert("middlewares".to_owned(), json!({ "slipway-strip": strip }));
    if !services.is_empty() {
        http.insert("services".to_owned(), Value::Object(services));
    }
    let transport = json!({ "forwardingTimeouts": { "idleConnTimeout": IDLE } });
    http.insert("serversTransports".to_owned(), json!({ TRANSPORT: transport }));
    json!({ "http": http }).to_string()
}

/// One service; or, with a canary, two between which the requests are shared out.
fn add_target(services: &mut Map<String, Value>, name: &str, target: &Target) {
    let Some((next, share)) = &target.canary else {
        services.insert(name.to_owned(), service(&target.servers));
        return;
    };
    let (now_name, next_name) = halves(name);
    let weighted = json!({ "weighted": { "services": [
        { "name": now_name, "weight": 100 - (*share).min(100) },
        { "name": next_name, "weight": share },
    ] } });
    services.insert(name.to_owned(), weighted);
    services.insert(now_name, service(&target.servers));
    services.insert(next_name, service(next));
}

fn service(servers: &[String]) -> Value {
    let servers: Vec<Value> = servers.iter().map(|url| json!({ "url": url })).collect();
    json!({ "loadBalancer": { "servers": servers, "passHostHeader": true, "serversTransport": TRANSPORT } })
}

/// The servers in a configuration that [`render`] made: what took part before the agent was restarted.
pub fn servers_in(text: &str) -> Vec<String> {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let services = value["http"]["services"].as_object().cloned().unwrap_or_default();
    let applications = services.iter().filter(|(name, _)| name.starts_with("app-"));
    applications
        .flat_map(|(_, service)| {
            service["loadBalancer"]["servers"]
                .as_array()
                .cloned()
                .unwrap_or_default()
        })
        .filter_map(|server| server["url"].as_str().map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::routes::{Probe, Rule, servers};
    use slipway_protocol::{HostName, UrlPath};

    fn routes() -> Routes {
        let target = Target {
            servers: servers(["10.0.1.9".to_owned(), "10.0.1.2".to_owned()], 8080),
            canary: None,
        };
        let rule = |name: &str, path: &str| Rule {
            name: name.to_owned(),
            host: HostName::parse("shop.example.org").unwrap(),
            path: UrlPath::parse(path).unwrap(),
            target: "app-1".to_owned(),
        };
        Routes {
            targets: [("app-1".to_owned(), target)].into(),
            rules: vec![rule("a", "/"), rule("b", "/api")],
            probes: vec![Probe {
                name: "probe-1".to_owned(),
                task: "1".to_owned(),
                token: "token".to_owned(),
                server: "http://10.0.1.3:8080".to_owned(),
            }],
            deploy_urls: Some(([172, 18, 0, 1], 4000).into()),
        }
    }

    /// FR-EDG-01: the same routes give the same text, with the tasks in a stable order.
    #[test]
    fn rendering_is_stable() {
        let text = render(&routes(), "key");
        assert_eq!(text, render(&routes(), "key"));
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(
            value["http"]["services"]["app-1"]["loadBalancer"]["servers"][0]["url"],
            "http://10.0.1.2:8080"
        );
        assert_eq!(
            value["http"]["routers"]["b"]["rule"],
            "Host(`shop.example.org`) && (Path(`/api`) || PathPrefix(`/api/`))"
        );
    }

    /// FR-EDG-01: the internal headers are taken off every request that reaches an application.
    #[test]
    fn internal_headers_never_reach_an_application() {
        let value: Value = serde_json::from_str(&render(&routes(), "key")).unwrap();
        for (name, router) in value["http"]["routers"].as_object().unwrap() {
            if name != "slipway-api" && name != "slipway-metrics" {
                assert_eq!(router["middlewares"][0], "slipway-strip", "{name}");
            }
        }
    }

    /// FR-DEP-05: a canary is a second service with a share; the application's own name stays.
    #[test]
    fn a_canary_shares_the_requests() {
        let mut routes = routes();
        let target = routes.targets.get_mut("app-1").unwrap();
        target.canary = Some((vec!["http://10.0.1.7:8080".to_owned()], 10));
        let value: Value = serde_json::from_str(&render(&routes, "key")).unwrap();
        let services = &value["http"]["services"];
        assert_eq!(
            services["app-1"]["weighted"]["services"][0],
            json!({ "name": "app-1-now", "weight": 90 })
        );
        assert_eq!(
            services["app-1-next"]["loadBalancer"]["servers"][0]["url"],
            "http://10.0.1.7:8080"
        );
    }

    /// NFR-R2: a restarted agent finds in the configuration who took part.
    #[test]
    fn who_took_part_is_found_again() {
        let found = servers_in(&render(&routes(), "key"));
        assert_eq!(found, ["http://10.0.1.2:8080", "http://10.0.1.9:8080"]);
        assert!(servers_in("no json").is_empty());
    }

    /// FR-EDG-01: an edge without applications is a valid configuration: Traefik refuses empty maps.
    #[test]
    fn nothing_to_serve_is_valid() {
        let value: Value = serde_json::from_str(&render(&Routes::default(), "key")).unwrap();
        assert!(value["http"].get("services").is_none());
    }
}
