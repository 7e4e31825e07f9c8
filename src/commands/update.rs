//! `maillogs update`: counts what is new of every protocol.
use super::context::{job, with_way_out};
use crate::config::Config;
use crate::error::Result;
use crate::ingest::{Feed, Job, Options, advance_all, feeds};
use crate::say::warn;

/// Advances every feed. If one fails, the others are advanced all the same.
pub(super) fn update(config: &Config, protocols: &[String], options: Options) -> Result<()> {
    let wanted = |feed: &Feed| protocols.is_empty() || protocols.iter().any(|p| p == feed.protocol.name);
    let all = feeds(config);
    // A logger's processor waits for its protocol's lock: those without a syslog are done at once. The others
    // share the reading of it.
    let (shared, alone): (Vec<&Feed>, Vec<&Feed>) =
        all.iter().filter(|f| wanted(f)).partition(|f| f.has_streams());
    let mut results = Vec::new();
    for feed in alone {
        results.push(job(config, feed).advance(None, &mut || Ok(()), options));
    }
    let jobs: Vec<Job<'_>> = shared.into_iter().map(|feed| job(config, feed)).collect();
    results.extend(advance_all(&jobs, options));
    let logs: Vec<&str> = all.iter().filter_map(|f| f.log.as_deref()).collect();
    for feed in all.iter().filter(|f| wanted(f)) {
        results.push(job(config, feed).tidy(&logs, options.patience));
    }
    let mut failed = results.into_iter().filter_map(Result::err);
    let Some(first) = failed.next() else { return Ok(()) };
    failed.for_each(|e| warn(with_way_out(&e)));
    Err(first)
}
