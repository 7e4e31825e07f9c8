//! Small pictures: 48 half-hours as steps, and marks on a strip. They are paths of SVG in a box of 48 × 100, up is up.
use std::fmt::Write;

use serde::Serialize;

/// A day as a small picture.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Spark {
    /// The class of its colour.
    pub color: &'static str,
    /// The filled steps.
    pub area: String,
    /// The thin line: a week before, or what is usual. Empty: that is not known.
    pub line: String,
}

/// The last weeks as ticks on a strip of 100 × 12, and today as a dot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Strip {
    /// The line from the lowest tick to the highest one.
    pub base: String,
    /// One for each earlier day.
    pub ticks: Vec<String>,
    /// Where the dot is.
    pub dot: String,
    /// Before the range, for those who do not see the strip: `last four Saturdays: `.
    pub words: String,
    /// The range of the earlier days.
    pub range: String,
}

impl Spark {
    /// `values` filled, and `before` as a line; both are drawn up to the highest value of both.
    pub(super) fn of(color: &'static str, values: &[Option<f64>], before: &[Option<f64>]) -> Self {
        let highest = values.iter().chain(before).copied().flatten().fold(0.0, f64::max);
        let scale = if highest > 0.0 { 100.0 / highest } else { 0.0 };
        Self { color, area: steps(values, scale, true), line: steps(before, scale, false) }
    }
}

/// Steps of one unit each. What is not known is left out. An area stands on the ground.
fn steps(values: &[Option<f64>], scale: f64, is_area: bool) -> String {
    let mut path = String::new();
    let mut run: Vec<i64> = Vec::new();
    let heights = values.iter().map(|value| value.map(|value| whole(value * scale)));
    for (n, height) in heights.chain([None]).enumerate() {
        match height {
            Some(height) => run.push(height),
            None if run.is_empty() => {}
            None => {
                stretch(&mut path, n - run.len(), &run, is_area);
                run.clear();
            }
        }
    }
    path
}

/// Steps that follow each other from `begin` on.
fn stretch(path: &mut String, begin: usize, heights: &[i64], is_area: bool) {
    let mut at = if is_area { 0 } else { heights.first().copied().unwrap_or_default() };
    let _ = write!(path, "M{begin} {at}");
    let mut rest = heights;
    while let Some(height) = rest.first() {
        let same = rest.iter().take_while(|other| *other == height).count();
        if *height != at {
            let _ = write!(path, "V{height}");
            at = *height;
        }
        let _ = write!(path, "h{same}");
        rest = rest.get(same..).unwrap_or_default();
    }
    if is_area {
        path.push_str("V0z");
    }
}

impl Strip {
    /// `now` among `earlier` days, from 0 to the highest of all. `None`: nothing is known of earlier ones.
    pub(super) fn of(now: f64, earlier: &[f64], words: String, range: String) -> Option<Self> {
        let highest = earlier.iter().copied().chain([now]).fold(0.0, f64::max);
        let place = |value: f64| if highest > 0.0 { 4.0 + 92.0 * value.max(0.0) / highest } else { 4.0 };
        let lowest = earlier.iter().copied().reduce(f64::min)?;
        let most = earlier.iter().copied().reduce(f64::max)?;
        Some(Self {
            base: format!("M{:.1} 6H{:.1}", place(lowest), place(most)),
            ticks: earlier.iter().map(|value| format!("M{:.1} 2v8", place(*value))).collect(),
            dot: format!("{:.1}", place(now)),
            words,
            range,
        })
    }
}

#[expect(clippy::cast_possible_truncation, reason = "a height is at most 100")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_the_same_height_are_one_and_the_unknown_is_left_out() {
        let some = |values: &[f64]| values.iter().map(|value| Some(*value)).collect::<Vec<_>>();
        let spark = Spark::of("blue-area", &some(&[0.0, 2.0, 2.0, 4.0]), &some(&[8.0, 8.0, 0.0, 4.0]));
        assert_eq!(spark.area, "M0 0h1V25h2V50h1V0z");
        assert_eq!(spark.line, "M0 100h2V0h1V50h1");
        let gap = [Some(1.0), None, None, Some(1.0), Some(0.5)];
        assert_eq!(Spark::of("bad", &gap, &[]).area, "M0 0V100h1V0zM3 0V100h1V50h1V0z");
        let nothing = Spark::of("bad", &[None, None], &some(&[0.0, 0.0]));
        assert_eq!((nothing.area.as_str(), nothing.line.as_str()), ("", "M0 0h2"));
    }

    #[test]
    fn a_strip_goes_from_nothing_to_the_highest() {
        let strip = Strip::of(50.0, &[100.0, 0.0, 25.0], "w: ".into(), "0–100".into()).unwrap();
        assert_eq!((strip.base.as_str(), strip.dot.as_str()), ("M4.0 6H96.0", "50.0"));
        assert_eq!(strip.ticks, ["M96.0 2v8", "M4.0 2v8", "M27.0 2v8"]);
        assert_eq!(Strip::of(50.0, &[], String::new(), String::new()), None);
        assert_eq!(Strip::of(0.0, &[0.0], String::new(), String::new()).unwrap().dot, "4.0");
    }
}
