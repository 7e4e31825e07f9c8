//! Lines that a container's log holds in several parts, joined.

use chrono::TimeZone;

use super::container::{self, Wrapped};
use super::{LINE_LIMIT, Line, Parser, Stamp};

/// What is known of the unfinished line of one stream (stdout, stderr).
#[derive(Clone, Debug, Default)]
enum Open {
    /// There is none.
    #[default]
    No,
    /// Its parts so far, at most [`LINE_LIMIT`] bytes of them; when the first one was written.
    Begun { stamp: Vec<u8>, time: Option<Stamp>, text: Vec<u8> },
    /// What comes until its end was dealt with.
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
    pub fn take(&mut self) -> Option<Vec<u8>> {
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

    /// Goes on with what [`Parts::take`] gave. `false`: `held` is no such thing.
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

    /// The rest of these streams' unfinished lines belongs to what was counted.
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
    container::may_begin(line).then(|| container::wrapped(line, end))?.map(|part| (part.stderr, part.ends))
}
