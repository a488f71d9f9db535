//! `slipway server`: from a server with nothing but SSH to a cluster.

use std::time::Duration;

use futures_util::StreamExt;
use slipway_client::keychain::SecretName;
use slipway_client::setup::{LinkKey, Server, SetupError, SetupWishes, link_address};
use slipway_client::{Answers, Profile, SecretKind};
use slipway_protocol::ClusterId;
use slipway_protocol::setup::{SetupEvent, SetupReport, last_written, step_done};

use super::cluster::Add;
use crate::context::{Context, answer};
use crate::error::{CliError, of_keychain};
use crate::{ask, output};

#[derive(clap::Subcommand)]
pub enum Command {
    /// Look at a server and say what setting it up would do; nothing but the agent's program is put there.
    Check(Box<Setup>),
    /// Set a server up: Docker, Swarm, the agent, Traefik; then save it as a cluster. Run again, it goes on where it was, or
    /// brings the agent up to this version.
    Install(Box<Setup>),
}

#[derive(clap::Args)]
pub struct Setup {
    #[command(flatten)]
    cluster: Add,
    /// Run in the Swarm that is there already, beside what runs in it.
    #[arg(long)]
    use_existing_swarm: bool,
    /// Do it without asking.
    #[arg(long)]
    yes: bool,
}

pub async fn run(context: &Context, command: Command) -> Result<(), CliError> {
    match command {
        Command::Check(setup) => check(context, *setup).await,
        Command::Install(setup) => install(context, *setup).await,
    }
}

async fn check(context: &Context, setup: Setup) -> Result<(), CliError> {
    let profile = setup.cluster.profile()?;
    let server = connect(context, &setup, &profile).await?;
    let report = server.check(&wishes(&setup, None)).await?;
    if context.json {
        return output::json(&report);
    }
    print(&report);
    Ok(())
}

async fn install(context: &Context, setup: Setup) -> Result<(), CliError> {
    let profile = setup.cluster.profile()?;
    let known = context.home.profiles().list()?;
    let known = known.into_iter().find(|other| other.name == profile.name);
    if known.as_ref().is_some_and(|known| known.host() != profile.host()) {
        return Err(slipway_client::ProfileError::Taken(profile.name).into());
    }
    let server = connect(context, &setup, &profile).await?;
    let report = server.check(&wishes(&setup, None)).await?;
    if !context.json {
        print(&report);
    }
    let obstacles: Vec<String> = report
        .obstacles()
        .map(|finding| format!("{}. {}", finding.title, finding.detail))
        .collect();
    if !obstacles.is_empty() {
        let sentence = format!(
            "Nothing was changed on {}: {}",
            profile.host(),
            obstacles.join(" ")
        );
        return Err(CliError::Failed(sentence));
    }
    if !setup.yes {
        if context.json || !ask::somebody_is_there() {
            return Err(CliError::Usage(
                "Nobody is there to ask, or to read the plan; give --yes to set the server up.".to_owned(),
            ));
        }
        if !ask::yes("Do this?")? {
            return Err(CliError::Failed("Nothing was changed.".to_owned()));
        }
    }
    let key = if known.is_none() {
        kept_key(context, &profile).await
    } else {
        None
    };
    let id = profile.id;
    let done = match set_up(context, &server, &setup, key.as_ref()).await {
        Err(error) => Err(error),
        Ok(()) if known.is_some() => {
            return output::done(context.json, &format!("“{}” is set up.", profile.name));
        }
        Ok(()) => save(context, &server, profile, key.is_some()).await,
    };
    let saved = context.home.profiles().list();
    if key.is_some() && saved.is_ok_and(|saved| saved.iter().all(|one| one.id != id)) {
        // No cluster is there that it opens. Where the keychain is locked, nothing asks for it any more all the same.
        let _ = context.home.keychain.remove(link_key_of(id)).await;
    }
    done
}

/// Does what was shown, and tells how it goes, to its end.
async fn set_up(
    context: &Context,
    server: &Server,
    setup: &Setup,
    key: Option<&LinkKey>,
) -> Result<(), CliError> {
    let mut events = server.install(&wishes(setup, key)).await?;
    let mut ready = false;
    while let Some(event) = events.next().await {
        let event = event?;
        if context.json {
            output::json(&event)?;
        } else {
            tell(&event);
        }
        match event {
            SetupEvent::Failed { step, sentence } => {
                return Err(CliError::Failed(format!("{}: {sentence}.", step.title())));
            }
            SetupEvent::Ready => ready = true,
            _ => {}
        }
    }
    if ready {
        return Ok(());
    }
    let host = setup.cluster.profile()?.host().to_owned();
    Err(SetupError::Lost { host }.into())
}

/// Everyday connections have a key of their own, unless there is no keychain to keep it.
async fn kept_key(context: &Context, profile: &Profile) -> Option<LinkKey> {
    let key = LinkKey::generate().ok()?;
    let name = link_key_of(profile.id);
    match context.home.keychain.set(name, key.private.clone()).await {
        Ok(()) if context.home.keychain.lasts() => Some(key),
        Ok(()) => None,
        Err(error) => {
            output::note(&format!(
                "note: connections will sign in as now. {}",
                of_keychain(&error)
            ));
            None
        }
    }
}

fn link_key_of(profile: ClusterId) -> SecretName {
    let kind = SecretKind::SshKey;
    SecretName { profile, kind }
}

/// Saves the cluster under the account that is only a pipe, and says how to become its owner.
async fn save(context: &Context, server: &Server, profile: Profile, by_link: bool) -> Result<(), CliError> {
    let everyday = match link_address(&profile).filter(|_| by_link) {
        Some(address) => Profile { address, ..profile },
        None => profile,
    };
    // A cluster that is saved without its owner would be taken for one that is set up.
    let code = server.invite().await?;
    context.home.profiles().add(everyday.clone())?;
    if context.json {
        return output::json(&serde_json::json!({ "cluster": everyday, "invitation": code.expose() }));
    }
    output::line(&format!("“{}” is set up and saved.", everyday.name));
    output::line(&format!(
        "Become its owner: slipway --cluster '{}' login --invitation -",
        everyday.name.replace('\'', "'\\''")
    ));
    output::line(&format!(
        "The code that it asks for, which is good once: {}",
        code.expose()
    ));
    Ok(())
}

fn wishes(setup: &Setup, key: Option<&LinkKey>) -> SetupWishes {
    SetupWishes {
        use_existing_swarm: setup.use_existing_swarm,
        link_key: key.map(|key| key.public.clone()),
    }
}

/// Signs in, asking for what is missing, and brings the agent's program.
async fn connect(context: &Context, setup: &Setup, profile: &Profile) -> Result<Server, CliError> {
    let may_ask = setup.cluster.may_ask();
    let mut answers: Answers = setup.cluster.answers()?;
    let mut server = loop {
        match Server::connect(&context.home, profile, answers.clone()).await {
            Ok(server) => break server,
            Err(SetupError::Connect(error)) if may_ask => {
                answer(&error, profile, &mut answers)?;
            }
            Err(error) => return Err(error.into()),
        }
    };
    let mut told = 0;
    let begun = std::time::Instant::now();
    server
        .bring(|sent, length| {
            let percent = sent * 100 / length.max(1);
            if percent >= told + 20 && begun.elapsed() > Duration::from_secs(1) {
                told = percent;
                output::note(&format!("sending the agent: {percent} %"));
            }
        })
        .await?;
    Ok(server)
}

fn print(report: &SetupReport) {
    let lines = report.lines();
    lines.iter().for_each(|line| output::line(&output::plain(line)));
}

fn tell(event: &SetupEvent) {
    match (event, in_words(event)) {
        (_, None) => {}
        (SetupEvent::Line { .. }, Some(words)) => output::note(&words),
        (_, Some(words)) => output::line(&words),
    }
}

/// What is told of it. It was written by a server that may be anything yet, and steers no terminal.
fn in_words(event: &SetupEvent) -> Option<String> {
    match event {
        SetupEvent::Begun { step } => Some(step.title().to_owned()),
        SetupEvent::Line { text, .. } => Some(format!("    {}", output::plain(last_written(text)))),
        SetupEvent::Done {
            changed,
            seconds,
            result,
            ..
        } => Some(step_done(*changed, *seconds, &output::plain(result))),
        SetupEvent::Report { .. } | SetupEvent::Failed { .. } | SetupEvent::Ready => None,
    }
}

#[cfg(test)]
mod tests {
    use slipway_protocol::setup::SetupStep;

    use super::*;

    /// FR-HST-01, NFR-S7: what a server says while it is set up steers no terminal; a line that was written over is told as it ended.
    #[test]
    fn a_server_steers_no_terminal() {
        let step = SetupStep::Docker;
        let line = |text: &str| {
            in_words(&SetupEvent::Line {
                step,
                text: text.to_owned(),
            })
        };
        assert_eq!(
            line("\u{1b}]0;owned\u{7}\u{1b}[2Jhello").as_deref(),
            Some("    \u{fffd}]0;owned\u{fffd}\u{fffd}[2Jhello")
        );
        assert_eq!(line("10 %\r100 %\r").as_deref(), Some("    100 %"));
        let done = in_words(&SetupEvent::Done {
            step,
            changed: true,
            seconds: 1.0,
            result: "Docker\u{9b}31m 29".to_owned(),
        });
        assert_eq!(done.as_deref(), Some("  done: Docker\u{fffd}31m 29 (1.0 s)"));
    }
}
