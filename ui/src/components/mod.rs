//! The parts that pages are made of: thin components with PatternFly's class names and Slipway's tokens.

pub mod button;
pub mod card;
pub mod connect_flow;
pub mod copy;
pub mod deletion;
pub mod facts;
pub mod failure;
pub mod field;
pub mod header;
pub mod host_key_question;
pub mod icon;
pub mod log_view;
pub mod modal;
pub mod pill;
pub mod remote;
pub mod secret_question;
pub mod segmented;
pub mod table;
pub mod tile;
pub mod time;
