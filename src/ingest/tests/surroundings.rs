//! Broken files, wrong clocks, other people's edits.
use super::*;

#[test]
fn an_edit_of_the_counter_file_wins_and_its_removal_too() {
    let mut world = World::new();
    world.write(b"@400000006abaee0408386019 new msg 1\n");
    world.update().unwrap();
    let path = world.config.logs_counters.join("send.txt");
    fs::write(&path, "message_new:1000\ncreated:7\n").unwrap();
    world.write(b"@400000006abaee0408386020 new msg 2\n");
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 1001);
    assert!(fs::read_to_string(&path).unwrap().contains("created:7\n"));
    fs::remove_file(&path).unwrap();
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 0);
}

#[test]
fn perls_counters_go_on_and_its_orphans_are_known() {
    let mut world = World::new();
    fs::create_dir_all(&world.config.logs_counters).unwrap();
    fs::write(world.config.logs_counters.join("send.txt"), "created:1\nmessage_new:41\n").unwrap();
    fs::write(world.log.join("@400000006abaee0308386019.u"), "@400000006abaee0308386019 new msg 0\n")
        .unwrap();
    world.write(b"@400000006abaee0408386019 new msg 1\n");
    assert_eq!(world.query()["message_new"], 42);
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 42);
}

#[test]
fn a_damaged_state_doubles_nothing() {
    let mut world = World::new();
    let lines = some_lines();
    world.write(&text_of(&lines[..20]));
    world.roll();
    world.write(&text_of(&lines[20..30]));
    world.update().unwrap();
    let before = odometers(&world.query());
    let path = world.config.logs_base.join("state/send.state");
    let mut bytes = fs::read(&path).unwrap();
    bytes[100] ^= 1;
    fs::write(&path, bytes).unwrap();
    assert_eq!(odometers(&world.query()), before, "before the repair");
    world.update().unwrap();
    assert_eq!(odometers(&world.query()), before);
    world.write(&text_of(&lines[30..]));
    world.roll();
    assert_eq!(odometers(&world.query()), model(&lines));
    let aside = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("send.state.corrupt-"));
    assert_eq!(aside.count(), 1);
}

#[test]
fn a_broken_rrd_stops_nothing_and_its_bins_wait() {
    let mut world = World::new();
    let lines = some_lines();
    fs::create_dir(&world.config.rrd_dir).unwrap();
    let path = world.config.rrd_dir.join("send.rrd");
    // Not even a directory can be made there.
    fs::remove_dir(&world.config.rrd_dir).unwrap();
    fs::write(&world.config.rrd_dir, "in the way").unwrap();
    world.write(&text_of(&lines[..20]));
    world.roll();
    fs::remove_file(&world.config.rrd_dir).unwrap();
    world.write(&text_of(&lines[20..]));
    world.roll();
    check_all(&world, &lines);
    // A damaged one is moved aside.
    fs::write(&path, "no RRD").unwrap();
    world.write(b"@400000006abb0000083860ff new msg 1\n");
    world.flush();
    // What was pushed lately is known, and written again.
    let all = model(&lines)["message_new"] + 1;
    assert_eq!(world.rows("message_new").values().sum::<i128>(), all);
    assert_eq!(rrds(&world), 2);
}

/// The RRD is that of a backup, and what was pushed since then is noted nowhere any more: of that time nothing is known, which is not
/// that nothing came.
#[test]
fn what_an_older_rrd_lacks_and_nobody_knows_is_not_zero() {
    let mut world = World::new();
    let rrd = world.config.rrd_dir.join("send.rrd");
    let every_ten_minutes = |world: &mut World, times: std::ops::Range<i64>| {
        for at in times.map(|n| T0 + n * 600) {
            NOW.set(at + 300);
            world.write(format!("@{:016x}00000001 new msg 1\n", (1i64 << 62) + 10 + at).as_bytes());
            world.flush();
        }
    };
    every_ten_minutes(&mut world, 0..3);
    let backup = fs::read(&rrd).unwrap();
    every_ten_minutes(&mut world, 3..6);
    fs::write(&rrd, backup).unwrap();
    for dir in [&world.config.logs_counters, &world.config.logs_base.join("state")] {
        fs::remove_file(dir.join(".send.minutes")).unwrap();
    }
    every_ten_minutes(&mut world, 6..8);
    assert_eq!(world.query()["message_new"], 8);
    let mut rrdtool = std::process::Command::new("rrdtool");
    rrdtool.args(["fetch", &rrd.display().to_string(), "AVERAGE", "-r", "60"]);
    let output = rrdtool.args(["-s", &T0.to_string(), "-e", &(T0 + 4_200).to_string()]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let ds = SEND.counters[SEND.index("message_new").unwrap()].ds;
    let column = lines.next().unwrap().split_whitespace().position(|name| name == ds).unwrap();
    let mut rows = BTreeMap::new();
    for (end, values) in lines.filter_map(|line| line.split_once(':')) {
        let rate: f64 = values.split_whitespace().nth(column).unwrap().parse().unwrap();
        rows.insert(end.parse::<i64>().unwrap() - T0, rate);
    }
    for (end, rate) in rows.range(60..=4_260) {
        let expected = match end {
            1_320..=3_060 => None,
            end if (end - 60) % 600 == 0 => Some(1.0),
            _ => Some(0.0),
        };
        assert_eq!(Some(rate * 60.0).filter(|rate| !rate.is_nan()).map(f64::round), expected, "{end}");
    }
    assert_eq!(rows.range(60..=4_260).count(), 71);
}

#[test]
fn lines_of_the_past_and_the_future_are_counted_and_do_not_block_the_rrd() {
    let mut world = World::new();
    let label = |secs: i64| format!("@{:016x}00000001", (1i64 << 62) + 10 + secs);
    NOW.set(T0 + 3000);
    world.write(format!("{} new msg 1\n{} new msg 2\n", label(60), label(T0)).as_bytes());
    world.update().unwrap();
    world.write(format!("{} new msg 3\n{} new msg 4\n", label(4_102_444_800), label(T0 + 60)).as_bytes());
    world.update().unwrap();
    NOW.set(T0 + 3200);
    world.write(format!("{} new msg 5\n", label(T0 + 3100)).as_bytes());
    world.flush();
    world.roll();
    assert_eq!(world.query()["message_new"], 5);
    assert_eq!(world.rows("message_new").values().sum::<i128>(), 4, "one lies in 1970");
    let state = world.job().store().read().unwrap().unwrap();
    assert!(state.bins.is_empty() && state.pushed <= NOW.get());
}

#[test]
fn a_clock_set_back_loses_nothing() {
    let mut world = World::new();
    let label = |secs: i64| format!("@{:016x}00000001", (1i64 << 62) + 10 + secs);
    NOW.set(T0 + 400 * 86_400);
    world.write(format!("{} new msg 1\n", label(NOW.get() - 100)).as_bytes());
    world.flush();
    NOW.set(T0 + 1000);
    world.write(format!("{} new msg 2\n", label(T0 + 900)).as_bytes());
    world.update().unwrap();
    NOW.set(T0 + 2000);
    world.flush();
    assert_eq!(world.query()["message_new"], 2);
    assert_eq!(world.rows("message_new").values().sum::<i128>(), 1);
    let aside = fs::read_dir(&world.config.rrd_dir)
        .unwrap()
        .filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("send.rrd.future-"));
    assert_eq!(aside.count(), 1);
}

#[test]
fn the_directories_of_the_store_may_be_links() {
    let mut world = World::new();
    let lines = some_lines();
    let base = world.config.logs_base.clone();
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["counters", "state", "rrd"] {
        fs::create_dir(elsewhere.path().join(name)).unwrap();
        std::os::unix::fs::symlink(elsewhere.path().join(name), base.join(name)).unwrap();
    }
    let link = base.with_extension("link");
    std::os::unix::fs::symlink(&base, &link).unwrap();
    world.config.logs_base = link.clone();
    world.write(&text_of(&lines[..20]));
    world.roll();
    world.write(&text_of(&lines[20..]));
    world.roll();
    check_all(&world, &lines);
    fs::remove_file(link).unwrap();
}

#[test]
fn a_counter_file_that_cannot_be_written_costs_no_rrd() {
    let mut world = World::new();
    let lines = some_lines();
    world.write(&text_of(&lines[..20]));
    world.roll();
    world.flush();
    // As a full disk or a directory of another owner would: it fails after the commit point.
    let in_the_way = world.config.logs_counters.join(".send.txt.tmp");
    fs::create_dir_all(in_the_way.join("kept")).unwrap();
    world.write(&text_of(&lines[20..]));
    world.turn();
    for _ in 0..6 {
        assert!(world.process().is_err());
    }
    fs::remove_dir_all(in_the_way).unwrap();
    world.process().unwrap();
    check_all(&world, &lines);
    assert_eq!(rrds(&world), 1, "nothing was moved aside");
}

#[test]
fn a_clock_that_ran_ahead_at_boot_does_not_stop_the_rrd() {
    let mut world = World::new();
    let label = |secs: i64| format!("@{:016x}00000001", (1i64 << 62) + 10 + secs);
    NOW.set(T0 + 200);
    world.write(format!("{} new msg 1\n", label(T0 + 10)).as_bytes());
    world.flush();
    // Two days later the machine boots with a clock of next year, which is mended at once.
    NOW.set(T0 + 365 * 86_400);
    world.write(format!("{} new msg 2\n", label(NOW.get())).as_bytes());
    world.update().unwrap();
    NOW.set(T0 + 2 * 86_400);
    world.write(format!("{} new msg 3\n", label(NOW.get())).as_bytes());
    world.update().unwrap();
    NOW.set(NOW.get() + 900);
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 3);
    let state = world.job().store().read().unwrap().unwrap();
    assert!(state.bins.is_empty(), "they are in the RRD");
    assert_eq!(state.pushed, T0 + 2 * 86_400 + 60);
}

#[test]
fn another_step_begins_at_its_own_bins() {
    let mut world = World::new();
    let label = |secs: i64| format!("@{:016x}00000001", (1i64 << 62) + 10 + secs);
    NOW.set(T0 + 200);
    world.write(format!("{} new msg 1\n", label(T0 + 70)).as_bytes());
    world.flush();
    world.config.rrd_step = 300;
    NOW.set(T0 + 2000);
    world.write(format!("{} new msg 2\n", label(T0 + 130)).as_bytes());
    world.flush();
    let state = world.job().store().read().unwrap().unwrap();
    assert_eq!(state.pushed % 300, 0, "no bin across two rows");
    assert_eq!(world.query()["message_new"], 2);
}

#[test]
fn what_was_handed_to_us_is_read_even_if_its_directory_shows_it_no_more() {
    let lines = some_lines();
    for readable in [true, false] {
        let mut world = World::new();
        world.write(&text_of(&lines));
        world.turn();
        let file = File::open(world.log.join("previous")).unwrap();
        let meta = file.metadata().unwrap();
        let chunk = Chunk { file, meta, name: "previous".into(), role: Role::Stdin };
        fs::remove_file(world.log.join("previous")).unwrap();
        if !readable {
            fs::remove_dir_all(&world.log).unwrap();
            fs::write(&world.log, "a file").unwrap();
        }
        let input = Input { chunk, directory: Some(world.log.clone()), is_pipe: false };
        world.job().advance(Some(input), &mut || Ok(()), Options::default()).unwrap();
        if !readable {
            // A query does not answer without it.
            fs::remove_file(&world.log).unwrap();
            fs::create_dir(&world.log).unwrap();
        }
        check_all(&world, &lines);
    }
}

#[test]
fn what_could_not_be_read_is_not_seen() {
    let mut world = World::new();
    world.write(b"@400000006abaee0408386019 new msg 1\n");
    world.update().unwrap();
    let seen = |world: &World| world.job().store().read().unwrap().unwrap().seen;
    let before = seen(&world);
    NOW.set(NOW.get() + 600);
    fs::rename(&world.log, world.log.with_extension("away")).unwrap();
    fs::write(&world.log, "in the way").unwrap();
    world.update().unwrap();
    assert_eq!(seen(&world), before, "a graph must not draw this as zero");
    fs::remove_file(&world.log).unwrap();
    fs::rename(world.log.with_extension("away"), &world.log).unwrap();
    world.update().unwrap();
    assert_eq!(seen(&world), before + 600);
}

#[test]
fn a_quiet_night_costs_one_small_write() {
    let mut world = World::new();
    let update = |world: &World| world.job().advance(None, &mut || Ok(()), Options::default()).unwrap();
    let files = |world: &World| -> Vec<(std::ffi::OsString, u64)> {
        let mut all: Vec<_> = ["state", "counters", "rrd"]
            .iter()
            .flat_map(|dir| fs::read_dir(world.config.logs_base.join(dir)).unwrap())
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name(), std::os::unix::fs::MetadataExt::ino(&entry.metadata().unwrap())))
            .collect();
        all.sort();
        all
    };
    world.write(b"@400000006abaee0335a8c946 new msg 1\n");
    update(&world);
    NOW.set(NOW.get() + 600);
    update(&world);
    let (before, state) = (files(&world), world.job().store().read().unwrap().unwrap());
    assert!(state.bins.is_empty());
    NOW.set(NOW.get() + 59);
    update(&world);
    assert_eq!(files(&world), before, "nothing at all within a minute");
    NOW.set(NOW.get() + 1);
    // The lock is taken, and nothing but the state is replaced.
    crash::arm(7);
    update(&world);
    assert_eq!(crash::disarm(), None);
    let after = files(&world);
    let new: Vec<_> = after.iter().filter(|file| !before.contains(file)).map(|file| &file.0).collect();
    assert_eq!(new, ["send.state"]);
    let again = world.job().store().read().unwrap().unwrap();
    assert_eq!((again.number, again.seen), (state.number, state.seen + 60));
}

#[test]
fn a_clock_that_was_ahead_keeps_no_bin_and_no_day() {
    let mut world = World::new();
    let label = |secs: i64| format!("@{:016x}00000001", (1i64 << 62) + 10 + secs);
    NOW.set(T0 + 400 * 86_400);
    world.write(format!("{} new msg 1\n", label(NOW.get() - 100)).as_bytes());
    world.update().unwrap();
    // The clock is right again, and a source cannot be read.
    NOW.set(T0 + 1000);
    let other = world.config.logs_base.join("other");
    fs::write(&other, "in the way").unwrap();
    world.config.log_dirs.get_mut("logs_send_dirs").unwrap().push(other);
    world.feed = feeds(&world.config).remove(0);
    world.write(format!("{} new msg 2\n", label(T0 + 900)).as_bytes());
    world.update().unwrap();
    NOW.set(T0 + 2000);
    world.update().unwrap();
    let state = world.job().store().read().unwrap().unwrap();
    assert!(state.bins.is_empty(), "a bin waits for a year");
    assert_eq!(world.rows("message_new").values().sum::<i128>(), 2);
    let new = SEND.index("message_new").unwrap();
    assert!(state.newest_day[new].0 < 20_261_001, "{:?}", state.newest_day[new]);
    assert!(state.moved[new] <= NOW.get());
}

#[test]
fn a_clock_of_1970_blocks_no_rrd() {
    let mut world = World::new();
    let label = |secs: i64| format!("@{:016x}00000001", (1i64 << 62) + 10 + secs);
    NOW.set(30);
    for minute in 0..5 {
        world.write(format!("{} new msg 1\n", label(NOW.get())).as_bytes());
        world.update().unwrap();
        NOW.set(30 + 120 * minute);
    }
    NOW.set(T0 + 1000);
    world.write(format!("{} new msg 2\n", label(T0 + 900)).as_bytes());
    world.update().unwrap();
    NOW.set(T0 + 2000);
    world.flush();
    assert_eq!(world.query()["message_new"], 6);
    let state = world.job().store().read().unwrap().unwrap();
    assert!(state.bins.is_empty(), "{:?}", state.bins);
    assert_eq!(world.rows("message_new"), [(tally::bin_begin(T0 + 900, 60), 1)].into());
}

/// The RRDs, and those that were moved aside.
pub(super) fn rrds(world: &World) -> usize {
    let entries = fs::read_dir(&world.config.rrd_dir).unwrap();
    entries.filter(|e| e.as_ref().unwrap().file_name().to_string_lossy().starts_with("send.rrd")).count()
}
