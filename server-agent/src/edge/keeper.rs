//! Keeps the edge process: opens its listener and its door, starts it, starts it again.
//!
//! The listener is the agent's and outlives the process, so that a request which comes while it is started again waits instead
//! of being refused. It is bound to the bridge by which containers reach this server (`docker_gwbridge`), and to nothing else.

use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use nix::unistd::User;
use tokio_util::sync::CancellationToken;

use super::door;
use crate::app::App;
use crate::process::{Invocation, Program};
use crate::{deploy, http};

/// The account without rights that every system has.
const ACCOUNT: &str = "nobody";
const AGAIN: Duration = Duration::from_secs(3);

/// Until the agent ends. Where the bridge is not there yet it is looked for again.
pub async fn keep(app: App, shutdown: CancellationToken) {
    let mut said = String::new();
    while !shutdown.is_cancelled() {
        let ended = tokio::select! {
            ended = once(&app, &shutdown) => ended,
            () = shutdown.cancelled() => return,
        };
        if let Err(error) = ended {
            let now = format!("{error:#}");
            if now != said {
                tracing::warn!("deploy URLs cannot be reached: {now}");
                said = now;
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Opens everything, and keeps the process for as long as it can be started.
async fn once(app: &App, shutdown: &CancellationToken) -> anyhow::Result<()> {
    let account = account();
    let bridge = app.docker.bridge_address().await?;
    let bridge = bridge.context("Docker has no docker_gwbridge yet; it comes with the Swarm")?;
    let listener = std::net::TcpListener::bind((bridge, app.config.edge_process_port))
        .with_context(|| format!("cannot listen on {bridge}:{}", app.config.edge_process_port))?;
    let address = listener.local_addr()?;
    let path = app.config.door_path();
    let socket = http::bind(&path)
        .await
        .context("the edge's door cannot be opened")?;
    close_to_others(&path, account)?;
    let serving = http::serve(socket, door::router(app.clone()), shutdown.clone());
    let serving = tokio::spawn(serving);
    app.deploy_urls.set(Some(address));
    deploy::apply_routes_soon(app);
    let ended = run(listener, path, account).await;
    app.deploy_urls.set(None);
    app.routes_wanted.notify_one();
    serving.abort();
    ended
}

async fn run(
    listener: std::net::TcpListener,
    door: PathBuf,
    account: Option<(u32, u32)>,
) -> anyhow::Result<()> {
    let path = std::env::current_exe().context("the agent's own program was not found")?;
    loop {
        let mut process = Invocation::new(Program::Agent { path: path.clone() })
            .arg("edge")
            .arg("--door")
            .arg(&door)
            .args(["--parent", &std::process::id().to_string()])
            .stdin_from(listener.try_clone()?.into());
        if let Some((uid, gid)) = account {
            process = process
                .args(["--uid", &uid.to_string()])
                .args(["--gid", &gid.to_string()]);
        }
        let ended = process.start()?.wait().await?;
        tracing::warn!(%ended, "the edge process ended; starting it again");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// Only root can become somebody else; otherwise the process stays the agent's own account.
fn account() -> Option<(u32, u32)> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let found = User::from_name(ACCOUNT).ok().flatten();
    Some(found.map_or((65_534, 65_534), |user| (user.uid.as_raw(), user.gid.as_raw())))
}

fn close_to_others(door: &Path, account: Option<(u32, u32)>) -> std::io::Result<()> {
    if let Some((uid, gid)) = account {
        chown(door, Some(uid), Some(gid))?;
    }
    std::fs::set_permissions(door, std::fs::Permissions::from_mode(0o600))
}
