//! What is kept, and how it stays true through kill -9, full disks and two processes at a time.
//!
//! Knows no log source and no output: it is given a new [`state::State`] and bins, and makes them
//! durable in one step (see `commit`).
//!
//! From the ground up; none of them uses one below it in this list:
//!
//! | files | what they are for |
//! |---|---|
//! | `aside`, `lock`, `counters`, `under` | files moved away; one writer at a time; the counter file; the configuration |
//! | `rrd` | the round robin databases |
//! | `record`, `state`, `archive`, `beginnings`, `journal` | what is kept, and its form on disk |
//! | `files` | where a protocol's files are |
//! | `queue_file`, `copies`, `minutes`, `vanished`, `past`, `wanted`, `upgrade`, `pack` | one thing each, done to these files |
//! | `read`, `writers`, `health`, `session`, `takeover` | the last commit, who made it, how all is; the right to write |
//! | `push`, `commit`, `recover`, `migrate`, `open` | a commit, and what comes before the next one |
pub mod archive;
pub mod aside;
mod beginnings;
mod commit;
mod copies;
pub mod counters;
pub mod files;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
pub mod health;
mod journal;
pub mod lock;
mod migrate;
mod minutes;
mod open;
pub mod pack;
mod past;
mod push;
mod queue_file;
mod read;
pub mod record;
mod recover;
pub mod rrd;
pub mod session;
pub mod state;
pub mod takeover;
#[cfg(test)]
mod tests;
pub mod under;
mod upgrade;
mod vanished;
mod wanted;
mod writers;
