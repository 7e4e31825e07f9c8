//! Faults from outside: the real program under a preloaded library (`inject.c`), which lets one system call of it fail,
//! or kills it there. Each call of each kind that a run makes, with every error that it can give.
//!
//! After each fault: the run has ended soon, with an exit code that it may have and without a panic; a query says
//! exactly what was logged; and ordinary runs without a fault bring counters, RRD, archive and the names of all files to
//! what they are where no fault ever was. The values are counted from the lines by `tests/support/count.rs`.
//!
//! `MAILLOGS_TORTURE=full` tries thousands; else chance picks some, whose seed is printed (`MAILLOGS_SEED`). Calls at
//! which something was wrong once are always among them. `MAILLOGS_FAULTS` says how many of each scenario, and
//! `MAILLOGS_INJECT="write 3 ENOSPC"` tries one fault only.
//!
//! By hand, in a directory with a store:
//! ```sh
//! cc -shared -fPIC -o inject.so tests/torture/inject/inject.c -ldl
//! LD_PRELOAD=$PWD/inject.so INJECT_LOG=calls maillogs update        # lists the calls
//! LD_PRELOAD=$PWD/inject.so INJECT='write 3 ENOSPC' maillogs update # the third write finds no room
//! ```

mod fault;
mod scenario;
mod world;

use std::collections::{BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use super::rng::Rng;
use crate::support::full_size;
use fault::{Fault, faults, made};
use scenario::Scenario;
use world::{Run, World};

/// How many faults a scenario is tried with, at most.
const SOME: usize = 8;
const MANY: usize = 600;

/// What became of a fault.
enum Outcome {
    Exact,
    /// As a fault of this kind may.
    Allowed(&'static str),
    Wrong(String),
}

/// One fault, and all that follows it.
fn try_one(scenario: Scenario, world: &mut World, fault: &Fault, names: &BTreeSet<String>) -> Outcome {
    let before = world.lines_so_far();
    let tried = catch_unwind(AssertUnwindSafe(|| {
        scenario.begin(world);
        let ended = scenario.act(world, Some(fault));
        let allowed = judge(scenario, world, fault, &ended);
        scenario.go_on(world, &ended);
        let now = world.names();
        let (more, less): (Vec<_>, Vec<_>) =
            (now.difference(names).collect(), names.difference(&now).collect());
        assert!(
            more.is_empty() && less.is_empty(),
            "left over: {more:?}, lacking: {less:?}; {}",
            ended.stderr
        );
        allowed
    }));
    world.forget_since(before);
    match tried {
        Ok(None) => Outcome::Exact,
        Ok(Some(why)) => Outcome::Allowed(why),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            Outcome::Wrong(text.unwrap_or_default())
        }
    }
}

/// Panics unless the run ended as it may; gives why it is not quite exact.
fn judge(scenario: Scenario, world: &World, fault: &Fault, ended: &Run) -> Option<&'static str> {
    let said = &ended.stderr;
    for defect in ["panicked", "defect of maillogs"] {
        assert!(!said.contains(defect), "a panic: {said}");
    }
    let Some(code) = ended.code() else {
        assert!(fault.kills(), "died of signal {:?}: {said}", ended.signal());
        return None;
    };
    assert!(scenario.codes().contains(&code), "exit {code}: {said}");
    // What cannot be said on stderr is not said.
    let silent = said.is_empty() && (scenario != Scenario::Check || ended.stdout.is_empty());
    assert!(code == 0 || !silent || fault.group == "write", "exit {code} without a word");
    if !scenario.is_query() {
        return None;
    }
    let imap = scenario == Scenario::QuerySyslog;
    if code != 0 {
        let is_stdout = fault.path.ends_with("/stdout");
        assert!(ended.stdout.is_empty() || is_stdout, "a line and exit {code}: {said}");
        return None;
    }
    let exact = catch_unwind(AssertUnwindSafe(|| world.assert_answer(ended, imap)));
    match exact {
        Ok(()) => None,
        // The one error after which a query may answer with what was counted last: a log that others may read.
        Err(_) if fault.what == "EACCES" && !said.is_empty() => {
            Some("not ours to read: the last commit, and said so")
        }
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// The faults that `GROUP FILE WHAT` means: WHAT at the first, the middle and the last call of GROUP on a file whose path ends so; of
/// `GROUP+` at that call and all later ones.
fn named(all: &[Fault], case: &str) -> Vec<Fault> {
    let words: Vec<&str> = case.split(' ').collect();
    let [group, file, what] = words[..] else { panic!("{case}: is not GROUP FILE WHAT") };
    let is_it = |fault: &&Fault| {
        fault.sticky == group.ends_with('+')
            && fault.group == group.trim_end_matches('+')
            && fault.what == what
            && fault.path.ends_with(file)
    };
    let found: Vec<&Fault> = all.iter().filter(is_it).collect();
    assert!(!found.is_empty(), "{case}: there is no such call any more");
    let (middle, last) = (found.len() / 2, found.len() - 1);
    BTreeSet::from([0, middle, last]).into_iter().map(|i| found[i].clone()).collect()
}

/// Tries faults in a scenario: those in `fixed`, and as many others as the size allows.
fn inject(scenario: Scenario, fixed: &[&str]) {
    let seed = super::seed();
    let mut world = scenario.prepare();
    let before = world.lines_so_far();
    scenario.begin(&world);
    let ended = scenario.act(&world, None);
    let calls = made(&world.calls());
    scenario.go_on(&mut world, &ended);
    let names = world.names();
    world.forget_since(before);
    let all = faults(&calls);
    let possible = all.len();
    let mut queue: VecDeque<Fault> = VecDeque::new();
    if let Ok(one) = std::env::var("MAILLOGS_INJECT") {
        queue.push_back(Fault::of(&one));
    } else {
        let cards: Vec<(usize, usize)> = (0..all.len()).map(|i| (i, 1)).collect();
        let order = Rng::of(seed, scenario as usize).shuffled(&cards);
        let wanted =
            std::env::var("MAILLOGS_FAULTS").ok().map(|n| n.parse().expect("MAILLOGS_FAULTS is a number"));
        let most = wanted.unwrap_or(if full_size() { MANY } else { SOME });
        queue.extend(fixed.iter().flat_map(|case| named(&all, case)));
        queue.extend(order.into_iter().take(most).map(|i| all[i].clone()));
    }
    let queue = Mutex::new(queue);
    let outcomes: Mutex<Vec<(Fault, Outcome)>> = Mutex::default();
    std::thread::scope(|scope| {
        let workers = if full_size() { 2 } else { 1 };
        let more = (1..workers).map(|_| scenario.prepare());
        for mut world in std::iter::once(world).chain(more) {
            let (queue, outcomes, names) = (&queue, &outcomes, &names);
            scope.spawn(move || {
                loop {
                    let next = queue.lock().expect("the queue").pop_front();
                    let Some(fault) = next else { break };
                    let outcome = try_one(scenario, &mut world, &fault, names);
                    outcomes.lock().expect("the outcomes").push((fault, outcome));
                }
            });
        }
    });
    let outcomes = outcomes.into_inner().expect("the outcomes");
    let count = |which: fn(&Outcome) -> bool| outcomes.iter().filter(|(_, outcome)| which(outcome)).count();
    let wrong = count(|outcome| matches!(outcome, Outcome::Wrong(_)));
    println!(
        "{:22} possible {possible:5}  injected {:5}  exact {:5}  not exact {wrong:4}  allowed {:4}",
        scenario.name(),
        outcomes.len(),
        count(|outcome| matches!(outcome, Outcome::Exact)),
        count(|outcome| matches!(outcome, Outcome::Allowed(_)))
    );
    let reasons: BTreeSet<&str> = outcomes
        .iter()
        .filter_map(|(_, outcome)| match outcome {
            Outcome::Allowed(why) => Some(*why),
            _ => None,
        })
        .collect();
    reasons.iter().for_each(|why| println!("  allowed: {why}"));
    for (fault, outcome) in &outcomes {
        if let Outcome::Wrong(why) = outcome {
            println!("  {}: {fault}: {}", scenario.name(), why.trim_end());
        }
    }
    assert_eq!(wrong, 0, "{}: faults after which something is not exact", scenario.name());
}

#[test]
fn a_roll() {
    inject(Scenario::Roll, &["readlink getcwd EIO", "stat previous EIO"]);
}

#[test]
fn a_roll_without_labels() {
    inject(Scenario::Bare, &["read previous EIO", "read previous ESTALE"]);
}

#[test]
fn the_first_roll() {
    // The RRD is made beside the place where it belongs.
    inject(Scenario::First, &["change send.rrd.tmp SIGKILL", "change send.rrd.tmp SIGKILL-after"]);
}

#[test]
fn an_update() {
    inject(Scenario::Update, &["fdatasync send.rrd EIO", "fdatasync+ imap.rrd EIO"]);
}

#[test]
fn a_query() {
    inject(Scenario::Query, &["read .u ESTALE", "stat .u ESTALE", "open current EMFILE"]);
}

#[test]
fn a_query_of_syslog() {
    inject(
        Scenario::QuerySyslog,
        &["open maillog EMFILE", "stat maillog EIO", "read maillog ESTALE", "read maillog.1.gz EIO"],
    );
}

#[test]
fn a_query_that_commits() {
    inject(Scenario::QueryMuch, &[]);
}

#[test]
fn a_graph() {
    inject(Scenario::Graph, &[]);
}

#[test]
fn a_migration() {
    inject(Scenario::Migration, &["change send.rrd.migrated SIGKILL", "fdatasync+ send.rrd EIO"]);
}

#[test]
fn packing() {
    inject(Scenario::Packing, &[]);
}

#[test]
fn a_redo_from_a_journal() {
    inject(Scenario::RedoJournal, &[]);
}

#[test]
fn an_undo_of_an_intent() {
    inject(Scenario::UndoIntent, &[]);
}

#[test]
fn check() {
    inject(Scenario::Check, &[]);
}

#[test]
fn show() {
    inject(Scenario::Show, &[]);
}
