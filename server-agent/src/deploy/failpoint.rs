//! Places where the tests make a deployment fail, hang or die. In a release build nothing here does anything.
//!
//! `<step>:<before|after|recorded>:<error|kill|hang|panic>[:<deployment number>]`, from the file that
//! `SLIPWAY_FAILPOINT_FILE` names (taken away when it fires, so that the restarted agent goes on) or from `SLIPWAY_FAILPOINT`.

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
pub async fn reach(step: Step, point: Point, number: u32) -> Result<(), String> {
    let Some(action) = wanted(step, point, number) else {
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
        _ => Err("a failpoint made it fail".to_owned()),
    }
}

#[cfg(not(debug_assertions))]
#[allow(clippy::unused_async, reason = "the shape of the debug build's")]
pub async fn reach(_: Step, _: Point, _: u32) -> Result<(), String> {
    Ok(())
}

#[cfg(debug_assertions)]
fn wanted(step: Step, point: Point, number: u32) -> Option<String> {
    let file = std::env::var_os("SLIPWAY_FAILPOINT_FILE").map(std::path::PathBuf::from);
    let from_file = file.as_ref().and_then(|file| std::fs::read_to_string(file).ok());
    let text = from_file.or_else(|| std::env::var("SLIPWAY_FAILPOINT").ok())?;
    let mut parts = text.trim().split(':');
    let place = match point {
        Point::Before => "before",
        Point::After => "after",
        Point::Recorded => "recorded",
    };
    if parts.next() != Some(step.as_str()) || parts.next() != Some(place) {
        return None;
    }
    let action = parts.next()?.to_owned();
    if parts.next().is_some_and(|wanted| wanted.parse() != Ok(number)) {
        return None;
    }
    if let Some(file) = file {
        let _ = std::fs::remove_file(file);
    }
    Some(action)
}
