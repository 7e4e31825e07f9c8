//! The left axis: round steps, and labels that can be read from 0.001 to a billion.

/// Lines and labels of the left axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Axis {
    /// Distance of the thin lines, in the graph's unit.
    pub minor: f64,
    /// Every how many thin lines a labelled one comes.
    pub label_every: u32,
    /// The lowest value drawn: zero, unless there are values below it.
    pub lower: f64,
    /// The highest value drawn.
    pub upper: f64,
    /// Labels are divided by ten to this power.
    pub exponent: i32,
    /// How `printf` writes a label.
    pub format: String,
}

/// The axis for values from `lowest` to `highest`; either may be unknown (NaN).
pub(crate) fn axis(lowest: f64, highest: f64) -> Axis {
    let known = |value: f64| if value.is_finite() { value } else { 0.0 };
    // Whoever has 1e15 of something is told so, but no axis is made for it.
    let (low, high) = (known(lowest).clamp(-1e15, 0.0), known(highest).clamp(0.0, 1e15));
    let high = if high - low < 1e-9 { 0.95 } else { high };

    let raw = (high - low) / 5.5;
    #[allow(clippy::cast_possible_truncation)] // between -11 and 16
    let mut power = raw.log10().floor() as i32;
    let mantissa = raw / 10_f64.powi(power);
    let (step, divisions) = match mantissa {
        m if m <= 1.0 => (1, 5),
        m if m <= 2.0 => (2, 4),
        // 25, 250 …; 2.5 would make fractions of what is mostly counted.
        m if m <= 2.5 && power >= 1 => (25, 5),
        m if m <= 5.0 => (5, 5),
        _ => {
            power += 1;
            (1, 5)
        }
    };
    if step == 25 {
        power -= 1;
    }
    let major = f64::from(step) * 10_f64.powi(power);
    let minor = major / f64::from(divisions);
    // A little air above the highest peak, so that its line is not cut in half.
    let upper = (high * 1.03 / minor).ceil() * minor;
    let lower = (low * 1.03 / minor).floor() * minor;

    let (exponent, unit) = match upper.max(-lower) {
        top if top >= 1e13 => (12, " T"),
        top if top >= 1e10 => (9, " G"),
        top if top >= 1e7 => (6, " M"),
        top if top >= 1e4 => (3, " k"),
        _ => (0, ""),
    };
    let decimals = (exponent - power).max(0);
    Axis {
        minor,
        label_every: divisions,
        lower: if lower < 0.0 { lower } else { 0.0 },
        upper,
        exponent,
        format: format!("%.{decimals}lf{unit}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(highest: f64) -> (f64, f64, String) {
        let axis = axis(0.0, highest);
        let round = |v: f64| (v * 1e9).round() / 1e9;
        (round(axis.minor * f64::from(axis.label_every)), round(axis.upper), axis.format)
    }

    #[test]
    fn steps_are_round_and_labels_fit() {
        assert_eq!(shape(51.0), (10.0, 54.0, "%.0lf".into()));
        assert_eq!(shape(3.0), (1.0, 3.2, "%.0lf".into()));
        assert_eq!(shape(0.4), (0.1, 0.42, "%.1lf".into()));
        assert_eq!(shape(0.003), (0.001, 0.0032, "%.3lf".into()));
        assert_eq!(shape(9_000.0), (2_000.0, 9_500.0, "%.0lf".into()));
        assert_eq!(shape(45_000.0), (10_000.0, 48_000.0, "%.0lf k".into()));
        assert_eq!(shape(119.0), (25.0, 125.0, "%.0lf".into()));
        assert_eq!(shape(12_300.0), (2_500.0, 13_000.0, "%.1lf k".into()));
        assert_eq!(shape(2.0e7), (5e6, 2.1e7, "%.0lf M".into()));
    }

    #[test]
    fn three_to_seven_labels_whatever_the_height() {
        for n in 1..2_000 {
            let highest = 1.01_f64.powi(n) * 1e-3;
            let axis = axis(0.0, highest);
            let labels = axis.upper / (axis.minor * f64::from(axis.label_every));
            assert!((2.0..7.5).contains(&labels), "{highest}: {labels}");
            assert!(axis.upper > highest && axis.upper < highest * 1.3);
        }
    }

    #[test]
    fn nothing_known_is_an_axis_from_zero_to_one() {
        for (low, high) in [(f64::NAN, f64::NAN), (0.0, 0.0), (f64::INFINITY, f64::NEG_INFINITY)] {
            let axis = axis(low, high);
            assert_eq!(axis.lower, 0.0);
            assert!((0.9..=1.1).contains(&axis.upper), "{axis:?}");
        }
        assert!(axis(-3.0, 5.0).lower <= -3.0);
    }
}
