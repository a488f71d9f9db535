//! Connecting to a cluster, new or saved: calls the shell, asks the person what the shell needs, and calls again.

use slipway_protocol::desktop::{
    AddCluster, Answers, Cluster, Connected, Failure, NewCluster, OpenCluster, Question, command,
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
}

impl Attempt {
    async fn connect(self, answers: Answers) -> Result<Connected, Failure> {
        match self {
            Self::Add(new) => shell::call(command::ADD_CLUSTER, &AddCluster { new: *new, answers }).await,
            Self::Open(cluster) => {
                shell::call(command::OPEN_CLUSTER, &OpenCluster { cluster, answers }).await
            }
        }
    }
}

#[derive(PartialEq, Properties)]
pub struct ConnectProps {
    /// What to connect to; for another one the component gets another key.
    pub attempt: Attempt,
    pub onconnected: Callback<Cluster>,
    /// It failed, or (without a failure) the person did not want to go on.
    pub onstopped: Callback<Option<Failure>>,
}

/// Begins as soon as it is shown.
#[function_component]
pub fn ConnectFlow(props: &ConnectProps) -> Html {
    // The question, and whether the answer given to it before was refused.
    let question = use_state(|| None::<(Question, bool)>);
    let busy = use_state(|| true);
    let given = use_mut_ref(Answers::default);
    let fleet = use_fleet();
    let connect = {
        let (question, busy) = (question.setter(), busy.setter());
        let (attempt, given) = (props.attempt.clone(), given.clone());
        let (onconnected, onstopped) = (props.onconnected.clone(), props.onstopped.clone());
        Callback::from(move |()| {
            busy.set(true);
            let (attempt, answers) = (attempt.clone(), given.borrow().clone());
            let had_password = answers.password.is_some();
            let (question, busy, fleet) = (question.clone(), busy.clone(), fleet.clone());
            let (onconnected, onstopped) = (onconnected.clone(), onstopped.clone());
            spawn_local(async move {
                let came = attempt.connect(answers).await;
                busy.set(false);
                match came {
                    Ok(Connected::Asks { question: asked }) => question.set(Some((asked, had_password))),
                    Ok(Connected::Yes { cluster }) => {
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
    let answer = Callback::from(move |add: Box<dyn FnOnce(&mut Answers)>| {
        add(&mut given.borrow_mut());
        connect.emit(());
    });
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

type Answer = Callback<Box<dyn FnOnce(&mut Answers)>>;

fn ask(question: &Question, again: bool, busy: bool, answer: &Answer, refuse: Callback<()>) -> Html {
    match question.clone() {
        Question::HostKey {
            host,
            port,
            key_type,
            fingerprint,
        } => {
            let accepted = fingerprint.clone();
            let accept = answer.reform(move |()| {
                let accepted = accepted.clone();
                answering(move |answers| answers.accepted_host_key = Some(accepted))
            });
            html! { <HostKeyQuestion {host} {port} {key_type} {fingerprint} {busy} {accept} {refuse}/> }
        }
        Question::Password { host, user } => {
            let answer = answer.reform(|(secret, remember)| {
                answering(move |answers| {
                    answers.password = Some(Secret::new(secret));
                    answers.remember = remember;
                })
            });
            let refused = again.then_some(AttrValue::Static("The server did not accept this password."));
            html! {
                <SecretQuestion key="password" title={format!("Sign in to {host}")} label={format!("SSH password of {user}")}
                    {refused} {busy} {answer} {refuse}/>
            }
        }
        Question::Passphrase { path, wrong } => {
            let answer = answer.reform(|(secret, remember)| {
                answering(move |answers| {
                    answers.passphrase = Some(Secret::new(secret));
                    answers.remember = remember;
                })
            });
            let refused = wrong.then_some(AttrValue::Static("This passphrase does not open the key."));
            html! {
                <SecretQuestion key="passphrase" title="Unlock the key" label={format!("Passphrase of {path}")}
                    {refused} {busy} {answer} {refuse}/>
            }
        }
    }
}

fn answering(add: impl FnOnce(&mut Answers) + 'static) -> Box<dyn FnOnce(&mut Answers)> {
    Box::new(add)
}
