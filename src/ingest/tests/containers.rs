//! Lines that a container's log holds in parts, and NUL bytes before lines: in any chunk, at any moment.
use super::streams::Site;
use super::*;
use std::io::{Seek, SeekFrom, Write};

const CRI: [&str; 6] = [
    "2026-09-28T22:45:01.123456789Z stdout F @400000006abaee0335a8c946 new msg 1\n",
    "2026-09-28T22:45:02.123456789Z stderr P delivery 1: suc\n",
    "2026-09-28T22:45:02.123456789Z stdout F end msg 1\n",
    "2026-09-28T22:45:02.123456789Z stdout P starting deliv\n",
    "2026-09-28T22:45:02.123456789Z stderr F cess: new msg 2/\n",
    "2026-09-28T22:45:02.123456789Z stdout F ery 2: msg 1 to local a@example.org\n",
];

/// What all of [`CRI`] raises.
const RAISED: [(&str, i128); 6] = [
    ("message_new", 1),
    ("message_end", 1),
    ("delivery", 1),
    ("delivery_success", 1),
    ("start_delivery", 1),
    ("start_delivery_local", 1),
];

fn raised(world: &World) -> Vec<(&'static str, i128)> {
    let mut raised: Vec<_> = odometers(&world.query()).into_iter().filter(|(_, value)| *value != 0).collect();
    raised.sort_unstable();
    raised
}

fn sorted(expected: &[(&'static str, i128)]) -> Vec<(&'static str, i128)> {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    expected
}

#[test]
fn a_line_in_parts_is_one_line_wherever_a_chunk_ends_and_whenever_it_is_read() {
    for cut in 0..=CRI.len() {
        for what in 0..4 {
            let mut world = World::new();
            world.write(CRI[..cut].concat().as_bytes());
            match what {
                0 => world.roll(),
                1 => world.update().unwrap(),
                2 => {
                    world.kill_logger();
                    world.update().unwrap();
                }
                _ => drop(world.query()),
            }
            let before = world.query();
            assert_eq!((before["other"], before["message_other"]), (0, 0), "{cut} {what}: no part is a line");
            for line in &CRI[cut..] {
                world.write(line.as_bytes());
                world.update().unwrap();
                let now = world.query();
                assert_eq!((now["other"], now["message_other"]), (0, 0), "{cut} {what}: {line}");
            }
            assert_eq!(raised(&world), sorted(&RAISED), "{cut} {what}");
            world.write(b"");
            world.roll();
            assert_eq!(raised(&world), sorted(&RAISED), "{cut} {what}, rolled");
            assert!(
                world.archive() == CRI.concat().as_bytes(),
                "{cut} {what}: the archive has the lines as they are"
            );
        }
    }
}

#[test]
fn what_stands_behind_an_unfinished_line_waits_with_it() {
    let mut world = World::new();
    world.write(CRI[..3].concat().as_bytes());
    assert_eq!(raised(&world), [("message_new", 1)], "the end of a line is a moment away");
    world.update().unwrap();
    world.write(CRI[3..5].concat().as_bytes());
    assert_eq!(
        raised(&world),
        [("message_new", 1)],
        "within stderr's line one of stdout began, which has no end yet"
    );
    world.update().unwrap();
    world.write(CRI[5].as_bytes());
    assert_eq!(raised(&world), sorted(&RAISED));
}

#[test]
fn a_line_whose_end_never_comes_counts_as_it_is() {
    let mut world = World::new();
    world.write("2026-09-28T22:45:02.1Z stderr P delivery 1: success: and then\n".as_bytes());
    world.roll();
    NOW.set(NOW.get() + 3600);
    world.update().unwrap();
    assert_eq!(raised(&world), [("delivery", 1), ("delivery_success", 1)]);
    world.write("2026-09-28T22:45:02.1Z stderr F new msg 1\n".as_bytes());
    world.roll();
    assert_eq!(raised(&world), [("delivery", 1), ("delivery_success", 1)], "its end counts nothing");
    world.write("2026-09-28T22:45:02.1Z stderr F new msg 1\n".as_bytes());
    world.roll();
    assert_eq!(raised(&world), [("delivery", 1), ("delivery_success", 1), ("message_new", 1)]);
}

#[test]
fn a_line_of_a_great_many_parts_is_one_line() {
    let part = |n: usize| format!("2026-09-28T22:45:02.1Z stdout P new msg {n} {}\n", "x".repeat(8000));
    let mut world = World::new();
    for n in 0..100 {
        world.write(part(n).as_bytes());
        if n % 9 == 0 {
            world.update().unwrap();
        }
    }
    world.write(
        "2026-09-28T22:45:02.1Z stdout F end msg 1\n2026-09-28T22:45:02.1Z stdout F end msg 2\n".as_bytes(),
    );
    world.roll();
    assert_eq!(raised(&world), [("message_end", 1), ("message_new", 1)]);
}

#[test]
fn nuls_before_the_lines_of_a_chunk() {
    let hole = [0; 5000];
    let lines: [&[u8]; 5] = [
        b"@400000006abaee0335a8c946 new msg 1\n",
        &hole,
        b"@400000006abaee0335a8c947 end msg 1\n",
        b"@400000006abaee0335a8c948 end msg 2\n",
        &hole,
    ];
    for begin in [0, 1] {
        let mut world = World::new();
        let bytes = lines[begin..].concat();
        world.write(&bytes);
        let new = 1 - begin as i128;
        let expected: Vec<_> =
            [("message_end", 2), ("message_new", new)].into_iter().filter(|r| r.1 > 0).collect();
        assert_eq!(raised(&world), expected);
        world.update().unwrap();
        world.kill_logger();
        world.update().unwrap();
        assert_eq!(raised(&world), expected, "what ends in NULs has no unfinished line");
        assert!(world.archive() == bytes);
        world.write(b"@400000006abaee0335a8c949 new msg 2\n");
        world.roll();
        assert_eq!(raised(&world), [("message_end", 2), ("message_new", new + 1)]);
    }
}

const LOGIN: &str = "mx1 vpopmail[1]: vchkpw-pop3: (PLAIN) login success alice@example.org:192.0.2.7\n";

fn logins(site: &Site) -> i128 {
    site.query().into_iter().find(|(key, _)| key == "pop3 pop3_success").unwrap().1
}

/// Writes at `place` of the syslog, as a program does that keeps its own offset.
fn write_at(site: &Site, place: u64, bytes: &[u8]) {
    let path = site.dir.path().join("maillog");
    let mut file = File::options().write(true).create(true).truncate(false).open(path).unwrap();
    file.seek(SeekFrom::Start(place)).unwrap();
    file.write_all(bytes).unwrap();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_700_000);
    file.set_times(FileTimes::new().set_modified(time)).unwrap();
}

#[test]
fn a_hole_in_a_syslog_after_a_crash() {
    let login = |second: u32| format!("Sep 28 22:45:{second:02} {LOGIN}");
    let site = Site::new();
    write_at(&site, 0, login(1).as_bytes());
    site.update();
    // The hole begins where counting went on, and ends beyond the largest block that is read at once.
    let place = login(1).len() as u64 + 700_000;
    write_at(&site, place, (login(2) + &login(3)).as_bytes());
    for _ in 0..2 {
        assert_eq!(logins(&site), 3);
        site.update();
    }
    write_at(&site, place + 2 * login(2).len() as u64, login(4).as_bytes());
    for _ in 0..2 {
        assert_eq!(logins(&site), 4);
        site.update();
    }
}

#[test]
fn room_that_was_reserved_behind_the_last_line() {
    let login = |second: u32| format!("Sep 28 22:45:{second:02} {LOGIN}");
    let site = Site::new();
    let mut place = 0;
    for second in 1..=5 {
        write_at(&site, 0, b"");
        File::options().write(true).open(site.dir.path().join("maillog")).unwrap().set_len(1 << 20).unwrap();
        write_at(&site, place, login(second).as_bytes());
        place += login(second).len() as u64;
        for _ in 0..2 {
            assert_eq!(logins(&site), i128::from(second));
            site.update();
        }
    }
    // Rotated: what it ends in is no line, and the next file is.
    let path = site.dir.path().join("maillog");
    fs::rename(&path, path.with_extension("1")).unwrap();
    write_at(&site, 0, login(6).as_bytes());
    for _ in 0..2 {
        assert_eq!(logins(&site), 6);
        site.update();
    }
}

#[test]
fn a_writer_that_keeps_its_offset_when_the_file_is_copied_and_truncated() {
    let login = |second: u32| format!("Sep 28 22:45:{second:02} {LOGIN}");
    for is_read_before in [false, true] {
        let site = Site::new();
        let path = site.dir.path().join("maillog");
        let (mut place, mut written) = (0, 0);
        let mut write = |second: u32| {
            write_at(&site, place, login(second).as_bytes());
            place += login(second).len() as u64;
            written += 1;
            written
        };
        for second in 1..=6 {
            let written = write(second);
            if is_read_before || second == 1 {
                site.update();
                assert_eq!(logins(&site), written);
            }
            if second % 2 == 0 {
                let _ = fs::rename(path.with_extension("2"), path.with_extension("3"));
                let _ = fs::rename(path.with_extension("1"), path.with_extension("2"));
                fs::copy(&path, path.with_extension("1")).unwrap();
                File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
                if second < 6 {
                    // Behind the hole that truncation left, and of the very second in which counting stopped.
                    write(second);
                }
            }
        }
        site.update();
        assert_eq!(logins(&site), 8, "{is_read_before}");
    }
}
