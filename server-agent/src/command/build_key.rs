//! `build-key`: by which key this agent signs in to a build node on another machine.

use anyhow::Context as _;

use crate::build_place;
use crate::config::Config;
use crate::secrets::KeyFile;

/// Prints the line alone on standard output, and what it is for on standard error.
pub fn build_key(config: &Config) -> anyhow::Result<()> {
    let key = KeyFile::open(&config.key_path())
        .context("this needs root, and an agent that has been started once: its own key is made then")?;
    let own = build_place::own_key(&key)?;
    eprintln!(
        "The line for ~/.ssh/authorized_keys of an account on the build node that may use Docker (`usermod -aG docker ACCOUNT`):"
    );
    println!("{}", build_place::line_of(&own));
    eprintln!(
        "That machine's own key is shown, and trusted once you accept it, by `slipway-agent trust-build-node`."
    );
    Ok(())
}
