//! maillogs: counts what a mail server does.
#![deny(unsafe_code)]

pub mod check;
pub mod cli;
pub mod config;
pub mod dir;
pub mod error;
pub mod figures;
pub mod graph;
pub mod ingest;
#[cfg(test)]
mod layers;
pub mod line;
pub mod output;
pub mod owner;
pub mod protocol;
pub mod query;
pub mod run;
pub mod show;
pub mod source;
pub mod store;
pub mod tally;
#[cfg(test)]
mod tests;
