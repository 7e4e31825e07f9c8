//! When each protocol's sources were last read to their end, and whether cron does it.
use super::finding::{Level, Report};
use super::sources::ago;
use crate::ingest::Feed;

/// `maillogs update` has to run at least this often (seconds), otherwise the graphs end in the past.
const CRON: i64 = 3600;

pub(super) fn check(report: &mut Report, feeds: &[Feed], now: i64) {
    let updated = updated(report, feeds, now);
    for protocol in report.protocols.clone().iter().filter(|p| p.used) {
        let (name, seen) = (protocol.name.as_str(), protocol.seen);
        let (level, text) = if seen == 0 && updated == 0 {
            (Level::Note, "its sources have never been read to their end".to_owned())
        } else if seen == 0 || updated - seen > CRON {
            let last = match seen {
                0 => "was never read to the end".to_owned(),
                _ => format!("was last read to the end {}", ago(now - seen)),
            };
            (Level::Warning, format!("{last}, but other protocols were; maillogs update {name} says why"))
        } else {
            let waits = match protocol.waiting_bytes {
                0 => String::new(),
                bytes => format!("; {bytes} bytes have come since"),
            };
            (Level::Ok, format!("was read to the end {}{waits}", ago(now - seen)))
        };
        report.about(name, level, "read", name, text);
    }
    cron(report, updated, now);
}

/// When `maillogs update` was last done, unix seconds; 0: never. A logger's processor reads its own protocol only, so
/// the others tell. A time that lies ahead, because the clock did when it was written, counts as `now`.
fn updated(report: &Report, feeds: &[Feed], now: i64) -> i64 {
    let own = |name: &str| feeds.iter().any(|feed| feed.protocol.name == name && feed.log.is_some());
    report.protocols.iter().filter(|p| !own(&p.name)).map(|p| p.seen.min(now)).max().unwrap_or(0)
}

/// Does somebody run `maillogs update`?
fn cron(report: &mut Report, updated: i64, now: i64) {
    let (level, text) = if updated == 0 {
        let counted = report.protocols.iter().any(|p| p.commits > 0);
        let level = if counted { Level::Warning } else { Level::Note };
        (level, "has not run yet; put it into cron, every five minutes".to_owned())
    } else if now - updated > CRON {
        (Level::Warning, format!("ran last {}; is it in cron?", ago(now - updated)))
    } else {
        (Level::Ok, format!("ran {}", ago(now - updated)))
    };
    report.add(level, "cron", "maillogs update", text);
}
