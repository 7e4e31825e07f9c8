//! Dying before, within and after any change of the store; and the disk full, or broken, at each.
use super::surroundings::rrds;
use super::*;
use crate::disk::crash::How;
use crate::store::rrd::header::{Look, peek};

pub(super) const HOWS: [How; 5] = [How::Before, How::Within, How::After, How::Full, How::Fails];

/// Runs `act` on fresh worlds, with a fault at change 0, 1, 2 … until none strikes; after each, if it failed, `again`
/// is what the survivors do. Gives what was struck, and how.
pub(super) fn strike_everywhere(
    prepare: impl Fn(&mut World),
    act: impl Fn(&mut World) -> Result<()>,
    again: impl Fn(&mut World),
    check: impl Fn(&World),
) -> Vec<(String, How)> {
    strike(&World::new, &HOWS, prepare, act, again, check)
}

/// The same with these worlds and faults.
fn strike(
    make: &dyn Fn() -> World,
    hows: &[How],
    prepare: impl Fn(&mut World),
    act: impl Fn(&mut World) -> Result<()>,
    again: impl Fn(&mut World),
    check: impl Fn(&World),
) -> Vec<(String, How)> {
    let mut struck = Vec::new();
    for &how in hows {
        for survivors in 0.. {
            let mut world = make();
            prepare(&mut world);
            let before = odometers(&world.query());
            crash::arm_as(survivors, how);
            let result = act(&mut world);
            let Some(step) = crash::disarm() else {
                result.unwrap();
                check(&world);
                break;
            };
            let between = world.query();
            for (key, value) in before {
                assert!(between[key] >= value, "{how:?} {step} ({survivors}): {key} went backwards");
            }
            match result {
                Err(_) => again(&mut world),
                // An RRD that cannot be written stops nothing.
                Ok(()) => world.update().unwrap(),
            }
            for (key, value) in odometers(&between) {
                assert!(
                    world.query()[key] >= value,
                    "after {how:?} {step} ({survivors}): {key} went backwards"
                );
            }
            check(&world);
            struck.push((step, how));
        }
    }
    struck
}

/// Few lines, of which each is said together with others; and further ones, so that the RRD has all of their columns.
#[test]
fn what_is_open_and_in_the_queue_is_part_of_each_commit() {
    let kinds: [u8; 12] = [0, 2, 2, 3, 2, 6, 0, 4, 2, 0, 3, 6];
    let lines = log_of(&kinds.map(|kind| (kind, 1)).repeat(2));
    assert!(followed_model(&lines).len() > 9, "{:?}", followed_model(&lines));
    let (first, second) = lines.split_at(13);
    strike(
        &World::following,
        &[How::Before, How::After, How::Full],
        |world| {
            world.write(&text_of(first));
            world.roll();
            world.write(&text_of(second));
            world.turn();
        },
        World::process,
        |world| world.process().unwrap(),
        |world| check_all(world, &lines),
    );
}

#[test]
fn a_roll_may_die_at_any_change() {
    let lines = some_lines();
    let (first, second) = lines.split_at(25);
    let steps = strike_everywhere(
        |world| {
            world.write(&text_of(first));
            world.roll();
            world.write(&text_of(second));
            world.turn();
        },
        World::process,
        |world| world.process().unwrap(),
        |world| check_all(world, &lines),
    );
    for step in [
        "create send.lock",
        "create .send.intent.tmp",
        "write processed",
        "write archive sendlog",
        "fsync archive sendlog",
        "write .send.journal.tmp",
        "fsync .send.journal.tmp",
        "rename to send.journal",
        "fsync the directory state",
        "write send.rrd",
        "fsync send.rrd",
        "rename to send.state",
        "rename to send.txt",
        "remove send.intent",
        "remove send.journal",
    ] {
        for how in HOWS {
            assert!(steps.contains(&(step.to_owned(), how)), "never {how:?}: {step}, but {steps:?}");
        }
    }
}

/// Counters that move for the first time in the third roll of a store's life: their data sources join its RRD.
#[test]
fn a_roll_whose_counters_move_for_the_first_time_may_die_at_any_change() {
    let kinds = |kinds: &'static [u8]| (0..14usize).map(move |i| (kinds[i % kinds.len()], 70));
    let lines =
        log_of(&kinds(&[0, 1]).chain(kinds(&[6, 0])).chain(kinds(&[2, 3, 5, 0, 7])).collect::<Vec<_>>());
    let steps = strike_everywhere(
        |world| {
            world.write(&text_of(&lines[..14]));
            world.roll();
            world.write(&text_of(&lines[14..28]));
            world.roll();
            assert_eq!(columns(world), ["message_bytes", "message_end", "message_info", "message_new"]);
            world.write(&text_of(&lines[28..]));
            world.turn();
        },
        World::process,
        |world| world.process().unwrap(),
        |world| {
            check_all(world, &lines);
            let mut moved: Vec<&str> = SEND
                .counters
                .iter()
                .filter(|c| !c.ds.is_empty() && (c.kind.is_gauge() || model(&lines).contains_key(c.key)))
                .map(|c| c.ds)
                .collect();
            moved.sort_unstable();
            assert_eq!(columns(world), moved);
        },
    );
    for step in ["write .send.rrd.migrated", "rename to send.rrd", "rename to send.journal", "write send.rrd"]
    {
        for how in HOWS {
            assert!(steps.contains(&(step.to_owned(), how)), "never {how:?}: {step}, but {steps:?}");
        }
    }
}

/// The data sources of the RRD, sorted.
fn columns(world: &World) -> Vec<String> {
    let Look::Sound(header) = peek(&world.config.rrd_dir.join("send.rrd")).unwrap() else { panic!("no RRD") };
    let mut names: Vec<String> = header.sources.into_iter().map(|source| source.name).collect();
    names.sort();
    names
}

#[test]
fn the_first_roll_of_all_may_die_at_any_change() {
    let lines = some_lines();
    let steps = strike_everywhere(
        |world| {
            world.write(&text_of(&lines));
            world.turn();
        },
        World::process,
        |world| world.process().unwrap(),
        |world| check_all(world, &lines),
    );
    assert!(steps.contains(&("create .send.rrd.tmp".to_owned(), How::Full)));
}

#[test]
fn a_roll_and_its_logger_may_die_together_at_any_change() {
    let lines = some_lines();
    let (first, second) = lines.split_at(20);
    strike_everywhere(
        |world| {
            world.write(&text_of(first));
            world.roll();
            world.write(&text_of(second));
            world.turn();
        },
        World::process,
        |world| {
            world.kill_logger();
            world.update().unwrap();
        },
        |world| check_all(world, &lines),
    );
}

#[test]
fn an_update_may_die_at_any_change() {
    let lines = some_lines();
    let (first, second) = lines.split_at(20);
    strike_everywhere(
        |world| {
            world.write(&text_of(first));
            world.kill_logger();
            world.write(&text_of(second));
        },
        |world| world.update(),
        |world| world.update().unwrap(),
        |world| {
            let mut again = World {
                passed: vec![],
                feed: world.feed.clone(),
                _dir: tempfile::tempdir().unwrap(),
                config: world.config.clone(),
                log: world.log.clone(),
                ..*world
            };
            again.roll();
            check_all(&again, &lines);
        },
    );
}

#[test]
fn a_recovery_may_die_too() {
    let lines = some_lines();
    let (first, second) = lines.split_at(25);
    let full = std::env::var_os("MAILLOGS_TORTURE").is_some_and(|size| size == "full");
    for first_death in (0..60).step_by(if full { 7 } else { 19 }) {
        strike_everywhere(
            |world| {
                world.write(&text_of(first));
                world.roll();
                world.write(&text_of(second));
                world.turn();
                crash::arm(first_death);
                let _ = world.process();
                crash::disarm();
                if !world.log.join("previous").exists() {
                    fs::write(world.log.join("previous"), text_of(second)).unwrap();
                }
            },
            World::process,
            |world| world.process().unwrap(),
            |world| check_all(world, &lines),
        );
    }
}

#[test]
fn the_repair_of_a_damaged_state_may_die_at_any_change() {
    let lines = some_lines();
    let prepare = |world: &mut World| {
        world.write(&text_of(&lines[..20]));
        world.roll();
        world.write(&text_of(&lines[20..]));
        world.update().unwrap();
    };
    let state = |world: &World| world.config.logs_base.join("state/send.state");
    strike_everywhere(
        |world| {
            prepare(world);
            fs::write(state(world), "damaged").unwrap();
        },
        |world| world.update(),
        |world| world.update().unwrap(),
        |world| assert_eq!(odometers(&world.query()), model(&lines), "doubled"),
    );
    for name in ["send.state", "send.journal", "send.intent"] {
        let mut world = World::new();
        prepare(&mut world);
        let path = state(&world).with_file_name(name);
        let _ = fs::remove_file(&path);
        fs::create_dir(&path).unwrap();
        world.update().unwrap();
        assert_eq!(odometers(&world.query()), model(&lines), "a directory as {name}");
    }
}

/// svlogd takes a processor that was killed for one that has done its work, and deletes the chunk: from the
/// commit point on, queries and the next process know it from the journal alone.
#[test]
fn after_the_commit_point_the_chunk_may_vanish() {
    let lines = some_lines();
    let mut vanished = 0;
    for survivors in 0.. {
        let mut world = World::new();
        world.write(&text_of(&lines[..15]));
        world.roll();
        world.write(&text_of(&lines[15..]));
        world.turn();
        crash::arm(survivors);
        let _ = world.process();
        if crash::disarm().is_none() {
            break;
        }
        if world.config.logs_base.join("state/send.journal").exists() {
            vanished += 1;
            fs::remove_file(world.log.join("previous")).unwrap();
            assert_eq!(odometers(&world.query()), model(&lines), "{survivors}");
            world.update().unwrap();
            check_all(&world, &lines);
        }
    }
    assert!(vanished > 5, "only {vanished} deaths after the commit point");
}

/// Where the state is damaged, an intent without a journal is undone, for its commit may not have come about. So a
/// commit that did must never be found like that.
#[test]
fn no_commit_is_found_with_an_intent_and_no_journal() {
    let lines = some_lines();
    let mut without = 0;
    for survivors in 0.. {
        let mut world = World::new();
        world.write(&text_of(&lines));
        world.turn();
        crash::arm_as(survivors, How::After);
        let result = world.process();
        if crash::disarm().is_none() {
            result.unwrap();
            break;
        }
        let state = world.config.logs_base.join("state/send.state");
        if !state.with_extension("journal").exists() && world.job().store().read().unwrap().is_some() {
            without += 1;
            fs::write(&state, "damaged").unwrap();
            world.update().unwrap();
            assert!(world.archive() == text_of(&lines), "dead after {survivors} changes");
        }
    }
    assert!(without > 0, "the journal always stood there");
}

/// However many processes die at the RRD or behind it, the next one finishes what they began.
#[test]
fn deaths_say_nothing_of_the_rrd() {
    let lines = some_lines();
    for step in ["create .send.txt.tmp", "remove send.journal", "write send.rrd", "fsync send.rrd"] {
        let mut world = World::new();
        world.write(&text_of(&lines[..25]));
        world.roll();
        world.flush();
        world.write(&text_of(&lines[25..]));
        world.turn();
        for _ in 0..20 {
            crash::arm_at(step);
            let result = world.process();
            if crash::disarm().is_none() {
                result.unwrap();
                break;
            }
        }
        world.update().unwrap();
        assert_eq!(rrds(&world), 1, "{step}");
        check_all(&world, &lines);
    }
}

/// The RRD has what the lost journal pushed, and each process until the next commit has to know that.
#[test]
fn the_repair_of_a_damaged_journal_may_die_at_any_change() {
    let lines = some_lines();
    strike_everywhere(
        |world| {
            world.die_with_a_journal(&lines);
            fs::write(world.config.logs_base.join("state/send.journal"), "damaged").unwrap();
        },
        World::process,
        |world| world.process().unwrap(),
        |world| check_all(world, &lines),
    );
}
