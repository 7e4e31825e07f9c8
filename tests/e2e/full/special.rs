//! What the table of places has no row for: holes, new data sources, orphans, compression, large queries.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use super::{Place, World, parts};
use crate::support::disks::{self, Disk, Left};
use crate::support::store::{MAILLOGS, Store, assert_same_bytes, name_of, stderr};
use crate::support::{count, traffic};

/// The TAI64N label of a time.
fn label(unix: i64) -> String {
    format!("@{:016x}00000001", (1i64 << 62) + 10 + unix)
}

/// 2023-11-10 12:00 UTC.
const NOON: i64 = 1_699_617_600;

/// A restored RRD may have holes where it was zero, for which no page can be had.
#[test]
fn an_rrd_with_holes_on_a_full_disk() {
    if !disks::are_ours(module_path!(), "an_rrd_with_holes_on_a_full_disk") {
        return;
    }
    let world = World::new(Place::Rrd, "");
    let line = |unix: i64| format!("{} new msg 1\n", label(unix)).into_bytes();
    // What moves has a data source: with many of them a row is wide, and zeros fill whole pages.
    let texts = [
        "info msg 1: bytes 100 from <a@example.org> qp 1 uid 2",
        "starting delivery 1: msg 1 to remote b@example.com",
        "status: local 1/10 remote 2/20",
        "delivery 1: success: fine/",
        "starting delivery 2: msg 1 to local c@example.org",
        "delivery 2: deferral: later/",
        "end msg 1",
    ];
    let many: Vec<u8> =
        texts.iter().flat_map(|text| format!("{} {text}\n", label(NOON)).into_bytes()).collect();
    // Three days without a line: all rows of a minute are zero.
    let mut log = [line(NOON), many, line(NOON + 3 * 86_400)].concat();
    world.roll(&log);
    world.store.flush();
    let rrd = world.store.rrd();
    let restored = world.store.path("restored.rrd");
    for (from, to) in [(&rrd, &restored), (&restored, &rrd)] {
        let copied =
            Command::new("cp").args(["--sparse=always", "-p"]).args([from, to]).status().expect("cp");
        assert!(copied.success());
    }
    let has_holes = |of: &fs::Metadata| of.blocks() * 512 + 100_000 < of.len();
    assert!(has_holes(&fs::metadata(&rrd).expect("the RRD")), "no hole was made");
    world.disk.fill(Left::Pages(0));
    for hours in 1..4 {
        let chunk = line(NOON + 3 * 86_400 + hours * 3_600 + 270);
        world.roll(&chunk);
        log.extend(&chunk);
        world.query(&count::count(&log));
        let output = world.store.maillogs(&["update", "--flush"]);
        assert!(output.status.success(), "{}: {}", output.status, stderr(&output));
        assert!(stderr(&output).contains("send.rrd"), "{:?}", stderr(&output));
        world.query(&count::count(&log));
    }
    world.disk.make_room();
    // Rows of a minute are kept for two days. The last line is in the last minute of a longer row.
    world.holds_once_by(300, &log);
}

#[test]
fn an_rrd_whose_new_data_source_finds_no_room() {
    if !disks::are_ours(module_path!(), "an_rrd_whose_new_data_source_finds_no_room") {
        return;
    }
    let [before, chunk, after] = parts();
    // Of the pages that the file has now: the new one needs more than all of them.
    for fifths in [0, 2, 5] {
        let world = World::new(Place::Rrd, "");
        world.roll(&before);
        world.store.flush();
        let pages = fs::metadata(world.store.rrd()).expect("the RRD").len() / 4096;
        let left = pages * fifths / 5;
        let config = fs::read_to_string(world.store.config()).expect("toaster.conf");
        let own = "[[counter]]\nprotocol = \"send\"\nname = \"triple\"\nmatch = \"^triple\"\n";
        fs::write(world.store.config(), config + own).expect("toaster.conf");
        world.disk.fill(Left::Pages(left));
        world.roll(&chunk);
        let so_far = [before.clone(), chunk.clone()].concat();
        world.query(&count::count(&so_far));
        let output = world.update();
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(stderr(&output).contains("send.rrd"), "{:?}", stderr(&output));
        world.disk.make_room();
        world.holds_once(&so_far);
        world.roll(&after);
        world.holds_once(&[so_far, after.clone()].concat());
    }
}

/// An update archives the chunks of a logger that died.
#[test]
fn orphans_wait_for_room_in_the_archive() {
    if !disks::are_ours(module_path!(), "orphans_wait_for_room_in_the_archive") {
        return;
    }
    let [before, chunk, after] = parts();
    let most = chunk.len() as u64 / 4096;
    for left in [Left::Pages(0), Left::Pages(1), Left::Pages(most / 2), Left::Inodes(0), Left::Inodes(2)] {
        let world = World::new(Place::Archive, "");
        let log = [before.clone(), chunk.clone()].concat();
        world.roll(&before);
        world.turn(&chunk);
        world.kill_logger();
        world.disk.fill(left);
        for _ in 0..2 {
            world.query(&count::count(&log));
            let output = world.update();
            let code = if left == Left::Inodes(2) { 0 } else { 1 };
            assert_eq!(output.status.code(), Some(code), "{left:?}: {}", stderr(&output));
            assert!(!world.stands().contains('+'), "it was taken back at once");
        }
        // A roll archives what nobody did before, too.
        if left != Left::Inodes(2) {
            world.turn(&after);
            assert_eq!(world.process(&after).status.code(), Some(111));
            world.query(&count::count(&[log.clone(), after.clone()].concat()));
        }
        world.disk.make_room();
        world.update();
        if world.previous().exists() {
            assert!(world.process(&after).status.success());
        } else {
            world.roll(&after);
        }
        world.holds_once(&[log, after.clone()].concat());
    }
}

/// Days that are over are compressed as soon as there is room for that; till then they stay as they are.
#[test]
fn a_day_is_not_compressed_without_room() {
    if !disks::are_ours(module_path!(), "a_day_is_not_compressed_without_room") {
        return;
    }
    let log = traffic(92, 0.3, 1.0);
    for left in [Left::Pages(0), Left::Pages(3), Left::Inodes(0)] {
        let world = World::new(Place::Archive, "");
        world.roll(&log);
        let days = world.store.archive();
        for day in days.keys() {
            let file = File::options().write(true).open(world.store.base().join(day).join("sendlog"));
            file.expect("a day")
                .set_modified(UNIX_EPOCH + Duration::from_secs(1_700_000_000))
                .expect("utimes");
        }
        world.disk.fill(left);
        let output = world.update();
        assert_eq!(output.status.code(), Some(1), "{left:?}");
        assert!(stderr(&output).contains("sendlog.gz"), "{:?}", stderr(&output));
        world.query(&count::count(&log));
        assert_eq!(world.store.archive(), days, "{left:?}");
        world.disk.make_room();
        assert!(world.update().status.success());
        assert_eq!(world.store.archive(), days, "{left:?}");
        for day in days.keys() {
            let entries = fs::read_dir(world.store.base().join(day)).expect("a day");
            let names: Vec<String> =
                entries.map(|e| name_of(&e.expect("a file").path()).to_owned()).collect();
            assert_eq!(names, ["sendlog.gz"], "{day}");
        }
        world.holds_once(&log);
    }
}

/// A query that finds much would like to keep it.
#[test]
fn a_large_query_on_a_full_disk_answers() {
    if !disks::are_ours(module_path!(), "a_large_query_on_a_full_disk_answers") {
        return;
    }
    let log = traffic(93, 0.3, 1.0);
    assert!(log.len() > 1 << 20, "{} bytes", log.len());
    for place in [Place::State, Place::Counters, Place::All] {
        for left in [Left::Pages(0), Left::Pages(3), Left::Inodes(0), Left::Inodes(1)] {
            let world = World::new(place, "");
            fs::write(world.store.logs().join("current"), &log).expect("current");
            world.disk.fill(left);
            for _ in 0..2 {
                world.query(&count::count(&log));
            }
            world.disk.make_room();
            world.query(&count::count(&log));
            fs::remove_file(world.store.logs().join("current")).expect("current");
            world.roll(&log);
            world.holds_once(&log);
        }
    }
}

/// The device whose every write finds no room.
#[test]
fn a_stdout_that_takes_nothing() {
    let (store, log) = (Store::with("providers = false\ntimes = false"), traffic(94, 0.02, 1.0));
    let previous = store.logs().join("previous");
    fs::write(&previous, &log).expect("previous");
    let roll = |stdout: File| {
        let mut sendlog = store.command(store.sendlog());
        sendlog.current_dir(store.logs()).stdin(File::open(&previous).expect("previous")).stdout(stdout);
        sendlog.stderr(Stdio::piped()).output().expect("sendlog")
    };
    let full = File::options().write(true).open("/dev/full").expect("/dev/full");
    let output = roll(full.try_clone().expect("a descriptor"));
    assert_eq!(output.status.code(), Some(111), "{}", stderr(&output));
    assert!(stderr(&output).contains("standard output"), "{:?}", stderr(&output));
    assert!(store.archived().is_empty());
    store.query().assert_counts(&count::count(&log));
    let output = store.command(MAILLOGS).arg("send").stdout(full).output().expect("maillogs");
    assert_eq!(output.status.code(), Some(1), "a query that could not be printed");
    let processed = store.path("processed");
    assert!(roll(File::create(&processed).expect("processed")).status.success());
    assert_same_bytes("passed through", &fs::read(processed).expect("processed"), &log);
    assert_same_bytes("the archive", &store.archived(), &log);
    store.query().assert_counts(&count::count(&log));
}

/// The directories that look like small disks where none can be mounted, by what dd and mkdir say of them.
#[test]
fn a_directory_is_a_small_disk_to_programs_that_it_is_shown_to() {
    let place = tempfile::tempdir().expect("a directory");
    let dir = place.path().join("small");
    let disk = Disk::in_directory(&dir, 10, 6);
    let run = |program: &str, arguments: &[&str]| {
        let mut command = Command::new(program);
        command.args(arguments).current_dir(place.path());
        disks::shown_to(&mut command);
        let output = command.output().expect("a program");
        (output.status.success(), stderr(&output).contains("No space left on device"))
    };
    let size = |name: &str| fs::metadata(place.path().join(name)).expect("a file").len();
    let dd = |name: &str, more: &[&str]| {
        let of = format!("of={name}");
        run("dd", &[&["if=/dev/zero", of.as_str(), "conv=notrunc"], more].concat())
    };
    // 6 of 10 pages, then what is left of the 8 that are asked for.
    assert_eq!(dd("small/one", &["bs=4096", "count=6"]), (true, false));
    assert_eq!(dd("small/two", &["bs=32768", "count=1"]), (false, true));
    assert_eq!((size("small/one"), size("small/two")), (6 * 4096, 4 * 4096));
    // What is there may be written to again; a file that begins with a hole finds no page.
    assert_eq!(dd("small/one", &["bs=1000", "count=10", "seek=3"]), (true, false));
    assert_eq!(dd("small/hole", &["bs=1", "count=1", "seek=100000"]), (false, true));
    assert_eq!(run("fallocate", &["-l", "4097", "small/hole"]), (false, true));
    fs::remove_file(dir.join("two")).expect("removing");
    assert_eq!(run("fallocate", &["-l", "16384", "small/three"]), (true, false));
    assert_eq!(dd("small/hole", &["bs=1", "count=1"]), (false, true));
    // one, hole, three, and three more.
    assert_eq!(run("mkdir", &["small/a", "small/b"]), (true, false));
    assert_eq!(run("ln", &["-s", "x", "small/c"]), (true, false));
    for (program, arguments) in [("mkdir", ["small/a/d"]), ("touch", ["small/a/e"])] {
        assert_eq!(run(program, &arguments), (false, true), "{program}");
    }
    assert_eq!(run("touch", &["small/one", "beside"]), (true, false));
    disk.fill(Left::Pages(2));
    assert_eq!(dd("small/hole", &["bs=4096", "count=3"]), (false, true));
    assert_eq!(size("small/hole"), 2 * 4096);
    disk.make_room();
    disk.fill(Left::Inodes(1));
    assert_eq!(run("touch", &["small/f"]), (true, false));
    assert_eq!(run("touch", &["small/g"]), (false, true));
}
