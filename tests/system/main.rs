//! The whole system from outside, as its users meet it. See the modules; each test names what it proves.

mod builders;
mod cli;
mod configuration;
mod corpus;
mod deploy_urls;
mod explained;
mod faults;
mod hostile;
mod images;
mod link;
mod live;
mod logs;
mod model;
mod operations;
mod private;
mod reach;
mod sources;
mod traffic;
mod troubles;
mod uploads;
mod variables;
mod ways;
