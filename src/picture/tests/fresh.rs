//! Which pictures are drawn anew, and which are left as they are.
use super::*;

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
