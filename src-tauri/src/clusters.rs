//! Saved clusters and links, as the window sees them; and what the window typed, as the client takes it.

use std::path::PathBuf;

use slipway_client::keychain::SecretName;
use slipway_client::{
    Address, AgentSocket, Answers, AuthMethod, ConnectError, LinkState, Profile, SecretKind,
};
use slipway_protocol::desktop::{self, Cluster, Link, NewCluster, Question, SshAuth};

use crate::desk::Desk;
use crate::failures::Refusal;

/// A saved cluster with its link as it is now.
pub async fn describe(desk: &Desk, profile: &Profile) -> Cluster {
    let connection = desk.open_connection(profile.id);
    let name = SecretName {
        profile: profile.id,
        kind: SecretKind::Session,
    };
    let session = desk.home.keychain.get(name).await;
    let notice = session.as_ref().err().map(ToString::to_string);
    let (port, user) = match &profile.address {
        Address::Ssh { port, user, .. } => (Some(*port), Some(user.clone())),
        Address::Local { .. } => (None, None),
    };
    Cluster {
        id: profile.id,
        name: profile.name.clone(),
        host: profile.host().to_owned(),
        port,
        user,
        color: profile.color.clone(),
        tag: profile.tag.clone(),
        email: profile.email.as_ref().map(ToString::to_string),
        signed_in: matches!(session, Ok(Some(_))),
        notice,
        link: connection.map_or(Link::Closed, |connection| {
            link(&connection.state().borrow().clone())
        }),
    }
}

/// A link's state for the window.
pub fn link(state: &LinkState) -> Link {
    match state {
        LinkState::Down { sentence: None, .. } => Link::Closed,
        LinkState::Down {
            sentence: Some(sentence),
            ..
        } => Link::Down {
            sentence: sentence.clone(),
        },
        LinkState::Connecting => Link::Connecting,
        LinkState::Up {
            version,
            round_trip_ms,
        } => Link::Up {
            round_trip_ms: *round_trip_ms,
            agent: version.agent.clone(),
            needs_owner: version.needs_owner,
        },
        LinkState::BackingOff {
            attempt,
            wait_ms,
            sentence,
            ..
        } => Link::Retrying {
            attempt: *attempt,
            wait_ms: *wait_ms,
            sentence: sentence.clone(),
        },
    }
}

/// The profile that a form describes; every text is checked.
pub fn profile_of(new: NewCluster) -> Result<Profile, Refusal> {
    let agent_socket = match new.agent_socket.as_deref().map(str::trim) {
        None | Some("") => AgentSocket::default(),
        Some(path) => AgentSocket::parse(path)?,
    };
    let auth = match new.auth {
        SshAuth::Agent => AuthMethod::Agent,
        SshAuth::Password => AuthMethod::Password,
        SshAuth::KeyFile { path } => AuthMethod::KeyFile {
            path: in_home(path.trim()),
        },
    };
    let address = Address::Ssh {
        host: new.host.trim().to_owned(),
        port: new.port,
        user: new.user.trim().to_owned(),
        agent_socket,
        auth,
    };
    let mut profile = Profile::new(new.name.trim(), address)?;
    profile.color = new.color;
    profile.tag = new.tag;
    Ok(profile)
}

/// `~/…` is below the person's home, as everywhere.
fn in_home(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::home_dir()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(path),
    }
}

pub fn answers_of(answers: desktop::Answers) -> Answers {
    Answers {
        accepted_host_key: answers.accepted_host_key,
        password: answers.password,
        passphrase: answers.passphrase,
    }
}

/// The question behind an error, where a person's answer helps.
pub fn question(error: &ConnectError, profile: &Profile, answers: &Answers) -> Option<Question> {
    match error {
        ConnectError::UnknownHostKey {
            host,
            port,
            key_type,
            fingerprint,
        } => Some(Question::HostKey {
            host: host.clone(),
            port: *port,
            key_type: key_type.clone(),
            fingerprint: fingerprint.clone(),
        }),
        ConnectError::PasswordNeeded { host, user } => Some(Question::Password {
            host: host.clone(),
            user: user.clone(),
        }),
        // A remembered password that is no longer right: the person may type the present one.
        ConnectError::SignInRefused { host, user, .. } if may_retype(profile, answers) => {
            Some(Question::Password {
                host: host.clone(),
                user: user.clone(),
            })
        }
        ConnectError::PassphraseNeeded { path } | ConnectError::WrongPassphrase { path } => {
            Some(Question::Passphrase {
                path: path.display().to_string(),
                wrong: matches!(error, ConnectError::WrongPassphrase { .. }),
            })
        }
        _ => None,
    }
}

fn may_retype(profile: &Profile, answers: &Answers) -> bool {
    let by_password = matches!(
        profile.address,
        Address::Ssh {
            auth: AuthMethod::Password,
            ..
        }
    );
    by_password && answers.password.is_none()
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
            color: None,
            tag: None,
        }
    }

    fn sentence(result: Result<Profile, Refusal>) -> String {
        result.err().map(|refusal| refusal.0.sentence).unwrap_or_default()
    }

    /// FR-CON-01: what was typed becomes a profile, with blanks around it forgiven.
    #[test]
    fn a_form_becomes_a_profile() {
        let profile = profile_of(form()).unwrap_or_else(|refusal| panic!("{}", refusal.0));
        assert_eq!(profile.name, "prod");
        assert_eq!(profile.host(), "server.example.org");
        let Address::Ssh {
            auth: AuthMethod::KeyFile { path },
            ..
        } = profile.address
        else {
            panic!("not a key file")
        };
        assert!(
            path.is_absolute() && path.ends_with(".ssh/id_ed25519"),
            "{path:?}"
        );
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
    }

    /// FR-CON-05: a remembered password that was refused is asked for again; one just typed is refused with the reason.
    #[test]
    fn a_refused_password_is_asked_for_once_more() {
        let by_password = profile_of(NewCluster {
            auth: SshAuth::Password,
            ..form()
        });
        let profile = by_password.unwrap_or_else(|refusal| panic!("{}", refusal.0));
        let refused = ConnectError::SignInRefused {
            host: "h".to_owned(),
            user: "u".to_owned(),
            tried: "password".to_owned(),
        };
        let remembered = Answers::default();
        assert!(matches!(
            question(&refused, &profile, &remembered),
            Some(Question::Password { .. })
        ));
        let typed = Answers {
            password: Some("x".to_owned().into()),
            ..Answers::default()
        };
        assert_eq!(question(&refused, &profile, &typed), None);
    }
}
