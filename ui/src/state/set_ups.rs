//! The servers that are being set up, as the shell tells of them.

use std::cell::Cell;
use std::rc::Rc;

use slipway_protocol::desktop::{SetUpRun, SetUps, command};
use yew::prelude::*;

use super::told::use_told;

thread_local! {
    static WISHED: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The page that is opened next shows the run of this server.
pub fn wish(server: u32) {
    WISHED.set(Some(server));
}

/// The run that was wished; once.
pub fn wished() -> Option<u32> {
    WISHED.take()
}

/// The one that a page shows of several: the one that was wished, else the one that was begun last.
pub fn shown<'r>(runs: impl Iterator<Item = &'r SetUpRun>, wished: Option<u32>) -> Option<&'r SetUpRun> {
    runs.max_by_key(|run| (Some(run.found.server) == wished, run.found.server))
}

/// Those that were begun and that nobody has left, in the order in which they were looked at.
#[hook]
pub fn use_set_ups() -> Vec<SetUpRun> {
    use_told_set_ups().map_or_else(Vec::new, |told| told.runs.clone())
}

/// All that is told of them; nothing before that.
#[hook]
pub fn use_told_set_ups() -> Option<Rc<SetUps>> {
    use_told(command::WATCH_SET_UPS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use slipway_protocol::desktop::{FoundServer, SetUpState};
    use slipway_protocol::setup::SetupReport;

    /// FR-HST-01: of several servers that are being set up the one is shown that the person has pointed at, else the newest; what is wished
    /// counts once.
    #[test]
    fn the_run_that_was_pointed_at_is_shown() {
        let run = |server| SetUpRun {
            found: FoundServer {
                server,
                report: SetupReport {
                    findings: Vec::new(),
                    steps: Vec::new(),
                },
            },
            host: format!("host-{server}"),
            saved: None,
            use_existing_swarm: false,
            state: SetUpState::Running,
        };
        let runs = [run(1), run(2), run(3)];
        let of = |wished| shown(runs.iter(), wished).map(|run| run.found.server);
        assert_eq!((of(Some(1)), of(Some(2))), (Some(1), Some(2)));
        assert_eq!((of(None), of(Some(9))), (Some(3), Some(3)));
        assert_eq!(shown(runs[..0].iter(), Some(1)), None);
        wish(2);
        assert_eq!((wished(), wished()), (Some(2), None));
    }
}
