//! A fault at every step of every way to take over. What is done and judged stands in `support/faults.rs`.

use acceptance::faults::{Fault, MOMENTS, Ways};

/// Seconds after which the agent gives up a step, where steps hang.
const LONGEST_STEP: &str = "12";

/// FR-DEP-10, NFR-R1: a step that fails, or has a bug, is taken back with all before it, and once the new release serves nothing is.
#[tokio::test(flavor = "multi_thread")]
async fn an_error_or_a_bug_at_every_step() {
    let mut ways = Ways::set(&[]).await;
    ways.all_with(&MOMENTS, &[Fault::Error, Fault::Panic]).await;
}

/// FR-DEP-10, NFR-R1: a step that hangs is given up, and its deployment ends.
#[tokio::test(flavor = "multi_thread")]
async fn a_hang_at_every_step() {
    let mut ways = Ways::set(&[("SLIPWAY_LONGEST_STEP", LONGEST_STEP)]).await;
    ways.all_with(&MOMENTS, &[Fault::Hang]).await;
}

/// FR-DEP-10, NFR-R1, NFR-R2: the agent is killed, and started again.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_agent_at_every_step() {
    let mut ways = Ways::set(&[]).await;
    ways.all_with(&MOMENTS, &[Fault::Kill]).await;
}

/// FR-DEP-10, NFR-R1, NFR-R2: the agent's database is killed; the agent starts it again by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_database_at_every_step() {
    let mut ways = Ways::set(&[]).await;
    ways.all_with(&MOMENTS, &[Fault::Database]).await;
}
