//! What there is here of a protocol.
use std::path::PathBuf;

use crate::protocol::Protocol;
use crate::reading::Reading;

/// A protocol whose minutes are to be sent.
#[derive(Clone, Debug)]
pub struct Local {
    /// What is counted.
    pub protocol: &'static Protocol,
    /// Its RRD.
    pub rrd: PathBuf,
    /// Seconds of a step.
    pub step: i64,
    /// Behind the last update of the RRD nothing happened up to here, unix seconds.
    pub quiet_until: i64,
    /// Up to here the RRD has all that was counted, as the last commit says, unix seconds: if it ends before that, as after a
    /// restore, nothing is known of the time between.
    pub pushed: i64,
    /// The newest end of a step, unix seconds: a clock that ran ahead may have left minutes of the future, and one of these
    /// would keep all others out of the other side.
    pub now: i64,
}

/// The seconds for which nothing is said of a minute in which nothing was logged: a line that comes later than the others of its
/// time, by no more than this, still gets its own minute on the other side.
const LATE: i64 = 300;

impl Local {
    /// What the last commit of `protocol` says, at `now` (unix seconds).
    pub fn of(protocol: &'static Protocol, reading: &Reading, now: i64) -> Self {
        let step = i64::from(reading.step.max(1));
        let waits = reading.waiting.first().map_or(i64::MAX, |(begin, _)| *begin);
        // What is measured is not known before it is measured again.
        let quiet_until = match protocol.measured {
            true => 0,
            false => waits.min((reading.seen.min(now) - LATE).div_euclid(step) * step),
        };
        let pushed = reading.pushed.div_euclid(step) * step;
        Self {
            protocol,
            rrd: reading.rrd.clone(),
            step,
            quiet_until,
            pushed,
            now: now.div_euclid(step) * step,
        }
    }
}
