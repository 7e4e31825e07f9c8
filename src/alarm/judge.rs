//! Thresholds → verdicts, by what the protocols are at.
use crate::config::Config;
use crate::error::{Error, Result};
use crate::ingest::{AsRoot, Job, feeds};
use crate::query;
use crate::reading::Reading;
use crate::reading::steps::Steps;
use crate::reading::threshold::{Level, Threshold, Unsure, Verdict};

/// A threshold, and how bad it is if it is crossed.
pub type Asked = (Level, Threshold);

/// The thresholds of toaster.conf, each once.
pub fn configured(config: &Config) -> Vec<Asked> {
    let of = |level, threshold: &Option<Threshold>| threshold.clone().map(|threshold| (level, threshold));
    let mut all: Vec<Asked> = Vec::new();
    for alarm in &config.alarms {
        let both = [of(Level::Critical, &alarm.crit), of(Level::Warning, &alarm.warn)];
        for asked in both.into_iter().flatten() {
            if !all.contains(&asked) {
                all.push(asked);
            }
        }
    }
    all
}

/// Judges each of `asked`; every protocol is read once. It counts and changes nothing.
///
/// # Errors
/// When a threshold names a protocol or a counter that there is not, or compares what cannot be compared.
pub fn verdicts(
    config: &Config,
    asked: &[Asked],
    clock: fn() -> i64,
    as_root: AsRoot,
) -> Result<Vec<Verdict>> {
    let feeds = feeds(config);
    let mut read: Vec<(&str, i64, Reading)> = Vec::new();
    let mut verdicts = Vec::with_capacity(asked.len());
    for (level, threshold) in asked {
        let usage = |why: String| Error::Usage(format!("{threshold}: {why}"));
        let feed = feeds.iter().find(|feed| feed.protocol.parts().any(|part| part == threshold.part));
        let feed = feed.ok_or_else(|| usage(format!("there is no protocol {}", threshold.part)))?;
        let protocol = feed.protocol;
        if !read.iter().any(|(name, ..)| *name == protocol.name) {
            let now = clock();
            read.push((protocol.name, now, query::glance(&Job { config, feed, clock, as_root }, now)));
        }
        let known = read.iter().find(|(name, ..)| *name == protocol.name);
        let part = known.and_then(|(_, now, reading)| {
            Some((*now, query::part(protocol, reading.clone(), &threshold.part)?))
        });
        let Some((now, reading)) = part else {
            return Err(usage(format!("there is no part {}", threshold.part)));
        };
        let counters: Vec<_> =
            reading.counters.iter().map(|counter| (counter.key, counter.measure)).collect();
        let target = threshold.find(&counters, reading.families).map_err(usage)?;
        let found =
            steps(threshold, &reading).and_then(|steps| threshold.judge(&target, &reading, &steps, now));
        let (level, threshold, unit) = (*level, threshold.clone(), target.unit);
        verdicts.push(Verdict { level, threshold, unit, found });
    }
    Ok(verdicts)
}

/// The steps that the threshold counts.
fn steps(threshold: &Threshold, reading: &Reading) -> std::result::Result<Steps, Unsure> {
    match threshold.span(reading) {
        Some((from, to)) if from > 0 => query::steps(reading, from, to).map_err(|e| Unsure(e.to_string())),
        _ => Ok(Steps::default()),
    }
}
