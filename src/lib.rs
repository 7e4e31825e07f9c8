//! maillogs: counts what a mail server does.
#![deny(unsafe_code)]

pub mod config;
pub mod graph;
pub mod line;
pub mod store;
