//! The desktop's SSH agent: which of its keys are offered and in which order, and what is tried where it has none.

use std::path::{Path, PathBuf};
use std::time::Duration;

use russh::keys::agent::AgentIdentity;
use russh::keys::agent::client::{AgentClient, AgentStream};
use russh::keys::{PrivateKey, PublicKey, load_public_key};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::auth::{LARGEST_KEY_FILE, ended, load_key, offer_key, outcome, refused, signature_hash};
use super::tunnel::{SshTarget, Tunnel};
use crate::config::home_folder;
use crate::error::ConnectError;

/// The keys in `~/.ssh` that OpenSSH takes where it is told of none.
pub(crate) const USUAL_KEYS: [&str; 3] = ["id_ed25519", "id_ecdsa", "id_rsa"];
/// Servers count each key that is offered and hang up after six.
pub(super) const MOST_KEYS: usize = 6;
/// An agent lists its keys at once.
const PATIENCE: Duration = Duration::from_secs(5);

type DesktopAgent = AgentClient<Box<dyn AgentStream + Send + Unpin>>;

/// One of the usual keys that is there, with its public half where that can be read.
struct Usual {
    path: PathBuf,
    public: Option<PublicKey>,
}

/// What came of offering a key of the agent's.
#[derive(PartialEq, Eq)]
enum Offered {
    Taken,
    Refused,
    /// The agent did not sign with it, or the server takes no signature that it could make.
    Unsigned,
}

/// Offers the agent's keys, the usual ones before the others, and then those of the usual files that it does not have: as OpenSSH does.
/// A usual key with a passphrase is not asked about: whoever wants that one chooses its file.
pub(super) async fn with_agent(tunnel: &mut Tunnel, target: &SshTarget) -> Result<(), ConnectError> {
    let usual = spawn_blocking(|| usual_keys(&home_folder())).await;
    let usual = usual.unwrap_or_default();
    let (mut held, mut without) = (Vec::new(), None);
    let mut offered = 0;
    match open().await {
        Ok((mut agent, mut identities)) => {
            put_first(&mut identities, &usual);
            for identity in identities.iter().take(MOST_KEYS) {
                offered += 1;
                let tried = tried(offered, identities.len());
                if offer(tunnel, target, &mut agent, identity, &tried).await? == Offered::Taken {
                    return Ok(());
                }
            }
            held = identities;
        }
        Err(error) => without = Some(error),
    }
    let is_held = |key: &Usual| held.iter().any(|one| is_of(one, key.public.as_ref()));
    let files = usual.into_iter().filter(|key| !is_held(key)).map(|key| key.path);
    let files: Vec<PathBuf> = files.take(MOST_KEYS - offered).collect();
    let mut names = Vec::new();
    for path in files {
        let shown = path.display().to_string();
        let Ok(Ok(key)) = spawn_blocking(move || load_key(&path, None)).await else {
            continue;
        };
        match offer_key(tunnel, target, key, &format!("the key {shown}")).await {
            Ok(()) => return Ok(()),
            Err(ConnectError::SignInRefused { .. }) if !tunnel.handle.is_closed() => names.push(shown),
            Err(error) => return Err(error),
        }
    }
    match without {
        Some(error) if names.is_empty() => Err(error),
        Some(_) => Err(refused(target, &format!("the keys {}", names.join(", ")))),
        None if names.is_empty() => Err(refused(target, &tried(offered, held.len()))),
        None => {
            let all = format!("{} and {}", tried(offered, held.len()), names.join(", "));
            Err(refused(target, &all))
        }
    }
}

/// For the sentence: a server hears no more than six, so that with more of them the right one has to be named.
fn tried(offered: usize, all: usize) -> String {
    if all > MOST_KEYS {
        format!("the SSH agent's keys ({offered} of {all} offered; choose the file of the right one instead)")
    } else {
        format!("the SSH agent's keys ({offered} offered)")
    }
}

/// Signs in with the agent's copy of this file's key. False where it has none or does not sign: the file itself is read then.
pub(super) async fn with_key_of(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    path: &Path,
) -> Result<bool, ConnectError> {
    let owned = path.to_owned();
    let Ok(Some(public)) = spawn_blocking(move || public_of(&owned)).await else {
        return Ok(false);
    };
    let Ok((mut agent, identities)) = open().await else {
        return Ok(false);
    };
    let tried = format!("the key {}", path.display());
    let mut was_refused = false;
    let mut same = identities;
    same.retain(|one| is_of(one, Some(&public)));
    for identity in &same {
        match offer(tunnel, target, &mut agent, identity, &tried).await? {
            Offered::Taken => return Ok(true),
            Offered::Refused => was_refused = true,
            Offered::Unsigned => {}
        }
    }
    if was_refused {
        return Err(refused(target, &tried));
    }
    Ok(false)
}

/// The agent with its keys; an error where there is none, or it holds none.
async fn open() -> Result<(DesktopAgent, Vec<AgentIdentity>), ConnectError> {
    match timeout(PATIENCE, listed()).await {
        Ok(opened) => opened,
        Err(_) => Err(absent("it did not answer in 5 seconds")),
    }
}

async fn listed() -> Result<(DesktopAgent, Vec<AgentIdentity>), ConnectError> {
    let mut agent = connect().await?;
    let identities = agent.request_identities().await;
    let identities = identities.map_err(|_| absent("it did not list its keys"))?;
    if identities.is_empty() {
        return Err(absent("it holds no key"));
    }
    Ok((agent, identities))
}

fn absent(reason: &str) -> ConnectError {
    ConnectError::NoSshAgent {
        reason: reason.to_owned(),
    }
}

#[cfg(unix)]
async fn connect() -> Result<DesktopAgent, ConnectError> {
    let path = std::env::var_os("SSH_AUTH_SOCK").filter(|path| !path.is_empty());
    let path = path.ok_or_else(|| absent("SSH_AUTH_SOCK is not set"))?;
    let agent = AgentClient::connect_uds(path)
        .await
        .map_err(|_| absent("nothing answers at SSH_AUTH_SOCK"))?;
    Ok(agent.dynamic())
}

#[cfg(windows)]
async fn connect() -> Result<DesktopAgent, ConnectError> {
    let agent = AgentClient::connect_named_pipe(r"\\.\pipe\openssh-ssh-agent").await;
    let agent = agent.map_err(|_| absent("the OpenSSH agent service does not run"))?;
    Ok(agent.dynamic())
}

async fn offer(
    tunnel: &mut Tunnel,
    target: &SshTarget,
    agent: &mut DesktopAgent,
    identity: &AgentIdentity,
    tried: &str,
) -> Result<Offered, ConnectError> {
    let key = identity.public_key().into_owned();
    let Some(hash) = signature_hash(tunnel, key.algorithm().is_rsa()).await else {
        return Ok(Offered::Unsigned);
    };
    let result = match identity {
        AgentIdentity::PublicKey { .. } => {
            tunnel
                .handle
                .authenticate_publickey_with(&target.user, key, hash, agent)
                .await
        }
        AgentIdentity::Certificate { certificate, .. } => {
            tunnel
                .handle
                .authenticate_certificate_with(&target.user, certificate.clone(), hash, agent)
                .await
        }
    };
    match result {
        Ok(result) => {
            let taken = outcome(Ok(result), tunnel, target, tried)?;
            Ok(if taken { Offered::Taken } else { Offered::Refused })
        }
        // The agent declined to sign with this key; the next one may do.
        Err(_) if !tunnel.handle.is_closed() => Ok(Offered::Unsigned),
        Err(_) => Err(ended(tunnel, target, tried)),
    }
}

fn is_of(identity: &AgentIdentity, key: Option<&PublicKey>) -> bool {
    key.is_some_and(|key| identity.public_key().key_data() == key.key_data())
}

/// The usual keys come first, in their order; the others stay in the agent's.
fn put_first(identities: &mut [AgentIdentity], usual: &[Usual]) {
    identities.sort_by_key(|identity| {
        let place = usual.iter().position(|key| is_of(identity, key.public.as_ref()));
        place.unwrap_or(usual.len())
    });
}

fn usual_keys(home: &Path) -> Vec<Usual> {
    let paths = USUAL_KEYS.iter().map(|name| home.join(".ssh").join(name));
    let there = paths.filter(|path| path.is_file());
    there
        .map(|path| Usual {
            public: public_of(&path),
            path,
        })
        .collect()
}

/// The public half of a key file: from the file beside it, of itself where only that half was put there, or of the private one, which
/// tells it without its passphrase.
pub(super) fn public_of(path: &Path) -> Option<PublicKey> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".pub");
    let fits = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() <= LARGEST_KEY_FILE)
    };
    let read = |path: &Path| fits(path).then(|| load_public_key(path).ok()).flatten();
    let within = |path: &Path| {
        let text = fits(path).then(|| std::fs::read_to_string(path).ok()).flatten()?;
        let key = PrivateKey::from_openssh(text).ok()?;
        Some(key.public_key().clone())
    };
    read(Path::new(&beside))
        .or_else(|| read(path))
        .or_else(|| within(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ one";
    const TWO: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X two";

    /// FR-CON-02: of an agent's keys those of the usual files are offered first, and a key file is known by its public half.
    #[test]
    fn the_usual_keys_come_first() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join(".ssh");
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("id_rsa"), "not a key").unwrap();
        std::fs::write(folder.join("id_ed25519"), "encrypted").unwrap();
        std::fs::write(folder.join("id_ed25519.pub"), format!("{TWO}\n")).unwrap();
        let usual = usual_keys(home.path());
        let names: Vec<_> = usual.iter().filter_map(|key| key.path.file_name()).collect();
        assert_eq!(names, ["id_ed25519", "id_rsa"]);
        assert!(usual[0].public.is_some() && usual[1].public.is_none());

        let key = |text: &str| PublicKey::from_openssh(text).unwrap();
        let mut held = [key(ONE), key(TWO)].map(AgentIdentity::from);
        put_first(&mut held, &usual);
        assert!(is_of(&held[0], Some(&key(TWO))) && is_of(&held[1], Some(&key(ONE))));
        assert!(!is_of(&held[0], None));
    }

    /// FR-CON-02: who has more keys than a server hears is told what to do.
    #[test]
    fn too_many_keys_are_said() {
        assert_eq!(tried(2, 2), "the SSH agent's keys (2 offered)");
        assert!(tried(6, 9).contains("6 of 9 offered; choose the file"));
    }
}
