//! The programs that git starts for a sign-in: the agent itself, under two other names.
//!
//! `GIT_SSH` and `GIT_ASKPASS` each take a program's path. Links in the agent's `ssh` folder lead back to the agent, which looks
//! at the name it was started by.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::{Path, PathBuf};

use slipway_protocol::git::GitUrl;

use super::access::{Access, Token, origin};
use super::lfs_way;
use crate::process::{Invocation, ProcessError, Program};

/// The name under which the agent acts as git's ssh.
pub const SSH_NAME: &str = "slipway-git-ssh";
/// The name under which the agent answers git's questions for user name and password.
pub const ASKPASS_NAME: &str = "slipway-git-askpass";

const SSH_FOLDER: &str = "SLIPWAY_GIT_SSH_DIR";
const KEY_FILE: &str = "SLIPWAY_GIT_KEY_FILE";
const TOKEN_FILE: &str = "SLIPWAY_GIT_TOKEN_FILE";
const REPOSITORY: &str = "SLIPWAY_GIT_REPOSITORY";
const LFS_BY_HTTPS: &str = "SLIPWAY_GIT_LFS_BY_HTTPS";
/// The address under which git asks for a repository that is a path of this server. Nobody is connected to.
pub(super) const THIS_SERVER: &str = "ssh://this-server/repository";

/// Prepares the folder that ssh uses for repositories: the links to the agent, beside a list of known hosts of its own.
pub fn prepare_helpers(data_dir: &Path, agent: &Path) -> std::io::Result<()> {
    let folder = data_dir.join("ssh");
    std::fs::create_dir_all(&folder)?;
    for name in [SSH_NAME, ASKPASS_NAME] {
        let link = folder.join(name);
        let _ = std::fs::remove_file(&link);
        std::os::unix::fs::symlink(agent, link)?;
    }
    Ok(())
}

/// Tells git about the helpers, and the helpers where the secrets are.
pub(super) fn environment(mut invocation: Invocation, data_dir: &Path, access: &Access) -> Invocation {
    let folder = data_dir.join("ssh");
    let program = |name: &str| Some(folder.join(name)).filter(|path| path.exists());
    if let Some(path) = program(SSH_NAME) {
        invocation = invocation.env("GIT_SSH", path);
    }
    match (access.token(), program(ASKPASS_NAME)) {
        (Some(file), Some(path)) => {
            invocation = invocation.env(TOKEN_FILE, file).env("GIT_ASKPASS", path);
        }
        // Nothing is asked, and git says what it would have needed.
        _ => invocation = invocation.env("GIT_ASKPASS", ""),
    }
    if let Some(file) = access.key() {
        invocation = invocation.env(KEY_FILE, file);
    }
    invocation.env(SSH_FOLDER, folder)
}

/// For a path git itself would start `sh -c "git-upload-pack '<path>'"`. As a repository behind ssh it starts our ssh, without
/// a shell, and that serves the path. Without the link git fails.
pub(super) fn from_this_server(invocation: Invocation, data_dir: &Path, path: &GitUrl) -> Invocation {
    invocation
        .env("GIT_SSH", data_dir.join("ssh").join(SSH_NAME))
        .env(REPOSITORY, path.as_str())
}

/// A server behind ssh may lead git-lfs to https addresses, and to no other.
pub(super) fn lfs_by_https_alone(invocation: Invocation) -> Invocation {
    invocation.env(LFS_BY_HTTPS, "1")
}

/// The agent as git's ssh: for a path of this server the other end itself; else the real ssh with our own hosts and key, and nothing of the account's configuration. The
/// application's own key comes before the server's.
pub async fn run_ssh(args: Vec<OsString>) -> Result<i32, ProcessError> {
    if let Some(path) = std::env::var_os(REPOSITORY) {
        return serve(&path).await;
    }
    let folder = PathBuf::from(std::env::var_os(SSH_FOLDER).unwrap_or_default());
    let mut invocation = Invocation::new(Program::Ssh)
        .args([
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=accept-new",
            "-o",
            "ConnectTimeout=15",
            "-o",
            "ServerAliveInterval=15",
            "-o",
            "ServerAliveCountMax=3",
            "-o",
        ])
        .arg(format!(
            "UserKnownHostsFile={}",
            folder.join("known_hosts").display()
        ))
        .inherit_streams();
    let key = std::env::var_os(KEY_FILE).map_or_else(|| folder.join("id_ed25519"), PathBuf::from);
    if key.exists() {
        invocation = invocation.args(["-o", "IdentitiesOnly=yes", "-i"]).arg(key);
    }
    if std::env::var_os(LFS_BY_HTTPS).is_some() && lfs_way::asks_where(&args) {
        return ask_where(invocation.args(args)).await;
    }
    let status = invocation.args(args).start()?.wait().await?;
    Ok(status.code().unwrap_or(255))
}

/// Hands on where the server says that files of Git LFS are, if git-lfs may go there.
async fn ask_where(invocation: Invocation) -> Result<i32, ProcessError> {
    let asked = invocation.run().await?;
    let mut said = std::io::stderr();
    // Nobody is told where nobody reads any more.
    let _ = said.write_all(asked.stderr.as_bytes());
    if !asked.success() {
        return Ok(asked.status.code().unwrap_or(255));
    }
    let Some(answer) = lfs_way::checked(&asked.stdout) else {
        let _ = writeln!(said, "{}", lfs_way::NOT_HTTPS);
        return Ok(1);
    };
    let written = writeln!(std::io::stdout(), "{answer}");
    Ok(i32::from(written.is_err()))
}

/// Hands out a repository over the standard streams.
async fn serve(path: &OsStr) -> Result<i32, ProcessError> {
    let mut invocation = Invocation::new(Program::Git)
        .args(["upload-pack", "--"])
        .arg(path)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null");
    if let Some(version) = std::env::var_os("GIT_PROTOCOL") {
        invocation = invocation.env("GIT_PROTOCOL", version);
    }
    let status = invocation.inherit_streams().start()?.wait().await?;
    Ok(status.code().unwrap_or(255))
}

/// The agent as git's askpass. The answer to one question, for the server that the token belongs to; `None` for any other.
pub fn run_askpass(args: &[OsString]) -> Option<String> {
    let question = args.first()?.to_str()?;
    let file = std::env::var_os(TOKEN_FILE)?;
    let token: Token = serde_json::from_slice(&std::fs::read(file).ok()?).ok()?;
    answer(question, token)
}

/// git asks “Username for 'https://host': ”, then “Password for 'https://user@host': ”.
fn answer(question: &str, token: Token) -> Option<String> {
    let (what, rest) = question.split_once(" for '")?;
    let address = rest.trim_end().strip_suffix("':")?;
    if origin(address)? != token.origin {
        return None;
    }
    match what {
        "Username" => Some(token.user),
        "Password" => Some(token.token.into_exposed()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::Secret;

    use super::*;

    /// FR-SRC-07: the token is told to its own server, and to none that a submodule or a redirect leads to.
    #[test]
    fn the_token_is_for_one_server() {
        let url = GitUrl::parse("https://git.example.org/team/a.git").unwrap();
        let token = Token::new(&url, "ada".to_owned(), Secret::new("canary".to_owned())).unwrap();
        let ask = |question: &str| answer(question, token.clone());
        assert_eq!(
            ask("Username for 'https://git.example.org': ").as_deref(),
            Some("ada")
        );
        assert_eq!(
            ask("Password for 'https://ada@git.example.org': ").as_deref(),
            Some("canary")
        );
        for other in [
            "Password for 'https://ada@git.example.org.evil.net': ",
            "Password for 'https://git.example.org@evil.net': ",
            "Password for 'https://evil.net/https://git.example.org': ",
            "Password for 'http://git.example.org': ",
            "Password for 'https://git.example.org:8443': ",
            "Passphrase for 'https://git.example.org': ",
            "Enter passphrase for key '/root/.ssh/id_ed25519': ",
            "",
        ] {
            assert_eq!(ask(other), None, "{other}");
        }
    }
}
