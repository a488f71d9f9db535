//! Tests that need a Docker engine of their own, because they kill it. They run alone, after the others.

use acceptance::faults::{Fault, Ways};

/// FR-DEP-10, NFR-R1, NFR-R2: the Docker engine is killed between each step's effect and its record, and started again. The
/// deployment ends in success or clean failure, what serves is what it says, and nothing is left over.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_engine_at_every_step() {
    let mut ways = Ways::set(&[]).await;
    ways.all_with(&["after"], &[Fault::Docker]).await;
}
