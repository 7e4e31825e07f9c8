//! A log in any chunks is the whole log; a chunk is known again by its content.
use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// Cut at any byte, with queries and updates in between, rolled or orphaned: the same as the whole.
    #[test]
    fn any_cut_of_a_labelled_log_is_the_whole_log(
        choices in choices(),
        cuts in proptest::collection::vec((0usize..20_000, 0u8..6), 0..12),
    ) {
        let lines = log_of(&choices);
        let text = text_of(&lines);
        let mut cuts: Vec<(usize, u8)> = cuts.into_iter().map(|(at, what)| (at % (text.len() + 1), what)).collect();
        cuts.sort_unstable();
        let mut world = World::following();
        let mut before = BTreeMap::new();
        let mut from = 0;
        for (to, what) in cuts {
            world.write(&text[from..to]);
            from = to;
            match what {
                0 | 1 => world.roll(),
                2 => world.update().unwrap(),
                3 => world.kill_logger(),
                4 => world.turn_and_leave(),
                _ => {}
            }
            let now = world.query();
            for (key, value) in odometers(&before) {
                prop_assert!(now[key] >= value, "{key} went backwards from {value} to {}", now[key]);
            }
            before = now;
        }
        world.write(&text[from..]);
        world.roll();
        world.update().unwrap();
        check_all(&world, &lines);
    }

    /// Without labels, cut at line ends.
    #[test]
    fn any_cut_at_line_ends_of_an_unlabelled_log_is_the_whole_log(
        choices in choices(),
        cuts in proptest::collection::vec((0usize..60, 0u8..4), 0..8),
    ) {
        let lines: Vec<String> = log_of(&choices).into_iter().map(|(l, _)| l[26..].to_owned()).collect();
        let mut cuts: Vec<(usize, u8)> = cuts.into_iter().map(|(at, what)| (at % (lines.len() + 1), what)).collect();
        cuts.sort_unstable();
        let mut world = World::following();
        let mut from = 0;
        for (to, what) in cuts {
            world.write(lines[from..to].concat().as_bytes());
            from = to;
            match what {
                0 => world.roll(),
                1 => world.update().unwrap(),
                2 => world.kill_logger(),
                _ => drop(world.query()),
            }
        }
        world.write(lines[from..].concat().as_bytes());
        world.roll();
        world.update().unwrap();
        let starts = |prefix: &str| lines.iter().filter(|l| l.starts_with(prefix)).count() as i128;
        let values = world.query();
        prop_assert_eq!(values["message_new"], starts("new msg"));
        prop_assert_eq!(values["delivery"], starts("delivery "));
        prop_assert_eq!(values["message_other"], starts("warning: "));
        prop_assert!(world.archive() == lines.concat().as_bytes());
    }

    /// Any bytes: no panic, nothing lost of the archive.
    #[test]
    fn any_bytes_are_archived_as_they_are(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 1..6)) {
        let mut world = World::following();
        let mut all: Vec<u8> = Vec::new();
        for chunk in chunks {
            let chunk = [&chunk[..], b"\n"].concat();
            world.write(&chunk);
            all.extend(&chunk);
            drop(world.query());
            world.roll();
        }
        let values = world.query();
        prop_assert!(world.archive() == all);
        prop_assert_eq!(values["message_other"] + values["other"], all.split(|&b| b == b'\n').count() as i128 - 1);
    }
}

#[test]
fn a_rerun_counts_nothing_and_passes_through() {
    let lines = some_lines();
    let mut world = World::following();
    world.write(&text_of(&lines));
    world.turn();
    let copy = fs::read(world.log.join("previous")).unwrap();
    world.process().unwrap();
    fs::write(world.log.join("previous"), &copy).unwrap();
    world.process().unwrap();
    assert!(world.passed == [text_of(&lines), text_of(&lines)].concat());
    fs::write(world.log.join("@400000006abaee0408386019.u"), &copy).unwrap();
    world.update().unwrap();
    check_all(&world, &lines);
}

#[test]
fn identity_is_content_not_inode() {
    let lines = some_lines();
    let mut world = World::following();
    let (current, spare) = (world.log.join("current"), world.log.join("spare"));
    world.write(&text_of(&lines[..20]));
    world.update().unwrap();
    let inode = || file_id(&fs::metadata(&current).unwrap());
    let before = inode();
    // Numbers of inodes come back at once: the next chunk has that of the one before.
    fs::hard_link(&current, &spare).unwrap();
    world.roll();
    fs::rename(&spare, &current).unwrap();
    fs::write(&current, "").unwrap();
    world.write(&text_of(&lines[20..30]));
    assert_eq!(inode(), before);
    world.update().unwrap();
    assert_eq!(odometers(&world.query()), model(&lines[..30]));
    world.roll();
    // And a chunk that was copied has another one.
    world.write(&text_of(&lines[30..]));
    world.update().unwrap();
    fs::copy(&current, &spare).unwrap();
    fs::rename(&spare, &current).unwrap();
    world.roll();
    check_all(&world, &lines);
}

#[test]
fn an_unfinished_line_waits_for_its_rest_and_is_given_up_after_a_step() {
    let mut world = World::following();
    world.write(b"@400000006abaee0408386019 new msg 1\n@400000006abaee0408386020 new msg 2");
    world.turn();
    world.process().unwrap();
    assert_eq!(world.query()["message_new"], 1);
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 1);
    NOW.set(NOW.get() + 60);
    world.update().unwrap();
    assert_eq!(world.query()["message_new"], 2);
    // Its newline comes after all, and the next line.
    world.write(b"\n@400000006abaee0508386020 new msg 3\n");
    world.roll();
    assert_eq!(world.query()["message_new"], 3);
    assert_eq!(world.query()["message_other"], 0);
}

#[test]
fn an_orphan_without_its_newline_gets_it_when_the_next_chunk_begins() {
    let mut world = World::following();
    world.write(b"@400000006abaee0408386019 new msg 1\n@400000006abaee0408386020 delivery 1: success: long enough to be no label/");
    world.kill_logger();
    world.update().unwrap();
    world.write(b"@400000006abaee0508386020 new msg 3\n");
    world.roll();
    let text = String::from_utf8(world.archive()).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert_eq!(world.query()["delivery_success"], 1);
    assert_eq!(world.query()["message_new"], 2);
}

/// `tests/data/send/CASE.log` raises what `CASE.expected` says, written by hand: every key that it
/// does not name is 0. Read in place, and again by a roll.
#[test]
fn sample_logs_count_what_was_written_down_for_them() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/send");
    let mut cases = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "log") {
            continue;
        }
        cases += 1;
        let expected = fs::read_to_string(path.with_extension("expected")).unwrap();
        let mut want: BTreeMap<&str, String> = SEND.counters.iter().map(|c| (c.key, "0".into())).collect();
        for line in expected.lines() {
            let (key, value) = line.split_once(':').unwrap();
            *want.get_mut(key).unwrap_or_else(|| panic!("{}: {key}", path.display())) = value.to_owned();
        }
        let mut world = World::following();
        world.write(&fs::read(&path).unwrap());
        for pass in ["in place", "rolled"] {
            let got = world.query();
            // Quantiles are those of the newest day, and follow from the others.
            let is_told =
                |counter: &&crate::protocol::Counter| counter.kind.is_odometer() || !is_followed(counter.key);
            for counter in SEND.counters.iter().filter(is_told) {
                let value = crate::store::counters::format_value(counter.kind, got[counter.key]);
                assert_eq!(value, want[counter.key], "{} {pass}: {}", path.display(), counter.key);
            }
            if pass == "in place" {
                world.roll();
            }
        }
    }
    assert!(cases >= 10, "only {cases} cases");
}

#[test]
fn a_pipe_is_judged_by_its_content() {
    let world = World::following();
    let lines = some_lines();
    let feed = |bytes: &[u8], force: bool| {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        let meta = file.metadata().unwrap();
        let chunk = Chunk { file, meta, name: String::new(), role: Role::Stdin };
        let input = Input { chunk, directory: None, is_pipe: true };
        let options = Options { force, ..Options::default() };
        world.job().advance(Some(input), &mut || Ok(()), options).unwrap();
    };
    feed(&text_of(&lines[..10]), false);
    feed(&text_of(&lines[..10]), false);
    assert_eq!(odometers(&world.query()), model(&lines[..10]), "the same again");
    feed(&text_of(&lines[..25]), false);
    assert_eq!(odometers(&world.query()), model(&lines[..25]), "its extension");
    assert!(world.archive() == text_of(&lines[..25]));
    feed(&text_of(&lines[..3]), true);
    let twice: Vec<_> = lines[..25].iter().chain(&lines[..3]).cloned().collect();
    assert_eq!(odometers(&world.query()), model(&twice), "by force");
    // The last line of a closed pipe counts without its newline, and its newline is no line.
    let world = World::following();
    let feed_new = |bytes: &[u8]| {
        let mut file = tempfile::tempfile().unwrap();
        std::io::Write::write_all(&mut file, bytes).unwrap();
        let meta = file.metadata().unwrap();
        let chunk = Chunk { file, meta, name: String::new(), role: Role::Stdin };
        let input = Input { chunk, directory: None, is_pipe: true };
        world.job().advance(Some(input), &mut || Ok(()), Options::default()).unwrap();
    };
    let text = text_of(&lines[..6]);
    feed_new(&text[..text.len() - 1]);
    assert_eq!(odometers(&world.query()), model(&lines[..6]));
    feed_new(&text);
    assert_eq!(odometers(&world.query()), model(&lines[..6]));
    assert!(world.archive() == text);
    feed_new(&text_of(&lines[6..9]));
    assert_eq!(odometers(&world.query()), model(&lines[..9]));
    assert!(world.archive() == text_of(&lines[..9]));
}

/// With a counter of its own a protocol has no bulk of its own.
#[test]
fn a_counter_of_toaster_conf_changes_nothing_of_what_several_lines_say() {
    let lines = log_of(&(0..240).map(|n| ([0, 2, 2, 3, 2, 6, 0, 4, 5, 3][n % 10], 1)).collect::<Vec<_>>());
    let mut world = World::following();
    world.configure("[[counter]]\nprotocol = \"send\"\nname = \"starts\"\nmatch = \"^starting \"\n");
    world.write(&text_of(&lines[..130]));
    assert_eq!(followed(&world.query()), followed_model(&lines[..130]));
    world.roll();
    world.write(&text_of(&lines[130..]));
    assert_eq!(followed(&world.query()), followed_model(&lines));
    world.roll();
    assert_eq!(followed(&world.query()), followed_model(&lines));
    assert_eq!(world.query()["starts"], world.query()["start_delivery"]);
}

/// What was noted before a section was left out would be wrong when it is counted again.
#[test]
fn what_is_not_followed_for_a_while_is_forgotten() {
    let mut world = World::following();
    let lines = |first: usize, kinds: &[u8]| -> Vec<(String, i64)> {
        kinds
            .iter()
            .enumerate()
            .map(|(n, kind)| line_of(7 * (first + n), *kind, T0 + (first + n) as i64))
            .collect()
    };
    // Numbers of messages are those of `line_of`: all of these are of message 0.
    world.write(&text_of(&lines(0, &[0])));
    world.roll();
    world.configure("times = false\n");
    world.write(&text_of(&lines(1, &[6])));
    world.roll();
    world.configure("");
    world.write(&text_of(&lines(2, &[6])));
    world.roll();
    let values = world.query();
    assert_eq!((values["queue_unseen"], values["queue_seconds"]), (1, 0));
}
