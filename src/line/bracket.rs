//! `[28-Sep-2026 22:40:23 +0000]: `: roundcube's own files (`log_driver = file`, `log_date_format` `d-M-Y H:i:s O`).
//!
//! With microseconds (`d-M-Y H:i:s.u O`) too, and without a zone, then local and with or without the colon after
//! the bracket, as php-fpm writes it.

use chrono::TimeZone;

use super::civil::{self, Civil, Clock};
use super::stamp::Stamp;

/// The stamp that `line` begins with, and the length up to the text, in bytes.
pub(super) fn stamp<Tz: TimeZone>(line: &[u8], clock: &mut Clock<Tz>) -> Option<(Stamp, usize)> {
    let inner = line.strip_prefix(b"[")?;
    let day = civil::two(inner)?;
    if inner.get(2) != Some(&b'-') || inner.get(6) != Some(&b'-') || inner.get(11) != Some(&b' ') {
        return None;
    }
    let month = civil::month(inner.get(3..6)?)?;
    let year = civil::two(&inner[7..])? * 100 + civil::two(&inner[9..])?;
    let (time, len) = civil::time_of_day(&inner[12..])?;
    let when = Civil::new(year as i32, month, day, time)?;
    let mut rest = &inner[12 + len..];
    let time = match rest.strip_prefix(b" ") {
        Some(zoned) => {
            let (offset, len) = civil::zone(zoned)?;
            rest = &zoned[len..];
            when.at_offset(offset)?
        }
        None => when.local(clock, b"")?,
    };
    let text = rest.strip_prefix(b"]: ").or_else(|| rest.strip_prefix(b"] "))?;
    Some((time, line.len() - text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::FixedOffset;

    /// Unix seconds and the text, local time being an hour before UTC.
    fn at(line: &str) -> Option<(i64, &str)> {
        let mut clock = Clock::new(FixedOffset::west_opt(3600)?, i64::MAX);
        stamp(line.as_bytes(), &mut clock).map(|(time, len)| (time.secs, &line[len..]))
    }

    #[test]
    fn a_zone_gives_the_instant() {
        assert_eq!(at("[28-Sep-2026 22:45:13 +0000]: x"), Some((1_790_635_513, "x")));
        assert_eq!(at("[29-Sep-2026 00:45:13 +0200]: x"), Some((1_790_635_513, "x")));
        assert_eq!(at("[28-Sep-2026 17:45:13.900254 -0500]: <s> x"), Some((1_790_635_513, "<s> x")));
    }

    #[test]
    fn without_a_zone_it_is_local() {
        assert_eq!(
            at("[28-Sep-2026 21:45:13] WARNING: [pool www]"),
            Some((1_790_635_513, "WARNING: [pool www]"))
        );
        assert_eq!(at("[28-Sep-2026 21:45:13]: x"), Some((1_790_635_513, "x")));
    }

    #[test]
    fn what_is_none() {
        for line in [
            "[",
            "[100] info: spamd: x",
            "[28-Sep-2026]",
            "[28-Sep-2026 22:45:13",
            "[28-Sep-2026 22:45:13 +0000]",
            "[28-Sep-2026 22:45:13 +0000]:x",
            "[28-Sep-2026 22:45:13 +00]: x",
            "[28-Sep-2026 22:45:13 CEST]: x",
            "[30-Feb-2026 22:45:13 +0000]: x",
            "[28-Zep-2026 22:45:13 +0000]: x",
            "[28-Sep-1969 22:45:13 +0000]: x",
        ] {
            assert_eq!(at(line), None, "{line}");
        }
    }
}
