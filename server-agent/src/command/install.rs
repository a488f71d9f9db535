//! `install` and `uninstall`: sets this server up or takes the agent off it, for a person or, with `--json`, for the app.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::bail;
use slipway_protocol::setup::{SetupEvent, SetupReport, step_done};

use crate::config::Config;
use crate::host::{self, Facts, Wishes};
use crate::public_key::PublicKey;

#[derive(clap::Args)]
pub struct Options {
    /// Look and say what would be done; change nothing.
    #[arg(long)]
    check: bool,
    /// Write one JSON value a line, for programs.
    #[arg(long)]
    json: bool,
    /// Prepare everything, but start nothing.
    #[arg(long)]
    no_start: bool,
    /// Run in the Swarm that is there already, beside what runs in it.
    #[arg(long)]
    use_existing_swarm: bool,
    /// Make an account that is only a pipe to the agent, for this public key (`ssh-ed25519 AAAA…`).
    #[arg(long, value_name = "KEY")]
    link_key: Option<PublicKey>,
}

/// Looks, says what was found, and, unless only that was wished, does it.
pub async fn install(config: &Config, options: Options) -> anyhow::Result<ExitCode> {
    let wishes = Wishes {
        existing_swarm: options.use_existing_swarm,
        no_start: options.no_start,
        link_key: options.link_key,
    };
    let facts = Facts::gather(config).await;
    let report = host::plan(&facts, &wishes, config);
    let json = options.json;
    let mut tell = move |event: SetupEvent| {
        if json {
            print_json(&event);
        } else {
            print_words(&event);
        }
    };
    let may_begin = report.may_begin();
    let obstacles: Vec<String> = report
        .obstacles()
        .map(|finding| format!("{}. {}", finding.title, finding.detail))
        .collect();
    tell(SetupEvent::Report { report });
    if options.check {
        return Ok(ExitCode::SUCCESS);
    }
    if !may_begin {
        if json {
            // The report has said it.
            return Ok(ExitCode::FAILURE);
        }
        bail!("nothing was changed: {}", obstacles.join(" "));
    }
    match host::apply(config, &wishes, &mut tell).await {
        Ok(()) => {
            if !json && !wishes.no_start {
                super::say("`slipway-agent invite` prints the first owner's invitation");
            }
            Ok(ExitCode::SUCCESS)
        }
        // It has been told as an event already.
        Err(_) if json => Ok(ExitCode::FAILURE),
        Err(error) => Err(error),
    }
}

/// Takes the agent off this server.
pub async fn uninstall(config: &Config, data: bool) -> anyhow::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        bail!("uninstall needs root; run it with sudo");
    }
    for line in host::remove(config, data).await? {
        println!("{line}");
    }
    Ok(())
}

fn print_json(event: &SetupEvent) {
    if let Ok(line) = serde_json::to_string(event) {
        // Whoever read it is gone; the work goes on.
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}

fn print_words(event: &SetupEvent) {
    match event {
        SetupEvent::Report { report } => print_report(report),
        SetupEvent::Begun { step } => super::say(step.title()),
        SetupEvent::Line { text, .. } => super::say(&format!("    {text}")),
        SetupEvent::Done {
            changed,
            seconds,
            result,
            ..
        } => super::say(&step_done(*changed, *seconds, result)),
        SetupEvent::Failed { .. } | SetupEvent::Ready => {}
    }
}

fn print_report(report: &SetupReport) {
    report.lines().iter().for_each(|line| super::say(line));
}
