//! `Sat Nov 28 17:36:25 2026 `, local time as ctime(3) writes it: OpenWrt's logread, and spamd's own file.

use super::civil::Civil;
use super::{civil, syslog};

/// The stamp that `line` begins with, and its length with the blank.
pub(super) fn stamp(line: &[u8]) -> Option<(Civil, usize)> {
    let weekday = line.get(..4)?;
    if !matches!(weekday, b"Mon " | b"Tue " | b"Wed " | b"Thu " | b"Fri " | b"Sat " | b"Sun ") {
        return None;
    }
    let (yearless, len) = syslog::rfc3164(&line[4..])?;
    let year = line.get(4 + len..4 + len + 4)?;
    let year = civil::two(year)? * 100 + civil::two(&year[2..])?;
    let len = 4 + len + 4;
    (line.get(len) == Some(&b' ')).then_some((yearless.in_year(year as i32)?, len + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::civil::Clock;
    use chrono::Utc;

    fn at(line: &str) -> Option<(i64, &str)> {
        let (when, len) = stamp(line.as_bytes())?;
        Some((when.local(&mut Clock::new(Utc, i64::MAX), b"")?.secs, &line[len..]))
    }

    #[test]
    fn weekday_first_and_the_year_behind_the_time() {
        // date -u -d '2026-11-28 17:36:25' +%s
        assert_eq!(at("Sat Nov 28 17:36:25 2026 x"), Some((1_795_887_385, "x")));
        assert_eq!(at("Sat Nov  7 17:36:25 2026 x"), Some((1_794_072_985, "x")));
        assert_eq!(at("Sat Nov 07 17:36:25 2026 x"), Some((1_794_072_985, "x")));
        assert_eq!(at("Thu Jan  1 00:00:00 1970 "), Some((0, "")));
    }

    #[test]
    fn what_is_none() {
        for line in [
            "",
            "Sat",
            "Sat Nov 28 17:36:25 2026",
            "Sat Nov 28 17:36:25 202 x",
            "Sat Nov 28 17:36:25 x",
            "Sun 28 Nov 17:36:25 2026 x",
            "Sab Nov 28 17:36:25 2026 x",
            "Sat Feb 30 17:36:25 2026 x",
            "Sat Nov 28 17:36:25 1960 x",
            "Sat Nov 28 25:36:25 2026 x",
        ] {
            assert_eq!(at(line), None, "{line}");
        }
    }
}
