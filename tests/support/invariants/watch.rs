//! I1, I9, I10, I11 and I12: what can only be told by who remembers how it was.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde_json::Value;
use slipway_protocol::deployment::{DeploymentView, Trigger};
use slipway_protocol::identity::AuditEntry;
use slipway_protocol::{ApplicationId, DeploymentId, api};

use crate::engine::{self, text};
use crate::load;
use crate::stage::{Stage, host_of};

/// So much may a warm agent differ from itself, in files and tasks: connections come and go.
const LOOSE: usize = 40;
/// So many rows the audit log's list has at most.
const LISTED: usize = 200;
/// So long it may take until somebody answers who was started anew, and until what has ended is given back.
const ANEW: Duration = Duration::from_secs(120);
/// Memory that the allocator may keep, in bytes.
const LOOSE_MEMORY: u64 = 48 << 20;

/// The stage as it was at some moment, and what has been accepted since.
pub struct Watch {
    begun: DateTime<Utc>,
    accepted: Vec<(ApplicationId, DeploymentId)>,
    done: Vec<Done>,
    bystander: ApplicationId,
    /// The bystander's containers, and when each was started.
    bystanders: BTreeMap<String, Value>,
    usage: Usage,
}

/// A change that was accepted at some moment between these two.
struct Done {
    action: &'static str,
    begun: DateTime<Utc>,
    ended: DateTime<Utc>,
}

struct Usage {
    files: usize,
    tasks: usize,
    memory: u64,
}

impl Watch {
    /// From now on. The bystander is an application to which nothing is done.
    pub async fn begin(stage: &Stage, bystander: ApplicationId) -> Self {
        Self {
            begun: Utc::now(),
            accepted: Vec::new(),
            done: Vec::new(),
            bystander,
            bystanders: containers_of(stage, bystander).await,
            usage: usage(stage),
        }
    }

    /// The agent has accepted this deployment.
    pub fn accepted(&mut self, application: ApplicationId, deployment: DeploymentId) {
        self.accepted.push((application, deployment));
    }

    /// The agent has accepted this change, which was asked for then. Who tells of one tells of all that bear its name: as many rows are in the
    /// audit log.
    pub fn done(&mut self, action: &'static str, begun: DateTime<Utc>) {
        self.done.push(Done {
            action,
            begun,
            ended: Utc::now(),
        });
    }

    /// The application was deleted, and its history with it.
    pub fn deleted(&mut self, application: ApplicationId) {
        self.accepted.retain(|(of, _)| *of != application);
    }

    /// The agent was started again: its use of the machine is compared with this one from here on.
    pub fn restarted(&mut self, stage: &Stage) {
        self.usage = usage(stage);
    }

    /// Every container was started anew: the bystander's are compared with these from here on.
    pub async fn engine_restarted(&mut self, stage: &Stage) {
        self.bystanders = containers_of(stage, self.bystander).await;
    }

    /// Panics with everything that is wrong, all twelve together.
    pub async fn hold(&self, stage: &Stage) {
        super::hold(stage).await;
        let mut wrong = Vec::new();
        wrong.extend(self.lost(stage).await);
        wrong.extend(self.unaudited(stage).await);
        let now = containers_of(stage, self.bystander).await;
        if now != self.bystanders {
            wrong.push("the bystander's containers are others than before".to_owned());
        }
        wrong.extend(self.unserved(stage).await);
        wrong.extend(self.not_given_back(stage).await);
        assert!(wrong.is_empty(), "not as it must be:\n  {}", wrong.join("\n  "));
    }

    /// What the agent has more of than before. Connections and threads that have ended go a moment later.
    async fn not_given_back(&self, stage: &Stage) -> Vec<String> {
        let end = Instant::now() + ANEW;
        loop {
            let more = self.more(&usage(stage));
            if more.is_empty() || Instant::now() >= end {
                return more;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }

    fn more(&self, usage: &Usage) -> Vec<String> {
        let mut wrong = Vec::new();
        for (what, now, before) in [
            ("files", usage.files, self.usage.files),
            ("tasks", usage.tasks, self.usage.tasks),
        ] {
            if now > before + LOOSE {
                wrong.push(format!("{now} open {what} instead of about {before}"));
            }
        }
        if usage.memory > self.usage.memory + LOOSE_MEMORY {
            wrong.push(format!(
                "{} MiB resident instead of about {}",
                usage.memory >> 20,
                self.usage.memory >> 20
            ));
        }
        wrong
    }

    /// The bystander answers who asks for it; soon, where everything was started anew.
    async fn unserved(&self, stage: &Stage) -> Option<String> {
        let host = host_of(stage.view(self.bystander).await.name.as_str());
        let end = Instant::now() + ANEW;
        loop {
            let asked = load::get(stage.agent.edge_port(), &host, "/").await;
            let status = asked.ok().map(|(status, _)| status);
            if status == Some(200) {
                return None;
            }
            if Instant::now() >= end {
                return Some(format!("the bystander answers with {status:?}"));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn lost(&self, stage: &Stage) -> Vec<String> {
        let mut wrong = Vec::new();
        for (_, deployment) in self.accepted.iter().rev().take(20) {
            let deployment = *deployment;
            if stage
                .connection
                .send(api::GetDeployment { deployment })
                .await
                .is_err()
            {
                wrong.push(format!("the accepted deployment {deployment} is lost"));
            }
        }
        wrong
    }

    async fn unaudited(&self, stage: &Stage) -> Vec<String> {
        let all = stage
            .connection
            .send(api::ListAudit {})
            .await
            .expect("the audit log");
        // The list holds the newest ones: what is older than its last row cannot be looked for.
        let oldest = all
            .iter()
            .map(|entry| entry.at)
            .min()
            .filter(|_| all.len() >= LISTED);
        let from = oldest.map_or(self.begun, |oldest| oldest.max(self.begun));
        let rows = all
            .iter()
            .filter(|entry| entry.action == "RequestDeployment" && entry.at >= from)
            .count();
        // What was accepted while its answer was lost counts as well.
        let mut accepted = 0;
        let applications = stage
            .connection
            .send(api::ListApplications { environment: None })
            .await;
        for application in applications.expect("the applications") {
            let request = api::ListDeployments::of(application.id);
            let history = stage.connection.send(request).await.expect("the history");
            let asked_for = |one: &&DeploymentView| one.created_at > from && one.trigger != Trigger::Adopt;
            accepted += history.iter().filter(asked_for).count();
        }
        let mut wrong = self.not_one_each(&all, from);
        // Deleted applications take their deployments with them, not their audit rows.
        if rows < accepted {
            wrong.push(format!(
                "{rows} rows in the audit log for {accepted} accepted deployments"
            ));
        }
        wrong
    }

    /// What has been told of has its row, and no more than one. Of a change at the border it is not known on which side its row is.
    fn not_one_each(&self, all: &[AuditEntry], from: DateTime<Utc>) -> Vec<String> {
        let actions: BTreeSet<&str> = self.done.iter().map(|done| done.action).collect();
        let wrong = actions.into_iter().filter_map(|action| {
            let own = || self.done.iter().filter(move |done| done.action == action);
            let least = own().filter(|done| done.begun > from).count();
            let most = own().filter(|done| done.ended >= from).count();
            let rows = all
                .iter()
                .filter(|entry| entry.action == action && entry.at >= from);
            let rows = rows.count();
            (!(least..=most).contains(&rows))
                .then(|| format!("{rows} rows in the audit log for {least} to {most} times {action}"))
        });
        wrong.collect()
    }
}

/// I12: whoever has no token, or none that is known, is told to sign in and nothing else.
pub async fn open_doors(stage: &Stage) -> Vec<String> {
    let mut wrong = Vec::new();
    for path in ["/api/v1/applications", "/api/v1/audit", "/api/v1/me"] {
        for said in [None, Some("Bearer a-token-of-nobody")] {
            let asked = engine::over_unix_as(&stage.agent.socket(), path, said).await;
            match asked {
                Ok((401, _)) => {}
                other => wrong.push(format!("to {said:?} {path} gives {other:?}")),
            }
        }
    }
    wrong
}

async fn containers_of(stage: &Stage, application: ApplicationId) -> BTreeMap<String, Value> {
    let all = stage
        .agent
        .engine()
        .running_containers(stage.agent.instance())
        .await;
    let own = all
        .into_iter()
        .filter(|container| text(&container["Labels"]["slipway.application"]) == application.to_string());
    own.map(|container| (text(&container["Id"]).to_owned(), container["Created"].clone()))
        .collect()
}

fn usage(stage: &Stage) -> Usage {
    let pid = stage.agent.pid();
    let count = |what: &str| {
        let folder = Path::new("/proc").join(pid.to_string()).join(what);
        std::fs::read_dir(folder).map_or(0, Iterator::count)
    };
    Usage {
        files: count("fd"),
        tasks: count("task"),
        memory: stage.agent.resident(),
    }
}
