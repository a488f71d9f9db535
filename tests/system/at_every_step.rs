//! A fault at every step of every way to take over. What is done and judged stands in `support/faults`.

use acceptance::environment;
use acceptance::faults::{ALL_WAYS, Fault, MOMENTS, Ways};

/// Seconds after which the agent gives up a step, where steps hang: longer than the builds of four applications on a busy machine.
const LONGEST_STEP: (&str, &str) = ("SLIPWAY_LONGEST_STEP", "60");

/// FR-DEP-10, NFR-R1, NFR-R2: at every step of the ways whose releases run side by side, before its effect, after it and after its record, something goes wrong: an
/// error, a bug, a hang, `kill -9` of the agent or of its database. The deployment ends in success or clean failure, and the twelve
/// invariants hold. `cargo xtask test --thorough` has every fault at every one of these points, and `--fault kill` one of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_every_step_of_ways_side_by_side() {
    faults_in(&["blue-green", "canary"]).await;
}

/// The same of the other ways.
///
/// FR-DEP-10, NFR-R1, NFR-R2: nothing of one task at a time, or of one release after the other, is lost or left behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_every_step_of_ways_one_by_one() {
    faults_in(&["rolling", "recreate"]).await;
}

/// FR-DEP-02, FR-DEP-10, NFR-R1: a deployment is cancelled at every step, before the step's effect or after it, while the step does not end by
/// itself: it is the wish that ends the step, all that was begun is taken back, and the old release serves every request. Once the new release
/// serves, that goes on instead. Each step meets that in one way that has it, and in a thorough run in every way.
#[tokio::test(flavor = "multi_thread")]
async fn every_step_can_be_cancelled() {
    Ways::set(&ALL_WAYS, &[LONGEST_STEP]).await.cancelled().await;
}

async fn faults_in(wanted: &[&str]) {
    let mut ways = Ways::set(wanted, &[LONGEST_STEP]).await;
    if environment::thorough() {
        ways.all_with(&MOMENTS, &Fault::wanted()).await;
    } else {
        ways.some().await;
    }
}
