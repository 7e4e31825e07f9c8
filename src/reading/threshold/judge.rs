//! Whether a threshold is crossed.
use super::find::Target;
use super::form::{NANO, Of, Threshold};
use crate::reading::family::Unit;
use crate::reading::steps::Steps;
use crate::reading::{Measure, Reading};

/// What is not read for longer (seconds) says nothing of now. `maillogs update` has to run more often than that.
const STALE: i64 = 3_600;

/// What a threshold compares, and whether it is crossed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// Is it crossed?
    pub holds: bool,
    /// The left side, in units of 10⁻⁹ of what the threshold is written in, rounded. `None`: it is a share of nothing.
    pub value: Option<i128>,
    /// From when to when was counted, Unix seconds; `None`: it is where it stands now.
    pub over: Option<(i64, i64)>,
}

/// Why it is not known whether a threshold is crossed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsure(pub String);

impl Threshold {
    /// The time that has to be counted to judge it by `reading`: from and to, Unix seconds. `None`: none.
    pub fn span(&self, reading: &Reading) -> Option<(i64, i64)> {
        let step = i64::from(reading.step.max(1));
        // As many whole steps as are needed.
        let window = (self.of.window()? + step - 1).div_euclid(step) * step;
        Some((reading.settled - window, reading.settled))
    }

    /// Is it crossed at `now` (Unix seconds)? `steps`: those of [`Threshold::span`].
    ///
    /// # Errors
    /// Why it is not known.
    pub fn judge(
        &self,
        target: &Target,
        reading: &Reading,
        steps: &Steps,
        now: i64,
    ) -> Result<Judged, Unsure> {
        let unsure = |why: String| Err(Unsure(why));
        let why = reading.unknown.as_ref().or(reading.failed.as_ref());
        let at = |key: &str| reading.counters.iter().position(|counter| counter.key == key);
        let Some(place) = at(target.key) else {
            return unsure(why.cloned().unwrap_or_else(|| format!("there is no counter {}", target.key)));
        };
        let value = match (reading.counters[place].value, &reading.unknown) {
            (Some(value), None) => value,
            _ => return unsure(why.cloned().unwrap_or_else(|| "it is not known".to_owned())),
        };
        if reading.seen == 0 {
            return unsure(
                why.cloned().unwrap_or_else(|| "its logs were never read to their end".to_owned()),
            );
        }
        let age = now - reading.seen;
        if age > STALE {
            let why = why.map_or_else(String::new, |why| format!(" ({why})"));
            return unsure(format!(
                "its logs were last read to their end {} min ago{why}; is maillogs update in cron?",
                age / 60
            ));
        }
        let measure = reading.counters[place].measure;
        let Some((from, to)) = self.span(reading) else {
            if reading.measured && !is_measured(reading) {
                return unsure("it was never measured".to_owned());
            }
            if measure == Measure::Level && !reading.measured && !value.moved {
                return unsure("no line has told it yet".to_owned());
            }
            if measure == Measure::Derived && !value.moved {
                return unsure("there is nothing yet that it is computed from".to_owned());
            }
            let value = nanos(measure, value.total);
            return Ok(Judged {
                holds: self.than.holds(&value, &self.number),
                value: Some(value),
                over: None,
            });
        };
        let sum = |at: usize| steps.sum(at).filter(|_| steps.from == from && steps.end() == to);
        let over = Some((from, to));
        let Some(amount) = sum(place) else {
            return unsure(format!("not all of its last {} min is known yet", (to - from) / 60));
        };
        let amount = nanos(measure, amount);
        if let Of::Rate(per) = self.of {
            let (per, window) = (i128::from(per), i128::from((to - from).max(1)));
            let holds = self.than.holds(&(amount * per), &(self.number * window));
            return Ok(Judged { holds, value: Some(rounded(amount * per, window)), over });
        }
        let mut whole = 0;
        for key in &target.whole {
            let Some(part) = at(key).and_then(sum) else {
                return unsure(format!("not all of its last {} min is known yet", (to - from) / 60));
            };
            whole += nanos(Measure::Count, part);
        }
        // Where there was nothing, no part of it was too much or too little.
        if whole == 0 {
            return Ok(Judged { holds: false, value: None, over });
        }
        // Twice in units of 10⁻⁹: of the number, and of the whole.
        let holds = self.than.holds(&(amount * 100 * NANO), &(self.number * whole));
        Ok(Judged { holds, value: Some(rounded(amount * 100 * NANO, whole)), over })
    }
}

/// Was a level of what is measured ever measured? What counts the measurements says it.
fn is_measured(reading: &Reading) -> bool {
    let counts = reading.counters.iter().filter(|counter| counter.measure == Measure::Count);
    counts.filter_map(|counter| counter.value).any(|value| value.total > 0)
}

fn nanos(measure: Measure, value: i128) -> i128 {
    if measure.is_fraction() { value } else { value.saturating_mul(NANO) }
}

/// The quotient, rounded to a whole number.
pub(super) fn rounded(amount: i128, by: i128) -> i128 {
    (2 * amount + by).div_euclid(2 * by)
}

/// How bad it is if a threshold is crossed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Worth a look.
    Warning,
    /// Somebody has to do something.
    Critical,
}

impl Level {
    /// `warning` or `critical`.
    pub fn name(self) -> &'static str {
        match self {
            Level::Warning => "warning",
            Level::Critical => "critical",
        }
    }
}

/// A threshold that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// How bad it is if it is crossed.
    pub level: Level,
    /// The threshold.
    pub threshold: Threshold,
    /// What its counter is measured in.
    pub unit: Unit,
    /// What was found; or why it is not known.
    pub found: Result<Judged, Unsure>,
}

impl Verdict {
    /// What it comes to, in words: `7.2/min from TIME to TIME`. `time` writes a time.
    pub fn words(&self, time: &dyn Fn(i64) -> String) -> String {
        let judged = match &self.found {
            Ok(judged) => judged,
            Err(Unsure(why)) => return format!("not known: {why}"),
        };
        let unit = match (self.threshold.of, self.unit) {
            (Of::Share, _) => "%".to_owned(),
            (of, unit) => {
                let unit = match unit {
                    Unit::None => "",
                    Unit::Seconds => " s",
                    Unit::Bytes => " bytes",
                };
                format!("{unit}{}", of.per())
            }
        };
        let amount =
            judged.value.map_or_else(|| "a share of nothing".to_owned(), |value| decimal(value) + &unit);
        match judged.over {
            Some((from, to)) => format!("{amount} from {} to {}", time(from), time(to)),
            None => amount,
        }
    }
}

/// A value in units of 10⁻⁹ as a decimal number of at most six digits behind the point.
pub fn decimal(value: i128) -> String {
    Measure::Derived.print(rounded(value, 1_000) * 1_000)
}
