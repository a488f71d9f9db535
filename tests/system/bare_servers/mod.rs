//! Servers with nothing but SSH, set up and kept by the app's own means.

mod set_up;
mod upgrades;
