//! What is said of a line, as plain values: text and JSON are made of them.
use super::asked::{Asked, Panel};
use super::definitions::{Definitions, Hit, Outcome};
use super::needed::needed;
use super::secrets::{secrets, shown, shown_part};
use super::seen::{Answer, Clock, Judged, Part, Seen};
use crate::line::LINE_LIMIT;
use crate::protocol::custom::Amount;
use crate::protocol::providers::Providers;
use crate::protocol::reasons::{Reasons, Told};
use crate::protocol::{LogKind, Raise, Verdict};
use crate::source::encoding;
use crate::store::counters::format_value;
use crate::tally::bin_begin;

/// This number of characters of a line is shown.
const ECHO: usize = 200;
/// And of what is needed, and of what a `match` hits.
const PIECE: usize = 100;

/// What is said of a line.
#[derive(Debug)]
pub(super) struct Details {
    /// The name of its input.
    pub input: String,
    /// Its number there.
    pub number: u64,
    /// Unix seconds.
    pub time: i64,
    /// What tells that time.
    pub clock: Clock,
    /// Where the bin begins that it counts in, unix seconds.
    pub bin: i64,
    /// As syslog names it.
    pub host: Option<String>,
    /// As syslog names it.
    pub program: Option<String>,
    /// What follows the header.
    pub text: String,
    /// Whole sentences.
    pub notes: Vec<String>,
    /// What each protocol, and each of its sections, counts.
    pub parts: Vec<PartSays>,
    /// What toaster.conf's definitions say.
    pub hits: Vec<HitSays>,
    /// All in all.
    pub judged: Judged,
}

/// What a protocol or a section counts.
#[derive(Debug)]
pub(super) struct PartSays {
    /// Its name.
    pub name: &'static str,
    /// As which kind of log the line was taken.
    pub place: LogKind,
    /// What the classifier says.
    pub verdict: Verdict,
    /// Keys and amounts.
    pub counters: Vec<(&'static str, String)>,
    /// The beginning of the text that is needed for it; `None`: that is not known.
    pub needs: Option<String>,
    /// The rule for reasons that decided.
    pub why: Option<Told>,
    /// The service that the reply's words are of. It is told, and never counted: a server says who it is mostly when it refuses.
    pub signed: Option<&'static str>,
}

/// What a definition of toaster.conf says.
#[derive(Debug)]
pub(super) struct HitSays {
    /// `[[counter]]` or `[[rbl]]`.
    pub kind: &'static str,
    /// Its name, and for a counter its protocol.
    pub name: String,
    /// What its `match` hits.
    pub part: String,
    /// Does the line count for it?
    pub counts: bool,
    /// What follows of the hit.
    pub says: String,
}

/// What all lines have in common.
pub(super) struct Circumstances<'a> {
    /// Those who may be asked.
    pub panel: &'a Panel,
    /// The parts that the command line names.
    pub names: &'a [String],
    /// The rules for reasons.
    pub reasons: Reasons,
    /// The table with the signatures of providers.
    pub providers: Providers,
    /// Seconds a bin.
    pub step: i64,
    /// Unix seconds.
    pub now: i64,
}

impl Circumstances<'_> {
    /// Is this part of a protocol to be shown?
    pub fn is_wanted(&self, protocol: &str, part: &str) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name == protocol || name == part)
    }

    /// All that is said of a line, of which the definitions say `hits`.
    pub fn details(&self, seen: &Seen<'_>, definitions: &Definitions<'_>, hits: &[Hit]) -> Details {
        let text = seen.line.text;
        let hidden = secrets(text);
        let is_piece = matches!(seen.judged, Judged::Part(_));
        let plain = |bytes: &[u8]| shown(bytes, &[], PIECE);
        let hit = |hit: &Hit| {
            let (kind, name) = definitions.name(hit.at);
            let piece = |range: std::ops::Range<usize>| shown_part(text, range, &hidden, PIECE);
            HitSays {
                kind,
                name,
                part: piece(hit.part.clone()),
                counts: matches!(hit.outcome, Outcome::Counts(_)),
                says: said(hit, definitions, &piece),
            }
        };
        // A line without its beginning or its end may be a piece of a password.
        let text = if is_piece { String::new() } else { shown(text, &hidden, ECHO) };
        Details {
            input: shown(seen.input.as_bytes(), &[], 4096),
            number: seen.number,
            time: seen.time,
            clock: seen.clock,
            bin: bin_begin(seen.time.min(self.now), self.step),
            host: seen.line.host.map(plain),
            program: seen.line.tag.map(plain),
            text,
            notes: self.notes(seen),
            parts: seen.answers.iter().flat_map(|answer| self.parts(seen, answer)).collect(),
            // A piece of a line may be a piece of a password.
            hits: hits.iter().filter(|_| !is_piece).map(hit).collect(),
            judged: seen.judged,
        }
    }

    /// A protocol's own counters, then those of its sections.
    fn parts(&self, seen: &Seen<'_>, answer: &Answer) -> Vec<PartSays> {
        let Asked { protocol, plain, .. } = &self.panel.all[answer.asked];
        let counters = |section: Option<&str>| -> Vec<(&'static str, String)> {
            let of_part = |counter: usize| protocol.section(counter).map(|section| section.name) == section;
            let raised = answer.raised.iter().filter(|(counter, _)| of_part(*counter));
            let printed = raised.map(|(counter, amount)| {
                let counter = protocol.counters[*counter];
                (counter.key, format_value(counter.kind, *amount))
            });
            printed.collect()
        };
        let is_whole = seen.repeats.is_none() && !matches!(seen.judged, Judged::Part(_));
        // A counter of toaster.conf is no matter of the classifier's.
        let needs = plain.filter(|_| is_whole && answer.verdict == Verdict::Known).and_then(|plain| {
            let mut values = vec![0; plain.counters.len()];
            let verdict = (plain.classify)(&seen.line, answer.place, &mut Raise(&mut values));
            let end = needed(plain, &seen.line, answer.place).filter(|_| verdict == Verdict::Known)?;
            (end > 0).then(|| shown_part(seen.line.text, 0..end, &secrets(seen.line.text), PIECE))
        });
        let mut parts = Vec::new();
        let says = |name: &'static str, counters, needs, why: Option<Told>| PartSays {
            name,
            place: answer.place,
            verdict: answer.verdict,
            counters,
            needs,
            signed: why.as_ref().and_then(|told| self.providers.signature(told.reply.as_deref()?)),
            why,
        };
        if self.is_wanted(protocol.name, protocol.name) {
            parts.push(says(protocol.name, counters(None), needs, None));
        }
        for section in protocol.sections.iter().filter(|section| self.is_wanted(protocol.name, section.name))
        {
            let raised = counters(Some(section.name));
            let is_named = self.names.iter().any(|name| name == section.name);
            if raised.is_empty() && !is_named {
                continue;
            }
            let why = if is_whole { self.why(seen, &raised) } else { None };
            parts.push(says(section.name, raised, None, why));
        }
        parts
    }

    /// The rule that raised one of these counters.
    fn why(&self, seen: &Seen<'_>, raised: &[(&'static str, String)]) -> Option<Told> {
        let line = &seen.line;
        let told = self.reasons.tell(line.text).or_else(|| self.reasons.tell(line.after_stamp))?;
        raised.iter().any(|(key, _)| *key == told.counter).then_some(told)
    }

    fn notes(&self, seen: &Seen<'_>) -> Vec<String> {
        let mut notes = Vec::new();
        let names = |places: &[usize]| -> String {
            let names: Vec<&str> = places.iter().map(|at| self.panel.all[*at].protocol.name).collect();
            names.join(", ")
        };
        if seen.clock == Clock::Stamp && seen.time > self.now {
            notes.push(
                "its stamp lies in the future, so that it counts in the minute of the reading".to_owned(),
            );
        }
        if seen.length > LINE_LIMIT as u64 + 1 {
            notes
                .push(format!("it has {} bytes, of which only the first {LINE_LIMIT} are read", seen.length));
        }
        if let Some(encoding) = seen.encoding {
            notes.push(format!("the log {}", encoding::sentence(encoding)));
        }
        if !seen.is_ended {
            notes.push(
                "it has no newline at its end: in a log that grows it counts when that is written".to_owned(),
            );
        }
        match seen.judged {
            Judged::Part(Part::Container) => notes.push(
                "it is a piece of a line that a container wrote in parts; the whole counts with the last part, under the time of the first"
                    .to_owned(),
            ),
            Judged::Part(Part::Splogger) => notes.push(
                "it is the rest of a line that splogger cut; what counts stands in the line before".to_owned(),
            ),
            _ => {}
        }
        if let Some(repeats) = seen.repeats {
            let times = repeats.times;
            notes.push(match (repeats.is_itself, repeats.of) {
                (true, _) => format!("syslogd says that this text came {times} times; it counts so often"),
                (false, None) => format!(
                    "syslogd says that the last line of this host came {times} times more; there is none here, so it counts nothing (an update knows the line that it counted last)"
                ),
                (false, Some(of)) => format!(
                    "syslogd says that line {of}, the last one of this host, came {times} times more; what that counts is added {times} times"
                ),
            });
            if repeats.counted < times {
                notes.push(format!(
                    "so often it cannot have come since the line before: {} are counted",
                    repeats.counted
                ));
            }
        }
        if seen.judged == Judged::Unknown && !seen.strange_to.is_empty() {
            notes.push(format!(
                "taken as a line of a log of their own, it is not understood by {}; --protocol NAME says what it counts in NAME's log",
                names(seen.strange_to)
            ));
        }
        if seen.judged == Judged::Foreign {
            for protocol in &self.panel.elsewhere {
                let mut values = vec![0; protocol.counters.len()];
                let verdict = (protocol.classify)(&seen.line, LogKind::Shared, &mut Raise(&mut values));
                if verdict == Verdict::Known {
                    notes.push(format!(
                        "{} would understand it, but does not read syslog under this configuration (see its log method in toaster.conf)",
                        protocol.name
                    ));
                }
            }
        }
        notes
    }
}

fn said(
    hit: &Hit,
    definitions: &Definitions<'_>,
    piece: &dyn Fn(std::ops::Range<usize>) -> String,
) -> String {
    let counter = definitions.counter(hit.at);
    match &hit.outcome {
        Outcome::Counts(None) => "counts".to_owned(),
        Outcome::Counts(Some(Amount::Number(range, nanos))) => {
            let amount = format_value(crate::protocol::CounterKind::Net, *nanos);
            format!("counts, and adds {amount} (sum captures \"{}\")", piece(range.clone()))
        }
        Outcome::Counts(Some(Amount::NotANumber(range))) => {
            format!("counts, and adds nothing: sum captures \"{}\", which is no number", piece(range.clone()))
        }
        Outcome::Counts(Some(Amount::LeftOut)) => "counts, and adds nothing: sum captures nothing".to_owned(),
        Outcome::AnotherTag => {
            let tag = counter.and_then(|counter| counter.tag.clone()).unwrap_or_default();
            format!("does not count: tag = \"{}\" is another program", shown(&tag, &[], PIECE))
        }
        Outcome::NotAsked => "does not count: its protocol does not read such a line".to_owned(),
        Outcome::Later(first) => format!("does not count: the list {} hits before it", definitions.name(*first).1),
        Outcome::NoList => {
            "does not count: the line does not say that a list turned a client away, so it is compared with none".to_owned()
        }
    }
}
