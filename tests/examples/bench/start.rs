//! How long the agent takes to start, and what it costs when nothing happens.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use acceptance::agent::Agent;
use acceptance::sshd::Sshd;
use acceptance::stage::Stage;
use acceptance::wait;
use slipway_protocol::api::GetMe;

use crate::{mib, ms, tell};

pub async fn measure() {
    // A folder of its own: otherwise an agent begins with a copy of a prepared database.
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("its mode");
    let agent = Agent::start_with(None, Some(&folder.path().join("data"))).await;
    let mut stage = Stage::around(agent, Sshd::start().await).await;
    tell("agent start, new database", ms(stage.agent.start_time));
    assert!(stage.agent.stop(), "the agent ends by itself");
    stage.agent.resume().await;
    tell("agent start, database kept", ms(stage.agent.start_time));
    wait::until("the link is back", Duration::from_secs(30), async || {
        stage.connection.send(GetMe {}).await.is_ok()
    })
    .await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    tell("agent idle, resident (≤ 30 MB)", mib(stage.agent.resident()));
    tell("with its PostgreSQL (< 80 MB)", mib(stage.agent.proportional()));
}
