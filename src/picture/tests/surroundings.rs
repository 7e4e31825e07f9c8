//! What stands where pictures and pages go, and what does not stand in an RRD yet.

use super::*;
use crate::reading::Measure;

/// Others may write in the directory of pictures: what is no picture there is neither waited for nor taken for one.
#[test]
fn what_is_no_picture_is_drawn_anew() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let now = unix(SystemTime::now()) + 1_000;
    let options =
        Options { names: vec!["deliveries".into()], periods: vec![Period::Day], now, ..mail.options() };
    let count = |options: &Options| draw(options, &mail.readings(NOW)).map(|report| report.drawn).unwrap();
    assert_eq!(count(&options), 2);
    assert_eq!(count(&options), 0);
    let picture = mail.output().join("deliveries-day-light.png");
    let elsewhere = mail.dir.path().join("elsewhere");
    fs::rename(&picture, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &picture).unwrap();
    assert_eq!(count(&options), 1);
    assert!(!picture.is_symlink());
    fs::write(&picture, "").unwrap();
    assert_eq!(count(&options), 1);
    fs::remove_file(&picture).unwrap();
    nix::unistd::mkfifo(&picture, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(count(&options), 1);
    let waits = mail.output().join("messages-day-light.png");
    nix::unistd::mkfifo(&waits, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(count(&options), 0);
}

#[test]
fn a_page_that_cannot_be_written_stops_no_other() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    fs::create_dir_all(mail.output().join("deliveries.html/x")).unwrap();
    let options = Options { periods: vec![Period::Day], ..mail.options() };
    let report = draw(&options, &mail.readings(NOW)).unwrap();
    assert_eq!(report.problems.len(), 1, "{report:?}");
    assert!(report.problems[0].contains("deliveries.html"), "{report:?}");
    assert!(mail.output().join("virus.html").is_file() && mail.output().join("index.html").is_file());
}

/// What toaster.conf counts since today is in the RRD after the next commit only.
#[test]
fn a_counter_that_is_not_in_the_rrd_yet_is_unknown() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let templates = mail.dir.path().join("templates");
    fs::create_dir(&templates).unwrap();
    let shipped = include_str!("../../../templates/deliveries.toml");
    fs::write(templates.join("new.toml"), shipped.replace("delivery_failure", "tomorrow")).unwrap();
    fs::write(templates.join("typo.toml"), shipped.replace("\"send\"", "\"sned\"")).unwrap();
    let mut readings = mail.readings(NOW);
    let (key, measure, defined_by) = ("tomorrow", Measure::Count, DefinedBy::BuiltIn);
    readings[0].counters.push(Counter { key, ds: key, help: "", measure, defined_by, value: None });
    let options = Options {
        names: vec!["new".into()],
        periods: vec![Period::Day],
        templates_dir: Some(templates),
        ..mail.options()
    };
    let report = draw(&options, &readings).unwrap();
    assert_eq!(report.drawn, 2, "{report:?}");
    let told = report.problems.join("\n");
    assert!(told.ends_with("typo.toml: protocol: there is no protocol `sned`; there are send"), "{told}");
}
