//! What is said of lines, decided by hand.
use super::*;
use serde_json::Value;
use std::fs;

/// 2026-11-30 00:00 UTC.
const NOW: i64 = 1_795_996_800;

/// The objects that are told of `files`, and what failed.
fn told(config: &Config, options: &Options) -> (Vec<Value>, Vec<String>) {
    let (mut out, mut failures) = (Vec::new(), Vec::new());
    let options = Options { json: true, ..options.clone() };
    explain(config, &options, NOW, &mut out, &mut |e| failures.push(e.to_string())).unwrap();
    let objects = String::from_utf8(out).unwrap();
    (objects.lines().map(|line| serde_json::from_str(line).unwrap()).collect(), failures)
}

/// Those of a file that nobody names, without the summary.
fn of(config: &str, log: &[u8], protocols: &[&str]) -> Vec<Value> {
    let dir = tempfile::tempdir().unwrap();
    let (config, problems) = Config::parse(config, Path::new("toaster.conf"));
    assert!(problems.is_empty(), "{problems:?}");
    let file = dir.path().join("x");
    fs::write(&file, log).unwrap();
    let protocols = protocols.iter().map(|name| (*name).to_owned()).collect();
    let (mut told, failures) = told(&config, &Options { files: vec![file], protocols, ..Options::default() });
    assert!(failures.is_empty(), "{failures:?}");
    told.retain(|object| object["summary"].is_null());
    told
}

fn notes(object: &Value) -> String {
    object["notes"].to_string()
}

#[test]
fn a_line_without_a_header_is_asked_of_those_who_have_logs() {
    let log = b"@400000006abaeefa03d5e41f new msg 196548\n@400000006abaeefa03d5e41f tcpserver: ok 7 mx:192.0.2.1:25 :198.51.100.4::1\n@400000006abaeefa03d5e41f gibberish\n";
    let told = of("", log, &[]);
    let names = |object: &Value| -> Vec<String> {
        let protocols = object["protocols"].as_array().unwrap().iter();
        protocols.map(|part| format!("{} {}", part["name"], part["log"]).replace('"', "")).collect()
    };
    assert_eq!(names(&told[0]), ["send own"]);
    assert_eq!(names(&told[1]), ["rbl own", "pop3 own"]);
    assert_eq!(told[2]["verdict"], "unknown");
    assert!(names(&told[2]).is_empty() && notes(&told[2]).contains("send, rbl"), "{}", told[2]);
    // Named, it counts as a roll of that directory would have it.
    let told = of("", log, &["send"]);
    assert_eq!(told[2]["protocols"][0]["counters"], serde_json::json!({ "other": 1 }));
    assert_eq!(told[2]["verdict"], "unknown");
    assert_eq!(told[1]["protocols"][0]["counters"], serde_json::json!({ "other": 1 }));
}

#[test]
fn the_minute_is_that_of_the_stamp_and_of_the_line_before_where_there_is_none() {
    // 0x6abaeefa - 10 s of TAI: 1790635504.
    let log =
        b"no stamp\n@400000006abaeefa03d5e41f new msg 1\nend msg 1\n@400000009abaeefa03d5e41f new msg 2\n";
    let told = of("rrd_step = 300\n", log, &["send"]);
    let times: Vec<_> = told
        .iter()
        .map(|o| (o["time"].as_i64().unwrap(), o["bin"].as_i64().unwrap(), o["time_of"].clone()))
        .collect();
    let secs = 0x6aba_eefa - 10;
    assert_eq!(
        times,
        [
            (NOW, NOW, "reading".into()),
            (secs, secs / 300 * 300, "stamp".into()),
            (secs, secs / 300 * 300, "line before".into()),
            (0x9aba_eefa - 10, NOW, "stamp".into()),
        ]
    );
    assert!(notes(&told[3]).contains("future"), "{}", told[3]);
}

#[test]
fn a_log_that_toaster_conf_names_is_taken_as_that() {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().display();
    let text = format!(
        "logs_base = \"{base}\"\nlogs_syslog = [\"{base}/maillog\"]\nlogs_webmail_files = [\"{base}/web.log\"]\n"
    );
    let (config, problems) = Config::parse(&text, Path::new("toaster.conf"));
    assert!(problems.is_empty(), "{problems:?}");
    fs::create_dir(dir.path().join("send")).unwrap();
    let log = "2026-11-28T18:00:01Z gibberish\n";
    let kinds = |name: &str| -> (Value, Vec<String>) {
        let file = dir.path().join(name);
        fs::write(&file, log).unwrap();
        let (told, _) = told(&config, &Options { files: vec![file], ..Options::default() });
        let protocols = told[0]["protocols"].as_array().unwrap().clone();
        (
            told[0]["verdict"].clone(),
            protocols.iter().map(|p| format!("{} {}", p["name"], p["log"])).collect(),
        )
    };
    assert_eq!(kinds("send/current"), ("unknown".into(), vec!["\"send\" \"own\"".to_owned()]));
    assert_eq!(kinds("send/@4000.s"), ("unknown".into(), vec!["\"send\" \"own\"".to_owned()]));
    assert_eq!(kinds("web.log.1").1, ["\"webmail\" \"own\""]);
    assert_eq!(kinds("maillog"), ("foreign".into(), vec![]));
    assert_eq!(kinds("maillog-20261128"), ("foreign".into(), vec![]));
}

#[test]
fn pieces_of_lines_long_ones_and_those_in_another_encoding_are_told_of() {
    let parts =
        b"2026-11-28T18:00:01Z stdout P new \n2026-11-28T18:00:09Z stdout F msg 1\n1790635513.5+ rest\n";
    let told = of("", parts, &["send"]);
    assert_eq!((&told[0]["verdict"], &told[0]["text"]), (&"part".into(), &"".into()));
    assert!(notes(&told[0]).contains("container"));
    assert_eq!(told[1]["protocols"][0]["counters"], serde_json::json!({ "message_new": 1 }));
    // The whole counts under the time of its first part: 18:00:01.
    assert_eq!(told[1]["time"], 1_795_888_801);
    let long = [b"@400000006abaeefa03d5e41f new msg ", &vec![b'1'; 20_000][..], b"\n"].concat();
    let told = of("", &long, &["send"]);
    assert!(notes(&told[0]).contains("20035 bytes") && notes(&told[0]).contains("16384"), "{}", told[0]);
    assert!(told[0]["text"].as_str().unwrap().chars().count() <= 201);
    let wide: Vec<u8> = "Nov 28 18:00:01 mx1 qmail: new msg 1\n"
        .repeat(3)
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let told = of("", &wide, &["send"]);
    assert!(told.iter().any(|object| notes(object).contains("UTF-16")), "{told:?}");
    let unended = of("", b"@400000006abaeefa03d5e41f new msg 1", &["send"]);
    assert!(notes(&unended[0]).contains("newline"));
}

#[test]
fn repetitions_add_what_the_last_line_of_the_host_counts() {
    let log = "2026-11-28T18:00:01Z mx1 vpopmail[7]: vchkpw-smtp: password fail a@example.org:192.0.2.7\n\
               2026-11-28T18:00:02Z mx2 sshd[7]: x\n\
               2026-11-28T18:00:31Z mx1 last message repeated 3 times\n\
               2026-11-28T18:00:31Z mx2 last message repeated 5 times\n\
               2026-11-28T18:00:32Z mx3 last message repeated 2 times\n\
               2026-11-28T18:00:33Z mx1 vpopmail[7]: message repeated 2 times: [ vchkpw-smtp: password fail b@example.org:192.0.2.8]\n\
               2026-11-28T18:00:33Z mx1 last message repeated 4000000000 times\n";
    let told = of("", log.as_bytes(), &["smtp"]);
    let counters: Vec<_> =
        told.iter().map(|o| o["protocols"][0]["counters"]["smtp_auth_fail"].as_u64().unwrap_or(0)).collect();
    assert_eq!(counters, [1, 0, 3, 0, 0, 2, 19_998]);
    assert!(notes(&told[2]).contains("line 1, the last one of this host, came 3 times more"), "{}", told[2]);
    assert!(notes(&told[4]).contains("there is none here"));
    assert!(notes(&told[6]).contains("cannot have come"));
    let verdicts: Vec<_> = told.iter().map(|o| o["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["counted", "foreign", "repeats", "repeats", "repeats", "counted", "repeats"]);
}

#[test]
fn what_would_count_in_syslog_is_said() {
    let line = b"2026-11-28T18:00:01Z mx1 qmail: new msg 1\n";
    let told = of("", line, &[]);
    assert_eq!(told[0]["verdict"], "foreign");
    assert!(notes(&told[0]).contains("send would understand it"), "{}", told[0]);
    let told = of("send_log_method = \"syslog\"\n", line, &[]);
    assert_eq!(told[0]["protocols"][0]["counters"], serde_json::json!({ "message_new": 1 }));
}

#[test]
fn one_section_alone() {
    let log = b"@400000006abaeefa03d5e41f delivery 7: deferral: CNAME_lookup_failed_temporarily._(#4.4.3)/\n@400000006abaeefa03d5e41f new msg 1\n";
    let told = of("", log, &["reasons"]);
    let parts: Vec<_> = told.iter().flat_map(|o| o["protocols"].as_array().unwrap().clone()).collect();
    assert_eq!(parts.len(), 2);
    assert_eq!(parts[0]["counters"], serde_json::json!({ "why_dns": 1 }));
    assert_eq!(parts[0]["reason"]["class"], "dns");
    assert!(parts[0]["reason"]["rule"].as_str().unwrap().starts_with("by [[own]] number 1, line "));
    assert_eq!((&parts[1]["name"], &parts[1]["counters"]), (&"reasons".into(), &serde_json::json!({})));
}

#[test]
fn what_cannot_be_read_is_told_and_the_rest_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good");
    fs::write(&good, "@400000006abaeefa03d5e41f new msg 1\n").unwrap();
    let packed = dir.path().join("packed");
    fs::write(&packed, b"\x1f\x8b\x08 and no more").unwrap();
    let files = vec![dir.path().join("none"), dir.path().to_owned(), packed, good];
    let (told, failures) = told(&Config::default(), &Options { files, ..Options::default() });
    assert_eq!(failures.len(), 3, "{failures:?}");
    assert!(failures[1].contains("is a directory") && failures[2].contains("damaged"), "{failures:?}");
    assert_eq!(told[0]["protocols"][0]["counters"], serde_json::json!({ "message_new": 1 }));
}
