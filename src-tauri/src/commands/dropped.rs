//! What was dropped on the window: told, sent, forgotten.

use std::time::Instant;

use slipway_client::upload::Folder;
use slipway_protocol::api::GetApplication;
use slipway_protocol::desktop::{Failure, FailureKind, OfDropped, SendDropped, SendProgress, Streamed};
use tauri::State;
use tauri::ipc::Channel;

use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read};
use crate::streams::{send, tell_changes};

#[tauri::command]
pub async fn watch_drops(desk: State<'_, Desk>, channel: Channel<String>) -> Answer {
    let page = desk.streams.page();
    let changes = desk.drops.changes();
    answer(Ok(desk.streams.start(page, tell_changes(changes, channel))))
}

#[tauri::command]
pub async fn send_dropped(desk: State<'_, Desk>, args: String, channel: Channel<String>) -> Answer {
    answer(start(&desk, &args, channel))
}

#[tauri::command]
pub async fn forget_dropped(desk: State<'_, Desk>, args: String) -> Answer {
    answer(read::<OfDropped>(&args).map(|of| desk.drops.forget(of.dropped)))
}

/// It ends with its stream: what has arrived by then waits on the server, and sending it again goes on there.
fn start(desk: &Desk, args: &str, channel: Channel<String>) -> Result<u32, Refusal> {
    let page = desk.streams.page();
    let request: SendDropped = read(args)?;
    let path = desk.drops.find(request.dropped, Instant::now())?;
    let connection = desk.connection(request.cluster)?;
    Ok(desk.streams.start(page, async move {
        let progress = |sent, length| {
            let values = vec![SendProgress { sent, length }];
            send(&channel, &Streamed::Values { values });
        };
        let sent = async {
            let application = request.application;
            let app = connection.send(GetApplication { application }).await?;
            let folder = Folder::of(path, &app.settings).ok_or_else(|| not_uploaded(app.name.as_str()))?;
            connection.upload(application, &folder, progress).await?;
            Ok::<(), Refusal>(())
        };
        let failure = sent.await.err().map(|refusal| refusal.0);
        send(&channel, &Streamed::<SendProgress>::Ended { failure });
    }))
}

fn not_uploaded(name: &str) -> Refusal {
    let sentence = format!(
        "“{name}” is not built from what is sent: its source is set to something else. Choose “Upload of a folder” as the source in its settings, or deploy it as it is."
    );
    Failure::new(FailureKind::Invalid, sentence).into()
}
