//! The key that the SSH server of a build node shows, asked for by `ssh-keyscan` (OpenSSH): it exchanges keys, and sends nobody's name.

use std::time::Duration;

use super::SshAddress;
use super::error::shown;
use crate::process::{Invocation, ProcessError, Program};
use crate::public_key::PublicKey;

const LIMIT: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
pub enum ShownKeyError {
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(
        "the SSH server of {address} showed no key ({said}); see that it runs, and that this server reaches it"
    )]
    None { address: SshAddress, said: String },
}

/// The best of its keys.
pub async fn shown_key(address: &SshAddress) -> Result<PublicKey, ShownKeyError> {
    let ran = Invocation::new(Program::SshKeyscan)
        .args(["-T", "10", "-t", "ed25519,ecdsa,rsa", "-p"])
        .arg(address.port().to_string())
        .args(["--", address.host()])
        .deadline(LIMIT)
        .run()
        .await?;
    best(&ran.stdout).ok_or_else(|| ShownKeyError::None {
        address: address.clone(),
        said: shown(last_words(&ran.stderr)),
    })
}

/// Of lines as `known_hosts` has them: ssh prefers them in this order too.
fn best(lines: &str) -> Option<PublicKey> {
    let keys: Vec<PublicKey> = lines
        .lines()
        .filter_map(|line| line.split_once(' ')?.1.parse().ok())
        .collect();
    let of = |kind: &str| keys.iter().find(|key| key.kind().starts_with(kind));
    of("ssh-ed25519")
        .or_else(|| of("ecdsa-"))
        .or_else(|| of("ssh-rsa"))
        .cloned()
}

/// What it says of how the server calls itself begins with a hash sign.
fn last_words(said: &str) -> &str {
    let mut words = said.lines().map(str::trim).filter(|line| !line.starts_with('#'));
    words
        .rfind(|line| !line.is_empty())
        .unwrap_or("it did not answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-03: of several keys the one is taken that ssh would ask for, and what is no key is nothing.
    #[test]
    fn the_best_key_is_taken() {
        let key = "A".repeat(68);
        let said = format!(
            "[192.0.2.7]:2222 ssh-rsa {key}\n[192.0.2.7]:2222 ecdsa-sha2-nistp256 {key}\n[192.0.2.7]:2222 ssh-ed25519 {key}\n"
        );
        assert_eq!(best(&said).unwrap().to_string(), format!("ssh-ed25519 {key}"));
        assert_eq!(best(said.lines().next().unwrap()).unwrap().kind(), "ssh-rsa");
        assert_eq!(best("nonsense\n\nx ssh-ed25519 short\n"), None);
        let words = "# example.org:22 SSH-2.0-x\nexample.org: Connection refused\n# end\n";
        assert_eq!(last_words(words), "example.org: Connection refused");
        assert_eq!(last_words(""), "it did not answer");
    }
}
