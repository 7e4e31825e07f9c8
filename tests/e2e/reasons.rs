//! `maillogs reasons`: why deliveries were put off or failed, by a whole server's log.

use std::fs;
use std::process::Command;

use crate::support::rrd;
use crate::support::store::{Answer, Store, stderr};

/// 2026-11-20 00:00 UTC.
const BEGIN: u64 = 1_795_132_800;

/// Kinds of reports as a pattern of `grep -E` finds them, and the counter of each.
const KINDS: [(&str, &str, &str); 6] = [
    (
        "why_greylisted",
        "Greylisted",
        "deferral: 192.0.2.1_does_not_like_recipient./Remote_host_said:_451_4.7.1_Greylisted/Giving_up_on_192.0.2.1./",
    ),
    (
        "why_user_unknown",
        "User_unknown",
        "failure: 192.0.2.2_does_not_like_recipient./Remote_host_said:_550_5.1.1_<spamhaus@example.org>:_User_unknown/Giving_up_on_192.0.2.2./",
    ),
    (
        "why_blocklisted",
        "using_zen",
        "failure: Connected_to_192.0.2.3_but_greeting_failed./Remote_host_said:_554_5.7.1_blocked_using_zen.spamhaus.org/",
    ),
    ("why_dns", "CNAME_lookup", "deferral: CNAME_lookup_failed_temporarily._(#4.4.3)/"),
    (
        "why_connection",
        "wasn't_able",
        "deferral: Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/",
    ),
    ("why_other", "planets", "failure: The_planets_are_not_aligned./"),
];

/// A log of `lines` deliveries, one in 3 s, of which every second one succeeds.
fn log(lines: usize) -> Vec<u8> {
    let line = |n: usize| {
        let stamp = (1u64 << 62) + 10 + BEGIN + 3 * n as u64;
        let report = match n % 2 {
            // What a success quotes is no reason.
            0 => "success: 192.0.2.4_accepted_message./Remote_host_said:_250_ok,_not_Greylisted/",
            _ => KINDS[n / 2 % KINDS.len()].2,
        };
        format!("@{stamp:016x}{n:08x} delivery {n}: {report}\n")
    };
    (0..lines).map(line).collect::<String>().into_bytes()
}

/// The number of lines of `file` that did not succeed and match `pattern`.
fn grep(file: &std::path::Path, pattern: &str) -> u128 {
    let pattern = format!(": (deferral|failure): .*{pattern}");
    let output = Command::new("grep").args(["-cE", &pattern]).arg(file).output().expect("grep");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

#[test]
fn each_delivery_that_fails_has_its_reason_in_query_and_rrd() {
    let store = Store::new();
    let (log, file) = (log(1_200), store.path("log.txt"));
    fs::write(&file, &log).unwrap();
    let (begin, rest) = log.split_at(log.len() / 3);
    assert!(store.postprocess(begin).status.success() && store.postprocess(rest).status.success());
    store.flush();
    let answer = Answer::parse(&store.run(&["reasons"]));
    let rows = rrd::fetch(&store.rrd(), 60, BEGIN, BEGIN + 7_200);
    let mut all = 0;
    for (key, pattern, _) in KINDS {
        let number = grep(&file, pattern);
        assert!(number > 90);
        assert_eq!(answer.nanos(key), number * 1_000_000_000, "{key}");
        assert_eq!(rows[key].values().sum::<u128>(), number, "{key}");
        all += number;
    }
    assert_eq!(all, 600);
    let sum: u128 =
        answer.keys().iter().filter(|key| key.starts_with("why_")).map(|key| answer.nanos(key)).sum();
    assert_eq!(sum, all * 1_000_000_000, "a delivery has one reason");
    let send = store.run(&["send"]);
    assert!(send.contains(":delivery_deferral:300:delivery_failure:300:"), "{send}");
    assert!(!send.contains("why_") && !send.contains("expired"), "the line of send stays as it was: {send}");
}

#[test]
fn check_says_when_the_rules_are_too_old() {
    let warns = |store: &Store| {
        let output = store.maillogs(&["check"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().find(|line| line.contains("why_other")).map(str::to_owned)
    };
    let store = Store::new();
    // One in six is known to no rule.
    assert!(store.postprocess(&log(1_200)).status.success());
    let said = warns(&store).expect("a warning");
    assert!(said.starts_with("WARNING") && said.contains("16 % of the 600 reasons"), "{said}");
    let store = Store::new();
    let known: Vec<u8> = log(1_200)
        .split_inclusive(|&b| b == b'\n')
        .filter(|line| !line.ends_with(b"aligned./\n"))
        .flatten()
        .copied()
        .collect();
    assert!(store.postprocess(&known).status.success());
    assert_eq!(warns(&store), None);
}

#[test]
fn the_rules_may_be_others_or_none() {
    let rules = "version = 7\nclass = []\n[[own]]\nclass = \"local_trouble\"\nbegins = [\"The_planets\"]\n";
    let with = |extra: &str| {
        let store = Store::with(extra);
        assert!(store.postprocess(&log(1_200)).status.success());
        store
    };
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("reasons.toml");
    fs::write(&file, rules).unwrap();
    let named = format!("reasons_file = {:?}\n", file.display().to_string());
    let store = with(&named);
    let answer = Answer::parse(&store.run(&["reasons"]));
    assert_eq!((answer.text("why_local_trouble"), answer.text("why_other")), ("100", "500"));
    // Which version counted is kept, and a change is told.
    let told = |store: &Store| {
        let text = String::from_utf8_lossy(&store.maillogs(&["check"]).stdout).into_owned();
        text.lines().find(|line| line.contains("of its table")).map(str::to_owned)
    };
    assert_eq!(told(&store), None);
    fs::write(&file, rules.replace("version = 7", "version = 8")).unwrap();
    assert!(store.postprocess(&log(1_300)).status.success());
    let said = told(&store).expect("a note");
    assert!(
        said.contains("reasons") && said.contains("by version 8") && said.contains("by version 7 before"),
        "{said}"
    );
    // A wrong one stops everything, with its line, and the chunk stays the logger's.
    fs::write(&file, rules.replace("local_trouble", "planets")).unwrap();
    let output = store.maillogs(&["reasons"]);
    assert_eq!((output.status.code(), &output.stdout[..]), (Some(1), &b""[..]));
    assert!(
        stderr(&output).contains("reasons.toml: reasons_file: line 4: \"planets\" is no class"),
        "{}",
        stderr(&output)
    );
    assert_eq!(store.postprocess(&log(10)).status.code(), Some(111));

    let store = with("reasons = false\n");
    assert!(!store.maillogs(&["reasons"]).status.success());
    assert!(store.run(&["send"]).contains(":delivery_failure:300:"));
    assert!(!fs::read_to_string(store.base().join("counters/send.txt")).unwrap().contains("why_"));
}
