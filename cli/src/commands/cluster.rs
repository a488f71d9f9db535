//! `slipway cluster`: the saved clusters.

use std::path::PathBuf;
use std::time::Duration;

use slipway_client::keychain::SecretName;
use slipway_client::snapshot::Snapshots;
use slipway_client::{
    Address, AgentSocket, Answers, AuthMethod, Connection, Entry, Hop, HostText, Profile, SecretKind,
    test_connection,
};

use crate::context::{Context, remember};
use crate::error::CliError;
use crate::{ask, output};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Add a cluster: connects once, shows the host key, and saves it.
    Add(Box<Add>),
    /// The saved clusters.
    List,
    /// Choose the cluster that commands are about.
    Use { name: String },
    /// Try each stage of the way to a cluster, with times.
    Test { name: Option<String> },
    /// Change a cluster's name, or how its server is reached; what is not given stays, and so does the session.
    Edit(Box<Edit>),
    /// Forget a cluster and its secrets, among them the SSH key that was made for it when its server was set up.
    Remove { name: String },
}

#[derive(clap::Args)]
pub struct Edit {
    name: String,
    /// What to call it from now on.
    #[arg(long, value_name = "NAME")]
    rename: Option<String>,
    #[arg(long)]
    host: Option<String>,
    #[arg(long)]
    port: Option<u16>,
    #[arg(long)]
    user: Option<String>,
    /// Sign in with this private key file from now on.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["password", "ssh_agent"])]
    key: Option<PathBuf>,
    /// Sign in with a password from now on; it is asked for when it is needed.
    #[arg(long, conflicts_with = "ssh_agent")]
    password: bool,
    /// Sign in with the SSH agent's keys from now on.
    #[arg(long)]
    ssh_agent: bool,
    /// Go through these jump hosts, in their order, in place of those that there are.
    #[arg(long, value_name = "USER@HOST:PORT", conflicts_with = "direct")]
    jump: Vec<String>,
    /// Go through no jump host any more.
    #[arg(long)]
    direct: bool,
}

#[derive(clap::Args)]
pub struct Add {
    /// What to call it.
    name: String,
    /// The server's host name or address.
    #[arg(long, required_unless_present = "local")]
    host: Option<String>,
    #[arg(long, default_value_t = 22)]
    port: u16,
    /// The SSH account on the server.
    #[arg(long, required_unless_present = "local")]
    user: Option<String>,
    /// Sign in with this private key file. Without it and without --password: with the SSH agent's keys.
    #[arg(long, value_name = "FILE", conflicts_with = "password")]
    key: Option<PathBuf>,
    /// Sign in with a password.
    #[arg(long)]
    password: bool,
    /// Read the password, or the key file's passphrase, from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Where Slipway's agent listens on the server.
    #[arg(long, value_name = "PATH", default_value = slipway_client::profiles::DEFAULT_AGENT_SOCKET)]
    agent_socket: String,
    /// A host on the way, USER@HOST:PORT; again for each further one, in their order. It is signed in to as the cluster is.
    #[arg(long, value_name = "HOST")]
    jump: Vec<String>,
    /// Another host of the same cluster, HOST:PORT, tried when the one before is not reached; again for more.
    #[arg(long, value_name = "HOST")]
    entry: Vec<String>,
    /// Accept this host key without a question: SHA256:…
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "ask")]
    accept_host_key: Option<String>,
    /// Ask, even if standard input is not a terminal.
    #[arg(long)]
    ask: bool,
    /// The agent of this very machine, by its socket, without SSH.
    #[arg(long, value_name = "SOCKET", conflicts_with_all = ["host", "user", "key", "password", "password_stdin", "jump", "entry"])]
    local: Option<PathBuf>,
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Add(add) => self::add(context, *add).await,
        Command::List => list(context),
        Command::Use { name } => {
            context.home.profiles().choose(&name)?;
            output::done(context.json, &format!("Commands are now about “{name}”."))?;
            context.tell_of_another_than(&name);
            Ok(())
        }
        Command::Test { name } => test(context, name).await,
        Command::Edit(changes) => edit(context, *changes).await,
        Command::Remove { name } => remove(context, &name).await,
    }
}

async fn add(context: &Context, add: Add) -> Result<(), CliError> {
    let profile = add.profile()?;
    if context
        .home
        .profiles()
        .list()?
        .iter()
        .any(|other| other.name == profile.name)
    {
        return Err(slipway_client::ProfileError::Taken(profile.name).into());
    }
    let connection = context.open(&profile, add.answers()?, add.may_ask()).await?;
    context.home.profiles().add(profile.clone())?;
    remember(&connection).await;
    if context.json {
        return output::json(&profile);
    }
    output::line(&format!("Added “{}”.", profile.name));
    if let Some(version) = connection.version() {
        let agent = output::plain(&version.agent);
        output::line(&format!("The agent's version is {agent}."));
        if version.needs_owner {
            output::line(
                "It has no owner yet: run “slipway-agent invite” on the server, then “slipway login --invitation -”.",
            );
        }
    }
    Ok(())
}

impl Add {
    /// The cluster that is described, checked.
    pub fn profile(&self) -> Result<Profile, CliError> {
        Ok(Profile::new(&self.name, address(self)?)?)
    }

    /// Whether questions may be put to somebody.
    pub fn may_ask(&self) -> bool {
        self.ask || (self.accept_host_key.is_none() && !self.password_stdin && ask::somebody_is_there())
    }

    /// What was answered on the command line already.
    pub fn answers(&self) -> Result<Answers, CliError> {
        let mut answers = Answers {
            accepted_host_key: self.accept_host_key.clone(),
            ..Answers::default()
        };
        if self.password_stdin {
            let secret = Some(ask::secret_from_stdin("the password")?);
            match self.key {
                Some(_) => answers.passphrase = secret,
                None => answers.password = secret,
            }
        }
        Ok(answers)
    }
}

fn address(add: &Add) -> Result<Address, CliError> {
    if let Some(socket) = &add.local {
        return Ok(Address::Local {
            socket: socket.clone(),
        });
    }
    let (Some(host), Some(user)) = (&add.host, &add.user) else {
        return Err(CliError::Usage("--host and --user are needed.".to_owned()));
    };
    let auth = match &add.key {
        Some(path) => AuthMethod::KeyFile {
            path: absolute(path)?,
            more: Vec::new(),
        },
        None if add.password || add.password_stdin => AuthMethod::Password,
        None => AuthMethod::Agent,
    };
    let jump = hops(&add.jump, user, &auth)?;
    let mut entries = Vec::new();
    for text in &add.entry {
        let parsed = HostText::parse(text)?;
        entries.push(Entry {
            host: parsed.host,
            port: parsed.port.unwrap_or(add.port),
        });
    }
    Ok(Address::Ssh {
        host: host.clone(),
        port: add.port,
        user: user.clone(),
        agent_socket: AgentSocket::parse(&add.agent_socket)?,
        auth,
        jump,
        entries,
    })
}

fn absolute(path: &std::path::Path) -> Result<PathBuf, CliError> {
    std::path::absolute(path).map_err(|error| CliError::Usage(format!("{}: {error}.", path.display())))
}

fn list(context: &Context) -> Result<(), CliError> {
    let store = context.home.profiles();
    let profiles = store.list()?;
    if context.json {
        return output::json(&profiles);
    }
    let current = store.current().ok().map(|profile| profile.id);
    let row = |profile: &Profile| {
        let (address, auth) = match &profile.address {
            Address::Ssh {
                host,
                port,
                user,
                auth,
                ..
            } => (format!("{user}@{host}:{port}"), sign_in(auth)),
            Address::Local { socket } => (socket.display().to_string(), "local".to_owned()),
        };
        let mark = if Some(profile.id) == current { "*" } else { "" };
        let account = profile.email.as_ref().map_or("-", |email| email.as_str());
        vec![
            mark.to_owned(),
            profile.name.clone(),
            address,
            auth,
            account.to_owned(),
        ]
    };
    let rows: Vec<_> = profiles.iter().map(row).collect();
    output::table(
        &["", "name", "address", "sign-in", "account"],
        &rows,
        "No cluster is saved yet; add one with “slipway cluster add”.",
    );
    Ok(())
}

fn sign_in(auth: &AuthMethod) -> String {
    match auth {
        AuthMethod::Agent => "SSH agent".to_owned(),
        AuthMethod::KeyFile { path, more } if more.is_empty() => format!("key {}", path.display()),
        AuthMethod::KeyFile { path, more } => format!("key {} and {} more", path.display(), more.len()),
        AuthMethod::Password => "password".to_owned(),
        AuthMethod::KeptKey => "key in the keychain".to_owned(),
    }
}

async fn test(context: &Context, name: Option<String>) -> Result<(), CliError> {
    let profile = match name {
        Some(name) => context.home.profiles().get(&name)?,
        None => context.profile()?,
    };
    let report = test_connection(&context.home, &profile, Answers::default()).await;
    if context.json {
        output::json(&report)?;
    } else {
        for step in &report.steps {
            let mark = match (&step.failure, step.milliseconds) {
                (Some(_), _) => "✗",
                (None, Some(_)) => "✓",
                (None, None) => "–",
            };
            let time = step
                .milliseconds
                .map(|time| format!("{time:.1} ms"))
                .unwrap_or_default();
            let found = step
                .found
                .as_deref()
                .map(|text| format!("  {}", output::plain(text)))
                .unwrap_or_default();
            output::line(&format!(
                "{mark} {:<24} {:<24} {time:>11}{found}",
                step.step.title(),
                step.host,
            ));
        }
    }
    let failure = report.failure().map(str::to_owned);
    match (report.error, failure) {
        (Some(error), _) => Err(error.into()),
        (None, Some(failure)) => Err(CliError::Failed(failure)),
        (None, None) => Ok(()),
    }
}

async fn edit(context: &Context, edit: Edit) -> Result<(), CliError> {
    let before = context.home.profiles().get(&edit.name)?;
    let mut profile = before.clone();
    let moved = move_to(&mut profile, &edit)?;
    if let Some(rename) = edit.rename {
        rename.trim().clone_into(&mut profile.name);
    }
    let told = format!("Changed “{}”.", profile.name);
    context.home.profiles().update(profile.clone())?;
    if moved {
        for name in SecretName::left_behind(&before, &profile) {
            // Where the keychain is locked, nothing asks for them any more all the same.
            let _ = context.home.keychain.remove(name).await;
        }
    }
    output::done(context.json, &told)
}

/// Whether the cluster is reached in another way now: of what is given.
fn move_to(profile: &mut Profile, edit: &Edit) -> Result<bool, CliError> {
    let auth = match &edit.key {
        Some(path) => Some(AuthMethod::KeyFile {
            path: absolute(path)?,
            more: Vec::new(),
        }),
        None if edit.password => Some(AuthMethod::Password),
        None if edit.ssh_agent => Some(AuthMethod::Agent),
        None => None,
    };
    let of_place = edit.host.is_some() || edit.port.is_some() || edit.user.is_some();
    let of_way = auth.is_some() || edit.direct || !edit.jump.is_empty();
    let Address::Ssh {
        host: old_host,
        port: old_port,
        user: old_user,
        auth: old_auth,
        jump: old_jump,
        ..
    } = &mut profile.address
    else {
        return if of_place || of_way {
            let why = format!("“{}” is this very machine; it has no other address.", edit.name);
            Err(CliError::Usage(why))
        } else {
            Ok(false)
        };
    };
    if let Some(host) = &edit.host {
        host.trim().clone_into(old_host);
    }
    if let Some(user) = &edit.user {
        user.trim().clone_into(old_user);
    }
    *old_port = edit.port.unwrap_or(*old_port);
    if let Some(auth) = auth {
        *old_auth = auth;
    }
    if edit.direct {
        old_jump.clear();
    }
    if !edit.jump.is_empty() {
        *old_jump = hops(&edit.jump, old_user, old_auth)?;
    }
    Ok(of_place || of_way)
}

/// Jump hosts as they are written; what one leaves out is as for the cluster. A key that was made for a cluster is for nothing else.
fn hops(texts: &[String], user: &str, auth: &AuthMethod) -> Result<Vec<Hop>, CliError> {
    let auth = match auth {
        AuthMethod::KeptKey => &AuthMethod::Agent,
        other => other,
    };
    let hop = |text: &String| {
        let parsed = HostText::parse(text)?;
        Ok(Hop {
            host: parsed.host,
            port: parsed.port.unwrap_or(22),
            user: parsed.user.unwrap_or_else(|| user.to_owned()),
            auth: auth.clone(),
        })
    };
    texts.iter().map(hop).collect()
}

/// Whether it is reached with a key that was made for it alone.
fn has_own_key(profile: &Profile) -> bool {
    matches!(
        &profile.address,
        Address::Ssh {
            auth: AuthMethod::KeptKey,
            ..
        }
    )
}

/// So long the server of a cluster that is removed is tried.
const GOODBYE: Duration = Duration::from_secs(5);

async fn remove(context: &Context, name: &str) -> Result<(), CliError> {
    let profile = context.home.profiles().get(name)?;
    if has_own_key(&profile) && !context.json && ask::somebody_is_there() {
        output::note(&format!(
            "The SSH key that was made for “{}” goes with it, and there is no other copy: to add the cluster again its server is set up once more.",
            profile.name
        ));
        if !ask::yes("Remove it?")? {
            return Err(CliError::Failed("Nothing was removed.".to_owned()));
        }
    }
    // The session should end on the server too; where that cannot be said now, it ends by its age.
    let session = SecretName {
        profile: profile.id,
        kind: SecretKind::Session,
    };
    if matches!(context.home.keychain.get(session).await, Ok(Some(_))) {
        let opening = Connection::open(&context.home, &profile, Answers::default());
        if let Ok(Ok(connection)) = tokio::time::timeout(GOODBYE, opening).await {
            let _ = connection.sign_out().await;
        }
    }
    // The secrets first: once the cluster is gone, nobody would find them.
    for name in SecretName::all_of(&profile) {
        context.home.keychain.remove(name).await?;
    }
    Snapshots::remove_all(&context.home, profile.id);
    context.home.profiles().remove(name)?;
    output::done(
        context.json,
        &format!("Removed “{name}” and its secrets; what runs there goes on."),
    )
}
