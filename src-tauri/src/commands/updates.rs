//! Newer versions of the app.

use slipway_protocol::desktop::SetDailyLooks;
use tauri::ipc::Channel;
use tauri::{AppHandle, State};

use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read};
use crate::streams::tell_changes;

#[tauri::command]
pub async fn watch_updates(desk: State<'_, Desk>, channel: Channel<String>) -> Answer {
    let page = desk.streams.page();
    let telling = tell_changes(desk.updates.changes(), channel);
    answer(Ok(desk.streams.start(page, telling)))
}

#[tauri::command]
pub async fn set_daily_looks(desk: State<'_, Desk>, args: String) -> Answer {
    answer(choose(&desk, &args))
}

#[tauri::command]
pub async fn look_for_update(desk: State<'_, Desk>, app: AppHandle) -> Answer {
    // What comes of it is told to who watches.
    let updates = desk.updates.clone();
    tauri::async_runtime::spawn(async move { updates.look(&app).await });
    answer(Ok(()))
}

#[tauri::command]
pub async fn take_update(desk: State<'_, Desk>, app: AppHandle) -> Answer {
    let updates = desk.updates.clone();
    tauri::async_runtime::spawn(async move { updates.take(&app).await });
    answer(Ok(()))
}

#[tauri::command]
pub async fn restart_app(app: AppHandle) -> Answer {
    app.request_restart();
    answer(Ok(()))
}

fn choose(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let wish: SetDailyLooks = read(args)?;
    desk.updates.look_daily(wish.on).map_err(Refusal::not_kept)
}
