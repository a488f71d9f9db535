//! How a cluster's agent is reached: over which hosts, as whom, by which socket.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use slipway_protocol::HostName;

use crate::profiles::ProfileError;

/// Where the agent listens unless told otherwise.
pub const DEFAULT_AGENT_SOCKET: &str = "/run/slipway/agent.sock";
/// More hosts on the way, or more entries, are a mistake rather than a wish.
const MOST_HOSTS: usize = 16;

/// How the cluster's agent is reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Address {
    Ssh {
        host: String,
        #[serde(default = "ssh_port")]
        port: u16,
        user: String,
        #[serde(default)]
        agent_socket: AgentSocket,
        auth: AuthMethod,
        /// The hosts on the way, in their order. Without them the way is direct; with them it never is.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        jump: Vec<Hop>,
        /// More hosts of the same cluster, with the same account, tried in turn when the one before is not reached.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        entries: Vec<Entry>,
    },
    /// This machine's own agent, without SSH.
    Local { socket: PathBuf },
}

/// How to sign in to the SSH server. The secret itself is in the keychain or typed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum AuthMethod {
    /// The keys of the desktop's `ssh-agent`.
    Agent,
    KeyFile {
        path: PathBuf,
        /// Those that are tried after it, in their order.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        more: Vec<PathBuf>,
    },
    Password,
    /// A key that was made for this cluster alone and is nowhere but in the keychain.
    KeptKey,
}

/// A host on the way, with a host key and a sign-in of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    pub host: String,
    #[serde(default = "ssh_port")]
    pub port: u16,
    pub user: String,
    pub auth: AuthMethod,
}

/// A host of the cluster by which it can be entered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub host: String,
    #[serde(default = "ssh_port")]
    pub port: u16,
}

impl Hop {
    /// Names the hop's secrets and answers: `user@host:port`.
    pub fn name(&self) -> String {
        format!("{}@{}:{}", self.user, self.host, self.port)
    }
}

impl Address {
    /// The host as people know it.
    pub fn host(&self) -> &str {
        match self {
            Self::Ssh { host, .. } => host,
            Self::Local { .. } => "this machine",
        }
    }

    /// The hosts on the way.
    pub fn hops(&self) -> &[Hop] {
        match self {
            Self::Ssh { jump, .. } => jump,
            Self::Local { .. } => &[],
        }
    }

    /// The hosts by which the cluster can be entered, in their order.
    pub fn entries(&self) -> Vec<Entry> {
        match self {
            Self::Ssh {
                host, port, entries, ..
            } => {
                let first = Entry {
                    host: host.clone(),
                    port: *port,
                };
                std::iter::once(first).chain(entries.iter().cloned()).collect()
            }
            Self::Local { .. } => Vec::new(),
        }
    }

    /// The hosts to which this machine itself connects.
    pub fn first_contacts(&self) -> Vec<Entry> {
        match self.hops().first() {
            Some(hop) => vec![Entry {
                host: hop.host.clone(),
                port: hop.port,
            }],
            None => self.entries(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), ProfileError> {
        let (user, hops) = match self {
            Self::Ssh { user, jump, .. } => (user, jump),
            Self::Local { socket } if socket.is_absolute() => return Ok(()),
            Self::Local { socket } => {
                return Err(invalid(
                    "The socket",
                    &socket.to_string_lossy(),
                    "it must be an absolute path",
                ));
            }
        };
        let entries = self.entries();
        if hops.len().max(entries.len()) > MOST_HOSTS {
            return Err(invalid(
                "The way to the cluster",
                self.host(),
                "it may have 16 jump hosts and 16 entry hosts",
            ));
        }
        for entry in &entries {
            check_login(&entry.host, entry.port, user)?;
        }
        hops.iter()
            .try_for_each(|hop| check_login(&hop.host, hop.port, &hop.user))
    }
}

/// `host`, `host:port`, `[address]:port` and, where a user is wanted, the same with `user@` before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostText {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
}

impl HostText {
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let wrong = || invalid("The host", text, "it must be like user@host:port");
        let (user, rest) = match text.rsplit_once('@') {
            Some((user, rest)) => (Some(user.to_owned()), rest),
            None => (None, text),
        };
        let (host, port) = if let Some(rest) = rest.strip_prefix('[') {
            let (host, tail) = rest.split_once(']').ok_or_else(wrong)?;
            match tail.strip_prefix(':') {
                Some(port) => (host, Some(port)),
                None if tail.is_empty() => (host, None),
                None => return Err(wrong()),
            }
        } else {
            match rest.split_once(':') {
                // More than one colon is an IPv6 address without a port.
                Some((_, more)) if more.contains(':') => (rest, None),
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            }
        };
        let port = match port.map(str::parse::<u16>) {
            None => None,
            Some(Ok(port)) if port > 0 => Some(port),
            Some(_) => return Err(wrong()),
        };
        check_login(host, port.unwrap_or(22), user.as_deref().unwrap_or("user"))?;
        Ok(Self {
            user,
            host: host.to_owned(),
            port,
        })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.port, self.host.contains(':')) {
            (22, _) => f.write_str(&self.host),
            (port, true) => write!(f, "[{}]:{port}", self.host),
            (port, false) => write!(f, "{}:{port}", self.host),
        }
    }
}

/// The path of the agent's socket on the server. Plain characters only: where forwarding is forbidden it becomes an
/// argument of a command line that the server's own login shell reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AgentSocket(String);

impl AgentSocket {
    pub fn parse(text: &str) -> Result<Self, ProfileError> {
        let plain = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "/._-".contains(c));
        if text.starts_with('/') && plain && text.len() <= 100 {
            Ok(Self(text.to_owned()))
        } else {
            Err(invalid(
                "The agent's socket",
                text,
                "it must be an absolute path of letters, digits and / . _ -, at most 100",
            ))
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AgentSocket {
    fn default() -> Self {
        Self(DEFAULT_AGENT_SOCKET.to_owned())
    }
}

impl TryFrom<String> for AgentSocket {
    type Error = ProfileError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<AgentSocket> for String {
    fn from(socket: AgentSocket) -> Self {
        socket.0
    }
}

fn ssh_port() -> u16 {
    22
}

fn check_login(host: &str, port: u16, user: &str) -> Result<(), ProfileError> {
    if host.parse::<IpAddr>().is_err() && HostName::parse(&host.to_ascii_lowercase()).is_err() {
        return Err(invalid(
            "The host",
            host,
            "it must be a host name or an IP address",
        ));
    }
    if port == 0 {
        return Err(invalid("The port", "0", "it must be a number from 1 to 65535"));
    }
    let plain = !user.is_empty() && user.len() <= 100 && !user.starts_with('-');
    if !plain
        || user
            .chars()
            .any(|c| slipway_protocol::is_hidden(c) || c.is_whitespace())
    {
        return Err(invalid(
            "The user name",
            user,
            "it must be one word, not starting with “-”",
        ));
    }
    Ok(())
}

pub(crate) fn invalid(what: &'static str, value: &str, reason: &'static str) -> ProfileError {
    let shown = value
        .chars()
        .filter(|c| !slipway_protocol::is_hidden(*c))
        .take(60)
        .collect();
    ProfileError::Invalid { what, shown, reason }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::Profile;

    fn ssh(host: &str, user: &str) -> Address {
        Address::Ssh {
            host: host.to_owned(),
            port: 22,
            user: user.to_owned(),
            agent_socket: AgentSocket::default(),
            auth: AuthMethod::Agent,
            jump: Vec::new(),
            entries: Vec::new(),
        }
    }

    fn hop(host: &str, user: &str) -> Hop {
        Hop {
            host: host.to_owned(),
            port: 22,
            user: user.to_owned(),
            auth: AuthMethod::Agent,
        }
    }

    /// FR-CON-02: what could be taken for an option or would break a line is refused.
    #[test]
    fn dangerous_texts_are_refused() {
        for (host, user) in [
            ("-oProxyCommand=x", "a"),
            ("a b", "a"),
            ("example.org", "-x"),
            ("example.org", "a\nb"),
            ("", "a"),
            ("h", ""),
        ] {
            assert!(Profile::new("x", ssh(host, user)).is_err(), "{host} {user}");
        }
        assert!(Profile::new("x", ssh("::1", "a")).is_ok());
        for socket in ["agent.sock", "/run/a;id", "/run/$(id)", "/run/a b", ""] {
            assert!(AgentSocket::parse(socket).is_err(), "{socket}");
        }
    }

    /// FR-CON-05: every host on the way and every entry host is checked as the first one is.
    #[test]
    fn dangerous_hosts_on_the_way_are_refused() {
        let with = |hops: Vec<Hop>, more: Vec<Entry>| {
            let mut address = ssh("example.org", "deploy");
            if let Address::Ssh { jump, entries, .. } = &mut address {
                *jump = hops;
                *entries = more;
            }
            Profile::new("x", address)
        };
        let entry = |host: &str| Entry {
            host: host.to_owned(),
            port: 22,
        };
        assert!(
            with(
                vec![hop("gate.example.org", "jump")],
                vec![entry("two.example.org")]
            )
            .is_ok()
        );
        assert!(with(vec![hop("-oProxyCommand=x", "jump")], vec![]).is_err());
        assert!(with(vec![hop("gate.example.org", "-x")], vec![]).is_err());
        assert!(with(vec![], vec![entry("a b")]).is_err());
        assert!(with(vec![hop("gate.example.org", "jump"); 17], vec![]).is_err());
    }

    /// FR-CON-05: hosts are written as OpenSSH takes them.
    #[test]
    fn hosts_are_read_as_they_are_written() {
        let parsed = |text: &str| HostText::parse(text).map(|host| (host.user, host.host, host.port));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(parsed("gate").unwrap(), (None, "gate".to_owned(), None));
        assert_eq!(
            parsed("a@gate.example.org:2222").unwrap(),
            (some("a"), "gate.example.org".to_owned(), Some(2222))
        );
        assert_eq!(
            parsed("a@[::1]:22").unwrap(),
            (some("a"), "::1".to_owned(), Some(22))
        );
        assert_eq!(parsed("::1").unwrap(), (None, "::1".to_owned(), None));
        for text in [
            "", "@gate", "gate:0", "gate:x", "-o:22", "[::1", "[::1]x", "-x@gate",
        ] {
            assert!(HostText::parse(text).is_err(), "{text}");
        }
    }
}
