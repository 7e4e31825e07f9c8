//! The lines of a log of every program, shown to the protocols that read it.
//!
//! Each line is taken apart once, and goes to each protocol. Most lines have the header of the line before, but for the
//! second, and belong to no protocol or to one. Such lines are taken as a stretch: the tag of a line tells which protocols
//! are asked, and what every protocol notes of every line (when it was logged, and that it was the last one of its host) is
//! noted once, at the end of the stretch.
use std::ffi::OsString;

use super::askers::{self, ByTag};
use super::intake::Stretch;
use super::reader::{Part, Reader};
use super::repeat::{Repeat, repeat};
use crate::ledger::Stream;
use crate::line::{HEADER_LOOK, LINE_LIMIT, Parser, Parts, Run, SameHeader};
use crate::protocol::LogKind;
use crate::source::file::{CatchUp, Follow, Open, Readers};
use crate::source::lines::RawLine;

/// Of this number of hosts the headers are kept.
const HOSTS: usize = 16;

#[cfg(test)]
thread_local! {
    /// How many lines may still be taken in stretches.
    pub(super) static MAY_TAKE: std::cell::Cell<usize> = const { std::cell::Cell::new(usize::MAX) };
}

/// Reads one log for all of its parts.
pub(super) struct StreamPass<'a, 'r, 'j> {
    readers: &'a mut [Reader<'r, 'j>],
    parts: &'a [Part],
    plans: &'a [CatchUp],
    streams: &'a [Stream],
    parser: Parser,
    /// Of a container's log: lines that come in parts.
    joined: Parts,
    /// The path of the file that is being read.
    of: OsString,
    /// The parts of which no line was met yet.
    waiting: Vec<usize>,
    /// Whether the last line was for each of the parts.
    last_for: Vec<bool>,
    /// Who is asked; `None`: all are, of each line.
    by_tag: Option<ByTag>,
    /// The headers of the lines before, one of each host: of those hosts that were met last.
    headers: Vec<SameHeader>,
}

impl<'a, 'r, 'j> StreamPass<'a, 'r, 'j> {
    /// Begins to read for `parts`, of which each has its plan and its stream as it was.
    pub fn new(
        readers: &'a mut [Reader<'r, 'j>],
        parts: &'a [Part],
        plans: &'a [CatchUp],
        streams: &'a [Stream],
        parser: Parser,
    ) -> Self {
        let is_shared = parts.iter().all(|part| part.place == LogKind::Shared);
        let by_tag = (is_shared && parts.len() <= askers::MOST)
            .then(|| ByTag::new(parts.iter().map(|part| readers[part.reader].job.feed.protocol)));
        StreamPass {
            readers,
            parts,
            plans,
            streams,
            parser,
            joined: Parts::default(),
            of: OsString::new(),
            waiting: (0..parts.len()).collect(),
            last_for: vec![false; parts.len()],
            by_tag,
            headers: Vec::new(),
        }
    }

    /// Keeps the header of a line that was read by itself.
    fn keep(&mut self, header: Option<SameHeader>) {
        let Some(header) = header else { return };
        match self.headers.iter().position(|known| known.has_host_of(&header)) {
            Some(known) => {
                self.headers[..=known].rotate_right(1);
                self.headers[0] = header;
            }
            None => {
                self.headers.truncate(HOSTS - 1);
                self.headers.insert(0, header);
            }
        }
    }

    /// A line whose end is not waited for any longer counts as it is.
    pub fn count_unfinished(mut self) {
        let Some(held) = self.joined.take_unfinished() else { return };
        for text in held.split(|&b| b == b'\n') {
            let line = self.parser.parse(text);
            for (part, _) in self.parts.iter().zip(&self.last_for).filter(|(_, wants)| **wants) {
                let intake = &mut *self.readers[part.reader].intake;
                intake.stream_line(part.stream, part.place, &line, repeat(&line));
            }
        }
    }

    /// Takes lines of `run` that have the known header of this number.
    fn stretch(&mut self, run: &Run<'_>, header: usize) -> usize {
        let StreamPass { readers, parts, parser, last_for, by_tag: Some(by_tag), headers, .. } = self else {
            return 0;
        };
        let Some(header) = headers.get(header) else { return 0 };
        // What is stamped later than this is not the newest line.
        let latest = readers.iter().map(|reader| reader.intake.latest()).min().unwrap_or(0);
        // A time of 0 is that of a line without a stamp.
        if header.minute() <= 0 || header.minute() + 59 > latest {
            return 0;
        }
        let mut stretch = Stretch::default();
        let mut last = None;
        let lines = run.take_while(|rest, length| {
            let second = rest.first_chunk::<HEADER_LOOK>().and_then(|head| header.second_of(head));
            let Some(second) = second.filter(|_| length <= LINE_LIMIT) else { return false };
            let Some(program) = header.program(rest, length) else { return false };
            let text = rest.get(program.text..).and_then(|text| text.first_chunk());
            let place = by_tag.place(&program.tag);
            let answer = by_tag.answer(place, text.filter(|_| program.is_plain));
            let mut askers = answer.ask;
            let mut secs = header.minute() + i64::from(second);
            // These may be a repetition, a sentence, or behind a time that is more exact.
            let may_be_a_sentence = by_tag.asks_for_sentences(askers)
                && answer.settled.is_empty()
                && (!program.is_plain || program.begin.is_ascii_uppercase());
            let is_doubtful = !program.is_plain || matches!(program.begin, b'l' | b'm') || may_be_a_sentence;
            if askers != 0 || is_doubtful {
                let line = rest.get(..length).and_then(|raw| header.line(raw, second, &program));
                let Some((line, time)) = line.and_then(|line| Some((line, line.time?))) else { return false };
                secs = time.secs;
                if secs > latest || repeat(&line) != Repeat::None {
                    return false;
                }
                if may_be_a_sentence {
                    askers |= by_tag.of_sentence(line.text);
                }
                let mut left = askers;
                while left != 0 {
                    let part = left.trailing_zeros() as usize;
                    left &= left - 1;
                    readers[parts[part].reader].intake.line_of_a_stretch(parts[part].stream, &line, secs);
                }
            }
            for settled in &answer.settled {
                readers[parts[settled.asker].reader].intake.settled_line(settled, secs);
            }
            stretch.meets(secs);
            last = Some((rest, length, askers | answer.all));
            true
        });
        if let Some((rest, length, askers)) = last
            && let Some((second, line)) = header.line_of(rest, length)
        {
            parser.has_passed(header, header.minute() + i64::from(second));
            stretch.bytes = run.end_of(lines) - run.start();
            for (i, part) in parts.iter().enumerate() {
                let last = (askers >> i & 1 == 1).then_some(&line);
                readers[part.reader].intake.end_of_a_stretch(part.stream, &stretch, line.host, last);
            }
            last_for.fill(true);
            #[cfg(test)]
            MAY_TAKE.set(MAY_TAKE.get().saturating_sub(lines));
        }
        lines
    }

    /// May lines be taken as a stretch, in which each is for all parts?
    fn may_begin_a_stretch(&self, wanted: Readers<'_>) -> bool {
        #[cfg(test)]
        if MAY_TAKE.get() == 0 {
            return false;
        }
        self.waiting.is_empty()
            && (0..self.parts.len()).all(|part| wanted.has(part))
            && self.parts.iter().all(|part| self.readers[part.reader].intake.may_begin_a_stretch(part.stream))
    }
}

impl Follow for StreamPass<'_, '_, '_> {
    fn run(&mut self, file: &Open, run: Run<'_>, wanted: Readers<'_>) -> usize {
        if run.is_empty() || self.of != file.path.as_os_str() || !self.may_begin_a_stretch(wanted) {
            return 0;
        }
        let mut taken = 0;
        loop {
            let left = run.behind(taken);
            let head = left.rest().first_chunk::<HEADER_LOOK>();
            let is_its = |header: &SameHeader| head.is_some_and(|head| header.second_of(head).is_some());
            let Some(header) = self.headers.iter().position(is_its).filter(|_| !left.is_empty()) else {
                break;
            };
            match self.stretch(&left, header) {
                0 => break,
                lines => taken += lines,
            }
        }
        taken
    }

    fn line(&mut self, file: &Open, raw: &RawLine<'_>, wanted: Readers<'_>) {
        let StreamPass {
            readers, parts, plans, streams, parser, joined, of, waiting, last_for, headers, ..
        } = self;
        if *of != file.path.as_os_str() {
            // The parser knows the file's year, and the headers were of the file before.
            headers.clear();
            parser.turn_to(file.mtime / 1_000_000_000);
            *of = file.path.as_os_str().to_owned();
            if raw.start > 0 {
                joined.skip(file.unfinished_before(raw.start).unwrap_or_default());
            }
        }
        waiting.retain(|&i| {
            let begins = wanted.has(i);
            if begins {
                let (last, since) = plans[i].begins_after(&streams[i]);
                parser.resume(last, since);
            }
            !begins
        });
        let line = joined.parse(parser, raw.text, raw.last);
        let repeat = repeat(&line);
        for (i, part) in parts.iter().enumerate() {
            last_for[i] = wanted.has(i);
            if !last_for[i] {
                continue;
            }
            let intake = &mut *readers[part.reader].intake;
            intake.new_bytes += raw.end - raw.start;
            intake.stream_line(part.stream, part.place, &line, repeat);
        }
        if self.by_tag.is_some() && raw.terminated && !line.continuation {
            let header = self.parser.same_header(raw.text, &line);
            self.keep(header);
        }
    }
}
