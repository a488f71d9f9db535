//! `backup-state`: writes the agent's state into one encrypted file, while the agent runs.

use std::io::Write as _;
use std::path::PathBuf;

use slipway_protocol::count;

use crate::config::Config;
use crate::state::{self, Made, Output, PassphraseFrom};

#[derive(clap::Args)]
pub struct Options {
    /// The file to write, which must not be there yet; `-` is standard output.
    #[arg(value_name = "FILE")]
    output: PathBuf,
    #[command(flatten)]
    passphrase: PassphraseFrom,
}

/// Asks for a passphrase, backs up, and says what is in it.
pub async fn backup_state(config: &Config, options: Options) -> anyhow::Result<()> {
    let output = Output::from(options.output);
    output.is_free()?;
    let passphrase = options.passphrase.choose()?;
    let made = state::back_up(config, output.clone(), passphrase, super::asked_to_stop()).await?;
    for line in words(&output, &made) {
        // Standard output may be the backup itself.
        let _ = writeln!(std::io::stderr(), "{line}");
    }
    Ok(())
}

fn words(output: &Output, made: &Made) -> Vec<String> {
    let place = match output {
        Output::Stdout => "standard output".to_owned(),
        Output::File(path) => path.display().to_string(),
    };
    let files = match made.files.len() {
        0 => String::new(),
        _ => format!(", and of the folder ssh: {}", made.files.join(", ")),
    };
    let mut lines = vec![format!(
        "backed up to {place}: the key, {} of {}{files}",
        count::in_words(made.rows as usize, "row", "rows"),
        count::in_words(made.tables, "table", "tables")
    )];
    lines.extend(made.left_out.iter().map(|what| format!("left out: {what}")));
    lines
        .push("not in it: images, volumes of applications, uploads, logs, /etc/slipway/agent.env".to_owned());
    lines.push(
        "keep the file and its passphrase in different places; `slipway-agent restore-state` brings it back"
            .to_owned(),
    );
    lines
}
