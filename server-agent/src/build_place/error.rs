//! What can go wrong with a build node: what happened, and what to do about it.

use std::error::Error;
use std::fmt::{Display, Formatter};
use std::path::Path;

use nix::errno::Errno;
use slipway_protocol::names::is_hidden;

use crate::docker::DockerError;

/// Words of others in a sentence, in characters.
const LONGEST_WORDS: usize = 160;

/// Each speaks as “what happened; what to do”. A build never goes on elsewhere: who has named a build node wants this server to be left alone.
#[derive(Debug, thiserror::Error)]
pub enum BuildNodeError {
    /// It may be back in a moment.
    #[error("{0}")]
    Away(Trouble),
    /// Somebody has to do something.
    #[error("{0}")]
    Unfit(Trouble),
    /// What has nothing to do with where images are built.
    #[error(transparent)]
    Docker(DockerError),
}

/// Two halves of a sentence, without marks at their ends: for those who run the server, with the build node's address.
#[derive(Debug)]
pub struct Trouble {
    pub what: String,
    pub remedy: String,
    /// The whole for the teams that deploy there: where images are built, and what SSH says of the way there, is nothing of theirs.
    for_teams: String,
}

impl Display for Trouble {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}; {}", self.what, self.remedy)
    }
}

/// The build node as it is called in a sentence: with its address where the server's owner reads it.
#[derive(Clone, Copy)]
struct Called<'a>(Option<&'a str>);

impl Display for Called<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(address) => write!(f, "the build node {address}"),
            None => write!(f, "the build node"),
        }
    }
}

impl Called<'_> {
    /// What the way there had to say, in brackets.
    fn because(self, words: &str) -> String {
        match self.0 {
            Some(_) => format!(" ({})", shown(words)),
            None => String::new(),
        }
    }

    /// The command that shows the key of its server. It may be named before it is a setting of the service.
    fn trust(self) -> String {
        match self.0 {
            Some(address) => format!("slipway-agent trust-build-node --build-node {address}"),
            None => "slipway-agent trust-build-node".to_owned(),
        }
    }
}

impl Trouble {
    /// `say` makes the two halves, once with the address and once without it.
    fn new(node: &str, say: impl Fn(Called<'_>) -> (String, String)) -> Self {
        let (what, remedy) = say(Called(Some(node)));
        let (seen, to_do) = say(Called(None));
        Self {
            what,
            remedy,
            for_teams: format!("{seen}; {to_do}"),
        }
    }
}

impl BuildNodeError {
    /// What a team gets to read in its deployment.
    pub fn for_teams(&self) -> String {
        match self {
            Self::Away(trouble) | Self::Unfit(trouble) => trouble.for_teams.clone(),
            Self::Docker(error) => error.to_string(),
        }
    }

    pub(super) fn away(node: &str, why: &str) -> Self {
        Self::Away(Trouble::new(node, |node| {
            (
                format!("{node} does not answer{}", node.because(why)),
                "see that Docker runs there and that this server reaches it (`slipway-agent doctor` tries it), or build on \
                 this server (`slipway-agent install --build-node own`)"
                    .to_owned(),
            )
        }))
    }

    /// The files of the connection, in that folder of this server's, are not there.
    pub(super) fn unprepared(node: &str, folder: &Path, why: &str) -> Self {
        Self::Unfit(Trouble::new(node, |node| {
            let reason = match node.0 {
                Some(_) => format!("{}: {}", folder.display(), shown(why)),
                None => shown(why),
            };
            (
                format!("the way to {node} could not be prepared on this server ({reason})"),
                "see that its disk has room and that the agent may write to its data folder, and deploy again".to_owned(),
            )
        }))
    }

    pub(super) fn no_host_key(node: &str) -> Self {
        Self::Unfit(Trouble::new(node, |node| {
            (
                format!(
                    "{node} is not connected to, because nobody has accepted the key of its SSH server yet"
                ),
                format!("compare it and accept it (`{}`)", node.trust()),
            )
        }))
    }

    /// `is_set` where the key that is trusted is a setting.
    pub(super) fn other_host_key(node: &str, is_set: bool) -> Self {
        Self::Unfit(Trouble::new(node, |node| {
            let remedy = if is_set {
                "if that machine was set up anew, set SLIPWAY_BUILD_NODE_KEY to its new key (`cat \
                 /etc/ssh/ssh_host_ed25519_key.pub` there), and if it was not, somebody may stand in between"
                    .to_owned()
            } else {
                format!(
                    "if that machine was set up anew, compare its new key and accept it (`{}`), and if it was not, somebody may \
                     stand in between",
                    node.trust()
                )
            };
            (
                format!(
                    "{node} is not connected to, because its SSH server shows another key than the one that is trusted"
                ),
                remedy,
            )
        }))
    }

    pub(super) fn no_own_key(node: &str) -> Self {
        Self::Unfit(Trouble::new(node, |node| {
            (
                format!("{node} is not connected to, because the agent's own key could not be read"),
                "run this as root, after the agent has been started once".to_owned(),
            )
        }))
    }

    pub(super) fn unusable(node: &str, error: &DockerError) -> Self {
        let said = shown(&error.to_string());
        Self::Unfit(Trouble::new(node, |node| {
            (
                format!("{node} cannot be used ({said})"),
                "see that Docker there is version 20.10 or newer and works, or build on this server (`slipway-agent install \
                 --build-node own`)"
                    .to_owned(),
            )
        }))
    }

    pub(super) fn disk_full(node: &str) -> Self {
        Self::Unfit(Trouble::new(node, |node| {
            (
                format!("the disk of {node} is full"),
                "free some space there (`docker system df` shows what takes it, `docker builder prune` removes old build caches) \
                 and deploy again"
                    .to_owned(),
            )
        }))
    }

    pub(super) fn same(node: &str) -> Self {
        Self::Unfit(Trouble::new(node, |node| {
            (
                format!("{node} cannot be used (it is this server's own engine)"),
                "name another engine, or none (`slipway-agent install --build-node own`)".to_owned(),
            )
        }))
    }

    pub(super) fn other_store(node: &str) -> Self {
        Self::Unfit(Trouble::new(node, |node| {
            (
                format!(
                    "{node} keeps images in another way than this server (one of them in the containerd image store), \
                     so that an image would be another one here"
                ),
                "set `features.containerd-snapshotter` in /etc/docker/daemon.json to the same value on both"
                    .to_owned(),
            )
        }))
    }

    pub(super) fn other_processor(node: &str, there: &str, here: &str) -> Self {
        Self::Unfit(Trouble::new(node, |node| {
            (
                format!("{node} has another processor ({there}) than this server ({here})"),
                "set a platform in the application's settings, or take a build node with the same processor"
                    .to_owned(),
            )
        }))
    }

    /// The image that came has another id.
    pub fn other_image(node: &str, built: &str, came: Option<&str>) -> Self {
        let came = came.unwrap_or("nothing");
        Self::Unfit(Trouble::new(node, |node| {
            (
                format!("{node} has built {built}, and what came here is {came}"),
                "deploy again; if it stays so, use the same version of Docker on both".to_owned(),
            )
        }))
    }

    pub fn too_slow(node: &str, seconds: u64) -> Self {
        Self::Unfit(Trouble::new(node, |node| {
            (
                format!("the image was not moved here from {node} within {seconds} s"),
                "look at the network between the two, or make the image smaller".to_owned(),
            )
        }))
    }
}

/// The innermost cause: what the system says itself, without the number that it has for it.
pub(super) fn innermost(error: &DockerError) -> String {
    let mut cause: &dyn Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match cause.downcast_ref::<std::io::Error>() {
        Some(error) => system_words(error),
        None => cause.to_string(),
    }
}

/// What the system says, without the number that it has for it.
pub(super) fn system_words(error: &std::io::Error) -> String {
    error.raw_os_error().map_or_else(
        || error.to_string(),
        |number| Errno::from_raw(number).desc().to_owned(),
    )
}

pub(super) fn shown(words: &str) -> String {
    let mut letters = words.chars().filter(|c| !is_hidden(*c));
    let mut text: String = letters.by_ref().take(LONGEST_WORDS).collect();
    if letters.next().is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-03, NFR-U2: what is wrong with a build node is one sentence with what to do, whatever the words of others in it are; where it is
    /// stands in none that a team reads.
    #[test]
    fn troubles_are_one_sentence() {
        let node = "ssh://build@example.org";
        for error in [
            BuildNodeError::away(node, "Host key\nverification \u{202e}failed."),
            BuildNodeError::unprepared(
                node,
                Path::new("/var/lib/slipway/build-node"),
                "No space left on device",
            ),
            BuildNodeError::no_host_key(node),
            BuildNodeError::other_host_key(node, true),
            BuildNodeError::other_host_key(node, false),
            BuildNodeError::no_own_key(node),
            BuildNodeError::unusable(
                node,
                &DockerError::Refused("client version 1.41 is too new".to_owned()),
            ),
            BuildNodeError::disk_full(node),
            BuildNodeError::same(node),
            BuildNodeError::other_store(node),
            BuildNodeError::other_processor(node, "aarch64", "x86_64"),
            BuildNodeError::other_image(node, "sha256:1", None),
            BuildNodeError::too_slow(node, 7),
        ] {
            let text = error.to_string();
            let (what, remedy) = text.split_once("; ").expect("two halves");
            assert!(what.contains(node) && !remedy.is_empty(), "{text}");
            assert!(!text.chars().any(is_hidden) && !text.ends_with('.'), "{text}");
            let text = error.for_teams();
            let (what, remedy) = text.split_once("; ").expect("two halves");
            assert!(what.contains("the build node") && !remedy.is_empty(), "{text}");
            assert!(
                !text.contains("example.org") && !text.contains("/var/lib"),
                "{text}"
            );
        }
        let away = BuildNodeError::away(
            node,
            "ssh: connect to host example.org port 22: Connection refused",
        );
        assert!(!away.for_teams().contains("example.org"), "{}", away.for_teams());
        let long = BuildNodeError::away(node, &"x".repeat(1000)).to_string();
        assert!(long.chars().count() < 600, "{long}");
    }

    /// FR-BLD-03: the innermost cause is named, which is the system's own.
    #[test]
    fn the_cause_is_the_systems() {
        let refused = std::io::Error::from(std::io::ErrorKind::ConnectionRefused);
        let said = innermost(&DockerError::Unreachable(Box::new(refused)));
        assert_eq!(said, "connection refused");
        let absent = std::io::Error::from_raw_os_error(2);
        let said = innermost(&DockerError::Unreachable(Box::new(absent)));
        assert_eq!(said, "No such file or directory");
        assert_eq!(
            innermost(&DockerError::Refused("no".to_owned())),
            "Docker refused: no"
        );
    }
}
