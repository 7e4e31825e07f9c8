//! maillogs: counts what a mail server does.
#![deny(unsafe_code)]

pub mod calendar;
pub mod check;
pub mod cli;
pub mod config;
pub mod dir;
pub mod disk;
pub mod error;
pub mod figures;
pub mod graph;
pub mod ingest;
#[cfg(test)]
mod layers;
pub mod ledger;
pub mod line;
pub mod output;
pub mod owner;
pub mod protocol;
pub mod query;
pub mod run;
pub mod say;
pub mod show;
pub mod source;
pub mod store;
pub mod tally;
