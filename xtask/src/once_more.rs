//! Tests of the window whose webview crashed by itself are run once more: on a machine without a graphics card Mesa's software renderer
//! ends the page's process now and then. A test that failed for any other reason has failed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::progress::note;
use crate::run_program::Run;

/// All of them take a quarter of it.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// Runs the tests, which `program` prepares with these arguments and variables besides.
pub fn run(program: impl Fn() -> Result<Run>, filter: Option<&str>, threads: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (outcomes, crashed) = (folder.path().join("outcomes"), folder.path().join("crashed"));
    let ran = program()?
        .env("SLIPWAY_TEST_CRASHED", &crashed)
        .args(filter)
        .args(["--test-threads", threads, "--logfile"])
        .arg(&outcomes)
        .shown_within(LIMIT);
    let Err(failure) = ran else {
        return Ok(());
    };
    let again = crashes_alone(&read(&outcomes), &read(&crashed));
    if again.is_empty() {
        return Err(failure);
    }
    note(&format!(
        "the webview crashed by itself in {}; once more",
        again.iter().cloned().collect::<Vec<_>>().join(", ")
    ));
    let once_more = program()?
        .arg("--exact")
        .args(&again)
        .args(["--test-threads", threads])
        .shown_within(LIMIT);
    if once_more.is_err() {
        bail!("{failure}; once more they failed, too");
    }
    Ok(())
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The tests that failed, where each of them was in a webview that crashed; none where anything else failed, too.
fn crashes_alone(outcomes: &str, crashed: &str) -> BTreeSet<String> {
    let failed: BTreeSet<&str> = outcomes
        .lines()
        .filter_map(|line| line.strip_prefix("failed "))
        .collect();
    let crashed: BTreeSet<&str> = crashed.lines().collect();
    if !failed.is_subset(&crashed) {
        return BTreeSet::new();
    }
    failed.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NFR-M2: a test that failed for another reason is never run again, so what it claims to prove stays unproved.
    #[test]
    fn only_crashes_are_run_again() {
        let outcomes = "ok a::one\nfailed a::two\nfailed b::three\n";
        let names = |crashed: &str| crashes_alone(outcomes, crashed).into_iter().collect::<Vec<_>>();
        assert_eq!(names("b::three\na::two\n"), ["a::two", "b::three"]);
        assert_eq!(names("a::two\n"), [""; 0]);
        assert_eq!(names(""), [""; 0]);
        assert!(crashes_alone("ok a::one\n", "a::one\n").is_empty());
    }
}
