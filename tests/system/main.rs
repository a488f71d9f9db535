//! The whole system from outside, as its users meet it. See the modules; each test names what it proves.

mod builders;
mod cli;
mod configuration;
mod corpus;
mod explained;
mod hostile;
mod images;
mod kill;
mod link;
mod live;
mod logs;
mod operations;
mod private;
mod sources;
mod traffic;
mod troubles;
mod uploads;
mod variables;
mod ways;
