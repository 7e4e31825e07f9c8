//! The store.
pub mod rrd;
