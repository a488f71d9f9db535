//! Docker, PostgreSQL's programs and git, by the distribution's own package manager.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::apply::{Lines, Outcome, run};
use super::distribution::{Distribution, Manager, Need};
use super::facts::Facts;
use crate::config::Config;
use crate::process::{Invocation, Program};

/// Debian's package makes a database cluster of its own unless it is told not to; the agent runs one itself.
pub(super) const NO_CLUSTER: &str = "/etc/postgresql-common/createcluster.d/slipway.conf";

/// The server's own updates may take this long.
const BUSY_LIMIT: Duration = Duration::from_secs(600);

pub(super) async fn install(config: &Config, lines: Lines<'_>) -> anyhow::Result<Outcome> {
    let facts = Facts::gather(config).await;
    if facts.missing.is_empty() {
        return Ok(Outcome::as_it_was("all packages are there"));
    }
    let distribution = &facts.distribution;
    let Some(manager) = distribution.manager() else {
        bail!(
            "it is not known how packages are installed on {}",
            distribution.name
        );
    };
    if manager == Manager::Apt && facts.missing.contains(&Need::Postgres) {
        put(NO_CLUSTER, "create_main_cluster = false\n")?;
    }
    for need in &facts.missing {
        if let Some((path, text)) = distribution.repository(*need) {
            put(path, &text)?;
        }
    }
    if manager == Manager::Apt {
        // An installation that was cut off has to be ended first; where there is none, this does nothing.
        patiently(Program::Dpkg, &["--configure", "-a"], lines)
            .await
            .context("packages of an earlier installation could not be set up")?;
    }
    if let Some(refresh) = manager.refresh() {
        patiently(manager.program(), refresh, lines).await.context(
            "the lists of packages could not be fetched; does this server reach its package archive?",
        )?;
    }
    let packages = packages(distribution, &facts.missing);
    let words = [manager.install(), &packages].concat();
    patiently(manager.program(), &words, lines)
        .await
        .with_context(|| format!("the packages {} could not be installed", packages.join(", ")))?;
    Ok(Outcome::changed(packages.join(", ")))
}

fn packages(distribution: &Distribution, needs: &[Need]) -> Vec<&'static str> {
    needs
        .iter()
        .flat_map(|need| distribution.packages(*need))
        .copied()
        .collect()
}

/// Servers install updates by themselves, soon after they were started above all; that is waited for.
async fn patiently(program: Program, words: &[&str], lines: Lines<'_>) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        // Nobody is there to answer a question of a package.
        let invocation = Invocation::new(program.clone())
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive")
            .env("NEEDRESTART_MODE", "a")
            .env("HOME", "/root");
        let error = match run(invocation, lines).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let busy = format!("{error}").to_lowercase().contains("lock");
        if !busy || begun.elapsed() > BUSY_LIMIT {
            return Err(error);
        }
        lines("the package manager is at work already; waiting for it");
        tokio::time::sleep(Duration::from_secs(3)).await;
    }
}

fn put(path: &str, text: &str) -> anyhow::Result<()> {
    let path = Path::new(path);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
