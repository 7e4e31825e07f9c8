//! Numbers, durations and times as people read them. A narrow space that does not break stands before units.
use super::local;

/// The narrow space.
pub const THIN: char = '\u{202f}';

/// A whole number with its thousands apart: `1,234`.
#[expect(clippy::cast_possible_truncation, reason = "what is counted is far below 2^63")]
pub fn count(value: f64) -> String {
    let whole = value.round() as i64;
    let digits = whole.unsigned_abs().to_string();
    let mut text = String::from(if whole < 0 { "\u{2212}" } else { "" });
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number that is only about right: two digits of it.
pub fn about(value: f64) -> String {
    if value < 100.0 {
        return count(value);
    }
    let unit = 10_f64.powf(value.log10().floor() - 1.0);
    count((value / unit).round() * unit)
}

/// A share in percent, without the sign: `7.0`, `26`.
pub fn percent(value: f64) -> String {
    if value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
}

/// A range of shares, or of numbers: `8–27`; one number where both are the same.
pub fn range(low: &str, high: &str) -> String {
    if low == high { low.to_owned() } else { format!("{low}–{high}") }
}

/// Bytes: `377 MB`.
pub fn bytes(value: f64) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
    let (mut value, mut unit) = (value, 0);
    while value >= 999.5 && unit + 1 < units.len() {
        (value, unit) = (value / 1_000.0, unit + 1);
    }
    let number = if unit > 0 && value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") };
    format!("{number}{THIN}{}", units[unit])
}

/// A stretch of time by its two largest units: `27 h 28 min`.
pub fn duration(seconds: i64) -> String {
    let seconds = seconds.max(0);
    let parts = |many: i64, unit: &str, few: i64, smaller: &str| match few {
        0 => format!("{many}{THIN}{unit}"),
        few => format!("{many}{THIN}{unit}{THIN}{few}{THIN}{smaller}"),
    };
    match seconds {
        0..60 => format!("{seconds}{THIN}s"),
        60..3_600 => format!("{}{THIN}min", seconds / 60),
        3_600..259_200 => parts(seconds / 3_600, "h", seconds / 60 % 60, "min"),
        _ => parts(seconds / 86_400, "days", seconds / 3_600 % 24, "h"),
    }
}

/// How often something comes, by the seconds between two: `every 11 s`, `every second`.
#[expect(clippy::cast_possible_truncation, reason = "a gap is at most some years")]
pub fn every(gap: f64) -> String {
    let round = |unit: f64| (gap / unit).round() as i64;
    let (number, unit, one) = match gap {
        gap if gap < 89.5 => (round(1.0), "s", "every second"),
        gap if gap < 89.5 * 60.0 => (round(60.0), "min", "every minute"),
        gap if gap < 35.5 * 3_600.0 => (round(3_600.0), "h", "every hour"),
        _ => (round(86_400.0), "days", "every day"),
    };
    if number <= 1 { one.to_owned() } else { format!("every {number}{THIN}{unit}") }
}

/// A small number as a word.
pub fn small(number: usize) -> String {
    let words = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
        "twelve",
    ];
    words.get(number).map_or_else(|| number.to_string(), |word| (*word).to_owned())
}

/// `a`, `a and b`, `a, b and c`.
pub fn listed(all: &[&str]) -> String {
    match all {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// A time as one names it at `now`: of the same day `17:27`, of the last days `Thu 09:40`, else `12 Nov`.
pub fn moment(time: i64, now: i64) -> String {
    if local::midnight(time) == local::midnight(now) {
        local::clock(time)
    } else if (0..6 * 86_400).contains(&(now - time)) {
        format!("{} {}", local::short_weekday(time), local::clock(time))
    } else if local::year(time) == local::year(now) {
        local::date(time)
    } else {
        format!("{} {}", local::date(time), local::year(time))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With an ordinary space for the narrow one.
    fn plain(text: &str) -> String {
        text.replace(THIN, " ")
    }

    #[test]
    fn numbers_for_people() {
        let all = [0.0, 7.4, 999.0, 1_000.0, 1_234_567.0, -1_234.0];
        assert_eq!(all.map(count).join(" "), "0 7 999 1,000 1,234,567 −1,234");
        assert_eq!([4.4, 99.0, 314.0, 3_263.0, 95_400.0].map(about).join(" "), "4 99 310 3,300 95,000");
        assert_eq!([0.0, 1.84, 9.94, 9.96, 23.6, 100.0].map(percent).join(" "), "0.0 1.8 9.9 10 24 100");
        assert_eq!((range("8", "27"), range("5", "5")), ("8–27".into(), "5".into()));
        let sizes = [0.0, 999.0, 1_500.0, 377_204_113.0, 9.99e8, 1.2e12];
        assert_eq!(plain(&sizes.map(bytes).join(", ")), "0 bytes, 999 bytes, 1.5 kB, 377 MB, 999 MB, 1.2 TB");
    }

    #[test]
    fn times_for_people() {
        let all = [0, 59, 60, 3_599, 3_600, 98_880, 259_199, 259_200, 540_000];
        let expected = "0 s, 59 s, 1 min, 59 min, 1 h, 27 h 28 min, 71 h 59 min, 3 days, 6 days 6 h";
        assert_eq!(plain(&all.map(duration).join(", ")), expected);
        let all = [0.2, 1.4, 1.6, 11.0, 89.0, 90.0, 600.0, 5_500.0, 30_000.0, 86_400.0, 200_000.0];
        let expected = "every second, every second, every 2 s, every 11 s, every 89 s, every 2 min, every 10 min, \
                        every 2 h, every 8 h, every 24 h, every 2 days";
        assert_eq!(plain(&all.map(every).join(", ")), expected);
        assert_eq!((small(2), small(12), small(13)), ("two".into(), "twelve".into(), "13".into()));
        assert_eq!((listed(&["a"]), listed(&["a", "b", "c"])), ("a".into(), "a, b and c".into()));
        let now = 1_795_886_856;
        assert_eq!(moment(now - 60, now), local::clock(now - 60));
        let days_ago = moment(now - 3 * 86_400, now);
        assert_eq!(days_ago, format!("{} {}", local::short_weekday(now - 3 * 86_400), local::clock(now)));
        assert!(moment(now - 20 * 86_400, now).ends_with(" Nov"));
        assert!(moment(now - 400 * 86_400, now).ends_with(" 2025"));
    }
}
