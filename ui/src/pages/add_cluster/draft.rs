//! What was typed into “Add a cluster” and led to no cluster yet. No secret is among it.

use std::cell::RefCell;

use crate::components::ssh_way::WayBegun;

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub name: String,
    pub way: WayBegun,
    pub tag: Option<String>,
    pub color: Option<String>,
    pub group: Option<String>,
}

thread_local! {
    static KEPT: RefCell<Draft> = RefCell::default();
}

pub fn keep(draft: Draft) {
    KEPT.set(draft);
}

pub fn kept() -> Draft {
    KEPT.with_borrow(Clone::clone)
}

/// It has become a cluster, or is not wanted.
pub fn forget() {
    KEPT.take();
}
