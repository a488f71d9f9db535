//! Connection files: saved clusters as a text for somebody else, with nothing secret in it and nobody's account.

use serde::{Deserialize, Serialize};
use slipway_protocol::desktop::{ImportItem, ImportPreview, NewCluster};

use crate::form;
use crate::profiles::Profile;

/// What this program writes, and the newest that it reads.
const VERSION: u32 = 1;
const LONGEST_TEXT: usize = 256 * 1024;
const MOST_CLUSTERS: usize = 500;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    slipway_connections: u32,
    #[serde(default, rename = "cluster")]
    clusters: Vec<NewCluster>,
}

/// Why a connection file cannot be read or written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    #[error("This is not a connection file of Slipway: {reason}; choose one that Slipway has made.")]
    NotOne { reason: String },
    #[error("This connection file is of a newer version ({0}); update this program.")]
    Newer(u32),
    #[error(
        "This connection file is too large; divide it: one may have {MOST_CLUSTERS} clusters and 256 kB."
    )]
    TooLarge,
    #[error(
        "There is nothing to share: this very machine is reached by its own socket, which nobody else has; add a cluster that is reached through SSH first."
    )]
    Nothing,
}

/// The file's text.
pub fn text_of(profiles: &[Profile]) -> Result<String, ShareError> {
    let clusters: Vec<NewCluster> = profiles.iter().filter_map(form::form_of).collect();
    if clusters.is_empty() {
        return Err(ShareError::Nothing);
    }
    let content = Content {
        slipway_connections: VERSION,
        clusters,
    };
    let text = toml::to_string_pretty(&content).map_err(|error| ShareError::NotOne {
        reason: error.to_string(),
    })?;
    Ok(format!(
        "# Connections to Slipway clusters: addresses only, no password, key or session.\n{text}"
    ))
}

/// What a file's text would add beside the clusters that are saved already.
pub fn preview(text: &str, saved: &[Profile]) -> Result<ImportPreview, ShareError> {
    if text.len() > LONGEST_TEXT {
        return Err(ShareError::TooLarge);
    }
    let content: Content = toml::from_str(text).map_err(|error| ShareError::NotOne {
        reason: error.message().to_owned(),
    })?;
    if content.slipway_connections > VERSION {
        return Err(ShareError::Newer(content.slipway_connections));
    }
    if content.clusters.len() > MOST_CLUSTERS {
        return Err(ShareError::TooLarge);
    }
    let mut names = Vec::new();
    let item = |cluster: NewCluster| {
        let twice = names.contains(&cluster.name);
        names.push(cluster.name.clone());
        let refused = match twice {
            true => Some("The file names it twice.".to_owned()),
            false => form::refused(&cluster, saved),
        };
        ImportItem {
            cluster,
            notes: Vec::new(),
            refused,
        }
    };
    Ok(ImportPreview {
        source: "The connection file".to_owned(),
        items: content.clusters.into_iter().map(item).collect(),
        notes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profiles::{Address, AgentSocket, AuthMethod, Entry, Hop};

    fn profile(name: &str) -> Profile {
        let address = Address::Ssh {
            host: format!("{name}.example.org"),
            port: 2222,
            user: "deploy".to_owned(),
            agent_socket: AgentSocket::default(),
            auth: AuthMethod::Password,
            jump: vec![Hop {
                host: "gate.example.org".to_owned(),
                port: 22,
                user: "jump".to_owned(),
                auth: AuthMethod::Agent,
            }],
            entries: vec![Entry {
                host: "two.example.org".to_owned(),
                port: 22,
            }],
        };
        let mut profile = Profile::new(name, address).unwrap();
        profile.email = Some("person@example.org".parse().unwrap());
        profile.tag = Some("production".to_owned());
        profile
    }

    /// FR-CON-11: a shared file holds neither a secret nor who one is, and previewed elsewhere it gives the same way.
    #[test]
    fn a_shared_file_is_previewed_elsewhere() {
        let profile = profile("prod");
        let text = text_of(std::slice::from_ref(&profile)).unwrap();
        for absent in ["person@example.org", &profile.id.to_string(), "passphrase"] {
            assert!(!text.contains(absent), "{absent} in {text}");
        }
        let preview = preview(&text, &[]).unwrap();
        assert_eq!(preview.items.len(), 1);
        assert_eq!(preview.items[0].refused, None);
        let again = form::profile_of(preview.items[0].cluster.clone()).unwrap();
        assert_eq!(again.address, profile.address);
        let twice = super::preview(&text, &[profile]).unwrap();
        assert!(twice.items[0].refused.is_some());
    }

    /// FR-CON-11, NFR-S2: what is no connection file, of a newer version, too large or dangerous is refused with a sentence.
    #[test]
    fn foreign_text_is_refused() {
        let of = |text: &str| preview(text, &[]);
        for text in [
            "",
            "{}",
            "[[cluster]]\nname = 3",
            "slipway_connections = 1\npassword = \"x\"",
        ] {
            assert!(matches!(of(text), Err(ShareError::NotOne { .. })), "{text}");
        }
        assert_eq!(of("slipway_connections = 2"), Err(ShareError::Newer(2)));
        assert_eq!(of(&"#".repeat(LONGEST_TEXT + 1)), Err(ShareError::TooLarge));
        let text = text_of(&[profile("prod")]).unwrap();
        let evil = text.replace("gate.example.org", "-oProxyCommand=x");
        assert!(of(&evil).unwrap().items[0].refused.is_some());
        let local = Profile::new(
            "here",
            Address::Local {
                socket: "/run/a.sock".into(),
            },
        );
        assert_eq!(text_of(&[local.unwrap()]), Err(ShareError::Nothing));
    }
}
