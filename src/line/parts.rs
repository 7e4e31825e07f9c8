//! Lines that a container's log holds in several parts, joined.

use chrono::TimeZone;

use super::container::{self, Wrapped};
use super::fields::{LINE_LIMIT, Line, without_marks};
use super::parser::Parser;
use super::stamp::Stamp;

/// What is known of the unfinished line of one stream (stdout, stderr).
#[derive(Clone, Debug, Default)]
enum Open {
    /// There is none.
    #[default]
    No,
    /// Its parts so far, at most [`LINE_LIMIT`] bytes of them; when the first one was written.
    Begun { stamp: Vec<u8>, time: Option<Stamp>, text: Vec<u8> },
    /// The line was processed already: what comes until its end counts nothing.
    Rest,
}

/// Takes the lines of one log apart, as [`Parser`] does, and joins those that come in parts. A part that does not end
/// its line counts nothing ([`Line::continuation`]); the last one stands for the whole line, under the time of the first.
#[derive(Debug, Default)]
pub struct Parts {
    /// Of stdout and stderr: their lines come in turns.
    open: [Open; 2],
    text: Vec<u8>,
}

impl Parts {
    /// Takes `line` apart, of which `end` has the last bytes. It is without its newline.
    #[inline]
    pub fn parse<'a, Tz: TimeZone>(
        &'a mut self,
        parser: &mut Parser<Tz>,
        line: &'a [u8],
        end: &'a [u8],
    ) -> Line<'a> {
        let line = without_marks(line);
        if container::may_begin(line) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if let Some(wrapped) = container::wrapped(line, end) {
                return self.join(parser, wrapped);
            }
        }
        parser.unwrapped(line)
    }

    #[cold]
    fn join<'a, Tz: TimeZone>(&'a mut self, parser: &mut Parser<Tz>, part: Wrapped<'a>) -> Line<'a> {
        let open = &mut self.open[usize::from(part.stderr)];
        let nothing = Line { continuation: true, ..Line::stamped_or_not(part.time, b"") };
        match open {
            Open::No if part.ends && !part.is_escaped => return parser.inside(part.text, part.time),
            Open::No if part.ends => {
                self.text.clear();
                container::unescape(part.text, LINE_LIMIT, &mut self.text);
                return parser.inside(&self.text, part.time);
            }
            Open::No => {
                let mut text = Vec::new();
                append(&mut text, &part);
                *open = Open::Begun { stamp: part.stamp.to_vec(), time: part.time, text };
            }
            Open::Begun { time, text, .. } => {
                append(text, &part);
                if part.ends {
                    let time = *time;
                    self.text = std::mem::take(text);
                    *open = Open::No;
                    return parser.inside(&self.text, time);
                }
            }
            Open::Rest if part.ends => *open = Open::No,
            Open::Rest => {}
        }
        nothing
    }

    /// The beginnings of lines that wait for their rest, to be given to [`Parts::resume`]; they do not wait here any
    /// longer. `None`: there is none.
    pub fn take_unfinished(&mut self) -> Option<Vec<u8>> {
        let mut held = Vec::new();
        for (open, name) in self.open.iter_mut().zip(["stdout", "stderr"]) {
            if let Open::Begun { stamp, text, .. } = open {
                if !held.is_empty() {
                    held.push(b'\n');
                }
                held.extend_from_slice(stamp);
                held.extend_from_slice(format!(" {name} P ").as_bytes());
                held.extend(text.iter().map(|&b| if b == b'\n' { b' ' } else { b }));
                *open = Open::Rest;
            }
        }
        (!held.is_empty()).then_some(held)
    }

    /// Goes on with what [`Parts::take_unfinished`] gave. `false`: `held` is no such thing.
    pub fn resume(&mut self, held: &[u8]) -> bool {
        let parts: Vec<_> = held.split(|&b| b == b'\n').map(|line| container::wrapped(line, line)).collect();
        let whole = |part: &Option<Wrapped<'_>>| part.is_none_or(|part| part.ends);
        if parts.iter().any(whole) {
            return false;
        }
        for part in parts.into_iter().flatten() {
            let (stamp, text) = (part.stamp.to_vec(), part.text.to_vec());
            self.open[usize::from(part.stderr)] = Open::Begun { stamp, time: part.time, text };
        }
        true
    }

    /// Which of stdout and stderr have an unfinished line.
    pub fn unfinished(&self) -> [bool; 2] {
        self.open.each_ref().map(|open| !matches!(open, Open::No))
    }

    /// Skips the rest of these streams' unfinished lines, which were counted already.
    pub fn skip(&mut self, streams: [bool; 2]) {
        for (open, skip) in self.open.iter_mut().zip(streams) {
            if skip && matches!(open, Open::No) {
                *open = Open::Rest;
            }
        }
    }
}

fn append(text: &mut Vec<u8>, part: &Wrapped<'_>) {
    let room = LINE_LIMIT - text.len().min(LINE_LIMIT);
    if part.is_escaped {
        container::unescape(part.text, room, text);
    } else {
        text.extend_from_slice(&part.text[..part.text.len().min(room)]);
    }
}

/// Is `line` of a container's log? Then: is it of stderr, and does it end its line? `end`: its last bytes.
pub fn part_of(line: &[u8], end: &[u8]) -> Option<(bool, bool)> {
    let line = without_marks(line);
    container::may_begin(line).then(|| container::wrapped(line, end))?.map(|part| (part.stderr, part.ends))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Utc;

    fn parser() -> Parser<Utc> {
        Parser::in_zone(Utc, 10, 1_795_888_801)
    }

    /// The texts of `lines`, `-` for what counts nothing.
    fn texts(parts: &mut Parts, lines: &[&str]) -> Vec<String> {
        let text = |line: &&str| {
            let line = parts.parse(&mut parser(), line.as_bytes(), line.as_bytes());
            if line.continuation { "-".to_owned() } else { String::from_utf8_lossy(line.text).into_owned() }
        };
        lines.iter().map(text).collect()
    }

    #[test]
    fn parts_are_joined_stream_by_stream() {
        let said = texts(
            &mut Parts::default(),
            &[
                "2026-11-28T18:00:01Z stdout P new ",
                "2026-11-28T18:00:01Z stderr F end msg 1",
                "2026-11-28T18:00:01Z stderr P status: ",
                r#"{"log":"\u003cmsg\u003e","stream":"stdout","time":"2026-11-28T18:00:01.5Z"}"#,
                "2026-11-28T18:00:02Z stdout F  2",
                "2026-11-28T18:00:02Z stderr F local 1/10",
                "plain",
            ],
        );
        assert_eq!(said, ["-", "end msg 1", "-", "-", "new <msg> 2", "status: local 1/10", "plain"]);
    }

    #[test]
    fn a_joined_line_has_the_time_of_its_first_part_or_its_own() {
        let mut parts = Parts::default();
        let mut parse = |line: &str| {
            let line = parts.parse(&mut parser(), line.as_bytes(), line.as_bytes());
            (line.time.map(|t| t.secs), String::from_utf8_lossy(line.text).into_owned())
        };
        parse("2026-11-28T18:00:01Z stdout P new");
        assert_eq!(parse("2026-11-28T18:00:09Z stdout F  msg"), (Some(1_795_888_801), "new msg".into()));
        parse("2026-11-28T18:00:01Z stdout P @40000000450c020b");
        assert_eq!(parse("2026-11-28T18:00:09Z stdout F 32315f74 x"), (Some(1_158_414_849), "x".into()));
        assert_eq!(parse("2026-11-28T18:00:01Z stderr F 1790635513.5 y").0, Some(1_790_635_513));
    }

    #[test]
    fn what_waits_is_gone_on_with_elsewhere() {
        let mut first = Parts::default();
        texts(
            &mut first,
            &[
                "2026-11-28T18:00:01Z stdout P a\tb",
                r#"{"log":"c\nd","stream":"stderr","time":"2026-11-28T18:00:01.5Z"}"#,
                "2026-11-28T18:00:01Z stdout P  c",
            ],
        );
        assert_eq!(first.unfinished(), [true, true]);
        let held = first.take_unfinished().unwrap();
        let expected = "2026-11-28T18:00:01Z stdout P a\tb c\n2026-11-28T18:00:01.5Z stderr P c d";
        assert_eq!(String::from_utf8_lossy(&held), expected);
        assert_eq!(first.take_unfinished(), None);
        // Here the rest is skipped now.
        assert_eq!(
            texts(&mut first, &["2026-11-28T18:00:02Z stdout F x", "2026-11-28T18:00:02Z stdout F y"]),
            ["-", "y"]
        );
        let mut second = Parts::default();
        assert!(second.resume(&held));
        assert_eq!(
            texts(&mut second, &["2026-11-28T18:00:02Z stderr F e", "2026-11-28T18:00:02Z stdout F d"]),
            ["c de", "a\tb cd"]
        );
        for none in [
            "",
            "@40000000450c020b32315f74 del",
            "2026-11-28T18:00:01Z stdout F x",
            "2026-11-28T18:00:01Z mx1 x: y",
        ] {
            assert!(!Parts::default().resume(none.as_bytes()), "{none}");
        }
    }

    #[test]
    fn a_line_of_many_parts_is_its_first_bytes() {
        let mut parts = Parts::default();
        let part = format!("2026-11-28T18:00:01Z stdout P {}", "x".repeat(3000));
        for _ in 0..1000 {
            texts(&mut parts, &[&part]);
        }
        let line = texts(&mut parts, &["2026-11-28T18:00:01Z stdout F y"]);
        assert_eq!(line, ["x".repeat(LINE_LIMIT)]);
    }
}
