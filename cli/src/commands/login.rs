//! `slipway login` and `logout`: the Slipway session, kept in the keychain.

use slipway_client::keychain::SecretName;
use slipway_client::snapshot::Snapshots;
use slipway_client::{ClientError, Connection, SecretKind};
use slipway_protocol::api::GetMe;
use slipway_protocol::identity::{AcceptInvitation, SHORTEST_PASSWORD, SignIn};
use slipway_protocol::{DisplayName, EmailAddress, Secret};

use crate::context::Context;
use crate::error::{CliError, of_keychain};
use crate::{ask, output};

#[derive(clap::Args)]
pub struct Arguments {
    /// Take an invitation, which makes your account (with one that there is: “slipway team join”): “-” asks for its one-time code, or reads it from the first line of standard input, before the
    /// password. A code that is written here instead is seen by everybody who lists the programs of this machine, and kept by the shell.
    #[arg(long, value_name = "-|CODE")]
    invitation: Option<String>,
    #[arg(long)]
    email: Option<String>,
    /// Your name, for a new account.
    #[arg(long, requires = "invitation")]
    name: Option<String>,
    /// Read the password from the first line of standard input; with “--invitation -”, from the second.
    #[arg(long)]
    password_stdin: bool,
}

/// Stands for a code that is asked for.
const ASKED: &str = "-";

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let profile = context.profile()?;
    let may_ask = ask::somebody_is_there();
    let known = profile.email.as_ref().map(ToString::to_string);
    let email = given(arguments.email.or(known), may_ask, "E-mail: ", "--email")?;
    let email = EmailAddress::parse(&email.to_lowercase())?;
    let connection = match arguments.invitation {
        Some(given_code) => {
            let code = code(given_code, arguments.password_stdin, may_ask)?;
            let name = DisplayName::parse(&given(arguments.name, may_ask, "Your name: ", "--name")?)?;
            let password = new_password(arguments.password_stdin, may_ask)?;
            let connection = context.reach().await?;
            let answer = AcceptInvitation {
                code,
                email: email.clone(),
                name,
                password,
            };
            kept(connection.accept_invitation(answer).await)?;
            connection
        }
        None => {
            let password = password(arguments.password_stdin, may_ask, "Password: ")?;
            let connection = context.reach().await?;
            kept(
                connection
                    .sign_in(SignIn {
                        email: email.clone(),
                        password,
                    })
                    .await,
            )?;
            connection
        }
    };
    // The app keeps what was seen last, and what is typed: what somebody else has seen and typed is not shown to this person.
    Snapshots::of(&context.home).remove(profile.id);
    if profile.email.as_ref() != Some(&email) {
        Snapshots::of_drafts(&context.home).remove(profile.id);
    }
    context.home.profiles().set_email(profile.id, &email)?;
    greet(context, &connection).await
}

/// A session that could not be kept still counts in this process; say so and go on.
fn kept(result: Result<(), ClientError>) -> Result<(), CliError> {
    match result {
        Err(ClientError::Keychain(error)) => Err(CliError::Failed(format!(
            "Signed in, but the session could not be kept. {}",
            of_keychain(&error)
        ))),
        other => Ok(other?),
    }
}

async fn greet(context: &Context, connection: &Connection) -> Result<(), CliError> {
    let me = connection.send(GetMe {}).await?;
    if context.json {
        return output::json(&me);
    }
    output::line(&format!(
        "Signed in to “{}” as {} ({}).",
        connection.profile().name,
        me.name,
        me.email
    ));
    for team in &me.teams {
        output::line(&format!(
            "  {} of {}",
            team.role.as_str(),
            output::plain(team.name.as_str())
        ));
    }
    if !context.home.keychain.lasts() {
        output::note("note: SLIPWAY_KEYCHAIN=memory keeps the session for this process only.");
    }
    Ok(())
}

pub async fn logout(context: &Context) -> Result<(), CliError> {
    let connection = match context.reach().await {
        Ok(connection) => connection,
        Err(error) => {
            // What is kept here goes in any case; on the server the session ends by its age.
            let profile = context.profile()?;
            Snapshots::remove_all(&context.home, profile.id);
            let name = SecretName {
                profile: profile.id,
                kind: SecretKind::Session,
            };
            context.home.keychain.remove(name).await?;
            output::note(&format!(
                "note: “{}” is forgotten here; its server could not be told, and the session ends there by itself.",
                profile.name
            ));
            return Err(error);
        }
    };
    Snapshots::remove_all(&context.home, connection.profile().id);
    connection.sign_out().await?;
    if context.json {
        return output::json(&());
    }
    output::line(&format!("Signed out of “{}”.", connection.profile().name));
    Ok(())
}

fn given(value: Option<String>, may_ask: bool, question: &str, flag: &str) -> Result<String, CliError> {
    match value {
        Some(value) => Ok(value),
        None if may_ask => ask::text(question),
        None => Err(CliError::Usage(format!("{flag} is needed."))),
    }
}

/// An invitation's code. Where the password comes from standard input, the code stands on the line before it.
pub(super) fn code(given: String, with_password: bool, may_ask: bool) -> Result<Secret<String>, CliError> {
    let code = match (given.as_str(), may_ask && !with_password) {
        (ASKED, true) => ask::secret("Invitation code: ")?,
        (ASKED, false) => ask::secret_from_stdin("the code of the invitation")?,
        _ => return Ok(Secret::new(given)),
    };
    Ok(Secret::new(code.expose().trim().to_owned()))
}

fn password(from_stdin: bool, may_ask: bool, question: &str) -> Result<Secret<String>, CliError> {
    match (from_stdin, may_ask) {
        (true, _) => ask::secret_from_stdin("the password"),
        (false, true) => ask::secret(question),
        (false, false) => Err(CliError::Usage(
            "There is nobody to ask; give the password with --password-stdin.".to_owned(),
        )),
    }
}

fn new_password(from_stdin: bool, may_ask: bool) -> Result<Secret<String>, CliError> {
    let first = password(from_stdin, may_ask, "New password: ")?;
    if first.expose().chars().count() < SHORTEST_PASSWORD {
        return Err(CliError::Usage(format!(
            "The password is too short; take at least {SHORTEST_PASSWORD} characters."
        )));
    }
    if !from_stdin && ask::secret("The same again: ")? != first {
        return Err(CliError::Usage("The two passwords are not the same.".to_owned()));
    }
    Ok(first)
}
