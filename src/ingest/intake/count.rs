//! The count of a chunk's lines, given how the chunk before ended.
use super::Intake;
use super::labels::{begins_like_a_label, begins_with_a_label};
use crate::ledger::{Directory, Tail};
use crate::line::{Line, Parser};
use crate::protocol::Verdict;
use crate::source::lines::{LINE_LIMIT, RawLine};

impl Intake {
    /// Counts a chunk's first line, given how the chunk before ended.
    pub(super) fn count_first(
        &mut self,
        here: &mut Directory,
        tail: Tail,
        raw: &RawLine<'_>,
        line: &Line<'_>,
    ) {
        let begins_a_line = matches!(tail, Tail::Closed) || begins_with_a_label(raw.text);
        match tail {
            Tail::Held { text, time, since } if !begins_a_line => {
                let mut joined = text;
                let room = LINE_LIMIT - joined.len().min(LINE_LIMIT);
                joined.extend_from_slice(&raw.text[..raw.text.len().min(room)]);
                if raw.terminated || joined.len() >= LINE_LIMIT {
                    self.count_held(here, &joined, time);
                    here.count_tail = if raw.terminated { Tail::Closed } else { Tail::Open };
                } else {
                    here.count_tail = Tail::Held { text: joined, time, since };
                }
                return;
            }
            Tail::Open | Tail::Kept { .. } if !begins_a_line => {
                here.count_tail = if raw.terminated { Tail::Closed } else { Tail::Open };
                return;
            }
            // The logger died: the line had its end, only its newline is missing.
            Tail::Held { text, time, .. } => self.count_held(here, &text, time),
            Tail::Open | Tail::Kept { .. } | Tail::Closed => {}
        }
        self.count(here, raw, line);
    }

    /// Counts one line.
    #[inline]
    pub(super) fn count(&mut self, here: &mut Directory, raw: &RawLine<'_>, line: &Line<'_>) {
        let in_parts =
            !raw.terminated && !here.path.is_empty() && (here.labelled || begins_like_a_label(raw.text));
        if in_parts && raw.text.len() < LINE_LIMIT {
            here.count_tail = Tail::Held { text: raw.text.to_vec(), time: self.before, since: self.how.now };
            return;
        }
        if in_parts {
            here.count_tail = Tail::Open;
        }
        let time = match line.time {
            Some(stamp) => {
                self.meets(here, stamp);
                stamp.secs
            }
            None if self.before != 0 => self.before,
            None => self.how.now,
        };
        let verdict = self.raise_all(line, time);
        self.lines += 1;
        self.judge(verdict);
    }

    #[inline]
    pub(super) fn judge(&mut self, verdict: Verdict) {
        match verdict {
            Verdict::Foreign => {}
            Verdict::Known => self.understood.known += 1,
            Verdict::Unknown => self.understood.unknown += 1,
        }
    }

    pub(super) fn count_held(&mut self, here: &mut Directory, text: &[u8], time: i64) {
        let mut parser = self.parser_after(here);
        // Only parts of a container's log are more than one.
        for text in text.split(|&b| b == b'\n') {
            let line = parser.parse(text);
            let time = match line.time {
                Some(stamp) => {
                    self.meets(here, stamp);
                    stamp.secs
                }
                None if time != 0 => time,
                None => self.how.now,
            };
            let verdict = self.raise_all(&line, time);
            self.judge(verdict);
        }
    }

    /// A parser for the lines of a file that was last written at `mtime` (unix seconds).
    pub(super) fn parser(&self, mtime: i64) -> Parser {
        Parser::new(self.tai_offset, mtime).of_own_log(true)
    }

    /// Counts a line that waits for its rest, if nothing came after it for a whole step.
    pub(super) fn give_up_waiting(&mut self, directory: usize) {
        let mut directories = std::mem::take(&mut self.state.ledger.directories);
        let here = &mut directories[directory];
        if let Tail::Held { text, time, since } = &here.count_tail
            && *since + self.how.step <= self.how.now
        {
            let (text, time) = (text.clone(), *time);
            self.with_deliveries_of(here, |intake, here| intake.count_held(here, &text, time));
            here.count_tail = Tail::Open;
        }
        self.state.ledger.directories = directories;
    }
}
