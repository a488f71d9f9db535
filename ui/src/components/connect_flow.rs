//! Connecting to a cluster, new or saved: calls the shell, asks the person what the shell needs, and calls again.

use std::rc::Rc;

use slipway_protocol::desktop::{
    AddCluster, Answers, Asked, Cluster, Connected, Failure, FindServer, FoundServer, LeaveServer,
    NewCluster, OpenCluster, Question, ServerFound, TestConnection, TestReport, Tested, WhichServer, command,
};
use slipway_protocol::{ClusterId, Secret};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::host_key_question::HostKeyQuestion;
use super::secret_question::SecretQuestion;
use crate::shell;
use crate::state::fleet::use_fleet;

#[derive(Clone, PartialEq)]
pub enum Attempt {
    Add(Box<NewCluster>),
    Open(ClusterId),
    /// Only a test of the way.
    Test(Tested),
    /// A server that is to be set up.
    Find(WhichServer),
}

/// What came of one try.
enum Came {
    Connected(Box<Cluster>),
    Tested(TestReport),
    Found(FoundServer),
    /// With the stages that were tried before, if it is a test.
    Asks(Asked, Option<TestReport>),
}

impl Attempt {
    async fn connect(self, answers: Answers) -> Result<Came, Failure> {
        let connected: Connected = match self {
            Self::Add(new) => shell::call(command::ADD_CLUSTER, &AddCluster { new: *new, answers }).await?,
            Self::Open(cluster) => {
                let request = OpenCluster {
                    cluster,
                    answers,
                    keep_trying: false,
                };
                shell::call(command::OPEN_CLUSTER, &request).await?
            }
            Self::Find(which) => {
                let request = FindServer { which, answers };
                return Ok(match shell::call(command::FIND_SERVER, &request).await? {
                    ServerFound::Yes { found } => Came::Found(found),
                    ServerFound::Asks { asked } => Came::Asks(asked, None),
                });
            }
            Self::Test(of) => {
                let request = TestConnection { of, answers };
                let report: TestReport = shell::call(command::TEST_CONNECTION, &request).await?;
                return Ok(match report.asks.clone() {
                    Some(asked) => Came::Asks(asked, Some(report)),
                    None => Came::Tested(report),
                });
            }
        };
        Ok(match connected {
            Connected::Yes { cluster } => Came::Connected(cluster),
            Connected::Asks { asked } => Came::Asks(asked, None),
        })
    }
}

#[derive(PartialEq, Properties)]
pub struct ConnectProps {
    /// What to connect to; for another one the component gets another key.
    pub attempt: Attempt,
    #[prop_or_default]
    pub onconnected: Callback<Cluster>,
    /// What a test has found, also as far as it went before a question.
    #[prop_or_default]
    pub ontested: Callback<TestReport>,
    #[prop_or_default]
    pub onfound: Callback<FoundServer>,
    /// It failed, or (without a failure) the person did not want to go on.
    pub onstopped: Callback<Option<Failure>>,
}

/// Begins as soon as it is shown.
#[function_component]
pub fn ConnectFlow(props: &ConnectProps) -> Html {
    // The question, and whether the answer given to it before was refused.
    let question = use_state(|| None::<(Asked, bool)>);
    let busy = use_state(|| true);
    let given = use_mut_ref(Answers::default);
    let shown = use_mut_ref(|| true);
    {
        let shown = Rc::clone(&shown);
        use_effect_with((), move |()| move || *shown.borrow_mut() = false);
    }
    let fleet = use_fleet();
    let connect = {
        let (question, busy) = (question.setter(), busy.setter());
        let (attempt, given) = (props.attempt.clone(), given.clone());
        let (onconnected, onstopped) = (props.onconnected.clone(), props.onstopped.clone());
        let (ontested, onfound) = (props.ontested.clone(), props.onfound.clone());
        Callback::from(move |()| {
            busy.set(true);
            let (attempt, answers) = (attempt.clone(), given.borrow().clone());
            let before = answers.clone();
            let (ontested, onfound) = (ontested.clone(), onfound.clone());
            let (question, busy, fleet) = (question.clone(), busy.clone(), fleet.clone());
            let (onconnected, onstopped) = (onconnected.clone(), onstopped.clone());
            let shown = Rc::clone(&shown);
            spawn_local(async move {
                let came = attempt.connect(answers).await;
                let left = !*shown.borrow();
                if let (Ok(Came::Found(found)), true) = (&came, left) {
                    // Nobody is there any more to look at the server: the connection is not kept.
                    let left = LeaveServer {
                        server: found.server,
                        taken: false,
                    };
                    let _: Result<(), Failure> = shell::call(command::LEAVE_SERVER, &left).await;
                    return;
                }
                busy.set(false);
                match came {
                    Ok(Came::Asks(asked, report)) => {
                        let again = has_password(&before, asked.jump.as_deref());
                        question.set(Some((asked, again)));
                        if let Some(report) = report {
                            ontested.emit(report);
                        }
                    }
                    Ok(Came::Tested(report)) => {
                        question.set(None);
                        ontested.emit(report);
                    }
                    Ok(Came::Found(found)) => {
                        question.set(None);
                        onfound.emit(found);
                    }
                    Ok(Came::Connected(cluster)) => {
                        question.set(None);
                        fleet.put((*cluster).clone());
                        onconnected.emit(*cluster);
                    }
                    Err(failure) => {
                        question.set(None);
                        onstopped.emit(Some(failure));
                    }
                }
            });
        })
    };
    {
        let connect = connect.clone();
        use_effect_with((), move |()| connect.emit(()));
    }
    let answer = {
        let question = question.clone();
        Callback::from(move |answer: Given| {
            let jump = question.as_ref().and_then(|(asked, _)| asked.jump.clone());
            put(&mut given.borrow_mut(), jump.as_deref(), answer);
            connect.emit(());
        })
    };
    let refuse = {
        let (onstopped, question) = (props.onstopped.clone(), question.setter());
        Callback::from(move |()| {
            question.set(None);
            onstopped.emit(None);
        })
    };
    match &*question {
        Some((asked, again)) => ask(asked, *again, *busy, &answer, refuse),
        None => html! {},
    }
}

/// What the person has given.
enum Given {
    HostKey(String),
    /// With the wish to keep it.
    Password(String, bool),
    Passphrase(String, bool),
}

/// Puts an answer where it belongs: to the cluster's own host, or to the jump host that was asked about.
fn put(answers: &mut Answers, jump: Option<&str>, given: Given) {
    let (key, password, passphrase, kept) = match jump {
        None => (
            &mut answers.accepted_host_key,
            &mut answers.password,
            &mut answers.passphrase,
            &mut answers.remember,
        ),
        Some(name) => {
            let one = answers.jumps.entry(name.to_owned()).or_default();
            (
                &mut one.accepted_host_key,
                &mut one.password,
                &mut one.passphrase,
                &mut one.remember,
            )
        }
    };
    if let Given::Password(_, remember) | Given::Passphrase(_, remember) = &given {
        *kept = *remember;
    }
    match given {
        Given::HostKey(fingerprint) => *key = Some(fingerprint),
        Given::Password(secret, _) => *password = Some(Secret::new(secret)),
        Given::Passphrase(secret, _) => *passphrase = Some(Secret::new(secret)),
    }
}

fn has_password(answers: &Answers, jump: Option<&str>) -> bool {
    match jump {
        None => answers.password.is_some(),
        Some(name) => answers.jumps.get(name).is_some_and(|one| one.password.is_some()),
    }
}

fn ask(asked: &Asked, again: bool, busy: bool, answer: &Callback<Given>, refuse: Callback<()>) -> Html {
    let key = asked.jump.clone().unwrap_or_default();
    // What has been answered is under way, and would go on behind a closed question.
    let refuse = if busy { Callback::noop() } else { refuse };
    let on_the_way = asked.jump.is_some();
    match asked.question.clone() {
        Question::HostKey {
            host,
            port,
            key_type,
            fingerprint,
        } => {
            let (place, accepted) = (format!("{host}:{port}"), fingerprint.clone());
            let accept = answer.reform(move |()| Given::HostKey(accepted.clone()));
            html! {
                <HostKeyQuestion key={place} {host} {port} {key_type} {fingerprint} {on_the_way} {busy} {accept}
                    {refuse}/>
            }
        }
        Question::Password { host, user } => {
            let answer = answer.reform(|(secret, remember)| Given::Password(secret, remember));
            let refused = again.then_some(AttrValue::Static("The server did not accept this password."));
            let title = if on_the_way {
                format!("Sign in to the jump host {host}")
            } else {
                format!("Sign in to {host}")
            };
            html! {
                <SecretQuestion key={format!("password {key}")} {title} label={format!("SSH password of {user}")}
                    {refused} {busy} {answer} {refuse}/>
            }
        }
        Question::Passphrase { path, wrong } => {
            let answer = answer.reform(|(secret, remember)| Given::Passphrase(secret, remember));
            let refused = wrong.then_some(AttrValue::Static("This passphrase does not open the key."));
            html! {
                <SecretQuestion key={format!("passphrase {key}")} title="Unlock the key" label={format!("Passphrase of {path}")}
                    {refused} {busy} {answer} {refuse}/>
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FR-CON-05, FR-CON-03: what is typed for a jump host is an answer about that host alone.
    #[test]
    fn answers_belong_to_their_host() {
        let mut answers = Answers::default();
        put(
            &mut answers,
            Some("jump@gate:22"),
            Given::Password("one".to_owned(), true),
        );
        // Also whether it is kept.
        assert!(answers.password.is_none() && !answers.remember);
        assert!(answers.jumps["jump@gate:22"].remember);
        assert!(has_password(&answers, Some("jump@gate:22")));
        assert!(!has_password(&answers, Some("jump@other:22")));
        assert!(!has_password(&answers, None));
        put(&mut answers, None, Given::HostKey("SHA256:x".to_owned()));
        assert!(answers.jumps["jump@gate:22"].accepted_host_key.is_none());
    }
}
