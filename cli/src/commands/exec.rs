//! `slipway exec`: a shell, or a command, in a running container of an application, or on the agent's node.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use bytes::Bytes;
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use futures_util::StreamExt;
use slipway_client::{Connection, LinkState, TerminalInput};
use slipway_protocol::api::{CloseTerminal, OpenNodeTerminal, OpenTerminal, ResizeTerminal};
use slipway_protocol::log_line::LogStream;
use slipway_protocol::settings::CommandLine;
use slipway_protocol::task::TaskName;
use slipway_protocol::terminal::{
    NewNodeTerminal, NewTerminal, TerminalEnd, TerminalEvent, TerminalSize, TerminalView,
};
use slipway_protocol::{ApplicationId, TerminalId, size};
use tokio::io::AsyncReadExt;

use crate::context::Context;
use crate::error::CliError;
use crate::here::HERE;
use crate::output;
use crate::signals::interrupted;

/// What a shell gives for a command that was ended by Ctrl-C.
const INTERRUPTED: u8 = 130;
/// How often the size of the screen is looked at.
const LOOK: Duration = Duration::from_millis(300);
const PIECE: usize = 16 * 1024;

#[derive(clap::Args)]
pub struct Arguments {
    /// Without one, that of the folder's slipway.toml.
    app: Option<String>,
    /// On the agent's own node, as root, instead of in a container.
    #[arg(long, conflicts_with_all = ["app", "task"])]
    node: bool,
    /// In this task (its id, or how it begins); otherwise in the first that can be reached.
    #[arg(long, value_parser = TaskName::parse)]
    task: Option<TaskName>,
    /// The program and its arguments; without, the shell of the container or of the node. Nothing is expanded.
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Who interrupts does not wait for a link that is lost.
const GOODBYE: Duration = Duration::from_secs(2);

pub async fn run(context: &Context, arguments: Arguments) -> Result<(), CliError> {
    let command = match arguments.command.as_slice() {
        [] => None,
        _ => Some(CommandLine::try_from(arguments.command).map_err(usage)?),
    };
    let (connection, app) = if arguments.node {
        (context.connect().await?, None)
    } else {
        let app = arguments.app.as_deref().unwrap_or(HERE);
        let (connection, view) = context.application(app).await?;
        (connection, Some(view.id))
    };
    let screen = io::stdin().is_terminal() && io::stdout().is_terminal();
    let size = if screen { size() } else { None };
    let opened = open(&connection, app, arguments.task, command, size).await?;
    let terminal = opened.id;
    let raw = if screen { Some(Raw::begin()?) } else { None };
    if screen {
        tokio::spawn(resize(connection.clone(), terminal));
    }
    tokio::spawn(tell_of_the_link(connection.clone(), screen));
    tokio::spawn(pass_in(connection.terminal_input(terminal)));
    let ended = tokio::select! {
        ended = pass_out(&connection, terminal) => ended,
        () = interrupted() => {
            // Where the link is lost just now the agent ends it by itself after a while.
            let closing = connection.send(CloseTerminal { terminal });
            let _ = tokio::time::timeout(GOODBYE, closing).await;
            Err(CliError::Command(INTERRUPTED))
        }
    };
    drop(raw);
    match ended? {
        TerminalEnd::Exited { code: Some(0) } => Ok(()),
        // Codes are bytes; a longer one is shortened as shells do it.
        TerminalEnd::Exited { code: Some(code) } => Err(CliError::Command((code & 0xff) as u8)),
        other => Err(CliError::Failed(output::plain(&other.to_string()))),
    }
}

/// In a task of this application; on the node where there is none.
async fn open(
    connection: &Connection,
    app: Option<ApplicationId>,
    task: Option<TaskName>,
    command: Option<CommandLine>,
    size: Option<TerminalSize>,
) -> Result<TerminalView, CliError> {
    let Some(application) = app else {
        let body = NewNodeTerminal { command, size };
        return Ok(connection.send(OpenNodeTerminal { body }).await?);
    };
    let request = OpenTerminal {
        application,
        body: NewTerminal { task, command, size },
    };
    Ok(connection.send(request).await?)
}

fn usage(reason: &'static str) -> CliError {
    CliError::Usage(format!("The command is not valid: {reason}."))
}

/// The own terminal, byte for byte; as it was again when this is dropped.
struct Raw;

impl Raw {
    fn begin() -> Result<Self, CliError> {
        enable_raw_mode()
            .map_err(|error| CliError::Failed(format!("The terminal cannot be read key by key: {error}.")))?;
        Ok(Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let _ = disable_raw_mode();
    }
}

fn size() -> Option<TerminalSize> {
    let (columns, rows) = crossterm::terminal::size().ok()?;
    (columns > 0 && rows > 0).then_some(TerminalSize {
        columns: columns.min(1000),
        rows: rows.min(1000),
    })
}

/// Passes each new size of the own terminal on.
async fn resize(connection: Connection, terminal: TerminalId) {
    let mut told = size();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = size();
        if let Some(body) = now.filter(|_| now != told) {
            // One that was not heard is told again.
            if connection.send(ResizeTerminal { terminal, body }).await.is_ok() {
                told = now;
            }
        }
    }
}

async fn pass_in(input: TerminalInput) {
    let mut stdin = tokio::io::stdin();
    let mut buffer = vec![0; PIECE];
    loop {
        match stdin.read(&mut buffer).await {
            Ok(0) | Err(_) => {
                input.end().await;
                return;
            }
            Ok(count) => {
                if !input.send(Bytes::copy_from_slice(&buffer[..count])).await {
                    return;
                }
            }
        }
    }
}

async fn pass_out(connection: &Connection, terminal: TerminalId) -> Result<TerminalEnd, CliError> {
    let mut events = connection.follow_terminal(terminal, 0);
    let mut seen = 0;
    while let Some(event) = events.next().await {
        match event? {
            TerminalEvent::Output { from, stream, bytes } => {
                if from > seen {
                    let lost = size::in_words(from - seen);
                    output::note(&format!("slipway: {lost} before this are no longer kept.\r"));
                }
                seen = from + bytes.expose().len() as u64;
                let written = match stream {
                    LogStream::Stderr => write(io::stderr().lock(), bytes.expose()),
                    LogStream::Stdout | LogStream::System => write(io::stdout().lock(), bytes.expose()),
                };
                if let Err(error) = written {
                    // A reader that went away (`| head`) ends the command too.
                    connection.send(CloseTerminal { terminal }).await?;
                    return if error.kind() == io::ErrorKind::BrokenPipe {
                        Ok(TerminalEnd::Exited { code: Some(0) })
                    } else {
                        Err(CliError::Failed(output::lost(&error)))
                    };
                }
            }
            TerminalEvent::Ended { end } => return Ok(end),
            TerminalEvent::Started { .. } | TerminalEvent::Ping => {}
        }
    }
    Ok(TerminalEnd::Exited { code: None })
}

fn write(mut to: impl Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

/// A lost link is said, and so is its return; on a screen without moving what stands there more than needed.
async fn tell_of_the_link(connection: Connection, screen: bool) {
    let (begin, end) = if screen { ("\r\n", "\r") } else { ("", "") };
    let mut state = connection.state();
    let mut lost = false;
    while state.changed().await.is_ok() {
        let now = state.borrow_and_update().clone();
        match now {
            LinkState::BackingOff { .. } if !lost => {
                lost = true;
                output::note(&format!(
                    "{begin}slipway: the connection is lost; what runs goes on, and what it writes comes when the connection is back.{end}"
                ));
            }
            LinkState::Up { .. } if lost => {
                lost = false;
                output::note(&format!("{begin}slipway: connected again.{end}"));
            }
            _ => {}
        }
    }
}
