//! `spamassassin`: what spamd(1) says of each message it looked at.
//!
//! `[spamd: ]identified spam (SCORE/REQUIRED) for USER:UID in S seconds, B bytes.` or `clean message (…`, under the
//! tag `spamd` or in its own log after `[PID] info: ` (`spamd: ` since 3.1), before which stands a stamp of ctime(3)'s
//! form in a file and one of syslog's form on stderr. The user's name is the client's, so the
//! line is read from both ends.
use super::card::templates;
use super::card::{CounterFile, IN_SYSLOG, OlderFile, Protocol, Writers};
use super::classify::{LogKind, Raise, Settings, Verdict};
use super::counter::{CounterKind, Known, derived, events, of_kind};
use super::counter_table::counters;
use super::decimal::{NANO, digits, nanos};
use super::program::{doubtful, program, unheaded};
use crate::line::Line;
use crate::reading::family::Member::Key;
use crate::reading::family::{Family, Unit, family, family_in};
use crate::reading::role::{Fact, Of, Overview, Role, Subject, answer, row};
use crate::reading::stage::Stage;

/// The protocol `spamassassin`; nothing of toaster.conf changes how its lines are read.
pub fn protocol(_: &Settings) -> Protocol {
    Protocol {
        name: "spamassassin",
        title: "SpamAssassin",
        about: "verdicts of SpamAssassin's spamd",
        counters: COUNTERS,
        classify: &classify,
        writers: Some(Writers { tags: &[b"spamd"], sentences: &[], settled: &SETTLED }),
        counter_file: Some(CounterFile { key: "logs_spam_count", default: "spam.txt" }),
        older_files: &[OlderFile::Alone("spam.txt")],
        aliases: &[("sa_clean", "sa_ham")],
        main_counters: &[("sa_ham", "Ham"), ("sa_spam", "Spam")],
        templates: templates!["spam", "spam-scores", "spam-seconds"],
        families: FAMILIES,
        page: PAGE,
        ..IN_SYSLOG
    }
}

const PAGE: Overview = Overview {
    heard: "spamd",
    lines: &["sa_spam", "sa_ham", "sa_other"],
    answers: &[answer(Role::Spam, Of::Scanner, &["sa_spam"]), answer(Role::Ham, Of::Scanner, &["sa_ham"])],
    subjects: &[Subject {
        words: "messages that are spam",
        graph: "spam",
        keys: &["sa_spam"],
        lists: false,
        of: Some(Of::Scanner),
        among: &["sa_spam", "sa_ham"],
        color: "warn",
        facts: &[Fact::Share("of what was looked at in that time")],
    }],
    rows: &[row(Stage::Filters, "Spam", &["sa_spam"])],
    stage: Stage::Filters,
};

const FAMILIES: &[Family] = &[
    family(
        "spamassassin_messages",
        "messages that spamd looked at",
        &["verdict"],
        &[Key("sa_spam", &["spam"]), Key("sa_ham", &["ham"])],
    ),
    family(
        "spamassassin_scores",
        "sum of the scores",
        &["verdict"],
        &[Key("spam_score_sum", &["spam"]), Key("ham_score_sum", &["ham"])],
    ),
    family_in(
        "spamassassin_scan",
        "seconds that spamd took",
        Unit::Seconds,
        &["verdict"],
        &[Key("spam_seconds_sum", &["spam"]), Key("ham_seconds_sum", &["ham"])],
    ),
    family_in(
        "spamassassin_scanned",
        "bytes of the messages that spamd looked at",
        Unit::Bytes,
        &["verdict"],
        &[Key("spam_bytes_sum", &["spam"]), Key("ham_bytes_sum", &["ham"])],
    ),
    family(
        "spamassassin_thresholds",
        "sum over all messages of the score from which they would be spam",
        &[],
        &[Key("threshold_sum", &[])],
    ),
    family("spamassassin_other_lines", "other lines of spamd", &[], &[Key("sa_other", &[])]),
];

/// Where one verdict has its counters.
struct Keys {
    messages: usize,
    score: usize,
    seconds: usize,
    bytes: usize,
}

const SPAM: Keys = Keys { messages: SA_SPAM, score: SPAM_SCORE, seconds: SPAM_SECONDS, bytes: SPAM_BYTES };
const HAM: Keys = Keys { messages: SA_HAM, score: HAM_SCORE, seconds: HAM_SECONDS, bytes: HAM_BYTES };

counters! {
    const COUNTERS = [
        SA_SPAM: events("sa_spam", "messages that are spam"),
        SA_HAM: events("sa_ham", "messages that are not spam"),
        MEAN_SPAM_SCORE: derived(
            "spam_score",
            |k| k.mean(SPAM.score, &[SPAM.messages], NANO),
            "100 times the day's mean score of spam",
        ),
        MEAN_HAM_SCORE: derived(
            "ham_score",
            |k| k.mean(HAM.score, &[HAM.messages], NANO),
            "100 times the day's mean score of ham",
        ),
        MEAN_THRESHOLD: derived(
            "threshhold",
            |k| k.mean(THRESHOLD, &[SPAM.messages, HAM.messages], NANO),
            "100 times the day's mean score from which a message is spam",
        ),
        MEAN_HAM_SECONDS: derived(
            "ham_seconds",
            |k| k.mean(HAM.seconds, &[HAM.messages], NANO),
            "100 times the day's mean seconds that ham took",
        ),
        MEAN_SPAM_SECONDS: derived(
            "spam_seconds",
            |k| k.mean(SPAM.seconds, &[SPAM.messages], NANO),
            "100 times the day's mean seconds that spam took",
        ),
        MEAN_HAM_BYTES: derived(
            "ham_bytes",
            |k| k.mean(HAM.bytes, &[HAM.messages], 1),
            "100 times the day's mean bytes of ham",
        ),
        MEAN_SPAM_BYTES: derived(
            "spam_bytes",
            |k| k.mean(SPAM.bytes, &[SPAM.messages], 1),
            "100 times the day's mean bytes of spam",
        ),
        SPAM_SCORE: of_kind(CounterKind::Net, "spam_score_sum", "sum of the scores of spam"),
        HAM_SCORE: of_kind(CounterKind::Net, "ham_score_sum", "sum of the scores of ham, often below 0"),
        SPAM_SECONDS: of_kind(CounterKind::Sum, "spam_seconds_sum", "seconds that spam took"),
        HAM_SECONDS: of_kind(CounterKind::Sum, "ham_seconds_sum", "seconds that ham took"),
        SPAM_BYTES: events("spam_bytes_sum", "bytes of spam"),
        HAM_BYTES: events("ham_bytes_sum", "bytes of ham"),
        OTHER: events("sa_other", "other lines of spamd"),
        THRESHOLD: of_kind(
            CounterKind::Net,
            "threshold_sum",
            "sum over all messages of the score from which they would be spam",
        ),
    ];
}

impl Known<'_> {
    /// 100 times the mean of `sum` over `messages`, all of them counters by position, on the newest day that has
    /// such messages: rounded towards −∞, in units of 10⁻⁹; 0 before any. `unit`: what one is in `sum`.
    fn mean(&self, sum: usize, messages: &[usize], unit: i128) -> i128 {
        let on = |counter: usize| self.newest_day.get(counter).copied().unwrap_or_default();
        let day = messages.iter().map(|&counter| on(counter).0).max().unwrap_or_default();
        let that_day = |counter: usize| if on(counter).0 == day { on(counter).1 } else { 0 };
        match messages.iter().map(|&counter| that_day(counter)).sum::<i128>() {
            number if number > 0 => (100 * that_day(sum)).div_euclid(number * unit) * NANO,
            _ => 0,
        }
    }
}

fn classify(line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>) -> Verdict {
    let (name, text) = program(line, place);
    let text = if name == b"spamd" {
        (!doubtful(line)).then_some(text)
    } else if unheaded(line, place) {
        let own = own_log(line.text);
        if place == LogKind::Dedicated { own.or(Some(line.text)) } else { own }
    } else {
        None
    };
    let text = match text {
        Some(text) if !line.continuation => text.strip_prefix(b"spamd: ").unwrap_or(text),
        _ if place == LogKind::Dedicated => return Verdict::Unknown,
        _ => return Verdict::Foreign,
    };
    if let Some(rest) = text.strip_prefix(b"identified spam (") {
        verdict(rest, &SPAM, raise);
    } else if let Some(rest) = text.strip_prefix(b"clean message (") {
        verdict(rest, &HAM, raise);
    } else {
        raise.one(OTHER);
        return if usual(text) { Verdict::Known } else { Verdict::Unknown };
    }
    Verdict::Known
}

/// What follows `[PID] info: `, or another of the levels of Mail::SpamAssassin::Logger.
fn own_log(text: &[u8]) -> Option<&[u8]> {
    let pid = text.strip_prefix(b"[")?;
    let digits = pid.iter().take(12).take_while(|b| b.is_ascii_digit()).count();
    let rest = pid.get(digits..).filter(|_| digits > 0)?.strip_prefix(b"] ")?;
    let levels: [&[u8]; 4] = [b"info: ", b"warn: ", b"error: ", b"dbg: "];
    levels.iter().find_map(|level| rest.strip_prefix(*level))
}

/// Is it one of the lines that every spamd writes (3.0 to 4.0), none of them a verdict?
#[cold]
fn usual(text: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 20] = [
        b"connection from ",
        b"got connection over ",
        b"unauthorized connection from ",
        b"checking message ",
        b"processing message ",
        b"result: ",
        b"skipped large message ",
        b"Tell: ",
        b"setuid to ",
        b"still running as root",
        b"Still running as root",
        b"creating default_prefs",
        b"handle_user ",
        b"handled cleanup of child ",
        b"prefork: ",
        b"server started on ",
        b"server pid: ",
        b"server successfully spawned child ",
        b"server hit by ",
        b"server killed by ",
    ];
    BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
}

/// The lines that a spamd of 3.1 or later writes of every message, but for the verdict.
const SETTLED: [(&[u8], &[u8]); 7] = [
    (b"spamd", b"spamd: connection from "),
    (b"spamd", b"spamd: setuid to "),
    (b"spamd", b"spamd: processing message "),
    (b"spamd", b"spamd: checking message "),
    (b"spamd", b"spamd: result: "),
    (b"spamd", b"spamd: handled cleanup of child "),
    (b"spamd", b"prefork: "),
];

/// Text after the opening bracket: `SCORE/REQUIRED) for USER:UID in S seconds, B bytes.`
fn verdict(rest: &[u8], keys: &Keys, raise: &mut Raise<'_>) {
    raise.one(keys.messages);
    if let Some((score, required)) = scores(rest) {
        raise.net(keys.score, score);
        raise.net(THRESHOLD, required);
    }
    if let Some((seconds, bytes)) = effort(rest) {
        raise.net(keys.seconds, seconds);
        raise.add(keys.bytes, bytes);
    }
}

/// SCORE and REQUIRED, in units of 10⁻⁹.
fn scores(rest: &[u8]) -> Option<(i128, i128)> {
    let (scores, _) = rest.split_at_checked(rest.iter().position(|&b| b == b')')?)?;
    let (score, required) = scores.split_at_checked(scores.iter().position(|&b| b == b'/')?)?;
    Some((nanos(score)?, nanos(required.get(1..)?)?))
}

/// A sender can choose where a long line is cut: by a daemon of syslog, at 4,096 bytes or more, or by us. Nothing is read from
/// the end of a text that may have been cut. Stamp, host and tag before the text take at most 256 of these bytes.
const CUT: usize = 4096 - 256;

/// S in units of 10⁻⁹ and B, from the right: the user's name may look like both.
fn effort(rest: &[u8]) -> Option<(i128, u64)> {
    if rest.len() >= CUT {
        return None;
    }
    let rest = rest.strip_suffix(b" bytes.")?;
    let (rest, bytes) = last_word(rest)?;
    let (rest, seconds) = last_word(rest.strip_suffix(b" seconds,")?)?;
    let seconds = nanos(seconds).filter(|&seconds| seconds >= 0)?;
    rest.ends_with(b" in").then_some((seconds, digits(bytes)?))
}

/// What stands before the last blank, and after it.
fn last_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // The words are short.
    let blank = text.iter().rposition(|&b| b == b' ')?;
    Some((text.get(..blank)?, text.get(blank + 1..)?))
}

#[cfg(test)]
mod tests;
