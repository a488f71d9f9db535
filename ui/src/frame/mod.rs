//! What stands around every page: the rail of clusters, a cluster's sidebar, the status bar.

pub mod cluster_frame;
pub mod dropped;
pub mod forwards;
mod link_banner;
pub mod opened_link;
pub mod rail;
pub mod set_ups;
mod sidebar;
pub mod status_bar;
mod team_switch;
mod tree;
