//! What each line of a log counts: read as an update or a roll reads it.
use super::asked::{Asked, Question, Questions};
use super::repeated::Hosts;
use super::seen::{Answer, Clock, Judged, Part, Repeats, Seen};
use crate::ingest::{Repeat, repeat};
use crate::line::{Line, Parser, Parts, part_of};
use crate::protocol::attempts::Attempts;
use crate::protocol::memory::{Deliveries, Memory, Messages};
use crate::protocol::{CounterKind, LogKind, Raise, Verdict};
use crate::source::lines::RawLine;

/// The reading of one log.
pub(super) struct Judge<'a> {
    all: &'a [Asked],
    questions: &'a Questions,
    input: &'a str,
    parser: Parser,
    parts: Parts,
    hosts: Hosts,
    number: u64,
    /// The time of the line before, unix seconds; 0: there is none.
    before: i64,
    now: i64,
    /// What one line raises, of each who is asked.
    scratch: Vec<Vec<i128>>,
    /// Of each protocol, what it remembers of the lines before.
    memories: Vec<(Deliveries, Messages)>,
    answers: Vec<Answer>,
    strange_to: Vec<usize>,
}

impl<'a> Judge<'a> {
    /// Begins to read the log `input`, at `now` (unix seconds).
    pub fn new(
        all: &'a [Asked],
        questions: &'a Questions,
        input: &'a str,
        parser: Parser,
        now: i64,
    ) -> Judge<'a> {
        Judge {
            all,
            questions,
            input,
            parser: parser.of_own_log(questions.is_own),
            parts: Parts::default(),
            hosts: Hosts::default(),
            number: 0,
            before: 0,
            now,
            scratch: all.iter().map(|asked| vec![0; asked.protocol.counters.len()]).collect(),
            memories: all.iter().map(|_| (Deliveries::default(), Messages::default())).collect(),
            answers: Vec::new(),
            strange_to: Vec::new(),
        }
    }

    /// Reads a line, and shows it to `each`.
    pub fn line(&mut self, raw: &RawLine<'_>, each: &mut dyn FnMut(&Seen<'_>)) {
        if raw.is_room() {
            return;
        }
        self.number += 1;
        let Judge {
            all,
            questions,
            parser,
            parts,
            hosts,
            number,
            before,
            scratch,
            memories,
            answers,
            strange_to,
            ..
        } = self;
        let mut line = parts.parse(parser, raw.text, raw.last);
        answers.clear();
        strange_to.clear();
        let (time, clock) = match line.time {
            Some(stamp) => (stamp.secs, Clock::Stamp),
            None if *before != 0 => (*before, Clock::Before),
            None => (self.now, Clock::Reading),
        };
        let earlier = std::mem::replace(before, line.time.map_or(*before, |stamp| stamp.secs));
        let says = if questions.is_stream { repeat(&line) } else { Repeat::None };
        let mut repeats = None;
        let is_headed = line.tag.is_some() || line.host.is_some();
        let asked = if is_headed { &questions.headed } else { &questions.bare };
        let mut judged = None;
        if questions.is_stream {
            let last = hosts.last_of(line.host);
            let since = match if last.time == 0 { earlier } else { last.time } {
                0 => time,
                since => since,
            };
            last.time = time;
            match says {
                Repeat::Last(times) => {
                    let counted =
                        if last.answers.is_empty() { times } else { last.rate.possible(times, since, time) };
                    answers.extend(last.answers.iter().map(|answer| answer.repeated(all, counted)));
                    let of = Some(last.number).filter(|number| *number > 0);
                    repeats = Some(Repeats { times, counted, of, is_itself: false });
                    judged = Some(Judged::Repeats);
                }
                Repeat::This(times, text) => {
                    line = Line { text, ..line };
                    ask(all, asked, &line, scratch, memories, answers);
                    let once: Vec<Answer> = answers.iter().map(|answer| answer.repeated(all, 1)).collect();
                    let counted =
                        if answers.is_empty() { times } else { last.rate.possible(times, since, time) };
                    for (answer, once) in answers.iter_mut().zip(&once) {
                        *answer = Answer { raised: answer.repeated(all, counted).raised, ..once.clone() };
                    }
                    (last.answers, last.number) = (once, *number);
                    repeats = Some(Repeats { times, counted, of: None, is_itself: true });
                }
                Repeat::None => {
                    ask(all, asked, &line, scratch, memories, answers);
                    last.answers.clone_from(answers);
                    last.number = *number;
                }
            }
        } else {
            ask(all, asked, &line, scratch, memories, answers);
        }
        if !questions.is_certain && !is_headed {
            let own = |answer: &Answer| answer.place == LogKind::Dedicated;
            // Beside one who counts it, who knows it and counts nothing is not the one who reads the log.
            let is_counted =
                answers.iter().any(|a| own(a) && a.verdict == Verdict::Known && !a.raised.is_empty());
            let is_strange = |answer: &Answer| {
                own(answer)
                    && (answer.verdict == Verdict::Unknown || (is_counted && answer.raised.is_empty()))
            };
            strange_to.extend(answers.iter().filter(|answer| is_strange(answer)).map(|answer| answer.asked));
            answers.retain(|answer| !is_strange(answer));
        }
        let part = line.continuation.then(|| match part_of(raw.text, raw.last) {
            Some(_) => Part::Container,
            None => Part::Splogger,
        });
        let judged =
            judged.or(part.map(Judged::Part)).unwrap_or_else(|| all_in_all(answers, !strange_to.is_empty()));
        each(&Seen {
            input: self.input,
            number: *number,
            line,
            length: raw.end - raw.start,
            is_ended: raw.terminated,
            encoding: raw.encoding,
            time,
            clock,
            answers,
            strange_to,
            repeats,
            judged,
        });
    }
}

/// Asks the classifiers. An answer of those to whom the line is another program's is left out.
fn ask(
    all: &[Asked],
    questions: &[Question],
    line: &Line<'_>,
    scratch: &mut [Vec<i128>],
    memories: &mut [(Deliveries, Messages)],
    answers: &mut Vec<Answer>,
) {
    for &Question { asked, place } in questions {
        let protocol = all[asked].protocol;
        let values = &mut scratch[asked];
        let (deliveries, messages) = &mut memories[asked];
        let attempts = &mut Attempts::default();
        let memory = &mut Memory { deliveries, messages, attempts, time: 0 };
        let verdict = protocol.count(line, place, memory, &mut Raise(values));
        if verdict == Verdict::Foreign {
            continue;
        }
        let raised = values.iter_mut().enumerate().filter(|(_, value)| **value != 0);
        let raised = raised.map(|(counter, value)| (counter, std::mem::take(value))).collect();
        answers.push(Answer { asked, place, verdict, raised });
    }
}

impl Answer {
    /// What `times` more of the line raise.
    fn repeated(&self, all: &[Asked], times: u32) -> Answer {
        let counters = all[self.asked].protocol.counters;
        let adds = |counter: usize| {
            matches!(counters[counter].kind, CounterKind::Count | CounterKind::Sum | CounterKind::Net)
        };
        let raised = self.raised.iter().filter(|(counter, _)| adds(*counter));
        let raised = raised.map(|(counter, amount)| (*counter, amount * i128::from(times))).collect();
        Answer { raised, ..self.clone() }
    }
}

fn all_in_all(answers: &[Answer], is_strange: bool) -> Judged {
    let known = || answers.iter().filter(|answer| answer.verdict == Verdict::Known);
    if known().any(|answer| !answer.raised.is_empty()) {
        Judged::Counted
    } else if known().next().is_some() {
        Judged::Known
    } else if is_strange || !answers.is_empty() {
        Judged::Unknown
    } else {
        Judged::Foreign
    }
}
