//! A cluster as it is typed or shared (texts, nothing secret) ↔ a saved one.

use std::path::{Path, PathBuf};

use slipway_protocol::desktop::{NewCluster, NewEntry, NewHop, SshAuth, SshWay};

use crate::address::invalid;
use crate::config::home_folder;
use crate::profiles::{Address, AgentSocket, AuthMethod, Entry, Hop, Profile, ProfileError};

/// The profile that a form describes; every text is checked.
pub fn profile_of(new: NewCluster) -> Result<Profile, ProfileError> {
    if has_kept_key(&new.way) {
        return Err(no_kept_key(&new.way.host));
    }
    let mut profile = Profile::new(new.name.trim(), address_of(new.way)?)?;
    profile.set_looks(new.color, new.tag, new.group)?;
    Ok(profile)
}

/// The form of a saved cluster, to be shared. This very machine cannot be: it is another one for everybody else.
pub fn form_of(profile: &Profile) -> Option<NewCluster> {
    let mut way = way_of(profile)?;
    if way.auth == SshAuth::KeptKey {
        // Its key is in this person's keychain alone; somebody else signs in with a key of their own.
        way.auth = SshAuth::Agent;
    }
    Some(NewCluster {
        name: profile.name.clone(),
        way,
        color: profile.color.clone(),
        tag: profile.tag.clone(),
        group: profile.group.clone(),
    })
}

/// How a saved cluster is reached, as it would be typed; none for this very machine.
pub fn way_of(profile: &Profile) -> Option<SshWay> {
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
    Some(SshWay {
        host: host.clone(),
        port: *port,
        user: user.clone(),
        auth: typed(auth),
        agent_socket: (*agent_socket != AgentSocket::default()).then(|| agent_socket.as_str().to_owned()),
        jump: jump.iter().map(hop).collect(),
        entries: entries.iter().map(entry).collect(),
    })
}

/// A saved cluster is reached in another way from now on. False where it is the same, and for this very machine. The hosts' names are checked
/// when it is saved.
pub fn change_way(profile: &mut Profile, way: SshWay) -> Result<bool, ProfileError> {
    let Address::Ssh { auth, .. } = &profile.address else {
        return Ok(false);
    };
    let elsewhere = way.jump.iter().any(|hop| hop.auth == SshAuth::KeptKey);
    if elsewhere || (way.auth == SshAuth::KeptKey && *auth != AuthMethod::KeptKey) {
        return Err(no_kept_key(&way.host));
    }
    let address = address_of(way)?;
    let changes = address != profile.address;
    profile.address = address;
    Ok(changes)
}

/// The way to a saved cluster's server as somebody else. It is a cluster of its own: no secret that is kept for the saved one is used on
/// it. None for this very machine.
pub fn as_another(saved: &Profile, user: &str, auth: SshAuth) -> Option<Result<Profile, ProfileError>> {
    let form = form_of(saved)?;
    let way = SshWay {
        user: user.to_owned(),
        auth,
        // It is about this one server.
        entries: Vec::new(),
        ..form.way
    };
    Some(profile_of(NewCluster { way, ..form }))
}

fn has_kept_key(way: &SshWay) -> bool {
    let hops = way.jump.iter().map(|hop| &hop.auth);
    hops.chain([&way.auth]).any(|auth| *auth == SshAuth::KeptKey)
}

fn no_kept_key(host: &str) -> ProfileError {
    let reason = "no key was made for it; choose another way";
    invalid("The way to sign in to", host, reason)
}

fn address_of(way: SshWay) -> Result<Address, ProfileError> {
    let agent_socket = match way.agent_socket.as_deref().map(str::trim) {
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
    Ok(Address::Ssh {
        host: way.host.trim().to_owned(),
        port: way.port,
        user: way.user.trim().to_owned(),
        agent_socket,
        auth: method(way.auth),
        jump: way.jump.into_iter().map(hop).collect(),
        entries: way.entries.into_iter().map(entry).collect(),
    })
}

/// Why a cluster from elsewhere cannot be added to the saved ones.
pub fn refused(new: &NewCluster, saved: &[Profile]) -> Option<String> {
    let profile = match profile_of(new.clone()) {
        Ok(profile) => profile,
        Err(error) => return Some(error.to_string()),
    };
    if saved.iter().any(|other| other.name == profile.name) {
        return Some(format!(
            "There is already a cluster named “{}”; give that one another name first.",
            profile.name
        ));
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
        SshAuth::KeptKey => AuthMethod::KeptKey,
        SshAuth::KeyFile { path, more } => AuthMethod::KeyFile {
            path: in_home(path.trim()),
            more: more.iter().map(|path| in_home(path.trim())).collect(),
        },
    }
}

/// A key file below the person's home is written as `~/…`: that says nothing about the person, and is right for others.
fn typed(auth: &AuthMethod) -> SshAuth {
    let shown = |path: &PathBuf| match path.strip_prefix(home_folder()) {
        Ok(rest) => Path::new("~").join(rest).display().to_string(),
        Err(_) => path.display().to_string(),
    };
    match auth {
        AuthMethod::Agent => SshAuth::Agent,
        AuthMethod::Password => SshAuth::Password,
        AuthMethod::KeptKey => SshAuth::KeptKey,
        AuthMethod::KeyFile { path, more } => SshAuth::KeyFile {
            path: shown(path),
            more: more.iter().map(shown).collect(),
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
    use crate::keychain::{SecretKind, SecretName};

    fn way() -> SshWay {
        SshWay {
            host: "server.example.org".to_owned(),
            port: 22,
            user: "deploy".to_owned(),
            auth: SshAuth::KeyFile {
                path: "~/.ssh/id_ed25519".to_owned(),
                more: vec!["~/.ssh/old".to_owned(), "/srv/key".to_owned()],
            },
            agent_socket: Some(String::new()),
            jump: vec![NewHop {
                host: " gate.example.org ".to_owned(),
                port: 2222,
                user: "jump".to_owned(),
                auth: SshAuth::Agent,
            }],
            entries: Vec::new(),
        }
    }

    fn form() -> NewCluster {
        by(way())
    }

    fn by(way: SshWay) -> NewCluster {
        NewCluster {
            name: " prod ".to_owned(),
            way,
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
            auth: AuthMethod::KeyFile { path, more },
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
        assert!(more[0].ends_with(".ssh/old") && more[0].is_absolute() && more[1] == Path::new("/srv/key"));
        assert_eq!(jump[0].name(), "jump@gate.example.org:2222");
        assert_eq!(profile.group, None);
        let shared = form_of(&profile).unwrap();
        assert_eq!(shared.way.auth, way().auth);
        let again = profile_of(shared).unwrap();
        assert_eq!(again.address, profile.address);
    }

    /// FR-CON-01, NFR-S2: nonsense is refused with a sentence that names the field.
    #[test]
    fn nonsense_is_refused() {
        let host = SshWay {
            host: "-oProxyCommand=x".to_owned(),
            ..way()
        };
        assert!(sentence(profile_of(by(host))).contains("host"));
        let user = SshWay {
            user: "a b".to_owned(),
            ..way()
        };
        assert!(sentence(profile_of(by(user))).contains("user"));
        let socket = SshWay {
            agent_socket: Some("relative".to_owned()),
            ..way()
        };
        assert!(sentence(profile_of(by(socket))).contains("socket"));
        let color = NewCluster {
            color: Some("red; x".to_owned()),
            ..form()
        };
        assert!(sentence(profile_of(color)).contains("colour"));
    }

    /// FR-CON-01, FR-CON-02: a saved cluster is reached by another host, with another way to sign in, and stays itself.
    #[test]
    fn a_way_is_changed() {
        let mut profile = profile_of(form()).unwrap();
        let id = profile.id;
        let same = way_of(&profile).unwrap();
        assert_eq!(change_way(&mut profile, same), Ok(false));
        let other = SshWay {
            host: "new.example.org".to_owned(),
            auth: SshAuth::Password,
            jump: Vec::new(),
            ..way()
        };
        assert_eq!(change_way(&mut profile, other), Ok(true));
        assert_eq!((profile.id, profile.host()), (id, "new.example.org"));
        assert_eq!(way_of(&profile).unwrap().auth, SshAuth::Password);
        assert!(profile.address.hops().is_empty());
    }

    /// FR-CON-11, FR-HST-01: the key that was made for a cluster stays with it, and is no way to sign in anywhere else.
    #[test]
    fn a_kept_key_belongs_to_its_cluster() {
        let kept = |way: SshWay| SshWay {
            auth: SshAuth::KeptKey,
            ..way
        };
        assert!(sentence(profile_of(by(kept(way())))).contains("no key was made"));
        let mut profile = profile_of(form()).unwrap();
        assert!(change_way(&mut profile, kept(way())).is_err());
        let Address::Ssh { auth, .. } = &mut profile.address else {
            panic!("not over SSH")
        };
        *auth = AuthMethod::KeptKey;
        let mut way = way_of(&profile).unwrap();
        assert_eq!(way.auth, SshAuth::KeptKey);
        assert_eq!(form_of(&profile).unwrap().way.auth, SshAuth::Agent);
        way.host = "new.example.org".to_owned();
        assert_eq!(change_way(&mut profile, way.clone()), Ok(true));
        way.jump[0].auth = SshAuth::KeptKey;
        assert!(change_way(&mut profile, way).is_err());
    }

    /// FR-CON-03: what nothing asks for any more is found when a way changes: another way to sign in, a host that is no longer passed. The session
    /// and a key that is nowhere else stay.
    #[test]
    fn secrets_of_another_way_are_left_behind() {
        let before = profile_of(by(SshWay {
            auth: SshAuth::Password,
            ..way()
        }))
        .unwrap();
        let left_behind = |way: SshWay| -> Vec<SecretKind> {
            let mut now = before.clone();
            change_way(&mut now, way).unwrap();
            let names = SecretName::left_behind(&before, &now);
            names.into_iter().map(|name| name.kind).collect()
        };
        let moved = SshWay {
            host: "new.example.org".to_owned(),
            auth: SshAuth::Password,
            ..way()
        };
        assert_eq!(left_behind(moved), []);
        let sign_in = [SecretKind::SshPassword, SecretKind::KeyPassphrase];
        assert_eq!(left_behind(way()), sign_in);
        let direct = SshWay {
            auth: SshAuth::Password,
            jump: Vec::new(),
            ..way()
        };
        let gate = "jump@gate.example.org:2222".to_owned();
        let of_gate = [
            SecretKind::JumpPassword(gate.clone()),
            SecretKind::JumpPassphrase(gate),
        ];
        assert_eq!(left_behind(direct), of_gate);
    }
}
