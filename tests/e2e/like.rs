//! A protocol of toaster.conf that is like a built-in one: a second instance of it, whose lines stand elsewhere.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::store::{Answer, MAILLOGS, Store, assert_same_bytes, stderr};
use crate::support::{labelled, rrd, traffic_until};

const SUBMIT: &str = "[protocol.submit]\nlike = \"rbl\"\nsource = \"multilog:submit\"\n";
const SECOND: &str = "[protocol.second]\nlike = \"send\"\nsource = \"multilog:second\"\n";

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs()
}

/// What qmail-smtpd and the programs around it write.
const TEXTS: [&str; 4] = [
    "rblsmtpd: 192.0.2.7 pid 9: 451 https://www.spamhaus.org/",
    "rblsmtpd: 192.0.2.7 pid 9: 451 listed by bl.mine.example",
    "badmailfrom: <x@example.org> at 192.0.2.7",
    "tcpserver: ok 7 mx1:192.0.2.1:25 :192.0.2.7::4711",
];

/// Lines of the last hour but one, a tenth of a minute apart; text `n` of [`TEXTS`] stands in it `shares[n]` times of ten.
fn smtp_log(lines: u64, shares: [u64; 4]) -> Vec<u8> {
    let begin = now() / 60 * 60 - 7_200;
    let text = |n: u64| {
        let mut left = n % 10;
        let which = shares.iter().position(|share| match left.checked_sub(*share) {
            Some(rest) => {
                left = rest;
                false
            }
            None => true,
        });
        TEXTS[which.expect("shares of ten")]
    };
    (0..lines).map(|n| labelled(begin + 6 * n, n, text(n))).collect::<String>().into()
}

/// The number of lines of `file` that hold `words`, as grep counts them.
fn grep(file: &Path, words: &str) -> u64 {
    let output = Command::new("grep").args(["-cF", words]).arg(file).output().expect("grep");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}

/// Writes `log` as the chunk that the logger of `dir` writes to.
fn write(store: &Store, dir: &str, log: &[u8]) -> std::path::PathBuf {
    let dir = store.base().join(dir);
    fs::create_dir_all(&dir).expect("mkdir");
    fs::write(dir.join("current"), log).expect("current");
    dir.join("current")
}

/// The sum of each data source over the last three hours.
fn sums(store: &Store, protocol: &str) -> Vec<(String, u128)> {
    let end = now() / 60 * 60;
    let rows = rrd::fetch(&store.base().join(format!("rrd/{protocol}.rrd")), 60, end - 10_800, end);
    rows.into_iter().map(|(name, rows)| (name, rows.values().sum())).collect()
}

#[test]
fn two_listeners_are_counted_apart() {
    let counter = "[[rbl]]\nname = \"mine\"\nmatch = 'bl\\.mine'\n\
                   [[counter]]\nprotocol = \"submit\"\nname = \"from_7\"\nmatch = '192\\.0\\.2\\.7'\n";
    let store = Store::with(&(SUBMIT.to_owned() + counter));
    let logs = [
        ("rbl", write(&store, "smtp", &smtp_log(600, [5, 2, 2, 1]))),
        ("submit", write(&store, "submit", &smtp_log(900, [1, 3, 0, 6]))),
    ];
    let patterns = [
        ("spamhaus", "spamhaus"),
        ("mine", "bl.mine"),
        ("badmailfrom", "badmailfrom: "),
        ("tcp_ok", "tcpserver: ok "),
        ("count", ""),
    ];
    let values = || -> Vec<(&str, &str, u64)> {
        let of = |(protocol, _): &(&'static str, _)| {
            let answer = Answer::parse(&store.run(&[protocol]));
            let value = |key: &'static str| (*protocol, key, answer.text(key).parse().expect("a number"));
            patterns.map(|(key, _)| value(key))
        };
        logs.iter().flat_map(of).collect()
    };
    let expected: Vec<(&str, &str, u64)> = logs
        .iter()
        .flat_map(|(protocol, file)| patterns.map(|(key, words)| (*protocol, key, grep(file, words))))
        .collect();
    assert_eq!(values(), expected, "before anything was committed");
    store.flush();
    assert_eq!(values(), expected);
    assert!(expected.iter().filter(|(.., value)| *value > 0).count() > 8, "{expected:?}");

    // Each has its own counter file and RRD, and what toaster.conf counts for one is not in the other.
    let [rbl, submit] = ["rbl", "submit"].map(|protocol| Answer::parse(&store.run(&[protocol])));
    assert_eq!(submit.keys(), [rbl.keys(), vec!["from_7"]].concat());
    assert_eq!(submit.text("from_7"), grep(&logs[1].1, "192.0.2.7").to_string());
    let file = fs::read_to_string(store.base().join("counters/submit.txt")).expect("a counter file");
    for (_, key, value) in expected.iter().filter(|(protocol, ..)| *protocol == "submit") {
        assert!(file.lines().any(|line| line == format!("{key}:{value}")), "{key} in {file}");
    }
    for (protocol, key, value) in &expected {
        let sums = sums(&store, protocol);
        let sum = sums.iter().find(|(name, _)| name == key).map_or(0, |(_, sum)| *sum);
        assert_eq!(sum, u128::from(*value), "{protocol} {key}");
    }

    // The help is the original's, but for its name and its own counter.
    let help = |name: &str| {
        let text = store.run(&[name, "--help"]);
        text.split_once("Keys:\n").expect("keys").1.to_owned()
    };
    let own = help("submit");
    let without: Vec<&str> = own.lines().filter(|line| !line.trim_start().starts_with("from_7")).collect();
    assert_eq!(without, help("rbl").lines().collect::<Vec<_>>());
    assert!(store.run(&["--help"]).contains("submit "));
}

#[test]
fn both_are_drawn_and_stand_on_the_page() {
    let store = Store::with(SUBMIT);
    write(&store, "smtp", &smtp_log(600, [5, 2, 2, 1]));
    write(&store, "submit", &smtp_log(600, [1, 3, 1, 5]));
    store.run(&["graph", "--period", "day", "--theme", "light"]);
    let page = |name: &str| fs::read_to_string(store.base().join("graphs").join(name)).expect("a page");
    let overview = page("index.html");
    for graph in ["rbl", "smtp-filter", "smtp-sessions"] {
        for name in [graph.to_owned(), format!("submit-{graph}")] {
            let file = format!("{name}-day-light.png");
            let picture = fs::read(store.base().join("graphs").join(&file)).expect("a picture");
            assert!(picture.starts_with(b"\x89PNG"), "{file}");
            assert!(page(&format!("{name}.html")).contains(&file), "{file} on its page");
            assert!(overview.contains(&format!("href=\"{name}.html\"")), "{name} on the overview");
        }
    }
    assert!(overview.contains("submit: Blocked by list") && overview.contains("submit: Incoming SMTP"));
    let whole = page("submit-rbl.html");
    assert!(whole.contains("<title>") && whole.contains("submit: Blocked by list"), "{whole}");

    let shown = store.run(&["show", "submit-rbl", "--width", "80", "--color", "never"]);
    assert!(shown.starts_with("submit: Blocked by list, last 24 hours"), "{shown}");
    let total = |shown: &str| {
        let row = shown.lines().find(|line| line.contains("Spamhaus ")).expect("a row").to_owned();
        row.split_whitespace().nth(1).expect("a total").to_owned()
    };
    assert_eq!(total(&shown), "60");
    assert_eq!(total(&store.run(&["show", "rbl", "--width", "80", "--color", "never"])), "300");
    let one = store.path("one.png");
    store.run(&["graph", "submit-smtp-filter", "-o", one.to_str().expect("UTF-8")]);
    assert!(fs::read(&one).expect("a picture").starts_with(b"\x89PNG"));
    let unknown = store.maillogs(&["show", "submit"]);
    assert!(
        stderr(&unknown).contains("there is no graph `submit`") && stderr(&unknown).contains("submit-rbl")
    );

    let check = String::from_utf8(store.maillogs(&["check"]).stdout).expect("UTF-8");
    let line = |words: &[&str]| check.lines().any(|line| words.iter().all(|word| line.contains(word)));
    assert!(line(&["submit", "source", "/log/submit", "last line"]), "{check}");
    assert!(line(&["ok", "submit", "read", "was read to the end"]), "{check}");
}

#[test]
fn a_second_qmail_counts_what_the_first_one_would() {
    let store = Store::with(SECOND);
    let log = traffic_until(i64::try_from(now()).expect("a time") - 120, 701, 0.08, 2.0);
    let third = |n: usize| log.len() * n / 3;
    let end = |at: usize| at + log[at..].iter().position(|b| *b == b'\n').map_or(0, |end| end + 1);
    let cuts = [0, end(third(1)), end(third(2)), log.len()];
    // By the processors of both, in three chunks: deliveries are open at each cut.
    let second = store.base().join("second");
    fs::create_dir_all(&second).expect("mkdir");
    for part in cuts.windows(2) {
        let chunk = &log[part[0]..part[1]];
        assert!(store.postprocess(chunk).status.success());
        let previous = second.join("previous");
        fs::write(&previous, chunk).expect("previous");
        let output = store
            .command(MAILLOGS)
            .arg("secondlog")
            .current_dir(&second)
            .stdin(fs::File::open(&previous).expect("previous"))
            .output()
            .expect("maillogs");
        assert!(output.status.success(), "{}", stderr(&output));
        assert_same_bytes("passed through", &output.stdout, chunk);
        fs::remove_file(previous).expect("rm");
    }
    store.flush();
    let archived = |processor: &str| store.archive_of(processor).into_values().flatten().collect::<Vec<u8>>();
    assert_same_bytes("the archive", &archived("secondlog"), &log);
    assert_same_bytes("the archive", &archived("sendlog"), &log);
    let mut moved = 0;
    for part in ["", "reasons", "providers", "times"] {
        let (original, instance) = match part {
            "" => ("send".to_owned(), "second".to_owned()),
            part => (part.to_owned(), format!("second-{part}")),
        };
        let said = store.run(&[&original]);
        assert_eq!(store.run(&[&instance]), said, "{instance}");
        let keys = |name: &str| store.run(&[name, "--help"]).split_once("Keys:").expect("keys").1.to_owned();
        assert_eq!(keys(&instance), keys(&original));
        moved += said.trim().split(':').skip(1).step_by(2).filter(|value| *value != "0").count();
    }
    assert!(moved > 25, "{moved}");
    assert_eq!(Answer::parse(&store.run(&["second"])).text("message_new"), {
        let file = store.path("log.txt");
        fs::write(&file, &log).expect("a log");
        grep(&file, " new msg ").to_string()
    });
    assert_eq!(sums(&store, "second"), sums(&store, "send"));
}

/// A file of the logs of another host, which every program there writes to.
#[test]
fn another_hosts_mail_log_is_counted_apart() {
    let dir = tempfile::tempdir().expect("a directory");
    let (here, there) = (dir.path().join("maillog"), dir.path().join("mx2.log"));
    let line = |host: &str, n: u32| {
        format!(
            "Jun 19 09:12:{:02} {host} postfix/smtp[9]: 4A{n}: to=<a@example.org>, relay=mx[192.0.2.7]:25, delay=1, delays=0/0/1/0, dsn=2.0.0, status=sent (250 ok)\n\
             Jun 19 09:12:{:02} {host} dovecot: imap-login: Login: user=<a>, method=PLAIN, rip=192.0.2.7, lip=192.0.2.1, mpid=1, TLS\n",
            n % 60,
            n % 60
        )
    };
    let log = |host: &str, lines: u32| (0..lines).map(|n| line(host, n)).collect::<String>();
    fs::write(&here, log("mx1", 7)).expect("a log");
    fs::write(&there, log("mx2", 11)).expect("a log");
    let like = |name: &str, model: &str| {
        format!("[protocol.{name}]\nlike = \"{model}\"\nsource = \"syslog:{}\"\n", there.display())
    };
    let store = Store::with(
        &(format!("logs_syslog = {here:?}\n") + &like("mx2", "postfix") + &like("imap2", "imap")),
    );
    let values = || {
        [("postfix", "sent"), ("mx2", "sent"), ("imap", "imap_ssl_success"), ("imap2", "imap_ssl_success")]
            .map(|(protocol, key)| Answer::parse(&store.run(&[protocol])).text(key).to_owned())
    };
    assert_eq!(values(), ["7", "11", "7", "11"]);
    store.run(&["update"]);
    fs::rename(&there, dir.path().join("mx2.log.1")).expect("rename");
    fs::write(&there, line("mx2", 30)).expect("a log");
    assert_eq!(values(), ["7", "12", "7", "12"], "rotated");
    store.run(&["update"]);
    assert_eq!(values(), ["7", "12", "7", "12"]);
    let check = String::from_utf8(store.maillogs(&["check"]).stdout).expect("UTF-8");
    let lines = check.lines().find(|line| line.contains(" mx2 ") && line.contains("not understood"));
    assert!(lines.is_some_and(|line| line.contains("0.0 % of 12 lines")), "{check}");
    // Who is asked about a line is told by the file; of a line that may be anybody's the original says it.
    let told = |words: &[&str]| -> BTreeSet<&str> {
        let text = store.run(words);
        let names = ["postfix", "mx2", "imap", "imap2"].into_iter();
        names.filter(|name| text.lines().any(|line| line.starts_with(&format!("  {name} ")))).collect()
    };
    assert_eq!(told(&["explain", there.to_str().expect("UTF-8")]), ["imap2", "mx2"].into());
    assert_eq!(told(&["explain", here.to_str().expect("UTF-8")]), ["imap", "postfix"].into());
    let copy = store.path("copy");
    fs::write(&copy, line("mx2", 1)).expect("a log");
    let copy = copy.to_str().expect("UTF-8");
    assert_eq!(told(&["explain", copy]), ["imap", "postfix"].into());
    assert_eq!(told(&["explain", "--protocol", "mx2", copy]), ["mx2"].into());
}

/// A listener that was one of two of `rbl` gets counters of its own.
#[test]
fn a_directory_that_becomes_an_instances_is_read_for_the_original_no_more() {
    let store = Store::with("logs_smtp_dirs = [\"smtp\", \"submit\"]\n");
    let text = fs::read_to_string(store.config()).expect("toaster.conf");
    write(&store, "smtp", &smtp_log(100, [10, 0, 0, 0]));
    let current = write(&store, "submit", &smtp_log(50, [10, 0, 0, 0]));
    store.flush();
    let spamhaus = |protocol: &str| Answer::parse(&store.run(&[protocol])).text("spamhaus").to_owned();
    assert_eq!(spamhaus("rbl"), "150");
    // Named for both it would count twice.
    fs::write(store.config(), format!("{text}{SUBMIT}")).expect("toaster.conf");
    let output = store.maillogs(&["update"]);
    let line = text.lines().count() + 1;
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&format!("toaster.conf: line {line}: protocol.submit: source: ")), "{said}");
    assert!(said.contains("take it out of logs_smtp_dirs"), "{said}");

    fs::write(store.config(), format!("{}{SUBMIT}", text.replace(", \"submit\"", ""))).expect("toaster.conf");
    let more = fs::read_to_string(&current).expect("a chunk") + &labelled(now() - 60, 77, TEXTS[0]);
    fs::write(&current, &more).expect("current");
    assert_eq!((spamhaus("rbl").as_str(), spamhaus("submit").as_str()), ("150", "51"));
    store.flush();
    assert_eq!((spamhaus("rbl").as_str(), spamhaus("submit").as_str()), ("150", "51"));
    // The logger still runs the processor of before: it keeps the chunk, and is told.
    let dir = store.base().join("submit");
    fs::rename(&current, dir.join("previous")).expect("rename");
    let process = |log: &str| {
        let chunk = fs::File::open(dir.join("previous")).expect("previous");
        store.command(MAILLOGS).arg(log).current_dir(&dir).stdin(chunk).output().expect("maillogs")
    };
    let output = process("smtplog");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(111), 0));
    let expected = "is the log directory of submit in toaster.conf, not of rbl; let its logger run submitlog";
    assert!(stderr(&output).contains(expected), "{}", stderr(&output));
    let output = process("submitlog");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_same_bytes("passed through", &output.stdout, more.as_bytes());
    assert_eq!((spamhaus("rbl").as_str(), spamhaus("submit").as_str()), ("150", "51"));
}

#[test]
fn config_prints_it_and_wrong_ones_stop_everything() {
    let store = Store::with(&format!("{SUBMIT}{SECOND}about = \"the other qmail\"\n"));
    let printed = store.run(&["config"]);
    let expected = format!(
        "like = \"send\"\nsource = \"multilog:{}\"\nabout = \"the other qmail\"\n",
        store.base().join("second").display()
    );
    assert!(printed.contains(&expected), "{printed}");
    let again = store.path("printed.conf");
    fs::write(&again, &printed).expect("a file");
    let tables =
        |text: &str| text[text.find("[protocol").expect("a table")..].replace("printed.conf", "toaster.conf");
    let reprinted = store.run(&["--config", again.to_str().expect("UTF-8"), "config"]);
    let values = |text: &str| tables(text).parse::<toml::Table>().expect("TOML");
    assert_eq!(values(&reprinted), values(&printed));

    let text = fs::read_to_string(store.config()).expect("toaster.conf");
    for (from, to, line, words) in [
        ("\"rbl\"", "\"rbll\"", 4, "there is no built-in protocol \"rbll\""),
        ("\"rbl\"", "\"rbll\"", 4, "did you mean rbl?"),
        ("like = \"rbl\"", "like = \"rbl\"\nmatch = 'x'", 4, "match belongs into a [[counter]]"),
        ("multilog:second", "multilog:submit", 7, "another protocol's already"),
        ("\"send\"", "\"submit\"", 7, "submit is a protocol of toaster.conf"),
    ] {
        fs::write(store.config(), text.replacen(from, to, 1)).expect("toaster.conf");
        let output = store.maillogs(&["send"]);
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{to}");
        let said = stderr(&output);
        assert!(
            said.contains(&format!("toaster.conf: line {line}: protocol.")) && said.contains(words),
            "{said}"
        );
    }
}
