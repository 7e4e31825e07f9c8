use super::judge::rounded;
use super::*;
use crate::reading::Measure;
use crate::reading::family::Member::{Histogram, Key, Rest};
use crate::reading::family::{Family, Unit};
use crate::reading::family::{family, family_in};
use crate::reading::steps::Steps;
use crate::reading::{Counter, DefinedBy, Reading, Value};

const FAMILIES: &[Family] = &[
    family("begun", "", &["to"], &[Rest("go_", &[])]),
    family(
        "ended",
        "",
        &["to", "result"],
        &[Rest("ok_", &["success"]), Rest("def_", &["deferral"]), Rest("fail_", &["failure"])],
    ),
    family_in("age", "", Unit::Seconds, &[], &[Key("oldest", &[])]),
    family_in("took", "", Unit::Seconds, &["to"], &[Histogram("took", &["all"])]),
];

const COUNTERS: [(&str, Measure); 9] = [
    ("go_a", Measure::Count),
    ("ok_a", Measure::Count),
    ("def_a", Measure::Count),
    ("fail_a", Measure::Count),
    ("ok_b-c.d", Measure::Count),
    ("def_b-c.d", Measure::Count),
    ("oldest", Measure::Level),
    ("took_1h", Measure::Count),
    ("took_seconds", Measure::Sum),
];

fn find(text: &str) -> Result<Target, String> {
    Threshold::parse(text)?.find(&COUNTERS, FAMILIES)
}

#[test]
fn what_is_written_is_read() {
    for (text, than, number, of, is_time) in [
        ("send.delivery_failure>5/min", Than::More, 5 * 1_000_000_000, Of::Rate(60), false),
        (" send.x  >=  0.5 / h ", Than::AtLeast, 500_000_000, Of::Rate(3_600), false),
        ("second-send.x<1/day", Than::Less, 1_000_000_000, Of::Rate(86_400), false),
        ("a.b.c<=20%", Than::AtMost, 20 * 1_000_000_000, Of::Share, false),
        ("queue.oldest>4h", Than::More, 14_400 * 1_000_000_000, Of::Level, true),
        ("queue.oldest>90m", Than::More, 5_400 * 1_000_000_000, Of::Level, true),
        ("queue.oldest>1d", Than::More, 86_400 * 1_000_000_000, Of::Level, true),
        ("queue.messages>-1", Than::More, -1_000_000_000, Of::Level, false),
        ("send.message_bytes>1.5GB/h", Than::More, 1_500_000_000 * 1_000_000_000, Of::Rate(3_600), false),
        ("send.message_bytes>2KiB/h", Than::More, 2_048 * 1_000_000_000, Of::Rate(3_600), false),
        ("send.message_bytes>2B/h", Than::More, 2 * 1_000_000_000, Of::Rate(3_600), false),
    ] {
        let read = Threshold::parse(text).unwrap_or_else(|e| panic!("{text}: {e}"));
        assert_eq!(
            (read.than, read.number, read.of, read.is_time),
            (than, number, of, is_time),
            "{text}: {read:?}"
        );
        // As it is printed it is the same one.
        assert_eq!(Threshold::parse(&read.to_string()), Ok(read), "{text}");
    }
    assert_eq!(Threshold::parse("send.x>5/min").unwrap().to_string(), "send.x > 5/min");
}

#[test]
fn what_is_no_threshold_is_told_where_it_is_wrong() {
    for (text, said) in [
        ("", "there is no > and no <"),
        ("send.x", "there is no > and no <"),
        ("send>5", "its left side has no dot"),
        (".x>5", "its left side is no name"),
        ("send.>5", "its left side is no name"),
        ("send.x y>5", "its left side is no name"),
        ("send.x\n>5", "its right side"),
        ("send.x=5>5", "its left side is no name"),
        ("send.x>", "its right side is no number"),
        ("send.x>five", "its unit is none of"),
        ("send.x>5/s", "behind the / stands min, h or day"),
        ("send.x>5/min/min", "behind the / stands min, h or day"),
        ("send.x>5 min x", "its unit is none of"),
        ("send.x>1e5", "its unit is none of"),
        ("send.x>5.0000000001", "its right side is no number"),
        ("send.x>1234567890123456", "its right side is no number"),
        ("send.x>--5", "its right side is no number"),
        ("send.x>5%/h", "its right side is no number"),
        ("send.x>101%", "a share is a number from 0 to 100"),
        ("send.x>5k%", "a share is a number from 0 to 100"),
        ("send.x>>5", "its right side is no number"),
        ("send.x>٣", "its right side is no number"),
    ] {
        match Threshold::parse(text) {
            Err(e) => assert!(
                text == "send.x\n>5" || e.contains(said) && e.contains("a threshold is written PART.COUNTER"),
                "{text}: {e}"
            ),
            Ok(read) => assert_eq!(text, "send.x\n>5", "{read:?}"),
        }
    }
    let long = Threshold::parse(&format!("send.x>{}", "5".repeat(400))).unwrap_err();
    assert!(long.contains("is longer than 200 bytes") && long.len() < 400, "{long}");
}

#[test]
fn a_counter_is_found_by_its_key_or_by_its_labels() {
    let key = |text: &str| find(text).map(|target| target.key);
    assert_eq!(key("p.def_a>1/h"), Ok("def_a"));
    for name in ["a.deferral", "a.deferred"] {
        assert_eq!(key(&format!("p.{name}>1/h")), Ok("def_a"), "{name}");
    }
    assert_eq!((key("p.a.delivered>1/h"), key("p.a.failed>1/h")), (Ok("ok_a"), Ok("fail_a")));
    assert_eq!((key("p.a>1/h"), key("p.b-c.d.deferred>1/h")), (Ok("go_a"), Ok("def_b-c.d")));
    for name in ["a.", "a.x", "x.deferred", "deferred", "a.deferred.x"] {
        assert!(key(&format!("p.{name}>1/h")).unwrap_err().contains("there is no counter"), "{name}");
    }
}

#[test]
fn a_share_is_that_of_all_results() {
    assert_eq!(find("p.a.deferred>20%").unwrap().whole, ["ok_a", "def_a", "fail_a"]);
    assert_eq!(find("p.def_b-c.d>20%").unwrap().whole, ["ok_b-c.d", "def_b-c.d"]);
    for text in ["p.took_seconds>20%", "p.took_1h>20%"] {
        assert!(find(text).unwrap_err().contains("is no part of a whole"), "{text}");
    }
}

#[test]
fn a_comparison_that_makes_no_sense_is_refused() {
    for (text, said) in [
        ("p.def_a>5", "only grows: write how fast, as in p.def_a > 5/h"),
        ("p.oldest>5/h", "is where something stands now"),
        ("p.oldest>5%", "is where something stands now"),
        ("p.def_a>4h/day", "p.def_a is no time"),
        ("p.took_1h>4h/day", "p.took_1h is no time"),
    ] {
        let e = find(text).unwrap_err();
        assert!(e.contains(said), "{text}: {e}");
    }
    assert_eq!(find("p.took_seconds>4h/day").unwrap().unit, Unit::Seconds);
    assert_eq!(find("p.oldest>4h").unwrap().unit, Unit::Seconds);
}

const NOW: i64 = 1_795_434_360;

/// A reading of which each of the last 60 minutes has these values.
fn reading(values: &[i128]) -> (Reading, Steps) {
    let counter = |(n, (key, measure)): (usize, &(&'static str, Measure))| Counter {
        key,
        ds: key,
        help: "",
        measure: *measure,
        defined_by: DefinedBy::BuiltIn,
        value: Some(Value { total: values.get(n).copied().unwrap_or_default(), ..Value::default() }),
    };
    let reading = Reading {
        step: 60,
        seen: NOW,
        settled: NOW,
        counters: COUNTERS.iter().enumerate().map(counter).collect(),
        ..Reading::default()
    };
    let row: Vec<Option<i128>> =
        (0..COUNTERS.len()).map(|n| Some(values.get(n).copied().unwrap_or_default())).collect();
    (reading, Steps { step: 60, from: NOW - 3_600, rows: vec![row; 60] })
}

/// Judges `text`; the window is cut out of the steps.
fn judge(text: &str, reading: &Reading, steps: &Steps) -> Result<Judged, Unsure> {
    let threshold = Threshold::parse(text).unwrap();
    let target = threshold.find(&COUNTERS, FAMILIES).unwrap();
    let steps = match threshold.span(reading) {
        Some((from, to)) => {
            let skip = usize::try_from((from - steps.from) / 60).unwrap();
            let take = usize::try_from((to - from) / 60).unwrap();
            let rows = steps.rows.iter().skip(skip).take(take).cloned().collect();
            Steps { from, rows, ..steps.clone() }
        }
        None => Steps::default(),
    };
    threshold.judge(&target, reading, &steps, NOW)
}

#[test]
fn a_border_belongs_to_one_side_exactly() {
    // 5 a minute, and one more or less in the last ten minutes.
    let (reading, mut steps) = reading(&[5]);
    let holds = |text: &str, steps: &Steps| judge(text, &reading, steps).unwrap().holds;
    for (change, more, at_least, less, at_most) in
        [(0, false, true, false, true), (1, true, true, false, false), (-1, false, false, true, true)]
    {
        steps.rows[59][0] = Some(5 + change);
        let held = ["p.go_a>5/min", "p.go_a>=5/min", "p.go_a<5/min", "p.go_a<=5/min"];
        assert_eq!(held.map(|text| holds(text, &steps)), [more, at_least, less, at_most], "{change}");
    }
    // The same of an hour, and of a rate that no minute has.
    steps.rows[59][0] = Some(5);
    assert!(!holds("p.go_a>300/h", &steps) && holds("p.go_a>299.999999999/h", &steps));
    assert!(holds("p.go_a>=300/h", &steps) && !holds("p.go_a>=300.000000001/h", &steps));
    assert_eq!(judge("p.go_a>1/min", &reading, &steps).unwrap().value, Some(5_000_000_000));
    assert_eq!(judge("p.go_a>1/min", &reading, &steps).unwrap().over, Some((NOW - 600, NOW)));
}

#[test]
fn a_share_has_exact_borders_and_of_nothing_there_is_none() {
    // 12 of 60 deferred: 20 %.
    let (reading, mut steps) = reading(&[0, 0, 0, 0]);
    let judged = |text: &str, steps: &Steps| judge(text, &reading, steps).unwrap();
    for text in ["p.a.deferred>0%", "p.a.deferred<100%"] {
        assert_eq!((judged(text, &steps).holds, judged(text, &steps).value), (false, None));
    }
    (steps.rows[0][1], steps.rows[3][2], steps.rows[59][3]) = (Some(40), Some(12), Some(8));
    assert!(!judged("p.a.deferred>20%", &steps).holds && judged("p.a.deferred>=20%", &steps).holds);
    assert_eq!(judged("p.a.deferred>20%", &steps).value, Some(20_000_000_000));
    steps.rows[4][2] = Some(1);
    assert!(judged("p.a.deferred>20%", &steps).holds);
}

#[test]
fn a_level_is_that_of_now() {
    let (mut reading, steps) = reading(&[]);
    let mut judged = |seconds: i128| {
        reading.counters[6].value = Some(Value { total: seconds, moved: true, ..Value::default() });
        judge("p.oldest>4h", &reading, &steps).unwrap().holds
    };
    assert_eq!([14_399, 14_400, 14_401].map(&mut judged), [false, false, true]);
    // A 0 that no line has told is none.
    reading.counters[6].value = Some(Value::default());
    for text in ["p.oldest>4h", "p.oldest<4h"] {
        assert!(judge(text, &reading, &steps).unwrap_err().0.contains("no line has told it"));
    }
}

#[test]
fn what_is_not_known_is_neither_crossed_nor_not() {
    let (sound, steps) = reading(&[5, 5, 5, 5, 5, 5, 5]);
    let why = |reading: &Reading, steps: &Steps, text: &str| judge(text, reading, steps).unwrap_err().0;
    let rate = "p.go_a>1/min";
    let unknown = Reading { unknown: Some("no log".into()), ..sound.clone() };
    assert_eq!(why(&unknown, &steps, rate), "no log");
    assert_eq!(why(&unknown, &steps, "p.oldest>1"), "no log");
    let mut damaged = Reading { failed: Some("damaged".into()), ..sound.clone() };
    damaged.counters.iter_mut().for_each(|counter| counter.value = None);
    assert_eq!(why(&damaged, &steps, rate), "damaged");
    let old = Reading { seen: NOW - 3_601, failed: Some("closed".into()), ..sound.clone() };
    assert!(why(&old, &steps, rate).starts_with("its logs were last read to their end 60 min ago (closed)"));
    assert!(judge(rate, &Reading { seen: NOW - 3_600, ..sound.clone() }, &steps).is_ok());
    let never = Reading { seen: 0, ..sound.clone() };
    assert!(why(&never, &steps, rate).contains("never read"));
    let mut gap = steps.clone();
    gap.rows[50][0] = None;
    assert_eq!(why(&sound, &gap, rate), "not all of its last 10 min is known yet");
    gap.rows[50][0] = Some(5);
    gap.rows[49][0] = None;
    assert!(judge(rate, &sound, &gap).is_ok(), "it lies before the ten minutes");
    gap.rows[3][2] = None;
    assert!(why(&sound, &gap, "p.a.failed>1%").contains("not all of its last 60 min"));
    // A queue that was never measured.
    let mut measured = Reading { measured: true, ..sound };
    measured.counters.iter_mut().for_each(|counter| counter.value = Some(Value::default()));
    assert_eq!(why(&measured, &steps, "p.oldest<1"), "it was never measured");
}

#[test]
fn values_are_rounded_for_people() {
    assert_eq!((rounded(7, 2), rounded(-7, 2), rounded(1, 3)), (4, -3, 0));
    assert_eq!(
        (decimal(1_234_567_891), decimal(-500), decimal(5_000_000_000)),
        ("1.234568".into(), "0".into(), "5".into())
    );
}

proptest::proptest! {
    /// Any text is read or refused with a message of bounded length, and what is read is printed as the same.
    #[test]
    fn any_text_is_a_threshold_or_is_told_why_not(
        text in proptest::prop_oneof!["\\PC{0,60}", "[a-c]{1,3}\\.[a-z_.-]{1,6} ?(>|<|>=|<=) ?-?[0-9]{1,17}(\\.[0-9]{1,10})?[smhdkMGiB%]{0,3}(/(min|h|day|x))?"]
    ) {
        match Threshold::parse(&text) {
            Ok(read) => assert_eq!(Threshold::parse(&read.to_string()), Ok(read)),
            Err(e) => assert!(e.len() < 1_000 && !e.contains('\n'), "{e}"),
        }
    }
}
