//! `doctor`: each thing that the agent needs, whether it is so, and what to do if not; then how the server is kept.

use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

use anyhow::Context as _;
use slipway_protocol::checkup::{CheckState, ServerCheck};
use slipway_protocol::count;
use slipway_protocol::names::is_hidden;

use crate::build_place::BuildPlace;
use crate::config::Config;
use crate::disk;
use crate::docker::Docker;
use crate::host::Checkups;
use crate::own_socket;
use crate::secrets::KeyFile;

/// Below this a build is likely to fill the disk, in bytes.
const ENOUGH_DISK: u64 = 2 * 1024 * 1024 * 1024;

struct Check {
    what: &'static str,
    /// What was found, or what is wrong with the remedy.
    found: Result<String, String>,
}

/// Prints a line per check, then the server check-up; fails when something is bad. Advice, and what is not known, does not fail it: a
/// server as it is delivered gets some, and works.
pub async fn doctor(config: &Config) -> anyhow::Result<ExitCode> {
    let mut checks = vec![key(config), folder(config), disk(config)];
    checks.extend(docker(config).await);
    checks.push(socket(config).await);
    let mut good = true;
    for check in checks {
        match check.found {
            Ok(found) => println!("good  {}: {found}", check.what),
            Err(wrong) => {
                good = false;
                println!("BAD   {}: {wrong}", check.what);
            }
        }
    }
    println!("\nHow this server is kept:");
    let docker = Docker::new(&config.docker_host, &config.instance);
    // The running agent's own files of such a connection are left alone.
    let folder = tempfile::tempdir().context("no folder for temporary files")?;
    let key = KeyFile::open(&config.key_path()).ok();
    let build_place = BuildPlace::open(config, &docker, key.as_ref(), &folder.path().join("build-node"));
    let seen = Checkups::default().look(config, &docker, &build_place).await;
    for check in seen.checks {
        good &= check.state != CheckState::Bad;
        println!("{}", line(&check));
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// In the manner of the lines above it.
fn line(check: &ServerCheck) -> String {
    let mark = match check.state {
        CheckState::Good => "good",
        CheckState::Advice => "note",
        CheckState::Bad => "BAD ",
        CheckState::NotKnown => "?   ",
    };
    let remedy = check
        .remedy
        .iter()
        .map(|remedy| format!(" {remedy}"))
        .collect::<String>();
    let text = format!("{mark}  {}: {}{remedy}", check.topic.title(), check.found);
    text.chars().filter(|c| !is_hidden(*c)).collect()
}

fn key(config: &Config) -> Check {
    let found = KeyFile::open(&config.key_path()).map(|_| "readable by its owner only".to_owned());
    Check {
        what: "key file",
        found: found.map_err(|error| format!("{error}; an agent without a database makes one at its start")),
    }
}

fn folder(config: &Config) -> Check {
    let path = config.data_dir.display();
    let found = match std::fs::metadata(&config.data_dir) {
        Ok(metadata) if metadata.mode() & 0o066 == 0 => Ok(format!("{path}")),
        Ok(_) => Err(format!("others can read or write {path}; run `chmod 711 {path}`")),
        Err(_) => Err(format!("{path} does not exist; run `slipway-agent install`")),
    };
    Check {
        what: "data folder",
        found,
    }
}

fn disk(config: &Config) -> Check {
    let free = disk::free(&config.data_dir);
    let text = format!("{:.1} GiB free", free as f64 / f64::from(1 << 30));
    let found = if free >= ENOUGH_DISK {
        Ok(text)
    } else {
        Err(format!("only {text}; `docker system df` shows what takes it"))
    };
    Check { what: "disk", found }
}

async fn docker(config: &Config) -> Vec<Check> {
    match Docker::new(&config.docker_host, &config.instance).facts().await {
        Ok(facts) => {
            let swarm = if facts.swarm_manager {
                let nodes = count::in_words(facts.nodes as usize, "node", "nodes");
                Ok(format!("manager of {nodes}"))
            } else {
                Err("this node is no Swarm manager; run `docker swarm init`".to_owned())
            };
            vec![
                Check {
                    what: "docker",
                    found: Ok(format!("version {}", facts.version)),
                },
                Check {
                    what: "swarm",
                    found: swarm,
                },
            ]
        }
        Err(error) => vec![Check {
            what: "docker",
            found: Err(error.to_string()),
        }],
    }
}

async fn socket(config: &Config) -> Check {
    let path = config.socket.display();
    let found = if own_socket::answers(&config.socket).await {
        Ok(format!("answers on {path}"))
    } else {
        Err(format!(
            "does not answer on {path}; run `systemctl start slipway-agent` and look at `journalctl -u slipway-agent`"
        ))
    };
    Check { what: "agent", found }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::checkup::CheckupTopic;

    use super::*;

    /// FR-HST-06: a check of the server is one line with its remedy, whatever is in it.
    #[test]
    fn a_check_is_a_line() {
        let check = ServerCheck {
            topic: CheckupTopic::Firewall.into(),
            state: CheckState::Bad,
            found: "Others reach port 25\n(\u{1b}[1mx).".to_owned(),
            remedy: Some("Shut it.".to_owned()),
        };
        assert_eq!(
            line(&check),
            "BAD   Firewall: Others reach port 25([1mx). Shut it."
        );
    }
}
