//! `slipway host-key`: the host keys that are trusted.

use slipway_protocol::count;

use crate::context::Context;
use crate::error::CliError;
use crate::output;

#[derive(clap::Subcommand)]
pub enum Command {
    /// The keys on record, Slipway's own and OpenSSH's.
    List,
    /// Remove a host's keys from Slipway's own record.
    Remove {
        host: String,
        #[arg(long, default_value_t = 22)]
        port: u16,
    },
}

pub fn run(context: &Context, command: Command) -> Result<(), CliError> {
    let known = &context.home.known_hosts;
    let unusable = |error: slipway_client::KnownHostsError| {
        CliError::Failed(format!(
            "The record of host keys {error}; repair or remove it, then try again."
        ))
    };
    match command {
        Command::List => {
            let keys = known.list().map_err(unusable)?;
            if context.json {
                return output::json(&keys);
            }
            let row = |key: &slipway_client::KnownHost| {
                vec![
                    key.host.clone(),
                    key.key_type.clone(),
                    key.fingerprint.clone(),
                    key.file.display().to_string(),
                ]
            };
            let rows: Vec<_> = keys.iter().map(row).collect();
            output::table(
                &["host", "type", "fingerprint", "file"],
                &rows,
                "No host key is on record.",
            );
        }
        Command::Remove { host, port } => {
            let removed = known.remove(&host, port).map_err(unusable)?;
            if removed == 0 {
                return Err(CliError::Failed(format!(
                    "Slipway's record holds no key of {host} (port {port})."
                )));
            }
            if context.json {
                return output::json(&removed);
            }
            let keys = count::in_words(removed, "key", "keys");
            output::line(&format!("Removed {keys} of {host} (port {port})."));
        }
    }
    Ok(())
}
