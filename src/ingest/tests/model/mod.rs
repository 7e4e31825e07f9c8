//! Anything may happen, in any order, and any of it may die at any of its steps: what was logged is what is counted,
//! archived and in the RRDs.
//!
//! A plain model keeps the lines that were logged. After every action a query has to say exactly what they count,
//! whatever a death has left; after every commit the RRDs and the bins that wait for them together hold the same.
//! `MAILLOGS_SEED` repeats a run, `MAILLOGS_TORTURE=full` makes it a long one.
mod actions;
mod scenes;
mod syslog;

use std::sync::Mutex;

use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};

use actions::{Action, Fault, action};

use super::*;
use crate::disk::crash::How;
use crate::source::file::tests::Dir;

/// What was struck, and how: how often.
static STRUCK: Mutex<BTreeMap<(String, How), u64>> = Mutex::new(BTreeMap::new());

/// A world with a syslog, and what was logged in it.
struct Scene {
    world: World,
    /// imap and pop3, which read the syslog.
    logins: Vec<Feed>,
    syslog: Dir,
    /// Whole lines of the log directory, and when they were logged.
    lines: Vec<(String, i64)>,
    /// The beginning of a further one is written; this much of it.
    half: Option<(String, i64, usize)>,
    /// When somebody logged in: by imap and pop3 in turn.
    logged: Vec<i64>,
    /// A processor died, or could not do its work: the logger runs another one.
    waits: bool,
    /// How many processes in a row died in the middle of a commit.
    deaths: u8,
}

/// The syslog's protocols, and what a login counts for each.
const LOGINS: [(&str, &str, &str); 2] =
    [("imap", "imapd", "imap_success"), ("pop3", "pop3d", "pop3_success")];

/// Rows of one minute are kept for two days.
const LAST: i64 = T0 + 150_000;

impl Scene {
    fn new() -> Scene {
        let mut world = World::following();
        NOW.set(T0);
        let syslog = Dir(world.config.logs_base.join("syslog"));
        fs::create_dir(&syslog.0).unwrap();
        world.configure(&format!("logs_syslog = {:?}\n", syslog.path("log")));
        let all = feeds(&world.config);
        let logins = LOGINS.map(|(name, ..)| all.iter().find(|f| f.protocol.name == name).unwrap().clone());
        syslog.append("log", "");
        let mut scene = Scene {
            world,
            logins: logins.into(),
            syslog,
            lines: vec![],
            half: None,
            logged: vec![],
            waits: false,
            deaths: 0,
        };
        // Rotated files of the time before are nobody's.
        scene.update(None, false);
        scene
    }

    fn jobs(&self) -> Vec<Job<'_>> {
        let feeds = std::iter::once(&self.world.feed).chain(&self.logins);
        feeds.map(|feed| Job { feed, ..self.world.job() }).collect()
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Write(lines, half) => self.write(lines, *half),
            Action::Roll(fault) => self.roll(*fault),
            Action::KillLogger => {
                self.finish_line();
                self.world.kill_logger();
                self.waits = false;
            }
            Action::Log(logins) => self.log("log", *logins),
            Action::AnyName(logins, linger) => {
                // A file that is still empty when it gets such a name is nobody's. Names do not tell then which file is
                // younger, but the times of their lines do.
                self.later();
                self.log("log", 1);
                self.changing(*logins);
                self.get_any_name(*linger);
            }
            Action::Link(linger) => self.link(*linger),
            Action::Backup(n) => self.copy(*n, |of| format!("{of}.{}.bak", NOW.get()), false),
            Action::DatedCopy(n, keeps_time) => {
                self.copy(*n, |_| format!("log-{}", NOW.get()), *keeps_time);
                self.tick();
            }
            Action::Editor(_) if self.is_link() || self.is_cut() => {}
            Action::Editor(linger) => {
                self.changing(0);
                let text = fs::read(self.syslog.path("log")).unwrap();
                let kept = format!("log.{}~", NOW.get());
                self.syslog.rename("log", &kept);
                fs::write(self.syslog.path("log"), text).unwrap();
                self.log(&kept, *linger);
            }
            Action::Rename(_) if self.is_link() => {}
            Action::Rename(linger) => {
                self.syslog.make_room();
                self.syslog.rename("log", "log.1");
                self.log("log.1", *linger);
                self.syslog.append("log", "");
            }
            Action::CopyTruncate => {
                self.syslog.make_room();
                self.syslog.copytruncate("log.1");
            }
            Action::Pack(n, program) => {
                let name = format!("log.{n}");
                if self.syslog.path(&name).exists() {
                    // bzip2 and zstd keep but the seconds of a file's time, and all of this happens within one.
                    self.syslog.pack(["gzip", "xz"][*program], &name);
                }
            }
            Action::Truncate => {
                self.update(None, false);
                self.syslog.truncate();
                // Of a file that is rotated and packed then, nobody can tell lines of this second from those before.
                self.later();
            }
            // Behind half a line, which lost its end, nobody tells what a script made of the next one.
            Action::Anonymise(_) | Action::RemoveLine(..) if self.is_cut() => {}
            Action::Anonymise(logins) => {
                self.changing(*logins);
                for name in ["log", "log.1", "log.2"] {
                    self.rewrite(name, |text| text.replace("192.0.2", "x").replace("::ffff:", ""));
                }
                self.later();
            }
            Action::RemoveLine(logins, line) => {
                self.changing(*logins);
                self.rewrite("log", |text| {
                    let old = text.lines().count().saturating_sub(usize::from(*logins));
                    let removed = line % old.max(1);
                    let kept =
                        text.split_inclusive('\n').enumerate().filter(|(n, _)| old == 0 || *n != removed);
                    kept.map(|(_, line)| line).collect()
                });
                self.later();
            }
            // Beside a copy of the whole under the name of a rotation, less than a stamp seems to be the beginning of the next file.
            Action::CutTail(bytes) if self.has_dated_copy() && self.is_left_less_than_a_stamp(*bytes) => {}
            Action::CutTail(bytes) => {
                self.changing(0);
                self.rewrite("log", |text| text[..text.len().saturating_sub(*bytes)].to_owned());
                self.later();
            }
            Action::RestoreOlder(lines) => {
                self.changing(0);
                self.rewrite("log", |text| text.split_inclusive('\n').take(*lines).collect());
                self.later();
            }
            Action::Update(fault) => self.update(*fault, false),
            Action::Flush(fault) => self.update(*fault, true),
            Action::Tidy(fault) => self.strike(*fault, |scene| scene.world.tidy()),
            Action::Wait(seconds) => {
                self.finish_line();
                NOW.set((NOW.get() + i64::from(*seconds)).min(LAST));
            }
        }
    }

    fn write(&mut self, lines: &[(u8, u16)], half: bool) {
        self.finish_line();
        for (kind, gap) in lines {
            NOW.set((NOW.get() + i64::from(*gap)).min(LAST));
            let line = line_of(self.lines.len(), *kind, NOW.get());
            self.world.write(line.0.as_bytes());
            self.lines.push(line);
        }
        if half && let Some((line, time)) = self.lines.pop() {
            // It stands there whole already: cut it again, somewhere.
            let cut = 1 + (line.len() * 7 + lines.len() * 13) % (line.len() - 1);
            let current = self.world.log.join("current");
            let file = File::options().write(true).open(&current).unwrap();
            file.set_len(file.metadata().unwrap().len() - (line.len() - cut) as u64).unwrap();
            self.half = Some((line, time, cut));
        }
    }

    fn later(&mut self) {
        self.finish_line();
        NOW.set(NOW.get() + 1);
    }

    fn finish_line(&mut self) {
        if let Some((line, time, cut)) = self.half.take() {
            self.world.write(&line.as_bytes()[cut..]);
            self.lines.push((line, time));
        }
    }

    /// Does something at which a fault strikes. A process that fails must have been struck.
    fn strike(&mut self, fault: Fault, act: impl FnOnce(&mut Scene) -> Result<()>) {
        // An RRD that two processes in a row could not finish is given up: that is another test's.
        let fault = fault.filter(|_| self.deaths < 2);
        if let Some((changes, how)) = fault {
            crash::arm_as(changes, how);
        }
        let result = act(self);
        let struck = crash::disarm();
        if let (Some(at), Some((_, how))) = (&struck, fault) {
            *STRUCK.lock().unwrap().entry((at.clone(), how)).or_default() += 1;
            self.deaths += 1;
        } else {
            result.unwrap();
        }
        if !self.jobs().iter().any(Scene::is_unfinished) {
            self.deaths = 0;
        }
    }

    /// Did a process die after the commit point?
    fn is_unfinished(job: &Job<'_>) -> bool {
        job.store().state_dir.join(format!("{}.journal", job.feed.protocol.name)).exists()
    }

    fn roll(&mut self, fault: Fault) {
        if !self.waits {
            if !self.world.log.join("current").exists() {
                return;
            }
            self.world.turn();
            self.waits = true;
        }
        self.strike(fault, |scene| {
            let chunk = fs::read(scene.world.log.join("previous")).unwrap();
            let before = scene.world.passed.len();
            scene.world.process()?;
            assert!(scene.world.passed[before..] == chunk, "what was passed through");
            scene.waits = false;
            Ok(())
        });
    }

    fn update(&mut self, fault: Fault, flush: bool) {
        self.strike(fault, |scene| {
            let options = Options { flush, ..Options::default() };
            advance_all(&scene.jobs(), options).into_iter().collect()
        });
    }

    /// What holds at every moment, whoever died.
    fn check(&self) {
        let values = self.world.query();
        assert_eq!(odometers(&values), model(&self.lines), "send");
        assert_eq!(followed(&values), followed_model(&self.lines), "what several lines say together");
        for (n, job) in self.jobs()[1..].iter().enumerate() {
            let (name, _, key) = LOGINS[n];
            let reading = query(job, NOW.get()).unwrap();
            let counted = reading.counter(key).unwrap().value.unwrap().total;
            assert_eq!(counted, self.logged.iter().skip(n).step_by(2).count() as i128, "{name}");
        }
    }

    /// What is in the RRDs, and what waits for them, is what was committed.
    fn check_rrds(&self) {
        for (job, key) in self.jobs().iter().zip(["message_new", LOGINS[0].2, LOGINS[1].2]) {
            let Some(state) = job.store().read().unwrap().filter(|_| !Scene::is_unfinished(job)) else {
                continue;
            };
            let at = job.feed.protocol.index(key).unwrap();
            let waiting: i128 = state.bins.values().map(|bin| bin.values.get(at)).sum();
            let pushed: i128 = self.world.rows_of(job.feed.protocol.name, key).values().sum();
            assert_eq!(pushed + waiting, state.totals[at], "{key} in the RRD, and waiting");
        }
    }

    /// What holds at the end, when all that was logged was handed over.
    fn check_end(mut self) {
        self.write(&[(0, 0)], false);
        self.deaths = 0;
        if self.waits {
            self.roll(None);
        }
        self.roll(None);
        NOW.set(NOW.get() + 120);
        self.update(None, true);
        check_all(&self.world, &self.lines);
        for (n, (name, _, key)) in LOGINS.iter().enumerate() {
            let mut want: BTreeMap<i64, i128> = BTreeMap::new();
            for time in self.logged.iter().skip(n).step_by(2) {
                *want.entry(time.div_euclid(60) * 60).or_default() += 1;
            }
            assert_eq!(self.world.rows_of(name, key), want, "{key} by the minute");
        }
        let odd = |dir: &str| {
            let names = fs::read_dir(self.world.config.logs_base.join(dir)).unwrap();
            names.map(|e| e.unwrap().file_name().into_string().unwrap()).find(|n| n.contains("corrupt"))
        };
        assert_eq!(["state", "counters", "rrd"].map(odd), [None, None, None], "nothing was given up");
    }
}

/// A run's seed: `MAILLOGS_SEED`; else a long run's by chance, and a short one's always the same.
fn seed(full: bool) -> [u8; 32] {
    let by_chance = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().subsec_nanos();
    let wanted = std::env::var("MAILLOGS_SEED").ok().and_then(|s| s.parse().ok());
    let seed = wanted.unwrap_or_else(|| if full { by_chance() } else { 52_773_206 });
    println!("MAILLOGS_SEED={seed}");
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&seed.to_le_bytes());
    bytes
}

#[test]
fn whatever_dies_when() {
    let full = std::env::var("MAILLOGS_TORTURE").is_ok_and(|v| v == "full");
    let cases = if full { 5_000 } else { 300 };
    let config = Cases { cases, failure_persistence: None, max_shrink_iters: 4000, ..Cases::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &seed(full)));
    let result = runner.run(&proptest::collection::vec(action(), 1..40), |actions| {
        let mut scene = Scene::new();
        for action in &actions {
            scene.act(action);
            scene.check();
            if matches!(action, Action::Roll(_) | Action::Update(_) | Action::Flush(_)) {
                scene.check_rrds();
            }
        }
        scene.check_end();
        Ok(())
    });
    if let Err(e) = result {
        panic!("{e}");
    }
    let struck = STRUCK.lock().unwrap();
    let mut steps: BTreeMap<&str, [u64; 5]> = BTreeMap::new();
    for ((step, how), times) in struck.iter() {
        steps.entry(step).or_default()[*how as usize] += times;
    }
    assert!(steps.len() >= 60, "faults at {} changes only", steps.len());
    println!("{cases} cases, {} faults at {} changes", struck.values().sum::<u64>(), steps.len());
    println!("{:>8} {:>8} {:>8} {:>8} {:>8}", "before", "within", "after", "full", "fails");
    for (step, [before, within, after, full, fails]) in &steps {
        println!("{before:8} {within:8} {after:8} {full:8} {fails:8}  {step}");
    }
}
