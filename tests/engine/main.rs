//! Tests that need a Docker engine of their own, because they kill it. They run alone, after the others.

use acceptance::environment;
use acceptance::faults::{ALL_WAYS, Fault, Ways};
use slipway_protocol::deployment::Step;

/// FR-DEP-10, NFR-R1, NFR-R2: the Docker engine is killed between a step's effect and its record, and started again. The deployment
/// ends in success or clean failure, what serves is what it says, and nothing is left over. `cargo xtask test --thorough` does it at
/// every step.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engine() {
    let mut ways = Ways::set(&ALL_WAYS, &[]).await;
    if environment::thorough() {
        ways.all_with(&["after"], &[Fault::Docker]).await;
    } else {
        for step in [Step::Release, Step::CutOver] {
            ways.at(step, Fault::Docker).await;
        }
    }
}
