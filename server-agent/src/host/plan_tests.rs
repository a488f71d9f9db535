use std::collections::BTreeMap;

use clap::Parser;

use super::*;
use crate::command::Arguments;
use crate::host::distribution::Distribution;
use crate::host::facts::{BuildNodeState, InstalledAgent};

fn config() -> Config {
    Arguments::parse_from(["slipway-agent", "doctor"]).config
}

/// A server as it is delivered, with nothing but sshd.
fn bare() -> Facts {
    Facts {
        distribution: Distribution::here(),
        architecture: "x86_64",
        root: true,
        systemd: true,
        processors: 2,
        memory: 4 << 30,
        disk_free: 40 << 30,
        docker: DockerState::Absent,
        missing: vec![Need::Docker, Need::Postgres, Need::Git],
        public: BTreeMap::from([(22, vec!["sshd".to_owned()])]),
        agent: None,
        link: false,
        ssh_passwords: Some(false),
        build_node: None,
    }
}

fn with_swarm(state: SwarmState, ours: bool) -> Facts {
    Facts {
        docker: DockerState::Answers {
            version: "29.1.0".into(),
            swarm: SwarmFacts {
                state,
                nodes: 3,
                ours,
                services: 12,
            },
        },
        missing: Vec::new(),
        ..bare()
    }
}

fn state(report: &SetupReport, check: &str) -> FindingState {
    let found = report.findings.iter().find(|finding| finding.check == check);
    found.unwrap_or_else(|| panic!("no {check}")).state
}

/// FR-HST-01: on a bare server everything is open and nothing stands in the way.
#[test]
fn a_bare_server_gets_everything() {
    let wishes = Wishes {
        link_key: format!("ssh-ed25519 {}", "A".repeat(68)).parse().ok(),
        ..Wishes::default()
    };
    let report = plan(&bare(), &wishes, &config());
    assert!(report.may_begin() && !report.is_done());
    assert_eq!(report.steps.len(), SetupStep::ALL.len());
    assert!(report.steps.iter().all(|step| !step.done), "{:?}", report.steps);
    assert_eq!(report.steps[0].title, "Install Docker, PostgreSQL and git");
}

/// FR-HST-02: a Swarm of somebody else is left alone until its use is allowed; one that cannot be used stays so.
#[test]
fn a_foreign_swarm_needs_a_yes() {
    let allowed = Wishes {
        existing_swarm: true,
        ..Wishes::default()
    };
    for (swarm, ours, plain, with_yes) in [
        (
            SwarmState::Manager,
            false,
            FindingState::Blocks,
            FindingState::Good,
        ),
        (SwarmState::Manager, true, FindingState::Good, FindingState::Good),
        (
            SwarmState::Worker,
            false,
            FindingState::Blocks,
            FindingState::Blocks,
        ),
        (
            SwarmState::Unusable,
            false,
            FindingState::Blocks,
            FindingState::Blocks,
        ),
        (
            SwarmState::Inactive,
            false,
            FindingState::Open,
            FindingState::Open,
        ),
    ] {
        let facts = with_swarm(swarm, ours);
        assert_eq!(
            state(&plan(&facts, &Wishes::default(), &config()), "swarm"),
            plain
        );
        assert_eq!(state(&plan(&facts, &allowed, &config()), "swarm"), with_yes);
    }
}

/// FR-HST-02: a busy port 80 stops everything and is explained with the program's name; a busy 443 is only told.
#[test]
fn busy_ports_are_explained() {
    let mut facts = bare();
    facts.public.insert(80, vec!["nginx".to_owned()]);
    facts.public.insert(443, vec!["nginx".to_owned()]);
    let report = plan(&facts, &Wishes::default(), &config());
    let obstacles: Vec<_> = report.obstacles().collect();
    assert_eq!(obstacles.len(), 1);
    assert_eq!(obstacles[0].title, "Port 80 is taken by nginx");
    assert_eq!(state(&report, "port-443"), FindingState::Warning);
}

/// FR-HST-01: too small, not root, without systemd: each is told before anything is done.
#[test]
fn what_cannot_work_is_told_first() {
    let wishes = Wishes::default();
    for (check, facts) in [
        (
            "machine",
            Facts {
                memory: 256 << 20,
                ..bare()
            },
        ),
        (
            "machine",
            Facts {
                disk_free: 1 << 30,
                ..bare()
            },
        ),
        (
            "root",
            Facts {
                root: false,
                ..bare()
            },
        ),
        (
            "system",
            Facts {
                systemd: false,
                ..bare()
            },
        ),
    ] {
        assert_eq!(
            state(&plan(&facts, &wishes, &config()), check),
            FindingState::Blocks
        );
    }
    let tight = Facts {
        memory: 1 << 30,
        ..bare()
    };
    assert_eq!(
        state(&plan(&tight, &wishes, &config()), "machine"),
        FindingState::Warning
    );
}

/// FR-HST-02: on a server that is set up, all that changes something is done already.
#[test]
fn a_second_run_has_nothing_to_do() {
    let mut facts = with_swarm(SwarmState::Manager, true);
    facts.public.insert(80, vec!["docker-proxy".to_owned()]);
    facts.agent = Some(InstalledAgent {
        same: true,
        answers: true,
        newer: None,
    });
    let report = plan(&facts, &Wishes::default(), &config());
    assert!(report.may_begin());
    let open: Vec<_> = report
        .steps
        .iter()
        .filter(|step| !step.done)
        .map(|step| step.step)
        .collect();
    assert_eq!(open, [SetupStep::Proof]);
}

/// FR-HST-05: an older program leaves a newer agent where it is, and says so.
#[test]
fn a_newer_agent_is_left_alone() {
    let mut facts = with_swarm(SwarmState::Manager, true);
    facts.agent = Some(InstalledAgent {
        same: false,
        answers: true,
        newer: Some("9.1.0".to_owned()),
    });
    let report = plan(&facts, &Wishes::default(), &config());
    let stands: Vec<_> = report.obstacles().map(|one| one.title.as_str()).collect();
    assert_eq!(
        stands,
        ["Version 9.1.0 of the agent is installed, which is newer"]
    );
}

/// FR-BLD-03: a build node is tried when it is set: one that is wrong is not saved, one that went away later stops nobody, and one that
/// cannot be signed in to yet is told.
#[test]
fn a_build_node_is_tried_when_it_is_set() {
    let found = |answer: BuildNodeAnswer| {
        let facts = Facts {
            build_node: Some(BuildNodeState {
                node: "ssh://build@example.org".to_owned(),
                answer,
            }),
            ..bare()
        };
        let report = plan(&facts, &Wishes::default(), &config());
        (state(&report, "build-node"), report.may_begin())
    };
    let bad = |was_set: bool| BuildNodeAnswer::Bad {
        reason: "it does not answer".to_owned(),
        was_set,
    };
    let good = BuildNodeAnswer::Good {
        version: "29.1.0".to_owned(),
    };
    assert_eq!(found(good), (FindingState::Good, true));
    assert_eq!(found(bad(false)), (FindingState::Blocks, false));
    assert_eq!(found(bad(true)), (FindingState::Warning, true));
    assert_eq!(found(BuildNodeAnswer::NotTried), (FindingState::Warning, true));
}
