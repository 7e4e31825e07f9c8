//! What the other side lacks of the past: the minutes here against those there. Pure.
//!
//! A minute here does not change any more once the local RRD goes beyond it. Before that, the other side may have been told
//! that it was quiet, and then a line came late. What is lacking so is added to a later minute there. So a minute there has
//! nothing, or what the minute here has, and in both cases perhaps what earlier minutes lacked; anything else is another
//! machine's.

/// A counter in a stretch of time, here and there, in units of 10⁻⁹; `None`: it is not known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) begin: i64,
    /// Is it one minute? Of more than one only a part may have been told.
    pub(super) is_step: bool,
    pub(super) ours: Option<i128>,
    pub(super) theirs: Option<i128>,
}

/// What comes of the comparison of a counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Balance {
    /// What is lacking there, and can be told yet.
    pub(super) owed: i128,
    /// What is lacking there, and came too late.
    pub(super) too_old: i128,
    /// Where the first stretch begins of which another machine has told.
    pub(super) foreign: Option<i64>,
}

/// The daemon prints a rate with some digits only: what differs by less than this part does not differ.
const DIGITS: i128 = 10_000_000;

/// Compares stretches of time, the oldest first. What is lacking before `told_from` is too old; of what begins before
/// `judged_from` it is not known whether it made up for something that is not looked at any more.
pub(super) fn balance(stretches: impl Iterator<Item = Stretch>, told_from: i64, judged_from: i64) -> Balance {
    let mut balance = Balance::default();
    for stretch in stretches {
        let (Some(ours), Some(theirs)) = (stretch.ours, stretch.theirs) else { continue };
        if (ours - theirs).abs() <= ours.abs().max(theirs.abs()) / DIGITS {
            continue;
        }
        let lacks = balance.owed + balance.too_old;
        let is_ours = theirs <= 0
            || (theirs > ours && theirs - ours <= lacks)
            || (theirs < ours && (!stretch.is_step || theirs <= lacks))
            // A sum of terms below 0 too.
            || ours < 0;
        if !is_ours && stretch.begin >= judged_from {
            balance.foreign.get_or_insert(stretch.begin);
        }
        if ours > theirs {
            match stretch.begin >= told_from {
                true => balance.owed += ours - theirs,
                false => balance.too_old += ours - theirs,
            }
        } else if theirs > 0 {
            // The oldest was made up for first.
            let more = theirs - ours.max(0);
            let old = more.min(balance.too_old);
            balance.too_old -= old;
            balance.owed = (balance.owed - (more - old)).max(0);
        }
    }
    balance
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: i128 = 1_000_000_000;

    /// Minutes from 0 on, `(here, there)`; told from the second on, judged from the third on.
    fn of(minutes: &[(i64, i64)]) -> (i128, i128, Option<i64>) {
        let known = |value: i64| (value != i64::MIN).then_some(i128::from(value) * ONE);
        let stretches = (0..).zip(minutes).map(|(begin, (ours, theirs))| Stretch {
            begin,
            is_step: true,
            ours: known(*ours),
            theirs: known(*theirs),
        });
        let found = balance(stretches, 1, 2);
        (found.owed / ONE, found.too_old / ONE, found.foreign)
    }

    const NO: i64 = i64::MIN;

    #[test]
    fn what_is_lacking_is_owed_once_and_what_nobody_here_counted_is_found() {
        for (minutes, expected) in [
            (&[(1, 1), (0, 0), (2, 2)][..], (0, 0, None)),
            (&[(0, 0), (3, 0), (0, 0), (4, 0)], (7, 0, None)),
            // It came too late.
            (&[(5, 0), (0, 0)], (0, 5, None)),
            // It was made up for, wholly and in part; also in a minute that was itself told quiet.
            (&[(0, 0), (3, 0), (0, 3), (1, 1)], (0, 0, None)),
            (&[(0, 0), (3, 0), (1, 4), (2, 0)], (2, 0, None)),
            (&[(0, 0), (3, 0), (2, 3), (0, 0)], (2, 0, None)),
            // What made up for something older does not pay for what comes later.
            (&[(0, 0), (0, 4), (0, 0), (2, 0)], (2, 0, None)),
            // Another machine: more than was lacking; or something, but not what was here.
            (&[(0, 0), (3, 0), (0, 4)], (0, 0, Some(2))),
            (&[(0, 0), (0, 0), (2, 1)], (1, 0, Some(2))),
            // What is not known on one side says nothing.
            (&[(0, 0), (NO, 4), (3, NO), (NO, NO)], (0, 0, None)),
            // A sum that fell is not another machine's.
            (&[(0, 0), (0, 0), (-3, 0), (-2, 1)], (0, 0, None)),
        ] {
            assert_eq!(of(minutes), expected, "{minutes:?}");
        }
    }

    #[test]
    fn the_digits_that_the_daemon_prints_are_enough() {
        let many = 123_456_789_012 * ONE;
        let minute = |theirs| Stretch { begin: 9, is_step: true, ours: Some(many), theirs: Some(theirs) };
        assert_eq!(balance([minute(many + 40 * ONE)].into_iter(), 1, 2), Balance::default());
        assert_eq!(balance([minute(many + 40_000 * ONE)].into_iter(), 1, 2).foreign, Some(9));
    }
}
