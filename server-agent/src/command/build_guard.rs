//! `build-guard`: holds the limits of builds on a machine that is a build node. The agent starts it there, in a container of its own.

use std::path::Path;
use std::time::Duration;

use super::{asked_to_stop, say};
use crate::builders::{Allowed, Order, Orders, change, hold};
use crate::docker::{GUARD_ORDERS, LENT_GROUPS, THEY_HOLD};

#[derive(clap::Args)]
pub struct Options {
    /// What all builds together may have of the memory, in bytes.
    #[arg(long)]
    memory: Option<u64>,
    /// What they may have of the processor, in thousandths of a core.
    #[arg(long)]
    cpu: Option<u64>,
    /// It ends after so many seconds, whatever becomes of who started it.
    #[arg(long)]
    seconds: u64,
    /// Leaves that to the one that runs in this container already, and ends at once.
    #[arg(long)]
    change: bool,
}

pub async fn build_guard(options: Options) {
    let (groups, orders) = (Path::new(LENT_GROUPS), Path::new(GUARD_ORDERS));
    let order = Order {
        allowed: Allowed {
            memory: options.memory,
            cpu: options.cpu,
        },
        time: Duration::from_secs(options.seconds),
    };
    let tell = |first: Result<(), String>| match first {
        Ok(()) => say(THEY_HOLD),
        Err(trouble) => say(&trouble),
    };
    if options.change {
        tell(change(groups, orders, order));
        return;
    }
    hold(groups, order, Orders::of(orders), asked_to_stop(), tell).await;
}
