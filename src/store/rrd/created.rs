//! Data sources and archives as `rrdtool create` is told of them.
use super::header::{Archive, Source};
use super::schema::{HEARTBEAT, MAY_BE_UNKNOWN};

/// `DS:message_new:ABSOLUTE:315360000:0:U`.
pub fn source(source: &Source) -> String {
    let minimum = if source.has_minimum { "0" } else { "U" };
    format!("DS:{}:{}:{HEARTBEAT}:{minimum}:U", source.name, source.kind)
}

/// `RRA:AVERAGE:0.5:5:4032`.
pub fn archive(archive: &Archive) -> String {
    format!("RRA:{}:{MAY_BE_UNKNOWN}:{}:{}", archive.function, archive.steps, archive.rows)
}
