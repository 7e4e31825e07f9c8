//! maillogs: counts what a mail server does.
#![deny(unsafe_code)]

pub mod chart;
pub mod check;
pub mod commands;
pub mod config;
pub mod dir;
pub mod error;
pub mod export;
pub mod figures;
pub mod ingest;
#[cfg(test)]
mod layers;
pub mod line;

pub mod owner;
pub mod picture;
pub mod protocol;
pub mod query;
pub mod source;
pub mod store;
pub mod tally;
pub mod terminal;
