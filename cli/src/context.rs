//! What every command has: the settings, the cluster that was named, and the way to a connection that asks where it must.

use slipway_client::{Answers, ConnectError, Connection, Home, JumpAnswers, Profile};
use slipway_protocol::api::{GetApplication, ListApplications};
use slipway_protocol::application::ApplicationView;
use slipway_protocol::{ApplicationId, ApplicationName};

use crate::error::{CliError, of_keychain};
use crate::{ask, output};

pub struct Context {
    pub home: Home,
    pub json: bool,
    /// The cluster that the command line or the environment names.
    pub cluster: Option<String>,
    /// The team that they name, which counts before that of a project's file and that of the cluster's entry.
    pub team: Option<String>,
    /// Whether the command may change something: then it is said what a project's file has decided.
    pub changes: bool,
}

impl Context {
    /// A connection to the cluster that the command is about, for those too who are not signed in yet.
    pub async fn reach(&self) -> Result<Connection, CliError> {
        let profile = self.profile()?;
        self.open(&profile, Answers::default(), ask::somebody_is_there())
            .await
    }

    /// Connects; asks for what is missing if somebody is there to answer.
    pub async fn open(
        &self,
        profile: &Profile,
        mut answers: Answers,
        may_ask: bool,
    ) -> Result<Connection, CliError> {
        let mut asked_for_secret = false;
        loop {
            let error = match Connection::open(&self.home, profile, answers.clone()).await {
                Ok(connection) => {
                    if asked_for_secret {
                        remember(&connection).await;
                    }
                    return Ok(connection);
                }
                Err(error) => error,
            };
            if !may_ask {
                return Err(error.into());
            }
            asked_for_secret |= answer(&error, profile, &mut answers)?;
        }
    }
}

/// Puts the error's question to the person. True if a secret was typed.
pub fn answer(error: &ConnectError, profile: &Profile, answers: &mut Answers) -> Result<bool, CliError> {
    let (jump, inside) = error.place();
    let may_retype = answers.may_retype(profile, jump);
    let Some(jump) = jump else {
        let mut own = JumpAnswers {
            accepted_host_key: answers.accepted_host_key.take(),
            password: answers.password.take(),
            passphrase: answers.passphrase.take(),
            remember: false,
        };
        let typed = answer_one(error, inside, may_retype, &mut own);
        answers.accepted_host_key = own.accepted_host_key;
        answers.password = own.password;
        answers.passphrase = own.passphrase;
        return typed;
    };
    let answers = answers.jumps.entry(jump.to_owned()).or_default();
    answer_one(error, inside, may_retype, answers)
}

/// The question about one host, the cluster's own or one on the way.
fn answer_one(
    whole: &ConnectError,
    error: &ConnectError,
    may_retype: bool,
    answers: &mut JumpAnswers,
) -> Result<bool, CliError> {
    match error {
        ConnectError::UnknownHostKey {
            host,
            port,
            key_type,
            fingerprint,
        } => {
            output::note(&format!("The host key of {host} (port {port}) is not known yet."));
            output::note(&format!(
                "  type         {key_type}\n  fingerprint  {fingerprint}"
            ));
            if !ask::yes("Is this the server's key?")? {
                return Err(CliError::Client(slipway_client::ClientError::Link(whole.clone())));
            }
            answers.accepted_host_key = Some(fingerprint.clone());
            Ok(false)
        }
        ConnectError::PasswordNeeded { host, user } => {
            answers.password = Some(ask::secret(&format!("SSH password of {user} on {host}: "))?);
            Ok(true)
        }
        // A remembered password that is no longer right.
        ConnectError::SignInRefused { host, user, .. } if may_retype => {
            output::note(&format!("{host} does not take the password that was kept."));
            answers.password = Some(ask::secret(&format!("SSH password of {user} on {host}: "))?);
            Ok(true)
        }
        ConnectError::PassphraseNeeded { path } => {
            answers.passphrase = Some(ask::secret(&format!("Passphrase of {}: ", path.display()))?);
            Ok(true)
        }
        ConnectError::WrongPassphrase { path } => {
            output::note(&format!("That does not open {}.", path.display()));
            answers.passphrase = Some(ask::secret("Passphrase: ")?);
            Ok(true)
        }
        _ => Err(whole.clone().into()),
    }
}

/// Keeps typed secrets in the keychain; where there is none, that is said and the work goes on.
pub async fn remember(connection: &Connection) {
    if let Err(error) = connection.remember_answers(|_| true).await {
        output::note(&format!(
            "note: it will be asked again next time. {}",
            of_keychain(&error)
        ));
    }
}

/// The application of that name or id.
pub async fn application(connection: &Connection, text: &str) -> Result<ApplicationView, CliError> {
    if let Ok(application) = text.parse::<ApplicationId>() {
        return Ok(connection.send(GetApplication { application }).await?);
    }
    let name = ApplicationName::parse(text)?;
    let all = connection.send(ListApplications { environment: None }).await?;
    let mut found = all.into_iter().filter(|view| view.name == name);
    match (found.next(), found.next()) {
        (Some(only), None) => Ok(only),
        (None, _) => Err(CliError::Failed(format!(
            "There is no application named “{name}”; “slipway app list” shows those that there are."
        ))),
        (Some(_), Some(_)) => Err(CliError::Usage(format!(
            "There are several applications named “{name}”; give the id that “slipway app list” shows."
        ))),
    }
}
