//! Places where the tests make a deployment fail, hang or die. In a release build nothing here does anything.
//!
//! `<step>:<before|after|recorded>:<error|kill|hang|panic|pause>` is the text of a file in the folder that `SLIPWAY_FAILPOINTS` names.
//! The file has the application's id as its name, and is taken away when it fires, so that the restarted agent goes on.

use slipway_protocol::ApplicationId;
use slipway_protocol::deployment::Step;

/// Where in a step's life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// *Started* is recorded, nothing is done yet.
    Before,
    /// Done, but not recorded.
    After,
    /// Done and recorded.
    Recorded,
}

/// Does what the tests asked for at this place; `Err` is a failure of the step.
#[cfg(debug_assertions)]
pub async fn reach(step: Step, point: Point, application: ApplicationId) -> Result<(), String> {
    let Some(action) = wanted(step, point, application) else {
        return Ok(());
    };
    tracing::warn!(step = step.as_str(), ?point, action, "failpoint");
    match action.as_str() {
        "kill" => {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::this(), nix::sys::signal::Signal::SIGKILL);
            std::future::pending().await
        }
        "hang" => std::future::pending().await,
        "panic" => panic!("failpoint"),
        // Time for the test to take something else away.
        "pause" => {
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            Ok(())
        }
        _ => Err("a failpoint made it fail".to_owned()),
    }
}

#[cfg(not(debug_assertions))]
#[allow(clippy::unused_async, reason = "the shape of the debug build's")]
pub async fn reach(_: Step, _: Point, _: ApplicationId) -> Result<(), String> {
    Ok(())
}

#[cfg(debug_assertions)]
fn wanted(step: Step, point: Point, application: ApplicationId) -> Option<String> {
    let folder = std::path::PathBuf::from(std::env::var_os("SLIPWAY_FAILPOINTS")?);
    let place = match point {
        Point::Before => "before",
        Point::After => "after",
        Point::Recorded => "recorded",
    };
    let here = format!("{}:{place}:", step.as_str());
    let file = folder.join(application.to_string());
    let text = std::fs::read_to_string(&file).ok()?;
    let action = text.trim().strip_prefix(&here)?.to_owned();
    std::fs::remove_file(&file).ok().map(|()| action)
}
