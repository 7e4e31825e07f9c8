//! Logs and rotations that got another name or another text.
use super::*;

/// A script changes a file that was rotated before one whose name does not tell its age.
#[test]
fn older_rotations_are_changed_while_a_link_moves() {
    let scene = Scene::new();
    let link = Action::Link(0);
    scene.play([Action::Log(1), Action::Rename(0), link.clone(), Action::Anonymise(1), link]);
}

/// A log that lost all that it had, and a rotated one that a script changed, all of one second.
#[test]
fn a_rotated_file_that_was_changed_while_the_log_is_empty_is_known() {
    Scene::new().play([Action::Rename(1), Action::Log(1), Action::CutTail(97), Action::Anonymise(0)]);
}

/// An editor gives the log another name, and the syslogd goes on in that file.
#[test]
fn what_comes_to_a_file_that_an_editor_renamed_counts() {
    for early in [1, 4] {
        for linger in [0, 1, 3] {
            Scene::new().play([
                Action::Log(early),
                Action::Editor(linger),
                Action::Log(1),
                Action::Rename(1),
                Action::Log(2),
            ]);
        }
    }
}

/// The same of a log that nobody had read.
#[test]
fn what_comes_to_a_file_that_an_editor_renamed_before_it_was_read_counts() {
    for early in [1, 4] {
        for linger in [0, 1, 3] {
            let mut scene = Scene::new();
            scene.act(&Action::Log(early));
            scene.later();
            let text = fs::read(scene.syslog.path("log")).unwrap();
            scene.syslog.rename("log", "log~");
            fs::write(scene.syslog.path("log"), text).unwrap();
            scene.log("log~", linger);
            scene.check();
            scene.act(&Action::Update(None));
            scene.play([Action::Log(1), Action::Rename(1), Action::Log(2)]);
        }
    }
}

/// Nobody writes to the file that an editor renamed until somebody has read the one that the editor made.
#[test]
fn what_comes_late_to_a_file_that_an_editor_renamed_counts() {
    for early in [1, 4] {
        for packed in [false, true] {
            let mut scene = Scene::new();
            for action in [Action::Log(early), Action::Editor(0)] {
                scene.act(&action);
            }
            let kept = format!("log.{}~", NOW.get());
            scene.act(&Action::Update(None));
            scene.later();
            for _ in 0..2 {
                scene.log(&kept, 2);
                scene.check();
                scene.act(&Action::Update(None));
            }
            // Its writer is told.
            scene.act(&Action::Log(1));
            scene.act(&Action::Rename(1));
            if packed {
                scene.syslog.pack("gzip", "log.1");
            }
            scene.play([Action::Log(2), Action::Update(None), Action::Rename(0), Action::Log(1)]);
        }
    }
}

/// A log loses its end within a line and is rotated; a line was written behind what was left, and a copy of another name or
/// under that of a rotation stands beside it.
#[test]
fn a_line_behind_what_was_left_of_another_counts_in_a_rotated_file_too() {
    for cut in [150, 227, 240, 266, 291] {
        for late in [1, 2] {
            Scene::new().play([
                Action::Backup(0),
                Action::Anonymise(1),
                Action::Log(3),
                Action::CutTail(cut),
                Action::Rename(late),
            ]);
            for keeps_time in [false, true] {
                Scene::new().play([
                    Action::Link(0),
                    Action::Log(1),
                    Action::Anonymise(3),
                    Action::DatedCopy(0, keeps_time),
                    Action::CutTail(cut),
                    Action::Link(late),
                ]);
            }
        }
    }
}

/// Names do not tell which file is younger: the one before ours, which a script changed, and a copy of what was logged after
/// ours, or what was rotated after it.
#[test]
fn what_was_logged_after_ours_is_not_taken_for_the_file_before_it() {
    let begin = || [Action::Rename(1), Action::AnyName(0, 0)];
    for (logins, more) in [(1, 0), (3, 0), (1, 2), (2, 1)] {
        for keeps_time in [false, true] {
            let copy = [Action::Anonymise(logins), Action::DatedCopy(0, keeps_time), Action::Log(more)];
            Scene::new().play(begin().into_iter().chain(copy));
            let rotated = [Action::Anonymise(logins), Action::DatedCopy(0, keeps_time), Action::Rename(more)];
            Scene::new().play(begin().into_iter().chain(rotated));
        }
        let twice = [Action::Anonymise(logins), Action::AnyName(more, 0), Action::Anonymise(0)];
        Scene::new().play(begin().into_iter().chain(twice));
    }
}

/// A log is rotated under a date after it was rotated under a name that tells no age, and a script changed the one before.
#[test]
fn a_dated_rotation_after_one_of_any_name_counts_once_beside_a_changed_older_one() {
    for logins in [1, 4] {
        for linger in [0, 2] {
            let mut scene = Scene::new();
            for action in [Action::Rename(1), Action::AnyName(0, 0), Action::Anonymise(logins)] {
                scene.act(&action);
            }
            scene.later();
            let name = format!("log-{}", NOW.get());
            scene.syslog.rename("log", &name);
            scene.log(&name, linger);
            scene.syslog.append("log", "");
            scene.check();
            scene.log("log", 2);
            scene.play([Action::Log(1), Action::Update(None)]);
        }
    }
}

/// A link to the log moves after a script wrote that and what `copytruncate` had made of it anew, in any order.
#[test]
fn what_copytruncate_made_of_a_linked_log_is_changed_before_the_link_moves() {
    for (logins, late, linger) in [(1, 1, 0), (3, 2, 1), (1, 0, 2)] {
        Scene::new().play([
            Action::Link(0),
            Action::Log(logins),
            Action::CopyTruncate,
            Action::Anonymise(late),
            Action::Link(linger),
        ]);
    }
}

/// As `what_copytruncate_made_of_a_linked_log_is_changed_before_the_link_moves`, with an empty rotation beside.
#[test]
fn an_empty_rotation_has_no_place_among_those_of_any_name() {
    for (logins, late) in [(1, 1), (4, 2)] {
        Scene::new().play([
            Action::Link(0),
            Action::Log(logins),
            Action::CopyTruncate,
            Action::Anonymise(late),
            Action::Link(0),
            Action::CopyTruncate,
        ]);
    }
}

/// An older copy of what an editor made takes its place, and then loses a line.
#[test]
fn some_lines_of_an_editors_old_text_are_known() {
    for (restored, removed, new) in
        [(2, 0, 0), (2, 1, 0), (3, 0, 0), (4, 1, 0), (2, 0, 1), (2, 1, 1), (3, 0, 2)]
    {
        Scene::new().play([
            Action::Log(2),
            Action::Wait(8),
            Action::RemoveLine(3, 0),
            Action::Editor(1),
            Action::Log(1),
            Action::RestoreOlder(restored),
            Action::RemoveLine(new, removed),
        ]);
    }
}

/// A log that was renamed to any name is rotated under a number in the second of the last line that was counted.
#[test]
fn a_numbered_rotation_of_the_last_counted_second_counts_after_one_of_any_name() {
    for (logins, late) in [(1, 1), (2, 3), (0, 2)] {
        Scene::new().play([
            Action::Log(3),
            Action::Editor(1),
            Action::Rename(1),
            Action::AnyName(logins, 0),
            Action::Update(None),
            Action::Rename(late),
        ]);
    }
}

/// A rotation is packed within the second of the last line that was counted, and its time tells that it was written to later.
#[test]
fn a_rotation_that_is_packed_within_the_last_counted_second_counts_after_one_of_any_name() {
    for program in [0, 1] {
        for (linger, late) in [(1, 0), (2, 1), (1, 2)] {
            Scene::new().play([
                Action::AnyName(0, linger),
                Action::Update(None),
                Action::Log(1),
                Action::Rename(late),
                Action::Pack(1, program),
            ]);
        }
    }
}

/// A script changes a log whose first lines an editor had copied from the file before it; then it is rotated.
#[test]
fn what_comes_late_to_the_changed_file_of_an_editor_counts() {
    // The line that is removed is one of the new ones, or one that the editor copied.
    for removed in [3, 14] {
        for late in [1, 2] {
            Scene::new().play([
                Action::Log(10),
                Action::Editor(0),
                Action::Log(19),
                Action::RemoveLine(0, removed),
                Action::Rename(late),
            ]);
        }
    }
}

/// A script changes a linked log and the copy that `copytruncate` made of it, both with lines of one second; then the link
/// moves.
#[test]
fn of_two_changed_files_that_begin_in_one_second_the_one_that_ends_first_is_older() {
    for (logins, late) in [(1, 1), (3, 1), (1, 2)] {
        Scene::new().play([
            Action::Link(0),
            Action::Log(logins),
            Action::CopyTruncate,
            Action::Log(logins),
            Action::Anonymise(late),
            Action::Link(0),
        ]);
    }
}
