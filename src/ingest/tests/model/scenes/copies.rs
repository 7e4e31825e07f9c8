//! What somebody copied beside a log.
use super::*;

/// Somebody copies a file that nobody has read yet, more is written to it, and the link to it moves on.
#[test]
fn a_file_that_was_copied_while_it_grew_is_no_extract_of_the_copy() {
    for (early, late) in [(1, 1), (2, 1), (1, 3), (1, 0), (0, 1)] {
        for unpacked in [true, false] {
            let mut scene = Scene::new();
            for action in [Action::Link(0), Action::Log(early), Action::Backup(0)] {
                scene.act(&action);
            }
            if !unpacked {
                let name = format!("log.{}.bak", NOW.get());
                if scene.syslog.path(&name).exists() {
                    scene.syslog.pack("gzip", &name);
                }
            }
            scene.act(&Action::Link(late));
            scene.check();
            scene.check_end();
        }
    }
}

/// A log of which somebody had made a copy is changed by a script, rotated and packed, with a few new lines at its end.
#[test]
fn few_new_lines_of_a_changed_log_count_beside_a_copy_of_its_old_text() {
    for (early, gap, late, packed) in [
        (vec![14], 10, 1, true),
        (vec![3], 10, 1, true),
        (vec![14], 10, 2, false),
        (vec![1; 30], 10, 1, true),
        (vec![1; 30], 10, 3, false),
        (vec![1; 30], 10, 0, true),
        (vec![2; 30], 1, 2, true),
    ] {
        let mut scene = Scene::new();
        let mut actions = Vec::new();
        for logins in early {
            actions.extend([Action::Log(logins), Action::Wait(gap)]);
        }
        actions.extend([Action::Backup(0), Action::RemoveLine(late, 0), Action::Rename(0)]);
        if packed {
            actions.push(Action::Pack(1, 0));
        }
        for action in actions {
            scene.act(&action);
            scene.check();
        }
        scene.check_end();
    }
}

/// A log loses its end and is rotated, and somebody had made a copy of it before.
#[test]
fn a_log_that_lost_its_end_is_known_beside_a_copy_of_the_whole() {
    for (logins, cut) in [(16, 1), (16, 50), (16, 85), (16, 300), (16, 1350), (2, 1), (1, 1), (9, 200)] {
        for spread in [0, 10] {
            let scene = Scene::new();
            let mut actions = Vec::new();
            for _ in 0..logins {
                actions.extend([Action::Log(1), Action::Wait(spread)]);
            }
            actions.extend([Action::CutTail(0), Action::Backup(0), Action::CutTail(cut), Action::Rename(0)]);
            actions.extend([Action::Log(2), Action::Rename(1)]);
            scene.play(actions);
        }
    }
}

/// A log that had been quiet for a while is copied under the name of a rotation, and a script changes it then.
#[test]
fn a_dated_copy_of_the_old_text_is_no_rotation_of_a_quiet_log() {
    for (logins, quiet) in [(4, 9), (4, 10), (4, 11), (1, 8), (1, 9), (19, 9), (19, 60)] {
        for more in [0, 1, 3] {
            Scene::new().play([
                Action::Log(logins),
                Action::Wait(quiet),
                Action::DatedCopy(0, false),
                Action::Anonymise(more),
                Action::Log(2),
                Action::Rename(1),
            ]);
        }
    }
}

/// A log loses its end and then everything, and there is a copy of it as it was.
#[test]
fn a_copy_of_the_whole_is_nothing_new_after_the_log_lost_its_end() {
    for copy in [Action::DatedCopy(0, false), Action::DatedCopy(0, true), Action::Backup(0)] {
        for (logins, cut) in [(8, 97), (8, 150), (1, 20), (16, 400)] {
            let mut scene = Scene::new();
            let log = Action::Log(logins);
            for action in
                [log, copy.clone(), Action::CutTail(cut), Action::Truncate, Action::Log(3), Action::Rename(1)]
            {
                scene.act(&action);
                scene.check();
            }
            scene.check_end();
        }
    }
}

/// A script changes a log of which somebody had made a copy under the name of a rotation.
#[test]
fn a_dated_copy_of_the_old_text_is_no_rotation() {
    for (logins, keeps_time) in [(1, true), (1, false), (4, true), (4, false), (19, true), (19, false)] {
        for more in [0, 1, 3] {
            Scene::new().play([
                Action::Log(logins),
                Action::DatedCopy(0, keeps_time),
                Action::Anonymise(more),
                Action::Log(2),
                Action::Rename(1),
            ]);
        }
    }
}

/// A log loses its end within a line beside a copy of the whole, and its writer goes on behind what was left.
#[test]
fn what_is_written_behind_the_rest_of_a_line_counts_beside_a_copy_of_the_whole() {
    for copy in [Action::DatedCopy(0, false), Action::DatedCopy(0, true), Action::Backup(0)] {
        for cut in (90..162).step_by(3) {
            let scene = Scene::new();
            let cut = Action::CutTail(cut);
            scene.play([Action::RemoveLine(2, 0), copy.clone(), cut, Action::Log(1), Action::Rename(1)]);
        }
    }
}

/// Less than a stamp is left of the log, and somebody looks before it is rotated.
#[test]
fn what_is_written_behind_the_rest_of_a_stamp_counts_beside_a_copy_of_the_whole() {
    for copy in [Action::DatedCopy(0, false), Action::DatedCopy(0, true), Action::Backup(0)] {
        for cut in 163..194 {
            let mut scene = Scene::new();
            scene.act(&Action::RemoveLine(2, 0));
            scene.act(&copy);
            scene.changing(0);
            scene.rewrite("log", |text| text[..text.len() - cut].to_owned());
            scene.later();
            scene.play([Action::Log(1), Action::Update(None), Action::Rename(1)]);
        }
    }
}

/// Somebody copies the file that a link leads to under the name of a rotation, and a script removes a line from it.
#[test]
fn a_line_is_removed_from_a_linked_file_beside_a_dated_copy() {
    for keeps_time in [false, true] {
        for line in [0, 1] {
            for logins in [0, 1] {
                Scene::new().play([
                    Action::Link(0),
                    Action::AnyName(1, 0),
                    Action::DatedCopy(0, keeps_time),
                    Action::RemoveLine(logins, line),
                ]);
            }
        }
    }
}

/// A log of which somebody had made a copy under the name of a rotation loses its end, and is emptied then.
#[test]
fn a_cut_log_is_emptied_beside_a_dated_copy() {
    for keeps_time in [false, true] {
        for cut in [1, 97, 200, 388] {
            Scene::new().play([
                Action::Log(4),
                Action::DatedCopy(0, keeps_time),
                Action::CutTail(cut),
                Action::Truncate,
                Action::Log(1),
                Action::Flush(None),
            ]);
        }
    }
}

/// An editor leaves the old file, so that the one before that is forgotten, and somebody copies that one.
#[test]
fn a_dated_copy_of_a_rotation_before_the_file_of_an_editor_counts_nothing() {
    for keeps_time in [false, true] {
        for (linger, logins) in [(1, 12), (3, 2)] {
            Scene::new().play([
                Action::Rename(linger),
                Action::Log(logins),
                Action::Editor(0),
                Action::RemoveLine(0, 2),
                Action::Rename(0),
                Action::DatedCopy(2, keeps_time),
            ]);
        }
    }
}

/// A log that lost its end is rotated beside a copy of the whole, and somebody copies what is left of it too.
#[test]
fn a_dated_copy_of_a_log_that_lost_its_end_counts_nothing() {
    for keeps_time in [false, true] {
        for cut in [3, 40] {
            let cut = Action::CutTail(cut);
            let copies = [Action::Rename(0), Action::DatedCopy(1, keeps_time)];
            Scene::new().play([Action::Anonymise(1), Action::Backup(0), cut].into_iter().chain(copies));
        }
    }
}

/// Of a log with lines of one second a copy was made before the last of them came.
#[test]
fn a_dated_copy_of_some_lines_of_a_second_tells_nothing_of_the_changed_log() {
    for keeps_time in [false, true] {
        for more in [1, 3] {
            Scene::new().play([
                Action::Log(1),
                Action::DatedCopy(0, keeps_time),
                Action::Log(more),
                Action::Anonymise(0),
            ]);
        }
    }
}

/// What a dated copy was made of is changed by a script then, with most of its lines in two seconds.
#[test]
fn a_changed_log_is_known_beside_a_dated_copy_of_many_lines_of_one_second() {
    for (first, gap, logins, late) in [(3, 10, 15, 3), (1, 20, 30, 9), (3, 10, 3, 0), (2, 100, 9, 1)] {
        for keeps_time in [false, true] {
            Scene::new().play([
                Action::Rename(0),
                Action::Anonymise(first),
                Action::Wait(gap),
                Action::Log(logins),
                Action::DatedCopy(0, keeps_time),
                Action::Anonymise(late),
            ]);
        }
    }
}

/// A dated copy of a rotation that has just been read, which a script changes then.
#[test]
fn a_dated_copy_of_a_rotation_is_not_taken_for_that() {
    for logins in [1, 2, 7] {
        for keeps_time in [false, true] {
            Scene::new().play([
                Action::Log(logins),
                Action::RestoreOlder(usize::from(logins)),
                Action::CopyTruncate,
                Action::CopyTruncate,
                Action::DatedCopy(2, keeps_time),
                Action::Anonymise(0),
            ]);
        }
    }
}

/// A dated copy of a log from before `copytruncate` made another one of it, which a script changes then.
#[test]
fn a_changed_rotation_beside_a_dated_copy_is_no_news() {
    for logins in [1, 2, 5] {
        for keeps_time in [false, true] {
            for late in [0, 2] {
                Scene::new().play([
                    Action::Log(logins),
                    Action::DatedCopy(0, keeps_time),
                    Action::CopyTruncate,
                    Action::Anonymise(late),
                    Action::Rename(late),
                ]);
            }
        }
    }
}

/// A script changed the rotation before ours, and somebody copied ours under a date before it was rotated under a number.
#[test]
fn a_dated_copy_of_a_log_is_not_taken_for_the_changed_file_before_it() {
    for (early, late) in [(1, 0), (1, 2), (3, 1)] {
        Scene::new().play([
            Action::Log(10),
            Action::Anonymise(1),
            Action::Write(vec![(0, 0)], false),
            Action::Rename(1),
            Action::Anonymise(early),
            Action::Anonymise(1),
            Action::DatedCopy(0, false),
            Action::Rename(late),
        ]);
    }
}

/// A script removes one of the few lines of a linked log of which somebody made a dated copy, and then many lines come.
#[test]
fn many_lines_after_the_rest_of_a_changed_log_make_no_new_log_of_it() {
    for (removed, many) in [(0, 8), (1, 8), (0, 3), (1, 19)] {
        Scene::new().play([
            Action::Link(0),
            Action::AnyName(0, 0),
            Action::Anonymise(1),
            Action::DatedCopy(0, false),
            Action::RemoveLine(0, removed),
            Action::Write(vec![(0, 8)], false),
            Action::Log(many),
        ]);
    }
}

/// Somebody copies a log under a date just before logrotate does so under a number: each has the other's text.
#[test]
fn of_a_dated_copy_and_the_rotation_of_the_same_text_one_counts() {
    for (early, new) in [(1, 1), (4, 3)] {
        for rotation in [Action::CopyTruncate, Action::Rename(0), Action::Rename(1)] {
            Scene::new().play([
                Action::Log(early),
                Action::RestoreOlder(1),
                Action::Rename(0),
                Action::Log(new),
                Action::Write(vec![(0, 0)], false),
                Action::DatedCopy(0, false),
                rotation,
            ]);
        }
    }
}

/// An older copy takes the place of a log of which somebody made a dated copy, and then a script changes it.
#[test]
fn a_changed_older_copy_is_known_beside_a_dated_copy_of_the_whole() {
    for (lines, removed, late) in [(2, 0, 0), (2, 1, 1), (5, 3, 2), (1, 0, 1)] {
        Scene::new().play([
            Action::Log(1),
            Action::RestoreOlder(1),
            Action::Log(10),
            Action::DatedCopy(0, false),
            Action::RestoreOlder(lines),
            Action::RemoveLine(late, removed),
            Action::Log(late),
        ]);
    }
}

/// Of a linked log somebody makes a dated copy, and then a line comes to it while the link moves.
#[test]
fn a_dated_copy_of_a_linked_log_does_not_make_an_extract_of_the_log() {
    for (early, late) in [(1, 1), (2, 1), (3, 2)] {
        Scene::new().play([
            Action::Link(0),
            Action::Anonymise(early),
            Action::DatedCopy(0, false),
            Action::Link(late),
        ]);
    }
}
