//! Which logs that every program writes to a protocol reads.
use std::collections::HashSet;
use std::path::Path;

use super::feeds::{SYSLOGS, Syslog};
use super::job::Job;
use super::named::Named;
use super::read_options::GIVEN_UP;
use super::same_log::clean;
use super::twins::take_out_twins;
use crate::ledger::Stream;
use crate::protocol::LogKind;
use crate::source::journal::{self, JOURNAL};
use crate::source::machine;

/// The streams that `job` reads, and whose they are, when `known` are those that it read before.
pub fn stream_names(job: &Job<'_>, known: &[Stream], now: i64) -> Named {
    let mut read: Vec<(String, LogKind)> = match &job.feed.syslog {
        Syslog::Unused => Vec::new(),
        Syslog::Named(names) => names.iter().map(|n| (clean(n), LogKind::Shared)).collect(),
        Syslog::Usual => {
            let there = |name: &str| {
                if name == JOURNAL {
                    journal::is_there()
                } else {
                    Path::new(name).try_exists().unwrap_or(true)
                }
            };
            usual(known, now, &there).map(|n| (n, LogKind::Shared)).into_iter().collect()
        }
    };
    read.extend(job.feed.files.iter().map(|f| (clean(&f.to_string_lossy()), LogKind::Dedicated)));
    let mut met = HashSet::new();
    read.retain(|(name, _)| met.insert(name.clone()));
    let twins = take_out_twins(job, &mut read, known);
    Named { read, twins }
}

/// The syslog of this machine. The one that was read before stays it, because another one holds the same lines: also
/// while it is away for a moment, being rotated.
fn usual(known: &[Stream], now: i64, there: &dyn Fn(&str) -> bool) -> Option<String> {
    let is_usual = |s: &&Stream| SYSLOGS.contains(&s.name.as_str()) || s.name == JOURNAL;
    let machine = machine::name();
    // Of several machines on one store each has its own.
    let is_ours = |s: &Stream| s.machine.is_empty() || s.machine == machine;
    let before = known.iter().filter(is_usual).max_by_key(|s| (is_ours(s), s.seen));
    if let Some(before) = before
        && (there(&before.name) || (is_ours(before) && before.seen > now - GIVEN_UP))
    {
        return Some(before.name.clone());
    }
    SYSLOGS.into_iter().chain([JOURNAL]).find(|name| there(name)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_before(name: &str, seen: i64) -> Stream {
        Stream { name: name.to_owned(), seen, ..Stream::default() }
    }

    #[test]
    fn the_first_file_that_exists_else_the_journal() {
        let only = |names: &'static [&'static str]| move |name: &str| names.contains(&name);
        let first = |names| usual(&[], 1000, &only(names));
        assert_eq!(
            first(&["/var/log/messages", "/var/log/mail.log", "journald"]).as_deref(),
            Some("/var/log/mail.log")
        );
        assert_eq!(first(&["journald"]).as_deref(), Some("journald"));
        assert_eq!(first(&["/var/log/syslog"]), None);
    }

    /// The other one holds the same lines: they would count twice.
    #[test]
    fn what_was_read_before_is_read_on() {
        let now = 10 * GIVEN_UP;
        let known = [read_before("/srv/own.log", now), read_before("/var/log/mail.log", now - 300)];
        let rotating = |name: &str| name == "journald" || name == "/var/log/maillog";
        assert_eq!(usual(&known, now, &rotating).as_deref(), Some("/var/log/mail.log"), "away for a moment");
        assert_eq!(usual(&known, now + GIVEN_UP, &rotating).as_deref(), Some("/var/log/maillog"), "gone");
        let known = [read_before("journald", now - 300)];
        assert_eq!(usual(&known, now, &|_| true).as_deref(), Some("journald"), "a file appears beside it");
    }
}
