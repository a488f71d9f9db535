//! The way onto the agent's own node, as root: through a container of its own, out into the namespaces of the node's own programs. The
//! agent's children would be confined as the agent is.

use std::path::Path;

use slipway_protocol::TerminalId;
use slipway_protocol::terminal::TerminalEnd;

use super::run::{SHELLS, Way, failed};
use crate::app::App;
use crate::docker::{DockerError, NSENTER};

/// Where root finds programs before a shell has read its profile.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How the node calls itself.
pub fn host_name() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| String::new(), |name| name.trim().to_owned())
}

/// The shell that the node has, as a person who signs in gets it.
fn shell() -> Result<Vec<String>, TerminalEnd> {
    let found = SHELLS.into_iter().find(|shell| Path::new(shell).exists());
    let shell = found.ok_or_else(|| {
        cannot(
            "The server has no shell (neither /bin/bash nor /bin/sh); install one there and try again."
                .to_owned(),
        )
    })?;
    Ok(vec![shell.to_owned(), "-l".to_owned()])
}

/// Makes the container of a terminal.
pub async fn open(app: &App, terminal: TerminalId) -> Result<Way, TerminalEnd> {
    let shell = shell()?;
    if !Path::new(NSENTER).exists() {
        let reason =
            format!("The server has no {NSENTER}; install the package util-linux there and try again.");
        return Err(cannot(reason));
    }
    let image = &app.config.traefik_image;
    let process = app
        .docker
        .process_of_node()
        .await
        .map_err(|error| failed(&error))?;
    let started = app.docker.start_node_shell(terminal, image).await;
    let container = started.map_err(|error| match error {
        DockerError::NotFound => {
            let reason = format!(
                "The server does not have Traefik's image ({image}) yet, which the terminal needs; try again when Traefik runs there."
            );
            cannot(reason)
        }
        other => failed(&other),
    })?;
    Ok(Way {
        container,
        words: words_of(process),
        environment: environment(),
        shell: Some(shell),
    })
}

/// Without `--pid`: the container has the node's numbers already, and what is run is so the very process that Docker knows of.
fn words_of(process: u32) -> Vec<String> {
    let process = process.to_string();
    let words = [NSENTER, "-t", &process, "-m", "-u", "-i", "-n", "--"];
    words.map(str::to_owned).to_vec()
}

/// As for somebody who signs in as root, not as for a container.
fn environment() -> Vec<String> {
    vec![
        PATH.to_owned(),
        "HOME=/root".to_owned(),
        "USER=root".to_owned(),
        "LOGNAME=root".to_owned(),
        format!("HOSTNAME={}", host_name()),
    ]
}

/// Removes the container of a terminal that is over. What cannot be removed now is swept up later.
pub async fn close(app: &App, terminal: TerminalId) {
    if let Err(error) = app.docker.remove_node_shell(terminal).await {
        tracing::warn!(%error, %terminal, "the container of a terminal on the node is removed later");
        app.sweep_wanted.notify_one();
    }
}

/// Removes the containers whose terminals do not live: an earlier agent's, and such as could not be removed. Whether none is left.
pub async fn sweep(app: &App) -> Result<bool, DockerError> {
    let mut clean = true;
    for shell in app.docker.node_shells().await? {
        let lives = shell.terminal.is_some_and(|id| app.terminals.is_live(id));
        if lives {
            continue;
        }
        tracing::info!(
            container = shell.container,
            "removing what a terminal on the node has left"
        );
        if let Err(error) = app.docker.remove_found(&shell).await {
            tracing::warn!(%error, "the container of a terminal on the node could not be removed yet");
            clean = false;
        }
    }
    Ok(clean)
}

fn cannot(reason: String) -> TerminalEnd {
    TerminalEnd::Failed { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-OBS-02: what is run on the node stands behind the end of the options, as words of its own.
    #[test]
    fn a_command_is_no_option() {
        let words = words_of(1);
        assert_eq!(words.join(" "), "/usr/bin/nsenter -t 1 -m -u -i -n --");
        assert!(shell().is_ok_and(|shell| shell.len() == 2 && shell[1] == "-l"));
    }
}
