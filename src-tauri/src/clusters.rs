//! Saved clusters and links, as the window sees them; and what the window typed, as the client takes it.

use futures_util::future::join_all;
use slipway_client::form::way_of;
use slipway_client::keychain::SecretName;
use slipway_client::{Answers, ClientError, ConnectError, LinkState, Profile, SecretKind};
use slipway_protocol::desktop::{self, Asked, Cluster, Link, Question};

use crate::desk::Desk;

/// A saved cluster with its link as it is now.
pub async fn describe(desk: &Desk, profile: &Profile) -> Cluster {
    let session = is_signed_in(desk, profile).await;
    let notice = session.as_ref().err().map(ToString::to_string);
    Cluster {
        id: profile.id,
        name: profile.name.clone(),
        host: profile.host().to_owned(),
        way: way_of(profile),
        color: profile.color.clone(),
        tag: profile.tag.clone(),
        group: profile.group.clone(),
        email: profile.email.as_ref().map(ToString::to_string),
        team: profile.team,
        signed_in: session.unwrap_or(false),
        notice,
        link: desk.link(profile.id),
    }
}

/// All of them, with their links as they are when the last of them is known: a keychain may take its time.
pub async fn describe_all(desk: &Desk, profiles: &[Profile]) -> Vec<Cluster> {
    let mut clusters = join_all(profiles.iter().map(|profile| describe(desk, profile))).await;
    for cluster in &mut clusters {
        cluster.link = desk.link(cluster.id);
    }
    clusters
}

/// An open connection knows its session, also where the keychain has been locked since.
async fn is_signed_in(desk: &Desk, profile: &Profile) -> Result<bool, ClientError> {
    if let Some(connection) = desk.open_connection(profile.id) {
        return connection.is_signed_in().await;
    }
    let name = SecretName {
        profile: profile.id,
        kind: SecretKind::Session,
    };
    Ok(desk.home.keychain.get(name).await?.is_some())
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

pub fn answers_of(answers: desktop::Answers) -> Answers {
    Answers {
        accepted_host_key: answers.accepted_host_key,
        password: answers.password,
        passphrase: answers.passphrase,
        jumps: answers.jumps,
    }
}

/// The question behind an error, where a person's answer helps.
pub fn question(error: &ConnectError, profile: &Profile, answers: &Answers) -> Option<Asked> {
    let (jump, inside) = error.place();
    let question = question_about(inside, answers.may_retype(profile, jump))?;
    Some(Asked {
        question,
        jump: jump.map(str::to_owned),
    })
}

fn question_about(error: &ConnectError, may_retype: bool) -> Option<Question> {
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
        ConnectError::SignInRefused { host, user, .. } if may_retype => Some(Question::Password {
            host: host.clone(),
            user: user.clone(),
        }),
        ConnectError::PassphraseNeeded { path } | ConnectError::WrongPassphrase { path } => {
            Some(Question::Passphrase {
                path: path.display().to_string(),
                wrong: matches!(error, ConnectError::WrongPassphrase { .. }),
            })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_client::form::profile_of;
    use slipway_protocol::desktop::{NewCluster, NewHop, SshAuth, SshWay};

    fn saved(auth: SshAuth, jump: Vec<NewHop>) -> Profile {
        let profile = profile_of(NewCluster {
            name: "prod".to_owned(),
            way: SshWay {
                host: "server.example.org".to_owned(),
                port: 22,
                user: "deploy".to_owned(),
                auth,
                agent_socket: None,
                jump,
                entries: Vec::new(),
            },
            color: None,
            tag: None,
            group: None,
        });
        profile.unwrap_or_else(|error| panic!("{error}"))
    }

    /// FR-CON-05: a remembered password that was refused is asked for again; one just typed is refused with the reason.
    #[test]
    fn a_refused_password_is_asked_for_once_more() {
        let profile = saved(SshAuth::Password, Vec::new());
        let refused = ConnectError::SignInRefused {
            host: "h".to_owned(),
            user: "u".to_owned(),
            tried: "password".to_owned(),
        };
        let remembered = Answers::default();
        assert!(matches!(
            question(&refused, &profile, &remembered),
            Some(Asked {
                question: Question::Password { .. },
                jump: None
            })
        ));
        let typed = Answers {
            password: Some("x".to_owned().into()),
            ..Answers::default()
        };
        assert_eq!(question(&refused, &profile, &typed), None);
    }
    /// FR-CON-05: a question about a jump host is told as such, and an answer to it is no answer about the cluster itself.
    #[test]
    fn questions_belong_to_their_host() {
        let by_password = |host: &str| NewHop {
            host: host.to_owned(),
            port: 22,
            user: "jump".to_owned(),
            auth: SshAuth::Password,
        };
        let gates = ["gate.example.org", "inner.example.org"].map(by_password);
        let profile = saved(SshAuth::Agent, gates.to_vec());
        let refused = |jump: &str| ConnectError::AtJump {
            jump: jump.to_owned(),
            error: Box::new(ConnectError::SignInRefused {
                host: "h".to_owned(),
                user: "jump".to_owned(),
                tried: "the password".to_owned(),
            }),
        };
        let mut answers = Answers {
            password: Some("x".to_owned().into()),
            ..Answers::default()
        };
        let first = "jump@gate.example.org:22";
        let asked = question(&refused(first), &profile, &answers);
        assert_eq!(asked.and_then(|asked| asked.jump).as_deref(), Some(first));
        answers.jumps.entry(first.to_owned()).or_default().password = Some("x".to_owned().into());
        assert_eq!(question(&refused(first), &profile, &answers), None);
        assert!(question(&refused("jump@inner.example.org:22"), &profile, &answers).is_some());
    }
}
