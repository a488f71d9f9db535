//! What passed through the edge, from Traefik's own counters.
//! Source of the format: the text format of Prometheus, and the names in Traefik's "Metrics" chapter (v3).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// Counters since Traefik began, or what they grew by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Traffic {
    pub requests: u64,
    /// Answered with 5xx: by the application, or by the edge because it did not answer.
    pub failed: u64,
    /// The time that all answers took together.
    pub seconds: f64,
}

impl Traffic {
    /// What was added since `earlier`. A Traefik that began anew meanwhile counts from nothing.
    pub fn since(self, earlier: Self) -> Self {
        if self.requests < earlier.requests {
            return self;
        }
        Self {
            requests: self.requests - earlier.requests,
            failed: self.failed.saturating_sub(earlier.failed),
            seconds: (self.seconds - earlier.seconds).max(0.0),
        }
    }

    /// The mean time of an answer, in milliseconds.
    #[allow(clippy::cast_precision_loss)]
    pub fn mean_ms(self) -> Option<f64> {
        (self.requests > 0).then(|| self.seconds * 1000.0 / self.requests as f64)
    }
}

/// The traffic of the edge's services with these names (as in the configuration).
pub fn read(metrics: &str, names: &[&str]) -> Traffic {
    let mut traffic = Traffic::default();
    for (service, counted) in counted(metrics) {
        if names.contains(&service) {
            counted.add_to(&mut traffic);
        }
    }
    traffic
}

/// The traffic of every service of the configuration, by its name.
pub fn by_service(metrics: &str) -> HashMap<String, Traffic> {
    let mut all: HashMap<String, Traffic> = HashMap::new();
    for (service, counted) in counted(metrics) {
        if let Some(traffic) = all.get_mut(service) {
            counted.add_to(traffic);
        } else {
            let mut traffic = Traffic::default();
            counted.add_to(&mut traffic);
            all.insert(service.to_owned(), traffic);
        }
    }
    all
}

/// What a line counts.
enum Counted {
    Requests { count: u64, failed: bool },
    Seconds(f64),
}

impl Counted {
    fn add_to(&self, traffic: &mut Traffic) {
        match self {
            Self::Requests { count, failed } => {
                traffic.requests += count;
                if *failed {
                    traffic.failed += count;
                }
            }
            Self::Seconds(seconds) => traffic.seconds += seconds,
        }
    }
}

/// The lines that count something of a service of the configuration, with its name.
fn counted(metrics: &str) -> impl Iterator<Item = (&str, Counted)> {
    let lines = metrics
        .lines()
        .filter(|line| line.starts_with("traefik_service_request"));
    lines.filter_map(|line| {
        let (name, labels, value) = sample(line)?;
        let counted = match name {
            "traefik_service_requests_total" => Counted::Requests {
                count: whole(value),
                failed: label(labels, "code").is_some_and(|code| code.starts_with('5')),
            },
            "traefik_service_request_duration_seconds_sum" => Counted::Seconds(value),
            _ => return None,
        };
        Some((label(labels, "service")?.strip_suffix("@file")?, counted))
    })
}

/// `name{labels} value`.
fn sample(line: &str) -> Option<(&str, &str, f64)> {
    let (name, rest) = line.split_once('{')?;
    let (labels, value) = rest.rsplit_once("} ")?;
    Some((name, labels, value.split(' ').next()?.parse().ok()?))
}

fn label<'a>(labels: &'a str, name: &str) -> Option<&'a str> {
    let at = labels
        .split(',')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix("=\""))?;
    at.strip_suffix('"')
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn whole(value: f64) -> u64 {
    value.max(0.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-14: counters are read by service, and 5xx count as failed.
    #[test]
    fn counters_are_read() {
        let text = "# HELP traefik_service_requests_total How many\n\
            traefik_service_requests_total{code=\"200\",method=\"GET\",protocol=\"http\",service=\"app-1@file\"} 12\n\
            traefik_service_requests_total{code=\"502\",method=\"GET\",protocol=\"http\",service=\"app-1@file\"} 2\n\
            traefik_service_requests_total{code=\"200\",method=\"GET\",protocol=\"http\",service=\"app-11@file\"} 7\n\
            traefik_service_request_duration_seconds_sum{code=\"200\",method=\"GET\",protocol=\"http\",service=\"app-1@file\"} 1.5\n";
        let traffic = read(text, &["app-1"]);
        assert_eq!((traffic.requests, traffic.failed), (14, 2));
        assert!((traffic.seconds - 1.5).abs() < 1e-9);
        let all = by_service(text);
        assert_eq!(all.len(), 2);
        assert_eq!((all["app-1"], all["app-11"].requests), (traffic, 7));
    }

    /// FR-DEP-14: a Traefik that was restarted counts from nothing, and nothing is negative.
    #[test]
    fn a_restart_counts_from_nothing() {
        let earlier = Traffic {
            requests: 100,
            failed: 1,
            seconds: 9.0,
        };
        let now = Traffic {
            requests: 4,
            failed: 0,
            seconds: 0.2,
        };
        assert_eq!(now.since(earlier), now);
    }
}
