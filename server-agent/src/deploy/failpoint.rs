//! Places where the tests make a deployment fail, hang or die. In a release build nothing here does anything.
//!
//! `<step>:<moment>:<error|kill|hang|panic|pause>` is a line of a file in the folder that `SLIPWAY_FAILPOINTS` names; the moments are
//! `before`, `after` and `recorded`, and of taking a step back the same behind `undo-`. The file has the application's id as its name.
//! A line is taken away when it fires, and the file with its last line, so that the restarted agent goes on.

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
    /// That it is taken back is recorded, and nothing is done yet.
    UndoBefore,
    UndoAfter,
    UndoRecorded,
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
        Point::UndoBefore => "undo-before",
        Point::UndoAfter => "undo-after",
        Point::UndoRecorded => "undo-recorded",
    };
    let here = format!("{}:{place}:", step.as_str());
    let file = folder.join(application.to_string());
    let text = std::fs::read_to_string(&file).ok()?;
    let action = text.lines().find_map(|line| line.trim().strip_prefix(&here))?;
    let rest: Vec<&str> = text.lines().filter(|line| !line.starts_with(&here)).collect();
    let left = if rest.is_empty() {
        std::fs::remove_file(&file)
    } else {
        std::fs::write(&file, rest.join("\n"))
    };
    left.ok().map(|()| action.to_owned())
}
