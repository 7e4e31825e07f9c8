//! A state of a protocol → what the protocol is at.
use std::io::ErrorKind;

use crate::calendar::{Calendar, day_of};
use crate::error::Error;
use crate::ingest::Job;
use crate::protocol::Protocol;
use crate::protocol::attempts::whole_since;
use crate::protocol::custom::lines_key;
use crate::reading::attempts::{Attempts, Cell, Day, Text};
use crate::reading::{Counter, DefinedBy, Reading, Value, Whole};
use crate::store::state::State;

/// What `state` says at `now` (Unix seconds).
pub(super) fn of_state(job: &Job<'_>, state: State, now: i64) -> Reading {
    let mut reading = without_values(job);
    let values = state.values(job.feed.protocol, now, i64::from(job.config.rrd_step));
    let today = Calendar::new(now).today();
    for (i, counter) in reading.counters.iter_mut().enumerate() {
        let grown = match state.newest_day[i] {
            (day, amount) if day == today => amount,
            _ => 0,
        };
        counter.value = Some(Value {
            total: values[i],
            today: job.feed.protocol.counters[i].kind.is_odometer().then_some(grown),
            moved: values[i] != 0 || state.moved[i] != 0,
        });
    }
    reading.commit = state.number;
    reading.seen = state.seen;
    reading.since = state.since;
    reading.pushed = state.pushed;
    reading.settled = job.settled(&state, state.seen);
    // One of those that every server is taken to have, and that this one has not, is no source.
    let is_there = |path: &str| !matches!(std::fs::metadata(path), Err(e) if e.kind() == ErrorKind::NotFound);
    let directories = state.ledger.directories.iter().filter(|dir| dir.last_time > 0 || is_there(&dir.path));
    let directories = directories.map(|dir| (&dir.path, dir.last_time));
    let streams = state.ledger.streams.iter().map(|stream| (&stream.name, stream.last_time));
    let sources = directories.chain(streams).filter(|(path, _)| !path.is_empty());
    reading.whole = Some(Whole {
        committed: state.committed,
        lines: Some((state.understood.known, state.understood.unknown)),
        sources: sources.map(|(path, time)| (path.clone(), time)).collect(),
    });
    reading.attempts = attempts(job.feed.protocol, &state, now);
    reading.waiting = state.bins.into_iter().map(|(begin, bin)| (begin, bin.values.to_vec())).collect();
    reading
}

/// How attempts ended on the local day of `now` (Unix seconds) and on the one before.
fn attempts(protocol: &Protocol, state: &State, now: i64) -> Option<Attempts> {
    let table = protocol.attempts?;
    let kept = &state.attempts;
    let whole = whole_since(kept.since, state.seen.max(state.committed), now);
    let since = if whole == 0 { 0 } else { whole.max(state.since) };
    // Without the first one, which is what succeeded.
    let class = |at: u8| kept.class(at).checked_sub(1);
    let day = |secs: i64| {
        let (date, begin) = day_of(secs);
        let mut day = Day { date, begin, delivered: vec![0; table.places.len()], cells: Vec::new() };
        for cell in kept.days.iter().filter(|day| day.date == date).flat_map(|day| &day.cells) {
            let place = kept.place(table.places, cell.place);
            match class(cell.class) {
                None => day.delivered[place] += cell.put_off,
                Some(class) => {
                    day.cells.push(Cell { place, class, put_off: cell.put_off, failed: cell.failed });
                }
            }
        }
        day
    };
    let today = day(now);
    let yesterday = day(today.begin - 1);
    let texts = kept.texts.iter().filter(|text| text.hidden || !table.hide.is_on).filter_map(|text| {
        let time = text.nanos.div_euclid(1_000_000_000);
        let class = class(text.class).filter(|_| time >= yesterday.begin)?;
        Some(Text { class, failed: text.failed, time, text: text.text.clone() })
    });
    Some(Attempts { since, texts: texts.collect(), told: table.told, today, yesterday })
}

/// The reading of a protocol whose last commit cannot be read: it has the counters without values, and says `why`.
pub(super) fn unreadable(job: &Job<'_>, why: &Error) -> Reading {
    Reading { failed: Some(why.to_string()), ..without_values(job) }
}

/// What stands on the protocol's card, and in the configuration.
fn without_values(job: &Job<'_>) -> Reading {
    let protocol = job.feed.protocol;
    // A protocol without a template has a graph of its counters, as those of toaster.conf have.
    let is_drawn = !protocol.templates.is_empty();
    let own = job.config.counters.iter().filter(|own| own.protocol == protocol.name);
    let own: Vec<String> = own.flat_map(|own| [own.key.clone(), lines_key(&own.key)]).collect();
    let is_own = |key: &str| own.iter().any(|own| own == key);
    let is_list = |key: &str| protocol.counts_lists && job.config.lists.iter().any(|list| list.name == key);
    let counters = protocol.counters.iter().map(|counter| Counter {
        key: counter.key,
        ds: counter.ds,
        help: counter.help,
        measure: counter.kind.measure(),
        defined_by: match counter.key {
            key if is_list(key) => DefinedBy::List,
            key if is_own(key) || !is_drawn => DefinedBy::Counter,
            _ => DefinedBy::BuiltIn,
        },
        value: None,
    });
    Reading {
        protocol: protocol.name,
        title: protocol.title,
        about: protocol.about,
        main_counters: protocol.main_counters,
        rrd: job.rrd(),
        step: job.config.rrd_step,
        measured: protocol.measured,
        counters: counters.collect(),
        families: protocol.families,
        mta: protocol.mta,
        page: protocol.page,
        whole: Some(Whole::default()),
        ..Reading::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::ingest::feed_of;
    use crate::protocol::attempts::{self as kept, Kept};
    use crate::protocol::send::SEND;

    #[test]
    fn today_is_what_came_on_this_day_and_on_no_other() {
        let now = 1_795_434_360;
        let day = |secs| Calendar::new(secs).today();
        let place = |key: &str| SEND.index(key).unwrap();
        let mut state = State::new(&SEND);
        state.totals[place("delivery_success")] = 1_234;
        state.newest_day[place("delivery_success")] = (day(now), 34);
        state.totals[place("delivery_failure")] = 5;
        state.newest_day[place("delivery_failure")] = (day(now - 2 * 86_400), 5);
        state.totals[place("status_localp")] = 12_500_000_000;
        state.gauges[place("peak_local")] = 7;
        let config = Config::default();
        let feed = feed_of(&config, &SEND);
        let job = Job { config: &config, feed: &feed, clock: || 0, as_root: |what| what() };
        let reading = of_state(&job, state, now);
        let counter = |key: &str| {
            let counter = reading.counter(key).unwrap();
            let value = counter.value.unwrap();
            let print = |value| counter.measure.print(value);
            (print(value.total), value.today.map(print), value.moved)
        };
        let is =
            |total: &str, today: Option<&str>, moved| (total.to_owned(), today.map(str::to_owned), moved);
        assert_eq!(counter("delivery_success"), is("1234", Some("34"), true));
        assert_eq!(counter("delivery_failure"), is("5", Some("0"), true));
        assert_eq!(counter("status_localp"), is("12.5", Some("0"), true));
        assert_eq!(counter("peak_local"), is("7", None, true));
        assert_eq!(counter("message_new"), is("0", Some("0"), false));
        let unreadable = unreadable(&job, &Error::Message("why".to_owned()));
        assert_eq!(unreadable.failed.as_deref(), Some("why"));
        assert!(
            unreadable.counters.len() > 2
                && unreadable.counters.iter().all(|counter| counter.value.is_none())
        );
        let none = of_state(&job, State::new(&SEND), now);
        assert!(none.counters.iter().all(|counter| counter.value.is_some_and(|value| !value.moved)));
    }

    /// multilog's directories are configured for every server, whether it has the program or not.
    #[test]
    fn a_directory_that_is_not_there_and_never_had_a_line_is_no_source() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().display().to_string();
        let gone = |name: &str| dir.path().join(name).display().to_string();
        let mut state = State::new(&SEND);
        let times = [(there.clone(), 0), (gone("never"), 0), (gone("since"), 1_795_434_000)];
        state.ledger.directories.resize_with(times.len(), Default::default);
        for (directory, (path, last_time)) in state.ledger.directories.iter_mut().zip(times) {
            (directory.path, directory.last_time) = (path, last_time);
        }
        let config = Config::default();
        let feed = feed_of(&config, &SEND);
        let job = Job { config: &config, feed: &feed, clock: || 0, as_root: |what| what() };
        let sources = of_state(&job, state, 1_795_434_360).whole.unwrap().sources;
        assert_eq!(sources, [(there, 0), (gone("since"), 1_795_434_000)]);
    }

    /// Another version may have had it; a sum without it would be too low.
    #[test]
    fn a_place_that_is_not_known_is_told_as_such() {
        let now = 1_795_434_360;
        let mut state = State::new(&SEND);
        let cell = |place, class, put_off| kept::Cell { place, class, put_off, failed: 0 };
        let cells = vec![cell(0, 1, 5), cell(0, 0, 7), cell(1, 1, 2), cell(9, 9, 1)];
        state.attempts = Kept {
            since: now - 90,
            places: vec!["moon".to_owned(), "google".to_owned()],
            classes: vec!["accepted".to_owned(), "vapour".to_owned()],
            days: vec![kept::Day { date: day_of(now).0, cells }],
            texts: Vec::new(),
        };
        let told = attempts(&SEND, &state, now).unwrap();
        let key = |place: usize| SEND.attempts.unwrap().places[place];
        let cells = told.today.cells.iter().map(|cell| (key(cell.place), cell.put_off));
        assert_eq!(cells.collect::<Vec<_>>(), [("unseen", 5), ("google", 2), ("unseen", 1)]);
        let delivered = told.today.delivered.iter().enumerate().filter(|(_, number)| **number > 0);
        assert_eq!(delivered.map(|(at, number)| (key(at), *number)).collect::<Vec<_>>(), [("unseen", 7)]);
        // A clock that was ahead when that was kept: before now nothing is known.
        assert_eq!((told.since, state.seen), (now - 90, 0));
        state.committed = now + 9 * 86_400;
        assert_eq!(attempts(&SEND, &state, now).unwrap().since, now);
    }

    /// Also where a section is left out, so that the table is shorter than that of the card.
    #[test]
    fn a_counter_of_toaster_conf_is_told_from_the_built_in_ones() {
        for rest in ["", "reasons = false\nproviders = false\ntimes = false\n"] {
            let text = format!(
                "{rest}[[counter]]\nprotocol = \"send\"\nname = \"mine\"\nmatch = \"x (?<mine>[0-9]+)\"\nsum = \"mine\"\n"
            );
            let (config, problems) = Config::parse(&text, std::path::Path::new("toaster.conf"));
            assert_eq!(problems, []);
            let feeds = crate::ingest::feeds(&config);
            let job = Job { config: &config, feed: &feeds[0], clock: || 0, as_root: |what| what() };
            let reading = without_values(&job);
            let defined = reading.counters.iter().filter(|c| c.defined_by == DefinedBy::Counter);
            assert_eq!(defined.map(|c| c.key).collect::<Vec<_>>().len(), 2, "{rest}");
            assert_eq!(reading.counter("mine").unwrap().defined_by, DefinedBy::Counter);
            assert_eq!(reading.counter("message_new").unwrap().defined_by, DefinedBy::BuiltIn);
        }
    }
}
