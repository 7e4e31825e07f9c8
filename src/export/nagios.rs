//! The answer of a plug-in of Nagios and Icinga, as the guide to plug-ins has it
//! (<https://www.monitoring-plugins.org/doc/guidelines.html>): a line with performance data, lines of more text, and a state.
use crate::reading::family::Unit;
use crate::reading::threshold::{Level, Of, Threshold, Unsure, Verdict, decimal};

/// The state of a service; its number is the exit code. Of several the last one in this order decides: behind what cannot be
/// told something critical may be hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// All is well.
    Ok,
    /// Worth a look.
    Warning,
    /// It cannot be told.
    Unknown,
    /// Somebody has to do something.
    Critical,
}

impl State {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            State::Ok => 0,
            State::Warning => 1,
            State::Critical => 2,
            State::Unknown => 3,
        }
    }

    fn word(self) -> &'static str {
        match self {
            State::Ok => "OK",
            State::Warning => "WARNING",
            State::Critical => "CRITICAL",
            State::Unknown => "UNKNOWN",
        }
    }
}

/// One thing that was looked at: how it is, and that in words.
pub type Line = (State, String);

/// No line is longer, in characters, and there are no more of them: agents pass on some thousand bytes.
const LONGEST: usize = 300;
const MOST: usize = 20;

/// The answer. What is not well stands first, and alone unless all is; `performance` is that of [`performance()`].
pub fn answer(lines: &[Line], performance: &[String]) -> (String, u8) {
    let state = lines.iter().map(|(state, _)| *state).max().unwrap_or(State::Ok);
    let mut told: Vec<&Line> = lines.iter().filter(|(of, _)| *of > State::Ok || state == State::Ok).collect();
    told.sort_by_key(|(of, _)| std::cmp::Reverse(*of));
    let first = told.first().map_or("nothing was asked", |(_, text)| text);
    let more = told.len().saturating_sub(1);
    let more = if more == 0 { String::new() } else { format!(" (and {more} more)") };
    let data = if performance.is_empty() { String::new() } else { format!(" | {}", performance.join(" ")) };
    let mut text = format!("MAILLOGS {} - {}{more}{data}\n", state.word(), plain(first));
    for (of, line) in told.iter().skip(1).take(MOST) {
        text += &format!("{} - {}\n", of.word(), plain(line));
    }
    if told.len() > MOST + 1 {
        text += &format!("and {} more\n", told.len() - MOST - 1);
    }
    (text, state.code())
}

/// The state of a threshold, and what was found. `time` writes a time.
pub fn line(verdict: &Verdict, time: &dyn Fn(i64) -> String) -> Line {
    let state = match (&verdict.found, verdict.level) {
        (Ok(judged), Level::Warning) if judged.holds => State::Warning,
        (Ok(judged), Level::Critical) if judged.holds => State::Critical,
        (Ok(_), _) => State::Ok,
        (Err(Unsure(_)), _) => State::Unknown,
    };
    (state, format!("{}: {}", verdict.threshold, verdict.words(time)))
}

/// `'send.delivery_failure/min'=7.2;~:5;~:20` of each counter: its value, and the values that are no alarm. What is not known is
/// `U`.
pub fn performance(verdicts: &[Verdict]) -> Vec<String> {
    let label = |threshold: &Threshold| {
        let end = if threshold.of == Of::Share { "_share".to_owned() } else { threshold.of.per() };
        // A label may hold anything but `=` and `'`; a threshold's left side is letters, digits, `_`, `-` and dots.
        format!("{}.{}{end}", threshold.part, threshold.name)
    };
    let mut labels: Vec<String> = Vec::new();
    let mut data = Vec::new();
    for verdict in verdicts {
        let name = label(&verdict.threshold);
        if labels.contains(&name) {
            continue;
        }
        let range = |level| {
            let same = verdicts.iter().find(|v| v.level == level && label(&v.threshold) == name);
            same.map(|v| v.threshold.than.range(&decimal(v.threshold.number))).unwrap_or_default()
        };
        let value = verdict.found.as_ref().ok().and_then(|judged| judged.value);
        let unit = match (verdict.threshold.of, verdict.unit) {
            (Of::Share, _) => "%",
            (Of::Level, Unit::Seconds) => "s",
            (Of::Level, Unit::Bytes) => "B",
            _ => "",
        };
        let value = value.map_or_else(|| "U".to_owned(), |value| decimal(value) + unit);
        data.push(format!("'{name}'={value};{};{}", range(Level::Warning), range(Level::Critical)));
        labels.push(name);
    }
    data
}

/// On one line, without what would end it or begin performance data, and not all of a long one.
fn plain(text: &str) -> String {
    let text: String = text.chars().map(|c| if c.is_control() || c == '|' { ' ' } else { c }).collect();
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::threshold::Judged;

    fn verdict(level: Level, text: &str, found: Result<Option<i128>, &str>) -> Verdict {
        let threshold = Threshold::parse(text).unwrap();
        let found = found.map(|value| Judged { holds: level == Level::Critical, value, over: None });
        Verdict { level, threshold, unit: Unit::None, found: found.map_err(|why| Unsure(why.to_owned())) }
    }

    #[test]
    fn the_worst_state_stands_first_and_decides() {
        let line = |state, text: &str| (state, text.to_owned());
        let all = [line(State::Ok, "a"), line(State::Warning, "b"), line(State::Critical, "c|d\ne")];
        let (text, code) = answer(&all, &["'x'=1".to_owned()]);
        assert_eq!(
            (text.as_str(), code),
            ("MAILLOGS CRITICAL - c d e (and 1 more) | 'x'=1\nWARNING - b\n", 2)
        );
        let (text, code) = answer(&[line(State::Warning, "b"), line(State::Unknown, "u")], &[]);
        assert_eq!((text.as_str(), code), ("MAILLOGS UNKNOWN - u (and 1 more)\nWARNING - b\n", 3));
        assert_eq!(answer(&all[..1], &[]), ("MAILLOGS OK - a\n".to_owned(), 0));
        let many = vec![line(State::Warning, &"x".repeat(400)); 50];
        let (text, _) = answer(&many, &[]);
        assert!(
            text.ends_with("and 29 more\n") && text.lines().all(|line| line.chars().count() < 340),
            "{text}"
        );
    }

    #[test]
    fn a_value_has_the_ranges_of_both_levels() {
        let data = performance(&[
            verdict(Level::Critical, "a.b>=20/min", Ok(Some(7_200_000_000))),
            verdict(Level::Warning, "a.b>5/min", Ok(Some(7_200_000_000))),
            verdict(Level::Warning, "a.b<=1/h", Ok(Some(432_000_000_000))),
            verdict(Level::Warning, "a.c<20%", Ok(None)),
            verdict(Level::Warning, "a.d>4", Err("why")),
        ]);
        assert_eq!(
            data,
            ["'a.b/min'=7.2;~:5;@20:", "'a.b/h'=432;@~:1;", "'a.c_share'=U;20:;", "'a.d'=U;~:4;"]
        );
    }
}
