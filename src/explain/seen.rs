//! What was found out about one line.
use crate::line::Line;
use crate::protocol::{LogKind, Verdict};

/// A line, and what it counts.
#[derive(Debug)]
pub(super) struct Seen<'l> {
    /// The name of its input: a path, or `-`.
    pub input: &'l str,
    /// Its number there, from 1.
    pub number: u64,
    /// Taken apart; of a container's log that comes in parts, the whole of it. If it says itself which text came again, that is
    /// its text.
    pub line: Line<'l>,
    /// Its bytes, with its newline.
    pub length: u64,
    /// Has it a newline at its end?
    pub is_ended: bool,
    /// The encoding, if that cannot be read.
    pub encoding: Option<&'static str>,
    /// Unix seconds.
    pub time: i64,
    /// What tells that time.
    pub clock: Clock,
    /// What those say who were asked and know the line, or have it as one of theirs.
    pub answers: &'l [Answer],
    /// Those who were asked about it as a line of their own log and did not understand it, where it is not known of which
    /// protocol the log is. By position among those who are asked.
    pub strange_to: &'l [usize],
    /// What it says of a line before it.
    pub repeats: Option<Repeats>,
    /// All in all.
    pub judged: Judged,
}

/// What tells when a line was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    /// Its stamp.
    Stamp,
    /// The line before it.
    Before,
    /// The reading.
    Reading,
}

/// What one protocol says of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// Its position among those who are asked.
    pub asked: usize,
    /// As which kind of log the line was taken.
    pub place: LogKind,
    /// What its classifier says.
    pub verdict: Verdict,
    /// Positions in its table of counters, and amounts.
    pub raised: Vec<(usize, i128)>,
}

/// A line that says how often another one came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repeats {
    /// As it says.
    pub times: u32,
    /// So often it is counted: there is a bound to what is believed.
    pub counted: u32,
    /// The number of the line that is meant; `None`: none of this input, or the text itself.
    pub of: Option<u64>,
    /// Does the text that came stand in the line itself?
    pub is_itself: bool,
}

/// What a line is, all in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// It raised something, and was understood.
    Counted,
    /// It was understood, and means nothing to be counted.
    Known,
    /// It is of a program that is counted, and no rule knows it.
    Unknown,
    /// Of a program that no protocol counts.
    Foreign,
    /// A piece of a line.
    Part(Part),
    /// It says that a line before it came again.
    Repeats,
}

/// Which piece of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Of a container's log; its end comes later, and then the whole line counts.
    Container,
    /// What splogger(8) cut off the line before.
    Splogger,
}
