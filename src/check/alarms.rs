//! The thresholds of toaster.conf.
use super::finding::{Level, Report};
use crate::alarm::{configured, verdicts};
use crate::calendar::to_the_minute;
use crate::config::Config;
use crate::ingest::AsRoot;
use crate::reading::threshold;
use crate::say::gathered;

pub(super) fn check(report: &mut Report, config: &Config, clock: fn() -> i64, as_root: AsRoot) {
    // What is wrong with logs and store was found before.
    let (judged, _) = gathered(|| verdicts(config, &configured(config), clock, as_root));
    match judged {
        Ok(verdicts) => report.alarms = verdicts,
        // toaster.conf was read, and what is wrong with it was said.
        Err(e) => return report.add(Level::Error, "alarm", "toaster.conf", e.to_string()),
    }
    for verdict in report.alarms.clone() {
        let level = match (&verdict.found, verdict.level) {
            (Ok(judged), _) if !judged.holds => Level::Ok,
            (Ok(_), threshold::Level::Warning) => Level::Warning,
            (Ok(_), threshold::Level::Critical) => Level::Error,
            // What is wrong with the logs and the store is a finding of its own.
            (Err(_), _) => Level::Note,
        };
        let subject = verdict.threshold.to_string();
        report.about(&verdict.threshold.part, level, "alarm", subject, verdict.words(&to_the_minute));
    }
}
