//! The container by which a shell gets onto the node itself. Docker, which is not confined as the agent is, makes it; nothing of its
//! image runs: the node's own programs are mounted into it, and lead out of it again.

use std::collections::HashMap;
use std::path::Path;

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::CreateContainerOptionsBuilder;
use slipway_protocol::TerminalId;
use tokio::net::UnixStream;

use super::capabilities::bounding_set;
use super::raw::{encode, unreachable};
use super::release_spec::lent;
use super::{Docker, DockerError, label, passing};

/// Enters the namespaces of another process (util-linux, busybox).
pub const NSENTER: &str = "/usr/bin/nsenter";
/// What the container does: nothing, for longer than any server runs. Every `sleep` takes a number.
const NOTHING: [&str; 2] = ["/bin/sleep", "2147483647"];
/// Where those programs and what they load are, as far as the node has it.
const PROGRAMS: [&str; 4] = ["/bin", "/lib", "/lib64", "/usr"];
/// The process that every other one of the node comes from.
const FIRST: u32 = 1;

/// A container that was found, and the terminal that it was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeShell {
    pub container: String,
    /// None where its label is not one of the agent's.
    pub terminal: Option<TerminalId>,
}

impl Docker {
    /// Starts the container of a terminal on the node; its id. [`DockerError::NotFound`] where the engine does not have the image.
    pub async fn start_node_shell(&self, terminal: TerminalId, image: &str) -> Result<String, DockerError> {
        let status = std::fs::read_to_string(format!("/proc/{FIRST}/status")).unwrap_or_default();
        let role = (label::ROLE, label::NODE_SHELL);
        let labels = label::own(self.instance(), &[role, (label::TERMINAL, &terminal.to_string())]);
        let name = self.node_shell_name(terminal);
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let body = body(image, labels, bounding_set(&status));
        let id = self.api().await?.create_container(Some(options), body).await?.id;
        self.api().await?.start_container(&id, None).await?;
        Ok(id)
    }

    /// Removes it, with whatever was started from it and still runs. Absent is fine.
    pub async fn remove_node_shell(&self, terminal: TerminalId) -> Result<(), DockerError> {
        self.remove_by_force(&self.node_shell_name(terminal)).await
    }

    /// The same with one that was found.
    pub async fn remove_found(&self, shell: &NodeShell) -> Result<(), DockerError> {
        self.remove_by_force(&shell.container).await
    }

    /// Those of this instance, also such as never ran.
    pub async fn node_shells(&self) -> Result<Vec<NodeShell>, DockerError> {
        let role = format!("{}={}", label::ROLE, label::NODE_SHELL);
        let filters = serde_json::json!({ "label": [self.own_label(), role] });
        let path = format!("/containers/json?all=1&filters={}", encode(&filters.to_string()));
        let list = self.get_json(&path).await?;
        let shell = |container: &serde_json::Value| {
            let terminal = container["Labels"][label::TERMINAL].as_str();
            Some(NodeShell {
                container: container["Id"].as_str()?.to_owned(),
                terminal: terminal.and_then(|id| id.parse().ok()),
            })
        };
        Ok(list.as_array().into_iter().flatten().filter_map(shell).collect())
    }

    /// A process in whose namespaces the node's own programs run. Where the first one lets nobody look at them, as that of some virtual
    /// machines, it is the one that opened the engine's socket: the engine itself.
    pub async fn process_of_node(&self) -> Result<u32, DockerError> {
        if std::fs::read_link(format!("/proc/{FIRST}/ns/mnt")).is_ok() {
            return Ok(FIRST);
        }
        let socket = UnixStream::connect(&self.socket).await.map_err(unreachable)?;
        let process = socket.peer_cred().map_err(unreachable)?.pid();
        let process = process.and_then(|pid| u32::try_from(pid).ok());
        process.ok_or_else(|| DockerError::Refused("its process is not known here".to_owned()))
    }

    fn node_shell_name(&self, terminal: TerminalId) -> String {
        format!("{}-node-{terminal}", self.instance())
    }
}

/// All rights that root has on the node, named one by one: an engine that lacks some of them itself refuses to give “all”.
fn body(image: &str, labels: HashMap<String, String>, rights: Vec<String>) -> ContainerCreateBody {
    let folders = PROGRAMS.iter().filter(|folder| Path::new(folder).is_dir());
    let mounts = folders.map(|folder| lent(folder, folder, true)).collect();
    let host = HostConfig {
        cap_add: Some(rights),
        security_opt: Some(
            ["seccomp=unconfined", "apparmor=unconfined", "label=disable"]
                .map(str::to_owned)
                .to_vec(),
        ),
        device_cgroup_rules: Some(vec!["a *:* rwm".to_owned()]),
        pid_mode: Some("host".to_owned()),
        // It needs no network of its own: the shell has the node's.
        ..passing::host(mounts, "none")
    };
    ContainerCreateBody {
        entrypoint: Some(NOTHING.map(str::to_owned).to_vec()),
        cmd: Some(Vec::new()),
        ..passing::container(image, labels, host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-02: nothing of the image runs, nothing of the node is lent for writing, and nothing stays.
    #[test]
    fn the_container_is_only_a_way() {
        let body = body("edge:1", HashMap::new(), vec!["KILL".to_owned()]);
        let words = [body.entrypoint.unwrap(), body.cmd.unwrap()].concat();
        assert_eq!(words, NOTHING);
        let host = body.host_config.unwrap();
        let mounts = host.mounts.unwrap();
        assert!(!mounts.is_empty() && mounts.iter().all(|mount| mount.read_only == Some(true)));
        assert_eq!(
            (host.auto_remove, host.network_mode.as_deref(), host.privileged),
            (Some(true), Some("none"), None)
        );
        assert_eq!(host.cap_add.unwrap(), ["KILL"]);
    }
}
