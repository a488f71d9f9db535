//! I4 and I5: Docker runs what serves and nothing else, and nothing is there that nothing accounts for.

use std::collections::{BTreeMap, BTreeSet};

use slipway_protocol::application::ApplicationView;
use slipway_protocol::deployment::DeploymentView;
use slipway_protocol::{ApplicationId, UploadId, api};

use crate::engine::text;
use crate::process;
use crate::stage::Stage;

/// So many deployments of an application are listed at once.
const LISTED: usize = 100;
/// Where the edge is told what to do, and what of that belongs to no application.
const TOLD: &str = "traefik/dynamic";
const ROUTES: &str = "slipway.yml";
const DEPLOY_URLS: &str = "slipway-deploy-urls";
/// So many letters an id has without its dashes.
const SIMPLE_ID: usize = 32;

/// Services, containers, networks, image tags, secrets, volumes, folders, logs, uploads, routes and processes that nothing accounts for.
pub async fn orphans(stage: &Stage) -> Vec<String> {
    let mut wrong = Vec::new();
    // Before it is asked what there is: what appears later belongs to somebody.
    let (logs, uploads) = (names(stage, "logs"), names(stage, "uploads"));
    let (mut kept, mut ids, mut histories) = (Vec::new(), BTreeSet::new(), Histories::default());
    let applications = stage
        .connection
        .send(api::ListApplications { environment: None })
        .await
        .expect("the applications");
    for application in &applications {
        let all = stage
            .connection
            .send(api::ListDeployments::of(application.id))
            .await
            .expect("the history");
        ids.insert(application.id.to_string());
        histories.add(&all);
        kept.extend(all.into_iter().filter(|deployment| deployment.can_roll_back_to));
        kept.extend(application.serving.clone());
    }
    wrong.extend(services(stage, &kept).await);
    wrong.extend(containers(stage, &applications).await);
    wrong.extend(forgotten(stage).await);
    wrong.extend(images(stage, &kept).await);
    wrong.extend(secrets(stage).await);
    wrong.extend(volumes(stage, &ids).await);
    let networks = stage.agent.engine().networks(stage.agent.instance()).await;
    if networks.len() != 1 {
        wrong.push(format!("{} networks instead of one", networks.len()));
    }
    wrong.extend(folders(stage));
    wrong.extend(left_logs(&logs, &ids, &histories));
    wrong.extend(left_uploads(stage, &uploads).await);
    wrong.extend(routes(stage, &ids));
    wrong.extend(processes(stage));
    wrong
}

/// Whose tasks they run: a roll back runs those of the deployment that it goes back to.
fn releases(deployments: &[DeploymentView]) -> BTreeSet<String> {
    deployments
        .iter()
        .map(|deployment| deployment.release_of.unwrap_or(deployment.id).to_string())
        .collect()
}

async fn services(stage: &Stage, kept: &[DeploymentView]) -> Vec<String> {
    let known = releases(kept);
    let all = stage.agent.engine().services(stage.agent.instance()).await;
    let orphan = |service: &&serde_json::Value| {
        let label = &service["Spec"]["Labels"]["slipway.deployment"];
        label
            .as_str()
            .is_some_and(|deployment| !known.contains(deployment))
    };
    all.iter()
        .filter(orphan)
        .map(|service| format!("service {}", text(&service["Spec"]["Name"])))
        .collect()
}

/// Only serving releases run, each with its own image and with as many containers as it wants.
async fn containers(stage: &Stage, applications: &[ApplicationView]) -> Vec<String> {
    let mut missing: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for application in applications {
        let Some(serving) = &application.serving else {
            continue;
        };
        let release = serving.release_of.unwrap_or(serving.id).to_string();
        let image = serving.image.clone().unwrap_or_default();
        missing.insert(release, (usize::from(application.wanted_tasks), image));
    }
    let all = stage
        .agent
        .engine()
        .running_containers(stage.agent.instance())
        .await;
    let mut wrong = Vec::new();
    for container in &all {
        let id = text(&container["Labels"]["slipway.deployment"]);
        if id.is_empty() {
            continue;
        }
        match missing.get_mut(id) {
            Some((count @ 1.., image)) if text(&container["ImageID"]) == image => *count -= 1,
            Some((1.., image)) => wrong.push(format!(
                "a container of deployment {id} runs {} instead of {image}",
                text(&container["ImageID"])
            )),
            Some((0, _)) => wrong.push(format!("one container too many of deployment {id}")),
            None => wrong.push(format!(
                "a running container of deployment {id}, which does not serve"
            )),
        }
    }
    for (id, (count, _)) in missing {
        if count > 0 {
            wrong.push(format!(
                "{count} too few containers of the serving deployment {id}"
            ));
        }
    }
    wrong
}

/// Ended containers are there for as long as their service is.
async fn forgotten(stage: &Stage) -> Vec<String> {
    let (engine, instance) = (stage.agent.engine(), stage.agent.instance());
    let containers = engine.containers(instance).await;
    let services = engine.services(instance).await;
    let names: BTreeSet<&str> = services.iter().map(|one| text(&one["Spec"]["Name"])).collect();
    let service =
        |container: &serde_json::Value| container["Labels"]["com.docker.swarm.service.name"].clone();
    containers
        .iter()
        .filter(|container| {
            service(container)
                .as_str()
                .is_some_and(|name| !names.contains(name))
        })
        .map(|container| format!("container {} of a service that is gone", container["Names"]))
        .collect()
}

async fn images(stage: &Stage, kept: &[DeploymentView]) -> Vec<String> {
    // A roll back runs the image of the deployment that it goes back to: what counts is the image, not the tag's name.
    let images: BTreeSet<&str> = kept
        .iter()
        .filter_map(|deployment| deployment.image.as_deref())
        .collect();
    let mut wrong = Vec::new();
    for tag in stage.agent.engine().image_tags(stage.agent.instance()).await {
        let (_, body) = stage
            .agent
            .engine()
            .call("GET", &format!("/images/{tag}/json"), None)
            .await;
        let image: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        if !images.contains(text(&image["Id"])) {
            wrong.push(format!("image {tag} ({})", text(&image["Id"])));
        }
    }
    wrong
}

/// A secret is there for a service that names it; the services themselves are accounted for above.
async fn secrets(stage: &Stage) -> Vec<String> {
    let (engine, instance) = (stage.agent.engine(), stage.agent.instance());
    let mut named = BTreeSet::new();
    for service in engine.services(instance).await {
        let secrets = &service["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"];
        for secret in secrets.as_array().into_iter().flatten() {
            named.insert(text(&secret["SecretName"]).to_owned());
        }
    }
    let all = engine.secrets(instance).await;
    let names = all.iter().map(|secret| text(&secret["Spec"]["Name"]).to_owned());
    names
        .filter(|name| !named.contains(name))
        .map(|name| format!("secret {name}"))
        .collect()
}

/// A volume is there for an application that is.
async fn volumes(stage: &Stage, applications: &BTreeSet<String>) -> Vec<String> {
    let all = stage.agent.engine().volumes(stage.agent.instance()).await;
    let orphan =
        |volume: &&serde_json::Value| !applications.contains(text(&volume["Labels"]["slipway.application"]));
    all.iter()
        .filter(orphan)
        .map(|volume| format!("volume {}", text(&volume["Name"])))
        .collect()
}

fn folders(stage: &Stage) -> Vec<String> {
    let below = |name: &str| {
        std::fs::read_dir(stage.agent.data().join(name))
            .into_iter()
            .flatten()
            .flatten()
    };
    below("work")
        .chain(below("looks"))
        .map(|entry| format!("folder {}", entry.path().display()))
        .collect()
}

/// The names in a folder of the agent's data.
fn names(stage: &Stage, folder: &str) -> Vec<String> {
    let entries = std::fs::read_dir(stage.agent.data().join(folder));
    let names = entries.into_iter().flatten().flatten();
    names
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

/// The deployments that the agent tells of.
#[derive(Default)]
struct Histories {
    ids: BTreeSet<String>,
    /// There may be older ones.
    is_part: bool,
}

impl Histories {
    fn add(&mut self, all: &[DeploymentView]) {
        self.is_part |= all.len() >= LISTED;
        self.ids.extend(all.iter().map(|one| one.id.to_string()));
    }
}

/// A log is there for an application or a deployment that is. Which commands are kept is asked elsewhere.
fn left_logs(names: &[String], applications: &BTreeSet<String>, histories: &Histories) -> Vec<String> {
    let is_left = |name: &&String| match name.strip_prefix("deployment-") {
        Some(deployment) => !histories.is_part && !histories.ids.contains(deployment),
        None => name.parse::<ApplicationId>().is_ok() && !applications.contains(*name),
    };
    let left = names.iter().filter(is_left);
    left.map(|name| format!("log {name}")).collect()
}

/// An upload's file is there for an upload that the agent knows.
async fn left_uploads(stage: &Stage, names: &[String]) -> Vec<String> {
    let mut left = Vec::new();
    for name in names {
        let known = match name.parse::<UploadId>() {
            Ok(upload) => stage.connection.send(api::GetUpload { upload }).await.is_ok(),
            Err(_) => false,
        };
        if !known {
            left.push(format!("upload {name}"));
        }
    }
    left
}

/// Traefik's folder holds one file, and that leads to applications that there are.
fn routes(stage: &Stage, applications: &BTreeSet<String>) -> Vec<String> {
    let known: BTreeSet<String> = applications.iter().map(|id| id.replace('-', "")).collect();
    let more = names(stage, TOLD).into_iter().filter(|name| name != ROUTES);
    let mut wrong: Vec<String> = more.map(|name| format!("file {TOLD}/{name}")).collect();
    let text = std::fs::read(stage.agent.data().join(TOLD).join(ROUTES)).unwrap_or_default();
    let all: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let services = all["http"]["services"].as_object().into_iter().flatten();
    for (name, _) in services {
        let of_nobody = match name.strip_prefix("app-") {
            // Behind the application's id may stand which half it is of.
            Some(rest) => rest.get(..SIMPLE_ID).is_none_or(|id| !known.contains(id)),
            None => name != DEPLOY_URLS,
        };
        if of_nobody {
            wrong.push(format!("route {name}"));
        }
    }
    wrong
}

fn processes(stage: &Stage) -> Vec<String> {
    let ours = process::naming(stage.agent.home());
    let expected = |line: &str| {
        line.contains("slipway-agent serve")
            || line.contains("slipway-agent edge")
            || line.contains("postgres")
            || line.contains("dial-stdio")
    };
    ours.into_iter()
        .filter(|(_, line)| !expected(line))
        .map(|(pid, line)| format!("process {pid}: {line}"))
        .collect()
}
