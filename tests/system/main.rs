//! The whole system from outside, as its users meet it. See the modules; each test names what it proves.

mod builders;
mod cli;
mod explained;
mod kill;
mod link;
mod live;
mod logs;
mod operations;
mod sources;
mod traffic;
mod troubles;
mod variables;
mod ways;
