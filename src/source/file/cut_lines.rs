//! What a loss of power leaves of a line, and the next line, which is written behind it.
use crate::line::{Parser, Run};
use crate::source::lines::{LINE_LIMIT, RawLine, Visit};

/// No stamp is longer than this number of bytes.
pub(super) const STAMP: usize = 32;

/// Does a line of syslog begin here?
pub(super) fn begins_a_line(text: &[u8], parser: &mut Parser) -> bool {
    stands_after(i64::MIN, text, parser)
}

/// Does a line of syslog begin here, and was it logged after `time`, in unix seconds?
pub(super) fn stands_after(time: i64, text: &[u8], parser: &mut Parser) -> bool {
    let line = parser.parse(text.strip_suffix(b"\n").unwrap_or(text));
    line.host.is_some() && line.tag.is_some() && line.time.is_some_and(|stamp| stamp.secs > time)
}

/// How many bytes of a line stand before the beginning of a further line?
pub(super) fn rest_before_a_line(text: &[u8], parser: &mut Parser) -> Option<usize> {
    // All stamps of a log begin with the same byte, but for those of another month.
    let is_like_a_stamp = |from: &usize| match text.first() {
        Some(first) if first.is_ascii_digit() => text[*from] == *first,
        _ => text[*from].is_ascii_uppercase(),
    };
    let mut begins = |from: &usize| begins_a_line(&text[*from..], parser);
    (1..text.len().min(LINE_LIMIT)).filter(is_like_a_stamp).find(&mut begins)
}

/// `line` without what stands before the beginning of a further line, if that is but a part of a stamp: no program wrote
/// that.
pub(super) fn without_part_of_a_stamp<'l>(line: RawLine<'l>, parser: &mut Parser) -> RawLine<'l> {
    let is_of_a_stamp = |b: &u8| b.is_ascii_alphanumeric() || b" -:.+".contains(b);
    let is_whole = begins_a_line(line.text, parser);
    let part = &line.text[..line.text.len().min(2 * STAMP)];
    let left = if is_whole { None } else { rest_before_a_line(line.text, parser) }.unwrap_or(0);
    if left > part.len().min(STAMP) || !line.text[..left].iter().all(is_of_a_stamp) {
        return line;
    }
    let is_short = line.last.len() == line.text.len();
    let last = if is_short { &line.last[left..] } else { line.last };
    RawLine { text: &line.text[left..], last, ..line }
}

/// Shows `visit` the lines of a file from a place on, without what was cut from their beginnings.
pub(super) struct Uncut<'a, V, P> {
    pub from: u64,
    /// Does the first of them begin before that place?
    pub is_rest: bool,
    /// Will nothing more be written to the file?
    pub finished: bool,
    /// Makes a parser for its lines.
    pub parser: P,
    /// The encoding of lines that cannot be read, if there are any.
    pub encoding: Option<&'static str>,
    pub visit: &'a mut V,
}

impl<V: Visit, P: Fn() -> Parser> Visit for Uncut<'_, V, P> {
    fn run(&mut self, run: Run<'_>) -> usize {
        // The first line may be a rest, or begin within its stamp.
        if run.start() == self.from || run.start() == 0 { 0 } else { self.visit.run(run) }
    }

    fn line(&mut self, line: &RawLine<'_>) {
        self.encoding = self.encoding.or(line.encoding);
        let is_rest =
            self.is_rest && line.start == self.from && !begins_a_line(line.text, &mut (self.parser)());
        if is_rest || !(line.terminated || self.finished) || line.is_room() {
            return;
        }
        if line.start == 0 {
            self.visit.line(&without_part_of_a_stamp(*line, &mut (self.parser)()));
        } else {
            self.visit.line(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(text: &[u8]) -> &[u8] {
        let line = RawLine { start: 0, end: 0, text, last: text, terminated: true, encoding: None };
        let line = without_part_of_a_stamp(line, &mut Parser::new(0, 1_790_000_000));
        assert!(line.text == line.last);
        line.text
    }

    #[test]
    fn a_part_of_a_stamp_before_a_line_is_no_part_of_it() {
        for whole in [
            "2026-09-28T21:25:00+00:00 mx1 imapd: LOGIN, user=u, 2026-09-28T21:25:00+00:00 mx1 imapd: LOGIN",
            "Sep 28 21:25:00 mx1 imapd: LOGIN, user=Sep 28 21:25:00 mx1 imapd: LOGIN",
        ] {
            for left in 0..=15 {
                let glued = [&whole[..left], whole].concat();
                assert_eq!(without(glued.as_bytes()), whole.as_bytes(), "{left}");
            }
            // A rest with words of a program in it is a line's.
            let glued = [&whole[..40], whole].concat();
            assert_eq!(without(glued.as_bytes()), glued.as_bytes());
        }
        let other = b"no stamp at all 2026-09-28T21:25:00+00:00 mx1 imapd: LOGIN, user=u";
        assert_eq!(without(other), &other[..]);
    }
}
