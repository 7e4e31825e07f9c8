//! The export format of journalctl: read in any pieces, and read as it was written.
use std::io::{BufRead, BufReader};

use maillogs::line::Stamp;
use maillogs::source::journal::fuzzing::entries;
use maillogs::source::lines::LINE_LIMIT;

/// No other field is kept any longer, in bytes.
const VALUE: usize = 1024;

/// Bytes as a stream, and as the values of an entry.
pub fn any(stream: &[u8]) {
    let (whole, end) = read(stream);
    for capacity in [1, 7, 100] {
        assert!(
            read(BufReader::with_capacity(capacity, stream)) == (whole.clone(), end),
            "in pieces of {capacity}"
        );
    }
    written(stream);
}

/// An entry as it was read: cursor; time, host, tag, PID and message.
type Read = (String, Option<(Stamp, [Option<Vec<u8>>; 3], Vec<u8>)>);

/// The entries of a stream, and whether it ended well.
fn read(stream: impl BufRead) -> (Vec<Read>, bool) {
    let mut all = Vec::new();
    let end = entries(stream, |cursor, entry| {
        let owned = entry.map(|entry| {
            let fields = [entry.host, entry.tag, entry.pid];
            assert!(fields.iter().flatten().all(|field| field.len() <= VALUE));
            assert!(entry.message.len() <= LINE_LIMIT && !entry.message.contains(&b'\n'));
            (entry.time, fields.map(|field| field.map(<[u8]>::to_vec)), entry.message.to_vec())
        });
        assert!(cursor.len() <= VALUE);
        all.push((cursor.to_owned(), owned));
    });
    (all, end.is_ok())
}

/// Entries whose messages are the lines of `bytes`.
fn written(bytes: &[u8]) {
    let mut stream = Vec::new();
    let messages: Vec<&[u8]> = bytes.split(|&b| b == b'\n').collect();
    for (i, message) in messages.iter().enumerate() {
        let mut field = |name: &str, value: &[u8]| {
            // journalctl writes as text what is UTF-8 without control characters.
            let is_text = std::str::from_utf8(value).is_ok_and(|text| !text.contains(char::is_control));
            stream.extend(name.as_bytes());
            if is_text && i % 2 == 0 {
                stream.push(b'=');
            } else {
                stream.push(b'\n');
                stream.extend((value.len() as u64).to_le_bytes());
            }
            stream.extend(value);
            stream.push(b'\n');
        };
        field("__CURSOR", format!("c;{i}").as_bytes());
        field("__REALTIME_TIMESTAMP", format!("{}", 1_790_635_513_000_000 + i).as_bytes());
        field("_HOSTNAME", b"mx1");
        field("_COREDUMP", message);
        field("SYSLOG_IDENTIFIER", message);
        field("MESSAGE", message);
        stream.push(b'\n');
    }
    let (all, end) = read(&stream[..]);
    assert!(end && all.len() == messages.len());
    for (i, ((cursor, entry), message)) in all.into_iter().zip(messages).enumerate() {
        assert_eq!(cursor, format!("c;{i}"));
        let (_, [host, tag, _], read) = entry.expect("it has a time and a message");
        assert_eq!(host.as_deref(), Some(&b"mx1"[..]));
        assert_eq!(tag.as_deref(), Some(&message[..message.len().min(VALUE)]));
        assert_eq!(read, message[..message.len().min(LINE_LIMIT)]);
    }
}
