//! The whole system from outside, as its users meet it. See the modules; each test names what it proves.

// Tests begin in the order of their names, and these take longest: late, they would end alone.
mod at_every_step;
mod bare_servers;
mod build_nodes;
mod builders;
mod cli;
mod commands;
mod configuration;
mod corpus;
mod deploy_urls;
mod explained;
mod far_build_nodes;
mod feed;
mod forwards;
mod heads;
mod hostile;
mod images;
mod link;
mod linked_folders;
mod live;
mod logs;
mod meanwhile;
mod metrics;
mod model;
mod node_terminals;
mod operations;
mod private;
mod reach;
mod sources;
mod state;
mod terminals;
mod traffic;
mod troubles;
mod uploads;
mod variables;
mod ways;
