//! What is taken many at once raises what the classifier raises, line by line.
use super::super::super::bulk::tests::comparison;
use super::super::SEND;
use proptest::prelude::*;

/// Holds both to the same, and returns how many lines were taken.
fn is_the_same(log: &[u8]) -> usize {
    comparison::is_the_same(&SEND, log)
}

/// A status line, so that the limits are known.
const LIMITS: &str = "status: local 0/10 remote 0/20";

/// Texts that qmail-send writes all day.
const USUAL: [&str; 12] = [
    "new msg 196548",
    "info msg 196548: bytes 2343 from <a@example.org> qp 8392 uid 7791",
    "starting delivery 8: msg 196548 to local b@example.net",
    "status: local 1/10 remote 0/20",
    "starting delivery 123456789012: msg 12884901889 to remote c@example.net",
    "status: local 1/10 remote 1/20",
    "delivery 8: success: did_0+0+1/",
    "delivery 9: deferral: Connected_to_192.0.2.1_but_greeting_failed./",
    "delivery 10: failure: Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/",
    "status: local 0/10 remote 20/20",
    "bounce msg 196548 qp 8401",
    "end msg 196548",
];

fn log_of<'t>(texts: impl IntoIterator<Item = &'t str>) -> Vec<u8> {
    comparison::log_of(texts.into_iter().map(str::as_bytes))
}

#[test]
fn the_usual_lines_are_taken_but_for_the_first_with_these_limits() {
    assert_eq!(is_the_same(&log_of(USUAL)), USUAL.len() - 1);
    assert_eq!(is_the_same(&log_of([USUAL; 20].concat())), 20 * USUAL.len() - 1);
}

#[test]
fn other_limits_are_learnt_again() {
    let other = ["status: local 3/120 remote 7/255", "status: local 120/120 remote 254/255"];
    let texts = [&USUAL[..], &other, &other, &USUAL].concat();
    assert_eq!(is_the_same(&log_of(texts.iter().copied())), texts.len() - 3);
}

#[test]
fn whatever_byte_stands_anywhere_both_count_the_same() {
    comparison::every_byte_counts_the_same(&SEND, LIMITS.as_bytes(), &USUAL.map(str::as_bytes));
}

#[test]
fn a_text_may_end_anywhere() {
    comparison::ends_anywhere_count_the_same(&SEND, LIMITS.as_bytes(), &USUAL.map(str::as_bytes));
}

#[test]
fn numbers_are_taken_that_a_classifier_would_read_so() {
    for n in ["0", "7", "99", "0010", "1001", "9999999", "10000000", "18446744073709551616", "", "-1", "+1"] {
        for text in [
            format!("info msg {n}: bytes {n} from <>"),
            format!("delivery {n}: success: x"),
            format!("starting delivery {n}: msg {n} to local x"),
            format!("status: local {n}/10 remote 0/20"),
            format!("status: local 0/10 remote {n}/20"),
            format!("status: local 0/{n} remote 0/20"),
            format!("status: local 0/10 remote 0/{n}"),
        ] {
            is_the_same(&log_of([LIMITS, &text, &text, USUAL[3]]));
        }
    }
}

#[test]
fn the_samples_count_the_same() {
    let programs = ["qmail-send", "sqmail", "other", "qmail-smtpd"];
    let taken = comparison::the_samples_count_the_same(&SEND, &programs);
    assert!(taken > 20, "{taken} lines");
}

fn text() -> impl Strategy<Value = String> {
    let number = prop_oneof![4 => (0u64..1200).prop_map(|n| n.to_string()), 1 => any::<u64>().prop_map(|n| n.to_string())];
    let limits =
        prop_oneof![6 => Just("10"), 1 => Just("20"), 1 => Just("1000"), 1 => Just("0"), 1 => Just("1001")];
    prop_oneof![
        4 => proptest::sample::select(&USUAL[..]).prop_map(str::to_owned),
        4 => (number.clone(), limits.clone(), number.clone(), limits, 0usize..3).prop_map(|(a, b, c, d, end)| {
            format!("status: local {a}/{b} remote {c}/{d}{}", ["", " exitasap", " (held)"][end])
        }),
        2 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("info msg {a}: bytes {b} from <x>")),
        1 => number.prop_map(|n| format!("delivery {n}: success: x")),
        1 => "[ -~]{0,80}",
        1 => (proptest::sample::select(&USUAL[..]), 0usize..60, any::<char>()).prop_map(|(text, at, c)| {
            text.chars().enumerate().map(|(n, t)| if n == at { c } else { t }).filter(|c| *c != '\n').collect()
        }),
    ]
}

proptest! {
    #[test]
    fn any_lines_count_the_same(texts in proptest::collection::vec(text(), 0..60)) {
        is_the_same(&log_of(texts.iter().map(String::as_str)));
    }
}

/// Some hundred domains in turns, more than are remembered at once, of which many begin or end alike.
#[test]
fn each_domain_goes_where_the_classifier_says() {
    let stems = [
        "gmail", "Gmail", "gmx", "yahoo", "outlook", "mail", "t-online", "me", "example", "a.gmail", "gmailx",
    ];
    let ends = ["com", "COM", "de", "net", "co.uk", "com.example.org", "ru", "cn", "x"];
    let recipients =
        (0..3).flat_map(|_| stems.iter().flat_map(|stem| ends.map(|end| format!("u@{stem}.{end}"))));
    let texts: Vec<String> = recipients
        .enumerate()
        .map(|(n, to)| format!("starting delivery {}: msg 7 to remote {to}", n + 2))
        .collect();
    for some in texts.chunks(250) {
        assert_eq!(is_the_same(&log_of(some.iter().map(String::as_str))), some.len());
    }
}
