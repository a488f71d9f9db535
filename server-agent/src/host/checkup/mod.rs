//! The server check-up: how the server itself is kept. It looks, and never changes anything.
//!
//! [`files`] are read with bounds on a thread of their own, [`programs`] are asked fixed questions, each with a deadline; what that
//! means is decided without touching anything, a file for each topic. What could not be looked at is *not known*, with the reason, and
//! never good. Callers share a look: however many ask, the server is looked at once at a time.

mod apt_config;
mod builds;
mod clock;
mod disk;
mod files;
mod firewall;
mod guesses;
mod kernel_rules;
mod programs;
mod read;
mod restart;
mod ssh;
mod sshd_config;
mod units;
mod updates;
mod verdict;

use std::time::{Duration, Instant};

use slipway_protocol::checkup::{CheckupTopic, ServerCheck, ServerCheckup};
use tokio::sync::{Mutex, oneshot};

use crate::build_place::BuildPlace;
use crate::config::Config;
use crate::docker::{Docker, EngineFacts};
use files::{Files, Places};
use firewall::Firewall;
use programs::Told;
use ssh::Ssh;
use verdict::Verdict;

/// A look is the answer to everybody who asks for so long.
const FRESH: Duration = Duration::from_secs(10);
/// Reading may take this long; a disk that hangs makes nobody wait for longer.
const READ_LIMIT: Duration = Duration::from_secs(5);
/// So may the server's programs, each of which has a deadline of its own, and some seconds to be killed.
const ASK_LIMIT: Duration = Duration::from_secs(15);
/// Docker may take this long to say where its data lies.
const ENGINE_LIMIT: Duration = Duration::from_secs(3);
/// Where it lies otherwise.
const USUAL_DOCKER: &str = "/var/lib/docker";

/// The looks at this server.
#[derive(Debug, Default)]
pub struct Checkups {
    turn: Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    last: Option<(Instant, ServerCheckup)>,
    /// A thread that has not read to the end yet; no second one is begun beside it.
    reading: Option<oneshot::Receiver<Files>>,
}

/// What the agent itself knows.
#[derive(Clone, Copy, Debug)]
struct Around {
    edge_port: u16,
    /// How many nodes the Swarm has, where that is known.
    nodes: Option<u32>,
}

impl Checkups {
    /// Looks, or gives what was seen just now.
    pub async fn look(&self, config: &Config, docker: &Docker, build_place: &BuildPlace) -> ServerCheckup {
        let mut turn = self.turn.lock().await;
        if let Some((at, seen)) = &turn.last
            && at.elapsed() < FRESH
        {
            return seen.clone();
        }
        let engine = engine(docker).await;
        let around = Around {
            edge_port: config.edge_port,
            // Only a manager knows them.
            nodes: engine
                .as_ref()
                .filter(|facts| facts.swarm_manager)
                .map(|facts| facts.nodes),
        };
        let root = engine.and_then(|facts| facts.root);
        let places = Places {
            state: config.data_dir.clone(),
            docker: root.unwrap_or_else(|| USUAL_DOCKER.into()),
        };
        let told = within(ASK_LIMIT, programs::ask());
        let (files, told, builds) = tokio::join!(
            turn.read(places, READ_LIMIT),
            told,
            builds::builds(build_place, docker)
        );
        let seen = ServerCheckup {
            checks: judge(files.as_ref(), &told, around, &builds),
        };
        turn.last = Some((Instant::now(), seen.clone()));
        seen
    }
}

impl Turn {
    /// What the files say; `None` if they do not say it in time.
    async fn read(&mut self, places: Places, limit: Duration) -> Option<Files> {
        if self.reading.is_none() {
            self.reading = begin(places);
        }
        // It stays here while it is waited for: whoever waits may go away.
        let files = tokio::time::timeout(limit, self.reading.as_mut()?).await.ok()?;
        self.reading = None;
        files.ok()
    }
}

/// On a thread that nothing waits for at the end, as it may hang with its disk.
fn begin(places: Places) -> Option<oneshot::Receiver<Files>> {
    let (tell, told) = oneshot::channel();
    let read = move || drop(tell.send(Files::look(&places)));
    let thread = std::thread::Builder::new().name("checkup".to_owned()).spawn(read);
    thread.is_ok().then_some(told)
}

async fn engine(docker: &Docker) -> Option<EngineFacts> {
    let facts = tokio::time::timeout(ENGINE_LIMIT, docker.facts()).await;
    facts.ok()?.ok()
}

/// What the programs tell in time.
async fn within(limit: Duration, asking: impl Future<Output = Told>) -> Told {
    let told = tokio::time::timeout(limit, asking).await;
    told.unwrap_or_else(|_| Told::nothing("the server's programs did not answer in time"))
}

/// Whether the SSH server takes passwords, by its files; `None` where they do not tell.
pub fn ssh_passwords() -> Option<bool> {
    let ssh = Ssh::of(Err("it was not asked".to_owned()), files::sshd());
    ssh.ok().map(|ssh| ssh.takes_passwords())
}

/// What it all means, topic by topic.
fn judge(files: Option<&Files>, told: &Told, around: Around, builds: &Verdict) -> Vec<ServerCheck> {
    let Some(files) = files else {
        let hangs = Verdict::not_known(format!(
            "The server's files could not be read within {} s; look at its disk with `dmesg`.",
            READ_LIMIT.as_secs()
        ));
        let verdict = |topic: CheckupTopic| match topic {
            CheckupTopic::Builds => builds,
            CheckupTopic::SshPasswords
            | CheckupTopic::SshRoot
            | CheckupTopic::Firewall
            | CheckupTopic::Updates
            | CheckupTopic::Restart
            | CheckupTopic::Guesses
            | CheckupTopic::Disk
            | CheckupTopic::Clock => &hangs,
        };
        return CheckupTopic::ALL
            .map(|topic| verdict(topic).clone().on(topic))
            .into();
    };
    let (distribution, units) = (&files.distribution, told.units.as_ref());
    let ssh = Ssh::of(told.sshd.clone(), files.sshd.clone());
    let verdict = |topic: CheckupTopic| match topic {
        CheckupTopic::SshPasswords => ssh::passwords(&ssh, distribution),
        CheckupTopic::SshRoot => ssh::root(&ssh, distribution),
        CheckupTopic::Firewall => {
            firewall::firewall(&seen_of_firewall(files, told, &ssh, around), distribution)
        }
        CheckupTopic::Updates => updates::updates(&files.updates, units, distribution),
        CheckupTopic::Restart => restart::restart(&files.restart, distribution),
        CheckupTopic::Guesses => guesses::guesses(&ssh, units, distribution),
        CheckupTopic::Disk => disk::disk(&files.volumes),
        CheckupTopic::Clock => {
            let seen = clock::Clock {
                synchronized: told.synchronized,
                was_set: files.clock_was_set,
                in_container: files.in_container,
            };
            clock::clock(&seen, units, distribution)
        }
        CheckupTopic::Builds => builds.clone(),
    };
    CheckupTopic::ALL.map(|topic| verdict(topic).on(topic)).into()
}

fn seen_of_firewall(files: &Files, told: &Told, ssh: &Result<Ssh, String>, around: Around) -> Firewall {
    let by_unit = told.units.as_ref().and_then(|units| {
        units.running(&[
            ("firewalld.service", "firewalld"),
            ("nftables.service", "nftables"),
        ])
    });
    Firewall {
        shut: told.shut.clone(),
        keeper: files.ufw.then_some("ufw").or(by_unit),
        has_v6: files.has_v6,
        open: files.open.clone(),
        ssh_ports: ssh.as_ref().ok().and_then(Ssh::ports),
        edge_port: around.edge_port,
        nodes: around.nodes,
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::checkup::CheckState;

    use super::*;

    const AROUND: Around = Around {
        edge_port: 80,
        nodes: Some(1),
    };

    /// This machine may be busy with other tests.
    const LONG: Duration = Duration::from_secs(60);

    fn silent() -> Told {
        Told::nothing("it is away")
    }

    fn is_whole(checks: &[ServerCheck]) {
        let topics: Vec<_> = checks.iter().map(|check| check.topic).collect();
        assert_eq!(topics, CheckupTopic::ALL);
        for check in checks {
            assert!(check.found.ends_with('.'), "{check:?}");
            assert!(
                check.remedy.iter().all(|remedy| remedy.ends_with('.')),
                "{check:?}"
            );
            let asks = matches!(check.state, CheckState::Advice | CheckState::Bad);
            assert!(!asks || check.remedy.is_some(), "{check:?}");
        }
    }

    /// FR-HST-06: files that cannot be read in time leave everything unknown, and nothing good.
    #[test]
    fn a_hanging_disk_is_not_good() {
        let checks = judge(None, &silent(), AROUND, &Verdict::not_known("It was not asked."));
        is_whole(&checks);
        assert!(checks.iter().all(|check| check.state == CheckState::NotKnown));
    }

    /// FR-HST-06: a program that never ends holds nobody up: what it would have told is not known.
    #[tokio::test]
    async fn a_hanging_program_is_not_waited_for() {
        let told = within(Duration::from_millis(1), std::future::pending()).await;
        assert!(told.sshd.is_err() && told.shut.is_err() && told.units.is_none());
    }

    /// FR-HST-06: this very machine gets a whole report: each topic once, in sentences, with a remedy where something has to be done.
    #[tokio::test]
    async fn every_topic_has_its_verdict() {
        let places = Places {
            state: "/".into(),
            docker: "/".into(),
        };
        let mut turn = Turn::default();
        let files = turn.read(places, LONG).await.expect("what is on this machine");
        let builds = Verdict::good("Here.");
        is_whole(&judge(Some(&files), &silent(), AROUND, &builds));
        is_whole(&judge(Some(&files), &programs::ask().await, AROUND, &builds));
    }

    /// FR-HST-06: while a thread still reads, no second one is begun, and what it reads at last is taken.
    #[tokio::test]
    async fn only_one_thread_reads() {
        let places = || Places {
            state: "/".into(),
            docker: "/".into(),
        };
        let (tell, told) = oneshot::channel();
        let mut turn = Turn {
            last: None,
            reading: Some(told),
        };
        let soon = Duration::from_millis(1);
        assert!(turn.read(places(), soon).await.is_none() && turn.reading.is_some());
        let files = Files::look(&places());
        assert!(tell.send(files).is_ok());
        assert!(turn.read(places(), LONG).await.is_some() && turn.reading.is_none());
    }
}
