//! multilog, svlogd and s6-log with `sendlog` and `smtplog`, and `kill -9` at every step of a commit: of the
//! processor, the logger, both, an update, a query.
//!
//! A processor lives for some milliseconds only, so most kills are aimed: the files of the store tell when it
//! has reached the step, it is stopped, looked at once more, and killed. A line that was handed to a logger
//! and that it had not written when it died is handed to the next one; one that it wrote in part (a stump) is
//! taken out of both sides.
//!
//! `MAILLOGS_TORTURE=full` kills 1,000 times each; `MAILLOGS_SEED` repeats what chance chose, though never its
//! timing; `MAILLOGS_TORTURE_KEEP` names a directory that takes the stores that are not as they should be.

mod lines;
mod logger;
mod process;
mod report;
mod rng;
mod step;
mod turns;
mod verdict;
mod worker;
mod written;

use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::count;
use crate::support::store::{Answer, Store, stderr};
use lines::{Feed, Log, SEND, SMTP};
use logger::Kind;
use report::Report;
use rng::Rng;
use step::Step;
use turns::Turns;
use worker::{Plan, Worker};

/// How much is done.
struct Size {
    kills: u32,
    /// Stores, each with a logger of its own: while one waits after its processor's death, others are at it.
    stores: usize,
    patience: Duration,
    full: bool,
}

impl Size {
    fn wanted() -> Self {
        let full = std::env::var_os("MAILLOGS_TORTURE").is_some_and(|size| size == "full");
        if full {
            Size { kills: 1_000, stores: 16, patience: Duration::from_secs(1_200), full }
        } else {
            Size { kills: 30, stores: 4, patience: Duration::from_secs(300), full }
        }
    }
}

fn seed() -> u64 {
    let seed = match std::env::var("MAILLOGS_SEED") {
        Ok(seed) => seed.parse().expect("MAILLOGS_SEED is a number"),
        Err(_) => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
            u64::from(now.subsec_nanos())
        }
    };
    println!("MAILLOGS_SEED={seed}");
    seed
}

fn torture(kind: Kind) {
    let (size, seed) = (Size::wanted(), seed());
    let stores: Vec<(Store, &'static Feed)> =
        (0..size.stores).map(|i| (Store::with_syslog(), if i % 2 == 0 { &SEND } else { &SMTP })).collect();
    let plan = Plan {
        kind,
        left: AtomicI64::from(i64::from(size.kills)),
        turns: Turns::new(2),
        deadline: Instant::now() + size.patience,
    };
    // So many lines pass until one process was killed.
    let expected = i64::from(size.kills) / size.stores as i64 * 400;
    let done = AtomicBool::new(false);
    let mut report = Report::default();
    std::thread::scope(|scope| {
        let beside = scope.spawn(|| ask_and_update(&stores, &done));
        let workers: Vec<_> = stores
            .iter()
            .enumerate()
            .map(|(i, (store, feed))| {
                // svlogd and s6-log would cut long lines by themselves.
                let log = Log::new(feed, expected, kind == Kind::Multilog);
                let (plan, rng) = (&plan, Rng::of(seed, i));
                scope.spawn(move || Worker::new(plan, store, log, rng).run())
            })
            .collect();
        let reports: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        let beside = beside.join();
        for ((store, feed), result) in stores.iter().zip(reports) {
            let mut one = result.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            let names = store.chunk_names_of(feed.dir);
            let ends = |end: &str| names.iter().filter(|path| path.to_string_lossy().ends_with(end)).count();
            (one.rolls, one.orphans) = (ends(".s"), ends(".u"));
            if !one.notes.is_empty() {
                keep(store);
            }
            report.add(one);
        }
        report.add(beside.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
    });
    println!("{}", report.table(kind.name()));
    for note in report.notes.iter().take(40) {
        println!("  {note}");
    }
    assert!(report.kills() >= size.kills, "only {} kills", report.kills());
    let wrong = [report.lost, report.doubled, report.archive, report.rrd];
    assert_eq!(wrong, [0; 4], "lost, doubled, archive, RRD");
    assert!(report.notes.is_empty(), "{:#?}", report.notes.first());
    assert!(report.locked() * 3 >= report.kills(), "too few kills while the lock was held");
    if size.full {
        for step in Step::ALL {
            assert!(report.at(step) > 0, "none was killed at: {}", step.text());
        }
    }
}

/// Until `done`, queries of every store in turn, whose counters must never fall, and now and then an update.
fn ask_and_update(stores: &[(Store, &Feed)], done: &AtomicBool) -> Report {
    let mut report = Report::default();
    let mut last: Vec<Option<Answer>> = stores.iter().map(|_| None).collect();
    while !done.load(Ordering::Relaxed) {
        for ((store, feed), last) in stores.iter().zip(&mut last) {
            report.queries += 1;
            if report.queries % 16 == 0 {
                let output = store.maillogs(&["update"]);
                report.updates += 1;
                if !output.status.success() {
                    report.note(format!("an update failed: {}", stderr(&output)));
                }
            }
            let output = store.maillogs(&[feed.protocol]);
            if !output.status.success() || !output.stderr.is_empty() {
                report.note(format!("a query: {}", stderr(&output)));
                continue;
            }
            let answer = Answer::parse(&String::from_utf8_lossy(&output.stdout));
            if let Some(last) = last {
                for key in last.keys().into_iter().filter(|key| !count::GAUGES.contains(key)) {
                    if answer.nanos(key) < last.nanos(key) {
                        let (now, then) = (answer.text(key), last.text(key));
                        report.note(format!("a query: {key} fell from {then} to {now}"));
                        report.lost += 1;
                    }
                }
            }
            *last = Some(answer);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    report
}

fn keep(store: &Store) {
    if let Some(place) = std::env::var_os("MAILLOGS_TORTURE_KEEP") {
        let _ = Command::new("cp").arg("-a").arg(store.path("")).arg(place).status();
    }
}

#[test]
fn multilog() {
    torture(Kind::Multilog);
}

#[test]
fn svlogd() {
    torture(Kind::Svlogd);
}

#[test]
fn s6_log() {
    torture(Kind::S6Log);
}
