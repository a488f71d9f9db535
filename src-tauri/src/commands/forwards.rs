//! Ports of this machine that lead to ports of containers: opened, watched, closed.

use std::time::Duration;

use slipway_client::{Forward, LocalPort};
use slipway_protocol::desktop::{LocalForward, OfForward, OpenForward};
use slipway_protocol::forward::NewForward;
use tauri::State;
use tauri::ipc::Channel;

use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read};
use crate::streams::send;

#[tauri::command]
pub async fn open_forward(desk: State<'_, Desk>, args: String) -> Answer {
    answer(open(&desk, &args).await)
}

#[tauri::command]
pub async fn stop_forward(desk: State<'_, Desk>, args: String) -> Answer {
    answer(stop(&desk, &args).await)
}

#[tauri::command]
pub async fn watch_forwards(desk: State<'_, Desk>, channel: Channel<String>) -> Answer {
    let page = desk.streams.page();
    let forwards = desk.forwards.clone();
    answer(Ok(desk.streams.start(page, async move {
        let mut changes = forwards.changes();
        while send(&channel, &forwards.list()) && changes.changed().await.is_ok() {}
    })))
}

async fn open(desk: &Desk, args: &str) -> Result<LocalForward, Refusal> {
    let request: OpenForward = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let wanted = NewForward {
        port: request.port,
        task: None,
    };
    let local = LocalPort::Preferably(request.port.get());
    let idle = request
        .idle_minutes
        .map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    let forward = Forward::open(&connection, request.application, wanted, local, idle).await?;
    let number = desk.forwards.keep(forward, request);
    let opened = desk.forwards.list().into_iter().find(|one| one.number == number);
    opened.ok_or_else(|| {
        slipway_protocol::desktop::Failure::new(
            slipway_protocol::desktop::FailureKind::App,
            "The port was closed at once; try again.",
        )
        .into()
    })
}

async fn stop(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let request: OfForward = read(args)?;
    // One that has ended is fine.
    if let Some(forward) = desk.forwards.find(request.number) {
        forward.stop().await;
    }
    Ok(())
}
