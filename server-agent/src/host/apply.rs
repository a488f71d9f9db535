//! Does what the plan says, step by step, and tells how it goes.

use std::fs::File;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use nix::fcntl::{Flock, FlockArg};
use slipway_protocol::count;
use slipway_protocol::setup::{SetupEvent, SetupStep};

use super::facts::{DockerState, Facts};
use super::plan::is_wanted;
use super::{Wishes, accounts, listeners, packages, service};
use crate::config::Config;
use crate::docker::{Docker, SwarmState};
use crate::postgres;
use crate::process::{Invocation, Program};
use crate::secrets::KeyFile;

/// An engine that was just started may take this long to answer.
const ENGINE_LIMIT: Duration = Duration::from_secs(90);
/// Fetching Traefik's image may take this long.
const EDGE_LIMIT: Duration = Duration::from_secs(300);

const LOCK: &str = "/run/slipway-setup.lock";
/// Another setup may take this long.
const LOCK_LIMIT: Duration = Duration::from_secs(1200);

/// What a step has come to.
pub(super) struct Outcome {
    pub changed: bool,
    pub result: String,
}

impl Outcome {
    pub fn changed(result: impl Into<String>) -> Self {
        Self {
            changed: true,
            result: result.into(),
        }
    }

    pub fn as_it_was(result: impl Into<String>) -> Self {
        Self {
            changed: false,
            result: result.into(),
        }
    }
}

/// Where lines of programs go.
pub(super) type Lines<'a> = &'a mut (dyn FnMut(&str) + Send);

/// Goes through all steps that are wanted. The first that fails ends it, and its sentence has been told.
///
/// # Errors
/// The failed step's own.
pub async fn apply(
    config: &Config,
    wishes: &Wishes,
    tell: &mut (dyn FnMut(SetupEvent) + Send),
) -> anyhow::Result<()> {
    let first = SetupStep::Packages;
    let waited = alone(|text| {
        tell(SetupEvent::Line {
            step: first,
            text: text.to_owned(),
        });
    });
    let _alone = match waited.await {
        Ok(lock) => lock,
        Err(error) => {
            tell(SetupEvent::Failed {
                step: first,
                sentence: format!("{error:#}"),
            });
            return Err(error);
        }
    };
    for step in SetupStep::ALL.into_iter().filter(|step| is_wanted(*step, wishes)) {
        tell(SetupEvent::Begun { step });
        let begun = Instant::now();
        let mut lines = |text: &str| {
            tell(SetupEvent::Line {
                step,
                text: text.to_owned(),
            });
        };
        match one(step, config, wishes, &mut lines).await {
            Ok(outcome) => tell(SetupEvent::Done {
                step,
                changed: outcome.changed,
                seconds: begun.elapsed().as_secs_f64(),
                result: outcome.result,
            }),
            Err(error) => {
                tell(SetupEvent::Failed {
                    step,
                    sentence: format!("{error:#}"),
                });
                return Err(error);
            }
        }
    }
    tell(SetupEvent::Ready);
    Ok(())
}

/// Only one setup at a time: one whose SSH connection broke may still be at work. The lock ends with its holder, however that ends.
async fn alone(mut say: impl FnMut(&str) + Send) -> anyhow::Result<Flock<File>> {
    let mut file = File::create(LOCK).with_context(|| format!("cannot write {LOCK}"))?;
    let begun = Instant::now();
    let mut told = false;
    loop {
        file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((_, error)) if begun.elapsed() > LOCK_LIMIT => {
                return Err(error).context("another setup of this server is under way and does not end");
            }
            Err((file, _)) => file,
        };
        if !told {
            say("another setup of this server is under way; waiting for its end");
            told = true;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

async fn one(step: SetupStep, config: &Config, wishes: &Wishes, lines: Lines<'_>) -> anyhow::Result<Outcome> {
    match step {
        SetupStep::Packages => packages::install(config, lines).await,
        SetupStep::Docker => engine(config, lines).await,
        SetupStep::Swarm => swarm(config, wishes).await,
        SetupStep::Account => account(config).await,
        SetupStep::Agent => service::install(config, wishes, lines).await,
        SetupStep::Link => match &wishes.link_key {
            Some(key) => accounts::link(config, key).await,
            None => Ok(Outcome::as_it_was("no key was given")),
        },
        SetupStep::Edge => edge(config, lines).await,
        SetupStep::Proof => proof(config).await,
    }
}

async fn engine(config: &Config, lines: Lines<'_>) -> anyhow::Result<Outcome> {
    let docker = Docker::new(&config.docker_host, &config.instance);
    if let Ok(facts) = docker.facts().await {
        return Ok(Outcome::as_it_was(format!("Docker {}", facts.version)));
    }
    run(
        Invocation::new(Program::Systemctl).args(["enable", "--now", "docker.service"]),
        lines,
    )
    .await
    .context("Docker could not be started")?;
    let begun = Instant::now();
    loop {
        match docker.facts().await {
            Ok(facts) => return Ok(Outcome::changed(format!("Docker {}", facts.version))),
            Err(error) if begun.elapsed() > ENGINE_LIMIT => {
                return Err(error).context("`journalctl -u docker` on the server may tell why");
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(500)).await,
        }
    }
}

async fn swarm(config: &Config, wishes: &Wishes) -> anyhow::Result<Outcome> {
    let docker = Docker::new(&config.docker_host, &config.instance);
    let (_, facts) = docker.swarm_facts().await?;
    match facts.state {
        SwarmState::Inactive => {
            docker.init_swarm().await.context("the Swarm could not be made")?;
            Ok(Outcome::changed("a Swarm of this server"))
        }
        SwarmState::Manager if facts.ours || wishes.existing_swarm => {
            let nodes = count::in_words(facts.nodes as usize, "node", "nodes");
            Ok(Outcome::as_it_was(format!("a Swarm of {nodes}")))
        }
        // It came into being after the plan was made.
        SwarmState::Manager => bail!("there is a Swarm that is not Slipway's; it is left alone"),
        SwarmState::Worker | SwarmState::Unusable => {
            bail!("this server belongs to a Swarm that cannot be used from here; it is left alone")
        }
    }
}

async fn account(config: &Config) -> anyhow::Result<Outcome> {
    let made = accounts::own().await?;
    let folder = service::data_folder(config)?;
    // Where there is a database its key has been made, and the agent says what to do about one that was lost.
    let fresh = !postgres::is_there(&config.data_dir) && config.database_url.is_none();
    let key = fresh && !config.key_path().exists();
    if fresh {
        KeyFile::open_or_create(&config.key_path())?;
    }
    let result = format!("{} in {}", super::ACCOUNT, config.data_dir.display());
    Ok(Outcome {
        changed: made || folder || key,
        result,
    })
}

async fn edge(config: &Config, lines: Lines<'_>) -> anyhow::Result<Outcome> {
    let docker = Docker::new(&config.docker_host, &config.instance);
    let address = ("127.0.0.1", config.edge_port);
    let begun = Instant::now();
    let mut told = String::new();
    let mut waited = false;
    loop {
        let (running, said) = docker.edge_state(&config.network).await?;
        if running > 0 && tokio::net::TcpStream::connect(address).await.is_ok() {
            let result = format!("{} on port {}", config.traefik_image, config.edge_port);
            return Ok(if waited {
                Outcome::changed(result)
            } else {
                Outcome::as_it_was(result)
            });
        }
        waited = true;
        if said != told {
            told = said;
            lines(&told);
        }
        if begun.elapsed() > EDGE_LIMIT {
            bail!(
                "Traefik does not serve after {} s ({}); can this server fetch the image {}?",
                EDGE_LIMIT.as_secs(),
                if told.is_empty() {
                    "Docker gives no reason"
                } else {
                    &told
                },
                config.traefik_image
            );
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// What is reached from outside must be SSH, the edge, and what was there before.
async fn proof(config: &Config) -> anyhow::Result<Outcome> {
    let facts = Facts::gather(config).await;
    if !matches!(facts.docker, DockerState::Answers { .. }) {
        bail!("Docker does not answer any more");
    }
    if !facts.agent.is_some_and(|agent| agent.answers) {
        bail!("the agent does not answer any more; `journalctl -u slipway-agent` tells why");
    }
    let listening: Vec<String> = listeners::public_listeners()
        .into_iter()
        .map(|(port, programs)| match programs.first() {
            Some(program) => format!("{port} ({program})"),
            None => port.to_string(),
        })
        .collect();
    Ok(Outcome::as_it_was(format!(
        "listening for others: {}",
        if listening.is_empty() {
            "nothing".to_owned()
        } else {
            listening.join(", ")
        }
    )))
}

/// Runs a program to its end, shows its lines, and makes its failure an error with its last words.
pub(super) async fn run(invocation: Invocation, lines: Lines<'_>) -> anyhow::Result<()> {
    let ended = invocation
        .deadline(Duration::from_secs(900))
        .run_with(|_, line| lines(line))
        .await?;
    if ended.success() {
        return Ok(());
    }
    let last = |text: &str| {
        text.lines()
            .rev()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .map(str::to_owned)
    };
    let reason = last(&ended.stderr).or_else(|| last(&ended.stdout));
    bail!(reason.unwrap_or_else(|| format!("it gave no reason ({})", ended.status)))
}
