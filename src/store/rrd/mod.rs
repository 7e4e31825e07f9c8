//! The round robin databases: the only place that writes and reads them, and the only user of librrd, which draws.
//!
//! One RRD a protocol. Data sources of counts and sums are ABSOLUTE and get one update a step, at the
//! end of the bin, with the bin's delta: `row × step` read back is the count, to the message. A gap is
//! pushed as zero, because it was read and there was nothing in it. A counter that never moved has no data source: see
//! `store::wanted`.
mod arithmetic;
pub mod carry;
mod consolidate;
mod create;
pub mod created;
pub mod daemon;
pub(crate) mod fetch;
pub mod finest;
pub(crate) mod graph_v;
pub mod header;
mod history;
mod layout;
mod librrd;
mod locked;
pub mod mark;
pub mod open;
pub mod patient;
mod places;
mod rows;
mod schema;
pub mod sum;
#[cfg(test)]
mod tests;
pub mod transplant;
mod update;
mod zone;

#[cfg(any(test, fuzzing))]
pub use create::create;
pub use create::{Past, blank, create_from};
#[cfg(test)]
pub(crate) use librrd::{LIBRRD, librrd};
pub use locked::LockedRrd;
pub use rows::{Rows, amount, known_rows, rows};
pub use schema::{FUTURE, Wanted, archives_of, source_of, sources_of};
#[cfg(test)]
pub(crate) use update::push;
pub use update::{Update, lacking};
