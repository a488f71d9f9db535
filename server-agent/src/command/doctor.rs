//! `doctor`: each thing that the agent needs, whether it is so, and what to do if not.

use std::os::unix::fs::MetadataExt;
use std::process::ExitCode;

use tokio::net::UnixStream;

use crate::config::Config;
use crate::docker::Docker;
use crate::http::disk_free;
use crate::secrets::KeyFile;

/// Below this a build is likely to fill the disk, in bytes.
const ENOUGH_DISK: u64 = 2 * 1024 * 1024 * 1024;

struct Check {
    what: &'static str,
    /// What was found, or what is wrong with the remedy.
    found: Result<String, String>,
}

/// Prints a line per check; fails when one is bad.
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
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn key(config: &Config) -> Check {
    let found = KeyFile::open(&config.key_path()).map(|_| "readable by its owner only".to_owned());
    Check {
        what: "key file",
        found: found
            .map_err(|error| format!("{error}; `slipway-agent install` makes a new one where there is none")),
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
    let free = disk_free(&config.data_dir);
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
                Ok(format!("manager of {} node(s)", facts.nodes))
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
    let found = match UnixStream::connect(&config.socket).await {
        Ok(_) => Ok(format!("answers on {path}")),
        Err(_) => Err(format!(
            "does not answer on {path}; run `systemctl start slipway-agent` and look at `journalctl -u slipway-agent`"
        )),
    };
    Check { what: "agent", found }
}
