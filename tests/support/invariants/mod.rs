//! What must hold whenever no deployment runs, whatever happened before. One library, asked after each fault:
//!
//! - I1 nothing that was accepted is lost ([`Watch`])
//! - I2 every deployment has ended, in one state, none of them stuck, and nobody holds one any more ([`history`])
//! - I3 deployments of one application never work at the same time ([`history`])
//! - I4 Docker runs the last release that succeeded, and only that ([`world`]; of one that is recreated at every moment: [`Alone`])
//! - I5 there is nothing that nothing accounts for ([`world`])
//! - I6 who served before serves until the next one does: the traffic of [`crate::load`] counts what it lost
//! - I7 a deployment's log has no gap, and ends with its end ([`history`])
//! - I8 a failure is one clear sentence ([`history`])
//! - I9 nothing happens to those who have nothing to do with it ([`Watch`])
//! - I10 the agent's files, tasks and memory return to where they were ([`Watch`])
//! - I11 one row in the audit log for each change ([`Watch`])
//! - I12 nobody gets in without a token ([`watch`])

mod alone;
mod history;
mod watch;
mod world;

use crate::stage::Stage;
use crate::wait::Pace;

/// What is over may take so long to be gone.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(140);

pub use alone::Alone;
pub use watch::Watch;

/// Panics with everything that is wrong: what needs no memory of earlier times.
pub async fn hold(stage: &Stage) {
    // Swarm removes a service's containers a moment after the service itself; the agent those that a killed engine has forgotten.
    let mut wrong = Vec::new();
    let (begun, pace) = (std::time::Instant::now(), Pace::begin());
    while begun.elapsed() < PATIENCE {
        wrong = world::orphans(stage).await;
        if wrong.is_empty() {
            wrong.extend(history::held(stage).await);
        }
        if wrong.is_empty() {
            break;
        }
        pace.pause().await;
    }
    wrong.extend(history::wrong(stage).await);
    wrong.extend(watch::open_doors(stage).await);
    assert!(wrong.is_empty(), "not as it must be:\n  {}", wrong.join("\n  "));
}
