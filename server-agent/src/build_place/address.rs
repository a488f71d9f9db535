//! The address of a build node, as the server's owner gives it.

use std::fmt::{Display, Formatter};
use std::net::Ipv6Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use slipway_protocol::names::is_hidden;

/// A Unix socket's path is at most this long, in bytes (unix(7)).
const LONGEST_SOCKET: usize = 107;

/// Which engine is to build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildChoice {
    /// The agent's own: `own`.
    Own,
    Elsewhere(BuildNode),
}

/// Another Docker engine, on which images are built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BuildNode {
    /// On this very machine, by its socket.
    Socket(PathBuf),
    /// On another machine, by its SSH server.
    Ssh(SshAddress),
}

/// `ssh://user@host:port`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshAddress {
    user: String,
    host: String,
    port: u16,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a build node is `unix:///path/to/docker.sock` for another Docker engine on this machine, `ssh://user@host` or \
     `ssh://user@host:port` for one on another machine, or `own` for this server's own"
)]
pub struct BadBuildNode;

impl FromStr for BuildChoice {
    type Err = BadBuildNode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "own" => Ok(Self::Own),
            address => address.parse().map(Self::Elsewhere),
        }
    }
}

impl FromStr for BuildNode {
    type Err = BadBuildNode;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parsed = match text.split_once("://") {
            Some(("unix", path)) => socket(path).map(Self::Socket),
            Some(("ssh", place)) => SshAddress::parse(place).map(Self::Ssh),
            Some(_) | None => None,
        };
        parsed.ok_or(BadBuildNode)
    }
}

fn socket(path: &str) -> Option<PathBuf> {
    let fine = path.len() > 1
        && path.len() <= LONGEST_SOCKET
        && Path::new(path).is_absolute()
        && !path.chars().any(is_hidden);
    fine.then(|| path.into())
}

impl SshAddress {
    pub const USUAL_PORT: u16 = 22;

    pub fn user(&self) -> &str {
        &self.user
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    fn parse(text: &str) -> Option<Self> {
        let (user, place) = text.split_once('@')?;
        let (host, port) = match place.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) = rest.split_once(']')?;
                host.parse::<Ipv6Addr>().ok()?;
                let port = if rest.is_empty() {
                    None
                } else {
                    Some(rest.strip_prefix(':')?)
                };
                (host, port)
            }
            None => {
                let (host, port) = match place.split_once(':') {
                    Some((host, port)) => (host, Some(port)),
                    None => (place, None),
                };
                (Some(host).filter(|host| is_host(host))?, port)
            }
        };
        let port = port.map_or(Some(Self::USUAL_PORT), |port| port.parse().ok())?;
        (is_user(user) && port != 0).then(|| Self {
            user: user.to_owned(),
            host: host.to_owned(),
            port,
        })
    }
}

fn is_user(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    begins && text.len() <= 32 && text.chars().all(plain)
}

/// A name or an IPv4 address.
fn is_host(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || ".-".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.len() <= 253 && text.chars().all(plain)
}

impl Display for BuildNode {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "unix://{}", path.display()),
            Self::Ssh(address) => write!(f, "{address}"),
        }
    }
}

impl Display for SshAddress {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        let Self { user, host, port } = self;
        if host.contains(':') {
            write!(f, "ssh://{user}@[{host}]")?;
        } else {
            write!(f, "ssh://{user}@{host}")?;
        }
        if *port == Self::USUAL_PORT {
            Ok(())
        } else {
            write!(f, ":{port}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-BLD-03: an address is written as it was read.
    #[test]
    fn addresses_go_round() {
        for text in [
            "unix:///run/build/docker.sock",
            "ssh://build@example.org",
            "ssh://build@192.0.2.7:2222",
            "ssh://_b.u-1@[2001:db8::7]",
            "ssh://build@[2001:db8::7]:2222",
        ] {
            let node: BuildNode = text.parse().unwrap();
            assert_eq!(node.to_string(), text);
        }
        let usual: BuildNode = "ssh://build@example.org:22".parse().unwrap();
        assert_eq!(usual.to_string(), "ssh://build@example.org");
    }

    /// FR-BLD-03, NFR-S2: nothing of an address can be an option or another word of a command, and no engine is reached without SSH.
    #[test]
    fn other_addresses_are_refused() {
        for text in [
            "",
            "unix://",
            "unix:///",
            "unix://run/docker.sock",
            "unix:///run/a\nb",
            "/run/docker.sock",
            "tcp://example.org:2375",
            "ssh://example.org",
            "ssh://@example.org",
            "ssh://-oProxyCommand=x@example.org",
            "ssh://build@-oProxyCommand=x",
            "ssh://build@exa mple.org",
            "ssh://build@example.org:0",
            "ssh://build@example.org:70000",
            "ssh://build@example.org:",
            "ssh://build@example.org/run/docker.sock",
            "ssh://build:secret@example.org",
            "ssh://build@[example.org]",
            "ssh://build@[::1]22",
            "ssh://build@a@b",
        ] {
            assert_eq!(text.parse::<BuildNode>(), Err(BadBuildNode), "{text:?}");
        }
        assert_eq!("own".parse(), Ok(BuildChoice::Own));
        assert_eq!("other".parse::<BuildChoice>(), Err(BadBuildNode));
        let long = format!("unix:///{}", "a".repeat(LONGEST_SOCKET));
        assert_eq!(long.parse::<BuildNode>(), Err(BadBuildNode));
    }
}
