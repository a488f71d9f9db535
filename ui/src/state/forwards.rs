//! The ports of this machine that lead into clusters, as the shell tells of them.

use std::rc::Rc;

use slipway_protocol::desktop::{LocalForward, command};
use yew::prelude::*;

use super::told::use_told;

/// All of them, kept up to date.
#[hook]
pub fn use_forwards() -> Rc<Vec<LocalForward>> {
    use_told(command::WATCH_FORWARDS).unwrap_or_default()
}
