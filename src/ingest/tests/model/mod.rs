//! Anything may happen, in any order, and any of it may die at any of its steps: what was logged is what is counted,
//! archived and in the RRDs.
//!
//! A plain model keeps the lines that were logged. After every action a query has to say exactly what they count,
//! whatever a death has left; after every commit the RRDs and the bins that wait for them together hold the same.
//! `MAILLOGS_SEED` repeats a run, `MAILLOGS_TORTURE=full` makes it a long one.
mod scenes;

use std::sync::Mutex;

use proptest::test_runner::{Config as Cases, RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::disk::crash::How;
use crate::source::file::tests::Dir;

/// The fault that strikes an action: at which of its changes, and how. Beyond its last change: none does.
type Fault = Option<(u64, How)>;

#[derive(Clone, Debug)]
enum Action {
    /// Writes these lines to `current`; perhaps the last one is not whole yet.
    Write(Vec<(u8, u16)>, bool),
    /// The logger rolls, or hands over again what its processor has not done.
    Roll(Fault),
    /// The logger and what it runs are killed, and it is started again.
    KillLogger,
    /// Writes this number of logins to the syslog.
    Log(u8),
    /// The syslog is renamed; some more lines go to it before it is opened anew.
    Rename(u8),
    CopyTruncate,
    /// Once all of it was read, the first number of logins comes; then the syslog gets a name that nobody knows, and the
    /// second number of logins comes to it.
    AnyName(u8, u8),
    /// The syslog's name becomes a link, or the link moves to the next file; after that this number of
    /// logins comes to the old one.
    Link(u8),
    /// Somebody copies the syslog, or the rotated one of this number.
    Backup(usize),
    /// The same under the name of a rotation; perhaps it keeps the time.
    DatedCopy(usize, bool),
    /// Once all of it was read, an editor gives the syslog another name and writes its text to a new file under the live
    /// name; after that this number of logins comes to the old file.
    Editor(u8),
    /// The rotated syslog of this number is packed by this program.
    Pack(usize, usize),
    /// The syslog is emptied once all of it was read.
    Truncate,
    /// Once all of it was read, this number of logins comes, and then a script writes the syslog and its rotated files anew with
    /// other addresses.
    Anonymise(u8),
    /// The same, and the line of this number is removed from the syslog.
    RemoveLine(u8, usize),
    /// Once all of it was read, the syslog loses this number of bytes.
    CutTail(usize),
    /// Once all of it was read, a copy of its first lines, this number of them, takes its place.
    RestoreOlder(usize),
    Update(Fault),
    Flush(Fault),
    /// The days that are over are packed.
    Tidy(Fault),
    /// This number of seconds passes.
    Wait(u16),
}

fn fault() -> impl Strategy<Value = Fault> {
    let how = prop_oneof![
        4 => Just(How::Before),
        3 => Just(How::Within),
        3 => Just(How::After),
        1 => Just(How::Full),
        1 => Just(How::Fails),
    ];
    prop_oneof![2 => Just(None), 3 => (0u64..45, how).prop_map(Some)]
}

fn action() -> impl Strategy<Value = Action> {
    let lines = proptest::collection::vec((any::<u8>(), 0u16..40), 1..12);
    prop_oneof![
        5 => (lines, any::<bool>()).prop_map(|(lines, half)| Action::Write(lines, half)),
        5 => fault().prop_map(Action::Roll),
        1 => Just(Action::KillLogger),
        3 => (1u8..20).prop_map(Action::Log),
        1 => (0u8..3).prop_map(Action::Rename),
        1 => Just(Action::CopyTruncate),
        1 => (0u8..4, 0u8..3).prop_map(|(logins, more)| Action::AnyName(logins, more)),
        1 => (0u8..3).prop_map(Action::Link),
        1 => (0usize..3).prop_map(Action::Backup),
        1 => (0usize..3, any::<bool>()).prop_map(|(n, keeps)| Action::DatedCopy(n, keeps)),
        1 => (0u8..3).prop_map(Action::Editor),
        1 => (1usize..4, 0usize..2).prop_map(|(n, program)| Action::Pack(n, program)),
        1 => Just(Action::Truncate),
        1 => (0u8..4).prop_map(Action::Anonymise),
        1 => (0u8..4, any::<usize>()).prop_map(|(logins, line)| Action::RemoveLine(logins, line)),
        1 => (0usize..400).prop_map(Action::CutTail),
        1 => (0usize..30).prop_map(Action::RestoreOlder),
        5 => fault().prop_map(Action::Update),
        1 => fault().prop_map(Action::Flush),
        1 => fault().prop_map(Action::Tidy),
        2 => prop_oneof![3 => 1u16..200, 1 => 200u16..20_000].prop_map(Action::Wait),
    ]
}

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
    /// Did somebody change what was counted, or give it another name?
    was_changed: bool,
    /// Do the actions come by chance?
    is_random: bool,
}

/// The syslog's protocols, and what a login counts for each.
const LOGINS: [(&str, &str, &str); 2] =
    [("imap", "imapd", "imap_success"), ("pop3", "pop3d", "pop3_success")];

/// Rows of one minute are kept for two days.
const LAST: i64 = T0 + 150_000;

impl Scene {
    fn new() -> Scene {
        let mut world = World::new();
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
            was_changed: false,
            is_random: false,
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
            // A copy under the name of a rotation is made by chance only as long as nobody has changed what was counted or given
            // it another name, and beside one nothing that was counted is changed: where both come to the same log again and
            // again, neither names nor times nor texts tell in the end which file is the copy. Sequences of both that are told
            // apart are in `scenes`.
            Action::DatedCopy(..) if self.is_random && self.was_changed => {}
            Action::Anonymise(_) | Action::RemoveLine(..) | Action::CutTail(_) | Action::RestoreOlder(_)
                if self.is_random && self.has_dated_copy() => {}
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
                    // Beside a file whose name tells no age, lines of the last counted second are known if they are packed.
                    if self.has_any_name() {
                        self.update(None, false);
                    }
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

    /// Copies the syslog, or the rotated one of this number.
    fn copy(&self, n: usize, name: impl Fn(&str) -> String, keeps_time: bool) {
        let of = if n == 0 { "log".to_owned() } else { format!("log.{n}") };
        let (from, to) = (self.syslog.path(&of), self.syslog.path(&name(&of)));
        if from.exists() {
            fs::copy(&from, &to).unwrap();
            if keeps_time {
                let time = fs::metadata(&from).unwrap().modified().unwrap();
                File::options().append(true).open(&to).unwrap().set_modified(time).unwrap();
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

    /// Before a change all is counted, and what comes then is of a later second: of one and the same second nobody can
    /// tell by the time which lines were counted.
    fn changing(&mut self, logins: u8) {
        self.was_changed = true;
        self.update(None, false);
        self.later();
        if self.has_dated_copy() {
            self.tick();
        }
        self.log("log", logins);
    }

    /// Waits until what is written from now on has a later time than what was: nobody makes a copy of a log and changes the
    /// log in the same few milliseconds.
    fn tick(&self) {
        let probe = self.world.config.logs_base.join("tick");
        let write = || {
            fs::write(&probe, "x").unwrap();
            fs::metadata(&probe).unwrap().modified().unwrap()
        };
        let first = write();
        while write() == first {}
    }

    /// Does the syslog end within a line?
    fn is_cut(&self) -> bool {
        fs::read(self.syslog.path("log")).is_ok_and(|text| text.last().is_some_and(|last| *last != b'\n'))
    }

    fn has_dated_copy(&self) -> bool {
        self.has(|name| name.starts_with("log-"))
    }

    fn has_any_name(&self) -> bool {
        self.has(|name| name.ends_with(" of the log") || name.ends_with(".old"))
    }

    fn has(&self, is_it: impl Fn(&str) -> bool) -> bool {
        let mut names = fs::read_dir(&self.syslog.0).unwrap();
        names.any(|entry| is_it(&entry.unwrap().file_name().to_string_lossy()))
    }

    /// If the syslog loses this number of bytes, is what is left less than a stamp and a host, but not nothing?
    fn is_left_less_than_a_stamp(&self, bytes: usize) -> bool {
        let left = fs::read(self.syslog.path("log")).map_or(0, |text| text.len().saturating_sub(bytes));
        (1..32).contains(&left)
    }

    fn later(&mut self) {
        self.finish_line();
        NOW.set(NOW.get() + 1);
    }

    fn is_link(&self) -> bool {
        fs::symlink_metadata(self.syslog.path("log")).unwrap().is_symlink()
    }

    fn get_any_name(&mut self, linger: u8) {
        if self.is_link() {
            return;
        }
        let name = [format!("log.{}.old", NOW.get()), format!("{} of the log", NOW.get())];
        let name = &name[self.logged.len() % 2];
        self.syslog.rename("log", name);
        self.log(name, linger);
        self.syslog.append("log", "");
    }

    fn link(&mut self, linger: u8) {
        if !self.is_link() {
            self.later();
            self.log("log", 1);
            self.changing(1);
        }
        self.later();
        let target = format!("l/{}", NOW.get());
        fs::create_dir_all(self.syslog.path("l")).unwrap();
        self.syslog.append(&target, "");
        std::os::unix::fs::symlink(&target, self.syslog.path("new")).unwrap();
        let old = fs::canonicalize(self.syslog.path("log")).unwrap();
        let old = match old.parent() {
            Some(dir) if dir.ends_with("l") => format!("l/{}", old.file_name().unwrap().to_str().unwrap()),
            _ => {
                self.syslog.rename("log", "log.plain");
                "log.plain".to_owned()
            }
        };
        self.syslog.rename("new", "log");
        self.log(&old, linger);
    }

    /// A new file of what `change` makes of the old one's text takes its place.
    fn rewrite(&self, name: &str, change: impl Fn(&str) -> String) {
        if let Ok(text) = fs::read_to_string(self.syslog.path(name)) {
            let path = fs::canonicalize(self.syslog.path(name)).unwrap();
            fs::write(path.with_extension("new"), change(&text)).unwrap();
            fs::rename(path.with_extension("new"), path).unwrap();
        }
    }

    fn finish_line(&mut self) {
        if let Some((line, time, cut)) = self.half.take() {
            self.world.write(&line.as_bytes()[cut..]);
            self.lines.push((line, time));
        }
    }

    fn log(&mut self, name: &str, logins: u8) {
        for _ in 0..logins {
            let time =
                chrono::DateTime::from_timestamp(NOW.get(), 0).unwrap().format("%Y-%m-%dT%H:%M:%S+00:00");
            let (n, (_, program, _)) = (self.logged.len(), LOGINS[self.logged.len() % 2]);
            self.syslog.append(
                name,
                &format!(
                    "{time} mx1 {program}: LOGIN, user=u{n}@example.org, ip=[::ffff:192.0.2.7], port=[{n}]\n"
                ),
            );
            self.logged.push(NOW.get());
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
        assert_eq!(odometers(&self.world.query()), model(&self.lines), "send");
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
            let waiting: i128 = state.bins.values().map(|bin| bin.values[at]).sum();
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
        let mut scene = Scene { is_random: true, ..Scene::new() };
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
