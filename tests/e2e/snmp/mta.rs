//! MTA-MIB and NETWORK-SERVICES-MIB: what is answered is what grep and awk count, and nothing else is.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::SystemTime;

use crate::support::snmpd::{self, Snmpd, Value};
use crate::support::wait_until;

const MTA: &str = ".1.3.6.1.2.1.28";
const NETWORK_SERVICES: &str = ".1.3.6.1.2.1.27";

/// Reports of deliveries that did not succeed, each with what grep finds it by and the code that stands for it.
const REPORTS: [(&str, &str, u32); 5] = [
    (
        "deferral: 192.0.2.1_does_not_like_recipient./Remote_host_said:_451_4.7.1_Greylisted/",
        "Greylisted",
        4_007_001,
    ),
    (
        "failure: 192.0.2.2_does_not_like_recipient./Remote_host_said:_550_5.1.1_User_unknown/",
        "User_unknown",
        5_001_001,
    ),
    ("deferral: Sorry,_I_wasn't_able_to_establish_an_SMTP_connection._(#4.4.1)/", "wasn't_able", 4_004_001),
    // A code that the other server has made up is no index.
    (
        "failure: 192.0.2.2_does_not_like_recipient./Remote_host_said:_550_5.999.999_User_unknown/",
        "5.999.999",
        5_001_001,
    ),
    ("failure: The_planets_are_not_aligned./", "planets", 5_000_000),
];

fn send_log(messages: u64) -> String {
    let line = |n: u64, text: String| crate::support::labelled(1_795_132_800 + 3 * n, n, &text);
    let of = |n: u64| {
        let channel = if n.is_multiple_of(3) { "local" } else { "remote" };
        let report = match n % 2 {
            0 => "success: 192.0.2.4_accepted_message./",
            _ => REPORTS[usize::try_from(n / 2).expect("small") % REPORTS.len()].0,
        };
        [
            line(n, format!("new msg {n}")),
            line(n, format!("info msg {n}: bytes {} from <a@example.com> qp {n} uid 1", 700 + 13 * n)),
            line(n, format!("starting delivery {n}: msg {n} to {channel} b@example.org")),
            line(n, "status: local 0/10 remote 1/20".to_owned()),
            line(n, format!("delivery {n}: {report}")),
            line(n, format!("end msg {n}")),
        ]
        .concat()
    };
    (0..messages).map(of).collect()
}

fn sh(command: &str, file: &Path) -> u64 {
    let output = Command::new("sh").args(["-c", command, "sh"]).arg(file).output().expect("sh");
    String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or_else(|_| panic!("{command}: {output:?}"))
}

#[test]
fn mta_mib_is_what_the_logs_and_the_queue_say() {
    let queue = tempfile::tempdir().expect("a directory");
    fs::set_permissions(queue.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("chmod");
    let part = |part: &str, messages: u32| {
        for n in 0..messages.max(1) {
            let dir = queue.path().join(part).join((n % 23).to_string());
            fs::create_dir_all(&dir).expect("mkdir");
            if messages > 0 {
                fs::write(dir.join(n.to_string()), "x").expect("a message");
            }
        }
    };
    for (name, messages) in
        [("mess", 30), ("todo", 0), ("local", 7), ("remote", 20), ("info", 0), ("intd", 0), ("bounce", 0)]
    {
        part(name, messages);
    }
    let store = super::store(&format!("qmail_queue_dir = {:?}", queue.path()));
    let current = store.logs().join("current");
    fs::write(&current, send_log(200)).expect("current");
    let smtp = store.base().join("smtp");
    fs::create_dir(&smtp).expect("mkdir");
    let connection = |n: u64| {
        let verdict = if n.is_multiple_of(4) { "deny" } else { "ok" };
        let line = |text: String| crate::support::labelled(1_795_132_800 + n, n, &text);
        line(format!("tcpserver: pid {n} from 192.0.2.1"))
            + &line(format!("tcpserver: {verdict} {n} mx1:192.0.2.3:25 :192.0.2.1::4711"))
    };
    fs::write(smtp.join("current"), (1..=50).map(connection).collect::<String>()).expect("current");
    store.run(&["update"]);

    let both = |root: &str| {
        format!("pass_persist {root} {}", snmpd::command_line(&store, "snmp --mta --interval 1"))
    };
    let snmpd = Snmpd::start(&store, &[both(MTA), both(NETWORK_SERVICES)]);
    wait_until("both are read", || {
        snmpd.get(&format!("{MTA}.1.1.1.1")).is_some()
            && snmpd.get(&format!("{NETWORK_SERVICES}.1.1.14.1")).is_some()
    });
    let began = std::time::Instant::now();
    let mut told: BTreeMap<String, Value> = snmpd.below(MTA);
    eprintln!("{} values of MTA-MIB in {:?}", told.len(), began.elapsed());
    told.extend(snmpd.below(NETWORK_SERVICES));
    let mut take = |oid: String, kind: &str| -> String {
        let value = told.remove(&oid).unwrap_or_else(|| panic!("{oid} is not told"));
        assert_eq!(value.kind, kind, "{oid}");
        value.text
    };
    let mut is = |oid: String, kind: &str, expected: u64| {
        assert_eq!(take(oid.clone(), kind), expected.to_string(), "{oid}")
    };
    let messages = sh("grep -c ' new msg ' \"$1\"", &current);
    let kilo = sh("awk '/ info msg /{ sum += $6 } END { printf \"%.0f\", sum / 1024 }' \"$1\"", &current);
    let success = sh("grep -c 'delivery [0-9]*: success: ' \"$1\"", &current);
    let begun = |channel: &str| sh(&format!("grep -c 'starting delivery .* to {channel} ' \"$1\""), &current);
    let tcp = |verdict: &str| sh(&format!("grep -c 'tcpserver: {verdict} ' \"$1\""), &smtp.join("current"));
    let find = |part: &str| sh("find \"$1\" -type f | wc -l", &queue.path().join(part));
    let (counter, gauge) = ("Counter32", "Gauge32");
    // mtaTable.
    is(format!("{MTA}.1.1.1.1"), counter, messages);
    is(format!("{MTA}.1.1.2.1"), gauge, find("mess"));
    is(format!("{MTA}.1.1.4.1"), counter, kilo);
    is(format!("{MTA}.1.1.9.1"), counter, success);
    // mtaGroupTable: the queue, local, remote, smtpd.
    let group = |column: u32, group: u32| format!("{MTA}.2.1.{column}.1.{group}");
    is(group(2, 1), counter, messages);
    is(group(6, 1), counter, kilo);
    is(group(11, 1), counter, success);
    is(group(4, 1), gauge, find("mess"));
    is(group(4, 2), gauge, find("local"));
    is(group(4, 3), gauge, find("remote"));
    is(group(16, 1), counter, begun("local") + begun("remote"));
    is(group(16, 2), counter, begun("local"));
    is(group(16, 3), counter, begun("remote"));
    is(group(15, 4), counter, tcp("ok"));
    is(group(19, 4), counter, tcp("deny"));
    is(group(31, 2), "INTEGER", 1);
    is(group(31, 3), "INTEGER", 1);
    // applTable.
    is(format!("{NETWORK_SERVICES}.1.1.10.1"), counter, tcp("ok"));
    is(format!("{NETWORK_SERVICES}.1.1.11.1"), counter, begun("local") + begun("remote"));
    is(format!("{NETWORK_SERVICES}.1.1.14.1"), counter, tcp("deny"));
    // mtaGroupErrorTable.
    let mut errors: BTreeMap<u32, u64> = BTreeMap::new();
    for (_, pattern, code) in REPORTS {
        *errors.entry(code).or_default() += sh(&format!("grep -c \"{pattern}\" \"$1\""), &current);
    }
    errors.entry(5_001_001).and_modify(|n| *n -= sh("grep -c '5.999.999_User_unknown' \"$1\"", &current));
    let codes: Vec<u32> = [
        4_002_002, 4_003_000, 4_003_005, 4_004_001, 4_007_000, 4_007_001, 4_007_028, 5_000_000, 5_001_001,
        5_001_002, 5_003_004, 5_004_007, 5_005_000, 5_006_000, 5_007_000, 5_007_001, 5_007_010, 5_007_025,
        5_007_026,
    ]
    .to_vec();
    for code in codes {
        is(format!("{MTA}.5.1.3.1.1.{code}"), counter, errors.get(&code).copied().unwrap_or(0));
    }
    assert!(errors.values().sum::<u64>() == 100 && errors.len() == 4, "{errors:?}");
    let oldest: u64 = take(group(12, 1), "INTEGER").parse().expect("hundredths of a second");
    assert!(oldest.is_multiple_of(100) && oldest < 60_000, "{oldest}");
    for (oid, name) in
        [(group(25, 1), "all"), (group(25, 2), "local"), (group(25, 3), "remote"), (group(25, 4), "smtpd")]
    {
        assert_eq!(take(oid, "STRING"), name);
    }
    for at in [3, 4] {
        assert_eq!(take(group(24, at), "OID"), ".1.3.6.1.2.1.27.4.25");
    }
    (1..=4).for_each(|at| assert!(!take(group(28, at), "STRING").is_empty()));
    assert_eq!(take(format!("{NETWORK_SERVICES}.1.1.2.1"), "STRING"), "qmail");
    assert!(!take(format!("{NETWORK_SERVICES}.1.1.16.1"), "STRING").is_empty());
    // How long ago something happened last, to the minute: its end, and what has gone by since it was read.
    let now = || SystemTime::UNIX_EPOCH.elapsed().expect("after 1970").as_secs();
    let is_ago = |oid: &str, ago: &Value, at: u64| {
        let (ago, expected) = (ago.number() / 100, now() - at);
        assert!((expected - 60..expected + 30).contains(&ago), "{oid}: {ago} s and not {expected} s");
    };
    let (last, connected) = (1_795_132_800 + 3 * 199, 1_795_132_800 + 50);
    for (oid, at) in [
        (group(18, 1), last - 3),
        (group(34, 1), last),
        (group(34, 2), last - 3),
        (group(34, 3), last),
        (group(17, 4), connected),
    ] {
        let ago = told.remove(&oid).unwrap_or_else(|| panic!("{oid} is not told"));
        assert_eq!(ago.kind, "INTEGER");
        is_ago(&oid, &ago, at);
    }
    // Nothing else is told: no transmitted messages, no state, no associations of this moment.
    assert_eq!(told, BTreeMap::new());

    // And while it happens.
    let begun = now() - 1_000;
    let line = |seconds: u64, text: &str| crate::support::labelled(seconds, 1, text);
    let lines = line(begun, "starting delivery 900: msg 5 to remote b@example.org")
        + &line(begun + 400, "delivery 900: success: ok/");
    append(&current, &lines);
    append(&smtp.join("current"), &line(begun + 700, "tcpserver: ok 900 mx1:192.0.2.3:25 :192.0.2.1::4711"));
    let all = [(group(34, 3), 0), (group(34, 1), 0), (group(18, 1), 400), (group(17, 4), 700)];
    wait_until("it is told", || {
        all.iter().all(|(oid, _)| snmpd.get(oid).is_some_and(|ago| ago.number() < 200_000))
    });
    for (oid, after) in &all {
        is_ago(oid, &snmpd.get(oid).expect("a time"), begun + after);
    }
    is_ago("local", &snmpd.get(&group(34, 2)).expect("a time"), last - 3);
    // It is remembered when the RRD has the minutes.
    store.run(&["update", "--flush"]);
    let read = snmpd.get(&group(34, 3)).expect("a time").number();
    wait_until("it is read anew", || snmpd.get(&group(34, 3)).is_some_and(|ago| ago.number() > read));
}

fn append(file: &Path, lines: &str) {
    let mut file = OpenOptions::new().append(true).open(file).expect("a log");
    file.write_all(lines.as_bytes()).expect("a log");
}

/// A 0 that is none: without logs and without a queue nothing is told, also after an update.
#[test]
fn without_logs_mta_mib_is_empty() {
    let store = super::store("qmail_queue_dir = \"/nonexistent/queue\"");
    fs::remove_dir(store.logs()).expect("rmdir");
    store.run(&["update"]);
    let both = |root: &str| {
        format!("pass_persist {root} {}", snmpd::command_line(&store, "snmp --mta --interval 1"))
    };
    let snmpd = Snmpd::start(&store, &[both(MTA), both(NETWORK_SERVICES)]);
    let log = || fs::write(store.logs().join("current"), send_log(3)).expect("current");
    assert_eq!((snmpd.walk(MTA), snmpd.walk(NETWORK_SERVICES)), (Vec::new(), Vec::new()));
    fs::create_dir(store.logs()).expect("mkdir");
    log();
    wait_until("the log is read", || {
        snmpd.get(&format!("{MTA}.1.1.1.1")).is_some_and(|value| value.number() == 3)
    });
    assert_eq!(snmpd.get(&format!("{MTA}.1.1.2.1")), None, "there is no queue still");
    assert_eq!(snmpd.get(&format!("{MTA}.2.1.19.1.4")), None, "nor an SMTP server");
}
