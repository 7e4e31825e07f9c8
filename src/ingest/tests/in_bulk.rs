//! A log whose usual lines are taken many at once leaves the state, the archive and the RRD as one whose lines are taken one
//! by one.
use super::*;
use crate::line::{Run, Window};
use crate::protocol::memory::Memory;
use crate::protocol::{Bulk, MakeBulk, Protocol, Raise, Taken};

#[derive(Clone, Debug)]
enum Action {
    /// Lines of these kinds, each this number of seconds and nanoseconds after the one before.
    Write(Vec<(u8, i16, u32)>),
    /// The beginning of a line: this part of it, in thousandths.
    Begin(u8, u16),
    /// Where NULs stand in a block, its lines are taken one by one: few blocks have some.
    Nuls(u8),
    Roll,
    Kill,
    Update,
    Wait(u16),
}

fn action() -> impl Strategy<Value = Action> {
    let gap = prop_oneof![20 => 0i16..3, 2 => 0i16..400, 1 => -200i16..0, 1 => 3_000i16..30_000];
    let lines = proptest::collection::vec((any::<u8>(), gap, 0u32..1_000_000_000), 1..60);
    prop_oneof![
        6 => lines.prop_map(Action::Write),
        1 => (any::<u8>(), 0u16..1000).prop_map(|(kind, part)| Action::Begin(kind, part)),
        1 => (0u8..200).prop_map(Action::Nuls),
        2 => Just(Action::Roll),
        1 => Just(Action::Kill),
        2 => Just(Action::Update),
        1 => (0u16..5000).prop_map(Action::Wait),
    ]
}

/// A line of this kind, at `time`: most are usual ones.
fn line(kind: u8, time: i64, nanos: u32) -> Vec<u8> {
    let n = usize::from(kind);
    let label = format!("@{:016x}{nanos:08x} ", (1i64 << 62) + 10 + time);
    match kind {
        0..200 => label.into_bytes().into_iter().chain(usual(n)).collect(),
        200..210 => [label.as_bytes(), &usual(n), b"\r\n"].concat(),
        210..218 => [&label.as_bytes()[..n - 200], b"\n"].concat(),
        218..230 => [label.as_bytes(), b"warning: x\n"].concat(),
        230..234 => usual(n),
        234..240 => [label.to_uppercase().as_bytes(), &usual(n)].concat(),
        240..246 => [label.as_bytes(), &vec![b'z'; 9000], b"\n"].concat(),
        246..250 => b"\n".to_vec(),
        _ => [label.as_bytes(), label.as_bytes(), &usual(n)].concat(),
    }
}

fn usual(n: usize) -> Vec<u8> {
    let limit = [10, 10, 10, 10, 200][n % 5];
    let text = match n % 9 {
        0 => format!("new msg {n}"),
        1 => format!("info msg {n}: bytes {} from <a@example.org> qp 1 uid 2", n * n),
        2 => format!("starting delivery {n}: msg 5 to remote b@example.com"),
        3 => format!("starting delivery {n}: msg 5 to local b@example.com"),
        4 => format!("delivery {n}: success: fine/"),
        5 => format!("delivery {n}: failure: {}/", "x".repeat(n)),
        6 => format!("end msg {n}"),
        _ => format!("status: local {}/10 remote {}/{limit}", n % 11, n % 13),
    };
    (text + "\n").into_bytes()
}

/// All rows of the RRD: their step, and the values as bits, because what is not known is no number.
fn in_rrd(world: &World) -> Option<(Duration, Vec<u64>)> {
    let path = world.config.rrd_dir.join("send.rrd");
    if !path.exists() {
        return None;
    }
    let _alone = crate::store::rrd::librrd();
    let time = |secs: i64| SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(secs).unwrap());
    let (from, to) = (time(T0 - 3000), time(NOW.get()));
    let minute = Duration::from_secs(60);
    let data = rrd::ops::fetch::fetch(&path, rrd::ConsolidationFn::Avg, from, to, minute).unwrap();
    let rows =
        data.rows().iter().flat_map(|row| row.as_slice().iter().map(|v| v.to_bits()).collect::<Vec<_>>());
    Some((data.step(), rows.collect()))
}

thread_local! {
    static TAKEN: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Notes how many lines are taken.
struct Noted(Box<dyn Bulk>);

impl Bulk for Noted {
    fn take(
        &mut self,
        run: &Run<'_>,
        window: &mut Window,
        raise: &mut Raise<'_>,
        memory: &mut Memory<'_>,
    ) -> Taken {
        let taken = self.0.take(run, window, raise, memory);
        TAKEN.set(TAKEN.get() + taken.lines);
        taken
    }

    fn learn(&mut self, text: &[u8]) {
        self.0.learn(text);
    }
}

/// Takes none, so that all lines are taken one by one.
struct TakesNone;

impl Bulk for TakesNone {
    fn take(&mut self, _: &Run<'_>, _: &mut Window, _: &mut Raise<'_>, _: &mut Memory<'_>) -> Taken {
        Taken::default()
    }
}

/// Two worlds with the same log: one takes its lines one by one.
struct Pair {
    worlds: [World; 2],
    time: i64,
}

impl Pair {
    fn new(archive: bool) -> Pair {
        let mut worlds = [World::following(), World::following()];
        for world in &mut worlds {
            world.configure(&format!("logs_archive = {archive}\n"));
        }
        let makes: [&MakeBulk; 2] = [&|| Box::new(Noted(SEND.bulk())), &|| Box::new(TakesNone)];
        for (world, make) in worlds.iter_mut().zip(makes) {
            let protocol = Protocol { bulk: Some(make), ..world.feed.protocol.clone() };
            world.feed.protocol = Box::leak(Box::new(protocol));
        }
        NOW.set(T0);
        Pair { worlds, time: T0 }
    }

    fn write(&mut self, bytes: &[u8]) {
        for world in &mut self.worlds {
            world.write(bytes);
        }
    }

    fn act(&mut self, action: &Action) {
        match action {
            Action::Write(lines) => {
                for &(kind, gap, nanos) in lines {
                    self.time = (self.time + i64::from(gap)).max(T0 - 1000);
                    self.write(&line(kind, self.time, nanos));
                }
                NOW.set(NOW.get().max(self.time - 5));
            }
            Action::Begin(kind, part) => {
                let line = line(*kind, self.time, 1);
                self.write(&line[..line.len() * usize::from(*part) / 1000]);
            }
            Action::Nuls(kind) => {
                let line = line(*kind, self.time, 2);
                self.write(&[&[0u8; 40], &line[..], b"x\0y\n", &line].concat());
            }
            Action::Roll if !self.worlds[0].log.join("current").exists() => {}
            Action::Roll => self.worlds.iter_mut().for_each(World::roll),
            Action::Kill => self.worlds.iter_mut().for_each(World::kill_logger),
            Action::Update => self.worlds.iter().for_each(|world| world.update().unwrap()),
            Action::Wait(seconds) => NOW.set(NOW.get() + i64::from(*seconds)),
        }
    }

    fn is_the_same(&self) {
        let facts = |world: &World| {
            let state = world.job().store().read().unwrap();
            let facts = state.map(|state| {
                let directories: Vec<_> = state
                    .ledger
                    .directories
                    .iter()
                    .map(|d| {
                        let stamps = (d.last_time, d.last_nanos, d.labelled);
                        (stamps, d.archive_day, d.count_tail.clone(), d.archive_tail.clone())
                    })
                    .collect();
                let cursors: Vec<_> = state.ledger.cursors.iter().map(|c| (c.counted, c.archived)).collect();
                (state.bins, state.totals, state.understood, directories, cursors)
            });
            (facts, world.query(), in_rrd(world), world.archive())
        };
        let [bulk, slow] = self.worlds.each_ref().map(facts);
        assert_eq!(bulk.0, slow.0, "the state");
        assert_eq!(bulk.1, slow.1, "a query");
        assert!(bulk.2 == slow.2, "the RRD");
        assert!(bulk.3 == slow.3, "the archive: {} and {} bytes", bulk.3.len(), slow.3.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn a_log_is_counted_and_archived_the_same(
        actions in proptest::collection::vec(action(), 1..25),
        archive in any::<bool>(),
    ) {
        let mut pair = Pair::new(archive);
        for action in &actions {
            pair.act(action);
            pair.is_the_same();
        }
        for end in [Action::Roll, Action::Wait(7200), Action::Update] {
            pair.act(&end);
        }
        pair.is_the_same();
    }
}

/// Many lines of many days in one chunk, over many blocks.
fn a_long_log(archive: bool, read_by: &Action) {
    let mut pair = Pair::new(archive);
    let mut log = Vec::new();
    for n in 0..20_000u32 {
        pair.time += i64::from(n % 7) + if n % 5000 == 4999 { 40_000 } else { 0 };
        log.extend(line((n * 31 % 251) as u8, pair.time, n));
    }
    pair.write(&log[..log.len() / 2]);
    pair.act(&Action::Nuls(0));
    pair.write(&log[log.len() / 2..]);
    NOW.set(pair.time + 100);
    TAKEN.set(0);
    pair.act(read_by);
    // Of 251 kinds 200 are usual; after each line that is none the next ones are offered again.
    assert!(TAKEN.get() > 10_000, "{} lines were taken", TAKEN.get());
    pair.is_the_same();
    pair.act(&Action::Roll);
    pair.is_the_same();
    assert!(!archive || pair.worlds[0].days().len() >= 3);
}

#[test]
fn a_long_log_over_midnights_is_counted_and_archived_the_same() {
    a_long_log(true, &Action::Roll);
}

#[test]
fn a_long_log_without_an_archive_is_counted_the_same() {
    a_long_log(false, &Action::Roll);
}

#[test]
fn a_long_current_is_counted_the_same() {
    a_long_log(true, &Action::Update);
}

/// The rules of toaster.conf see every line, also those that could be taken many at once.
#[test]
fn own_counters_count_in_usual_lines() {
    let mut world = World::following();
    world.configure("[[counter]]\nprotocol = \"send\"\nname = \"quota\"\nmatch = \"over_quota\"\n");
    NOW.set(T0 + 3600);
    let failure = |n: i64| {
        let label = format!("@{:016x}{n:08x}", (1i64 << 62) + 10 + T0 + n / 10);
        format!("{label} delivery {n}: failure: user_over_quota/\n")
    };
    world.write((0..5000).map(failure).collect::<String>().as_bytes());
    world.roll();
    world.write((5000..5100).map(failure).collect::<String>().as_bytes());
    let counted = world.query();
    assert_eq!((counted["delivery_failure"], counted["quota"]), (5100, 5100));
}
