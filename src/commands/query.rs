//! `maillogs PROTOCOL`: its counters in one line.
use super::context::{feed, job, now, print};
use crate::config::Config;
use crate::error::{Error, Result};
use crate::say::warn;
use crate::store::rrd::patient;
use crate::{export, owner, query};

/// Prints the counters of `protocol`, or of the section that is called so.
pub(super) fn print_counters(config: &Config, protocol: &str, verbose: bool) -> Result<()> {
    let feed = feed(config, protocol)?;
    let job = job(config, &feed);
    // A poller waits for the answer.
    patient::wait_at_most(patient::SHORT);
    // Only a query that finds much to count writes, and then as the owner of the store.
    owner::look_as_owner(config)?;
    let reading = query::query(&job, now())?;
    if verbose {
        warn(format_args!(
            "commit {}, {} bytes beyond its reading positions",
            reading.commit, reading.new_bytes
        ));
    }
    let part = query::part(feed.protocol, reading, protocol)
        .ok_or_else(|| Error::Message(format!("{protocol}: there is no such protocol")))?;
    let line = export::text::line(&part, config.counter_bits);
    print(line.as_bytes())
}
