//! What writes the lines: each stamped later than the one before, none behind the end of the span.

use std::io::{self, Write};

use chrono::{DateTime, FixedOffset, SecondsFormat};

use super::rng::Rng;
use super::{SECOND, Traffic, write_label};

/// What stands before a line.
#[derive(Clone, Copy, PartialEq)]
pub enum Stamp {
    Label,
    /// RFC 3339 with microseconds, in local time, as rsyslog writes it.
    Date,
    None,
}

pub struct Pen<'a> {
    out: &'a mut dyn Write,
    rng: Rng,
    stamp: Stamp,
    offset: FixedOffset,
    /// Of the last line, in nanoseconds.
    last: u64,
    end: u64,
    pub lines: u64,
}

impl<'a> Pen<'a> {
    pub fn new(traffic: &Traffic, stamp: Stamp, out: &'a mut dyn Write) -> Self {
        let (start, end) = traffic.span();
        let stamp = if traffic.labels || stamp == Stamp::Date { stamp } else { Stamp::None };
        let offset = i32::try_from(traffic.utc_offset).ok().and_then(FixedOffset::east_opt);
        Self {
            out,
            rng: Rng(traffic.seed ^ 0x5e77),
            stamp,
            offset: offset.expect("an offset of less than a day"),
            last: start,
            end,
            lines: 0,
        }
    }

    /// Writes a line at `at`, or some microseconds after the one before it.
    pub fn write(&mut self, at: u64, text: &str) -> io::Result<()> {
        self.last = at.max(self.last + self.rng.range(9_000, 240_000));
        if self.last >= self.end {
            return Ok(());
        }
        self.lines += 1;
        match self.stamp {
            Stamp::Label => write_label(self.out, self.last)?,
            Stamp::Date => {
                let (secs, nanos) = ((self.last / SECOND) as i64, (self.last % SECOND) as u32);
                let utc = DateTime::from_timestamp(secs, nanos).expect("a date");
                let date = utc.with_timezone(&self.offset).to_rfc3339_opts(SecondsFormat::Micros, false);
                write!(self.out, "{date} ")?;
            }
            Stamp::None => {}
        }
        writeln!(self.out, "{text}")
    }
}
