//! `slipway status`: the cluster's health, and who is signed in.

use serde::Serialize;
use slipway_client::LinkState;
use slipway_protocol::api::{GetClusterHealth, GetMe};
use slipway_protocol::identity::Me;
use slipway_protocol::server::{ClusterHealth, PartHealth};
use slipway_protocol::size;

use crate::context::Context;
use crate::error::CliError;
use crate::output;

#[derive(Serialize)]
struct Status {
    cluster: String,
    link: LinkState,
    health: ClusterHealth,
    me: Me,
}

pub async fn run(context: &Context) -> Result<(), CliError> {
    let connection = context.connect().await?;
    let health = connection.send(GetClusterHealth {}).await?;
    let me = connection.send(GetMe {}).await?;
    let link = connection.state().borrow().clone();
    let status = Status {
        cluster: connection.profile().name.clone(),
        link,
        health,
        me,
    };
    if context.json {
        return output::json(&status);
    }
    print(&status);
    Ok(())
}

fn print(status: &Status) {
    output::line(&format!("cluster    {}", status.cluster));
    if let LinkState::Up {
        version,
        round_trip_ms,
    } = &status.link
    {
        output::line(&format!(
            "agent      {} ({round_trip_ms:.1} ms away)",
            output::plain(&version.agent)
        ));
    }
    output::line(&format!("account    {} ({})", status.me.name, status.me.email));
    let health = &status.health;
    let engine = health.engine_version.as_deref().unwrap_or("version unknown");
    for (name, part, more) in [
        ("docker", &health.docker, engine),
        ("swarm", &health.swarm, ""),
        ("traefik", &health.traefik, ""),
        ("database", &health.database, ""),
    ] {
        let text = match part {
            PartHealth::Good => format!("good {more}"),
            PartHealth::Bad { reason } => format!("bad: {reason}"),
        };
        output::line(&format!("{name:<10} {}", output::plain(text.trim_end())));
    }
    output::line(&format!("nodes      {}", health.nodes));
    output::line(&format!("disk free  {}", size::in_words(health.disk_free)));
    output::line(&format!("deploying  {}", health.running_deployments));
}
