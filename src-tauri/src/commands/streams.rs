//! What goes on arriving: a deployment and its log, a command, an application's output, the state of every link.

use futures_util::stream::{BoxStream, StreamExt};
use slipway_client::ClientError;
use slipway_protocol::desktop::{
    FollowCommand, FollowDeployment, LinkChange, LogsOf, OfCluster, OfStream, TakenOfStream,
};
use slipway_protocol::feed::FeedEvent;
use tauri::ipc::Channel;
use tauri::{AppHandle, Manager, State};
use tokio::sync::broadcast::error::RecvError;

use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read};
use crate::streams::{BATCH, BATCH_OF_MANY, pass_on, send};

type Feed = BoxStream<'static, Result<FeedEvent, ClientError>>;

#[tauri::command]
pub async fn follow_deployment(desk: State<'_, Desk>, args: String, channel: Channel<String>) -> Answer {
    answer(deployment(&desk, &args, channel))
}

#[tauri::command]
pub async fn follow_command(desk: State<'_, Desk>, args: String, channel: Channel<String>) -> Answer {
    answer(command(&desk, &args, channel))
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
pub async fn watch_links(app: AppHandle, desk: State<'_, Desk>, channel: Channel<String>) -> Answer {
    answer(links(app, &desk, channel))
}

#[tauri::command]
pub async fn stop_stream(desk: State<'_, Desk>, args: String) -> Answer {
    answer(read::<OfStream>(&args).map(|request| desk.streams.stop(request.stream)))
}

#[tauri::command]
pub async fn stream_taken(desk: State<'_, Desk>, args: String) -> Answer {
    let taken = read::<TakenOfStream>(&args);
    answer(taken.map(|taken| desk.streams.taken(taken.stream, taken.messages)))
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
    Ok(desk
        .streams
        .start_paced(page, |pace| pass_on(events, channel, BATCH, pace)))
}

fn command(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let request: FollowCommand = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let events = connection.follow_command(request.command, request.after);
    Ok(desk
        .streams
        .start_paced(page, |pace| pass_on(events, channel, BATCH_OF_MANY, pace)))
}

fn changes(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let request: OfCluster = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let events = quiet(connection.watch_changes());
    Ok(desk
        .streams
        .start_paced(page, |pace| pass_on(events, channel, BATCH, pace)))
}

/// Of the feed's signs of life only the first one behind a change: it tells a page that missed the change that it is told of the next
/// ones. The others would only wake it.
fn quiet(feed: Feed) -> Feed {
    let mut told = false;
    feed.filter(move |event| {
        let sign = matches!(event, Ok(FeedEvent::Ping));
        let passes = !(sign && told);
        told = sign;
        std::future::ready(passes)
    })
    .boxed()
}

fn logs(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let request: LogsOf = read(args)?;
    let connection = desk.connection(request.cluster)?;
    let events = match request.wish.of_deployment() {
        Some(of_deployment) => connection.follow_deployment_log(of_deployment),
        None => connection.follow_some_logs(request.wish.into()),
    };
    Ok(desk
        .streams
        .start_paced(page, |pace| pass_on(events, channel, BATCH_OF_MANY, pace)))
}

fn links(app: AppHandle, desk: &Desk, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let mut changes = desk.link_changes.subscribe();
    tell_all(desk, &channel)?;
    Ok(desk.streams.start(page, async move {
        let desk = app.state::<Desk>();
        loop {
            let told = match changes.recv().await {
                Ok(change) => send(&channel, &change),
                // Of a quiet cluster the last change may be among those that were missed.
                Err(RecvError::Lagged(_)) => tell_all(&desk, &channel).unwrap_or(true),
                Err(RecvError::Closed) => false,
            };
            if !told {
                return;
            }
        }
    }))
}

/// Every link as it is now. False when nobody listens any more.
fn tell_all(desk: &Desk, channel: &Channel<String>) -> Result<bool, Refusal> {
    let saved = desk.home.profiles().list()?;
    Ok(saved.iter().map(|profile| profile.id).all(|cluster| {
        let link = desk.link(cluster);
        send(channel, &LinkChange { cluster, link })
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    /// NFR-P9: a feed on which nothing happens tells the window nothing.
    #[tokio::test]
    async fn a_quiet_feed_is_quiet() {
        use FeedEvent::{Changed, Ping};
        let feed = [Changed, Ping, Ping, Ping, Changed, Changed, Ping, Ping];
        let passed = quiet(stream::iter(feed.map(Ok)).boxed());
        let passed: Vec<FeedEvent> = passed.filter_map(async |event| event.ok()).collect().await;
        assert_eq!(passed, [Changed, Ping, Changed, Changed, Ping]);
    }
}
