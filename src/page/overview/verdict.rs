//! The answer in a sentence: is mail flowing? A pure function of what is known.
//!
//! The rules, the first that holds:
//! 1. not known: the numbers of mail could not be read, or were read too long before the page was made;
//! 2. the first day: less than 24 hours are counted;
//! 3. no mail: no new message and no delivery for longer than half an hour, in which more than ten usually come; or there is
//!    nothing to compare with, and it is longer than three days (in which more than ten come by the mean of all days) or four weeks;
//! 4. nothing delivered: there were attempts in the last half-hour and none succeeded, and none has for so long that more than ten
//!    usually do, or there were many of them where some usually succeed;
//! 5. not known: of the last hour it is not, or there was nothing for half an hour and nothing to compare with;
//! 6. mail is flowing.
//!
//! What usually comes is what came in the same stretch of the last four same weekdays (the median). A server that has three mails a day, or none at night, is not told to have stopped.
use serde::Serialize;

use crate::page::{history, local, words};
use crate::reading::OLD;

/// Less than this (seconds) is the first day.
const DAY: i64 = 86_400;
/// A silence of mail is told of if it is longer than this, in seconds, and
const SILENCE: i64 = 1_800;
/// if more messages and deliveries than this usually come in the same time.
const GAPS: f64 = 10.0;
/// From this number of attempts on it is told that none of them succeeded, unless at this time none usually does.
const MANY: f64 = 20.0;
/// Where there is nothing to compare with, a silence is told of that is longer than any weekend (seconds), if much was to be
/// expected by the mean of all days, or in any case longer than this.
const WEEKEND: i64 = 3 * DAY;
const LONG: i64 = 28 * DAY;

/// What the verdict is made of. What is not known, or what this server does not count, is `None`.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// When the page is made, Unix seconds.
    pub now: i64,
    /// Does anything on this server count messages or deliveries? Who counts them, for people.
    pub mta: Option<String>,
    /// Until when it was read, Unix seconds; 0: never.
    pub seen: i64,
    /// Why it could not be read.
    pub trouble: Option<String>,
    /// Since when it is known.
    pub since: Option<i64>,
    /// New messages and deliveries in the last hour.
    pub hour: Flow,
    /// The same of the local day.
    pub day: Flow,
    /// The same hour of earlier same weekdays.
    pub earlier: Vec<Flow>,
    /// Attempts that ended in the last half-hour, and those that succeeded.
    pub attempts: Option<f64>,
    pub succeeded: Option<f64>,
    /// The last new message or delivery, and how many there were in the stretch from it to now on earlier same weekdays.
    pub last: Option<i64>,
    pub usual: Vec<f64>,
    /// What is told of that: how many usually come, and whether it is of other days than the same weekday.
    pub told: Option<(f64, bool)>,
    /// From when on anything is known of messages and deliveries.
    pub known_from: Option<i64>,
    /// How many there would have been since then by the mean of all that is known.
    pub expected: f64,
    /// From when on earlier days are known, if that is much later than counting began: the RRD was lost.
    pub lost: Option<i64>,
    /// The same of deliveries alone.
    pub last_delivery: Option<i64>,
    pub usual_deliveries: Vec<f64>,
    /// Messages in the queue, and the age of the oldest one in seconds.
    pub waiting: Option<f64>,
    pub oldest: Option<i64>,
    /// The sources that were ever heard, and how many never were; how many of the former are logs and not measured.
    pub sources: usize,
    pub never: usize,
    pub logs: usize,
    /// The sources that are silent, and the longest silence of the others in seconds.
    pub silent: Vec<String>,
    pub slowest: Option<i64>,
    /// What else is counted on a server without messages and deliveries, and how many in the last hour: `logins`.
    pub others: Vec<(&'static str, f64)>,
}

/// New messages, and deliveries.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Flow {
    pub messages: Option<f64>,
    pub deliveries: Option<f64>,
}

/// What the shape beside the words says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sign {
    /// All is well.
    Ok,
    /// Somebody has to look.
    Stop,
    /// It is not known, or too early to say.
    #[default]
    Unknown,
}

/// The answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The shape.
    pub sign: Sign,
    /// In a few words.
    pub title: String,
    /// The sentences behind it.
    pub lead: Vec<Piece>,
    /// Is there a way to look further: `maillogs check`?
    pub look: bool,
}

/// A piece of a sentence.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its text.
    pub text: String,
    /// Is it the number that counts?
    pub strong: bool,
}

/// Makes pieces of a text in which `*` stands before and behind what is strong. Texts from elsewhere have no `*` left.
fn pieces(text: &str) -> Vec<Piece> {
    let parts = text.split('*').enumerate();
    let all = parts.map(|(n, text)| Piece { text: text.to_owned(), strong: n % 2 == 1 });
    all.filter(|piece| !piece.text.is_empty()).collect()
}

/// The verdict.
pub(super) fn verdict(known: &Known) -> Verdict {
    let of = |sign, title: String, lead: &str, look| Verdict { sign, title, lead: pieces(lead), look };
    let moment = |time| words::moment(time, known.now);
    let Some(mta) = &known.mta else {
        return without_mail(known);
    };
    let mta = plain(mta);
    if known.seen <= 0 {
        let why = known.trouble.as_deref().map_or(String::new(), |why| format!(" {}.", plain(why)));
        let lead = format!("No log of {mta} was read to its end yet.{why}");
        return of(Sign::Unknown, "Nothing is known yet".into(), &lead, true);
    }
    let age = known.now - known.seen;
    if known.trouble.is_some() || age > OLD {
        let lead = match &known.trouble {
            Some(why) if age <= OLD => format!("Not every log could be read: {}.", plain(why)),
            Some(why) => format!(
                "The logs were last read *{}* before this page was made: {}. Everything below ends there.",
                words::duration(age),
                plain(why)
            ),
            None => format!(
                "The logs were last read *{}* before this page was made. Everything below ends there.",
                words::duration(age)
            ),
        };
        return of(Sign::Unknown, format!("Not known since {}", moment(known.seen)), &lead, true);
    }
    let Some(since) = known.since else {
        let lead = format!("No line of {mta} was counted yet.");
        return of(Sign::Unknown, "Nothing is counted yet".into(), &lead, true);
    };
    if known.now - since < DAY {
        let flow = flow(known.day, "so far");
        let lead = format!(
            "The first day. {flow}Nothing to compare with yet: the first same weekday is *{}*. Until then the thin lines and the marks are left out.",
            local::day(since + 7 * DAY)
        );
        return of(Sign::Unknown, format!("Counting since {}", moment(since)), &lead, false);
    }
    let no_mail_since = match (known.last, known.known_from) {
        (Some(last), _) => format!("No mail since {}", moment(last)),
        (None, Some(from)) if known.now - from < history::KEPT - DAY => {
            format!("No mail since {} at least", moment(from))
        }
        (None, _) => "No mail in the last two months".to_owned(),
    };
    if let Some(silence) = stopped(known.last, &known.usual, known.now) {
        return of(Sign::Stop, no_mail_since, &no_mail(known, &mta, silence), true);
    }
    let unjudged = unjudged(known);
    if let Some(silence) = unjudged.filter(|silence| is_too_long(*silence, known.expected)) {
        return of(Sign::Stop, no_mail_since, &no_mail(known, &mta, silence), true);
    }
    let tried = known.attempts.unwrap_or_default();
    let silence = stopped(known.last_delivery, &known.usual_deliveries, known.now);
    let some_succeed = super::events::median(known.usual_deliveries.clone()).is_none_or(|usual| usual >= 1.0);
    let is_told = silence.is_some() || (tried >= MANY && some_succeed);
    if tried > 0.0 && known.succeeded == Some(0.0) && is_told {
        let title = known.last_delivery.map_or("Nothing is delivered".into(), |last| {
            format!("Nothing is delivered since {}", moment(last))
        });
        let lead = format!(
            "In the last half-hour *{}* to deliver ended, and none succeeded.{}{}",
            plural(tried, "1 attempt", "attempts"),
            queue(known),
            sources(known)
        );
        return of(Sign::Stop, title, &lead, true);
    }
    if let Some(silence) = unjudged {
        return of(Sign::Unknown, no_mail_since, &no_mail(known, &mta, silence), true);
    }
    let until = local::clock(known.now.min(known.seen));
    let Some(flow) = flow_words(known.hour) else {
        let lead = format!(
            "Of the hour until {until} it is not known how much came and went.{}{}{}",
            lost(known),
            queue(known),
            sources(known)
        );
        return of(Sign::Unknown, "Not known whether mail is flowing".into(), &lead, true);
    };
    let lead = format!(
        "In the hour until {until}, {flow}{}.{}{}{}",
        comparison(known),
        lost(known),
        queue(known),
        sources(known)
    );
    of(Sign::Ok, "Mail is flowing".into(), &lead, false)
}

/// A text from elsewhere: a name, an error.
fn plain(text: &str) -> String {
    crate::chart::text::plain(text).replace('*', "\u{2217}").trim_end_matches('.').to_owned()
}

/// `1 message`, `688 messages`.
fn plural(number: f64, one: &str, many: &str) -> String {
    match words::count(number).as_str() {
        "1" => one.to_owned(),
        number => format!("{number} {many}"),
    }
}

/// For how long there was nothing (seconds), if that is longer than usual. `usual`: how many there were in the same stretch
/// of earlier days.
fn stopped(last: Option<i64>, usual: &[f64], now: i64) -> Option<i64> {
    // A stamp of the future is one of now.
    let silence = (now - last?).max(0);
    let gaps = super::events::median(usual.to_vec())?;
    (silence > SILENCE && gaps > GAPS).then_some(silence)
}

/// For how long there was nothing (seconds), if it is not known what is usual.
fn unjudged(known: &Known) -> Option<i64> {
    let hour = [known.hour.messages, known.hour.deliveries];
    let is_silent = hour.iter().flatten().all(|number| *number < 0.5) && hour.iter().any(Option::is_some);
    let kept = known.now - history::KEPT;
    let silence = known.now - known.last.or(known.known_from).unwrap_or(kept).max(kept);
    (known.usual.is_empty() && is_silent && silence > SILENCE).then_some(silence)
}

/// Is that long, where `expected` messages and deliveries would have come by the mean of all that is known?
fn is_too_long(silence: i64, expected: f64) -> bool {
    silence > LONG || (silence > WEEKEND && expected > GAPS)
}

fn no_mail(known: &Known, mta: &str, silence: i64) -> String {
    let weekdays = format!("{}s", local::weekday(known.now));
    let usual = match known.told {
        // The whole of a silence says more than a mean over it, in which there may be a night.
        Some((usual, is_other)) if !known.usual.is_empty() => {
            let days = if is_other { "days" } else { &weekdays };
            format!("; on other {days} about *{}* come in the same time", words::about(usual))
        }
        _ if is_too_long(silence, known.expected) => String::new(),
        _ if known.lost.is_some() => "; whether that is unusual is not known".to_owned(),
        _ => format!(
            "; whether that is unusual is not known, because there are no other {weekdays} to compare with yet"
        ),
    };
    let silence = words::duration(silence);
    format!(
        "{mta} wrote of no new message and no delivery for *{silence}*{usual}.{}{}{}",
        lost(known),
        queue(known),
        sources(known)
    )
}

/// That earlier days cannot be compared because the RRD does not have them.
fn lost(known: &Known) -> String {
    let is_compared = !known.usual.is_empty() || !comparison(known).is_empty();
    let Some(from) = known.lost.filter(|_| !is_compared) else { return String::new() };
    let from = words::moment(from, known.now);
    format!(" The RRD has nothing of the time before *{from}*, so that there is nothing to compare with.")
}

/// `*688 messages* came into the queue and *811 deliveries* succeeded`; none: neither is counted.
fn flow_words(flow: Flow) -> Option<String> {
    let messages = flow
        .messages
        .map(|number| format!("*{}* came into the queue", plural(number, "1 message", "messages")));
    let deliveries =
        flow.deliveries.map(|number| format!("*{}* succeeded", plural(number, "1 delivery", "deliveries")));
    match (messages, deliveries) {
        (Some(messages), Some(deliveries)) => Some(format!("{messages} and {deliveries}")),
        (one, other) => one.or(other),
    }
}

fn flow(of: Flow, behind: &str) -> String {
    flow_words(of).map_or_else(String::new, |words| format!("{words} {behind}. "))
}

/// Where the hour lies among the same hours of earlier weekdays. Of small numbers chance alone makes more and fewer.
fn comparison(known: &Known) -> String {
    let place = |now: Option<f64>, of: &dyn Fn(&Flow) -> Option<f64>| {
        let earlier: Vec<f64> = known.earlier.iter().filter_map(of).collect();
        let (low, high) =
            (earlier.iter().copied().reduce(f64::min)?, earlier.iter().copied().reduce(f64::max)?);
        let (now, slack) = (now?, |number: f64| 2.0 * (number + 1.0).sqrt());
        Some(if now < low - slack(low) { -1 } else { i32::from(now > high + slack(high)) })
    };
    let places = [
        place(known.hour.messages, &|flow| flow.messages),
        place(known.hour.deliveries, &|flow| flow.deliveries),
    ];
    let places: Vec<i32> = places.into_iter().flatten().collect();
    let days = format!("on other {}s", local::weekday(known.now));
    match (places.iter().min(), places.iter().max()) {
        (Some(0), Some(0)) => format!(", about as many as {days}"),
        (Some(0 | 1), Some(1)) => format!(", more than {days}"),
        (Some(-1), Some(-1 | 0)) => format!(", fewer than {days}"),
        _ => String::new(),
    }
}

fn queue(known: &Known) -> String {
    match (known.waiting.map(f64::round), known.oldest) {
        (Some(0.0), _) => " Nothing waits in the queue.".to_owned(),
        (Some(1.0), Some(oldest)) => {
            format!(" *1* message waits; it came *{}* ago.", words::duration(oldest))
        }
        (Some(number), oldest) => {
            let oldest = oldest.map_or(String::new(), |oldest| {
                format!("; the oldest came *{}* ago", words::duration(oldest))
            });
            format!(
                " *{}* {}{oldest}.",
                words::count(number),
                if number < 1.5 { "message waits" } else { "messages wait" }
            )
        }
        (None, _) => String::new(),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

/// Which sources were heard.
fn sources(known: &Known) -> String {
    match (&known.silent[..], known.slowest) {
        ([], None) => String::new(),
        ([], Some(slowest)) => {
            let within = match slowest {
                0..=60 => "minute".to_owned(),
                61..=3_540 => format!(
                    "{} minutes",
                    words::small(usize::try_from((slowest + 59) / 60).unwrap_or_default())
                ),
                longer => words::duration((longer + 3_599) / 3_600 * 3_600),
            };
            let all = match (known.sources, known.never) {
                (1, 0) => "The only source was".to_owned(),
                (2, 0) => "Both sources were".to_owned(),
                (many, 0) => format!("All {} sources were", words::small(many)),
                (some, never) => format!(
                    "{} of {} sources {}",
                    capital(&words::small(some)),
                    words::small(some + never),
                    if some == 1 { "was" } else { "were" }
                ),
            };
            format!(" {all} heard in the last {within}.")
        }
        ([one], _) => format!(" *{}* is silent.", plain(one)),
        (many, _) => {
            let names: Vec<String> = many.iter().map(|name| format!("*{}*", plain(name))).collect();
            format!(" {} are silent.", words::listed(&names.iter().map(String::as_str).collect::<Vec<_>>()))
        }
    }
}

/// A server on which nothing counts messages or deliveries.
fn without_mail(known: &Known) -> Verdict {
    let age = known.now - known.seen;
    if known.seen > 0 && (age > OLD || known.trouble.is_some()) {
        let why = known.trouble.as_deref().map_or(String::new(), |why| format!(": {}", plain(why)));
        let lead = format!(
            "The logs were last read *{}* before this page was made{why}.",
            words::duration(age.max(0))
        );
        let title = format!("Not known since {}", words::moment(known.seen, known.now));
        return Verdict { sign: Sign::Unknown, title, lead: pieces(&lead), look: true };
    }
    if known.logs == 0 {
        let lead = "No line of any mail server was counted yet.".to_owned();
        return Verdict {
            sign: Sign::Unknown,
            title: "Nothing is counted yet".into(),
            lead: pieces(&lead),
            look: true,
        };
    }
    let counted: Vec<String> =
        known.others.iter().map(|(what, number)| format!("*{}* {what}", words::count(*number))).collect();
    let counted: Vec<&str> = counted.iter().map(String::as_str).collect();
    let hour = match counted.is_empty() {
        true => String::new(),
        false => {
            format!(" In the hour until {} there were {}.", local::clock(known.now), words::listed(&counted))
        }
    };
    let lead = format!(
        "Nothing here logs messages or deliveries, so that it is not known whether mail flows.{hour}{}",
        sources(known)
    );
    let (sign, title) = match known.silent.is_empty() {
        true => (Sign::Ok, "Logs are read".to_owned()),
        false => (
            Sign::Stop,
            format!("{} silent", if known.silent.len() == 1 { "A source is" } else { "Sources are" }),
        ),
    };
    Verdict { sign, title, lead: pieces(&lead), look: sign == Sign::Stop }
}

#[cfg(test)]
mod tests;
