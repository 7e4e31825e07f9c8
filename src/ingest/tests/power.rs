//! The power fails: of what was not made durable yet, anything may be there and anything may not.
//!
//! All changes of a scenario are recorded (`disk::crash`). Then, for every moment of its last step, disks are made as
//! they may be found after the power came back: each change that no fsync had covered lost alone, or torn, all of them
//! lost, any mixture of them; what was written within the RRD as a mixture of old and new pages. From each the next
//! process has to come to what was logged.
use super::*;
use crate::disk::crash::Event;
use std::collections::BTreeSet;

/// What became of a change that was not durable when the power failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fate {
    Kept,
    Lost,
    /// As long as it should be, but what is new at its end is zeros; of what is written in place, nothing.
    Zeros,
    /// A part of the bytes at its end; of what is written in place, some of the pages. Which, the number chooses.
    Torn(u64),
}

/// The pages that a system writes.
const PAGE: usize = 4096;

/// A change, and the file (as a number) that it is made to.
struct Change<'e> {
    event: &'e Event,
    file: usize,
    /// Before it, for a write.
    before: &'e [u8],
}

/// Numbers the files of a record.
fn numbered(events: &[Event]) -> Vec<Change<'_>> {
    let mut names: BTreeMap<&Path, usize> = BTreeMap::new();
    let mut contents: Vec<&[u8]> = Vec::new();
    let mut changes = Vec::new();
    for event in events {
        let mut before: &[u8] = &[];
        let file = match event {
            Event::Create(path) => *names.entry(path).or_insert_with(|| {
                contents.push(&[]);
                contents.len() - 1
            }),
            Event::Write(path, after) => {
                let file = names[path.as_path()];
                before = std::mem::replace(&mut contents[file], after);
                file
            }
            Event::Fsync(path) => names[path.as_path()],
            Event::Rename(from, to) => {
                let file = names.remove(from.as_path()).unwrap();
                names.insert(to, file);
                file
            }
            Event::Link(from, to) => {
                let file = names[from.as_path()];
                names.insert(to, file);
                file
            }
            Event::Remove(path) => names.remove(path.as_path()).unwrap_or(usize::MAX),
            Event::MakeDir(_) | Event::FsyncDir(_) => usize::MAX,
        };
        changes.push(Change { event, file, before });
    }
    changes
}

/// Where a change to names is recorded; `None`: it is none.
fn directory(event: &Event) -> Option<&Path> {
    match event {
        Event::MakeDir(path)
        | Event::Create(path)
        | Event::Rename(_, path)
        | Event::Link(_, path)
        | Event::Remove(path) => path.parent(),
        Event::Write(..) | Event::Fsync(_) | Event::FsyncDir(_) => None,
    }
}

/// Positions of the changes that no later fsync covers.
fn pending(changes: &[Change<'_>]) -> Vec<usize> {
    let is_durable = |at: usize| {
        let change = &changes[at];
        let dir = directory(change.event);
        changes[at + 1..].iter().any(|later| match later.event {
            Event::Fsync(_) => dir.is_none() && later.file == change.file,
            Event::FsyncDir(path) => dir == Some(path),
            _ => false,
        })
    };
    let is_change = |at: &usize| !matches!(changes[*at].event, Event::Fsync(_) | Event::FsyncDir(_));
    (0..changes.len()).filter(is_change).filter(|&at| !is_durable(at)).collect()
}

fn torn(before: &[u8], after: &[u8], fate: Fate) -> Vec<u8> {
    let appended = after.len().saturating_sub(before.len());
    match fate {
        Fate::Kept => after.to_vec(),
        Fate::Lost => before.to_vec(),
        Fate::Zeros if appended > 0 => [&after[..before.len()], &vec![0; appended]].concat(),
        Fate::Torn(seed) if appended > 0 && after.starts_with(before) => {
            after[..before.len() + appended * (seed as usize % 8) / 8].to_vec()
        }
        // It is cut: all at once.
        Fate::Zeros | Fate::Torn(_) if before.len() != after.len() => before.to_vec(),
        Fate::Zeros => before.to_vec(),
        Fate::Torn(seed) => {
            let page = |(n, (old, new))| if mix(seed, n as u64) & 1 == 1 { new } else { old };
            before.chunks(PAGE).zip(after.chunks(PAGE)).enumerate().flat_map(page).copied().collect()
        }
    }
}

/// A number that looks like chance.
fn mix(seed: u64, n: u64) -> u64 {
    let mut x = (seed << 32 | n).wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// Everything that is on the disk.
#[derive(Default)]
struct Disk {
    dirs: BTreeSet<PathBuf>,
    names: BTreeMap<PathBuf, usize>,
    contents: BTreeMap<usize, Vec<u8>>,
}

impl Disk {
    fn after(changes: &[Change<'_>], fate: impl Fn(usize) -> Fate) -> Disk {
        let mut disk = Disk::default();
        for (at, change) in changes.iter().enumerate() {
            let fate = fate(at);
            if fate == Fate::Lost {
                continue;
            }
            match change.event {
                Event::MakeDir(path) => drop(disk.dirs.insert(path.clone())),
                Event::Create(path) => {
                    disk.names.insert(path.clone(), change.file);
                    disk.contents.entry(change.file).or_default();
                }
                Event::Write(_, after) => {
                    disk.contents.insert(change.file, torn(change.before, after, fate));
                }
                Event::Rename(from, to) => {
                    if disk.names.get(from) == Some(&change.file) {
                        disk.names.remove(from);
                    }
                    disk.names.insert(to.clone(), change.file);
                }
                Event::Link(_, to) => drop(disk.names.insert(to.clone(), change.file)),
                Event::Remove(path) => drop(disk.names.remove(path)),
                Event::Fsync(_) | Event::FsyncDir(_) => {}
            }
        }
        disk
    }

    /// Makes the store be like this. An RRD is the same file (device, inode) as it was: one of `kept`.
    fn restore(&self, world: &World, kept: &BTreeMap<usize, PathBuf>) {
        let base = &world.config.logs_base;
        for entry in fs::read_dir(base).unwrap() {
            let path = entry.unwrap().path();
            if path != world.log {
                fs::remove_dir_all(path).unwrap();
            }
        }
        // A path is shorter than what is in it: those above come first. In one that was lost, all is lost.
        for dir in &self.dirs {
            if dir.parent().unwrap().is_dir() {
                let _ = fs::create_dir(dir);
            }
        }
        for (path, file) in &self.names {
            if !path.parent().unwrap().is_dir() {
                continue;
            }
            let bytes = self.contents.get(file).map_or(&[][..], Vec::as_slice);
            match kept.get(file) {
                Some(rrd) => {
                    fs::write(rrd, bytes).unwrap();
                    fs::hard_link(rrd, path).unwrap();
                }
                None => fs::write(path, bytes).unwrap(),
            }
        }
    }
}

/// What the logger's directory holds.
fn files_in(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The power fails at every moment of `last`, which comes after `before`; then the next process comes. Gives the
/// number of disks that were tried.
fn power_fails(
    lines: &[(String, i64)],
    before: impl FnOnce(&mut World),
    last: impl FnOnce(&mut World),
) -> usize {
    let mut world = World::new();
    crash::record();
    before(&mut world);
    let early = crash::recorded();
    let log = files_in(&world.log);
    let elsewhere = tempfile::tempdir_in(world.log.parent().unwrap().parent().unwrap()).unwrap();
    let rrd = world.config.rrd_dir.join("send.rrd");
    let keep = |name: &str| {
        let kept = elsewhere.path().join(name);
        fs::hard_link(&rrd, &kept).map(|()| kept)
    };
    let kept_before = keep("before");
    crash::record();
    last(&mut world);
    let late = crash::recorded();
    assert!(!late.is_empty());
    let kept_after = keep("after");
    let now = NOW.get();
    // Copies of the state and minutes wait for no disk, and all that they tell is durable before them: here they are lost.
    let is_copy = |path: &Path| {
        path.file_name().is_some_and(|name| {
            let name = name.to_string_lossy();
            name.starts_with('.')
                && (name.contains(".state") && !name.starts_with(".send.state.tmp")
                    || name.contains(".minutes"))
        })
    };
    let is_ours = |event: &Event| match event {
        Event::Write(path, _) | Event::Fsync(path) => !path.starts_with(&world.log) && !is_copy(path),
        Event::Create(path) | Event::Remove(path) | Event::Rename(_, path) | Event::Link(_, path) => {
            !is_copy(path)
        }
        Event::MakeDir(_) | Event::FsyncDir(_) => true,
    };
    let first = early.iter().filter(|e| is_ours(e)).count();
    let events: Vec<Event> = early.into_iter().chain(late).filter(is_ours).collect();
    let mut kept = BTreeMap::new();
    for (end, path) in [(first, kept_before), (events.len(), kept_after)] {
        if let Ok(path) = path {
            let rrd = |(name, _): &(&PathBuf, &usize)| name.ends_with("rrd/send.rrd");
            let disk = Disk::after(&numbered(&events[..end]), |_| Fate::Kept);
            let (_, &file) = disk.names.iter().find(rrd).unwrap();
            kept.entry(file).or_insert(path);
        }
    }
    let had_chunk = log.iter().any(|(path, _)| path.ends_with("previous"));
    let is_processed = had_chunk && !world.log.join("previous").exists();
    let mut disks = 0;
    for moment in first..=events.len() {
        let changes = numbered(&events[..moment]);
        let pending = pending(&changes);
        let mut tries = BTreeSet::from([BTreeMap::new()]);
        let seed = moment as u64;
        for fate in [Fate::Lost, Fate::Zeros, Fate::Torn(seed), Fate::Torn(seed + 1), Fate::Torn(seed + 2)] {
            let is_write = |at: &usize| matches!(changes[*at].event, Event::Write(..));
            let these = pending.iter().filter(|at| fate == Fate::Lost || is_write(at));
            tries.insert(these.clone().map(|&at| (at, fate)).collect());
            tries.extend(these.map(|&at| BTreeMap::from([(at, fate)])));
        }
        // All sets of what may be lost together, where they are few; else some.
        let few = pending.len() <= 4;
        for subset in 1..if few { 1 << pending.len() } else { 16 } {
            let lost = |at: usize| {
                if few { subset >> at & 1 == 1 } else { mix(seed << 8 | subset, at as u64) & 1 == 1 }
            };
            let these = pending.iter().enumerate().filter(|(n, _)| lost(*n));
            tries.insert(these.map(|(_, &at)| (at, Fate::Lost)).collect());
        }
        // At the end each of them twice: with the chunk and without it.
        let last = moment == events.len();
        for fates in tries.into_iter().flat_map(|fates| std::iter::repeat_n(fates, 1 + usize::from(last))) {
            let disk = Disk::after(&changes, |at| fates.get(&at).copied().unwrap_or(Fate::Kept));
            disk.restore(&world, &kept);
            let _ = fs::remove_dir_all(&world.log);
            fs::create_dir(&world.log).unwrap();
            // When all is done the logger removes the chunk.
            let goes = last && is_processed && disks % 2 == 1;
            for (path, bytes) in log.iter().filter(|(path, _)| !(goes && path.ends_with("previous"))) {
                fs::write(path, bytes).unwrap();
            }
            let told = || {
                let fate = |(at, fate): (&usize, &Fate)| format!("{fate:?}: {:?}", short(changes[*at].event));
                let fates: Vec<String> = fates.iter().map(fate).collect();
                format!("after {:?}: {fates:?}", changes.last().map(|c| short(c.event)))
            };
            NOW.set(now);
            // The machine went down with its logger.
            world.kill_logger();
            let recovered = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                world.query();
                world.update().unwrap();
                check_all(&world, lines);
            }));
            assert!(recovered.is_ok(), "{}", told());
            disks += 1;
        }
    }
    disks
}

/// An event without its bytes.
fn short(event: &Event) -> Event {
    match event {
        Event::Write(path, bytes) => Event::Write(path.clone(), bytes.len().to_string().into_bytes()),
        other => other.clone(),
    }
}

#[test]
fn of_the_first_roll() {
    let lines = some_lines();
    let disks = power_fails(
        &lines,
        |world| {
            world.write(&text_of(&lines));
            world.turn();
        },
        |world| world.process().unwrap(),
    );
    assert!(disks > 250, "{disks} disks");
}

#[test]
fn of_a_roll() {
    let lines = some_lines();
    let (first, second) = lines.split_at(25);
    let disks = power_fails(
        &lines,
        |world| {
            world.write(&text_of(first));
            world.roll();
            world.write(&text_of(second));
            world.turn();
        },
        |world| world.process().unwrap(),
    );
    assert!(disks > 250, "{disks} disks");
}

/// The roll keeps the beginning of a line, whose rest is in the chunk behind it.
#[test]
fn of_a_roll_that_ends_in_mid_line() {
    let lines = some_lines();
    let text = text_of(&lines);
    let cut = text_of(&lines[..20]).len() + 35;
    power_fails(
        &lines,
        |world| {
            world.write(&text[..cut]);
            world.turn();
            world.write(&text[cut..]);
        },
        |world| world.process().unwrap(),
    );
}

/// The roll needs what the one before it kept, and then nobody does.
#[test]
fn of_a_roll_that_begins_in_mid_line() {
    let lines = some_lines();
    let text = text_of(&lines);
    let cut = text_of(&lines[..20]).len() + 35;
    power_fails(
        &lines,
        |world| {
            world.write(&text[..cut]);
            world.roll();
            world.write(&text[cut..]);
            world.turn();
        },
        |world| world.process().unwrap(),
    );
}

#[test]
fn of_an_update_that_sweeps_orphans() {
    let lines = some_lines();
    power_fails(
        &lines,
        |world| {
            world.write(&text_of(&lines[..10]));
            world.roll();
            for part in [&lines[10..20], &lines[20..]] {
                world.write(&text_of(part));
                world.kill_logger();
            }
        },
        |world| world.update().unwrap(),
    );
}

#[test]
fn of_a_day_being_packed() {
    let lines = some_lines();
    power_fails(
        &lines,
        |world| {
            world.write(&text_of(&lines));
            world.roll();
        },
        |world| world.tidy().unwrap(),
    );
}

#[test]
fn of_a_roll_into_a_day_that_is_packed() {
    let lines = some_lines();
    power_fails(
        &lines,
        |world| {
            world.write(&text_of(&lines[..5]));
            world.roll();
            world.tidy().unwrap();
            assert!(world.days()[0].join("sendlog.gz").exists());
            world.write(&text_of(&lines[5..]));
            world.turn();
        },
        |world| world.process().unwrap(),
    );
}

/// The RRD gets a data source more, before the lines are read.
#[test]
fn of_a_migration() {
    let lines = some_lines();
    power_fails(
        &lines,
        |world| {
            world.write(&text_of(&lines[..20]));
            world.roll();
            world.flush();
            world.write(&text_of(&lines[20..]));
            let own = "[[counter]]\nprotocol = \"send\"\nname = \"own\"\nmatch = 'msg'\n";
            world.configure(own);
        },
        |world| world.update().unwrap(),
    );
}

#[test]
fn of_the_repair_of_a_damaged_state() {
    let lines = some_lines();
    power_fails(
        &lines,
        |world| {
            world.write(&text_of(&lines));
            world.roll();
            world.flush();
            let state = world.config.logs_base.join("state/send.state");
            change(disk::Change::Write(&state), || fs::write(&state, "damaged")).unwrap();
            change(disk::Change::Fsync(&state), || Ok(())).unwrap();
        },
        |world| world.update().unwrap(),
    );
}
