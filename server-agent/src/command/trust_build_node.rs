//! `trust-build-node`: shows the key of the build node's SSH server, and records it once somebody has said that it is the right one.

use std::io::{IsTerminal, Write, stdin, stdout};

use anyhow::{Context as _, bail, ensure};

use super::say;
use crate::build_place::{BuildNode, KnownHosts, SshAddress, shown_key};
use crate::config::Config;

#[derive(clap::Args)]
pub struct Options {
    /// Accepts the key with this fingerprint (SHA256:…) without a question.
    #[arg(long, value_name = "FINGERPRINT")]
    accept: Option<String>,
}

/// Nothing is recorded, and nothing is sent to that machine, before the fingerprint was accepted.
pub async fn trust_build_node(config: &Config, options: Options) -> anyhow::Result<()> {
    let address = far_node(config)?;
    let known = KnownHosts::of(&config.data_dir);
    let path = known.path().display().to_string();
    let before = known
        .key_of(address)
        .with_context(|| format!("{path} cannot be read; this needs root"))?;
    let key = shown_key(address).await?;
    let fingerprint = key.fingerprint().context("the key that it shows is damaged")?;
    say(&format!("The SSH server of {address} shows the key"));
    say(&format!("    {} {fingerprint}", key.kind()));
    if before.as_ref() == Some(&key) {
        say("It is the one that is trusted already.");
        return Ok(());
    }
    if let Some(other) = before.and_then(|before| before.fingerprint()) {
        say(&format!("AND NOT THE ONE THAT WAS ACCEPTED BEFORE: {other}."));
        say("If nobody has set that machine up anew, somebody may stand in between: then do not accept it.");
    }
    say(&format!(
        "On that machine itself `ssh-keygen -lf {}` has to show the same.",
        key.usual_file()
    ));
    insist_on_consent(&fingerprint, options.accept.as_deref())?;
    known.put(address, &key).with_context(|| {
        format!("{path} cannot be written; this needs root, and an agent that is installed")
    })?;
    say("The key is trusted from now on.");
    Ok(())
}

fn far_node(config: &Config) -> anyhow::Result<&SshAddress> {
    let address = match config.other_engine() {
        Some(BuildNode::Ssh(address)) => address,
        Some(BuildNode::Socket(_)) => {
            bail!("the build node is on this very machine, and shows no key")
        }
        None => bail!("there is no build node; name it with --build-node ssh://user@host"),
    };
    ensure!(
        config.build_node_key.is_none(),
        "the key of the build node is a setting (SLIPWAY_BUILD_NODE_KEY, --build-node-key), which comes first; change it \
         there, or take it out of the agent's service and try again"
    );
    Ok(address)
}

fn insist_on_consent(fingerprint: &str, accepted: Option<&str>) -> anyhow::Result<()> {
    if let Some(accepted) = accepted {
        ensure!(
            accepted == fingerprint,
            "the key that was to be accepted is another one ({accepted}); nothing is trusted"
        );
        return Ok(());
    }
    ensure!(
        stdin().is_terminal(),
        "nobody is there to be asked; compare the key, and say --accept {fingerprint}"
    );
    print!("Is it the same? Type yes to trust it: ");
    stdout().flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    ensure!(answer.trim() == "yes", "nothing is trusted");
    Ok(())
}
