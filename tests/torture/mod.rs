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

mod inject;
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

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::support::count;
use crate::support::store::{Answer, Store, stderr};
use lines::{Feed, Lines, Log, SEND, SMTP, SUBMIT};
use logger::Kind;
use report::Report;
use rng::Rng;
use step::Step;
use turns::Turns;
use worker::{Fed, Plan, Worker};

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

/// One logger: where it writes, and the first of its lines.
struct Site {
    store: usize,
    kind: Kind,
    feed: &'static Feed,
    first: usize,
    lines: Lines,
}

/// `stores` with loggers at all `sites`. What came of it is printed under `name`.
fn torture(name: &str, size: &Size, stores: &[Store], sites: &[Site]) {
    let seed = seed();
    let plan = Plan {
        left: AtomicI64::from(i64::from(size.kills)),
        turns: Turns::new(2),
        deadline: Instant::now() + size.patience,
    };
    // So many lines pass until one process was killed.
    let expected = i64::from(size.kills) / sites.len() as i64 * 80;
    let done = AtomicBool::new(false);
    let mut report = Report::default();
    let fed: Vec<Fed> = std::thread::scope(|scope| {
        let beside = scope.spawn(|| ask_and_update(stores, sites, &done));
        let work = |(i, site): (usize, &Site)| {
            let log = Log::new(site.feed, site.first, expected, site.lines);
            let worker = Worker::new(&plan, site.kind, &stores[site.store], log, Rng::of(seed, i));
            scope.spawn(move || worker.run())
        };
        let workers: Vec<_> = sites.iter().enumerate().map(work).collect();
        let fed: Vec<_> = workers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        done.store(true, Ordering::Relaxed);
        report.add(beside.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        fed.into_iter().map(|fed| fed.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    let mut by_protocol: BTreeMap<(usize, &str), Vec<Fed>> = BTreeMap::new();
    for (site, fed) in sites.iter().zip(fed) {
        by_protocol.entry((site.store, site.feed.protocol)).or_default().push(fed);
    }
    let judged: Vec<Report> = std::thread::scope(|scope| {
        let judge = |((store, _), mut fed): ((usize, &str), Vec<Fed>)| {
            scope.spawn(move || verdict::judge(&stores[store], &mut fed))
        };
        let judges: Vec<_> = by_protocol.into_iter().map(judge).collect();
        judges.into_iter().map(|judge| judge.join().expect("a verdict")).collect()
    });
    judged.into_iter().for_each(|judged| report.add(judged));
    println!("{}", report.table(name));
    for note in report.notes.iter().take(40) {
        println!("  {note}");
    }
    if !report.notes.is_empty() {
        stores.iter().for_each(keep);
    }
    assert!(report.kills() >= size.kills, "only {} kills", report.kills());
    let wrong = [report.lost, report.doubled, report.archive, report.rrd];
    assert_eq!(wrong, [0; 4], "lost, doubled, archive, RRD");
    assert!(report.notes.is_empty(), "{:#?}", report.notes.first());
    // Of a few kills chance decides.
    let share = if size.full { 3 } else { 30 };
    assert!(report.locked() * share >= report.kills(), "too few kills while the lock was held");
    if size.full {
        for step in Step::ALL {
            assert!(report.at(step) > 0, "none was killed at: {}", step.text());
        }
    }
}

/// Until `done`, queries of every store in turn, whose counters must never fall, and now and then an update.
fn ask_and_update(stores: &[Store], sites: &[Site], done: &AtomicBool) -> Report {
    let mut report = Report::default();
    let mut last: BTreeMap<(usize, &str), Answer> = BTreeMap::new();
    while !done.load(Ordering::Relaxed) {
        for site in sites {
            let (store, protocol) = (&stores[site.store], site.feed.protocol);
            report.queries += 1;
            if report.queries.is_multiple_of(16) {
                let output = store.maillogs(&["update"]);
                report.updates += 1;
                if !output.status.success() {
                    report.note(format!("an update failed: {}", stderr(&output)));
                }
            }
            let output = store.maillogs(&[protocol]);
            // It may be asked before the logger has made its directory, and says so until the first commit.
            let is_early = stderr(&output).starts_with("maillogs: nothing was counted yet, and there is no ");
            if is_early && output.status.success() && !last.contains_key(&(site.store, protocol)) {
                continue;
            }
            if !output.status.success() || !output.stderr.is_empty() {
                report.note(format!("a query: {}", stderr(&output)));
                continue;
            }
            let answer = Answer::parse(&String::from_utf8_lossy(&output.stdout));
            if let Some(last) = last.get(&(site.store, protocol)) {
                for key in last.keys().into_iter().filter(|key| !count::GAUGES.contains(key)) {
                    if answer.nanos(key) < last.nanos(key) {
                        let (now, then) = (answer.text(key), last.text(key));
                        report.note(format!("a query: {key} fell from {then} to {now}"));
                        report.lost += 1;
                    }
                }
            }
            last.insert((site.store, protocol), answer);
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

/// A logger in each of many stores.
fn torture_one(kind: Kind) {
    let size = Size::wanted();
    let stores: Vec<Store> = (0..size.stores).map(|_| Store::with_syslog()).collect();
    // svlogd and s6-log would cut long lines by themselves.
    let lines = if kind == Kind::Multilog { Lines::Long } else { Lines::Labelled };
    let site =
        |store| Site { store, kind, feed: if store % 2 == 0 { &SEND } else { &SMTP }, first: 0, lines };
    let sites: Vec<Site> = (0..size.stores).map(site).collect();
    torture(kind.name(), &size, &stores, &sites);
}

#[test]
fn multilog() {
    torture_one(Kind::Multilog);
}

#[test]
fn svlogd() {
    torture_one(Kind::Svlogd);
}

#[test]
fn s6_log() {
    torture_one(Kind::S6Log);
}

/// Two listeners and qmail-send in each store, each with another logger.
#[test]
fn loggers_side_by_side() {
    let size = Size { stores: Size::wanted().stores / 4, ..Size::wanted() };
    let config = "logs_smtp_dirs = [\"smtp\", \"submit\"]\nlogs_syslog = \"/nonexistent\"\n";
    let stores: Vec<Store> = (0..size.stores).map(|_| Store::with(config)).collect();
    let kinds = [Kind::Multilog, Kind::Svlogd, Kind::S6Log];
    let mut sites = Vec::new();
    for store in 0..size.stores {
        for (i, feed) in [&SEND, &SMTP, &SUBMIT].into_iter().enumerate() {
            let kind = kinds[(store + i) % 3];
            sites.push(Site { store, kind, feed, first: i << 18, lines: Lines::Labelled });
        }
    }
    torture("side by side", &size, &stores, &sites);
}

/// A chunk without labels is known by its bytes and times. Its lines are of the minute in which they are read, which the
/// RRD may not have yet: counters and archive only are compared.
#[test]
fn multilog_without_labels() {
    let size = Size::wanted();
    let stores: Vec<Store> = (0..size.stores).map(|_| Store::with_syslog()).collect();
    let site = |store| Site { store, kind: Kind::Multilog, feed: &SEND, first: 0, lines: Lines::Bare };
    let sites: Vec<Site> = (0..size.stores).map(site).collect();
    torture("multilog without labels", &size, &stores, &sites);
}
