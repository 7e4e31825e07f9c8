//! Numbers and means; the lines are in the samples.

use super::*;

/// Values of the nine keys of the Perl maillogs that are means, in the order of the table.
fn means(days: &[(usize, u32, i128)]) -> Vec<(&'static str, i128)> {
    let mut newest_day = vec![(0, 0); COUNTERS.len()];
    for &(counter, day, amount) in days {
        newest_day[counter] = (day, amount);
    }
    let values = vec![i128::MAX; COUNTERS.len()];
    let known = Known { values: &values, newest_day: &newest_day };
    let derived = COUNTERS.iter().filter_map(|counter| match counter.kind {
        CounterKind::Derived(compute) => Some((counter.key, compute(&known))),
        _ => None,
    });
    derived.filter(|(_, value)| *value != 0).collect()
}

#[test]
fn means_of_the_newest_day() {
    assert_eq!(means(&[]), []);
    assert_eq!(COUNTERS.iter().filter(|c| matches!(c.kind, CounterKind::Derived(_))).count(), 7);
    let today = 20_260_928;
    assert_eq!(
        means(&[
            (SPAM.messages, today, 2),
            (SPAM.score, today, 10 * NANO),
            (SPAM.seconds, today, 700_000_000),
            (SPAM.bytes, today, 3001),
            (HAM.messages, today, 1),
            (HAM.score, today, -333_000_000),
            (HAM.seconds, today, 29_000_000),
            (HAM.bytes, today, 3347),
            (THRESHOLD, today, 16 * NANO),
        ]),
        [
            ("spam_score", 500 * NANO),
            ("ham_score", -34 * NANO),  // -33.3
            ("threshhold", 533 * NANO), // 533.3
            ("ham_seconds", 2 * NANO),  // 2.9
            ("spam_seconds", 35 * NANO),
            ("ham_bytes", 334_700 * NANO),
            ("spam_bytes", 150_050 * NANO),
        ]
    );
}

#[test]
fn a_day_without_spam_or_without_ham() {
    let (yesterday, today) = (20_260_927, 20_260_928);
    // Spam only yesterday, ham only today: each its own day; the threshold is of today's messages.
    let days = [
        (SPAM.messages, yesterday, 4),
        (SPAM.score, yesterday, 30 * NANO),
        (HAM.messages, today, 2),
        (HAM.score, yesterday, -9 * NANO),
        (THRESHOLD, today, 12 * NANO),
    ];
    // Today's two messages of ham scored 0 together: that sum did not move.
    assert_eq!(means(&days), [("spam_score", 750 * NANO), ("threshhold", 600 * NANO)]);
    // The newest messages had no score that could be read.
    assert_eq!(means(&[(SPAM.messages, today, 1), (THRESHOLD, yesterday, NANO)]), []);
}

#[test]
fn the_end_of_a_cut_line_is_not_believed() {
    let line = |name: &str| format!("7.5/5.0) for {name} in 9 seconds, 1 bytes.");
    assert_eq!(effort(line("a:1").as_bytes()), Some((9 * NANO, 1)));
    assert_eq!(effort(line(&"a".repeat(CUT - 200)).as_bytes()), Some((9 * NANO, 1)));
    assert_eq!(effort(line(&"a".repeat(CUT)).as_bytes()), None);
}

#[test]
fn ends_that_are_none() {
    for text in [
        "for a:1 in 9 seconds, 1 bytes",
        "for a:1 in 9 seconds, 1 bytes. ",
        "for a:1 in 9 seconds, bytes.",
        "for a:1 in seconds, 1 bytes.",
        "for a:1 in -9 seconds, 1 bytes.",
        "for a:1 in 9 seconds, -1 bytes.",
        "for a:1 within 9 seconds, 1 bytes.",
        "for a:1 in 9 second, 1 bytes.",
        " seconds, 1 bytes.",
        " bytes.",
        "",
    ] {
        assert_eq!(effort(text.as_bytes()), None, "{text}");
    }
}
