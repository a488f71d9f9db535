//! By which way a task that serves is asked. On this node it is asked from inside its own network (decision 0014). On another one nobody can get
//! there, and it is asked through the edge, as at the gate (decision 0001): only where the settings have a check of their own, because that
//! way every question is a request to the application.

use std::time::Duration;

use crate::deploy::asking::{self, Asked, Check};
use crate::docker::Docker;
use crate::domain::explain::seen::Answer;
use crate::domain::plan::Plan;
use crate::domain::rollout::ObservedTask;
use crate::domain::routes::Probe;
use crate::forwards::{self, ReachError};
use crate::one_get;
use crate::traefik::{EdgeApi, LARGEST_PROBE};

/// An answer takes at most this long.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// In the network of this process of this node.
    Inside(u32),
    /// It is on another node.
    Edge(Probe),
    /// There is none now.
    Closed,
}

impl Way {
    /// Finds out where a task is.
    pub async fn to(docker: &Docker, plan: &Plan, task: &ObservedTask, check: Check<'_>) -> Self {
        let Some(container) = task.container.as_deref() else {
            return Self::Closed;
        };
        match docker.container(container).await {
            Ok(Some(facts)) => facts.process.map_or(Self::Closed, Self::Inside),
            // Another node's; or it has just gone.
            Ok(None) => Self::through_the_edge(plan, task, check),
            Err(_) => Self::Closed,
        }
    }

    fn through_the_edge(plan: &Plan, task: &ObservedTask, check: Check<'_>) -> Self {
        match check {
            Check::Answers { .. } => asking::probes(plan, std::iter::once(task))
                .pop()
                .map_or(Self::Closed, Self::Edge),
            Check::Listens | Check::Runs | Check::Stays(_) => Self::Closed,
        }
    }

    pub fn probe(&self) -> Option<&Probe> {
        match self {
            Self::Edge(probe) => Some(probe),
            Self::Inside(_) | Self::Closed => None,
        }
    }

    /// `None` where the task could not be asked, which says nothing of its health.
    pub async fn ask(&self, edge: &EdgeApi, port: u16, check: Check<'_>) -> Option<Asked> {
        match self {
            Self::Inside(process) => inside(*process, port, check).await,
            Self::Edge(probe) => {
                let asked = asking::ask(edge, probe, check).await;
                // An edge that is starting, or has not taken up the way yet, says nothing of the task.
                (asked.answer != Answer::NoWay).then_some(asked)
            }
            Self::Closed => None,
        }
    }
}

async fn inside(process: u32, port: u16, check: Check<'_>) -> Option<Asked> {
    let bare = |answer| Asked {
        answer,
        body: String::new(),
    };
    let stream = match forwards::connect(process, port).await {
        Ok(stream) => stream,
        Err(ReachError::Refused(_)) => return Some(bare(Answer::Refused)),
        Err(ReachError::Silent(_)) => return Some(bare(Answer::Late)),
        Err(ReachError::Gone | ReachError::HostNetwork | ReachError::NotAllowed | ReachError::Failed(_)) => {
            return None;
        }
    };
    if check == Check::Listens {
        return Some(bare(Answer::Late));
    }
    let answer = one_get::get(stream, check.path(), None, LARGEST_PROBE);
    Some(match tokio::time::timeout(PATIENCE, answer).await {
        Ok(Some((status, body))) => Asked {
            answer: Answer::Status(status.as_u16()),
            body: String::from_utf8_lossy(&body).into_owned(),
        },
        Ok(None) => bare(Answer::Refused),
        Err(_) => bare(Answer::Late),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::rollout::TaskState;

    fn plan(health: &serde_json::Value) -> Plan {
        let settings = json!({ "source": { "kind": "image", "image": "a" }, "port": 80, "health": health });
        let plan = json!({
            "application": uuid::Uuid::from_u128(1), "application_name": "web", "settings": settings, "steps": [],
            "service": "web", "image_tag": "web:1", "image": null, "probe_token": "0123456789abcdef",
            "limits": { "source": 1, "build": 1, "gate": 1, "cut_over": 1, "drain": 1 }
        });
        serde_json::from_value(plan).unwrap()
    }

    /// FR-PRJ-04, FR-DEP-04: a task of another node is asked through the edge for the path that the settings name; where they name none, it is not
    /// asked for a page that nobody wanted.
    #[test]
    fn elsewhere_only_a_path_is_asked_for() {
        let task = ObservedTask {
            id: "t1".to_owned(),
            state: TaskState::Running,
            message: String::new(),
            exit_code: None,
            shut_down: false,
            wanted: true,
            address: Some("10.0.1.7".to_owned()),
            container: Some("c1".to_owned()),
        };
        let with_path = plan(&json!({ "kind": "http", "path": "/up" }));
        let way = Way::through_the_edge(&with_path, &task, Check::of(&with_path.settings));
        let server = way.probe().map(|probe| probe.server.as_str());
        assert_eq!(server, Some("http://10.0.1.7:80"));
        let port_alone = plan(&json!({ "kind": "tcp" }));
        let way = Way::through_the_edge(&port_alone, &task, Check::of(&port_alone.settings));
        assert_eq!(way, Way::Closed);
    }
}
