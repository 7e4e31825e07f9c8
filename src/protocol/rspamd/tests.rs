//! What the samples do not say: long lines, cuts, any bytes, and what a sender's words may change.
use proptest::prelude::*;

use super::*;
use crate::line::{LINE_LIMIT, Parser};

/// What `text` raises in a log of rspamd's own: keys and values.
fn raised(text: &[u8]) -> Vec<(&'static str, i128)> {
    let line = Parser::new(10, 1_790_636_400).parse(&text[..text.len().min(LINE_LIMIT)]);
    let mut values = vec![0; COUNTERS.len()];
    classify(&line, LogKind::Dedicated, &mut Raise(&mut values));
    COUNTERS.iter().zip(values).filter(|(_, v)| *v != 0).map(|(c, v)| (c.key, v)).collect()
}

const FILE: &str = "2026-11-28 18:00:05 #88(normal) <a>; task; rspamd_task_write_log: ";
const JSON: &str = "{\"ts\": 1795888905.5, \"pid\": 88, \"id\": \"a\", \"module\": \"task\", \
                    \"function\": \"rspamd_task_write_log\", \"message\": \"";

/// A verdict with `words` behind its only symbol.
fn verdict_with(words: &str) -> String {
    format!(
        "id: <a@example.com>, ip: 192.0.2.1, from: <a@example.com>, (default: T (reject): [20.50/15.00] \
         [X(20.00){{{words}}}]), len: 321, time: 12.5ms, dns req: 7, digest: <00>, rcpts: <u@example.org>"
    )
}

const VERDICT: [(&str, i128); 4] = [("scan", 1), ("spam", 1), ("reject", 1), ("score_sum", 20_500_000_000)];
const EFFORT: [(&str, i128); 3] = [("time_sum", 12_500_000), ("bytes", 321), ("dns_requests", 7)];

#[test]
fn what_stands_behind_thousands_of_bytes_is_read() {
    let whole: Vec<_> = VERDICT.into_iter().chain(EFFORT).collect();
    for length in [0, 1000, 4000, 6000, 7900] {
        let verdict = verdict_with(&"x".repeat(length));
        assert_eq!(raised(format!("{FILE}{verdict}").as_bytes()), whole, "{length}");
        // Each quote takes two bytes as JSON.
        let quotes = verdict_with(&"\"".repeat(length)).replace('"', "\\\"");
        assert_eq!(raised(format!("{JSON}{quotes}\"}}").as_bytes()), whole, "{length}");
    }
}

#[test]
fn of_a_cut_line_the_verdict_counts() {
    // rspamd keeps 8,192 bytes; the line is longer than ours.
    for length in [9000, LINE_LIMIT] {
        let verdict = verdict_with(&"x".repeat(length));
        assert_eq!(raised(format!("{FILE}{}", &verdict[..8191]).as_bytes()), VERDICT, "{length}");
        assert_eq!(raised(format!("{JSON}{}\"}}", &verdict[..8191]).as_bytes()), VERDICT, "{length}");
    }
    let verdict = verdict_with(&"\\u003c".repeat(LINE_LIMIT / 6));
    for more in 0..12 {
        let verdict = verdict.replacen("a@", &format!("{}@", "a".repeat(1 + more)), 1);
        assert_eq!(raised(format!("{JSON}{verdict}\"}}").as_bytes()), VERDICT, "{more}");
    }
}

#[test]
fn bytes_that_are_no_utf_8_do_not_matter() {
    let mut line = format!("{JSON}{}\"}}", verdict_with("?")).into_bytes();
    let at = line.iter().position(|&b| b == b'?').unwrap();
    line[at] = 0xe4;
    assert_eq!(raised(&line), VERDICT.into_iter().chain(EFFORT).collect::<Vec<_>>());
}

/// Where any syslog daemon or rspamd itself cuts a line, a sender who knows that cannot choose a verdict.
#[test]
fn no_cut_makes_a_verdict_of_an_address() {
    let fake = "(default: F (no action): [0.00/15.00] []), len: 1, time: 1.000ms, dns req: 0, digest: <00>";
    for (limit, before) in
        [(1024, "Nov 28 18:00:05 mx1 rspamd[8]: <a>; task; rspamd_task_write_log: "), (8191, FILE)]
    {
        for from in [
            format!("<\"a>, {fake}"),
            format!("<\"a, {fake}"),
            format!("<a\\>, {fake}"),
            format!("<a, {fake}"),
        ] {
            let header = if limit == 1024 { before.len() } else { 0 };
            let message = format!("id: <b@example.com>, from: {from}{}", "x".repeat(9000));
            let line = format!("{before}{}", &message[..limit - header]);
            assert_eq!(raised(line.as_bytes()), [("rspamd_other", 1)], "{line}");
        }
    }
}

/// What a sender may say, with the pieces that could mean something.
fn words() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\"",
        "\\",
        " ",
        ">",
        "<",
        "(default: ",
        " (default: ",
        "F (no action): [0.00/15.00] [",
        "]), len: ",
        "9, time: 9ms",
        ", dns req: 9",
        "id: <",
        "; task; rspamd_task_write_log: ",
        "x",
        "ä",
        ", from: <",
    ]);
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_bytes_are_borne(
        front in prop::sample::select(vec!["", FILE, JSON, "(x) <", "[notice] #8(x) <a>; task; ", "id: <"]),
        back in prop::collection::vec(
            prop_oneof![prop::sample::select(b"\"\\ ()[]{}<>:;,./019-TF".to_vec()), any::<u8>()], 0..80),
    ) {
        raised(&[front.as_bytes(), &back].concat());
    }

    #[test]
    fn a_sender_decides_nothing(address in words(), option in words()) {
        let whole: Vec<_> = VERDICT.into_iter().chain(EFFORT).collect();
        let line = verdict_with(&option).replacen("from: <a@", &format!("from: <\"{address}\"@"), 1);
        let json = line.replace('\\', "\\\\").replace('"', "\\\"");
        for line in [format!("{FILE}{line}"), format!("{JSON}{json}\"}}")] {
            let raised = raised(line.as_bytes());
            let is_right = raised == whole || raised == VERDICT || raised == [("rspamd_other", 1)];
            prop_assert!(is_right, "{raised:?}: {line}");
        }
    }
}
