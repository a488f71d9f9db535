//! What goes on arriving: a deployment, an application's output, the state of every link.

use slipway_protocol::desktop::{FollowDeployment, FollowLogs, LinkChange, OfStream};
use tauri::State;
use tauri::ipc::Channel;
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

fn deployment(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let request: FollowDeployment = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let events = connection.follow_deployment(request.deployment, request.after);
    Ok(desk.streams.start(pass_on(events, channel, BATCH)))
}

fn logs(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let request: FollowLogs = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let events = connection.follow_logs(request.application, request.tail, request.after);
    Ok(desk.streams.start(pass_on(events, channel, BATCH_OF_MANY)))
}

async fn links(desk: &Desk, channel: Channel<String>) -> Result<u32, Refusal> {
    let mut changes = desk.link_changes.subscribe();
    for profile in desk.home.profiles().list()? {
        let link = describe(desk, &profile).await.link;
        let change = LinkChange {
            cluster: profile.id,
            link,
        };
        send(&channel, &change);
    }
    Ok(desk.streams.start(async move {
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
