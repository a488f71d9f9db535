//! “Test connection”: each stage of the way, on a connection of its own.

use slipway_client::form::profile_of;
use slipway_client::test_connection as test;
use slipway_protocol::desktop::{TestConnection, TestReport, Tested};
use tauri::State;

use crate::clusters::{answers_of, question};
use crate::desk::Desk;
use crate::failures::{Answer, Refusal, answer, read_secret};

#[tauri::command]
pub async fn test_connection(desk: State<'_, Desk>, args: String) -> Answer {
    answer(tested(&desk, args).await)
}

async fn tested(desk: &Desk, args: String) -> Result<TestReport, Refusal> {
    let request: TestConnection = read_secret(args)?;
    let profile = match request.of {
        Tested::New { cluster } => profile_of(*cluster)?,
        Tested::Saved { cluster } => desk.profile(cluster)?,
    };
    let answers = answers_of(request.answers);
    let report = test(&desk.home, &profile, answers.clone()).await;
    let asks = report
        .error
        .as_ref()
        .and_then(|error| question(error, &profile, &answers));
    Ok(TestReport {
        good: report.is_good(),
        steps: report.steps,
        asks,
    })
}
