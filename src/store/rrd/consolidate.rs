//! The row of an archive that is not over yet: what the steps that are over have brought to one data source of it.
//!
//! The operations and their order are librrd's, so that the doubles are, too.

/// A consolidation function (`rrdcreate(1)`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Average,
    Max,
    Min,
    Last,
}

impl Function {
    /// `None`: another word.
    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "AVERAGE" => Some(Self::Average),
            "MAX" => Some(Self::Max),
            "MIN" => Some(Self::Min),
            "LAST" => Some(Self::Last),
            _ => None,
        }
    }

    /// What a row begins with.
    fn nothing(self) -> f64 {
        match self {
            Self::Average => 0.0,
            Self::Max => f64::NEG_INFINITY,
            Self::Min => f64::INFINITY,
            Self::Last => f64::NAN,
        }
    }

    /// The higher or lower of two values. Where one of them is unknown, it is `second`, as in librrd's comparisons.
    fn choose(self, first: f64, second: f64) -> f64 {
        let is_first = match self {
            Self::Max => first > second,
            Self::Min => first < second,
            Self::Average | Self::Last => true,
        };
        if is_first { first } else { second }
    }
}

/// What decides when a row of an archive is over, and whether it is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rule {
    pub(super) function: Function,
    /// Steps that make a row.
    pub(super) steps: u64,
    /// The part of them that may be unknown.
    pub(super) may_be_unknown: f64,
}

/// Steps that are over now, all with the same rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elapsed {
    /// How many.
    pub(super) steps: u64,
    /// How many steps the open row needed before them.
    pub(super) needed: u64,
}

/// The open row of an archive: each list has one value of each data source.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenRow {
    /// Of an average the sum of the rates of the steps that are over.
    pub(super) value: Vec<f64>,
    /// How many of these steps are unknown.
    pub(super) unknown: Vec<u64>,
    /// The value of the row that was finished last, and of the rows behind it that were finished at the same time.
    pub(super) primary: Vec<f64>,
    pub(super) secondary: Vec<f64>,
}

impl OpenRow {
    /// Brings in `elapsed` steps of the data sources' `rates` (NaN: unknown). If they finish the row, it stands in `primary`
    /// then.
    pub(super) fn bring_in(&mut self, rule: Rule, elapsed: Elapsed, rates: &[f64]) {
        if rule.steps == 1 {
            self.primary.copy_from_slice(rates);
            if elapsed.steps > 1 {
                self.secondary.copy_from_slice(rates);
            }
        } else if elapsed.needed <= elapsed.steps {
            for (source, rate) in rates.iter().enumerate() {
                self.finish(source, rule, elapsed, *rate);
            }
        } else {
            match rule.function {
                Function::Average => {
                    self.go_on(elapsed, rates, |value, new| value + new, float(elapsed.steps))
                }
                Function::Last => self.go_on(elapsed, rates, |_, new| new, 1.0),
                function => self.go_on(elapsed, rates, |value, new| function.choose(new, value), 1.0),
            }
        }
    }

    /// Brings in steps that do not finish the row. `with`: what a value and a rate become, of which `times` times the rate
    /// counts. There is no branch in it, so that the compiler takes several data sources at once.
    #[inline]
    fn go_on(&mut self, elapsed: Elapsed, rates: &[f64], with: impl Fn(f64, f64) -> f64, times: f64) {
        for (value, rate) in self.value.iter_mut().zip(rates) {
            let new = rate * times;
            let both = with(*value, new);
            let known = if value.is_nan() { new } else { both };
            *value = if rate.is_nan() { *value } else { known };
        }
        for (unknown, rate) in self.unknown.iter_mut().zip(rates) {
            *unknown = unknown.wrapping_add(if rate.is_nan() { elapsed.steps } else { 0 });
        }
    }

    /// Finishes the row of one data source.
    fn finish(&mut self, source: usize, rule: Rule, elapsed: Elapsed, rate: f64) {
        let (value, unknown) = (&mut self.value[source], &mut self.unknown[source]);
        self.secondary[source] = rate;
        if rate.is_nan() {
            *unknown = unknown.wrapping_add(elapsed.needed);
        }
        self.primary[source] = if float(*unknown) > float(rule.steps) * rule.may_be_unknown {
            f64::NAN
        } else {
            let or_nothing = |value: f64| if value.is_nan() { rule.function.nothing() } else { value };
            let (before, now) = (or_nothing(*value), or_nothing(rate));
            match rule.function {
                Function::Average => {
                    (before + now * float(elapsed.needed)) / float(rule.steps.wrapping_sub(*unknown))
                }
                Function::Max | Function::Min => rule.function.choose(now, before),
                Function::Last => rate,
            }
        };
        let carried = (elapsed.steps - elapsed.needed) % rule.steps;
        *value = match rule.function {
            function if carried == 0 || rate.is_nan() => function.nothing(),
            Function::Average => rate * float(carried),
            _ => rate,
        };
        *unknown = if rate.is_nan() { carried } else { 0 };
    }
}

#[expect(clippy::cast_precision_loss, reason = "librrd computes so, too")]
pub(super) fn float(number: u64) -> f64 {
    number as f64
}
