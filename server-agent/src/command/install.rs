//! `install`: account, folders, key, program and systemd unit. Run again it changes nothing that is right.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::unistd::{Group, User};

use crate::config::Config;
use crate::process::{Invocation, Program};
use crate::secrets::KeyFile;

const PROGRAM: &str = "/usr/local/bin/slipway-agent";
const UNIT: &str = "/etc/systemd/system/slipway-agent.service";
const ACCOUNT: &str = "slipway";

pub async fn install(config: &Config, start: bool) -> anyhow::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!("install needs root; run it with sudo");
    }
    account().await?;
    std::fs::create_dir_all(&config.data_dir)?;
    std::fs::set_permissions(&config.data_dir, std::fs::Permissions::from_mode(0o711))?;
    KeyFile::open_or_create(&config.key_path())?;
    say("account, data folder and key are in place");
    program()?;
    put(Path::new(UNIT), &unit(config))?;
    say(&format!("wrote {UNIT}"));
    if start {
        systemctl(&["daemon-reload"]).await?;
        systemctl(&["enable", "--now", "slipway-agent"]).await?;
        say("the agent runs; `slipway-agent invite` prints the first owner's invitation");
    } else {
        say("ready; start it with `systemctl enable --now slipway-agent`");
    }
    Ok(())
}

async fn account() -> anyhow::Result<()> {
    if Group::from_name(ACCOUNT)?.is_none() {
        run(Program::Groupadd, &["--system", ACCOUNT]).await?;
    }
    if User::from_name(ACCOUNT)?.is_none() {
        run(
            Program::Useradd,
            &[
                "--system",
                "--gid",
                ACCOUNT,
                "--no-create-home",
                "--shell",
                "/usr/sbin/nologin",
                ACCOUNT,
            ],
        )
        .await?;
    }
    Ok(())
}

/// Copies the running program to its place, unless it runs from there.
fn program() -> anyhow::Result<()> {
    let own = std::env::current_exe().context("the agent's own program was not found")?;
    if own != Path::new(PROGRAM) {
        let fresh = format!("{PROGRAM}.new");
        std::fs::copy(&own, &fresh).with_context(|| format!("cannot write {fresh}"))?;
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o755))?;
        std::fs::rename(&fresh, PROGRAM)?;
    }
    say(&format!("the program is {PROGRAM}"));
    Ok(())
}

fn unit(config: &Config) -> String {
    format!(
        "[Unit]\nDescription=Slipway agent\nAfter=network-online.target docker.service\nWants=network-online.target docker.service\n\n\
         [Service]\nExecStart={PROGRAM} serve\nEnvironment=SLIPWAY_DATA_DIR={data}\nEnvironment=SLIPWAY_SOCKET={socket}\nRestart=always\nRestartSec=1\nKillMode=mixed\nTimeoutStopSec=30\n\
         RuntimeDirectory=slipway\nRuntimeDirectoryMode=0755\nNoNewPrivileges=yes\nProtectSystem=strict\nProtectHome=read-only\nReadWritePaths={data} /run/slipway /tmp\n\
         ProtectKernelTunables=yes\nProtectKernelModules=yes\nRestrictSUIDSGID=yes\nLockPersonality=yes\n\n\
         [Install]\nWantedBy=multi-user.target\n",
        data = config.data_dir.display(),
        socket = config.socket.display(),
    )
}

fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    if std::fs::read_to_string(path).is_ok_and(|now| now == text) {
        return Ok(());
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

async fn systemctl(args: &[&str]) -> anyhow::Result<()> {
    run(Program::Systemctl, args)
        .await
        .context("systemd did not take the service; with --no-start it can be started by hand")
}

async fn run(program: Program, args: &[&str]) -> anyhow::Result<()> {
    let ended = Invocation::new(program.clone())
        .args(args)
        .deadline(Duration::from_secs(60))
        .run()
        .await?;
    if ended.success() {
        return Ok(());
    }
    bail!(
        "{program:?} {}: {}",
        args.join(" "),
        ended.stderr.lines().last().unwrap_or("it gave no reason")
    )
}

fn say(text: &str) {
    println!("{text}");
}
