//! The agent's version, the parts that it depends on, and how its server is kept.

use slipway_protocol::api::{GetClusterHealth, GetServerCheckup, GetVersion};
use slipway_protocol::checkup::ServerCheckup;
use slipway_protocol::server::{API_LEVEL, ClusterHealth, PartHealth, Version};

use super::{ApiError, Call};
use crate::db::{deployments, identity};
use crate::disk;

pub async fn get_version(call: Call, _: GetVersion) -> Result<Version, ApiError> {
    let mut connection = call.app.db.pool().acquire().await?;
    let needs_owner = !identity::any_user(&mut connection).await?;
    Ok(Version {
        agent: env!("CARGO_PKG_VERSION").to_owned(),
        api_level: API_LEVEL,
        needs_owner,
    })
}

pub async fn get_cluster_health(call: Call, _: GetClusterHealth) -> Result<ClusterHealth, ApiError> {
    let bad = |reason: &dyn std::fmt::Display| PartHealth::Bad {
        reason: reason.to_string(),
    };
    let (facts, edge) = tokio::join!(call.app.docker.facts(), call.app.edge.alive());
    let (docker, swarm) = match &facts {
        Ok(facts) if facts.swarm_manager => (PartHealth::Good, PartHealth::Good),
        Ok(_) => (
            PartHealth::Good,
            bad(&"this node is no Swarm manager; run `docker swarm init` on the server"),
        ),
        Err(error) => (bad(error), bad(&"Docker has to answer first")),
    };
    let mut connection = call.app.db.pool().acquire().await?;
    let running_deployments = deployments::count_active(&mut connection).await?;
    let facts = facts.ok();
    Ok(ClusterHealth {
        docker,
        swarm,
        traefik: edge.map_or_else(|error| bad(&error), |()| PartHealth::Good),
        database: PartHealth::Good,
        nodes: facts.as_ref().map_or(0, |facts| facts.nodes),
        engine_version: facts.map(|facts| facts.version),
        disk_free: disk::free(&call.app.config.data_dir),
        running_deployments,
    })
}

pub async fn get_server_checkup(call: Call, _: GetServerCheckup) -> Result<ServerCheckup, ApiError> {
    let app = &call.app;
    let seen = app.checkups.look(&app.config, &app.docker, &app.build_place);
    Ok(seen.await)
}
