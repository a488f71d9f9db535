//! What can be seen of a release that does not come up. It only reads, and what it cannot read stays unknown.

use std::fs::File;
use std::io::Read;
use std::net::SocketAddr;
use std::time::Duration;

use slipway_protocol::settings::MegaBytes;

use crate::docker::{ContainerFacts, Docker};
use crate::domain::explain::seen::{Answer, Seen, connections, connections_to, listeners};
use crate::domain::plan::Plan;
use crate::domain::rollout::{ObservedTask, TaskState, last_broken};

/// An explanation is not worth a longer wait than this.
const PATIENCE: Duration = Duration::from_secs(5);
/// A table of the kernel is read up to this length, in bytes: some ten thousand sockets.
const LONGEST_TABLE: u64 = 2 * 1024 * 1024;

/// Of a release whose containers do not stay up: how the newest ended.
pub async fn of_ended(docker: &Docker, plan: &Plan, tasks: &[ObservedTask]) -> Seen {
    let Some(task) = last_broken(tasks).or_else(|| tasks.iter().find(|task| task.wanted)) else {
        return Seen::default();
    };
    let facts = container(docker, task).await;
    Seen {
        exit_code: task.exit_code,
        out_of_memory: facts.as_ref().map(|facts| facts.out_of_memory),
        memory_limit: plan.settings.container.resources.memory.map(MegaBytes::get),
        failing_check: facts.and_then(|facts| facts.failing_check),
        docker_says: task.message.clone(),
        ..Seen::default()
    }
}

/// Of a release that runs: where the processes of the task that is not healthy listen.
pub async fn of_running(docker: &Docker, tasks: &[ObservedTask], unhealthy: Option<(&str, Answer)>) -> Seen {
    let runs = |task: &&ObservedTask| task.wanted && task.state == TaskState::Running;
    let asked = |task: &&ObservedTask| unhealthy.is_none_or(|(id, _)| task.id == id);
    let Some(task) = tasks.iter().filter(runs).find(asked) else {
        return Seen::default();
    };
    let process = container(docker, task).await.and_then(|facts| facts.process);
    let id = task.container.as_deref().unwrap_or_default();
    Seen {
        answer: unhealthy.map(|(_, answer)| answer),
        listeners: process.and_then(|process| sockets(id, process)),
        ..Seen::default()
    }
}

/// The ports on which an image says that it listens; none where it cannot be asked.
pub async fn exposed(docker: &Docker, image: &str) -> Vec<u16> {
    let asked = tokio::time::timeout(PATIENCE, docker.exposed_ports(image)).await;
    asked.ok().and_then(Result::ok).unwrap_or_default()
}

/// How many connections from outside a task has on its port; `None` where that cannot be seen, as on another node.
pub async fn connected(docker: &Docker, task: &ObservedTask, port: u16) -> Option<usize> {
    let tables = tables(process(docker, task).await?)?;
    Some(tables.iter().map(|table| connections(table, port)).sum())
}

/// How many connections the edge has to these servers, wherever they are: it runs on this node, and each connection has an end here. What
/// others than the edge have open there is not seen.
pub async fn led_to(docker: &Docker, servers: &[SocketAddr]) -> Option<usize> {
    let asked = tokio::time::timeout(PATIENCE, docker.edge_task());
    let edge = asked.await.ok()?.ok()??;
    count_to(process(docker, &edge).await?, servers)
}

fn count_to(process: u32, servers: &[SocketAddr]) -> Option<usize> {
    let tables = tables(process)?;
    Some(tables.iter().map(|table| connections_to(table, servers)).sum())
}

/// A task's first process, if it runs on this node: a number may meanwhile be another's.
async fn process(docker: &Docker, task: &ObservedTask) -> Option<u32> {
    let process = container(docker, task).await?.process?;
    let id = task.container.as_deref().filter(|id| !id.is_empty())?;
    read(process, "cgroup")?.contains(id).then_some(process)
}

/// The tables of a process's connections, whole; `None` where they are longer than what is read of them.
fn tables(process: u32) -> Option<[String; 2]> {
    // A kernel without IPv6 has no second table.
    let six = read(process, "net/tcp6").unwrap_or_default();
    let tables = [read(process, "net/tcp")?, six];
    let is_whole = |table: &String| u64::try_from(table.len()).is_ok_and(|length| length < LONGEST_TABLE);
    tables.iter().all(is_whole).then_some(tables)
}

async fn container(docker: &Docker, task: &ObservedTask) -> Option<ContainerFacts> {
    let asked = docker.container(task.container.as_deref()?);
    tokio::time::timeout(PATIENCE, asked).await.ok()?.ok()?
}

/// The sockets that listen in the network of a process, if it is that container's: a number may meanwhile be another's.
fn sockets(container: &str, process: u32) -> Option<Vec<SocketAddr>> {
    if container.is_empty() || !read(process, "cgroup")?.contains(container) {
        return None;
    }
    let mut found = listeners(&read(process, "net/tcp")?);
    // A kernel without IPv6 has no such table.
    found.extend(listeners(&read(process, "net/tcp6").unwrap_or_default()));
    Some(found)
}

fn read(process: u32, name: &str) -> Option<String> {
    let mut text = Vec::new();
    let file = File::open(format!("/proc/{process}/{name}")).ok()?;
    file.take(LONGEST_TABLE).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};
    use std::time::Instant;

    /// The kernel's tables come in pieces while others change them, and a program that another test starts holds a copy of each socket until
    /// its `exec`.
    fn until(what: &str, is_so: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        while !is_so() {
            assert!(Instant::now() < end, "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// FR-DEP-16: where a process listens is read from the kernel; of a process that is not the container's, nothing is.
    #[test]
    fn the_sockets_of_a_process_are_seen() {
        let listener = TcpListener::bind("127.83.61.8:0").unwrap();
        let own = std::process::id();
        let group = read(own, "cgroup").unwrap();
        let address = listener.local_addr().unwrap();
        until("the listener is seen", || {
            sockets(group.trim(), own).unwrap().contains(&address)
        });
        assert_eq!(sockets("0123456789abcdef", own), None);
        assert_eq!(sockets("", own), None);
        assert_eq!(sockets(&group, u32::MAX), None);
    }

    /// FR-DEP-06: who connects to a server is told by the kernel on its side, wherever the server is.
    #[test]
    fn the_ends_of_connections_are_seen() {
        // An address that no other test connects to.
        let listener = TcpListener::bind("127.83.61.9:0").unwrap();
        let servers = [listener.local_addr().unwrap()];
        let own = std::process::id();
        assert_eq!(count_to(own, &servers), Some(0));
        let client = TcpStream::connect(servers[0]).unwrap();
        until("one is seen", || count_to(own, &servers) == Some(1));
        drop(client);
        until("none is left", || count_to(own, &servers) == Some(0));
        assert_eq!(count_to(u32::MAX, &servers), None);
    }
}
