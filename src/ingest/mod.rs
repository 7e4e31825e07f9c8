//! `advance`: the one operation that everything else is made of.
//!
//! Under the protocol's lock: finish or undo what a crash left, read every source from its cursor to
//! its end, classify, tally by step, commit. A roll, `maillogs update` and `maillogs graph` are all
//! this; a query is its reading half, in memory.
mod advance;
mod archive_plan;
mod askers;
mod beginning;
mod bins;
mod directories;
mod elsewhere;
mod feeds;
pub mod gone;
mod intake;
mod job;
mod left;
mod moved;
mod named;
mod pass_through;
mod read_options;
mod reader;
mod repeat;
mod rights;
mod same_log;
mod since;
mod snapshot;
mod stream_names;
mod stream_reading;
mod streams;
mod stretch;
#[cfg(test)]
mod tests;
mod tidy;
mod twins;
mod under;

pub use crate::source::machine::name as machine_name;
pub use crate::source::offset::S6_LOG;
pub use advance::{Options, PATIENCE, advance_all};
pub use feeds::{Feed, Syslog, feed_of, feeds};
pub use intake::Intake;
pub use job::{AsRoot, Job};
pub use moved::elsewhere;
pub use named::{Named, Twin};
pub use pass_through::pass_through;
pub use read_options::ReadOptions;
pub use reader::Reader;
pub use repeat::{Rate, Repeat, repeat};
pub use snapshot::Snapshot;
pub use stream_names::stream_names;
pub use streams::read_streams;
