//! A hundred applications that run, and ten readers of logs: what the agent costs when nothing else happens.

use std::time::{Duration, Instant};

use acceptance::git_repo::GitRepo;
use acceptance::stage::Stage;
use futures_util::{StreamExt, stream};
use slipway_protocol::deployment::DeploymentStatus;
use slipway_protocol::{ApplicationId, EnvironmentId};

use crate::{mib, tell};

const APPLICATIONS: usize = 100;
const READERS: usize = 10;
/// Asked for at once; the agent works at as many as its settings say.
const AT_ONCE: usize = 8;
const SETTLE: Duration = Duration::from_secs(20);

pub async fn measure() {
    let stage = Stage::set().await;
    let environment = stage.environment("Many").await;
    let repo = GitRepo::echo("1").await;
    let begun = Instant::now();
    let applications = running(&stage, environment, &repo, APPLICATIONS).await;
    tell(
        &format!("{APPLICATIONS} applications deployed"),
        format!("{:.0} s", begun.elapsed().as_secs_f64()),
    );
    tokio::time::sleep(SETTLE).await;
    tell("agent with them, resident", mib(stage.agent.resident()));
    idle(&stage).await;
    let readers: Vec<_> = applications
        .iter()
        .take(READERS)
        .map(|one| read(&stage, *one))
        .collect();
    for (index, _) in readers.iter().enumerate() {
        stage.get(&name(index), "/say/hello").await;
    }
    tokio::time::sleep(SETTLE).await;
    tell(
        &format!("and {READERS} readers of logs (≤ 45 MB)"),
        mib(stage.agent.resident()),
    );
    tell("with its PostgreSQL", mib(stage.agent.proportional()));
    idle(&stage).await;
    for reader in readers {
        assert!(!reader.is_finished(), "a reader was cut off");
        reader.abort();
    }
}

fn name(index: usize) -> String {
    format!("app-{index}")
}

/// So many applications of one repository, all deployed.
async fn running(
    stage: &Stage,
    environment: EnvironmentId,
    repo: &GitRepo,
    count: usize,
) -> Vec<ApplicationId> {
    let url = repo.url();
    let one = async |index: usize| {
        let application = stage.application(environment, &name(index), &url).await.id;
        let ended = stage.deploy(application).await;
        assert_eq!(ended.status, DeploymentStatus::Succeeded, "{:?}", ended.failure);
        application
    };
    stream::iter(0..count)
        .map(one)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

/// Follows an application's log for as long as the link lives.
fn read(stage: &Stage, application: ApplicationId) -> tokio::task::JoinHandle<()> {
    let mut events = stage.connection.follow_logs(application, Some(100), None);
    tokio::spawn(async move {
        while let Some(event) = events.next().await {
            event.expect("an event");
        }
    })
}

/// The share of a core that the agent and its database use when nobody asks for anything.
pub async fn idle(stage: &Stage) {
    const TIME: Duration = Duration::from_secs(30);
    let (agent, all) = (stage.agent.processor_time(), stage.agent.family_processor_time());
    tokio::time::sleep(TIME).await;
    let share = |before: Duration, now: Duration| {
        let used = now.saturating_sub(before).as_secs_f64();
        used / TIME.as_secs_f64() * 100.0
    };
    let own = share(agent, stage.agent.processor_time());
    let family = share(all, stage.agent.family_processor_time());
    tell(
        "idle, of a core (≤ 0.5 %)",
        format!("{own:.2} %, with its PostgreSQL {family:.2} %"),
    );
}
