//! How we recognise the RRD that we wrote last.
use serde::{Deserialize, Serialize};

use crate::ledger::Digest;

/// What the RRD looked like after our last push: its size in bytes and the hash of its static header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RrdMark {
    /// Size in bytes; it never changes in the life of a file.
    pub size: u64,
    /// Hash of what `rrdcreate` wrote: step, data sources, archives.
    pub schema: Digest,
}
