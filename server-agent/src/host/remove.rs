//! Takes the agent off a server. Applications go on serving: their services, Traefik and its routes stay.

use std::path::Path;

use anyhow::Context as _;

use super::packages::NO_CLUSTER;
use super::service::{SERVICE, UNIT, previous, systemctl};
use super::{PROGRAM, accounts};
use crate::config::Config;

/// Stops the agent and removes its unit, its program and the account for connections; with `data` its folder too. What serves goes
/// on serving in either case, but without its folder Traefik would lose its routes: they stay where they are.
pub async fn remove(config: &Config, data: bool) -> anyhow::Result<Vec<String>> {
    let mut done = Vec::new();
    let mut silent = |_: &str| {};
    if Path::new(UNIT).exists() {
        systemctl(&["disable", "--now", SERVICE], &mut silent).await?;
        gone(UNIT)?;
        systemctl(&["daemon-reload"], &mut silent).await?;
        done.push("stopped the agent and removed its unit".to_owned());
    }
    accounts::remove_link(config).await?;
    gone(previous())?;
    if Path::new(PROGRAM).exists() {
        gone(PROGRAM)?;
        done.push(format!("removed {PROGRAM}"));
    }
    // PostgreSQL's package makes its usual cluster again, should somebody install it for themselves.
    gone(NO_CLUSTER)?;
    if data {
        let routes = config.dynamic_dir();
        for entry in std::fs::read_dir(&config.data_dir)
            .into_iter()
            .flatten()
            .flatten()
        {
            let path = entry.path();
            if routes.starts_with(&path) {
                continue;
            }
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(&path)
            } else {
                std::fs::remove_file(&path)
            };
            removed.with_context(|| format!("cannot remove {}", path.display()))?;
        }
        done.push(format!(
            "removed the agent's data; the routes that Traefik reads stay in {}",
            routes.display()
        ));
    }
    done.push("applications go on serving; `docker service ls` shows them".to_owned());
    Ok(done)
}

fn gone(path: impl AsRef<Path>) -> anyhow::Result<()> {
    match std::fs::remove_file(path.as_ref()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.as_ref().display()))
        }
        _ => Ok(()),
    }
}
