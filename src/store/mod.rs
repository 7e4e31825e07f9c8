//! What is kept, and how it stays true through kill -9, full disks and two processes at a time.
//!
//! Knows no log source and no output: it is given a new [`state::State`] and bins, and makes them
//! durable in one step (see [`commit`]).
pub mod archive;
pub mod aside;
pub mod commit;
mod copies;
pub mod counters;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod held;
mod leftovers;
pub mod lock;
mod migrate;
mod minutes;
pub mod pack;
mod past;
pub mod push;
pub mod record;
mod recover;
pub mod rrd;
pub mod state;
pub mod takeover;
#[cfg(test)]
mod tests;
mod vanished;
pub mod writers;
