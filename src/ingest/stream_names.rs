//! Which logs that every program writes to a protocol reads.
use std::collections::HashSet;
use std::path::Path;

use super::feeds::{Syslog, usual_syslogs};
use super::job::Job;
use super::moved::moved_to;
use super::named::Named;
use super::read_options::GIVEN_UP;
use super::rights::Rights;
use super::same_log::clean;
use super::twins::take_out_twins;
use crate::disk::file_id;
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
            usual(known, now, &there, &|before| moved_to(job, before, now))
                .map(|n| (n, LogKind::Shared))
                .into_iter()
                .collect()
        }
    };
    read.extend(job.feed.files.iter().map(|f| (clean(&f.to_string_lossy()), LogKind::Dedicated)));
    let mut met = HashSet::new();
    read.retain(|(name, _)| met.insert(name.clone()));
    let twins = take_out_twins(job, &mut read, known);
    let file = |(name, _): &(String, LogKind)| {
        let meta = Rights(job.as_root).look_at(Path::new(name))?;
        Some((name.clone(), file_id(&meta)))
    };
    let files = if read.len() > 1 { read.iter().filter_map(file).collect() } else { Vec::new() };
    Named { read, twins, files }
}

/// The syslog of this machine. The one that was read before stays it, because another one holds the same lines: also
/// while it is away for a moment, being rotated. But where it stands still, and `moved` knows another one to which the lines
/// go now, it is that.
fn usual(
    known: &[Stream],
    now: i64,
    there: &dyn Fn(&str) -> bool,
    moved: &dyn Fn(&Stream) -> Option<String>,
) -> Option<String> {
    let all = usual_syslogs();
    let is_usual = |s: &&Stream| all.contains(&s.name) || s.name == JOURNAL;
    let machine = machine::name();
    // Of several machines on one store each has its own.
    let is_ours = |s: &Stream| s.machine.is_empty() || s.machine == machine;
    let before = known.iter().filter(is_usual).max_by_key(|s| (is_ours(s), s.seen));
    if let Some(before) = before
        && (there(&before.name) || (is_ours(before) && before.seen > now - GIVEN_UP))
    {
        let moved = if is_ours(before) { moved(before) } else { None };
        return moved.or_else(|| Some(before.name.clone()));
    }
    all.into_iter().chain([JOURNAL.to_owned()]).find(|name| there(name))
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
        let first = |names| usual(&[], 1000, &only(names), &|_| None);
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
        let stays = |_: &Stream| None;
        let rotating = |name: &str| name == "journald" || name == "/var/log/maillog";
        assert_eq!(
            usual(&known, now, &rotating, &stays).as_deref(),
            Some("/var/log/mail.log"),
            "away for a moment"
        );
        assert_eq!(
            usual(&known, now + GIVEN_UP, &rotating, &stays).as_deref(),
            Some("/var/log/maillog"),
            "gone"
        );
        let known = [read_before("journald", now - 300)];
        assert_eq!(
            usual(&known, now, &|_| true, &stays).as_deref(),
            Some("journald"),
            "a file appears beside it"
        );
    }
}
