//! How a threshold is written.
use std::fmt;

use super::form::{NANO, Of, RATES, Than, Threshold};

/// How a threshold is written, for messages.
const FORM: &str = "a threshold is written PART.COUNTER > NUMBER, as send.delivery_failure > 5/min, \
                    queue.oldest > 4h or providers.google.deferred > 20%";

/// No threshold is longer, in bytes.
const LONGEST: usize = 200;

/// Units behind a number: the name, by how much it multiplies, and whether it is one of time.
const UNITS: [(&str, i128, bool); 12] = [
    ("s", 1, true),
    ("min", 60, true),
    ("m", 60, true),
    ("h", 3_600, true),
    ("day", 86_400, true),
    ("d", 86_400, true),
    ("k", 1_000, false),
    ("M", 1_000_000, false),
    ("G", 1_000_000_000, false),
    ("Ki", 1 << 10, false),
    ("Mi", 1 << 20, false),
    ("Gi", 1 << 30, false),
];

impl Threshold {
    /// The threshold that `text` writes.
    ///
    /// # Errors
    /// What is wrong with it, and how it is written.
    pub fn parse(text: &str) -> Result<Threshold, String> {
        parse(text)
    }
}

fn parse(text: &str) -> Result<Threshold, String> {
    let shown = || text.chars().take(60).collect::<String>();
    if text.len() > LONGEST {
        return Err(format!("{:?}… is longer than {LONGEST} bytes; {FORM}", shown()));
    }
    let wrong = |what: &str| format!("{:?}: {what}; {FORM}", shown());
    let at = text.find(['<', '>']).ok_or_else(|| wrong("there is no > and no < in it"))?;
    let (left, rest) = text.split_at(at);
    let (than, right) = match (rest.strip_prefix(">="), rest.strip_prefix("<=")) {
        (Some(right), _) => (Than::AtLeast, right),
        (_, Some(right)) => (Than::AtMost, right),
        _ if rest.starts_with('>') => (Than::More, &rest[1..]),
        _ => (Than::Less, &rest[1..]),
    };
    let (part, name) = left.trim().split_once('.').ok_or_else(|| wrong("its left side has no dot"))?;
    let is_word = |word: &str, more: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    if !is_word(part, "_-") || !is_word(name, "_-.") {
        return Err(wrong("its left side is no name"));
    }
    let right = right.trim();
    let (right, of) = match (right.strip_suffix('%'), right.split_once('/')) {
        (Some(number), _) => (number, Of::Share),
        (_, Some((number, per))) => {
            let per = per.trim();
            let rate = RATES.iter().find(|(name, ..)| *name == per);
            let (_, seconds, _) = rate.ok_or_else(|| wrong("behind the / stands min, h or day"))?;
            (number, Of::Rate(*seconds))
        }
        _ => (right, Of::Level),
    };
    let right = right.trim();
    let (number, unit) = right.split_at(right.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(right.len()));
    let (times, is_time) = match unit {
        "" => (1, false),
        unit => {
            // Bytes may be said to be bytes.
            let short = unit.strip_suffix('B').unwrap_or(unit);
            let known = UNITS.iter().find(|(name, _, is_time)| *name == if *is_time { unit } else { short });
            let known =
                known.map(|(_, times, is_time)| (*times, *is_time)).or((unit == "B").then_some((1, false)));
            known.ok_or_else(|| wrong("its unit is none of s, m, h, d, k, M, G, Ki, Mi and Gi"))?
        }
    };
    let number = nanos(number.trim()).ok_or_else(|| wrong("its right side is no number"))? * times;
    if of == Of::Share && (number > 100 * NANO || !unit.is_empty()) {
        return Err(wrong("a share is a number from 0 to 100"));
    }
    let (part, name, written) = (part.to_owned(), name.to_owned(), right.to_owned());
    Ok(Threshold { part, name, than, number, written, is_time, of })
}

/// A decimal number of at most 15 digits before the point and nine behind it, in units of 10⁻⁹.
fn nanos(text: &str) -> Option<i128> {
    let (digits, is_below) = text.strip_prefix('-').map_or((text, false), |digits| (digits, true));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |digits: &str, most| {
        (1..=most).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
    };
    if !is_number(whole, 15) || !is_number(part, 9) {
        return None;
    }
    let value = whole.parse::<i128>().ok()? * NANO + format!("{part:0<9}").parse::<i128>().ok()?;
    Some(if is_below { -value } else { value })
}

impl fmt::Display for Threshold {
    /// As it is written, with one blank around the sign. Two thresholds that say the same in the same words are the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Threshold { part, name, than, written, of, .. } = self;
        let end = if *of == Of::Share { "%".to_owned() } else { of.per() };
        write!(f, "{part}.{name} {} {written}{end}", than.sign())
    }
}
