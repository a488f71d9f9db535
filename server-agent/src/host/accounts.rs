//! The agent's own account, and the one for everyday connections, which is only a pipe.

use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use nix::unistd::{Group, User};

use super::apply::Outcome;
use super::{ACCOUNT, LINK_ACCOUNT, LINK_NAME, PROGRAM, line_of, link_home};
use crate::config::Config;
use crate::process::{Invocation, Program};
use crate::public_key::PublicKey;

/// The agent's account and group. True if one was made.
pub(super) async fn own() -> anyhow::Result<bool> {
    let mut made = false;
    if Group::from_name(ACCOUNT)?.is_none() {
        run(Program::Groupadd, &["--system", ACCOUNT]).await?;
        made = true;
    }
    if User::from_name(ACCOUNT)?.is_none() {
        let home = "--no-create-home";
        let shell = "/usr/sbin/nologin";
        run(
            Program::Useradd,
            &["--system", "--gid", ACCOUNT, home, "--shell", shell, ACCOUNT],
        )
        .await?;
        made = true;
    }
    Ok(made)
}

/// An account whose shell is the pipe to the agent, and which takes this key and nothing else. Other keys that it has stay.
pub(super) async fn link(config: &Config, key: &PublicKey) -> anyhow::Result<Outcome> {
    let shell = Path::new(PROGRAM).with_file_name(LINK_NAME);
    if std::fs::read_link(&shell).ok().as_deref() != Some(Path::new(PROGRAM)) {
        let _ = std::fs::remove_file(&shell);
        symlink(PROGRAM, &shell).with_context(|| format!("cannot make {}", shell.display()))?;
    }
    let home = link_home(config);
    let mut changed = false;
    if User::from_name(LINK_ACCOUNT)?.is_none() {
        let (shell, home) = (shell.to_string_lossy(), home.to_string_lossy());
        let folder = "--no-create-home";
        let args = [
            "--system",
            "--gid",
            ACCOUNT,
            folder,
            "--home-dir",
            &home,
            "--shell",
            &shell,
            LINK_ACCOUNT,
        ];
        run(Program::Useradd, &args).await?;
        // Not locked, which some SSH servers take for “nobody may sign in”, but without any password that fits.
        run(Program::Usermod, &["--password", "*", LINK_ACCOUNT]).await?;
        changed = true;
    }
    let Some(account) = User::from_name(LINK_ACCOUNT)? else {
        bail!("the account {LINK_ACCOUNT} was not made");
    };
    // Root's, so that whoever comes in by it cannot let others in.
    let folder = home.join(".ssh");
    std::fs::create_dir_all(&folder)?;
    for path in [&home, &folder] {
        chown(path, Some(0), Some(account.gid.as_raw()))?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o750))?;
    }
    let file = folder.join("authorized_keys");
    let text = std::fs::read_to_string(&file).unwrap_or_default();
    let line = line_of(key);
    if !text.lines().any(|one| one == line) {
        let fresh = folder.join("authorized_keys.new");
        let mut lines: Vec<&str> = text.lines().collect();
        lines.push(&line);
        std::fs::write(&fresh, lines.join("\n") + "\n")?;
        chown(&fresh, Some(0), Some(account.gid.as_raw()))?;
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o640))?;
        std::fs::rename(&fresh, &file)?;
        changed = true;
    }
    let result = format!("{LINK_ACCOUNT} takes your key");
    Ok(if changed {
        Outcome::changed(result)
    } else {
        Outcome::as_it_was(result)
    })
}

/// Takes the account for everyday connections away, with its keys.
pub(super) async fn remove_link(config: &Config) -> anyhow::Result<()> {
    if User::from_name(LINK_ACCOUNT)?.is_some() {
        run(Program::Userdel, &[LINK_ACCOUNT]).await?;
    }
    let _ = std::fs::remove_file(Path::new(PROGRAM).with_file_name(LINK_NAME));
    match std::fs::remove_dir_all(link_home(config)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
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
    let reason = ended.stderr.lines().last().unwrap_or("it gave no reason");
    bail!("{program:?} {}: {reason}", args.join(" "))
}
