//! How long a step may take in all. Each slow part of a step has a limit of its own; this one is beyond them, so that only a step
//! that hangs ever meets it.

use std::time::Duration;

use slipway_protocol::deployment::Step;
use slipway_protocol::settings::Strategy;

use super::Plan;

/// For what a step does besides its slow parts: calls to Docker, writing routes.
const BESIDES: u64 = 180;

/// The longest time that a build can be given, in seconds.
const LONGEST_BUILD: u64 = 3600;

/// The longest time that a task can be given to end, in seconds.
const LONGEST_GRACE: u64 = 3600;

impl Plan {
    /// The time after which the step, or taking it back, is taken for one that hangs. `queue` builds may have to end before this one begins.
    pub fn longest(&self, step: Step, queue: usize) -> Duration {
        let limits = &self.limits;
        let grace = u64::from(self.settings.container.stop_grace.get());
        let tasks = u64::from(self.settings.replicas.get());
        let slow = match step {
            // The repository itself, its submodules, its large files.
            Step::Source => 3 * limits.source,
            // It waits for others' builds, which have their own time; what was built on a build node is moved here, and that has a time too.
            Step::Build => (queue as u64)
                .saturating_mul(LONGEST_BUILD.max(self.build_time()).saturating_add(limits.build))
                .saturating_add(self.build_time())
                .saturating_add(limits.build),
            Step::Before | Step::After => limits.hook,
            // The old tasks have the time that their own release was given, whatever this one's is.
            Step::Stop => LONGEST_GRACE,
            Step::Release => grace,
            Step::Gate => limits.gate + limits.watch,
            Step::Canary => match &self.settings.rollout.strategy {
                Strategy::Canary(canary) => {
                    let share = u64::from(canary.pause.get()) + limits.cut_over;
                    share
                        .saturating_mul(canary.shares.len() as u64)
                        .saturating_add(limits.drain)
                }
                Strategy::Automatic | Strategy::BlueGreen | Strategy::Rolling | Strategy::Recreate => 0,
            },
            Step::Roll => {
                (limits.gate + limits.watch + limits.cut_over + limits.drain + grace).saturating_mul(tasks)
            }
            // After a restart of Docker its tasks have to be healthy again.
            Step::CutOver => limits.gate + limits.watch + limits.cut_over + limits.drain,
            Step::Retire => limits.drain + grace,
        };
        Duration::from_secs(slow.saturating_add(BESIDES))
    }

    fn build_time(&self) -> u64 {
        let own = self
            .settings
            .build
            .limits()
            .time
            .map(|time| u64::from(time.get()));
        own.unwrap_or(self.limits.build)
    }
}
