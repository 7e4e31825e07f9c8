//! A door for the fuzz targets: times in a zone of their choice.
use chrono::TimeZone;

use super::parser::Parser;

/// As [`Parser::new`], with local time being that of `zone`.
pub fn parser<Tz: TimeZone>(zone: Tz, tai_offset: i64, mtime: i64) -> Parser<Tz> {
    Parser::in_zone(zone, tai_offset, mtime)
}
