//! One reading of a chunk: its lines, each counted and archived where it has not been, given how the chunk before ended.
//!
//! Lines are taken one by one, but for those whose labels are in the window of a line before and that the protocol's
//! [`Bulk`](crate::protocol::Bulk) knows: they are of the same bin and the same day, and are taken many at once.
use super::Intake;
use crate::ledger::{Directory, Tail};
use crate::line::{Line, Parser, Parts, Run, Window};
use crate::protocol::Taken;
use crate::protocol::memory::Memory;
use crate::source::lines::{RawLine, Visit};

/// What is still to be done at the first line that is counted or archived.
pub(super) struct Begins {
    /// What is known of the lines before those that are to be counted, for [`Parser::resume`].
    pub after: Option<(i64, i64)>,
    /// A chunk that was finished and is longer now ended within a line: its rest counts nothing.
    pub in_a_counted_line: bool,
    /// How the chunk before ended, if this one begins here.
    pub count: Option<Tail>,
    /// The same of the archive.
    pub archive: Option<Tail>,
    /// Does the archive end within the first line?
    pub in_an_archived_line: bool,
}

impl Begins {
    /// Was all of that done? Where nothing `is_archived`, how the archive ends stays as it is.
    fn is_over(&self, is_archived: bool) -> bool {
        self.after.is_none()
            && !self.in_a_counted_line
            && self.count.is_none()
            && (self.archive.is_none() || !is_archived)
            && !self.in_an_archived_line
    }
}

/// Takes the lines of a chunk apart.
pub(super) struct Pass<'a> {
    pub parser: Parser,
    /// Of a container's log: lines that come in parts.
    pub parts: Parts,
    pub work: Work<'a>,
}

/// What is done with them.
pub(super) struct Work<'a> {
    pub intake: &'a mut Intake,
    pub here: &'a mut Directory,
    pub begins: Begins,
    /// From where on lines are counted.
    pub count_from: u64,
    /// From where on they are archived; `None`: nowhere.
    pub archive_from: Option<u64>,
    /// Are its lines taken as counted?
    pub skip: bool,
    /// Will nothing more come to it?
    pub finished: bool,
    /// Its number among the files of the plan.
    pub position: usize,
    /// Up to where it is counted.
    pub counted: u64,
    /// Was a line met from `count_from` on?
    pub is_beyond: bool,
    /// The encoding of lines that cannot be read, if there are any.
    pub encoding: Option<&'static str>,
    /// Labels of lines that may be taken many at once.
    pub window: Option<Window>,
}

impl Visit for Pass<'_> {
    fn run(&mut self, run: Run<'_>) -> usize {
        self.work.take(&run)
    }

    fn line(&mut self, raw: &RawLine<'_>) {
        let Pass { parser, parts, work } = self;
        let is_to_be_counted = raw.start >= work.count_from;
        work.encoding = work.encoding.or(raw.encoding.filter(|_| is_to_be_counted));
        if is_to_be_counted && let Some((last, since)) = work.begins.after.take() {
            parser.resume(last, since);
        }
        if !work.is_beyond && is_to_be_counted {
            // What was unfinished there was counted as it was.
            work.is_beyond = true;
            drop(parts.take_unfinished());
        }
        let line = parts.parse(parser, raw.text, raw.last);
        work.count(raw, &line);
        work.archive(raw, &line);
    }
}

impl Work<'_> {
    /// Takes as many lines of a run as the protocol's bulk does, and returns their number.
    fn take(&mut self, run: &Run<'_>) -> usize {
        let Some(window) = &mut self.window else { return 0 };
        let is_wanted = self.is_beyond && self.archive_from.is_none_or(|from| run.start() >= from);
        if run.is_empty() || self.skip || !is_wanted || !self.begins.is_over(self.archive_from.is_some()) {
            return 0;
        }
        let Intake { bulk, tally, understood, deliveries, messages, attempts, .. } = &mut *self.intake;
        let mut memory = Memory { deliveries, messages, attempts, time: window.last() };
        let raise = &mut tally.values_at(window.last());
        let Taken { lines, known, unknown } = bulk.take(run, window, raise, &mut memory);
        if lines == 0 {
            return 0;
        }
        understood.known += known as u64;
        understood.unknown += unknown as u64;
        let (last, end) = (window.last(), run.end_of(lines));
        if let Some(newest) = window.take_newest() {
            self.intake.meets(self.here, newest);
        }
        self.intake.before = last;
        self.intake.lines += lines as u64;
        self.counted = end;
        if self.archive_from.is_some() {
            let day = self.intake.day_of(self.here, Some(last));
            self.intake.plan.line(&self.here.path, day, self.position, (run.start(), end), false, true);
        }
        lines
    }

    /// Counts a line, if that is to be done.
    fn count(&mut self, raw: &RawLine<'_>, line: &Line<'_>) {
        let is_to_be_counted = raw.start >= self.count_from;
        let is_whole = raw.terminated || self.finished;
        if raw.is_room() {
            if self.finished && is_to_be_counted {
                self.counted = raw.end;
            }
        } else if is_to_be_counted && !self.skip && is_whole {
            self.counted = raw.end;
            if std::mem::take(&mut self.begins.in_a_counted_line) {
                return;
            }
            match self.begins.count.take() {
                Some(tail) => self.intake.count_first(self.here, tail, raw, line),
                None => {
                    self.intake.count(self.here, raw, line);
                    // One that has no end yet may only be held, and counts later.
                    if raw.terminated {
                        self.window = self.intake.window_after(raw, line, self.window.take());
                    }
                }
            }
        } else if self.skip && is_whole {
            self.counted = raw.end;
            if let Some(stamp) = line.time {
                self.intake.meets(self.here, stamp);
            }
        }
    }

    /// Archives a line, if that is to be done.
    fn archive(&mut self, raw: &RawLine<'_>, line: &Line<'_>) {
        if let Some(from) = self.archive_from
            && raw.start >= from
        {
            let tail = self.begins.archive.take().unwrap_or_default();
            let continues = std::mem::take(&mut self.begins.in_an_archived_line);
            self.intake.archive(self.here, tail, continues, self.position, raw, line);
        }
    }
}

impl Intake {
    /// The window for the lines that follow `line`, which was counted by itself: that of the lines before it, if its label is
    /// in it.
    fn window_after(&mut self, raw: &RawLine<'_>, line: &Line<'_>, window: Option<Window>) -> Option<Window> {
        self.bulk.learn(line.text);
        let secs = line.time?.secs;
        if window.as_ref().is_some_and(|window| window.is_of(raw.text)) {
            return window;
        }
        let span = self.tally.span_of(secs);
        let is_of_one_day = self.calendar.day(span.0) == self.calendar.day(span.1 - 1);
        Window::around(raw.text, self.tai_offset, if is_of_one_day { span } else { (secs, secs + 1) })
    }
}
