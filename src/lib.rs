//! maillogs counts what a mail server does.
//!
//! ```text
//!  log line ─► source ─► line ─► protocol ─► tally ─► store: state, counter file, RRD, archive
//!                        └──────── ingest ────────┘      │
//!                                query ◄─────────────────┤
//!                     chart ─► picture, terminal ◄───────┘
//! ```
//!
//! | you look for | it is in |
//! |---|---|
//! | a command and its options | `commands` |
//! | what a log line counts | `protocol`, one file a protocol |
//! | a time stamp, a header of syslog | `line` |
//! | the exit code of a command | `commands::exit` |
//! | where lines come from, and how a rotated file is found again | `source` |
//! | how lines become a commit | `ingest` |
//! | what is on disk, and the order of a commit | `store` |
//! | a key of toaster.conf | `config` |
//! | what a graph shows, and in which colours | `templates/NAME.toml` |
//! | how a graph is drawn, what a colour looks like, the time axis | `chart`; as a PNG or SVG `picture`, as text `terminal` |
//! | the pages | `templates/page/`, filled by `page` |
//! | what a protocol is at: the value that all of these show | `reading`; made by `query` |
//! | the one line of a query | `export` |
//! | a threshold: how it is written, whether it is crossed | `reading::threshold`; the mail about it `alarm` |
//! | what `maillogs check` finds | `check`, one file a thing that is looked at |
//! | what `maillogs explain` says of a line | `explain` |
//!
//! ARCHITECTURE.md says why it is so; its table of modules is held true by a test (`layers`).

pub mod alarm;
pub mod calendar;
pub mod chart;
pub mod check;
pub mod commands;
pub mod config;
pub mod dir;
pub mod disk;
pub mod error;
pub mod explain;
pub mod export;
pub mod hosts;
pub mod ingest;
#[cfg(test)]
mod layers;
pub mod ledger;
pub mod line;
pub mod owner;
pub mod page;
pub mod picture;
pub mod protocol;
pub mod query;
pub mod reading;
pub mod say;
pub mod source;
pub mod store;
pub mod tally;
pub mod terminal;
#[cfg(test)]
mod tests;
