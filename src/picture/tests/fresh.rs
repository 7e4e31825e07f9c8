//! Which pictures and pages are made anew, and which are left as they are.
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::*;
use crate::reading::{Measure, Value};

#[test]
fn fresh_pictures_are_left_and_stale_ones_drawn() {
    let mail = Mail::new(2, NOW - NOW % STEP, STEP);
    // Newer than the test's binary, whose templates these are.
    let now = unix(SystemTime::now()) + 1_000;
    let options = |later| Options { names: vec!["deliveries".into()], now: now + later, ..mail.options() };
    let run = |options: &Options| {
        let report = draw(options, &mail.readings(NOW)).unwrap();
        (report.drawn, report.fresh)
    };
    assert_eq!(run(&options(0)), (8, 0));
    assert_eq!(run(&options(119)), (0, 8));
    assert_eq!(run(&options(120)), (2, 6), "the day, of both themes");
    assert_eq!(run(&options(900)), (4, 4), "day and week");
    assert_eq!(run(&options(-5_000)), (8, 0), "the clock was set back");
    let forced = Options { force: true, ..options(0) };
    assert_eq!(run(&forced), (8, 0));

    // A changed template is a changed picture.
    let dir = mail.dir.path().join("templates");
    fs::create_dir(&dir).unwrap();
    let file = dir.join("deliveries.toml");
    fs::write(&file, include_str!("../../../templates/deliveries.toml")).unwrap();
    let changed = |time| fs::File::open(&file).unwrap().set_modified(at(time)).unwrap();
    let options = Options { templates_dir: Some(dir.clone()), ..options(1) };
    changed(now - 10);
    assert_eq!(run(&options), (0, 8));
    changed(now + 1);
    assert_eq!(run(&options), (8, 0));
}

/// That of an hour is drawn where it is asked for, and anew in each minute.
#[test]
fn the_hour_is_drawn_each_minute_where_it_is_asked_for() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let now = (unix(SystemTime::now()) + 1_000) / 60 * 60;
    let of = |periods: &[Period], later, reading: &[Reading]| {
        let (names, periods) = (vec!["deliveries".into()], periods.to_vec());
        let report = draw(&Options { names, periods, now: now + later, ..mail.options() }, reading).unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        (report.drawn, report.fresh)
    };
    let run = |later, reading: &[Reading]| of(&[Period::Hour], later, reading);
    let readings = mail.readings(NOW);
    assert_eq!(of(&[Period::Week], 0, &readings), (2, 0));
    assert_eq!(run(1, &readings), (2, 0));
    assert_eq!(run(59, &readings), (0, 2));
    // A cron that is a second early is not left out.
    assert_eq!(run(60, &readings), (2, 0));
    let page = || fs::read_to_string(mail.output().join("deliveries.html")).unwrap();
    assert!(page().contains("Last hour") && page().contains("deliveries-hour-dark.png"), "{}", page());
    let index = fs::read_to_string(mail.output().join("index.html")).unwrap();
    assert!(!index.contains("-hour-"), "{index}");
    // Without data it is an empty frame, and drawn as soon as there is some.
    assert_eq!(run(61, &[]), (2, 0));
    assert_eq!(run(62, &[]), (0, 2));
    assert_eq!(run(63, &readings), (2, 0));
    // The usual pictures do not become more, and an hour that is over is no last hour.
    assert_eq!(of(&[], 3_663, &readings), (8, 0));
    assert!(!page().contains("Last hour"), "{}", page());
}

#[test]
fn without_data_there_is_an_empty_frame_until_there_is_some() {
    let mail = Mail::of(NOW - NOW % 86_400, Vec::new());
    let absent = vec![Reading { rrd: mail.dir.path().join("absent.rrd"), ..mail.readings(NOW)[0].clone() }];
    for readings in [&absent, &mail.readings(NOW), &Vec::new()] {
        let report = draw(&mail.options(), readings).unwrap();
        assert_eq!((report.drawn, report.fresh), (8 * EMBEDDED.len(), 0), "{report:?}");
        assert_eq!(report.problems, Vec::<String>::new());
    }
}

/// A server that has one protocol only does not draw the empty frames of the others every five minutes.
#[test]
fn an_empty_frame_is_fresh_until_there_is_data_or_a_pixel_passes() {
    let mail = Mail::new(2, NOW - NOW % STEP, STEP);
    // Newer than the test's binary, whose templates these are.
    let now = unix(SystemTime::now()) + 1_000;
    let late = mail.dir.path().join("late.rrd");
    let readings = vec![Reading { rrd: late.clone(), ..mail.readings(NOW)[0].clone() }];
    // Two graphs, of which `send` has one.
    let names: Vec<String> = ["deliveries", "queue"].map(String::from).into();
    let (all, of_send) = (8, 4);
    let run = |later| {
        let (names, themes) = (names.clone(), vec![Theme::Dark]);
        let report = draw(&Options { now: now + later, names, themes, ..mail.options() }, &readings).unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        (report.drawn, report.fresh)
    };
    assert_eq!(run(0), (all, 0));
    assert_eq!(run(119), (0, all));
    assert_eq!(run(120), (all / 4, all - all / 4), "the days");
    fs::rename(mail.dir.path().join("send.rrd"), &late).unwrap();
    assert_eq!(run(121), (of_send, all - of_send), "all of what has data now");
    assert_eq!(run(122), (0, all));
    fs::remove_file(&late).unwrap();
    assert_eq!(run(123), (of_send, all - of_send), "no data is left");
    assert_eq!(run(124), (0, all));
}

/// The pages say when they were made. Where that is all that would change, they are left alone for less than a minute.
#[test]
fn a_page_is_written_again_when_something_on_it_changes_or_a_minute_passed() {
    let mail = Mail::new(2, NOW - NOW % STEP, STEP);
    let now = unix(SystemTime::now()) + 1_000;
    let reading = |total| {
        let value = Some(Value { total, today: Some(7), moved: true });
        let (key, defined_by) = ("delivery_success", DefinedBy::BuiltIn);
        let counter = Counter { key, ds: key, help: "help", measure: Measure::Count, defined_by, value };
        vec![Reading { counters: vec![counter], ..mail.readings(NOW)[0].clone() }]
    };
    let own = mail.dir.path().join("templates");
    fs::create_dir(&own).unwrap();
    let all = Options { templates_dir: Some(own.clone()), pages_apart: false, ..mail.options() };
    let graphs = &all.output;
    // Each page's inode, which another one takes the place of when it is written, and its text.
    let written = |options: &Options, later, total| -> Vec<(u64, String)> {
        let report = draw(&Options { now: now + later, ..options.clone() }, &reading(total)).unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        ["index.html", "deliveries.html", "queue.html"]
            .map(|name| {
                let file = graphs.join(name);
                (fs::metadata(&file).unwrap().ino(), fs::read_to_string(&file).unwrap())
            })
            .into()
    };
    let mut before = written(&all, 0, 1_234);
    let mut run = |options: &Options, later, total| {
        let after = written(options, later, total);
        let are_new: Vec<bool> = before.iter().zip(&after).map(|(old, new)| old.0 != new.0).collect();
        before = after;
        are_new
    };
    let (kept, new, deliveries, queue) = ([false; 3], [true; 3], [false, true, false], [false, false, true]);
    assert_eq!(run(&all, 0, 1_234), kept);
    assert_eq!(run(&all, 59, 1_234), kept);
    assert_eq!(run(&all, 60, 1_234), new, "a minute passed");
    assert_eq!(run(&all, 61, 1_234), kept);
    assert_eq!(run(&all, 62, 1_235), deliveries, "a counter moved that stands on one page");
    assert_eq!(run(&Options { host: "mx2".into(), ..all.clone() }, 63, 1_235), new, "another name");
    assert_eq!(run(&all, 64, 1_235), new, "the name that it had");
    assert_eq!(run(&Options { force: true, ..all.clone() }, 65, 1_235), new, "it was asked for");
    assert_eq!(run(&all, 60, 1_235), new, "the clock was set back");
    let page = graphs.join("queue.html");
    let text = fs::read_to_string(&page).unwrap();
    let edit = |text: &str, mode| {
        fs::write(&page, text).unwrap();
        fs::set_permissions(&page, fs::Permissions::from_mode(mode)).unwrap();
        fs::File::open(&page).unwrap().set_modified(at(now + 60)).unwrap();
    };
    edit(&text.replace("Queue", "Queen"), 0o644);
    assert_eq!(run(&all, 61, 1_235), queue, "somebody edited it");
    edit(&fs::read_to_string(&page).unwrap(), 0o600);
    assert_eq!(run(&all, 62, 1_235), queue, "nobody may read it");
    fs::remove_file(graphs.join("messages-week-dark.png")).unwrap();
    assert_eq!(run(&all, 63, 1_235), new, "a picture was gone, and was drawn");
    fs::write(own.join("index.html"), "{{ host }} at {{ datetime }}").unwrap();
    assert_eq!(run(&all, 64, 1_235), [true, false, false], "it has a template of its own");
    assert_eq!(run(&all, 65, 1_235), kept);
    fs::write(own.join("index.html"), "{{ host }}, at {{ datetime }}").unwrap();
    assert_eq!(run(&all, 66, 1_235), [true, false, false], "that changed");
}
