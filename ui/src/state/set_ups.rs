//! The servers that are being set up, as the shell tells of them.

use std::rc::Rc;

use slipway_protocol::desktop::{SetUpRun, SetUps, command};
use yew::prelude::*;

use super::told::use_told;

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
