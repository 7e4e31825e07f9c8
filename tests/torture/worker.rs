//! One store with one logger, which is fed, killed, restarted, and in the end looked at.

use std::fs::{self, File};
use std::process::Stdio;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use chrono::{TimeDelta, Utc};
use nix::sys::signal::Signal;

use super::lines::{Feed, Lines, Log};
use super::logger::{self, Kind, Logger};
use super::process;
use super::report::{Report, Victim};
use super::rng::Rng;
use super::step::{Aim, Step, Watch};
use super::turns::Turns;
use super::written::Written;
use crate::support::store::{MAILLOGS, Store};

/// So many bytes are more than one roll.
const ROLL: usize = 2_600;

/// What all workers of a logger share.
#[derive(Debug)]
pub struct Plan {
    /// Kills that are still to come.
    pub left: AtomicI64,
    /// Only a few are at it at one moment: the others would but disturb their aim.
    pub turns: Turns,
    pub deadline: Instant,
}

/// A processor that runs, with its watch.
struct Target {
    process: u32,
    watch: Watch,
}

pub struct Worker<'a> {
    plan: &'a Plan,
    kind: Kind,
    /// Does a shell stand between logger and processor?
    shell: bool,
    shell_dies: bool,
    store: &'a Store,
    feed: &'static Feed,
    rng: Rng,
    log: Log,
    /// Lines that were handed over to this logger or are written.
    handed: usize,
    /// The end of the last of them, which is still to be handed over.
    rest: Vec<u8>,
    logger: Logger,
    /// No processor starts before.
    pause: Instant,
    deck: Vec<Victim>,
    aims: Vec<Step>,
    /// Processors whose logger or shell is dead and that stand still, and until when.
    sleepers: Vec<(u32, Instant)>,
    report: Report,
}

/// What became of a worker's log.
#[derive(Debug)]
pub struct Fed {
    pub log: Log,
    /// The number of the first line that was not handed over.
    pub end: usize,
    /// Were its lines always there in their order, and each with its time? svlogd drops those of a processor whose shell dies, and they come
    /// when that has the lock.
    pub in_order: bool,
    pub report: Report,
}

impl<'a> Worker<'a> {
    pub fn new(plan: &'a Plan, kind: Kind, store: &'a Store, log: Log, mut rng: Rng) -> Self {
        let feed = log.feed;
        let shell = kind == Kind::Svlogd || rng.one_in(3);
        let shell_dies = shell && (kind != Kind::Svlogd || rng.one_in(4));
        let logger = Logger::start(kind, store, feed, shell);
        Worker {
            plan,
            kind,
            shell,
            shell_dies,
            store,
            feed,
            rng,
            handed: log.first(),
            log,
            rest: Vec::new(),
            logger,
            pause: Instant::now(),
            deck: Vec::new(),
            aims: Vec::new(),
            sleepers: Vec::new(),
            report: Report::default(),
        }
    }

    /// Kills until there were enough, and lets all that still runs come to its end.
    pub fn run(mut self) -> Fed {
        while self.plan.left.load(Ordering::Relaxed) > 0 {
            assert!(Instant::now() < self.plan.deadline, "too slow: {:?}", self.report);
            self.round();
        }
        self.finish();
        let none = Log::new(self.feed, 0, 1, Lines::Bare);
        let log = std::mem::replace(&mut self.log, none);
        let in_order = log.is_labelled() && (self.kind != Kind::Svlogd || !self.shell_dies);
        Fed { log, end: self.handed, in_order, report: std::mem::take(&mut self.report) }
    }

    fn round(&mut self) {
        let victim = match self.deck.pop() {
            Some(victim) => victim,
            None => {
                self.deck = self.rng.shuffled(&[
                    (Victim::Processor, 7),
                    (Victim::Both, 6),
                    (Victim::Update, 3),
                    (Victim::Logger, 3),
                    (Victim::Query, 1),
                ]);
                return;
            }
        };
        if !self.logger.is_alive() {
            self.restart();
        }
        self.wake(Instant::now());
        if matches!(victim, Victim::Processor | Victim::Both) {
            let left = self.pause.saturating_duration_since(Instant::now());
            std::thread::sleep(left.saturating_sub(Duration::from_millis(50)));
        }
        let turns = &self.plan.turns;
        let _turn = turns.take();
        if self.rng.one_in(2) {
            // Rolls that nobody disturbs, or that the next victim is to be found behind.
            for _ in 0..self.rng.below(4) {
                self.feed_some(ROLL);
                std::thread::sleep(Duration::from_millis(self.rng.below(20)));
            }
        }
        if self.rng.one_in(20) && self.pause < Instant::now() {
            self.restart_in_peace();
        }
        if self.rng.one_in(6) {
            // A roll before its time.
            process::send(self.logger.id(), Signal::SIGALRM);
        }
        match victim {
            Victim::Processor if self.shell_dies && self.rng.one_in(5) => self.kill_shell(),
            Victim::Processor => self.kill_processor(),
            Victim::Both => self.kill_both(),
            Victim::Logger if self.rng.one_in(3) => self.kill_logger(None),
            Victim::Logger => {
                if let Some(target) = self.target() {
                    self.kill_logger(Some(target));
                }
            }
            Victim::Update => self.kill_update(),
            Victim::Query => self.kill_query(),
        }
    }

    fn killed(&mut self, victim: Victim, step: Option<Step>) {
        self.report.killed(victim, step);
        self.plan.left.fetch_sub(1, Ordering::Relaxed);
    }

    /// When it is to be hit: at a step of the commit, or whenever it may be.
    fn aim(&mut self) -> (Aim, Duration) {
        let longer = if self.rng.one_in(2) { self.rng.below(700) } else { 0 };
        if self.rng.one_in(5) {
            return (Aim::Time(Duration::from_micros(self.rng.below(60_000))), Duration::ZERO);
        }
        if self.aims.is_empty() {
            self.aims = self.rng.shuffled(&Step::ALL.map(|step| (step, 1 + usize::from(step.is_locked()))));
        }
        let step = self.aims.pop().expect("just filled");
        (Aim::At(step), Duration::from_micros(longer))
    }

    /// A processor of the running logger, which is fed until one starts.
    fn target(&mut self) -> Option<Target> {
        let deadline = Instant::now() + self.kind.pause() + Duration::from_secs(20);
        let mut fed = 0;
        while self.logger.is_alive() && Instant::now() < deadline {
            let found = process::processors(self.logger.id());
            if let Some(&process) = found.get(self.rng.below(found.len().max(1) as u64) as usize) {
                let watch = Watch::begin(self.store, self.feed, process);
                return Some(Target { process, watch });
            }
            if fed < 4 * ROLL {
                fed += self.feed_some(500);
            }
            self.logger.pump();
            std::thread::sleep(Duration::from_micros(200));
        }
        None
    }

    fn stop(&mut self, target: &mut Target) -> Option<Step> {
        let (aim, longer) = self.aim();
        let step = target.watch.stop_at(aim, longer)?;
        if target.watch.is_redone() {
            process::send(target.process, Signal::SIGCONT);
            return None;
        }
        Some(step)
    }

    fn kill_processor(&mut self) {
        let Some(mut target) = self.target() else { return };
        if self.kind == Kind::Svlogd && self.rng.one_in(4) {
            // It reads its configuration anew, and starts another processor beside this one.
            process::send(self.logger.id(), Signal::SIGHUP);
            self.feed_some(ROLL);
        }
        let Some(step) = self.stop(&mut target) else { return };
        process::kill_and_wait(target.process);
        self.pause = Instant::now() + self.kind.pause();
        self.killed(Victim::Processor, Some(step));
    }

    fn kill_both(&mut self) {
        let Some(mut target) = self.target() else { return };
        let Some(step) = self.stop(&mut target) else { return };
        if self.kind != Kind::Svlogd && self.rng.one_in(2) {
            if !self.logger.kill_all() {
                process::kill_and_wait(target.process);
                return;
            }
        } else {
            // svlogd would take a shell that was killed for one that succeeded.
            process::stop(self.logger.id());
            process::kill_and_wait(target.process);
            self.logger.kill();
        }
        self.killed(Victim::Both, Some(step));
    }

    /// The logger alone: its processor goes on, at once or later, beside the new logger and its processors.
    fn kill_logger(&mut self, target: Option<Target>) {
        let Some(mut target) = target else {
            self.feed_some(ROLL / 2);
            std::thread::sleep(Duration::from_micros(self.rng.below(3_000)));
            if self.logger.kill() {
                self.killed(Victim::Logger, None);
            }
            return;
        };
        let Some(step) = self.stop(&mut target) else { return };
        if self.logger.kill() {
            self.killed(Victim::Logger, Some(step));
        }
        // The kernel has let it go on.
        if !process::stop(target.process) {
            return;
        }
        if step == Step::Before && self.rng.one_in(2) {
            let until = Instant::now() + Duration::from_millis(self.rng.below(4_000));
            self.sleepers.push((target.process, until));
            return;
        }
        if self.rng.one_in(2) {
            self.restart();
            for _ in 0..self.rng.below(3) {
                self.feed_some(ROLL);
                std::thread::sleep(Duration::from_millis(self.rng.below(80)));
            }
        }
        if self.rng.one_in(4) {
            let now = target.watch.stop_at(Aim::Time(Duration::ZERO), Duration::ZERO);
            process::kill_and_wait(target.process);
            if now.is_some() {
                self.killed(Victim::Processor, now);
            }
        } else {
            process::send(target.process, Signal::SIGCONT);
        }
    }

    /// The shell alone. svlogd takes that for a success and drops its input, which is the processor's only; the others
    /// begin another processor, perhaps beside it.
    fn kill_shell(&mut self) {
        let Some(mut target) = self.target() else { return };
        let Some(shell) = process::parent(target.process).filter(|&parent| parent != self.logger.id()) else {
            return;
        };
        let Some(step) = self.stop(&mut target) else { return };
        process::kill_and_wait(shell);
        self.pause = Instant::now() + self.kind.pause();
        let sleeps = if step == Step::Before { self.rng.below(12_000) } else { 0 };
        self.sleepers.push((target.process, Instant::now() + Duration::from_millis(sleeps)));
        self.wake(Instant::now());
    }

    /// Lets those go on that have slept long enough.
    fn wake(&mut self, now: Instant) {
        self.sleepers.retain(|&(process, until)| {
            let sleeps = until > now;
            if !sleeps {
                process::send(process, Signal::SIGCONT);
            }
            sleeps
        });
    }

    fn kill_update(&mut self) {
        self.feed_some(ROLL / 2);
        if self.rng.one_in(2) {
            self.age_archive();
        }
        let mut child = self
            .store
            .command(MAILLOGS)
            .args(["update", self.feed.protocol])
            .stderr(logger::said(self.store))
            .spawn()
            .expect("maillogs update");
        let watch = Watch::begin(self.store, self.feed, child.id());
        let mut target = Target { process: child.id(), watch };
        if let Some(step) = self.stop(&mut target) {
            process::kill_and_wait(target.process);
            self.killed(Victim::Update, Some(step));
        }
        child.wait().expect("waiting for an update");
    }

    /// As if nobody had written to the archive for hours: then days that are over are packed.
    fn age_archive(&self) {
        for ago in 0..3 {
            let day = (Utc::now() - TimeDelta::days(ago)).format("%Y/%m/%d").to_string();
            let file = self.store.base().join(day).join(self.feed.log);
            if let Ok(file) = File::options().append(true).open(file) {
                file.set_modified(SystemTime::now() - Duration::from_secs(7_200)).expect("utimensat");
            }
        }
    }

    fn kill_query(&mut self) {
        self.feed_some(ROLL / 2);
        let mut child = self
            .store
            .command(MAILLOGS)
            .arg(self.feed.protocol)
            .stdout(Stdio::null())
            .stderr(logger::said(self.store))
            .spawn()
            .expect("maillogs");
        std::thread::sleep(Duration::from_micros(self.rng.below(25_000)));
        if process::stop(child.id()) {
            process::kill_and_wait(child.id());
            self.killed(Victim::Query, None);
        }
        child.wait().expect("waiting for a query");
    }

    /// Hands about so many bytes over, if the logger took all that was handed before. Gives how many. They may end
    /// within a line, as what a pipe brings does.
    fn feed_some(&mut self, bytes: usize) -> usize {
        if !self.logger.pump() {
            return 0;
        }
        let mut lines = std::mem::take(&mut self.rest);
        while lines.len() < bytes {
            if self.handed == self.log.end() {
                self.log.grow();
            }
            lines.extend(self.log.line(self.handed));
            self.handed += 1;
        }
        if self.rng.one_in(2) {
            let cut = usize::try_from(self.rng.below(80)).expect("small");
            self.rest = lines.split_off(lines.len() - cut);
        }
        self.logger.feed(&lines);
        lines.len()
    }

    /// A new logger, which is handed what the dead one had not written yet.
    fn restart(&mut self) {
        for attempt in 0.. {
            // s6-log may fail once after a crash.
            assert!(attempt < 3, "{} does not start: {}", self.kind.name(), self.said());
            self.handed = self.written().next(self.log.first());
            self.log.again(self.handed);
            self.rest.clear();
            self.logger = Logger::start(self.kind, self.store, self.feed, self.shell);
            self.pause = Instant::now();
            let current = logger::dir(self.store, self.feed).join("current");
            let begun = Instant::now();
            while self.logger.is_alive() && begun.elapsed() < Duration::from_millis(50) && !current.exists() {
                std::thread::sleep(Duration::from_millis(1));
            }
            if self.logger.is_alive() {
                return;
            }
        }
    }

    fn said(&self) -> String {
        fs::read_to_string(self.store.path("stderr")).unwrap_or_default()
    }

    /// What the logger wrote. It is not running.
    fn written(&self) -> Written {
        Written::read(&logger::dir(self.store, self.feed), self.log.is_labelled())
    }

    /// Ends the logger as an administrator does. `true`: it has written and processed all.
    fn end_in_peace(&mut self) -> bool {
        let rest = std::mem::take(&mut self.rest);
        self.logger.feed(&rest);
        let was_content = self.logger.finish();
        let previous = logger::dir(self.store, self.feed).join("previous");
        was_content && !previous.exists() && self.written().next(self.log.first()) == self.handed
    }

    /// The next one goes on with the same `current`.
    fn restart_in_peace(&mut self) {
        self.feed_some(ROLL / 2);
        self.end_in_peace();
        self.restart();
    }

    /// Lets all that still runs come to its end.
    fn finish(&mut self) {
        let dir = logger::dir(self.store, self.feed);
        for _ in 0..5 {
            self.wake(Instant::now() + Duration::from_secs(3_600));
            if !self.logger.is_alive() {
                self.restart();
            }
            // Behind the last stump there is to be a roll, so that it is archived.
            self.feed_some(3 * ROLL);
            let is_complete = self.end_in_peace();
            process::wait_until("nothing runs", || process::inhabitants(&dir).is_empty());
            if is_complete {
                break;
            }
        }
        for line in self.said().lines() {
            if ["defect", "damaged", "corrupt", "panicked"].iter().any(|word| line.contains(word)) {
                self.report.note(line.to_owned());
            }
        }
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        self.logger.kill_all();
        if !std::thread::panicking() {
            return;
        }
        self.plan.left.store(0, Ordering::Relaxed);
        for process in process::inhabitants(&self.store.path("")) {
            process::send(process, Signal::SIGKILL);
        }
    }
}
