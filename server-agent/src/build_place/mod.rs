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
mod shown_key;
mod ssh;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sha2::{Digest, Sha256};

pub use address::{BadBuildNode, BuildChoice, BuildNode, SshAddress};
pub use error::BuildNodeError;
pub use known_hosts::KnownHosts;
pub use limits::{FarBuild, FarLimits};
pub use shown_key::{ShownKeyError, shown_key};
pub use ssh::{line_of, own_key};

use crate::config::Config;
use crate::docker::{Docker, DockerError, EngineFacts};
use crate::secrets::{KeyFile, hex};
use bridge::Nothing;
use far::Far;
use ssh::{HostKey, socket_in};

/// A build node that has not said what it is by then is away. Connecting has its own, shorter limit.
const ASK_LIMIT: Duration = Duration::from_secs(15);
/// Names this installation of the system, and no other (machine-id(5)).
const MACHINE_ID: &str = "/etc/machine-id";
/// So many bytes of a derived key tell the agents apart that share a build node.
const OWNER_BYTES: usize = 6;

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

/// Whose something is on an engine that several agents may build on, all of which may call themselves the same. One that was made of another
/// one's backup has that one's key, and runs on another machine.
fn owner(instance: &str, key: Option<&KeyFile>, machine: Option<&str>) -> String {
    let Some(key) = key else {
        return instance.to_owned();
    };
    let derived = key.derive("build-owner");
    let digest = Sha256::new()
        .chain_update(derived.expose())
        .chain_update(machine.unwrap_or_default())
        .finalize();
    format!("{instance}-{}", hex(&digest[..OWNER_BYTES]))
}

/// What tells this machine from every other one.
fn machine() -> Option<String> {
    let id = std::fs::read_to_string(MACHINE_ID).ok()?;
    Some(id.trim().to_owned()).filter(|id| !id.is_empty())
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::command::Arguments;

    fn config(words: &[&str]) -> Config {
        let words = ["slipway-agent"].iter().chain(words).chain(&["doctor"]);
        Arguments::parse_from(words).config
    }

    fn facts(processor: &str, containerd_store: bool) -> EngineFacts {
        EngineFacts {
            id: "id".to_owned(),
            name: "builder".to_owned(),
            version: "29.1.0".to_owned(),
            swarm_manager: false,
            nodes: 0,
            root: None,
            processor: processor.to_owned(),
            containerd_store,
        }
    }

    /// FR-BLD-03: without a build node the agent's own engine builds, and its errors are what they were.
    #[test]
    fn by_itself_the_own_engine_builds() {
        let own = Docker::new("unix:///nowhere/docker.sock", "slipway");
        let place = BuildPlace::open(&config(&[]), &own, None, Path::new("/nowhere"));
        assert!(place.node().is_none() && place.is_on_this_machine());
        let asked = config(&["--build-node", "own"]);
        let asked = BuildPlace::open(&asked, &own, None, Path::new("/nowhere"));
        assert!(asked.node().is_none());
        assert_eq!(place.docker().instance(), "slipway");
        assert_eq!(place.docker_address(), "unix:///nowhere/docker.sock");
        assert!(matches!(
            place.told(DockerError::DiskFull),
            BuildNodeError::Docker(DockerError::DiskFull)
        ));
    }

    /// FR-BLD-03, NFR-U2: a build node that is not there is named, with the system's reason; nothing is built elsewhere in its stead.
    #[tokio::test]
    async fn an_absent_build_node_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyFile::open_or_create(&folder.path().join("key")).unwrap();
        let address = format!("unix://{}", folder.path().join("build.sock").display());
        let own = Docker::new("unix:///nowhere/docker.sock", "slipway");
        let settings = config(&["--build-node", &address]);
        let place = BuildPlace::open(&settings, &own, Some(&key), folder.path());
        assert!(place.docker().instance().starts_with("slipway-"));
        assert_eq!(place.docker_address(), address);
        assert!(place.is_on_this_machine() && place.far_limits().is_none());
        let error = place.look(&own, false).await.unwrap_err();
        assert!(matches!(error, BuildNodeError::Away(_)), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(&address) && text.contains("No such file or directory"),
            "{text}"
        );
        let full = place.told(DockerError::DiskFull).to_string();
        assert!(full.starts_with("the disk of the build node"), "{full}");
    }

    /// FR-BLD-03, NFR-S1: nobody is connected to before somebody has accepted the key of the far SSH server, or set it.
    #[tokio::test]
    async fn a_far_node_is_never_trusted_by_itself() {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyFile::open_or_create(&folder.path().join("key")).unwrap();
        let own = Docker::new("unix:///nowhere/docker.sock", "slipway");
        let place = folder.path().join("build-node");
        let data = folder.path().display().to_string();
        let far = [
            "--build-node",
            "ssh://build@127.0.0.1:9",
            "--data-dir",
            data.as_str(),
        ];
        let open = BuildPlace::open(&config(&far), &own, Some(&key), &place);
        assert!(!open.is_on_this_machine() && open.far_limits().is_some());
        let text = open.look(&own, false).await.unwrap_err().to_string();
        assert!(
            text.contains("nobody has accepted") && text.contains("trust-build-node"),
            "{text}"
        );
        assert!(!KnownHosts::of(folder.path()).path().exists());
        let host_key = format!("ssh-ed25519 {}", "A".repeat(68));
        let with_key = config(&[&far[..], &["--build-node-key", host_key.as_str()][..]].concat());
        drop(open);
        let open = BuildPlace::open(&with_key, &own, None, &place);
        let text = open.look(&own, false).await.unwrap_err().to_string();
        assert!(text.contains("own key could not be read"), "{text}");
    }

    /// FR-BLD-03, NFR-R1, NFR-U2: where what the way needs cannot be written, nothing but building waits for it, which is told; it goes on by itself.
    #[tokio::test]
    async fn a_way_that_cannot_be_prepared_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyFile::open_or_create(&folder.path().join("key")).unwrap();
        let own = Docker::new("unix:///nowhere/docker.sock", "slipway");
        let data = folder.path().display().to_string();
        let address = "ssh://build@127.0.0.1:9";
        let settings = config(&["--build-node", address, "--data-dir", data.as_str()]);
        // What is no folder is in the way of it.
        let blocked = folder.path().join("blocked");
        std::fs::write(&blocked, "x").unwrap();
        let place = BuildPlace::open(&settings, &own, Some(&key), &blocked.join("build-node"));
        let error = place.look(&own, false).await.unwrap_err();
        assert!(matches!(error, BuildNodeError::Unfit(_)), "{error}");
        let text = error.to_string();
        assert!(
            text.contains(address) && text.contains("build-node") && text.contains("ot a directory"),
            "{text}"
        );
        let told = error.for_teams();
        assert!(
            told.contains("could not be prepared") && !told.contains(address),
            "{told}"
        );
        std::fs::remove_file(&blocked).unwrap();
        let text = place.look(&own, false).await.unwrap_err().to_string();
        assert!(text.contains("nobody has accepted"), "{text}");
    }

    /// FR-BLD-03: agents that share a build node are told apart, also where one was made of the other one's backup; an agent stays the same.
    #[test]
    fn agents_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let key = |name: &str| KeyFile::open_or_create(&folder.path().join(name)).unwrap();
        let (one, other) = (key("one"), key("other"));
        let label = owner("slipway", Some(&one), Some("a"));
        assert_eq!(label, owner("slipway", Some(&one), Some("a")));
        for another in [
            owner("slipway", Some(&one), Some("b")),
            owner("slipway", Some(&other), Some("a")),
            owner("other", Some(&one), Some("a")),
            owner("slipway", Some(&one), None),
        ] {
            assert_ne!(label, another);
        }
        assert!(label.starts_with("slipway-") && label.len() == "slipway-".len() + 2 * OWNER_BYTES);
    }

    /// FR-BLD-03: an engine on which an image would be another one is refused before anything is built.
    #[test]
    fn an_unfit_engine_is_refused_beforehand() {
        let node = "ssh://build@example.org";
        let here = EngineFacts {
            name: "server".to_owned(),
            ..facts("x86_64", false)
        };
        let same = compare(node, &here, &here, false);
        assert!(same.unwrap_err().to_string().contains("own engine"));
        assert!(compare(node, &facts("x86_64", false), &here, false).is_ok());
        let store = compare(node, &facts("x86_64", true), &here, false);
        assert!(store.unwrap_err().to_string().contains("containerd"));
        let processor = compare(node, &facts("aarch64", false), &here, false);
        assert!(processor.unwrap_err().to_string().contains("aarch64"));
        let set = compare(node, &facts("aarch64", false), &here, true);
        assert!(set.is_ok(), "the settings have decided");
    }
}
