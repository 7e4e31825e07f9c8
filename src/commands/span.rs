//! The words for the time that a picture or a chart shows: `--period`, `--from` and `--to`, the same for all commands
//! that draw.
use clap::{Arg, ArgMatches, Command};

use crate::chart::period::{Period, Stretch};
use crate::chart::when;
use crate::error::{Error, Result};

/// What `--period` may be.
pub(super) const PERIODS: [&str; 5] = ["hour", "day", "week", "month", "year"];

/// Every form that a TIME may have.
const TIMES: &str = "\
A TIME is local: 2026-03-01, '2026-03-01 08:00', 2026-03-01T08:00:30; 08:00 or 08:00:30 (today);
  now, today, yesterday, 'yesterday 14:00'; @1772352000 (seconds since 1970).
Or a distance in s, m, h, d, w, y: -2h (before now), +1d12h (with --to: after --from).";

/// From when and to when, as people write times.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FromTo {
    /// Where the span begins, instead of a period.
    pub from: Option<String>,
    /// Where it ends; none: now.
    pub to: Option<String>,
}

/// Adds `--from`, with this help, and `--to` to the command, and to its help what a time is.
pub(super) fn define(command: Command, from: &'static str) -> Command {
    let time = |name: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name("TIME").allow_hyphen_values(true).help(help)
    };
    command.after_help(TIMES).arg(time("from", from)).arg(time("to", "Where it ends [default: now]"))
}

impl FromTo {
    /// What the words of the command line say.
    pub(super) fn of(m: &ArgMatches) -> Self {
        let time = |name| m.get_one::<String>(name).cloned();
        Self { from: time("from"), to: time("to") }
    }

    /// What `command` is to show at `now` (Unix seconds): this span, or else `period`, or else a day.
    ///
    /// # Errors
    /// Of the command line: a text that is no time, a span that ends before it begins, `--to` without `--from`, both a
    /// span and a period.
    pub(super) fn stretch(&self, command: &str, period: Option<&str>, now: i64) -> Result<Stretch> {
        let usage = |text: &str| Err(Error::Usage(format!("{command}: {text}")));
        match (&self.from, period) {
            (None, _) if self.to.is_some() => usage("--to without --from: say where the span begins"),
            (None, period) => Ok(Stretch::Period(period.map_or(Period::Day, named))),
            (Some(_), Some(_)) => usage("--from and --period exclude each other; leave one out"),
            (Some(from), None) => {
                let span = when::span(from, self.to.as_deref(), now).map_err(Error::Usage)?;
                Ok(Stretch::Between(span.0, span.1))
            }
        }
    }
}

/// The period that is called `name`, which is one of [`PERIODS`].
pub(super) fn named(name: &str) -> Period {
    Period::ALL.into_iter().find(|period| period.name() == name).unwrap_or(Period::Day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_434_360;

    fn stretch(from: Option<&str>, to: Option<&str>, period: Option<&str>) -> Result<Stretch> {
        let time = |text: Option<&str>| text.map(str::to_owned);
        FromTo { from: time(from), to: time(to) }.stretch("show", period, NOW)
    }

    #[test]
    fn a_span_or_a_period_or_a_day() {
        assert_eq!(PERIODS, Period::ALL.map(Period::name));
        for (from, to, period, expected) in [
            (None, None, None, Stretch::Period(Period::Day)),
            (None, None, Some("hour"), Stretch::Period(Period::Hour)),
            (Some("-2h"), None, None, Stretch::Between(NOW - 7_200, NOW)),
            (Some("@1795348800"), Some("+1h"), None, Stretch::Between(1_795_348_800, 1_795_352_400)),
        ] {
            assert_eq!(stretch(from, to, period).unwrap(), expected);
        }
        for (from, to, period, said) in [
            (None, Some("now"), None, "show: --to without --from"),
            (None, Some("now"), Some("day"), "show: --to without --from"),
            (Some("-2h"), None, Some("week"), "show: --from and --period exclude each other"),
            (Some("soon"), None, None, "--from `soon` is not a time"),
            (Some("-1h"), Some("-2h"), None, "--from -1h is after --to"),
        ] {
            match stretch(from, to, period) {
                Err(Error::Usage(error)) => assert!(error.starts_with(said), "{error}"),
                other => panic!("{other:?} instead of: {said}"),
            }
        }
    }
}
