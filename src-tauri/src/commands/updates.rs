//! Newer versions of the app.

use slipway_protocol::desktop::{Failure, FailureKind, SetDailyLooks};
use tauri::ipc::Channel;
use tauri::{AppHandle, State};

use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read};
use crate::servers::Servers;
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
    // There the installer ends the app.
    if cfg!(windows)
        && let Err(refusal) = may_end(&desk.servers)
    {
        return answer::<()>(Err(refusal));
    }
    let updates = desk.updates.clone();
    tauri::async_runtime::spawn(async move { updates.take(&app).await });
    answer(Ok(()))
}

#[tauri::command]
pub async fn restart_app(desk: State<'_, Desk>, app: AppHandle) -> Answer {
    answer(may_end(&desk.servers).map(|()| app.request_restart()))
}

/// A server that is being set up would not become a cluster here, unasked: what is not urgent waits for it.
fn may_end(servers: &Servers) -> Result<(), Refusal> {
    let hosts = servers.at_work();
    if hosts.is_empty() {
        return Ok(());
    }
    let sentence = format!(
        "{} is being set up, and this app has to see that through; do this again when it has ended.",
        hosts.join(", ")
    );
    Err(Failure::new(FailureKind::Invalid, sentence).into())
}

fn choose(desk: &Desk, args: &str) -> Result<(), Refusal> {
    let wish: SetDailyLooks = read(args)?;
    desk.updates.look_daily(wish.on).map_err(Refusal::not_kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_client::{Address, Profile};

    /// FR-HST-01, FR-DSK-07: a newer version of the app waits for a server that is being set up.
    #[test]
    fn a_set_up_is_not_ended_by_an_update() {
        let servers = Servers::default();
        assert!(may_end(&servers).is_ok());
        let socket = "/run/slipway/agent.sock".into();
        let here = Profile::new("x", Address::Local { socket }).unwrap();
        let at_work = servers.begin(&here);
        let refused = may_end(&servers).map_err(|refusal| refusal.0.sentence);
        assert!(refused.is_err_and(|why| why.contains("is being set up")));
        drop(at_work);
        assert!(may_end(&servers).is_ok());
    }
}
