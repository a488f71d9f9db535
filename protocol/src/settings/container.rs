//! How an application's containers run.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::command::CommandLine;
use super::mount::{BindMount, ContainerPath, NetworkName, VolumeMount};
use super::quantity::{MegaBytes, MilliCores, Port, Seconds};
use crate::FreeText;
use crate::names::{refuse_dangerous, text_type};

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(default)]
pub struct ContainerSettings {
    /// In place of the image's entry point.
    pub command: Option<CommandLine>,
    /// In place of the image's command.
    pub arguments: Option<CommandLine>,
    /// In place of the image's user.
    pub user: Option<UserSpec>,
    pub resources: Resources,
    pub restart: RestartPolicy,
    pub stop_signal: StopSignal,
    /// How long a task may take to end after that signal.
    pub stop_grace: Seconds,
    /// A small init process that reaps zombies and passes signals on.
    pub init: bool,
    /// The container's own files cannot be written.
    pub read_only: bool,
    pub tmpfs: Vec<Tmpfs>,
    pub volumes: Vec<VolumeMount>,
    /// Folders of the node. Setting them is a right of its own.
    pub binds: Vec<BindMount>,
    /// Overlay networks beside the edge's, by name; they have to be there. Setting them is a right of its own.
    pub networks: Vec<NetworkName>,
    /// Beyond Docker's default set. Setting those that concern the node is a right of its own.
    pub add_capabilities: BTreeSet<Capability>,
    pub drop_capabilities: BTreeSet<Capability>,
    pub ulimits: Vec<UlimitSetting>,
    /// Labels of the containers. Those that begin with `slipway.` are Slipway's own.
    pub labels: BTreeMap<LabelKey, FreeText>,
    /// Only on nodes for which all of these hold.
    pub placement: Vec<PlacementConstraint>,
    /// Ports of the node itself, beside the edge. Only one task of a node can have one. Setting them is a right of its own.
    pub host_ports: Vec<HostPort>,
}

impl Default for ContainerSettings {
    fn default() -> Self {
        Self {
            command: None,
            arguments: None,
            user: None,
            resources: Resources::default(),
            restart: RestartPolicy::default(),
            stop_signal: StopSignal::Term,
            stop_grace: Seconds::fixed(30),
            init: true,
            read_only: false,
            tmpfs: Vec::new(),
            volumes: Vec::new(),
            binds: Vec::new(),
            networks: Vec::new(),
            add_capabilities: BTreeSet::new(),
            drop_capabilities: BTreeSet::new(),
            ulimits: Vec::new(),
            labels: BTreeMap::new(),
            placement: Vec::new(),
            host_ports: Vec::new(),
        }
    }
}

/// Of each task. A limit is never exceeded; what is reserved is kept free for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(default)]
pub struct Resources {
    pub memory: Option<MegaBytes>,
    pub reserved_memory: Option<MegaBytes>,
    pub cpu: Option<MilliCores>,
    pub reserved_cpu: Option<MilliCores>,
    /// The most processes and threads.
    pub processes: Option<u32>,
    /// Of the generic resource `gpu` that the nodes announce to Swarm (`node-generic-resources` of the engine).
    pub gpus: Option<u16>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(default)]
pub struct RestartPolicy {
    pub when: RestartWhen,
    /// So often at most; without a number, for ever.
    pub most: Option<u32>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RestartWhen {
    #[default]
    Always,
    OnFailure,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopSignal {
    Term,
    Int,
    Quit,
    Hup,
    Usr1,
    Usr2,
    Winch,
}

impl StopSignal {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Term => "SIGTERM",
            Self::Int => "SIGINT",
            Self::Quit => "SIGQUIT",
            Self::Hup => "SIGHUP",
            Self::Usr1 => "SIGUSR1",
            Self::Usr2 => "SIGUSR2",
            Self::Winch => "SIGWINCH",
        }
    }
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Tmpfs {
    pub path: ContainerPath,
    #[serde(default)]
    pub size: Option<MegaBytes>,
}

/// The capabilities that an application may be given. Those that own the host (`SYS_ADMIN`, `SYS_MODULE`, …) are not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Capability {
    AuditWrite,
    Chown,
    DacOverride,
    Fowner,
    Fsetid,
    IpcLock,
    Kill,
    Mknod,
    NetAdmin,
    NetBindService,
    NetRaw,
    Setfcap,
    Setgid,
    Setpcap,
    Setuid,
    SysChroot,
    SysNice,
    SysTime,
}

impl Capability {
    /// As Docker names it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AuditWrite => "CAP_AUDIT_WRITE",
            Self::Chown => "CAP_CHOWN",
            Self::DacOverride => "CAP_DAC_OVERRIDE",
            Self::Fowner => "CAP_FOWNER",
            Self::Fsetid => "CAP_FSETID",
            Self::IpcLock => "CAP_IPC_LOCK",
            Self::Kill => "CAP_KILL",
            Self::Mknod => "CAP_MKNOD",
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::NetBindService => "CAP_NET_BIND_SERVICE",
            Self::NetRaw => "CAP_NET_RAW",
            Self::Setfcap => "CAP_SETFCAP",
            Self::Setgid => "CAP_SETGID",
            Self::Setpcap => "CAP_SETPCAP",
            Self::Setuid => "CAP_SETUID",
            Self::SysChroot => "CAP_SYS_CHROOT",
            Self::SysNice => "CAP_SYS_NICE",
            Self::SysTime => "CAP_SYS_TIME",
        }
    }
}

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct UlimitSetting {
    /// `nofile`, `nproc`, …: the kernel's name in lower case.
    pub name: LabelKey,
    pub soft: u64,
    pub hard: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct HostPort {
    /// Of the node.
    pub port: Port,
    /// Inside the container.
    pub target: Port,
    #[serde(default)]
    pub protocol: PortProtocol,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PortProtocol {
    #[default]
    Tcp,
    Udp,
}

text_type! {
    /// A user of the container: `name`, `1000` or `1000:1000`.
    UserSpec, "The user", |text| {
        refuse_dangerous(text, 80)?;
        if text.split(':').count() > 2 || text.split(':').any(str::is_empty) { return Err("it needs the form user or user:group"); }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c)) {
            return Err("only letters, digits and - _ . are allowed");
        }
        Ok(())
    }
}

text_type! {
    /// The key of a label, or another short technical name.
    LabelKey, "The name", |text| {
        refuse_dangerous(text, 120)?;
        if text.starts_with("slipway.") || text.starts_with("com.docker.") { return Err("names that begin like this are reserved"); }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c)) {
            return Err("only letters, digits and - _ . / are allowed");
        }
        Ok(())
    }
}

text_type! {
    /// A condition on nodes in Swarm's words: `node.labels.disk==ssd`, `node.role!=manager`.
    PlacementConstraint, "The placement", |text| {
        refuse_dangerous(text, 200)?;
        let (key, value) = text.split_once("==").or_else(|| text.split_once("!=")).ok_or("it needs the form key==value or key!=value")?;
        let (key, value) = (key.trim(), value.trim());
        if !(key.starts_with("node.") || key.starts_with("engine.labels.")) { return Err("it is about node.… or engine.labels.…"); }
        let plain = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c));
        if plain(key) && plain(value) { Ok(()) } else { Err("only letters, digits and - _ . : are allowed") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-DEP-12, NFR-S2: users, labels and placements are parsed, and nothing of Slipway's own can be claimed.
    #[test]
    fn texts_are_parsed() {
        assert!(
            UserSpec::parse("1000:1000").is_ok()
                && UserSpec::parse("a:b:c").is_err()
                && UserSpec::parse(":").is_err()
        );
        assert!(LabelKey::parse("team").is_ok() && LabelKey::parse("slipway.instance").is_err());
        assert!(PlacementConstraint::parse("node.labels.disk == ssd").is_ok());
        assert!(PlacementConstraint::parse("disk==ssd").is_err());
    }

    /// NFR-S8: a capability that owns the host has no name here.
    #[test]
    fn the_host_is_not_given_away() {
        assert!(serde_json::from_str::<Capability>("\"SYS_ADMIN\"").is_err());
        assert!(serde_json::from_str::<Capability>("\"NET_RAW\"").is_ok());
    }
}
