//! Calls of a cluster's API, forwarded with the session that only the shell knows.

use serde_json::Value;
use slipway_protocol::desktop::ApiCall;
use tauri::State;

use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read_secret};

#[tauri::command]
pub async fn api_call(desk: State<'_, Desk>, args: String) -> Answer {
    answer(forward(&desk, args).await)
}

async fn forward(desk: &Desk, args: String) -> Result<Value, Refusal> {
    let call: ApiCall = read_secret(args)?;
    let connection = desk.connection(call.cluster)?.in_team(call.team);
    Ok(connection.send_raw(call.request).await?)
}
