//! `restore-state`: brings the agent's state back from a file of `backup-state`.

use std::path::PathBuf;

use anyhow::bail;
use slipway_protocol::count;

use crate::config::Config;
use crate::state::{self, PassphraseFrom, Restored, Source};

#[derive(clap::Args)]
pub struct Options {
    /// A file of `backup-state`; `-` is standard input.
    #[arg(value_name = "FILE")]
    source: PathBuf,
    /// Set a state that is here already aside, and restore in its place.
    #[arg(long)]
    replace: bool,
    #[command(flatten)]
    passphrase: PassphraseFrom,
}

/// Asks for the passphrase, restores, and says what came back and what to do next.
pub async fn restore_state(config: &Config, options: Options) -> anyhow::Result<()> {
    let source = Source::from(options.source);
    if source == Source::Stdin && options.passphrase.takes_stdin() {
        bail!(
            "standard input is the backup, so the passphrase has to come from --passphrase-file FILE or a terminal"
        );
    }
    source.is_there()?;
    let passphrase = options.passphrase.tell()?;
    let mut tell = super::say;
    let stop = super::asked_to_stop();
    let restored = state::restore(config, &source, passphrase, options.replace, stop, &mut tell).await?;
    for line in words(config, &restored) {
        super::say(&line);
    }
    Ok(())
}

fn words(config: &Config, restored: &Restored) -> Vec<String> {
    let header = &restored.header;
    let mut lines = vec![format!(
        "restored the state of {} (agent {})",
        header.made_at.format("%Y-%m-%d %H:%M UTC"),
        header.agent
    )];
    if let Some(counts) = &restored.counts {
        let many = |number: i64, one: &str, several: &str| {
            count::in_words(usize::try_from(number).unwrap_or(0), one, several)
        };
        lines.push(format!(
            "  database: {}, {}, {}; {}",
            many(counts.people, "person", "people"),
            many(counts.projects, "project", "projects"),
            many(counts.applications, "application", "applications"),
            count::in_words(counts.rows as usize, "row", "rows")
        ));
    }
    lines.push(format!(
        "  files: the key, and {} of the folder ssh",
        restored.files
    ));
    if let Some(aside) = &restored.aside {
        lines.push(format!(
            "the state of before is in {}; remove it when you are sure",
            aside.display()
        ));
    }
    if let Some(schema) = &restored.schema {
        lines.push(format!(
            "the rows of before are in the database's schema {schema}; drop it when you are sure"
        ));
    }
    if header.instance != config.instance {
        lines.push(format!(
            "the backup is of the instance “{}” and this is “{}”: what runs under the other name stays as it is and is not taken over; \
             --instance names it",
            header.instance, config.instance
        ));
    }
    lines.push(
        "everybody signs in again, and open invitations are void; `slipway-agent invite` prints a new one"
            .to_owned(),
    );
    lines.push("deploy URLs are void; make new ones".to_owned());
    lines.push(
        "members and their passwords are as in the backup; take out again who was taken out since then"
            .to_owned(),
    );
    lines.push(
        "on another server: images, volumes and uploads did not come along; deploy each application again"
            .to_owned(),
    );
    let next = if restored.runs {
        "next: `slipway-agent doctor`"
    } else {
        "next: start the agent (`slipway-agent install` sets it up and starts it), then `slipway-agent doctor`"
    };
    lines.push(next.to_owned());
    lines
}
