use super::*;
use crate::line::Parser;
use crate::protocol::send;

fn own(protocol: &str, key: &str, pattern: &str) -> CustomCounter {
    CustomCounter {
        protocol: protocol.into(),
        key: key.into(),
        help: String::new(),
        pattern: Regex::new(pattern).unwrap(),
        sum: None,
        tag: None,
        origin: format!("toaster.conf: line {}", key.len()),
    }
}

fn sum(protocol: &str, key: &str, pattern: &str) -> CustomCounter {
    CustomCounter { sum: Some(1), ..own(protocol, key, pattern) }
}

/// What `lines` raise in `protocol`, and the verdicts.
fn counted(protocol: &Protocol, place: LogKind, lines: &[&str]) -> (Vec<(&'static str, i128)>, Vec<Verdict>) {
    let mut values = vec![0; protocol.counters.len()];
    let mut parser = Parser::new(10, 1_790_635_513);
    let verdicts = lines
        .iter()
        .map(|line| (protocol.classify)(&parser.parse(line.as_bytes()), place, &mut Raise(&mut values)))
        .collect();
    let keys = protocol.counters.iter().map(|counter| counter.key);
    (keys.zip(values).filter(|(_, value)| *value != 0).collect(), verdicts)
}

#[test]
fn an_own_counter_counts_beside_the_built_in_ones() {
    let base = send::protocol(&Settings::default());
    let extended = extend(base.clone(), &[own("send", "greeting", "(?-u)Remote_host_said:_4\\d\\d")]);
    let before = base.counters.len();
    assert_eq!(extended.counters.len(), before + 1);
    assert!(base.bulk.is_some() && extended.bulk.is_none(), "no line may pass its rules by");
    assert_eq!(extended.index("greeting"), Some(before));
    assert_eq!(extended.index("warning"), base.index("warning"));
    let lines = [
        "@400000006abaee0d1698f6fa delivery 1: deferral: Remote_host_said:_451_later/",
        "@400000006abaee0d1698f6fa delivery 2: deferral: Remote_host_said:_551_never/",
        "@400000006abaee0d1698f6fa something of a patch: Remote_host_said:_421",
        "@400000006abaee0d1698f6fa something of a patch",
    ];
    let (values, verdicts) = counted(&extended, LogKind::Dedicated, &lines);
    let expected =
        [("delivery", 2), ("delivery_deferral", 2), ("other", 2), ("why_other", 2), ("greeting", 2)];
    assert_eq!(values, expected);
    let [known, unknown] = [Verdict::Known, Verdict::Unknown];
    assert_eq!(verdicts, [known, known, known, unknown]);
    assert_eq!(counted(&base, LogKind::Dedicated, &lines).1, [known, known, unknown, unknown]);
}

#[test]
fn without_own_counters_a_protocol_stays_what_it_is() {
    let extended = extend(send::protocol(&Settings::default()), &[]);
    assert_eq!(extended.counters.len(), send::SEND.counters.len());
}

#[test]
fn the_text_begins_behind_stamp_and_header() {
    let ftp = protocol("ftp", "", LogKind::Shared, &[own("ftp", "logins", "^OK LOGIN")]);
    let lines = [
        "Sep 28 22:40:23 mx1 vsftpd[12]: OK LOGIN: Client",
        "Sep 28 22:40:23 mx1 vsftpd[12]: not OK LOGIN",
        "@400000006abaee0d1698f6fa OK LOGIN",
        "OK LOGIN",
    ];
    let (values, verdicts) = counted(&ftp, LogKind::Shared, &lines);
    assert_eq!(values, [("logins", 3)]);
    assert_eq!(verdicts, [Verdict::Known, Verdict::Foreign, Verdict::Known, Verdict::Known]);
    assert_eq!(counted(&ftp, LogKind::Dedicated, &lines).1[1], Verdict::Unknown);
}

#[test]
fn a_tag_is_compared_exactly() {
    let tagged = CustomCounter { tag: Some(b"vsftpd".to_vec()), ..own("ftp", "logins", "LOGIN") };
    let ftp = protocol("ftp", "", LogKind::Shared, &[tagged]);
    let lines = [
        "Sep 28 22:40:23 mx1 vsftpd[12]: LOGIN",
        "Sep 28 22:40:23 mx1 vsftpd2[12]: LOGIN",
        "Sep 28 22:40:23 mx1 logger: vsftpd: LOGIN",
        "vsftpd: LOGIN",
    ];
    assert_eq!(counted(&ftp, LogKind::Shared, &lines).0, [("logins", 1)]);
}

#[test]
fn amounts_are_added_up_and_their_lines_counted() {
    let ftp = protocol("ftp", "", LogKind::Dedicated, &[sum("ftp", "bytes", "sent ([^ ]*) bytes")]);
    let lines = ["sent 10 bytes", "sent 0.25 bytes", "sent 1000000000000 bytes", "received 7 bytes"];
    let (values, _) = counted(&ftp, LogKind::Dedicated, &lines);
    assert_eq!(values, [("bytes", 1_000_000_000_010_250_000_000), ("bytes_lines", 3)]);
    assert!(matches!(ftp.counters[0].kind, CounterKind::Sum));
    assert!(matches!(ftp.counters[1].kind, CounterKind::Count));
}

#[test]
fn what_is_not_a_number_is_counted_as_a_line_and_told_once() {
    let counters = [sum("ftp", "bytes_of_one", "sent ([^ ]*) bytes"), sum("ftp", "other", "got (x)?y")];
    let ftp = protocol("ftp", "", LogKind::Dedicated, &counters);
    let lines = ["sent -5 bytes", "sent many bytes", "sent 5 bytes", "got y", "sent  bytes"];
    let (values, verdicts) = counted(&ftp, LogKind::Dedicated, &lines);
    assert_eq!(values, [("bytes_of_one", 5_000_000_000), ("bytes_of_one_lines", 4), ("other_lines", 1)]);
    assert_eq!(verdicts, [Verdict::Known; 5]);
    let told: Vec<String> = ftp.conf_sums.iter().filter_map(|sum| sum.warning()).collect();
    assert_eq!(
        told,
        [
            "toaster.conf: line 12: counter bytes_of_one: what sum captures is not a number in 3 lines; they are in \
          bytes_of_one_lines and add nothing: narrow the group in match"
        ]
    );
    // Behind the counters of a built-in protocol too.
    let ftp = extend(ftp, &[sum("ftp", "third", "had ([^ ]*)")]);
    counted(&ftp, LogKind::Dedicated, &["had none"]);
    assert!(ftp.conf_sums.iter().any(|sum| sum.warning().is_some_and(|text| text.contains(" third: "))));
}

#[test]
fn decimals() {
    for (text, units) in [
        ("0", 0),
        ("12", 12_000_000_000),
        ("12.", 12_000_000_000),
        (".5", 500_000_000),
        ("0.123456789", 123_456_789),
        ("0.1234567894", 123_456_789),
        ("0.1234567895", 123_456_790),
        ("1.9999999999", 2_000_000_000),
        ("000000000000000000000007", 7_000_000_000),
        ("999999999999999", 999_999_999_999_999_000_000_000),
    ] {
        assert_eq!(nano(text.as_bytes()), Some(units), "{text}");
    }
    for text in ["", ".", "-1", "+1", "1e3", "1,5", "1.2.3", " 1", "0x10", "1000000000000000", "\u{661}"] {
        assert_eq!(nano(text.as_bytes()), None, "{text}");
    }
}

#[test]
fn the_rest_of_a_cut_line_counts_nothing() {
    let any = extend(send::protocol(&Settings::default()), &[own("send", "any", "")]);
    let line = "Jun 19 09:12:25 mx1 qmail: 1276913545.100000+delivery 8: success: the_rest_of_a_long_line/";
    assert_eq!(counted(&any, LogKind::Shared, &[line]), (vec![], vec![Verdict::Known]));
}

#[test]
fn tables_are_sound() {
    let counters = [
        sum("ftp", "a_name_of_just_thirty_two_letters", "(x)"),
        CustomCounter { help: "uploads".into(), ..sum("ftp", "up", "(y)") },
        own("ftp", "z", "z"),
        own("send", "s", "s"),
    ];
    let own =
        CustomProtocol { name: "ftp".into(), about: String::new(), place: LogKind::Dedicated, like: None };
    let all = all(&Settings::default(), &counters, &[own]);
    assert_eq!(all.len(), BUILTIN.len() + 1);
    assert_eq!(all.iter().filter(|p| p.index("s").is_some()).map(|p| p.name).collect::<Vec<_>>(), ["send"]);
    let ftp = all.last().unwrap();
    let keys: Vec<_> = ftp.counters.iter().map(|c| c.key).collect();
    let long = "a_name_of_just_thirty_two_letters";
    assert_eq!(keys, [long, &lines_key(long), "up", "up_lines", "z"]);
    assert_eq!((ftp.name, ftp.about), ("ftp", "as toaster.conf says"));
    let helps: Vec<_> = ftp.counters.iter().map(|c| c.help).collect();
    assert_eq!(helps[2..], ["uploads", "uploads (lines)", "lines that toaster.conf's z matches"]);
    let names: std::collections::BTreeSet<_> = ftp.counters.iter().map(|c| c.ds).collect();
    assert!(names.len() == 5 && names.iter().all(|ds| (1..=19).contains(&ds.len())), "{names:?}");
}

#[test]
fn bytes_that_are_no_text_are_matched_too() {
    let ftp = protocol("ftp", "", LogKind::Dedicated, &[own("ftp", "x", "(?-u)\\xff+y")]);
    let mut values = vec![0; 1];
    let line = Parser::new(10, 0).parse(b"\xfe\xff\xffy\xfe");
    (ftp.classify)(&line, LogKind::Dedicated, &mut Raise(&mut values));
    assert_eq!(values, [1]);
}

#[test]
fn what_is_found_is_what_counts() {
    let counter = CustomCounter {
        protocol: "x".into(),
        key: "took".into(),
        help: String::new(),
        pattern: Regex::new("took ([0-9a-z.]+)?s").unwrap(),
        sum: Some(1),
        tag: Some(b"mda".to_vec()),
        origin: "toaster.conf: line 3".into(),
    };
    let protocol = protocol("x", "", LogKind::Shared, std::slice::from_ref(&counter));
    for (text, tag, amount, raised) in [
        ("it took 2.5s", "mda", Some(Amount::Number(8..11, 2_500_000_000)), [2_500_000_000, 1]),
        ("it took 2.5s", "other", Some(Amount::Number(8..11, 2_500_000_000)), [0, 0]),
        ("it took longs", "mda", Some(Amount::NotANumber(8..12)), [0, 1]),
        ("it took s", "mda", Some(Amount::LeftOut), [0, 1]),
        ("it ran", "mda", None, [0, 0]),
    ] {
        let text = text.as_bytes();
        let (time, host, tag) = (None, Some(&b"mx1"[..]), Some(tag.as_bytes()));
        let line = Line { time, tag, host, text, after_stamp: text, continuation: false };
        let found = counter.find(&line);
        assert_eq!(found.clone().and_then(|found| found.amount), amount);
        let mut values = [0; 2];
        (protocol.classify)(&line, LogKind::Shared, &mut Raise(&mut values));
        assert_eq!(values, raised, "{}", text.escape_ascii());
        assert_eq!(values[1] == 1, found.is_some_and(|found| found.is_of_tag && found.whole.start == 3));
        let rest = Line { continuation: true, ..line };
        assert_eq!(counter.find(&rest), None);
    }
}
