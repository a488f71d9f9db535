//! Terminals: their output into a channel of the window as fast as it draws, its keys into the terminal.

use futures_util::StreamExt;
use slipway_client::wiped_when_gone;
use slipway_protocol::desktop::{
    Failure, FailureKind, FollowTerminal, Streamed, TerminalDrawn, TypeIntoTerminal,
};
use slipway_protocol::terminal::TerminalEvent;
use tauri::State;
use tauri::ipc::Channel;

use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read, read_secret};
use crate::streams::send;

#[tauri::command]
pub async fn follow_terminal(desk: State<'_, Desk>, args: String, channel: Channel<String>) -> Answer {
    answer(follow(&desk, &args, channel))
}

#[tauri::command]
pub async fn type_into_terminal(desk: State<'_, Desk>, args: String) -> Answer {
    answer(type_in(&desk, args).await)
}

#[tauri::command]
pub async fn terminal_drawn(desk: State<'_, Desk>, args: String) -> Answer {
    answer(drawn(&desk, &args))
}

fn follow(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let request: FollowTerminal = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let name = (request.cluster, request.terminal);
    let place = desk
        .terminals
        .show(name, || connection.terminal_input(request.terminal), request.seen);
    let mut events = connection.follow_terminal(request.terminal, request.seen);
    let terminals = desk.terminals.clone();
    Ok(desk.streams.start(page, async move {
        while let Some(event) = events.next().await {
            let event = match event {
                Ok(event) => event,
                Err(error) => {
                    let failure = Some(Refusal::from(error).0);
                    send(&channel, &Streamed::<TerminalEvent>::Ended { failure });
                    return;
                }
            };
            let sent = match &event {
                TerminalEvent::Output { from, bytes, .. } => from + bytes.expose().len() as u64,
                TerminalEvent::Ended { .. } => {
                    terminals.forget(name);
                    0
                }
                TerminalEvent::Started { .. } | TerminalEvent::Ping => 0,
            };
            if !send(&channel, &Streamed::Values { values: vec![event] }) {
                return;
            }
            place.keep_pace(sent).await;
        }
        send(&channel, &Streamed::<TerminalEvent>::Ended { failure: None });
    }))
}

async fn type_in(desk: &Desk, args: String) -> Result<(), Refusal> {
    let request: TypeIntoTerminal = read_secret(args)?;
    let connection = desk.connection(request.cluster)?;
    let name = (request.cluster, request.terminal);
    let input = desk
        .terminals
        .input(name, || connection.terminal_input(request.terminal));
    let bytes = wiped_when_gone(request.bytes);
    if input.send(bytes).await {
        return Ok(());
    }
    Err(not_taken())
}

fn not_taken() -> Refusal {
    let sentence = "This terminal takes nothing now; try again.";
    Failure::new(FailureKind::Link, sentence).into()
}

fn drawn(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: TerminalDrawn = read(args)?;
    desk.terminals
        .is_drawn((request.cluster, request.terminal), request.upto);
    Ok(())
}
