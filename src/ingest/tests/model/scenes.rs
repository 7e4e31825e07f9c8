//! What the model found: each a short sequence that once lost a line or counted one twice.
use super::*;

impl Scene {
    /// Does these actions, looks after each whether a query is right, and at the end whether everything is.
    fn play(mut self, actions: impl IntoIterator<Item = Action>) {
        for action in actions {
            self.act(&action);
            self.check();
        }
        self.check_end();
    }
}

/// A log that was cut within its first line, and written to before anybody looked.
#[test]
fn what_is_written_behind_a_cut_first_line_counts() {
    for cut in 1..120 {
        Scene::new().play([Action::RemoveLine(3, 0), Action::CutTail(291 - cut), Action::Log(1)]);
    }
}

/// The same, and somebody looked before it was written to: what was left may be less than a stamp.
#[test]
fn what_is_written_behind_a_cut_first_line_counts_after_a_look_at_what_was_left() {
    for cut in 1..80 {
        Scene::new().play([
            Action::Rename(1),
            Action::Anonymise(1),
            Action::CutTail(84 - cut),
            Action::RestoreOlder(1),
            Action::Log(1),
        ]);
    }
}

/// A script changes a file that was rotated before one whose name does not tell its age.
#[test]
fn older_rotations_are_changed_while_a_link_moves() {
    let scene = Scene::new();
    let link = Action::Link(0);
    scene.play([Action::Log(1), Action::Rename(0), link.clone(), Action::Anonymise(1), link]);
}

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

/// A log loses all but less than a stamp, then that too, and is written to again and renamed before anybody looked.
#[test]
fn what_is_written_to_a_log_that_lost_everything_counts() {
    for (first, second) in [(176, 18), (150, 60), (100, 200), (190, 10), (60, 150), (120, 71), (120, 85)] {
        for (logins, linger) in [(0, 0), (1, 0), (0, 1), (3, 2)] {
            Scene::new().play([
                Action::RemoveLine(2, 0),
                Action::CutTail(first),
                Action::CutTail(second),
                Action::AnyName(logins, linger),
            ]);
        }
    }
}

/// A rotated log is packed, and the log is emptied twice after further rotations.
#[test]
fn a_log_that_is_emptied_after_rotations_counts_once() {
    Scene::new().play([
        Action::Rename(1),
        Action::Rename(0),
        Action::Pack(2, 0),
        Action::Log(1),
        Action::Rename(0),
        Action::Log(1),
        Action::Truncate,
        Action::Truncate,
    ]);
}

/// A file that was cut is rotated, and a script changes it and the live one, of one line.
#[test]
fn a_cut_file_that_was_rotated_is_changed() {
    let mut scene = Scene::new();
    for action in
        [Action::Anonymise(2), Action::CutTail(143), Action::Rename(0), Action::Log(1), Action::Anonymise(0)]
    {
        scene.act(&action);
        scene.check();
    }
    scene.check_end();
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

/// The same of a log that had been quiet for a while.
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

/// A log that was cut to less than a line is put back from a copy and rotated, and its writer goes on behind what was left.
#[test]
fn what_is_written_behind_the_rest_of_a_line_counts_after_a_rotation() {
    for cut in 100..190 {
        let mut scene = Scene::new();
        for action in
            [Action::RemoveLine(2, 0), Action::CutTail(cut), Action::RestoreOlder(1), Action::Rename(1)]
        {
            scene.act(&action);
            scene.check();
        }
        scene.check_end();
    }
}

/// The same beside a copy of the whole, and without a rotation.
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

/// A log is copied and emptied, what was emptied is renamed, and all of it is of one second.
#[test]
fn a_log_that_was_emptied_and_renamed_is_followed_by_a_new_one() {
    for (early, late) in [(1, 0), (1, 1), (3, 1), (3, 4)] {
        for linger in [0, 1, 2] {
            Scene::new().play([
                Action::Log(early),
                Action::Update(None),
                Action::CopyTruncate,
                Action::Log(late),
                Action::Rename(linger),
                Action::Log(1),
                Action::Rename(0),
                Action::Log(2),
            ]);
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

/// A log lost all but a part of a stamp, and that was read; then it was emptied, and what is written to it begins in the
/// same way.
#[test]
fn what_is_written_to_an_emptied_log_that_begins_as_the_rest_of_it_counts() {
    for left in 1..32 {
        for logins in [1, 2] {
            Scene::new().play([
                Action::Anonymise(2),
                Action::CutTail(168 - left),
                Action::Truncate,
                Action::Log(logins),
            ]);
        }
    }
}

/// An editor's backup has the old text; of what the editor made only a part of a stamp was left when it was written to.
#[test]
fn a_line_behind_a_part_of_a_stamp_counts_beside_the_old_text() {
    for left in 1..32 {
        Scene::new().play([
            Action::Log(5),
            Action::Editor(0),
            Action::CutTail(78),
            Action::CutTail(407 - left),
            Action::Log(2),
        ]);
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
