//! Where images are built: by the agent's own Docker engine, or by another one that the server's owner has named, so that builds take nothing
//! from what serves. See decision 0030.
//!
//! A near engine is reached by its socket. A far one is reached through SSH, behind a socket of the agent's own ([`bridge`]).

mod address;
mod bridge;
mod error;
mod far;
mod known_hosts;
mod limits;
mod owner;
mod shown_key;
mod ssh;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

pub use address::{BadBuildNode, BuildChoice, BuildNode, SshAddress};
pub use error::BuildNodeError;
pub use known_hosts::KnownHosts;
pub use limits::{FarBuild, FarLimits};
pub use shown_key::{ShownKeyError, shown_key};
pub use ssh::{line_of, own_key};

use crate::config::Config;
use crate::docker::{Docker, DockerError, EngineFacts};
use crate::secrets::KeyFile;
use bridge::Nothing;
use far::Far;
use owner::{machine, owner};
use ssh::{HostKey, socket_in};

/// A build node that has not said what it is by then is away. Connecting has its own, shorter limit.
const ASK_LIMIT: Duration = Duration::from_secs(15);

/// Cheap to clone.
#[derive(Clone)]
pub struct BuildPlace {
    docker: Docker,
    /// None where the agent's own engine builds.
    elsewhere: Option<Arc<Elsewhere>>,
}

struct Elsewhere {
    node: BuildNode,
    way: Way,
    /// Its machine calls itself otherwise than this one: a socket may lead anywhere. Not known before it was looked at.
    has_other_name: AtomicBool,
    /// On another machine the limits of builds are held by a container there.
    limits: Arc<FarLimits>,
}

/// How the other engine is reached.
enum Way {
    Socket,
    Ssh(Box<Far>),
    /// There is no key to sign in with.
    NoOwnKey,
}

impl BuildPlace {
    /// The agent's own engine.
    pub fn here(own: &Docker) -> Self {
        Self {
            docker: own.clone(),
            elsewhere: None,
        }
    }

    /// What the settings say. Nothing is sent yet. `folder` is for the files of a connection, and is made anew; where it cannot be written, that is
    /// told to who asks the build node for something.
    pub fn open(config: &Config, own: &Docker, key: Option<&KeyFile>, folder: &Path) -> Self {
        let Some(node) = config.other_engine() else {
            return Self::here(own);
        };
        let (socket, way) = match node {
            BuildNode::Socket(path) => (path.clone(), Way::Socket),
            BuildNode::Ssh(address) => {
                let host_key = match &config.build_node_key {
                    Some(key) => HostKey::Set(key.clone()),
                    None => HostKey::OnRecord(KnownHosts::of(&config.data_dir)),
                };
                let way = match key.and_then(|key| own_key(key).ok()) {
                    None => Way::NoOwnKey,
                    Some(own_key) => Way::Ssh(Box::new(Far::open(folder, address, host_key, own_key))),
                };
                (socket_in(folder), way)
            }
        };
        let owner = owner(own.instance(), key, machine().as_deref());
        let docker = Docker::new(&socket.to_string_lossy(), &owner);
        let limits = Arc::new(FarLimits::new(docker.clone()));
        Self {
            docker,
            elsewhere: Some(Arc::new(Elsewhere {
                node: node.clone(),
                way,
                has_other_name: AtomicBool::new(false),
                limits,
            })),
        }
    }

    /// The engine that builds. What it makes elsewhere is labelled as this very agent's, because others may build there too.
    pub fn docker(&self) -> &Docker {
        &self.docker
    }

    /// The build node, if it is not the agent's own engine that builds.
    pub fn node(&self) -> Option<&BuildNode> {
        self.elsewhere.as_ref().map(|elsewhere| &elsewhere.node)
    }

    /// Whether the kernel that runs builds is this one, as far as it was looked at.
    pub fn is_on_this_machine(&self) -> bool {
        let Some(elsewhere) = &self.elsewhere else {
            return true;
        };
        match elsewhere.node {
            BuildNode::Socket(_) => !elsewhere.has_other_name.load(Ordering::Relaxed),
            BuildNode::Ssh(_) => false,
        }
    }

    /// What holds the limits of builds, where that is not this kernel.
    pub fn far_limits(&self) -> Option<&Arc<FarLimits>> {
        let elsewhere = self.elsewhere.as_ref()?;
        (!self.is_on_this_machine()).then_some(&elsewhere.limits)
    }

    /// `unix:///…`, as programs that build want it.
    pub fn docker_address(&self) -> String {
        self.docker.address()
    }

    /// What an error of the engine that builds means.
    pub fn told(&self, error: DockerError) -> BuildNodeError {
        let Some(elsewhere) = &self.elsewhere else {
            return BuildNodeError::Docker(error);
        };
        let node = elsewhere.node.to_string();
        match error {
            DockerError::Unreachable(_) => {
                // Another version may come in its place.
                self.docker.agree_again();
                elsewhere.unreachable(&node, &error)
            }
            DockerError::DiskFull => BuildNodeError::disk_full(&node),
            other => BuildNodeError::Docker(other),
        }
    }

    /// What the build node says of itself, if it can be built on for this server: it answers in time, and an image of it is the same image here.
    /// `any_processor` where the settings say which one an image is for.
    pub async fn look(&self, own: &Docker, any_processor: bool) -> Result<EngineFacts, BuildNodeError> {
        let there = self.reach().await?;
        let here = own.facts().await.map_err(BuildNodeError::Docker)?;
        if let Some(elsewhere) = &self.elsewhere {
            elsewhere
                .has_other_name
                .store(there.name != here.name, Ordering::Relaxed);
        }
        let node = self.node().map(ToString::to_string).unwrap_or_default();
        compare(&node, &there, &here, any_processor)?;
        Ok(there)
    }

    /// Whether there is a build node, it answers, and it is not the agent's own engine under another address: then what is on it may be removed.
    pub async fn is_apart(&self, own: &Docker) -> Result<bool, BuildNodeError> {
        if self.elsewhere.is_none() {
            return Ok(false);
        }
        let there = self.reach().await?;
        let here = own.facts().await.map_err(BuildNodeError::Docker)?;
        Ok(!there.is_of(&here))
    }

    /// What the build node says of itself.
    pub async fn reach(&self) -> Result<EngineFacts, BuildNodeError> {
        if let Some(elsewhere) = &self.elsewhere {
            elsewhere.prepare()?;
        }
        let asked = tokio::time::timeout(ASK_LIMIT, self.docker.facts()).await;
        let answered = asked.unwrap_or_else(|late| Err(DockerError::Unreachable(Box::new(late))));
        answered.map_err(|error| match (self.told(error), self.node()) {
            (BuildNodeError::Docker(error), Some(node)) => {
                BuildNodeError::unusable(&node.to_string(), &error)
            }
            (other, _) => other,
        })
    }
}

impl Elsewhere {
    /// What the way there needs on this machine is there, or is written now.
    fn prepare(&self) -> Result<(), BuildNodeError> {
        match &self.way {
            Way::Ssh(far) => far
                .prepare()
                .map_err(|why| BuildNodeError::unprepared(&self.node.to_string(), far.folder(), &why)),
            Way::Socket | Way::NoOwnKey => Ok(()),
        }
    }

    fn unreachable(&self, node: &str, error: &DockerError) -> BuildNodeError {
        match &self.way {
            Way::NoOwnKey => BuildNodeError::no_own_key(node),
            Way::Socket => BuildNodeError::away(node, &error::innermost(error)),
            Way::Ssh(far) => match far.last_words() {
                Some(Nothing::NotPrepared(why)) => BuildNodeError::unprepared(node, far.folder(), &why),
                Some(Nothing::NoHostKey) => BuildNodeError::no_host_key(node),
                Some(Nothing::OtherHostKey { is_set }) => BuildNodeError::other_host_key(node, is_set),
                Some(Nothing::Said(words)) => BuildNodeError::away(node, &words),
                None => BuildNodeError::away(node, &error::innermost(error)),
            },
        }
    }
}

fn compare(
    node: &str,
    there: &EngineFacts,
    here: &EngineFacts,
    any_processor: bool,
) -> Result<(), BuildNodeError> {
    if there.is_of(here) {
        return Err(BuildNodeError::same(node));
    }
    if there.containerd_store != here.containerd_store {
        return Err(BuildNodeError::other_store(node));
    }
    if !any_processor && there.processor != here.processor {
        return Err(BuildNodeError::other_processor(
            node,
            &there.processor,
            &here.processor,
        ));
    }
    Ok(())
}
