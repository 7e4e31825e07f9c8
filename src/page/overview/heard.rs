//! When each source was heard last, and how often a line of it usually comes.
use serde::Serialize;

use super::asked::{grows, keys, original};
use super::events::median;
use super::newest::{moved, newest};
use super::silence::in_the_same_time;
use crate::chart::text;
use crate::page::history::{History, KEPT};
use crate::page::{local, words};
use crate::reading::{Counter, OLD, Reading};

/// A source is told to be silent if it is for longer than this (seconds), and if in the same time of other weeks more lines than
/// this came; where these are not known, if it is for so many times the usual gap between two lines.
const SILENT: i64 = 1_800;
const GAPS: f64 = 20.0;
/// A line is told to come as often as on the day before the last one (seconds), or in the week before it.
const DAY: i64 = 86_400;

/// All sources.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Heard {
    /// In the order of the protocols.
    pub rows: Vec<Source>,
    /// The longest silence (seconds) of those that are not silent; none: there are none.
    #[serde(skip)]
    pub(super) slowest: Option<i64>,
    /// How many of them ever had a line, or were measured.
    #[serde(skip)]
    pub(super) ever: usize,
    /// How many ever had a line.
    #[serde(skip)]
    pub(super) logs: usize,
}

/// A source: what writes a protocol's lines.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Source {
    /// What it is called.
    pub name: String,
    /// When its last line came: `17:27`, `Thu 09:40`, `never`.
    pub time: String,
    /// The same for machines; empty: never.
    pub datetime: String,
    /// How often a line usually comes.
    pub usual: String,
    /// Has it been silent for much longer than usual?
    pub is_silent: bool,
}

/// What is known of a source.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Last {
    /// When the last line came, Unix seconds; none: never.
    pub heard: Option<i64>,
    /// The usual seconds between two lines; none: that is not known.
    pub gap: Option<f64>,
    /// How many lines came in the same time of other weeks; none: that is not known.
    pub usual: Option<f64>,
    /// Is it measured, and not heard?
    pub measured: bool,
    /// Until when it was read, if that is too long ago to know whether it is silent, Unix seconds.
    pub unread: Option<i64>,
}

impl Last {
    /// Has it been silent for much longer than usual at `now`? A stamp of the future is one of now. What is measured is so by
    /// every update.
    pub(super) fn is_silent(self, now: i64) -> bool {
        if self.measured && self.unread.is_none() {
            return self.heard.is_some_and(|heard| now - heard > OLD);
        }
        let Some(heard) = self.heard else { return false };
        let silence = self.unread.unwrap_or(now) - heard;
        let is_unusual = match (self.usual, self.gap) {
            (Some(usual), _) => usual > GAPS,
            (None, Some(gap)) => float(silence) > GAPS * gap,
            // Nothing of it is left that anybody could compare with.
            (None, None) => silence > KEPT,
        };
        silence > SILENT && is_unusual
    }

    fn row(self, name: String, now: i64) -> Source {
        let is_silent = self.is_silent(now);
        let often = self.gap.map(words::every);
        let usual = match (self.heard, often, self.measured) {
            _ if self.unread.is_some_and(|seen| seen <= 0) => "not read yet".to_owned(),
            _ if self.unread.is_some() => {
                format!("not read since {}", words::moment(self.unread.unwrap_or_default(), now))
            }
            (None, ..) => "no line of it was read yet".to_owned(),
            (Some(heard), _, true) if is_silent => {
                format!("not measured since {}", words::moment(heard, now))
            }
            (_, _, true) => "measured".to_owned(),
            (_, Some(often), _) if is_silent => format!("silent, usually {often}"),
            (_, None, _) if is_silent => "silent".to_owned(),
            (_, often, _) => often.unwrap_or_default(),
        };
        let (time, datetime) = self.heard.map_or_else(
            || ("never".to_owned(), String::new()),
            |heard| (words::moment(heard.min(now), now), local::machine(heard)),
        );
        Source { name, time, datetime, usual, is_silent }
    }
}

/// What is heard of all of `readings`. A program that the server does not have is not told of: nothing of it was ever counted,
/// and no log is its own.
pub(super) fn heard(readings: &[Reading], history: &History<'_>, now: i64) -> Heard {
    let mut all = Heard::default();
    for reading in readings.iter().filter(|reading| is_there(reading, readings)) {
        let last = last(reading, history, now);
        let silence = last.heard.map(|heard| (now - heard).max(0)).filter(|_| !last.is_silent(now));
        all.slowest = all.slowest.max(silence);
        all.ever += usize::from(last.heard.is_some());
        all.logs += usize::from(last.heard.is_some() && !last.measured);
        all.rows.push(last.row(name(reading), now));
    }
    all
}

/// Is it a protocol that the server has? What is told of the whole of it stands with the protocol, not with its sections.
fn is_there(reading: &Reading, readings: &[Reading]) -> bool {
    let Some(whole) = &reading.whole else {
        // What other machines pushed is told without its sources.
        let is_protocol = reading.like.is_none_or(|like| like.instance == reading.protocol);
        return is_protocol && !reading.page.lines.is_empty() && moved(reading);
    };
    let shared = |path: &str| {
        let others = readings.iter().filter(|other| other.rrd != reading.rrd);
        others
            .filter_map(|other| other.whole.as_ref())
            .any(|other| other.sources.iter().any(|(name, _)| name == path))
    };
    moved(reading) || whole.sources.iter().any(|(path, _)| !shared(path))
}

/// What a source is called: by the card's words, or by the heading.
pub(super) fn name(reading: &Reading) -> String {
    let heard = reading.page.heard;
    let title = if reading.title.is_empty() { reading.protocol } else { reading.title };
    text::plain(if heard.is_empty() || original(reading) != reading.protocol { title } else { heard })
}

/// When it was heard last, and how often it usually is.
fn last(reading: &Reading, history: &History<'_>, now: i64) -> Last {
    let (heard, lines) = (newest(reading, history, now), keys(reading, reading.page.lines, false));
    let is_unread = reading.trouble().is_some() || now - reading.seen > OLD;
    let unread = is_unread.then_some(reading.seen);
    let Some(heard) = heard else {
        return Last { measured: reading.measured, unread, ..Last::default() };
    };
    let since = history.since(reading.protocol).unwrap_or(heard);
    let gap = |seconds: i64| {
        let from = (heard - seconds).max(since);
        let number = match lines.is_empty() {
            false => history.grew_at_least(reading.protocol, lines.iter().copied(), from, heard + 60),
            // One line may count several times: there were at least as many as of the counter that grew most.
            true => reading
                .sources()
                .filter(|counter| grows(counter))
                .map(|counter| history.grew_at_least(reading.protocol, [counter.key], from, heard + 60))
                .fold(0.0, f64::max),
        };
        (number >= 2.0 && heard > from).then(|| float(heard - from) / number)
    };
    let came = |from: i64, to: i64| match lines.is_empty() {
        false => history.grew(reading.protocol, lines.iter().copied(), from, to),
        true => {
            let grew = |counter: &Counter| history.grew(reading.protocol, [counter.key], from, to);
            reading.sources().filter(|counter| grows(counter)).filter_map(grew).reduce(f64::max)
        }
    };
    let until = unread.unwrap_or(now);
    let usual = (until - heard > SILENT).then(|| median(in_the_same_time(heard, until, came))).flatten();
    let gap = gap(DAY).or_else(|| gap(7 * DAY));
    Last { heard: Some(heard), gap, usual, measured: reading.measured, unread }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of some years are far below 2^52")]
pub(super) fn float(seconds: i64) -> f64 {
    seconds as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_886_856;

    fn row(heard: Option<i64>, gap: Option<f64>) -> Source {
        Last { heard: heard.map(|ago| NOW - ago), gap, usual: None, measured: false, unread: None }
            .row("x".into(), NOW)
    }

    #[test]
    fn silence_is_measured_by_the_usual_gap() {
        for (ago, gap, is_silent) in [
            (1_800, 1.0, false),
            (1_801, 1.0, true),
            (1_801, 100.0, false),
            (2_000, 100.0, false),
            (2_001, 100.0, true),
            // Three lines a day.
            (6 * 86_400, 28_800.0, false),
            (7 * 86_400, 28_800.0, true),
            // A stamp of the future.
            (-500, 1.0, false),
        ] {
            assert_eq!(row(Some(ago), Some(gap)).is_silent, is_silent, "{ago} {gap}");
        }
        assert!(!row(Some(10 * 86_400), None).is_silent, "nobody knows how often it comes");
    }

    #[test]
    fn what_is_told_of_a_source() {
        let plain = |source: Source| format!("{} | {}", source.time, source.usual).replace(words::THIN, " ");
        let clock = |ago| local::clock(NOW - ago);
        assert_eq!(plain(row(Some(60), Some(11.2))), format!("{} | every 11 s", clock(60)));
        assert_eq!(
            plain(row(Some(7_200), Some(1.0))),
            format!("{} | silent, usually every second", clock(7_200))
        );
        assert_eq!(plain(row(None, None)), "never | no line of it was read yet");
        assert_eq!(plain(row(Some(-600), Some(5.0))), format!("{} | every 5 s", clock(0)));
        let measured = Last { heard: Some(NOW - 60), gap: Some(300.0), measured: true, ..Last::default() };
        assert_eq!(measured.row("x".into(), NOW).usual, "measured");
        let unread =
            |seen| Last { heard: Some(NOW - 9_000), gap: Some(1.0), unread: Some(seen), ..Last::default() };
        let row = unread(NOW - 8_990).row("x".into(), NOW);
        assert_eq!((row.usual, row.is_silent), (format!("not read since {}", clock(8_990)), false));
        assert!(unread(NOW - 7_000).is_silent(NOW), "it was silent before that");
        assert_eq!(unread(0).row("x".into(), NOW).usual, "not read yet");
        let later = measured.row("x".into(), NOW + 86_400);
        let told = format!("not measured since {}", words::moment(NOW - 60, NOW + 86_400));
        assert_eq!((later.usual, later.is_silent), (told, true));
        // Once was it measured, so that nothing is usual.
        assert!(Last { gap: None, ..measured }.is_silent(NOW + 86_400));
    }
}
