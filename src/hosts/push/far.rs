//! A file on the other side: what it has, whether it is ours, and whether we alone write it.
use super::cells::{Origin, Row};
use super::compare::{Stretch, balance};
use super::lines;
use super::local::Local;
use crate::calendar::to_the_minute;
use crate::error::{Error, Result};
use crate::store::rrd::daemon::{Daemon, Info};
use crate::store::rrd::source_of;

/// So far back (seconds) it is looked for minutes that the other side took for quiet and that were not: as long as there are
/// minutes, which both sides have for two days.
pub(super) const LOOK_BACK: i64 = 2 * 86_400 - 600;

/// So far back (seconds) what is lacking is told in a later minute. As long as it is of interest who has told that minute, both
/// are seen.
const TOLD_BACK: i64 = LOOK_BACK - 4 * 3_600;

/// So far back (seconds) a minute of which this machine knows nothing is another machine's.
const JUDGED: i64 = 3 * 3_600;

/// What the local RRD has of the time up to a file's end, and the file has not, by data source.
#[derive(Clone, Debug, Default)]
pub(super) struct Owed {
    /// To be added to the next row in which the data source is known.
    pub(super) later: Vec<i128>,
    /// To be added to the first row: less than nothing, if a part of it was sent.
    pub(super) first: Vec<i128>,
    /// A data source of which something came too late, and how much.
    pub(super) too_old: Option<(String, i128)>,
    /// Where a minute begins of which another machine seems to have told.
    foreign: Option<i64>,
    /// Is there a minute that both have, and in which something was logged? What was before it was compared when it was sent.
    is_met: bool,
}

/// A file as it is when a push begins: all that the daemon had of it is written.
#[derive(Clone, Debug)]
pub(super) struct FarFile {
    pub(super) name: String,
    pub(super) info: Info,
    /// The end of its last update, unix seconds.
    pub(super) last: i64,
}

impl FarFile {
    /// Looks at the file of this name. `None`: there is none.
    pub(super) fn look(daemon: &mut Daemon, name: &str) -> Result<Option<Self>> {
        // A file that it has just made it may know nothing of: then there is nothing to write either.
        if !daemon.flush(name)? {
            return Ok(None);
        }
        let Some(last) = daemon.last(name)? else { return Ok(None) };
        let info = daemon.info(name)?;
        if info.last_update < last {
            return Err(daemon.error(format_args!(
                "{name}: it has taken minutes until {} and written them until {} only (is its disk full?); mend that and restart rrdcached there, then the next push sends the rest",
                to_the_minute(last),
                to_the_minute(info.last_update)
            )));
        }
        Ok(Some(Self { name: name.to_owned(), last: info.last_update, info }))
    }

    /// Is it a file as we make them?
    pub(super) fn check(&self, daemon: &Daemon, local: &Local) -> Result<()> {
        let foreign = |what: String| {
            Err(daemon.error(format_args!(
                "{}: {what}; move that file away there and restart rrdcached, and a new one is made",
                self.name
            )))
        };
        if self.info.step != local.step {
            return foreign(format!(
                "has steps of {} seconds, and rrd_step is {}",
                self.info.step, local.step
            ));
        }
        // It would keep all minutes up to then out.
        if self.last > local.now + local.step {
            return Err(daemon.error(format_args!(
                "{}: ends in the future, at {} (was this machine's clock ahead?), and nothing is sent until then; what it lacks by then is added to the next minute. Or move that file away there and restart rrdcached, and a new one is made",
                self.name,
                to_the_minute(self.last)
            )));
        }
        if self.last % local.step != 0 {
            return foreign("ends within a minute: another program has written it".to_owned());
        }
        for there in &self.info.sources {
            let counter = local.protocol.counters.iter().find(|counter| counter.ds == there.name);
            let ours = counter.and_then(source_of).map(|source| source.kind);
            if ours.is_some_and(|kind| kind != there.kind) {
                return foreign(format!("its data source {:?} is of another kind than ours", there.name));
            }
        }
        Ok(())
    }

    /// What `rows`, those of the local RRD, have of the time up to this file's end and it has not: a line that came late may
    /// have been counted in a minute that it had been told was quiet, and of a row that is longer than a minute it may have
    /// a part. The local RRD ends at `held`, and this file will end at `end`: once an hour the minutes of two days are compared, otherwise those of two hours, so that
    /// the daemon need not print two days each time.
    ///
    /// # Errors
    /// When a minute of it is not ours: then another machine writes it, too.
    pub(super) fn owed(
        &self,
        daemon: &mut Daemon,
        local: &Local,
        rows: &[Row],
        origins: &[Origin],
        (held, end): (i64, i64),
    ) -> Result<Owed> {
        let mut owed =
            Owed { later: vec![0; origins.len()], first: vec![0; origins.len()], ..Owed::default() };
        let was_told = |at: usize| self.info.sources.get(at).map_or("U", |source| source.last.as_str());
        let is_quiet = |at: usize| ["U", "0"].contains(&was_told(at));
        let Some(last) = rows.iter().find(|row| row.begin < self.last && row.end >= self.last) else {
            // Of an empty file, and of a time that the local RRD does not know, there is nothing to compare.
            let is_ahead = rows.last().is_none_or(|row| row.end < self.last);
            if is_ahead && (0..origins.len()).any(|at| !is_quiet(at) && origins[at] != Origin::Nothing) {
                let why = format!("it goes to {}, beyond what this machine has", to_the_minute(self.last));
                return Err(self.two_writers(daemon, &why));
            }
            return Ok(owed);
        };
        let is_part = last.end > self.last;
        let differs = |at: usize| {
            let is_compared = origins[at].is_amount() || (origins[at] != Origin::Nothing && !is_quiet(at));
            is_compared && !is_part && !is_same(was_told(at), last.cells[at])
        };
        let differs: Vec<usize> = (0..origins.len()).filter(|at| differs(*at)).collect();
        let is_all_quiet = (0..origins.len()).all(is_quiet);
        let is_hour_over = self.last.div_euclid(3_600) != end.div_euclid(3_600);
        let is_whole = is_part || is_hour_over || !differs.is_empty();
        let is_late = |row: &Row| row.begin >= self.last - 7_200 && row.begin < self.last && !row.is_quiet();
        // What ends with something that is here, too, was compared when that was sent. Where the local RRD has gone on since,
        // the file will end so, and this is the last time.
        let is_last_time = held > self.last;
        if is_whole && (is_part || !differs.is_empty() || is_all_quiet) {
            owed = self.compared(daemon, local, rows, origins, LOOK_BACK)?;
        } else if is_all_quiet && (is_last_time || rows.iter().any(is_late)) {
            owed = self.compared(daemon, local, rows, origins, 7_200)?;
            // What is older may say why there is more, and before anything is added it is looked who else has told something.
            let is_owed = owed.later.iter().any(|owed| *owed > 0);
            if owed.foreign.is_some() || is_owed || (is_last_time && !owed.is_met) {
                owed = self.compared(daemon, local, rows, origins, LOOK_BACK)?;
            }
        }
        if let Some(begin) = owed.foreign.map(to_the_minute) {
            let why = format!("of the minute that begins at {begin} it has something else than this machine");
            return Err(self.two_writers(daemon, &why));
        }
        // A level stands there as it was measured, where the row is that of one measurement.
        let is_one_step = last.end - last.begin == local.step;
        let is_level = |at: usize| local.protocol.measured && is_one_step && !origins[at].is_amount();
        if differs.iter().any(|at| is_level(*at)) {
            return Err(self.two_writers(daemon, "its last minute is not this machine's"));
        }
        Ok(owed)
    }

    /// What comes of the comparison of the last `back` seconds.
    fn compared(
        &self,
        daemon: &mut Daemon,
        local: &Local,
        rows: &[Row],
        origins: &[Origin],
        back: i64,
    ) -> Result<Owed> {
        let mut owed =
            Owed { later: vec![0; origins.len()], first: vec![0; origins.len()], ..Owed::default() };
        // A row that is longer than a minute, and of which a part was sent.
        let part = rows.iter().find(|row| row.begin < self.last && row.end > self.last);
        let from = part.map_or(i64::MAX, |part| part.begin).min(self.last - back);
        let Some(far) = daemon.fetch(&self.name, local.step, from, self.last)? else { return Ok(owed) };
        let judged_from = self.last - back.min(JUDGED);
        for (at, origin) in origins.iter().enumerate().filter(|(_, origin)| origin.is_amount()) {
            let source = self.info.sources.get(at);
            let Some(column) = source.and_then(|s| far.names.iter().position(|name| *name == s.name)) else {
                continue;
            };
            let is_count = matches!(origin, Origin::Zero | Origin::Column { is_count: true, .. });
            let there = |begin: i64, end: i64| {
                let first = far.rows.partition_point(|(row, _)| *row <= begin);
                let after = far.rows.partition_point(|(row, _)| *row <= end);
                far.rows[first..after]
                    .iter()
                    .map(move |(_, values)| amount(values[column], local.step, is_count))
            };
            let stretches = rows.iter().filter(|row| row.begin >= from && row.end <= self.last);
            let stretches = stretches.map(|row| Stretch {
                begin: row.begin,
                is_step: row.end - row.begin == local.step,
                ours: row.cells[at],
                theirs: there(row.begin, row.end).sum(),
            });
            let is_met = |s: Stretch| s.ours == s.theirs && s.ours.is_some_and(|ours| ours != 0);
            owed.is_met |= stretches.clone().any(is_met);
            let found = balance(stretches, self.last - TOLD_BACK, judged_from);
            owed.foreign = owed.foreign.or(found.foreign);
            owed.later[at] = found.owed;
            if found.too_old > 0 && owed.too_old.is_none() {
                owed.too_old = source.map(|source| (source.name.clone(), found.too_old));
            }
            if let Some(part) = part {
                owed.first[at] = -there(part.begin, self.last).flatten().sum::<i128>();
            }
        }
        Ok(owed)
    }

    /// The error of what came so late that it cannot be told any more.
    pub(super) fn too_late(&self, daemon: &Daemon, source: &str, amount: i128) -> Error {
        daemon.error(format_args!(
            "{}: {} of {source} came more than {} hours late and are lacking there; all else was sent. Move that file away there and restart rrdcached, and a new one is made with all that is known here",
            self.name,
            lines::value(Some(amount)),
            TOLD_BACK / 3_600
        ))
    }

    /// Lets the daemon write what it was given, and sees whether it ends at `last`.
    pub(super) fn has_all(&self, daemon: &mut Daemon, last: i64) -> Result<()> {
        daemon.flush(&self.name)?;
        match daemon.last(&self.name)? {
            Some(there) if there == last => Ok(()),
            Some(there) if there > last => Err(self.two_writers(daemon, "it goes on while we write")),
            _ => Err(daemon.error(format_args!(
                "{}: was given minutes until {} and does not have them; the next push sends them again",
                self.name,
                to_the_minute(last)
            ))),
        }
    }

    /// The error of a file that another machine writes, too. What a daemon leaves that was killed in the middle of a write looks
    /// the same: librrd writes rows, time and positions one after the other.
    pub(super) fn two_writers(&self, daemon: &Daemon, why: &str) -> Error {
        daemon.error(format_args!(
            "{}: another machine writes it, too ({why}), or rrdcached was killed while it wrote; nothing more is sent. Give each machine a toaster_hostname of its own; if rrdcached was killed, or this machine's RRD was made anew, move that file away there and restart rrdcached",
            self.name
        ))
    }
}

/// Is what was written there the value of the cell?
fn is_same(there: &str, cell: Option<i128>) -> bool {
    let ours = lines::value(cell);
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    there == ours || number(there).is_some_and(|there| number(&ours) == Some(there))
}

/// What came in a minute, in units of 10⁻⁹; `None`: it is not known.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "an RRD holds doubles")]
fn amount(rate: f64, step: i64, is_count: bool) -> Option<i128> {
    let value = rate * step as f64;
    let value = if is_count { value.round() * 1e9 } else { (value * 1e9).round() };
    value.is_finite().then_some(value as i128)
}
