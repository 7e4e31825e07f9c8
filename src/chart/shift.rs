//! How much earlier a series is than the picture that it is drawn in: `1w` puts last week beside this one.

use chrono::{Local, TimeZone};
use serde::Deserialize;

use super::period::{Span, nearest_row};
use super::text;

/// The longest shift in days: as long as an RRD remembers.
const LONGEST: u32 = 3_650;

/// Whole days, as a template writes them: `1d`, `2w`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Shift {
    days: u32,
}

impl TryFrom<String> for Shift {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digits = text.strip_suffix(['d', 'w']).unwrap_or_default();
        let is_number = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let number: Option<u32> = digits.parse().ok().filter(|_| is_number);
        let unit = if text.ends_with('w') { 7 } else { 1 };
        let days = number.and_then(|number| number.checked_mul(unit));
        days.filter(|days| (1..=LONGEST).contains(days)).map(|days| Self { days }).ok_or_else(|| {
            format!(
                "shift: `{}` is not a number of days or weeks, as 1d or 1w, of at most ten years",
                text::excerpt(&text)
            )
        })
    }
}

impl Shift {
    /// Seconds between what is drawn and the time at which it is drawn, in whole rows of `span`. None where `span` is
    /// longer than the shift: then the picture shows the earlier time itself.
    ///
    /// A day is a day of the local clock, because mail comes by that: after a change of the clocks nine in the morning
    /// stands upon nine in the morning. What counts is whether they were changed before the end of `span`.
    pub(crate) fn seconds(self, span: Span) -> Option<i64> {
        self.seconds_where(span, |time| {
            Local.timestamp_opt(time, 0).single().map_or(0, |local| local.offset().local_minus_utc().into())
        })
    }

    /// The same where clocks are `east` seconds ahead of UTC at a time.
    fn seconds_where(self, span: Span, east: impl Fn(i64) -> i64) -> Option<i64> {
        let nominal = i64::from(self.days) * 86_400;
        // A span that somebody chose is made larger to whole rows at both ends.
        if span.end - span.start > nominal + 2 * span.row {
            return None;
        }
        let seconds = nominal - east(span.end) + east(span.end - nominal);
        Some(nearest_row(seconds, span.row)).filter(|seconds| *seconds > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::period::Period;

    fn shift(text: &str) -> Result<Shift, String> {
        Shift::try_from(text.to_owned())
    }

    #[test]
    fn a_shift_is_whole_days_or_weeks() {
        for (text, days) in [("1d", 1), ("10d", 10), ("1w", 7), ("52w", 364), ("007d", 7), ("3650d", 3_650)] {
            assert_eq!(shift(text), Ok(Shift { days }), "{text}");
        }
        let huge = "9".repeat(50) + "w";
        for text in [
            "", "w", "1", "0d", "0w", "-1w", "+1w", "1 w", "1.5w", "1W", "1m", "1y", "1wd", "1é", "3651d",
            &huge,
        ] {
            let error = shift(text).unwrap_err();
            assert!(error.contains("as 1d or 1w") && !error.contains('\n'), "{text}: {error}");
        }
    }

    #[test]
    fn a_week_before_is_in_no_picture_that_is_longer_than_a_week() {
        let week = shift("1w").unwrap();
        // 2026-11-23, weeks after the last change of the clocks anywhere in Europe and America.
        let shown = Period::ALL.map(|period| week.seconds(period.span(1_795_434_360, 60)).is_some());
        assert_eq!(shown, [true, true, true, false, false]);
        assert_eq!(week.seconds(Period::Week.span(1_795_434_360, 60)), Some(604_800));
        // Rows that do not divide a week: the nearest number of them.
        let odd = week.seconds(Period::Day.span(1_795_434_360, 7));
        assert_eq!(odd, Some(2_009 * 301));
        assert!(shift("1d").unwrap().seconds(Period::Week.span(1_795_434_360, 60)).is_none());
        let chosen = Span { start: 1_795_348_800, end: 1_795_348_800 + 604_800 + 3_600, row: 1_800 };
        assert!(week.seconds(chosen).is_some());
        assert!(week.seconds(Span { end: chosen.end + 1_800, ..chosen }).is_none());
    }

    #[test]
    fn nine_oclock_stands_upon_nine_oclock_after_a_change_of_the_clocks() {
        // Berlin, 2026-03-29 01:00 UTC: an hour forward.
        let spring = 1_774_746_000;
        let berlin = |time: i64| if time < spring { 3_600 } else { 7_200 };
        let week = shift("1w").unwrap();
        let at = |now: i64| week.seconds_where(Period::Day.span(now, 60), berlin).unwrap();
        assert_eq!(at(spring - 3_600), 604_800);
        // `TZ=Europe/Berlin date`: Wed 1 Apr 09:00 is 1775026800, Wed 25 Mar 09:00 is 1774425600.
        assert_eq!(at(1_775_026_800), 1_775_026_800 - 1_774_425_600);
        assert_eq!(at(spring + 8 * 86_400), 604_800);
    }
}
