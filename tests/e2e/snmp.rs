//! `maillogs snmp` under real snmpd: `extend`, the own tables, MTA-MIB; and the conversation itself.
mod mib;
mod mrtg;
mod mta;

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value as Json;

use crate::support::multilog::Multilog;
use crate::support::snmpd::{self, OUTPUT, OWN, RESULT, Snmpd, index, unprivileged};
use crate::support::store::{Answer, Store, stderr};
use crate::support::{count, lines, traffic, wait_until};

/// The column of whole counts, of their text, and of what they are.
const COUNT: u32 = 3;
const TEXT: u32 = 7;

/// The line of snmpd.conf for the own tables.
fn own_tables(store: &Store, options: &str) -> String {
    format!("pass_persist {OWN} {}", snmpd::command_line(store, &format!("snmp {options}")))
}

/// A store with a syslog that is there, so that no test reads this machine's.
fn store(config: &str) -> Store {
    let store = Store::with_syslog();
    fs::write(store.syslog(), "").expect("a syslog");
    let before = fs::read_to_string(store.config()).expect("toaster.conf");
    fs::write(store.config(), format!("{before}{config}\n")).expect("toaster.conf");
    store
}

/// Every counter, by its protocol, as JSON has it.
fn all(store: &Store) -> BTreeMap<String, BTreeMap<String, Json>> {
    let text = store.run(&["all"]);
    let names = text.lines().filter_map(|line| line.split(' ').next());
    let words: Vec<&str> = names.chain(["--format", "json"]).collect();
    let json: Json = serde_json::from_str(&store.run(&words)).expect("JSON");
    let protocols = json["protocols"].as_object().expect("protocols");
    let counters = |of: &Json| of["counters"].as_object().expect("counters").clone().into_iter().collect();
    protocols.iter().map(|(name, of)| (name.clone(), counters(of))).collect()
}

#[test]
fn every_protocol_answers_through_extend() {
    let store = store("");
    fs::write(store.logs().join("current"), traffic(71, 0.02, 1.0)).expect("current");
    store.run(&["update"]);
    let parts: Vec<String> = all(&store).into_keys().collect();
    assert!(parts.len() >= 16, "{parts:?}");
    let line = |part: &String| format!("extend {part} {}", snmpd::command_line(&store, part));
    let snmpd = Snmpd::start(&store, &parts.iter().map(line).collect::<Vec<_>>());
    for part in &parts {
        let began = Instant::now();
        let told =
            snmpd.get(&format!("{OUTPUT}{}", index(part))).unwrap_or_else(|| panic!("{part}: no answer"));
        eprintln!("extend {part}: {:?}", began.elapsed());
        // The queue is not there; its numbers are those of the last commit, for both.
        assert_eq!(told.text + "\n", store.run(&[part]), "{part}");
        let code = snmpd.get(&format!("{RESULT}{}", index(part))).expect("an exit code");
        assert_eq!((code.kind.as_str(), code.number()), ("INTEGER", 0), "{part}");
    }
}

#[test]
fn every_counter_is_walked_as_the_query_prints_it() {
    let odd = "[[counter]]\nprotocol = \"send\"\nname = \"odd\"\nmatch = 'success'\nhelp = \"\\\"NONE\\\" \\\\ 'ä' = .1.3.6\"\n\
               [protocol.ftp]\nsource = \"syslog\"\nabout = \"PONG\"\n\
               [[counter]]\nprotocol = \"ftp\"\nname = \"upload_bytes\"\nmatch = '(?<n>[\\d.]+) bytes'\nsum = \"n\"";
    let store = store(odd);
    let log = traffic(72, 0.05, 1.0);
    fs::write(store.logs().join("current"), &log).expect("current");
    fs::write(store.syslog(), "Nov 29 10:00:00 mx1 vsftpd[1]: 12.5 bytes\n").expect("syslog");
    store.run(&["update"]);
    let snmpd = Snmpd::start(&store, &[own_tables(&store, "")]);
    // Before that there are the last commits alone, and those that have counted nothing are not known.
    wait_until("all is read", || snmpd.get(&snmpd::protocol(3, "rbl")).is_some());
    let began = Instant::now();
    let walked = snmpd.walk(OWN);
    let took = began.elapsed();
    eprintln!("{} values in {took:?}", walked.len());
    assert!(walked.len() > 900 && took < Duration::from_secs(5), "{} in {took:?}", walked.len());
    let order =
        |oid: &str| -> Vec<u32> { oid.split('.').skip(1).map(|n| n.parse().expect("a number")).collect() };
    assert!(walked.is_sorted_by(|one, other| order(&one.0) < order(&other.0)));
    let walked: BTreeMap<String, snmpd::Value> = walked.into_iter().collect();
    let (mut met, mut absent) = (0, Vec::new());
    for (part, counters) in all(&store) {
        let state = walked.get(&snmpd::protocol(3, &part)).expect("a state").number();
        let has_log = !["rbl", "queue"].contains(&part.as_str());
        assert_eq!(state, if has_log { 1 } else { 2 }, "{part}");
        assert_eq!(walked.contains_key(&snmpd::protocol(4, &part)), !has_log, "{part}: why");
        for (key, value) in counters {
            let Some(text) = walked.get(&snmpd::counter(TEXT, &part, &key)) else {
                absent.push((part.clone(), key, value));
                continue;
            };
            met += 1;
            assert!(has_log, "{part}.{key}");
            assert_eq!(text.text, value.to_string(), "{part}.{key}");
            let kind = walked[&snmpd::counter(2, &part, &key)].number();
            let whole = walked.get(&snmpd::counter(COUNT, &part, &key));
            assert_eq!(whole.is_some(), kind <= 2, "{part}.{key}");
            if let Some(whole) = whole {
                let expected = text.text.split('.').next().expect("digits");
                assert_eq!(
                    (whole.kind.as_str(), whole.text.as_str()),
                    ("Counter64", expected),
                    "{part}.{key}"
                );
            }
        }
    }
    assert!(met > 200, "{met}");
    // What has no instance is not known elsewhere either.
    for (part, key, value) in &absent {
        assert!(value.is_null(), "{part}.{key}: {value}");
    }
    assert!(
        absent.iter().any(|(part, ..)| part == "rbl") && !absent.iter().any(|(_, key, _)| key == "delivery")
    );
    let counted = count::count(&log);
    let told = walked[&snmpd::counter(COUNT, "send", "delivery_success")].number();
    assert_eq!(u128::from(told), counted["delivery_success"]);
    assert_eq!(walked[&snmpd::counter(COUNT, "send", "odd")].number(), told);
    let nanos = walked[&snmpd::counter(4, "send", "status_remotep")].number();
    assert_eq!(u128::from(nanos), counted["status_remotep"], "in units of 10⁻⁹");
    assert_eq!(walked[&snmpd::counter(COUNT, "ftp", "upload_bytes")].number(), 12);
    assert_eq!(walked[&snmpd::counter(4, "ftp", "upload_bytes")].number(), 12_500_000_000);
    // No text is taken for an answer of another kind.
    assert_eq!(
        walked[&snmpd::counter(8, "send", "odd")].text,
        "\"NONE\" \\ '..' = .1.3.6",
        "the client shows a dot for a byte of an ä"
    );
    assert_eq!(walked[&snmpd::protocol(2, "ftp")].text, "PONG");
    // Nothing can be set, and the next question has its own answer.
    let oid = snmpd::counter(TEXT, "send", "delivery");
    let refused = snmpd.ask("snmpset", "private", &[&oid, "s", "1"]);
    assert!(stderr(&refused).contains("notWritable"), "{}", stderr(&refused));
    assert_eq!(snmpd.get(&oid), walked.get(&oid).cloned());
}

/// multilog rolls, the processor runs, and snmpd is asked a thousand times meanwhile.
#[test]
fn a_thousand_requests_while_counters_change() {
    const REQUESTS: usize = 1_000;
    const KEYS: [&str; 4] = ["delivery_success", "message_new", "message_bytes", "start_delivery"];
    let (store, log) = (store(""), traffic(73, 1.0, 1.0));
    let snmpd = Snmpd::start(&store, &[own_tables(&store, "--interval 1")]);
    let oids = KEYS.map(|key| snmpd::counter(COUNT, "send", key));
    let is_over = AtomicBool::new(false);
    let mut fed = Vec::new();
    let (mut times, mut changes, mut oldest) = (Vec::new(), 0, Duration::ZERO);
    std::thread::scope(|scope| {
        let (store, is_over) = (&store, &is_over);
        let feeding = scope.spawn(move || {
            let mut multilog = Multilog::start(store, 65_536);
            let lines: Vec<&[u8]> = lines(&log).collect();
            let mut fed = Vec::new();
            for part in lines.chunks(50).cycle().take_while(|_| !is_over.load(Ordering::Relaxed)) {
                multilog.feed(&part.concat());
                fed.extend(part.concat());
                // The pace of a busy server, so that there is something new at each reading.
                std::thread::sleep(Duration::from_millis(20));
            }
            multilog.finish();
            fed
        });
        // What each query said, and when it began and had ended.
        let query = || {
            let began = SystemTime::now();
            let answer = store.query();
            (began, SystemTime::now(), answer)
        };
        let read = snmpd::protocol(5, "send");
        wait_until("the first reading is there", || {
            snmpd.get(&oids[0]).is_some() && snmpd.get(&read).is_some()
        });
        let mut queries = vec![query()];
        // When it was asked, which counter, as of when it was told, and what.
        let mut told: Vec<(SystemTime, usize, SystemTime, u64)> = Vec::new();
        for number in 0..REQUESTS {
            let key = number % KEYS.len();
            let (at, began) = (SystemTime::now(), Instant::now());
            // In this order: the value is of that reading or of a later one.
            let output = snmpd.ask("snmpget", "public", &[&read, &oids[key]]);
            times.push(began.elapsed());
            let values = snmpd::values(&String::from_utf8_lossy(&output.stdout));
            let [(_, read), (_, value)] = &values[..] else { panic!("request {number}: {values:?}") };
            told.push((at, key, SystemTime::UNIX_EPOCH + Duration::from_secs(read.number()), value.number()));
            if number % 8 == 7 {
                queries.push(query());
            }
        }
        queries.push(query());
        is_over.store(true, Ordering::Relaxed);
        fed = feeding.join().expect("feeding");
        for (at, key, read, value) in &told {
            let of =
                |(.., answer): &(SystemTime, SystemTime, Answer)| answer.nanos(KEYS[*key]) / 1_000_000_000;
            let least = queries.iter().rev().find(|(_, ended, _)| ended <= read).map_or(0, of);
            let most = queries.iter().find(|(began, ..)| began > at).map(of).expect("a query behind it");
            assert!((least..=most).contains(&u128::from(*value)), "{}: {least} {value} {most}", KEYS[*key]);
            oldest = oldest.max(at.duration_since(*read).unwrap_or_default());
        }
        for (key, name) in KEYS.iter().enumerate() {
            let values: Vec<u64> =
                told.iter().filter(|(_, of, ..)| *of == key).map(|(.., value)| *value).collect();
            assert!(values.is_sorted(), "{name} fell");
            changes += values.windows(2).filter(|pair| pair[0] != pair[1]).count();
        }
    });
    times.sort();
    let (median, longest) = (times[REQUESTS / 2], times[REQUESTS - 1]);
    eprintln!(
        "{REQUESTS} requests: median {median:?}, longest {longest:?}; {changes} changes, {oldest:?} old at most"
    );
    // A second for the interval, and what a debug build takes to read on a machine that is busy with other tests.
    assert!(oldest < Duration::from_secs(20), "{oldest:?}");
    assert!(changes >= 4 * KEYS.len(), "{changes} changes");
    assert!(store.rolls() >= 5, "{} rolls", store.rolls());
    let counted = count::count(&fed);
    for (key, oid) in KEYS.iter().zip(&oids) {
        wait_until(&format!("{key} is as in the log"), || {
            snmpd.get(oid).is_some_and(|value| u128::from(value.number()) == counted[key])
        });
    }
}

/// A conversation with the program itself, without snmpd.
struct Talk {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Talk {
    fn start(mut command: Command, words: &[&str]) -> Self {
        command.arg("snmp").args(words).stderr(Stdio::null());
        Self::started(command)
    }

    fn started(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("maillogs");
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take().expect("a pipe"));
        Self { child, stdin, stdout: BufReader::new(stdout) }
    }

    fn say(&mut self, text: &[u8]) {
        self.stdin.as_mut().expect("open").write_all(text).expect("it reads");
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("UTF-8");
        line.strip_suffix('\n').expect("a whole line").to_owned()
    }

    /// The answer to a question: OID, type, value; `None`: `NONE`.
    fn ask(&mut self, command: &str, oid: &str) -> Option<[String; 3]> {
        self.say(format!("{command}\n{oid}\n").as_bytes());
        let first = self.line();
        (first != "NONE").then(|| [first, self.line(), self.line()])
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_answer_comes_from_memory_whatever_is_read_meanwhile() {
    let store = store("");
    // Much that no update has counted: each reading takes seconds.
    let log = traffic(74, 1.0, 4.0);
    let mut current =
        OpenOptions::new().create(true).append(true).open(store.logs().join("current")).expect("current");
    current.write_all(&log).expect("current");
    let mut talk = Talk::start(unprivileged(&store), &["--interval", "1"]);
    let began = Instant::now();
    talk.say(b"PING\n");
    assert_eq!(talk.line(), "PONG");
    eprintln!("PONG after {:?}", began.elapsed());
    // The first question may wait a little for the first reading.
    let began = Instant::now();
    talk.ask("getnext", OWN);
    let first = began.elapsed();
    assert!(first < Duration::from_secs(1), "{first:?}");
    let mut times = Vec::new();
    let mut oid = OWN.to_owned();
    let deadline = Instant::now() + Duration::from_secs(30);
    while times.len() < 1_000 {
        assert!(Instant::now() < deadline, "{} answers", times.len());
        let began = Instant::now();
        let answer = talk.ask("getnext", &oid);
        times.push(began.elapsed());
        oid = answer.map_or_else(|| OWN.to_owned(), |[oid, ..]| oid);
    }
    times.sort();
    eprintln!("first {first:?}; 1000 answers: median {:?}, longest {:?}", times[500], times[999]);
    assert!(times[500] < Duration::from_millis(1), "{:?}", times[500]);
    wait_until("it has read all", || {
        talk.ask("get", &snmpd::counter(COUNT, "send", "message_new")).is_some()
    });
    let [_, kind, value] = talk.ask("get", &snmpd::counter(COUNT, "send", "message_new")).expect("a value");
    let counted = count::count(&log)["message_new"].to_string();
    assert_eq!((kind.as_str(), value), ("counter64", counted));
}

#[test]
fn nothing_that_is_said_confuses_the_conversation() {
    let store = store("");
    fs::write(store.logs().join("current"), traffic(75, 0.01, 1.0)).expect("current");
    store.run(&["update"]);
    let mut talk = Talk::start(unprivileged(&store), &[]);
    let oid = snmpd::counter(COUNT, "send", "delivery");
    wait_until("it has read all", || talk.ask("get", &oid).is_some());
    let value = talk.ask("get", &oid);
    assert_eq!(value.as_ref().map(|v| v[2].clone()), Some(store.query().text("delivery").to_owned()));
    talk.say(b"\n\nnonsense\n\xff\xfe\0\n");
    talk.say(&[b'x'; 100_000]);
    talk.say(b"\n");
    talk.say(format!("set\n{oid}\ncounter64 1\n\n").as_bytes());
    assert_eq!(talk.line(), "not-writable");
    for nowhere in [".1.3", ".1.3.6.1.2.1.28", ".9999999999999", "x", &format!("{OWN}.1"), &".1".repeat(500)]
    {
        assert_eq!(talk.ask("get", nowhere), None, "{nowhere}");
    }
    // Two questions in one block, and one in pieces.
    talk.say(format!("PING\nget\n{oid}\nge").as_bytes());
    assert_eq!(
        [talk.line(), talk.line(), talk.line(), talk.line()].concat(),
        format!("PONG{}", value.clone().expect("a value").concat())
    );
    talk.say(format!("t\n{oid}").as_bytes());
    talk.say(b"\r\n");
    assert_eq!([talk.line(), talk.line(), talk.line()].concat(), value.expect("a value").concat());
    // snmpd ends.
    talk.stdin = None;
    assert!(talk.child.wait().expect("it ends").success());
    let mut rest = String::new();
    talk.stdout.read_to_string(&mut rest).expect("nothing");
    assert_eq!(rest, "");
}

/// snmpd gives its programs one pipe for both.
#[test]
fn no_warning_is_among_the_answers() {
    let store = store("logs_grop = \"x\"");
    fs::remove_dir(store.logs()).expect("rmdir");
    let oid = snmpd::protocol(3, "send");
    for words in ["exec \"$0\" snmp 2>&1", "exec \"$0\" snmp --mta 2>&1"] {
        let mut command = store.command("sh");
        command.args(["-c", words]).arg(snmpd::program(&store));
        let mut talk = Talk::started(command);
        for _ in 0..3 {
            talk.say(b"PING\n");
            assert_eq!(talk.line(), "PONG");
        }
        wait_until("it has read", || talk.ask("get", &oid).is_some() || words.contains("--mta"));
        for _ in 0..100 {
            talk.say(b"PING\n");
            assert_eq!(talk.line(), "PONG");
        }
    }
    // Where they are apart, it is said.
    let output = store.maillogs(&["snmp"]);
    assert!(stderr(&output).contains("logs_grop"), "{}", stderr(&output));
}

#[test]
fn a_reader_who_has_gone_is_no_error_and_no_signal() {
    let store = store("");
    let mut command = unprivileged(&store);
    let mut child = command
        .arg("snmp")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("maillogs");
    drop(child.stdout.take());
    child.stdin.take().expect("a pipe").write_all(b"PING\nPING\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}: {}", output.status, stderr(&output));
    assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
}

#[test]
fn what_is_not_known_has_no_instance_and_comes_back() {
    let store = store("");
    let told = |snmpd: &Snmpd, part: &str, key: &str| {
        snmpd.get(&snmpd::counter(COUNT, part, key)).map(|v| v.number())
    };
    let state = |snmpd: &Snmpd, part: &str| snmpd.get(&snmpd::protocol(3, part)).map(|v| v.number());
    let line = |n: u64| crate::support::labelled(1_795_132_800 + n, n, &format!("new msg {n}"));
    fs::write(store.logs().join("current"), line(1) + &line(2)).expect("current");
    // An update, as cron runs it, also commits what has no log.
    store.run(&["update"]);
    let snmpd = Snmpd::start(&store, &[own_tables(&store, "--interval 1")]);
    wait_until("all is read", || state(&snmpd, "rbl").is_some());
    assert_eq!((told(&snmpd, "send", "message_new"), told(&snmpd, "send", "delivery")), (Some(2), Some(0)));
    assert_eq!(
        (state(&snmpd, "rbl"), told(&snmpd, "rbl", "count")),
        (Some(2), None),
        "there is no log of it"
    );
    assert!(snmpd.get(&snmpd::protocol(4, "rbl")).is_some_and(|why| why.text.contains("logs_smtp_dirs")));
    assert_eq!((state(&snmpd, "queue"), told(&snmpd, "queue", "queue_reads")), (Some(2), None));
    // Its log begins.
    let smtp = store.base().join("smtp");
    fs::create_dir(&smtp).expect("mkdir");
    fs::write(
        smtp.join("current"),
        crate::support::labelled(1_795_132_800, 1, "tcpserver: pid 3 from 192.0.2.1"),
    )
    .expect("current");
    wait_until("it is counted", || told(&snmpd, "rbl", "tcp_connect") == Some(1));
    // The state and its copies cannot be read, and then they can again.
    let states =
        ["state/send.state", "counters/.send.state", "rrd/.send.state"].map(|file| store.base().join(file));
    let change = |mode| {
        for file in states.iter().filter(|file| file.exists()) {
            fs::set_permissions(file, fs::Permissions::from_mode(mode)).expect("chmod");
        }
    };
    change(0o000);
    let is_root = nix::unistd::geteuid().is_root();
    if is_root {
        wait_until("it is not known", || state(&snmpd, "send") == Some(3));
        for part in ["send", "reasons", "times"] {
            let below = format!("{OWN}.1.2.1.{COUNT}{}", index(part));
            assert_eq!(snmpd.walk(&below), [], "{part}");
        }
        let other = snmpd.below(&format!("{OWN}.1.1.1.4"));
        assert_eq!(told(&snmpd, "rbl", "tcp_connect"), Some(1), "the others are known: {other:?}");
    }
    change(0o644);
    wait_until("it is known again", || told(&snmpd, "send", "message_new") == Some(2));
    // Damaged, with the counter file or without it: whatever the next update begins with, no 0 is told before.
    for file in states.iter().filter(|file| file.exists()) {
        fs::write(file, "damaged").expect("a state");
    }
    wait_until("it is not known", || state(&snmpd, "send") == Some(3));
    assert_eq!(told(&snmpd, "send", "message_new"), None);
    assert!(snmpd.get(&snmpd::protocol(4, "send")).is_some_and(|why| why.text.contains("damaged")));
    // The update takes what is in the counter file, and what the log gains is counted again.
    store.maillogs(&["update"]);
    let mut current = OpenOptions::new().append(true).open(store.logs().join("current")).expect("current");
    current.write_all(line(3).as_bytes()).expect("current");
    wait_until("it goes on", || told(&snmpd, "send", "message_new") == Some(3));
}

#[test]
fn what_toaster_conf_gains_is_told_without_a_restart() {
    let store = store("");
    fs::write(store.logs().join("current"), traffic(76, 0.01, 1.0)).expect("current");
    store.run(&["update"]);
    let snmpd = Snmpd::start(&store, &[own_tables(&store, "--interval 1")]);
    wait_until("all is read", || snmpd.get(&snmpd::counter(COUNT, "send", "delivery")).is_some());
    assert_eq!(snmpd.get(&snmpd::counter(COUNT, "send", "mine")), None);
    let before = fs::read_to_string(store.config()).expect("toaster.conf");
    let more = "[[counter]]\nprotocol = \"send\"\nname = \"mine\"\nmatch = 'x'\n";
    fs::write(store.path("new.conf"), before + more).expect("toaster.conf");
    fs::rename(store.path("new.conf"), store.config()).expect("toaster.conf");
    wait_until("it is told", || snmpd.get(&snmpd::counter(COUNT, "send", "mine")).is_some());
}
