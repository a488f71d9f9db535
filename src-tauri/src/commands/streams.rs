//! What goes on arriving: a deployment, an application's output, the state of every link.

use slipway_protocol::desktop::{FollowDeployment, LinkChange, LogsOf, OfCluster, OfStream};
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};
use tokio::sync::broadcast::error::RecvError;

use crate::clusters::describe;
use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read};
use crate::streams::{BATCH, BATCH_OF_MANY, pass_on, send};

#[tauri::command]
pub async fn follow_deployment(desk: State<'_, Desk>, args: String, channel: Channel<String>) -> Answer {
    answer(deployment(&desk, &args, channel))
}

#[tauri::command]
pub async fn watch_changes(desk: State<'_, Desk>, args: String, channel: Channel<String>) -> Answer {
    answer(changes(&desk, &args, channel))
}

#[tauri::command]
pub async fn follow_logs(desk: State<'_, Desk>, args: String, channel: Channel<String>) -> Answer {
    answer(logs(&desk, &args, channel))
}

#[tauri::command]
pub async fn watch_links(desk: State<'_, Desk>, channel: Channel<String>) -> Answer {
    answer(links(&desk, channel).await)
}

#[tauri::command]
pub async fn stop_stream(desk: State<'_, Desk>, args: String) -> Answer {
    answer(read::<OfStream>(&args).map(|request| desk.streams.stop(request.stream)))
}

#[tauri::command]
pub async fn watch_opened_links(app: AppHandle, desk: State<'_, Desk>, channel: Channel<String>) -> Answer {
    let page = desk.streams.page();
    answer(Ok(desk.streams.start(page, async move {
        let desk = app.state::<Desk>();
        while send(&channel, &desk.opened.next().await) {}
    })))
}

fn deployment(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let request: FollowDeployment = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let events = connection.follow_deployment(request.deployment, request.after);
    Ok(desk.streams.start(page, pass_on(events, channel, BATCH)))
}

fn changes(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let request: OfCluster = read(args)?;
    let connection = desk.connection(request.cluster)?;
    Ok(desk
        .streams
        .start(page, pass_on(connection.watch_changes(), channel, BATCH)))
}

fn logs(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let request: LogsOf = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let events = connection.follow_some_logs(request.wish.into());
    Ok(desk.streams.start(page, pass_on(events, channel, BATCH_OF_MANY)))
}

async fn links(desk: &Desk, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let mut changes = desk.link_changes.subscribe();
    for profile in desk.home.profiles().list()? {
        let link = describe(desk, &profile).await.link;
        let change = LinkChange {
            cluster: profile.id,
            link,
        };
        send(&channel, &change);
    }
    Ok(desk.streams.start(page, async move {
        loop {
            match changes.recv().await {
                Ok(change) if send(&channel, &change) => {}
                // Missed changes are older than the ones that follow.
                Err(RecvError::Lagged(_)) => {}
                Ok(_) | Err(RecvError::Closed) => return,
            }
        }
    }))
}
