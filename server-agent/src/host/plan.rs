//! What the facts mean, and what will be done about them. Pure: it touches nothing.

use slipway_protocol::count;
use slipway_protocol::setup::{Finding, FindingState, PlannedStep, SetupReport, SetupStep};

use super::distribution::Need;
use super::facts::{BuildNodeAnswer, DockerState, Facts};
use super::{LINK_ACCOUNT, LINK_NAME, PROGRAM, Wishes};
use crate::config::Config;
use crate::docker::{SwarmFacts, SwarmState};

/// Below this an agent, its database, Traefik and one application do not fit, in bytes.
const LEAST_MEMORY: u64 = 700 << 20;
const ENOUGH_MEMORY: u64 = 1800 << 20;
/// Below this packages and a first image do not fit, in bytes.
const LEAST_DISK: u64 = 3 << 30;
const ENOUGH_DISK: u64 = 10 << 30;

/// What was found, and each step that follows from it.
pub fn plan(facts: &Facts, wishes: &Wishes, config: &Config) -> SetupReport {
    let findings = [
        system(facts),
        root(facts),
        machine(facts),
        docker(facts),
        swarm(facts, wishes),
    ];
    let findings = findings
        .into_iter()
        .chain([config.edge_port, 443].map(|port| port_of(facts, config, port)))
        .chain(agent(facts))
        .chain(ssh(facts))
        .chain(build_node(facts))
        .collect();
    let steps = SetupStep::ALL
        .into_iter()
        .filter(|step| is_wanted(*step, wishes))
        .map(|step| planned(step, facts, wishes, config))
        .collect();
    SetupReport { findings, steps }
}

/// Without a start there is nothing to wait for or to prove, and without a key no account for it.
pub(super) fn is_wanted(step: SetupStep, wishes: &Wishes) -> bool {
    match step {
        SetupStep::Docker | SetupStep::Swarm | SetupStep::Edge | SetupStep::Proof => !wishes.no_start,
        SetupStep::Link => wishes.link_key.is_some(),
        SetupStep::Packages | SetupStep::Account | SetupStep::Agent => true,
    }
}

fn finding(check: &str, state: FindingState, title: impl Into<String>, detail: impl Into<String>) -> Finding {
    Finding {
        check: check.to_owned(),
        state,
        title: title.into(),
        detail: detail.into(),
    }
}

fn system(facts: &Facts) -> Finding {
    let title = format!("{}, {}", facts.distribution.name, facts.architecture);
    if !facts.systemd {
        let detail = "The agent is a systemd service, and systemd does not run here.";
        return finding("system", FindingState::Blocks, title, detail);
    }
    if facts.distribution.manager().is_none() && !facts.missing.is_empty() {
        let detail = format!(
            "Slipway does not know how packages are installed here. Install {} yourself, then try again.",
            names(&facts.missing)
        );
        return finding("system", FindingState::Blocks, title, detail);
    }
    finding("system", FindingState::Good, title, "")
}

fn root(facts: &Facts) -> Finding {
    if facts.root {
        finding("root", FindingState::Good, "Runs as root", "")
    } else {
        let detail = "Setting a server up needs root: run it with sudo.";
        finding("root", FindingState::Blocks, "Not root", detail)
    }
}

fn machine(facts: &Facts) -> Finding {
    let title = format!(
        "{} processor cores, {} of memory, {} of disk free",
        facts.processors,
        gibibytes(facts.memory),
        gibibytes(facts.disk_free)
    );
    let (state, detail) = if facts.memory < LEAST_MEMORY {
        (
            FindingState::Blocks,
            "At least 0.7 GiB of memory are needed; choose a larger server.",
        )
    } else if facts.disk_free < LEAST_DISK {
        (
            FindingState::Blocks,
            "At least 3 GiB of free disk are needed; free some space, then try again.",
        )
    } else if facts.memory < ENOUGH_MEMORY || facts.disk_free < ENOUGH_DISK {
        (
            FindingState::Warning,
            "Enough to begin with; building images may need more.",
        )
    } else {
        (FindingState::Good, "")
    };
    finding("machine", state, title, detail)
}

fn docker(facts: &Facts) -> Finding {
    match &facts.docker {
        DockerState::Absent => finding(
            "docker",
            FindingState::Open,
            "Docker is not installed",
            "It will be installed.",
        ),
        DockerState::Silent { reason } => finding(
            "docker",
            FindingState::Open,
            "Docker is installed, but does not answer",
            format!("It will be started. ({reason})"),
        ),
        DockerState::Answers { version, .. } => finding(
            "docker",
            FindingState::Good,
            format!("Docker {version}"),
            "It is left as it is.",
        ),
    }
}

fn swarm(facts: &Facts, wishes: &Wishes) -> Finding {
    let DockerState::Answers { swarm, .. } = &facts.docker else {
        return finding(
            "swarm",
            FindingState::Open,
            "No Swarm here",
            "One of this server alone will be made.",
        );
    };
    match swarm.state {
        SwarmState::Inactive => finding(
            "swarm",
            FindingState::Open,
            "No Swarm here",
            "One of this server alone will be made.",
        ),
        SwarmState::Manager if swarm.ours => {
            finding("swarm", FindingState::Good, in_words(swarm), "It is Slipway's.")
        }
        SwarmState::Manager if wishes.existing_swarm => finding(
            "swarm",
            FindingState::Good,
            in_words(swarm),
            "You allowed it to be used; what runs in it is not touched.",
        ),
        SwarmState::Manager => finding(
            "swarm",
            FindingState::Blocks,
            in_words(swarm),
            "It is not Slipway's and is left alone. To run Slipway in it, beside what is there, allow its use (--use-existing-swarm).",
        ),
        SwarmState::Worker => finding(
            "swarm",
            FindingState::Blocks,
            "A worker of another Swarm",
            "It is left alone. Set Slipway up on a manager of that Swarm, or take this server out of it first.",
        ),
        SwarmState::Unusable => finding(
            "swarm",
            FindingState::Blocks,
            "A Swarm that does not work",
            "It is locked, or lost its managers, and is left alone. `docker info` on the server tells more.",
        ),
    }
}

fn in_words(swarm: &SwarmFacts) -> String {
    format!(
        "A Swarm of {} and {}",
        count::in_words(swarm.nodes as usize, "node", "nodes"),
        count::in_words(swarm.services, "service", "services")
    )
}

fn port_of(facts: &Facts, config: &Config, port: u16) -> Finding {
    let check = format!("port-{port}");
    match facts.taken(port) {
        None => finding(
            &check,
            FindingState::Good,
            format!("Port {port} is free for Traefik"),
            "",
        ),
        Some(programs) if port == config.edge_port => finding(
            &check,
            FindingState::Blocks,
            format!("Port {port} is taken by {programs}"),
            "It is left alone. Stop it, or move it to another port, then try again.",
        ),
        Some(programs) => finding(
            &check,
            FindingState::Warning,
            format!("Port {port} is taken by {programs}"),
            "It is left alone. Traefik will need it for HTTPS.",
        ),
    }
}

fn agent(facts: &Facts) -> Option<Finding> {
    let installed = facts.agent.as_ref()?;
    if let Some(newer) = &installed.newer {
        let detail = "An older agent might not understand its database. Use an app or a program of that version or newer.";
        let title = format!("Version {newer} of the agent is installed, which is newer");
        return Some(finding("agent", FindingState::Blocks, title, detail));
    }
    Some(match (installed.same, installed.answers) {
        (true, true) => finding(
            "agent",
            FindingState::Good,
            "The agent runs",
            "It is this very version.",
        ),
        (true, false) => finding(
            "agent",
            FindingState::Open,
            "The agent does not answer",
            "It will be started.",
        ),
        (false, _) => finding(
            "agent",
            FindingState::Open,
            "Another version of the agent is installed",
            "It will be replaced; if the new one does not answer, it comes back.",
        ),
    })
}

fn ssh(facts: &Facts) -> Option<Finding> {
    let detail = "Slipway does not need it once a key works; PasswordAuthentication no turns it off.";
    (facts.ssh_passwords == Some(true)).then(|| {
        finding(
            "ssh",
            FindingState::Warning,
            "The SSH server takes passwords",
            detail,
        )
    })
}

/// A setting that is wrong is not saved. One that was right when it was saved, and is not now, is in the way of nothing else.
fn build_node(facts: &Facts) -> Option<Finding> {
    let state = facts.build_node.as_ref()?;
    let node = &state.node;
    Some(match &state.answer {
        BuildNodeAnswer::Good { version } => finding(
            "build-node",
            FindingState::Good,
            format!("Images are built on {node} (Docker {version})"),
            "",
        ),
        BuildNodeAnswer::Bad { reason, was_set } => finding(
            "build-node",
            if *was_set {
                FindingState::Warning
            } else {
                FindingState::Blocks
            },
            format!("Nothing can be built on {node}"),
            format!("Because {reason}."),
        ),
        BuildNodeAnswer::NotTried => finding(
            "build-node",
            FindingState::Warning,
            format!("The build node {node} is not tried yet"),
            "The key to sign in with is made now. Then `slipway-agent build-key` prints its line for authorized_keys there, \
             `slipway-agent trust-build-node` shows that machine's own key, and `slipway-agent doctor` tries the way.",
        ),
    })
}

fn planned(step: SetupStep, facts: &Facts, wishes: &Wishes, config: &Config) -> PlannedStep {
    let same = facts.agent.as_ref().is_some_and(|agent| agent.same);
    let answers = facts.agent.as_ref().is_some_and(|agent| agent.answers);
    let engine = matches!(facts.docker, DockerState::Answers { .. });
    let manager =
        matches!(&facts.docker, DockerState::Answers { swarm, .. } if swarm.state == SwarmState::Manager);
    let (title, detail, done) = match step {
        SetupStep::Packages if facts.missing.is_empty() => (
            "Install packages".to_owned(),
            "Docker, PostgreSQL and git are there".to_owned(),
            true,
        ),
        SetupStep::Packages => {
            let packages = facts
                .missing
                .iter()
                .flat_map(|need| facts.distribution.packages(*need));
            let packages: Vec<&str> = packages.copied().collect();
            (
                format!("Install {}", names(&facts.missing)),
                format!("packages {}", packages.join(", ")),
                false,
            )
        }
        SetupStep::Docker => (
            "Start Docker".to_owned(),
            "now, and with the server".to_owned(),
            engine,
        ),
        SetupStep::Swarm => (
            "Make a Swarm".to_owned(),
            "of this server alone; it listens on loopback only".to_owned(),
            manager,
        ),
        SetupStep::Account => (
            "Make the agent's account, folder and key".to_owned(),
            config.data_dir.display().to_string(),
            answers,
        ),
        SetupStep::Agent => (
            if wishes.no_start {
                "Install the agent"
            } else {
                "Install and start the agent"
            }
            .to_owned(),
            format!("{PROGRAM}, its systemd unit, its own PostgreSQL on a local socket"),
            same && (answers || wishes.no_start),
        ),
        SetupStep::Link => (
            "Make the account for connections".to_owned(),
            format!("{LINK_ACCOUNT}: its shell is {LINK_NAME}, one forced command, your key only"),
            // The key may be another one; putting it there again costs nothing.
            false,
        ),
        SetupStep::Edge => (
            "Start Traefik".to_owned(),
            format!(
                "{}, port {}, without Docker's socket",
                config.traefik_image, config.edge_port
            ),
            answers && facts.public.contains_key(&config.edge_port),
        ),
        SetupStep::Proof => ("Prove it".to_owned(), "what listens for others".to_owned(), false),
    };
    PlannedStep {
        step,
        title,
        detail,
        done,
    }
}

fn names(needs: &[Need]) -> String {
    let names: Vec<&str> = needs.iter().map(|need| need.name()).collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        Some((last, _)) => (*last).to_owned(),
        None => String::new(),
    }
}

fn gibibytes(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "one digit after the point is shown")]
    let number = bytes as f64 / f64::from(1 << 30);
    format!("{number:.1} GiB")
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
