//! Logs that lost their end, or everything.
use super::*;

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
