//! What was killed when, and what came of it.

use std::collections::BTreeMap;
use std::fmt;

use super::step::Step;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Victim {
    Processor,
    Both,
    Update,
    Logger,
    Query,
}

impl Victim {
    const ALL: [(Victim, &str); 5] = [
        (Victim::Processor, "processor"),
        (Victim::Both, "both"),
        (Victim::Update, "update"),
        (Victim::Logger, "logger"),
        (Victim::Query, "query"),
    ];

    /// Was it the one that was to commit?
    fn commits(self) -> bool {
        matches!(self, Victim::Processor | Victim::Both | Victim::Update)
    }
}

/// Of one store, or of several together.
#[derive(Debug, Default)]
pub struct Report {
    /// Kills by victim and the step of the commit; that of a logger is its processor's, if it has one.
    kills: BTreeMap<(Option<Step>, Victim), u32>,
    pub lost: u64,
    pub doubled: u64,
    pub archive: u64,
    pub rrd: u64,
    pub lines: usize,
    pub rolls: usize,
    pub orphans: usize,
    pub stumps: usize,
    pub queries: usize,
    pub updates: usize,
    /// What is wrong, in words.
    pub notes: Vec<String>,
}

impl Report {
    pub fn killed(&mut self, victim: Victim, step: Option<Step>) {
        *self.kills.entry((step, victim)).or_default() += 1;
    }

    pub fn note(&mut self, text: String) {
        self.notes.push(text);
    }

    pub fn add(&mut self, other: Report) {
        for (key, kills) in other.kills {
            *self.kills.entry(key).or_default() += kills;
        }
        self.lost += other.lost;
        self.doubled += other.doubled;
        self.archive += other.archive;
        self.rrd += other.rrd;
        self.lines += other.lines;
        self.rolls += other.rolls;
        self.orphans += other.orphans;
        self.stumps += other.stumps;
        self.queries += other.queries;
        self.updates += other.updates;
        self.notes.extend(other.notes);
    }

    fn count(&self, which: impl Fn(Option<Step>, Victim) -> bool) -> u32 {
        self.kills.iter().filter(|((step, victim), _)| which(*step, *victim)).map(|(_, n)| n).sum()
    }

    pub fn kills(&self) -> u32 {
        self.count(|_, _| true)
    }

    /// Kills of one that held the protocol's lock.
    pub fn locked(&self) -> u32 {
        self.count(|step, victim| victim.commits() && step.is_some_and(Step::is_locked))
    }

    /// Kills at this step of one that was to commit.
    pub fn at(&self, at: Step) -> u32 {
        self.count(|step, victim| victim.commits() && step == Some(at))
    }

    /// The table, for `logger`.
    pub fn table(&self, logger: &str) -> Table<'_> {
        Table { report: self, logger: logger.to_owned() }
    }
}

/// For people.
pub struct Table<'a> {
    report: &'a Report,
    logger: String,
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Table { report, logger } = self;
        let Report { lost, doubled, archive, rrd, .. } = report;
        let kills = report.kills();
        writeln!(
            f,
            "{logger}: kills {kills}, lost {lost}, doubled {doubled}, archive diff {archive}, rrd diff {rrd}"
        )?;
        write!(f, "  {:34}", "killed at step")?;
        Victim::ALL.iter().try_for_each(|(_, name)| write!(f, "{name:>10}"))?;
        writeln!(f)?;
        let steps = Step::ALL.into_iter().map(|step| (Some(step), step.text()));
        for (at, text) in steps.chain([(None, "no commit under way")]) {
            write!(f, "  {text:34}")?;
            for (column, _) in Victim::ALL {
                write!(f, "{:>10}", report.count(|step, victim| step == at && victim == column))?;
            }
            writeln!(f)?;
        }
        write!(f, "  {:34}", "together")?;
        for (column, _) in Victim::ALL {
            write!(f, "{:>10}", report.count(|_, victim| victim == column))?;
        }
        writeln!(f)?;
        writeln!(f, "  {} of {kills} while it held the lock", report.locked())?;
        writeln!(
            f,
            "  {} lines in {} processed and {} left-over chunks, {} cut lines, {} queries, {} updates beside",
            report.lines, report.rolls, report.orphans, report.stumps, report.queries, report.updates
        )
    }
}
