//! The beginning of a line that waits for its rest may hold a password: it stands in no file that others may read, and
//! is lost or counted twice by no death.
use super::*;
use std::os::unix::fs::PermissionsExt;

/// No word of a line that is not in a counter.
const SECRET: &[u8] = b"correct-horse";

/// Lines of which the 20th and the 30th quote a password.
fn lines() -> Vec<(String, i64)> {
    let mut lines = some_lines();
    for n in [19, 29] {
        let label = lines[n].0[..25].to_owned();
        let secret = String::from_utf8_lossy(SECRET);
        lines[n].0 =
            format!("{label} delivery {n}: deferral: password_fail_(pass:_'{secret}')_alice@example.org/\n");
    }
    lines
}

/// Where line `n` is cut: behind the password.
fn cut(lines: &[(String, i64)], n: usize) -> usize {
    text_of(&lines[..n]).len() + lines[n].0.find(")_alice").unwrap()
}

/// The files of the store that hold the password, of those that everybody may read.
fn in_the_open(world: &World) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for dir in [world.config.logs_base.join("state"), world.config.logs_counters.clone()] {
        for entry in fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            let Ok(bytes) = fs::read(&path) else { continue };
            let holds = bytes.windows(SECRET.len()).any(|window| window == SECRET);
            if holds && fs::metadata(&path).unwrap().permissions().mode() & 0o077 != 0 {
                found.push(path);
            }
        }
    }
    found
}

fn is_kept(world: &World) -> bool {
    let held = fs::read(world.config.logs_base.join("state/send.held")).unwrap_or_default();
    held.windows(SECRET.len()).any(|window| window == SECRET)
}

/// Rolls what is left of the log, and looks whether all of it is counted once.
fn finish(world: &World, rest: &[u8], lines: &[(String, i64)]) {
    assert_eq!(in_the_open(world), Vec::<PathBuf>::new());
    let mut again = World {
        passed: vec![],
        feed: world.feed.clone(),
        _dir: tempfile::tempdir().unwrap(),
        config: world.config.clone(),
        log: world.log.clone(),
        ..*world
    };
    again.write(rest);
    again.roll();
    again.update().unwrap();
    check_all(&again, lines);
    assert_eq!(in_the_open(&again), Vec::<PathBuf>::new());
    assert!(!again.config.logs_base.join("state/send.held").exists(), "a piece that nobody waits for");
}

/// A first piece, then the roll that is struck: it ends that line and leaves another piece.
#[test]
fn a_roll_that_leaves_a_piece_may_die_at_any_change() {
    let lines = lines();
    let text = text_of(&lines);
    let (first, second) = (cut(&lines, 19), cut(&lines, 29));
    let steps = crashes::strike_everywhere(
        |world| {
            world.write(&text[..first]);
            world.roll();
            assert!(is_kept(world));
            world.write(&text[first..second]);
            world.turn();
        },
        World::process,
        |world| world.process().unwrap(),
        |world| {
            assert!(is_kept(world));
            finish(world, &text[second..], &lines);
        },
    );
    for step in ["create .send.held.tmp", "write .send.held.tmp", "rename to send.held"] {
        for how in crashes::HOWS {
            assert!(steps.contains(&(step.to_owned(), how)), "never {how:?}: {step}, but {steps:?}");
        }
    }
}

#[test]
fn a_roll_that_needs_a_piece_may_die_at_any_change() {
    let lines = lines();
    let text = text_of(&lines);
    let first = cut(&lines, 19);
    let steps = crashes::strike_everywhere(
        |world| {
            world.write(&text[..first]);
            world.roll();
            world.write(&text[first..]);
            world.turn();
        },
        World::process,
        |world| world.process().unwrap(),
        |world| check_all(world, &lines),
    );
    assert!(steps.iter().any(|(step, _)| step == "remove send.held"), "{steps:?}");
}

#[test]
fn a_logger_that_dies_in_mid_line_leaves_a_piece_too() {
    let lines = lines();
    let text = text_of(&lines);
    let first = cut(&lines, 19);
    let mut world = World::new();
    world.write(&text[..first]);
    world.kill_logger();
    world.update().unwrap();
    assert!(is_kept(&world));
    assert_eq!(in_the_open(&world), Vec::<PathBuf>::new());
    world.write(&text[first..]);
    world.roll();
    check_all(&world, &lines);
}

#[test]
fn a_piece_that_is_gone_or_damaged_costs_its_line_and_no_other() {
    let lines = lines();
    let text = text_of(&lines);
    let first = cut(&lines, 19);
    let without: Vec<(String, i64)> =
        lines.iter().enumerate().filter(|(n, _)| *n != 19).map(|(_, l)| l.clone()).collect();
    type Spoil = fn(&Path);
    let spoils: [Spoil; 4] = [
        |path| fs::remove_file(path).unwrap(),
        |path| fs::write(path, "").unwrap(),
        |path| fs::write(path, "rubbish").unwrap(),
        |path| {
            fs::remove_file(path).unwrap();
            nix::unistd::mkfifo(path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        },
    ];
    for spoil in spoils {
        let mut world = World::new();
        world.write(&text[..first]);
        world.roll();
        let before = odometers(&world.query());
        spoil(&world.config.logs_base.join("state/send.held"));
        assert_eq!(odometers(&world.query()), before, "a reader falls behind nothing that it said");
        world.write(&text[first..]);
        let between = odometers(&world.query());
        world.roll();
        assert_eq!(odometers(&world.query()), model(&without));
        assert_eq!(between, model(&without));
        assert!(world.archive() == text, "the archive has it all: only short beginnings wait there");
    }
}

/// A state of an older version holds the piece itself.
#[test]
fn a_piece_in_an_older_state_is_taken_out_at_the_next_commit() {
    use crate::ledger::Tail;
    use crate::store::record::{decode, encode};
    use crate::store::state::State;
    let lines = lines();
    let text = text_of(&lines);
    let first = cut(&lines, 19);
    let mut world = World::new();
    world.write(&text[..first]);
    world.roll();
    // As it was written before there was a file for the pieces.
    let state_dir = world.config.logs_base.join("state");
    let mut state: State = decode(&fs::read(state_dir.join("send.state")).unwrap()).unwrap();
    let piece = text[text_of(&lines[..19]).len()..first].to_vec();
    state.ledger.directories[0].count_tail = Tail::Held { text: piece, time: lines[18].1, since: NOW.get() };
    fs::write(state_dir.join("send.state"), encode(&state)).unwrap();
    fs::remove_file(state_dir.join("send.held")).unwrap();
    assert_eq!(in_the_open(&world), [state_dir.join("send.state")]);
    // Nothing is new, but that it was looked.
    NOW.set(NOW.get() + 59);
    world.update().unwrap();
    NOW.set(NOW.get() - 59);
    world.write(&text[first..first + 1]);
    world.roll();
    assert_eq!(in_the_open(&world), Vec::<PathBuf>::new());
    finish(&world, &text[first + 1..], &lines);
}

/// A reader between two commits sees the piece of one of them.
#[test]
fn no_reader_misses_a_piece_because_a_commit_comes_between() {
    let lines = lines();
    let text = text_of(&lines);
    let (first, second) = (cut(&lines, 19), cut(&lines, 29));
    let mut world = World::new();
    world.write(&text[..first]);
    world.roll();
    world.write(&text[first..second]);
    world.roll();
    let store = world.job().store();
    let held = world.config.logs_base.join("state/send.held");
    let now = store.read().unwrap().unwrap();
    // The state as it was, whose piece is not kept any more: as a reader finds it who was slow. He looks again, and
    // then it is another state; here it is not, and he goes on without it.
    assert!(now.ledger.directories.iter().any(|d| format!("{:?}", d.count_tail).starts_with("Held")));
    fs::remove_file(held).unwrap();
    let without = store.read().unwrap().unwrap();
    assert!(
        without
            .ledger
            .directories
            .iter()
            .all(|d| format!("{:?}", d.count_tail) == "Open" || d.path.is_empty())
    );
    assert_eq!(without.number, now.number);
}
