//! A cluster as it is typed or shared (texts, nothing secret) ↔ a saved one.

use std::path::{Path, PathBuf};

use slipway_protocol::desktop::{NewCluster, NewEntry, NewHop, SshAuth};

use crate::config::home_folder;
use crate::profiles::{Address, AgentSocket, AuthMethod, Entry, Hop, Profile, ProfileError};

/// The profile that a form describes; every text is checked.
pub fn profile_of(new: NewCluster) -> Result<Profile, ProfileError> {
    let agent_socket = match new.agent_socket.as_deref().map(str::trim) {
        None | Some("") => AgentSocket::default(),
        Some(path) => AgentSocket::parse(path)?,
    };
    let hop = |hop: NewHop| Hop {
        host: hop.host.trim().to_owned(),
        port: hop.port,
        user: hop.user.trim().to_owned(),
        auth: method(hop.auth),
    };
    let entry = |entry: NewEntry| Entry {
        host: entry.host.trim().to_owned(),
        port: entry.port,
    };
    let address = Address::Ssh {
        host: new.host.trim().to_owned(),
        port: new.port,
        user: new.user.trim().to_owned(),
        agent_socket,
        auth: method(new.auth),
        jump: new.jump.into_iter().map(hop).collect(),
        entries: new.entries.into_iter().map(entry).collect(),
    };
    let mut profile = Profile::new(new.name.trim(), address)?;
    profile.set_looks(new.color, new.tag, new.group)?;
    Ok(profile)
}

/// The form of a saved cluster, to be shared. This very machine cannot be: it is another one for everybody else.
pub fn form_of(profile: &Profile) -> Option<NewCluster> {
    let Address::Ssh {
        host,
        port,
        user,
        agent_socket,
        auth,
        jump,
        entries,
    } = &profile.address
    else {
        return None;
    };
    let hop = |hop: &Hop| NewHop {
        host: hop.host.clone(),
        port: hop.port,
        user: hop.user.clone(),
        auth: typed(&hop.auth),
    };
    let entry = |entry: &Entry| NewEntry {
        host: entry.host.clone(),
        port: entry.port,
    };
    Some(NewCluster {
        name: profile.name.clone(),
        host: host.clone(),
        port: *port,
        user: user.clone(),
        auth: typed(auth),
        agent_socket: (*agent_socket != AgentSocket::default()).then(|| agent_socket.as_str().to_owned()),
        jump: jump.iter().map(hop).collect(),
        entries: entries.iter().map(entry).collect(),
        color: profile.color.clone(),
        tag: profile.tag.clone(),
        group: profile.group.clone(),
    })
}

/// The way to a saved cluster's server as somebody else. It is a cluster of its own: no secret that is kept for the saved one is used on
/// it. None for this very machine.
pub fn as_another(saved: &Profile, user: &str, auth: SshAuth) -> Option<Result<Profile, ProfileError>> {
    let way = NewCluster {
        user: user.to_owned(),
        auth,
        // It is about this one server.
        entries: Vec::new(),
        ..form_of(saved)?
    };
    Some(profile_of(way))
}

/// Why a cluster from elsewhere cannot be added to the saved ones.
pub fn refused(new: &NewCluster, saved: &[Profile]) -> Option<String> {
    let profile = match profile_of(new.clone()) {
        Ok(profile) => profile,
        Err(error) => return Some(error.to_string()),
    };
    if saved.iter().any(|other| other.name == profile.name) {
        return Some(format!("There is already a cluster named “{}”.", profile.name));
    }
    let same = saved.iter().find(|other| goes_to(other) == goes_to(&profile));
    same.map(|other| format!("It is saved already, as “{}”.", other.name))
}

fn goes_to(profile: &Profile) -> Option<(&str, u16, &str)> {
    match &profile.address {
        Address::Ssh { host, port, user, .. } => Some((host, *port, user)),
        Address::Local { .. } => None,
    }
}

fn method(auth: SshAuth) -> AuthMethod {
    match auth {
        SshAuth::Agent => AuthMethod::Agent,
        SshAuth::Password => AuthMethod::Password,
        SshAuth::KeyFile { path } => AuthMethod::KeyFile {
            path: in_home(path.trim()),
        },
    }
}

/// A key file below the person's home is written as `~/…`: that says nothing about the person, and is right for others.
fn typed(auth: &AuthMethod) -> SshAuth {
    match auth {
        // Its key is in this person's keychain alone; somebody else signs in with a key of their own.
        AuthMethod::Agent | AuthMethod::KeptKey => SshAuth::Agent,
        AuthMethod::Password => SshAuth::Password,
        AuthMethod::KeyFile { path } => SshAuth::KeyFile {
            path: match path.strip_prefix(home_folder()) {
                Ok(rest) => Path::new("~").join(rest).display().to_string(),
                Err(_) => path.display().to_string(),
            },
        },
    }
}

/// `~/…` is below the person's home, as everywhere.
fn in_home(path: &str) -> PathBuf {
    match path.strip_prefix("~/") {
        Some(rest) => home_folder().join(rest),
        None => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form() -> NewCluster {
        NewCluster {
            name: " prod ".to_owned(),
            host: "server.example.org".to_owned(),
            port: 22,
            user: "deploy".to_owned(),
            auth: SshAuth::KeyFile {
                path: "~/.ssh/id_ed25519".to_owned(),
            },
            agent_socket: Some(String::new()),
            jump: vec![NewHop {
                host: " gate.example.org ".to_owned(),
                port: 2222,
                user: "jump".to_owned(),
                auth: SshAuth::Agent,
            }],
            entries: Vec::new(),
            color: None,
            tag: None,
            group: Some("  ".to_owned()),
        }
    }

    fn sentence(result: Result<Profile, ProfileError>) -> String {
        result.err().map(|error| error.to_string()).unwrap_or_default()
    }

    /// FR-CON-01, FR-CON-11: what was typed becomes a profile, with blanks around it forgiven, and is shared as it was typed.
    #[test]
    fn a_form_becomes_a_profile() {
        let profile = profile_of(form()).unwrap();
        assert_eq!(
            (profile.name.as_str(), profile.host()),
            ("prod", "server.example.org")
        );
        let Address::Ssh {
            auth: AuthMethod::KeyFile { path },
            jump,
            ..
        } = &profile.address
        else {
            panic!("not a key file")
        };
        assert!(
            path.is_absolute() && path.ends_with(".ssh/id_ed25519"),
            "{path:?}"
        );
        assert_eq!(jump[0].name(), "jump@gate.example.org:2222");
        assert_eq!(profile.group, None);
        let shared = form_of(&profile).unwrap();
        assert_eq!(shared.auth, form().auth);
        let again = profile_of(shared).unwrap();
        assert_eq!(again.address, profile.address);
    }

    /// FR-CON-01, NFR-S2: nonsense is refused with a sentence that names the field.
    #[test]
    fn nonsense_is_refused() {
        let host = NewCluster {
            host: "-oProxyCommand=x".to_owned(),
            ..form()
        };
        assert!(sentence(profile_of(host)).contains("host"));
        let user = NewCluster {
            user: "a b".to_owned(),
            ..form()
        };
        assert!(sentence(profile_of(user)).contains("user"));
        let socket = NewCluster {
            agent_socket: Some("relative".to_owned()),
            ..form()
        };
        assert!(sentence(profile_of(socket)).contains("socket"));
        let color = NewCluster {
            color: Some("red; x".to_owned()),
            ..form()
        };
        assert!(sentence(profile_of(color)).contains("colour"));
    }
}
