//! Times as people write them: `2026-03-01 08:00`, `08:00`, `yesterday`, `-2h`, `+1d 12h`, `@1795434360`.

use chrono::{Days, Local, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};

use super::text;

/// The longest span that is drawn: as long as an RRD remembers.
const LONGEST: i64 = 3_660 * 86_400;

/// 2000-01-01: what is earlier librrd reads as something else, and no RRD has it.
const EARLIEST: i64 = 946_684_800;

/// Reads a span. `from` counts from `now` where it begins with a sign; `to` from the beginning of the span where it
/// begins with `+`, from now with `-`, and is now where it is not given.
///
/// # Errors
/// One line that says what would be a time.
pub(crate) fn span(from: &str, to: Option<&str>, now: i64) -> Result<(i64, i64), String> {
    let begin = time(from, now, now).map_err(|e| format!("--from {e}"))?;
    let end = to.map_or(Ok(now), |to| {
        let base = if to.trim_start().starts_with('+') { begin } else { now };
        time(to, base, now).map_err(|e| format!("--to {e}"))
    })?;
    match end.checked_sub(begin) {
        Some(60..=LONGEST) => Ok((begin, end)),
        Some(0..60) => Err("the span is shorter than a minute: name a longer one".to_owned()),
        Some(..0) => Err(format!(
            "--from {} is after --to: write them as --from '-2h' or --from '2026-03-01 08:00' --to +2h",
            text::excerpt(from)
        )),
        _ => Err("the span is longer than ten years, which is all that an RRD keeps".to_owned()),
    }
}

/// One time, Unix seconds; what begins with a sign counts from `base`.
///
/// # Errors
/// One line that says what would be a time.
pub(crate) fn time(text: &str, base: i64, now: i64) -> Result<i64, String> {
    let text = text.trim();
    let parsed = match text.as_bytes().first() {
        Some(b'+') => duration(&text[1..]).and_then(|d| base.checked_add(d)),
        Some(b'-') => duration(&text[1..]).and_then(|d| base.checked_sub(d)),
        Some(b'@') => text[1..].parse().ok(),
        _ => local(text, now),
    };
    parsed.filter(|time| (EARLIEST..=32_503_680_000).contains(time)).ok_or_else(|| {
        format!(
            "`{}` is not a time: write a time since 2000 as 2026-03-01, '2026-03-01 08:00', 08:00, today, yesterday, now, @SECONDS, or a \
             distance as -2h or +1d12h",
            text::excerpt(text)
        )
    })
}

/// `2h`, `1d12h`, `90m`, `1d 6h`: seconds. Without a unit: seconds.
fn duration(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: i64 = rest[..digits].parse().ok()?;
        let after = rest[digits..].trim_start();
        let letters = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let unit = match &after[..letters] {
            "" | "s" | "sec" | "second" | "seconds" => 1,
            "m" | "min" | "minute" | "minutes" => 60,
            "h" | "hour" | "hours" => 3_600,
            "d" | "day" | "days" => 86_400,
            "w" | "week" | "weeks" => 7 * 86_400,
            "y" | "year" | "years" => 365 * 86_400,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = after[letters..].trim_start();
    }
    Some(total)
}

/// A time of the local zone.
fn local(text: &str, now: i64) -> Option<i64> {
    let today = Local.timestamp_opt(now, 0).single()?.date_naive();
    let (date, rest) = match text.split_once([' ', 'T']) {
        Some((date, rest)) => (date, Some(rest.trim())),
        None => (text, None),
    };
    let clock = |text: &str| {
        let whole = if text.len() == 5 { format!("{text}:00") } else { text.to_owned() };
        NaiveTime::parse_from_str(&whole, "%H:%M:%S").ok()
    };
    let day = match date {
        "now" if rest.is_none() => return Some(now),
        "today" => Some(today),
        "yesterday" => today.checked_sub_days(Days::new(1)),
        date => NaiveDate::parse_from_str(date, "%Y-%m-%d").ok(),
    };
    let naive = match (day, rest) {
        (Some(day), Some(rest)) => day.and_time(clock(rest)?),
        (Some(day), None) => day.and_time(NaiveTime::MIN),
        (None, None) => today.and_time(clock(date)?),
        (None, Some(_)) => return None,
    };
    Some(unix(naive))
}

/// What a clock of this zone shows, as Unix seconds. Where it showed it twice: the first time; where it never did,
/// since it was put forward: as if it had not been.
pub(crate) fn unix(naive: NaiveDateTime) -> i64 {
    match Local.from_local_datetime(&naive) {
        LocalResult::Single(time) => time.timestamp(),
        // chrono does not always give the earlier one first.
        LocalResult::Ambiguous(one, other) => one.timestamp().min(other.timestamp()),
        LocalResult::None => {
            let before = naive - chrono::TimeDelta::hours(3);
            let offset =
                Local.from_local_datetime(&before).earliest().map_or(0, |t| t.offset().local_minus_utc());
            naive.and_utc().timestamp() - i64::from(offset)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_795_434_360;

    /// By another way than the code's: chrono's own text of it.
    fn written(time: i64) -> String {
        Local.timestamp_opt(time, 0).unwrap().format("%Y-%m-%d %H:%M:%S").to_string()
    }

    #[test]
    fn times_of_every_form() {
        for (text, expected) in [
            ("2026-03-01 08:00", "2026-03-01 08:00:00"),
            ("2026-03-01T08:00:30", "2026-03-01 08:00:30"),
            ("2026-03-01", "2026-03-01 00:00:00"),
        ] {
            assert_eq!(written(time(text, NOW, NOW).unwrap()), expected);
        }
        let today = written(NOW)[..10].to_owned();
        assert_eq!(written(time("today", NOW, NOW).unwrap()), format!("{today} 00:00:00"));
        assert_eq!(written(time("08:00", NOW, NOW).unwrap()), format!("{today} 08:00:00"));
        assert!(written(time("yesterday 23:00", NOW, NOW).unwrap()).ends_with(" 23:00:00"));
        assert_eq!(time("now", 5, NOW), Ok(NOW));
        assert_eq!(time("@1000000000", 5, NOW), Ok(1_000_000_000));
        assert_eq!(time("-1d 2h", NOW, NOW), Ok(NOW - 93_600));
        assert_eq!(time("+90min", NOW - 86_400, NOW), Ok(NOW - 81_000));
    }

    #[test]
    fn a_span_begins_before_it_ends() {
        assert_eq!(span("-2h", None, NOW), Ok((NOW - 7_200, NOW)));
        assert_eq!(span("-2d", Some("+3h"), NOW), Ok((NOW - 172_800, NOW - 162_000)));
        assert_eq!(span("-2d", Some("-1d"), NOW), Ok((NOW - 172_800, NOW - 86_400)));
        for (from, to) in [("-1h", Some("-2h")), ("now", None), ("@0", None), ("-2h", Some("+10s"))] {
            assert!(span(from, to, NOW).is_err(), "{from} {to:?}");
        }
    }

    #[test]
    fn what_is_no_time_is_said() {
        let huge = "9".repeat(40);
        for text in [
            "",
            "+",
            "soon",
            "2026-13-01",
            "25:00",
            "2026-03-01 8",
            "-2x",
            "@",
            "@-5",
            "-9999999999999999h",
            &huge,
        ] {
            let error = time(text, NOW, NOW).unwrap_err();
            assert!(error.contains("is not a time") && !error.contains('\n'), "{error}");
        }
    }
}
