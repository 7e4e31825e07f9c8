//! toaster.conf gets a counter of its own while programs that were started with the old one run on.

use std::fs;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::{Finally, Heard};
use crate::support::multilog::Multilog;
use crate::support::store::{Answer, MAILLOGS, Store, assert_same_bytes};
use crate::support::{full_size, labelled, lines, rrd};

const OWN: &str = "[[counter]]\nprotocol = \"rbl\"\nname = \"gray\"\nmatch = 'badmailfrom: <x'\n";
const TEXTS: [&str; 2] =
    ["rblsmtpd: 192.0.2.7 pid 9: 451 https://www.spamhaus.org/", "badmailfrom: <x@example.org> at 192.0.2.7"];
const BEGIN: u64 = 1_700_002_800;

/// The database changes its shape again and again: the counters, the archive and the rows of all the other counters
/// do not suffer.
#[test]
fn a_counter_comes_while_the_old_configuration_is_in_use() {
    let store = Store::with("logs_smtp_dirs = [\"smtp\", \"submit\"]\n");
    let length = Duration::from_secs(if full_size() { 30 } else { 4 });
    let newer = store.path("newer.conf");
    let text = fs::read_to_string(store.config()).expect("toaster.conf");
    let (old_text, new_text) = (text.clone(), text + OWN);
    for dir in ["smtp", "submit"] {
        fs::create_dir_all(store.base().join(dir)).expect("mkdir");
    }
    let (heard, done) = (Heard::default(), AtomicBool::new(false));
    let started = Instant::now();
    let logs: Vec<Vec<u8>> = std::thread::scope(|scope| {
        let (store, heard, done, newer) = (&store, &heard, &done, &newer);
        let (old_text, new_text) = (&old_text, &new_text);
        let _finally = Finally(done);
        let feeding: Vec<_> = ["smtp", "submit"]
            .into_iter()
            .zip(TEXTS)
            .map(|(dir, text)| {
                scope.spawn(move || {
                    let dir = store.base().join(dir);
                    let mut multilog = Multilog::by("smtplog", store, &dir, 32_768, Stdio::null());
                    let (mut log, mut n) = (Vec::new(), 0);
                    while started.elapsed() < length {
                        // A minute of stamps a tenth of a second.
                        let secs = BEGIN + started.elapsed().as_millis() as u64 * 600 / 1_000;
                        let batch: String = (n..n + 20).map(|n| labelled(secs, n, text)).collect();
                        n += 20;
                        log.extend(batch.bytes());
                        multilog.feed(batch.as_bytes());
                    }
                    multilog.finish();
                    log
                })
            })
            .collect();
        let again = |what: &'static str, words: &'static [&'static str]| {
            scope.spawn(move || {
                let mut before = 0;
                while !done.load(Ordering::SeqCst) {
                    let said = heard.run(what, store.command(MAILLOGS).args(words));
                    if words == ["rbl"] {
                        let count: u64 = Answer::parse(&said).text("count").parse().expect("a number");
                        assert!(count >= before, "{what} went back from {before} to {count}");
                        before = count;
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
        };
        again("an update", &["update", "rbl"]);
        again("another update", &["update", "rbl"]);
        again("a query", &["rbl"]);
        // Somebody puts the counter in, and takes it out again.
        scope.spawn(move || {
            for n in 0.. {
                let text = if n % 2 == 0 { new_text } else { old_text };
                fs::write(newer, text).expect("toaster.conf");
                fs::rename(newer, store.config()).expect("toaster.conf");
                if done.load(Ordering::SeqCst) {
                    break;
                }
                std::thread::sleep(Duration::from_millis(300));
            }
        });
        let logs = feeding.into_iter().map(|thread| thread.join().expect("a feed")).collect();
        done.store(true, Ordering::SeqCst);
        logs
    });
    let runs = heard.runs.into_inner().unwrap();
    let said = heard.said.into_inner().unwrap();
    let migrations = said.iter().filter(|line| line.contains("new data sources")).count();
    println!("runs {runs:?}, migrations {migrations}");
    assert!(migrations >= 1, "{said:#?}");
    for line in said {
        assert!(line.contains("new data sources"), "{line}");
    }

    // At last all have the new one.
    fs::write(store.config(), &new_text).expect("toaster.conf");
    store.run(&["update", "--flush"]);
    let fed = logs.iter().map(|log| lines(log).count() as u128).collect::<Vec<_>>();
    let answer = Answer::parse(&store.run(&["rbl"]));
    for (key, expected) in [("spamhaus", fed[0]), ("badmailfrom", fed[1]), ("count", fed[0] + fed[1])] {
        assert_eq!(answer.nanos(key), expected * 1_000_000_000, "{key}");
    }
    // Those who did not know it did not count it.
    assert!(answer.nanos("gray") <= answer.nanos("badmailfrom"));
    let mut archived: Vec<Vec<u8>> = Vec::new();
    let mut expected: Vec<Vec<u8>> = logs.iter().flat_map(|log| lines(log)).map(Vec::from).collect();
    let mut add = |log: &[u8]| archived.extend(lines(log).map(Vec::from));
    store.archive_of("smtplog").values().for_each(|day| add(day));
    for dir in ["smtp", "submit"] {
        add(&fs::read(store.base().join(dir).join("current")).expect("current"));
    }
    archived.sort();
    expected.sort();
    assert_same_bytes("archive and current", &archived.concat(), &expected.concat());
    let last = BEGIN + length.as_secs() * 600 + 7_200;
    let rows = rrd::fetch(&store.base().join("rrd/rbl.rrd"), 60, BEGIN - 60, last / 60 * 60);
    for (key, expected) in [("spamhaus", fed[0]), ("badmailfrom", fed[1]), ("count", fed[0] + fed[1])] {
        assert_eq!(rows[key].values().sum::<u128>(), expected, "{key} in the RRD");
    }
}
