//! Asking a task whether it is healthy, through the edge: the very way that its users' requests will take.

use std::time::Duration;

use slipway_protocol::settings::{Answer as Wanted, ApplicationSettings, HealthCheck, Port};

use crate::domain::explain::seen::Answer;
use crate::domain::plan::Plan;
use crate::domain::rollout::{ObservedTask, TaskState};
use crate::domain::routes::{Probe, server_url};
use crate::traefik::{EdgeApi, Probed};

/// Without a check of its own and without a port, a task has to stay up for so long.
const STAYS_UP: Duration = Duration::from_secs(10);

/// What the gate looks for, decided from the settings.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Check<'a> {
    /// `GET path` is answered. Without `wanted`, by anything.
    Answers {
        path: &'a str,
        wanted: Option<&'a Wanted>,
    },
    /// Something accepts connections on the port.
    Listens,
    /// It runs. Where a command belongs to it, Swarm says so only when that succeeded.
    Runs,
    /// It runs without ending, for so long.
    Stays(Duration),
}

impl<'a> Check<'a> {
    pub fn of(settings: &'a ApplicationSettings) -> Self {
        match (&settings.health, settings.port) {
            (HealthCheck::Command { .. }, _) => Self::Runs,
            (HealthCheck::StaysUp { seconds }, _) => {
                Self::Stays(Duration::from_secs(u64::from(seconds.get())))
            }
            (HealthCheck::Port | HealthCheck::Http { .. } | HealthCheck::Tcp, None) => Self::Stays(STAYS_UP),
            (HealthCheck::Port, Some(_)) => Self::Answers {
                path: "/",
                wanted: None,
            },
            (HealthCheck::Http { path, answer }, Some(_)) => Self::Answers {
                path: path.as_str(),
                wanted: Some(answer),
            },
            (HealthCheck::Tcp, Some(_)) => Self::Listens,
        }
    }

    /// Tasks are asked through the edge.
    pub fn asks(&self) -> bool {
        match self {
            Self::Answers { .. } | Self::Listens => true,
            Self::Runs | Self::Stays(_) => false,
        }
    }

    pub fn path(&self) -> &'a str {
        match self {
            Self::Answers { path, .. } => path,
            Self::Listens | Self::Runs | Self::Stays(_) => "/",
        }
    }

    /// Whether a task that answered like this is healthy.
    pub fn accepts(&self, answer: &Asked) -> bool {
        match (self, answer.answer) {
            (Self::Runs | Self::Stays(_), _) => true,
            (Self::Answers { .. } | Self::Listens, Answer::NoWay | Answer::Refused) => false,
            // It took the connection and says nothing: for a check of the port alone that is enough.
            (Self::Listens, Answer::Late | Answer::Status(_)) => true,
            (Self::Answers { .. }, Answer::Late) => false,
            (Self::Answers { wanted: None, .. }, Answer::Status(_)) => true,
            (
                Self::Answers {
                    wanted: Some(wanted), ..
                },
                Answer::Status(status),
            ) => {
                let right = wanted
                    .status
                    .map_or((200..400).contains(&status), |only| status == only);
                right
                    && wanted
                        .text
                        .as_ref()
                        .is_none_or(|text| answer.body.contains(text.as_str()))
            }
        }
    }
}

/// A task's answer: what it comes to, and the beginning of its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub answer: Answer,
    pub body: String,
}

/// A way to each running task, each with a value of its own. An application without a port has none.
pub fn probes<'t>(plan: &Plan, tasks: impl Iterator<Item = &'t ObservedTask>) -> Vec<Probe> {
    let Some(port) = plan.settings.port.map(Port::get) else {
        return Vec::new();
    };
    let mut probes: Vec<Probe> = tasks
        .filter(|task| task.wanted && task.state == TaskState::Running)
        .filter_map(|task| {
            Some(Probe {
                // A task may be asked for two deployments at once, each with a token of its own.
                name: format!(
                    "probe-{}-{}",
                    plan.probe_token.get(..8).unwrap_or_default(),
                    task.id
                ),
                task: task.id.clone(),
                token: format!("{}-{}", plan.probe_token, task.id),
                server: server_url(task.address.as_ref()?, port),
            })
        })
        .collect();
    probes.sort_by(|a, b| a.name.cmp(&b.name));
    probes
}

pub async fn ask(edge: &EdgeApi, probe: &Probe, check: Check<'_>) -> Asked {
    let first = once(edge, probe, check).await;
    if first.answer != Answer::NoWay || !matches!(edge.servers(&probe.name).await, Ok(Some(_))) {
        return first;
    }
    // Programs in Go say “not found” in the very words of the edge. Now that the edge knows the way, they are the task's.
    let again = once(edge, probe, check).await;
    match again.answer {
        Answer::NoWay => Asked {
            answer: Answer::Status(404),
            ..again
        },
        Answer::Refused | Answer::Late | Answer::Status(_) => again,
    }
}

async fn once(edge: &EdgeApi, probe: &Probe, check: Check<'_>) -> Asked {
    match edge.probe(&probe.token, check.path()).await {
        Ok(Some(Probed { status, body })) => Asked {
            answer: Answer::of_status(status.as_u16()),
            body,
        },
        Ok(None) => bare(Answer::NoWay),
        // An edge that is just starting says nothing of the task; one that is there waited for it in vain. The deadline ends the patience.
        Err(_) if edge.alive().await.is_err() => bare(Answer::NoWay),
        Err(_) => bare(Answer::Late),
    }
}

fn bare(answer: Answer) -> Asked {
    Asked {
        answer,
        body: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn settings(more: serde_json::Value) -> ApplicationSettings {
        let mut all = json!({ "source": { "kind": "image", "image": "a" }, "port": 80 });
        all.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        serde_json::from_value(all).unwrap()
    }

    fn answered(status: u16, body: &str) -> Asked {
        Asked {
            answer: Answer::of_status(status),
            body: body.to_owned(),
        }
    }

    /// FR-DEP-04: without a check of its own, an application has to answer on its port, and a worker has to stay up.
    #[test]
    fn the_default_fits_the_application() {
        let web = settings(json!({}));
        assert!(Check::of(&web).accepts(&answered(404, "")));
        assert!(!Check::of(&web).accepts(&answered(502, "")));
        let worker = settings(json!({ "port": null }));
        assert_eq!(Check::of(&worker), Check::Stays(STAYS_UP));
    }

    /// FR-DEP-04: status and text of an HTTP check count where they are given.
    #[test]
    fn status_and_text_count() {
        let any = settings(json!({ "health": { "kind": "http", "path": "/up" } }));
        assert!(Check::of(&any).accepts(&answered(302, "")) && !Check::of(&any).accepts(&answered(404, "")));
        let exact =
            settings(json!({ "health": { "kind": "http", "path": "/up", "status": 418, "text": "tea" } }));
        assert!(Check::of(&exact).accepts(&answered(418, "a teapot")));
        assert!(
            !Check::of(&exact).accepts(&answered(418, "coffee"))
                && !Check::of(&exact).accepts(&answered(200, "tea"))
        );
    }
}
