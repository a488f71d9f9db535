//! The saved clusters: one TOML file, written atomically, with nothing secret in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use slipway_protocol::{ClusterId, EmailAddress, TeamId};
use uuid::Uuid;

use crate::address::invalid;
pub use crate::address::{Address, AgentSocket, AuthMethod, DEFAULT_AGENT_SOCKET, Entry, Hop};
use crate::files;

const FILE: &str = "clusters.toml";

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
    /// The team that calls are about; the only one, or the one that was joined first, if absent.
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
        self.address.host()
    }

    /// How it looks; the texts are checked.
    pub fn set_looks(
        &mut self,
        color: Option<String>,
        tag: Option<String>,
        group: Option<String>,
    ) -> Result<(), ProfileError> {
        let filled = |text: Option<String>| {
            let text = text.map(|text| text.trim().to_owned());
            text.filter(|text| !text.is_empty())
        };
        (self.color, self.tag, self.group) = (filled(color), filled(tag), filled(group));
        let plain = |text: &str| text.chars().count() <= 40 && !text.chars().any(slipway_protocol::is_hidden);
        if let Some(color) = self.color.as_deref().filter(|color| !is_color(color)) {
            return Err(invalid("The colour", color, "it must be like #2563c4"));
        }
        if let Some(tag) = self.tag.as_deref().filter(|tag| !plain(tag)) {
            return Err(invalid(
                "The tag",
                tag,
                "it must be one line of at most 40 characters",
            ));
        }
        match self.group.as_deref().filter(|group| !plain(group)) {
            Some(group) => Err(invalid(
                "The group",
                group,
                "it must be one line of at most 40 characters",
            )),
            None => Ok(()),
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
        self.address.check()
    }
}

fn is_color(text: &str) -> bool {
    let digits = text.strip_prefix('#').unwrap_or_default();
    digits.len() == 6 && digits.chars().all(|c| c.is_ascii_hexdigit())
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
    #[error(
        "The list of clusters {path} cannot be used: {reason}; repair the file, or move it away to begin a new one."
    )]
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

    /// Adds several clusters, all or none.
    pub fn add_all(&self, profiles: Vec<Profile>) -> Result<(), ProfileError> {
        profiles.iter().try_for_each(Profile::check)?;
        self.change(|content| {
            for profile in profiles {
                if content.clusters.iter().any(|other| other.name == profile.name) {
                    return Err(ProfileError::Taken(profile.name));
                }
                content.current.get_or_insert(profile.id);
                content.clusters.push(profile);
            }
            Ok(())
        })
    }

    /// Puts the clusters in this order; those that are not named stay behind, as they were.
    pub fn arrange(&self, order: &[ClusterId]) -> Result<(), ProfileError> {
        self.change(|content| {
            let place = |profile: &Profile| {
                let named = order.iter().position(|id| *id == profile.id);
                named.unwrap_or(order.len())
            };
            content.clusters.sort_by_key(place);
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

    /// Notes who signs in to a cluster; another person's team is not theirs. Whatever else of it was changed meanwhile stays so.
    pub fn set_email(&self, id: ClusterId, email: &EmailAddress) -> Result<(), ProfileError> {
        self.change(|content| {
            if let Some(place) = content.clusters.iter_mut().find(|other| other.id == id) {
                if place.email.as_ref().is_some_and(|before| before != email) {
                    place.team = None;
                }
                place.email = Some(email.clone());
            }
            Ok(())
        })
    }

    /// Notes which team calls are about from now on. Whatever else of it was changed meanwhile stays so.
    pub fn set_team(&self, id: ClusterId, team: TeamId) -> Result<(), ProfileError> {
        self.change(|content| {
            if let Some(place) = content.clusters.iter_mut().find(|other| other.id == id) {
                place.team = Some(team);
            }
            Ok(())
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
            // Nobody has chosen another one: commands would be about a cluster that nobody named.
            content.current = content.current.filter(|id| *id != removed.id);
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
                more: vec!["/home/a/.ssh/other".into()],
            },
            jump: Vec::new(),
            entries: Vec::new(),
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

    /// FR-CON-01, FR-CON-11: clusters keep the person's own order; several are added all or none.
    #[test]
    fn clusters_are_arranged() {
        let folder = tempfile::tempdir().unwrap();
        let store = ProfileStore::in_folder(folder.path());
        let named = |name: &str| Profile::new(name, ssh("example.org", "deploy")).unwrap();
        let all = [named("one"), named("two"), named("three")];
        store.add_all(all.to_vec()).unwrap();
        store.arrange(&[all[2].id, all[0].id]).unwrap();
        let order: Vec<String> = store.list().unwrap().into_iter().map(|one| one.name).collect();
        assert_eq!(order, ["three", "one", "two"]);
        let error = store.add_all(vec![named("four"), named("two")]).unwrap_err();
        assert_eq!(error, ProfileError::Taken("two".into()));
        assert_eq!(store.list().unwrap().len(), 3);
    }

    /// FR-IAM-05: the chosen team stays with the cluster's entry, also when the same person signs in again; another person begins without one.
    #[test]
    fn a_team_is_its_persons() {
        let folder = tempfile::tempdir().unwrap();
        let store = ProfileStore::in_folder(folder.path());
        let one = Profile::new("one", ssh("example.org", "deploy")).unwrap();
        store.add(one.clone()).unwrap();
        let team = TeamId(Uuid::new_v4());
        let email = |name: &str| EmailAddress::parse(&format!("{name}@example.org")).unwrap();
        let saved = || ProfileStore::in_folder(folder.path()).get("one").unwrap();
        store.set_email(one.id, &email("ada")).unwrap();
        store.set_team(one.id, team).unwrap();
        store.set_email(one.id, &email("ada")).unwrap();
        assert_eq!(saved().team, Some(team));
        store.set_email(one.id, &email("bob")).unwrap();
        assert_eq!((saved().team, saved().email), (None, Some(email("bob"))));
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
