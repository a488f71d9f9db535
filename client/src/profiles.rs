//! The saved clusters: one TOML file, written atomically, with nothing secret in it.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use slipway_protocol::{ClusterId, EmailAddress, HostName, TeamId};
use uuid::Uuid;

use crate::files;

const FILE: &str = "clusters.toml";
/// Where the agent listens unless told otherwise.
pub const DEFAULT_AGENT_SOCKET: &str = "/run/slipway/agent.sock";

/// A saved cluster.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Stays when the cluster is renamed: the keychain's entries hang on it.
    pub id: ClusterId,
    /// What the person calls it; unique in the file.
    pub name: String,
    /// Who signs in to Slipway there, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<EmailAddress>,
    /// The team that calls are about; the only or first one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<TeamId>,
    /// `#rrggbb`, for the eye.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// production, staging, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    pub address: Address,
}

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
    },
    Password,
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

impl Profile {
    /// A new profile with what must be given; the texts are checked.
    pub fn new(name: &str, address: Address) -> Result<Self, ProfileError> {
        let profile = Self {
            id: ClusterId(Uuid::new_v4()),
            name: name.to_owned(),
            email: None,
            team: None,
            color: None,
            tag: None,
            group: None,
            address,
        };
        profile.check()?;
        Ok(profile)
    }

    /// The host as people know it.
    pub fn host(&self) -> &str {
        match &self.address {
            Address::Ssh { host, .. } => host,
            Address::Local { .. } => "this machine",
        }
    }

    fn check(&self) -> Result<(), ProfileError> {
        if slipway_protocol::DisplayName::parse(&self.name).is_err() {
            return Err(invalid(
                "The cluster's name",
                &self.name,
                "it must be one line of 1 to 80 characters, not starting with “-”",
            ));
        }
        match &self.address {
            Address::Ssh { host, port, user, .. } => check_login(host, *port, user),
            Address::Local { socket } if socket.is_absolute() => Ok(()),
            Address::Local { socket } => Err(invalid(
                "The socket",
                &socket.to_string_lossy(),
                "it must be an absolute path",
            )),
        }
    }
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
    if !plain || user.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(invalid(
            "The user name",
            user,
            "it must be one word, not starting with “-”",
        ));
    }
    Ok(())
}

fn invalid(what: &'static str, value: &str, reason: &'static str) -> ProfileError {
    let shown = value.chars().filter(|c| !c.is_control()).take(60).collect();
    ProfileError::Invalid { what, shown, reason }
}

/// Why a saved cluster cannot be read, kept or found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    #[error("{what} “{shown}” is not valid: {reason}.")]
    Invalid {
        what: &'static str,
        shown: String,
        reason: &'static str,
    },
    #[error("The list of clusters {path} cannot be used: {reason}.")]
    File { path: PathBuf, reason: String },
    #[error("There is already a cluster named “{0}”; choose another name.")]
    Taken(String),
    #[error("There is no cluster named “{0}”; “slipway cluster list” shows those that there are.")]
    Unknown(String),
    #[error("No cluster is chosen; add one with “slipway cluster add”, or name one with --cluster.")]
    NoneChosen,
}

#[derive(Default, Serialize, Deserialize)]
struct Content {
    /// The cluster that commands are about unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<ClusterId>,
    #[serde(default, rename = "cluster")]
    clusters: Vec<Profile>,
}

/// The file of saved clusters.
#[derive(Clone, Debug)]
pub struct ProfileStore {
    path: PathBuf,
}

impl ProfileStore {
    pub fn in_folder(folder: &Path) -> Self {
        Self {
            path: folder.join(FILE),
        }
    }

    /// All saved clusters, in the order in which they were added.
    pub fn list(&self) -> Result<Vec<Profile>, ProfileError> {
        Ok(self.read()?.clusters)
    }

    /// The cluster of that name.
    pub fn get(&self, name: &str) -> Result<Profile, ProfileError> {
        let found = self
            .read()?
            .clusters
            .into_iter()
            .find(|profile| profile.name == name);
        found.ok_or_else(|| ProfileError::Unknown(name.to_owned()))
    }

    /// The cluster that commands are about: the chosen one, or the only one.
    pub fn current(&self) -> Result<Profile, ProfileError> {
        let content = self.read()?;
        let only = content.clusters.len() == 1;
        let chosen = content
            .clusters
            .into_iter()
            .find(|profile| only || Some(profile.id) == content.current);
        chosen.ok_or(ProfileError::NoneChosen)
    }

    /// Adds a cluster; the first one is chosen at once.
    pub fn add(&self, profile: Profile) -> Result<(), ProfileError> {
        profile.check()?;
        self.change(|content| {
            if content.clusters.iter().any(|other| other.name == profile.name) {
                return Err(ProfileError::Taken(profile.name.clone()));
            }
            content.current.get_or_insert(profile.id);
            content.clusters.push(profile);
            Ok(())
        })
    }

    /// Replaces the cluster with the same id.
    pub fn update(&self, profile: Profile) -> Result<(), ProfileError> {
        profile.check()?;
        self.change(|content| {
            if content
                .clusters
                .iter()
                .any(|other| other.name == profile.name && other.id != profile.id)
            {
                return Err(ProfileError::Taken(profile.name.clone()));
            }
            let place = content.clusters.iter_mut().find(|other| other.id == profile.id);
            match place {
                Some(place) => {
                    *place = profile;
                    Ok(())
                }
                None => Err(ProfileError::Unknown(profile.name)),
            }
        })
    }

    /// Makes a cluster the one that commands are about.
    pub fn choose(&self, name: &str) -> Result<(), ProfileError> {
        self.change(|content| {
            let found = content.clusters.iter().find(|profile| profile.name == name);
            content.current = Some(found.ok_or_else(|| ProfileError::Unknown(name.to_owned()))?.id);
            Ok(())
        })
    }

    /// Forgets a cluster. Its secrets are the caller's to remove from the keychain.
    pub fn remove(&self, name: &str) -> Result<Profile, ProfileError> {
        self.change(|content| {
            let at = content.clusters.iter().position(|profile| profile.name == name);
            let removed = content
                .clusters
                .remove(at.ok_or_else(|| ProfileError::Unknown(name.to_owned()))?);
            if content.current == Some(removed.id) {
                content.current = content.clusters.first().map(|profile| profile.id);
            }
            Ok(removed)
        })
    }

    fn change<T>(
        &self,
        edit: impl FnOnce(&mut Content) -> Result<T, ProfileError>,
    ) -> Result<T, ProfileError> {
        let _lock = files::lock(&self.path.with_extension("lock")).map_err(|error| self.broken(&error))?;
        let mut content = self.read()?;
        let result = edit(&mut content)?;
        let text = toml::to_string_pretty(&content).map_err(|error| self.broken(&error))?;
        files::write_atomically(&self.path, text.as_bytes()).map_err(|error| self.broken(&error))?;
        Ok(result)
    }

    fn read(&self) -> Result<Content, ProfileError> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Content::default()),
            Err(error) => return Err(self.broken(&error)),
        };
        let content: Content = toml::from_str(&text).map_err(|error| self.broken(&error.message()))?;
        content.clusters.iter().try_for_each(Profile::check)?;
        Ok(content)
    }

    fn broken(&self, reason: &dyn std::fmt::Display) -> ProfileError {
        ProfileError::File {
            path: self.path.clone(),
            reason: reason.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ssh(host: &str, user: &str) -> Address {
        Address::Ssh {
            host: host.to_owned(),
            port: 22,
            user: user.to_owned(),
            agent_socket: AgentSocket::default(),
            auth: AuthMethod::KeyFile {
                path: "/home/a/.ssh/id".into(),
            },
        }
    }

    /// FR-CON-01, FR-CON-02: clusters are added, chosen, changed and removed; the file comes back as it was written.
    #[test]
    fn clusters_come_back_as_they_were_saved() {
        let folder = tempfile::tempdir().unwrap();
        let store = ProfileStore::in_folder(folder.path());
        assert_eq!(store.current().unwrap_err(), ProfileError::NoneChosen);
        let one = Profile::new("one", ssh("example.org", "deploy")).unwrap();
        let two = Profile::new(
            "two",
            Address::Local {
                socket: "/run/a.sock".into(),
            },
        )
        .unwrap();
        store.add(one.clone()).unwrap();
        store.add(two.clone()).unwrap();
        assert_eq!(store.list().unwrap(), [one.clone(), two.clone()]);
        assert_eq!(store.current().unwrap(), one);
        store.choose("two").unwrap();
        assert_eq!(store.current().unwrap(), two);
        assert_eq!(
            store.add(one.clone()).unwrap_err(),
            ProfileError::Taken("one".into())
        );
        store.remove("two").unwrap();
        assert_eq!(store.current().unwrap(), one);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            2,
            "the file and its lock, nothing left over"
        );
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

    /// FR-CON-01: a damaged file is an error, not an empty list.
    #[test]
    fn a_damaged_file_is_not_an_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(FILE), "cluster = 3").unwrap();
        let store = ProfileStore::in_folder(folder.path());
        assert!(matches!(store.list(), Err(ProfileError::File { .. })));
        let profile = Profile::new("x", ssh("h", "u")).unwrap();
        assert!(store.add(profile).is_err());
        assert_eq!(
            fs::read_to_string(folder.path().join(FILE)).unwrap(),
            "cluster = 3"
        );
    }
}
