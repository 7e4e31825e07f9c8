//! systemd's Journal Export Format: `NAME=value`, or `NAME`, the value's length (64 bits, little endian) and the value;
//! an empty line ends an entry.
use std::io::{self, BufRead, Read};

use super::entry::Entry;
use crate::line::Stamp;
use crate::source::lines::LINE_LIMIT;

/// The fields that are asked for, besides those that every entry has.
pub(super) const FIELDS: [&str; 7] = [
    "MESSAGE",
    "SYSLOG_IDENTIFIER",
    "_COMM",
    "_HOSTNAME",
    "SYSLOG_PID",
    "_PID",
    "_SOURCE_REALTIME_TIMESTAMP",
];

/// No field's name is longer (journald allows 64 bytes); nor is a line that names none of ours worth more.
const NAME: usize = 128;
/// A cursor has some 130 bytes.
const VALUE: usize = 1024;

/// One entry's fields, of each the first.
#[derive(Debug, Default)]
pub(super) struct Record {
    cursor: String,
    received: Option<u64>,
    logged: Option<u64>,
    message: Option<Vec<u8>>,
    host: Option<Vec<u8>>,
    identifier: Option<Vec<u8>>,
    command: Option<Vec<u8>>,
    syslog_pid: Option<Vec<u8>>,
    pid: Option<Vec<u8>>,
}

impl Record {
    pub(super) fn cursor(&self) -> &str {
        &self.cursor
    }

    /// The entry. `None`: it has no message, or no time.
    pub(super) fn entry(&self) -> Option<Entry<'_>> {
        let stamp = |micros: u64| {
            let nanos = u32::try_from(micros % 1_000_000).ok()? * 1000;
            Stamp::new(i64::try_from(micros / 1_000_000).ok()?, nanos)
        };
        Some(Entry {
            time: self.logged.and_then(stamp).or_else(|| self.received.and_then(stamp))?,
            host: self.host.as_deref(),
            tag: self.identifier.as_deref().or(self.command.as_deref()),
            pid: self.syslog_pid.as_deref().or(self.pid.as_deref()),
            message: self.message.as_deref()?,
        })
    }

    /// How many bytes of this field are wanted.
    fn room(name: &[u8]) -> usize {
        match name {
            b"MESSAGE" => LINE_LIMIT,
            b"__CURSOR" | b"__REALTIME_TIMESTAMP" => VALUE,
            _ if FIELDS.iter().any(|f| f.as_bytes() == name) => VALUE,
            _ => 0,
        }
    }

    fn set(&mut self, name: &[u8], value: Vec<u8>) {
        let number = || std::str::from_utf8(&value).ok().and_then(|v| v.parse().ok());
        match name {
            b"__CURSOR" => self.cursor = String::from_utf8(value).unwrap_or_default(),
            b"__REALTIME_TIMESTAMP" => self.received = number(),
            b"_SOURCE_REALTIME_TIMESTAMP" => self.logged = self.logged.or(number()),
            b"MESSAGE" => {
                let line = value.split(|&b| b == b'\n').next().unwrap_or_default().to_vec();
                self.message.get_or_insert(line);
            }
            b"_HOSTNAME" => drop(self.host.get_or_insert(value)),
            b"SYSLOG_IDENTIFIER" => drop(self.identifier.get_or_insert(value)),
            b"_COMM" => drop(self.command.get_or_insert(value)),
            b"SYSLOG_PID" => drop(self.syslog_pid.get_or_insert(value)),
            b"_PID" => drop(self.pid.get_or_insert(value)),
            _ => {}
        }
    }
}

/// Entries of a stream. Fields that nobody asked for, and what is too long of the others, cost no memory.
pub(super) struct Reader<R> {
    from: R,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(from: R) -> Self {
        Reader { from }
    }

    /// The next entry. `None`: the stream is at its end.
    pub(super) fn next(&mut self) -> io::Result<Option<Record>> {
        let mut record: Option<Record> = None;
        while let Some((line, has_newline)) = self.line(NAME + LINE_LIMIT)? {
            if !has_newline {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if !line.is_empty() {
                self.field(line, record.get_or_insert_default())?;
            } else if record.is_some() {
                return Ok(record);
            }
        }
        match record {
            Some(_) => Err(io::ErrorKind::UnexpectedEof.into()),
            None => Ok(None),
        }
    }

    /// The field that begins with this line.
    fn field(&mut self, mut line: Vec<u8>, record: &mut Record) -> io::Result<()> {
        match memchr::memchr(b'=', &line) {
            Some(equals) => {
                let name = line[..equals].to_vec();
                line.drain(..=equals);
                line.truncate(Record::room(&name));
                record.set(&name, line);
            }
            None => {
                let value = self.binary(Record::room(&line))?;
                record.set(&line, value);
            }
        }
        Ok(())
    }

    /// The first bytes, `room` at most, of a line without its newline; and whether it had one.
    fn line(&mut self, room: usize) -> io::Result<Option<(Vec<u8>, bool)>> {
        let mut line = Vec::new();
        let mut any = false;
        loop {
            let block = self.from.fill_buf()?;
            if block.is_empty() {
                return Ok(any.then_some((line, false)));
            }
            any = true;
            let newline = memchr::memchr(b'\n', block);
            let part = block.get(..newline.unwrap_or(block.len())).unwrap_or_default();
            line.extend_from_slice(&part[..part.len().min(room - line.len().min(room))]);
            let used = part.len() + usize::from(newline.is_some());
            self.from.consume(used);
            if newline.is_some() {
                return Ok(Some((line, true)));
            }
        }
    }

    /// The first bytes, `room` at most, of a value with its length before it and a newline behind it.
    fn binary(&mut self, room: usize) -> io::Result<Vec<u8>> {
        let mut length = [0; 8];
        self.from.read_exact(&mut length)?;
        let length = u64::from_le_bytes(length);
        let kept = length.min(room as u64);
        let mut value = Vec::new();
        self.from.by_ref().take(kept).read_to_end(&mut value)?;
        let rest = length - kept;
        let skipped = io::copy(&mut self.from.by_ref().take(rest), &mut io::sink())?;
        let mut newline = [0];
        self.from.read_exact(&mut newline)?;
        if value.len() as u64 != kept || skipped != rest || newline != *b"\n" {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a value does not end where it should"));
        }
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn records(bytes: &[u8]) -> io::Result<Vec<Record>> {
        let mut reader = Reader::new(bytes);
        let mut all = Vec::new();
        while let Some(record) = reader.next()? {
            all.push(record);
        }
        Ok(all)
    }

    fn field(name: &str, value: &[u8]) -> Vec<u8> {
        let mut bytes = format!("{name}\n").into_bytes();
        bytes.extend((value.len() as u64).to_le_bytes());
        bytes.extend(value);
        bytes.push(b'\n');
        bytes
    }

    #[test]
    fn text_and_binary_fields() {
        let mut bytes = b"__CURSOR=c;1\n__REALTIME_TIMESTAMP=1790000000123456\n_PID=7\n_COMM=a\n".to_vec();
        bytes.extend(field("MESSAGE", b"one\0=\xff\ntwo\n\nthree"));
        bytes.extend(b"\n__CURSOR=c;2\n__REALTIME_TIMESTAMP=5000000\n_SOURCE_REALTIME_TIMESTAMP=4000001\n");
        bytes.extend(b"MESSAGE=a=b\nMESSAGE=second\nSYSLOG_IDENTIFIER=t\n_COMM=u\n_HOSTNAME=h\n");
        bytes.extend(b"SYSLOG_PID=8\n_PID=9\n\n__CURSOR=c;3\n__REALTIME_TIMESTAMP=1\n\n");
        let all = records(&bytes).unwrap();
        assert_eq!(all.iter().map(Record::cursor).collect::<Vec<_>>(), ["c;1", "c;2", "c;3"]);
        let entry = all[0].entry().unwrap();
        assert_eq!(entry.time, Stamp { secs: 1_790_000_000, nanos: 123_456_000 });
        assert_eq!(
            (entry.message, entry.tag, entry.pid),
            (&b"one\0=\xff"[..], Some(&b"a"[..]), Some(&b"7"[..]))
        );
        let entry = all[1].entry().unwrap();
        assert_eq!(entry.time, Stamp { secs: 4, nanos: 1000 });
        assert_eq!((entry.message, entry.tag), (&b"a=b"[..], Some(&b"t"[..])));
        assert_eq!((entry.host, entry.pid), (Some(&b"h"[..]), Some(&b"8"[..])));
        assert!(all[2].entry().is_none(), "without a message");
    }

    #[test]
    fn what_is_too_long_is_skipped() {
        let long = vec![b'x'; 1_000_000];
        let mut bytes = field("COREDUMP", &long);
        bytes.extend(
            [b"HUGE=", &long[..], b"\nMESSAGE=", &long[..], b"\n__REALTIME_TIMESTAMP=1\n\n"].concat(),
        );
        bytes.extend(field("MESSAGE", &long));
        bytes.extend(b"__REALTIME_TIMESTAMP=2\n\n");
        let all = records(&bytes).unwrap();
        let lengths: Vec<usize> = all.iter().map(|r| r.entry().unwrap().message.len()).collect();
        assert_eq!(lengths, [LINE_LIMIT, LINE_LIMIT]);
    }

    #[test]
    fn an_entry_that_is_cut_is_an_error() {
        for bytes in
            [&b"MESSAGE=cu"[..], b"MESSAGE\n\x05\0\0\0\0\0\0\0abc", b"MESSAGE\n\x01\0\0\0\0\0\0\0abc\n"]
        {
            assert!(records(bytes).is_err(), "{}", bytes.escape_ascii());
        }
        assert!(records(&[b"MESSAGE\n", &u64::MAX.to_le_bytes()[..], b"abc"].concat()).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_end_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = records(&bytes);
        }
    }
}
