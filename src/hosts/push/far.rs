//! A file on the other side: what it has, whether it is ours, and whether we alone write it.
use super::cells::{Origin, Row};
use super::lines;
use super::local::Local;
use crate::calendar::to_the_minute;
use crate::error::{Error, Result};
use crate::store::rrd::daemon::{Daemon, Info};
use crate::store::rrd::source_of;

/// So far back (seconds) it is looked for minutes that the other side took for quiet and that were not.
pub(super) const LOOK_BACK: i64 = 7_200;

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

    /// What `rows`, those of the local RRD, have of the time up to this file's end and it has not: to be added to the first
    /// row that is sent. A line that came late may have been counted in a minute that it had been told was quiet, and of a
    /// row that is longer than a minute it may have a part.
    ///
    /// # Errors
    /// When its last minute is not ours: then another machine writes it, too.
    pub(super) fn owed(
        &self,
        daemon: &mut Daemon,
        local: &Local,
        rows: &[Row],
        origins: &[Origin],
    ) -> Result<Vec<i128>> {
        let nothing = vec![0; origins.len()];
        let was_told = |at: usize| self.info.sources.get(at).map_or("U", |source| source.last.as_str());
        let is_quiet = |at: usize| ["U", "0"].contains(&was_told(at));
        let last = rows.iter().find(|row| row.begin < self.last && row.end >= self.last);
        let is_known =
            |row: &Row| row.begin < self.last && row.begin >= self.last - LOOK_BACK && !row.is_quiet();
        let Some(last) = last else {
            // Of an empty file, and of a time that the local RRD does not know, there is nothing to compare.
            let is_ahead = rows.last().is_none_or(|row| row.end < self.last);
            if is_ahead && (0..origins.len()).any(|at| !is_quiet(at) && origins[at] != Origin::Nothing) {
                return Err(self.two_writers(
                    daemon,
                    &format!(
                        "it goes to {}, beyond what this machine has; or was its clock ahead?",
                        to_the_minute(self.last)
                    ),
                ));
            }
            return Ok(nothing);
        };
        let is_part = last.end > self.last;
        let differs: Vec<usize> = (0..origins.len())
            .filter(|&at| {
                !is_part && origins[at] != Origin::Nothing && !is_same(was_told(at), last.cells[at])
            })
            .collect();
        let is_all_quiet = (0..origins.len()).all(is_quiet);
        if !is_part && differs.is_empty() && !(is_all_quiet && rows.iter().any(is_known)) {
            return Ok(nothing);
        }
        let begin = match rows.iter().find(|row| is_known(row)) {
            Some(row) => row.begin.min(last.begin),
            None => last.begin,
        };
        let Some(far) = daemon.fetch(&self.name, local.step, begin, self.last)? else { return Ok(nothing) };
        let mut owed = nothing;
        for (at, origin) in origins.iter().enumerate().filter(|(_, origin)| origin.is_amount()) {
            let Some(column) =
                self.info.sources.get(at).and_then(|s| far.names.iter().position(|name| *name == s.name))
            else {
                continue;
            };
            let ours = rows.iter().filter(|row| row.begin >= begin && row.end <= self.last);
            let ours: i128 = ours.filter_map(|row| row.cells[at]).sum();
            let is_count = matches!(origin, Origin::Zero | Origin::Column { is_count: true, .. });
            let theirs = far
                .rows
                .iter()
                .map(|(_, values)| amount(values[column], local.step, is_count))
                .sum::<Option<i128>>();
            owed[at] = match theirs {
                // What it does not know it cannot be told any more.
                None if !is_part => 0,
                None => -far
                    .rows
                    .iter()
                    .filter_map(|(_, values)| amount(values[column], local.step, is_count))
                    .sum::<i128>(),
                Some(theirs) => ours - theirs,
            };
        }
        // A level stands there as it was measured, where the row is that of one measurement.
        let is_one_step = last.end - last.begin == local.step;
        let is_level = |at: usize| local.protocol.measured && is_one_step && !origins[at].is_amount();
        let is_foreign =
            |at: &usize| !is_quiet(*at) && (is_level(*at) || (origins[*at].is_amount() && owed[*at] != 0));
        if differs.iter().any(is_foreign) {
            return Err(self.two_writers(daemon, "its last minute is not this machine's"));
        }
        if !is_part {
            // What was added to a later minute than it belongs to may lie within these two hours alone.
            owed.iter_mut().for_each(|owed| *owed = (*owed).max(0));
        }
        Ok(owed)
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

    /// The error of a file that another machine writes, too.
    pub(super) fn two_writers(&self, daemon: &Daemon, why: &str) -> Error {
        daemon.error(format_args!(
            "{}: another machine writes it, too ({why}); nothing more is sent. Give each machine a toaster_hostname of its own; if this machine's RRD was made anew, move that file away there and restart rrdcached",
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
