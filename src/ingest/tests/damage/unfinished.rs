//! Damage while a commit is unfinished: a process died in it.
use super::*;

/// A world whose roll died after `survivors` changes, all of its chunk logged, with a journal; `None`: it had none.
fn dead_in_a_commit(survivors: u64) -> Option<(World, String)> {
    let mut world = World::new();
    let lines = some_lines();
    NOW.set(lines[ROLLED - 1].1 + 100);
    world.write(&text_of(&lines[..ROLLED]));
    world.roll();
    stamp_counters(&world);
    let before = fs::read(counters(&world)).unwrap();
    NOW.set(lines[LOGGED - 1].1 + 5);
    world.write(&text_of(&lines[ROLLED..LOGGED]));
    world.turn();
    crash::arm(survivors);
    let _ = world.process();
    let step = crash::disarm().unwrap_or_default();
    if !world.log.join("previous").exists() || !state(&world, "journal").exists() {
        return None;
    }
    if fs::read(counters(&world)).unwrap() != before {
        stamp_counters(&world);
    }
    Some((world, step))
}

/// Each death that leaves a journal with each of `names` and of [`SOME`]; some of the deaths unless all are asked for.
fn after_deaths(names: &[&'static str]) -> Vec<(u64, &'static str, Damage)> {
    let deaths: Vec<u64> = (0..120).filter(|&n| dead_in_a_commit(n).is_some()).collect();
    assert!(deaths.len() > 8, "{deaths:?}");
    let mut random = Random::new();
    let mut all = Vec::new();
    for name in names {
        for damage in SOME {
            let some = [(); 2].map(|()| deaths[random.below(deaths.len())]);
            let deaths = if is_full() { &deaths[..] } else { &some };
            all.extend(deaths.iter().map(|&death| (death, *name, damage)));
        }
    }
    all
}

fn file(world: &World, name: &str) -> PathBuf {
    match name {
        "counters" => counters(world),
        "rrd" => rrd(world),
        name => state(world, name),
    }
}

const SOME: [Damage; 7] = [
    Damage::Cut(0),
    Damage::Cut(40),
    Damage::Flip(300),
    Damage::Garbage,
    Damage::Filled,
    Damage::Fifo,
    Damage::Link,
];

#[test]
fn a_damaged_file_within_a_commit() {
    let lines = some_lines();
    for (survivors, name, damage) in after_deaths(&["journal", "state", "intent", "counters", "rrd"]) {
        let (mut world, step) = dead_in_a_commit(survivors).unwrap();
        let path = file(&world, name);
        if !path.exists() {
            continue;
        }
        let what = format!("dead at {step} ({survivors}), {name}: {damage:?}");
        ruin(&path, damage);
        assert_eq!(odometers(&world.query()), model(&lines[..LOGGED]), "{what}: the query");
        world.process().unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(odometers(&world.query()), model(&lines[..LOGGED]), "{what}");
        goes_on(&mut world, &lines, &model(&lines[..LOGGED]), &what);
        if name != "rrd" {
            check_all(&world, &lines);
        }
    }
}

#[test]
fn a_damaged_journal_and_another_file() {
    let lines = some_lines();
    for (survivors, name, damage) in after_deaths(&["state", "intent", "counters", "rrd"]) {
        let (mut world, step) = dead_in_a_commit(survivors).unwrap();
        let path = file(&world, name);
        if !path.exists() || (name == "counters" && matches!(damage, Damage::Flip(_))) {
            continue;
        }
        let what = format!("dead at {step} ({survivors}), journal and {name}: {damage:?}");
        ruin(&state(&world, "journal"), damage);
        ruin(&path, damage);
        world.query();
        world.process().unwrap_or_else(|e| panic!("{what}: {e}"));
        assert_eq!(odometers(&world.query()), model(&lines[..LOGGED]), "{what}");
        NOW.set(lines.last().unwrap().1 + 5);
        world.write(&text_of(&lines[LOGGED..]));
        world.roll();
        assert_eq!(odometers(&world.query()), model(&lines), "{what}");
        // Without a record of what was archived the chunk may stand there twice; never less than once.
        let archive = String::from_utf8(world.archive()).unwrap();
        for (line, _) in &lines {
            let times = archive.matches(line.as_str()).count();
            let most = if ["state", "intent"].contains(&name) { 2 } else { 1 };
            assert!((1..=most).contains(&times), "{what}: archived {times} times: {line}");
        }
    }
}

/// The journal of a commit that has reached the RRD, cut at every length.
#[test]
fn a_journal_cut_at_any_length() {
    let lines = some_lines();
    let mut world = World::new();
    world.die_with_a_journal(&lines);
    let journal = state(&world, "journal");
    let whole = fs::read(&journal).unwrap();
    let base = world.config.logs_base.clone();
    let now = NOW.get();
    let mut scene = Scene { world, lines, files: Vec::new(), in_rrd: 0 };
    scene.remember(&base);
    let apart = if is_full() { 1 } else { whole.len() / 40 };
    for cut in (0..whole.len()).step_by(apart) {
        let world = scene.again();
        NOW.set(now);
        fs::write(&journal, &whole[..cut]).unwrap();
        world.query();
        world.process().unwrap_or_else(|e| panic!("cut at {cut}: {e}"));
        check_all(&scene.world, &scene.lines);
    }
}
