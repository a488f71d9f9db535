//! A fault at every step of every way to take over. What is done and judged stands in `support/faults.rs`.

use acceptance::environment;
use acceptance::faults::{Fault, MOMENTS, Ways};

/// Seconds after which the agent gives up a step, where steps hang: longer than the builds of four applications on a busy machine.
const LONGEST_STEP: (&str, &str) = ("SLIPWAY_LONGEST_STEP", "60");

/// FR-DEP-10, NFR-R1, NFR-R2: at every step of every way, before its effect, after it and after its record, something goes wrong: an
/// error, a bug, a hang, `kill -9` of the agent or of its database. The deployment ends in success or clean failure, and the twelve
/// invariants hold. `cargo xtask test --thorough` has every fault at every one of these points.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_every_step_of_every_way() {
    let mut ways = Ways::set(&[LONGEST_STEP]).await;
    if environment::thorough() {
        ways.all_with(&MOMENTS, &Fault::ALL).await;
    } else {
        ways.some().await;
    }
}
