//! What the overview of the pages asks of any mail server, as far as counters tell it.
//!
//! A protocol's card says which of its counters answer which question, what would be unlike other days, and where on a
//! message's way its numbers belong. The overview knows no protocol.

use super::stage::Stage;

/// All that the overview has to know of a protocol, or of a section of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overview {
    /// What it is called where it is told when it was heard last; empty: by its heading.
    pub heard: &'static str,
    /// The counters that together have one for each line of its programs; none: it is not known how many lines there were.
    pub lines: &'static [&'static str],
    /// Which questions its counters answer.
    pub answers: &'static [Answer],
    /// What would be unlike other days.
    pub subjects: &'static [Subject],
    /// Numbers beside the pictures of a stage, the most telling first.
    pub rows: &'static [Row],
    /// The stage at which its pictures stand.
    pub stage: Stage,
}

/// Of a protocol that stands with those of toaster.conf and answers nothing.
pub const NOTHING: Overview =
    Overview { heard: "", lines: &[], answers: &[], subjects: &[], rows: &[], stage: Stage::Own };

impl Default for Overview {
    fn default() -> Self {
        NOTHING
    }
}

/// A question, and the counters that answer it together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The question.
    pub role: Role,
    /// Who is asked. Of all protocols that would answer for the same one only one does, so that nothing counts twice.
    pub of: Of,
    /// The counters' keys.
    pub keys: &'static [&'static str],
    /// Do the lists of toaster.conf belong to it?
    pub lists: bool,
}

/// A question of the overview.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Messages that came in, to be delivered.
    Entered,
    /// Messages that left the queue.
    Left,
    /// Messages given back to their senders.
    Bounced,
    /// Bytes of the messages that came in.
    Bytes,
    /// Attempts to deliver that succeeded.
    Delivered,
    /// Attempts put off, which are made again.
    PutOff,
    /// Attempts that failed for good.
    Failed,
    /// Messages in the queue: a level.
    Waiting,
    /// Seconds that the oldest message has been in the queue: a level.
    Oldest,
    /// Connections to the SMTP port that were let in.
    LetIn,
    /// Clients that a DNS list turned away.
    Blocked,
    /// What the filters let in.
    Passed,
    /// Messages that are spam.
    Spam,
    /// Messages that are not.
    Ham,
    /// Logins that succeeded.
    LoggedIn,
    /// Logins that failed.
    LoginFailed,
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Of {
    /// The program that takes messages in and delivers them. Where two of them hand mail to each other, the first one in the
    /// order of the protocols that does a good part of the work answers.
    Mta,
    /// What is measured of a queue.
    Queue,
    /// What listens to the SMTP port.
    Port,
    /// What looks for spam.
    Scanner,
    /// Who asks for passwords: each of them alone.
    Logins(&'static str),
}

/// What would be unlike other days, if there were much more of it than usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Behind a number: `failed SMTP logins`.
    pub words: &'static str,
    /// The graph that shows it, by its name.
    pub graph: &'static str,
    /// The counters' keys.
    pub keys: &'static [&'static str],
    /// Do the lists of toaster.conf belong to it?
    pub lists: bool,
    /// Who is asked: see [`Answer::of`]. `None`: nobody else has such a number.
    pub of: Option<Of>,
    /// The counters of all that this is a part of: where there is more of everything, there is more of this.
    pub among: &'static [&'static str],
    /// Its colour, as a class of the pages.
    pub color: &'static str,
    /// What is told with it, as far as it is known.
    pub facts: &'static [Fact],
}

/// Something measured that goes with an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Which of these has the largest part, by its words: counters of the subject's protocol, or of a section. Lists of
    /// toaster.conf are told by their own names.
    Largest {
        /// What stands before the name: `by`, `to`.
        before: &'static str,
        /// The section whose counters they are; empty: the subject's own protocol.
        section: &'static str,
        /// Keys and words.
        parts: &'static [(&'static str, &'static str)],
    },
    /// How many succeeded in the same time, beside what is usual: the counters' keys.
    Succeeded(&'static [&'static str]),
    /// How many of them were encrypted: the keys of those that were not, and of those that were.
    Encrypted(&'static [&'static str], &'static [&'static str]),
    /// Their share of all: of [`Subject::among`]. The words stand behind it: `of what was tried in that time`.
    Share(&'static str),
    /// How far the queue rose.
    Queue,
    /// The highest value of a level: its key, and the words behind the number.
    Peak(&'static str, &'static str),
}

/// A number beside the pictures of a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The stage.
    pub stage: Stage,
    /// For people.
    pub label: &'static str,
    /// The counters' keys.
    pub keys: &'static [&'static str],
    /// Do the lists of toaster.conf belong to it?
    pub lists: bool,
}

/// These counters answer `role`.
pub const fn answer(role: Role, of: Of, keys: &'static [&'static str]) -> Answer {
    Answer { role, of, keys, lists: false }
}

/// A number beside the pictures of `stage`.
pub const fn row(stage: Stage, label: &'static str, keys: &'static [&'static str]) -> Row {
    Row { stage, label, keys, lists: false }
}

/// Failed logins: how they are called, the graph, the keys of those that failed and of those that succeeded.
pub const fn failed_logins(
    words: &'static str,
    graph: &'static str,
    keys: &'static [&'static str],
    facts: &'static [Fact],
) -> Subject {
    Subject { words, graph, keys, lists: false, of: None, among: &[], color: "bad", facts }
}
