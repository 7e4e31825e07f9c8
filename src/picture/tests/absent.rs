//! Counters that never moved have no data source, and are drawn as if they had one, of zeros.
use super::*;
use crate::protocol::Protocol;
use crate::protocol::send::SEND;
use crate::store::rrd::{Past, Update, Wanted, create, create_from, source_of};

/// What moves in these tests; `start_local` and `peak_local` among others do not.
const MOVING: [&str; 3] = ["message_new", "start_remote", "delivery"];

const TEMPLATE: &str = r##"
title = "Deliveries"
protocol = "send"
unit = "messages"
columns = ["avg", "max", "last", "total"]
data = [
  { name = "remote", ds = "start_remote" },
  { name = "local", ds = "start_local" },
  { name = "peak", ds = "peak_local", cf = "max" },
  { name = "both", rpn = "remote,local,+" },
]
draw = [
  { area = "remote", color = "good", legend = "remote" },
  { area = "local", color = "bad", legend = "local", stack = true },
  { line = "both", color = "blue", legend = "both" },
  { line = "peak", color = "blue", legend = "peak" },
]
"##;

fn updates(first: i64, minutes: i64) -> Vec<Update> {
    let value = |n: i64, ds: &str| if MOVING.contains(&ds) { i128::from(n % 7) } else { 0 };
    let minute = |n: i64| (first + n * 60, SEND.counters.iter().map(|c| value(n, c.ds)).collect());
    (0..minutes).filter(|n| n % 50 < 40).map(minute).collect()
}

fn wanted(protocol: &Protocol, names: &[&str]) -> Wanted {
    let sources = protocol.counters.iter().filter(|c| names.contains(&c.ds)).filter_map(source_of);
    let sources: Vec<_> = sources.collect();
    Wanted { were_zero: vec![false; sources.len()], sources }
}

fn reading(rrd: &Path, since: i64, seen: i64) -> Reading {
    Reading {
        protocol: "send",
        rrd: rrd.to_owned(),
        step: 60,
        seen,
        since,
        counters: without_values(SEND.counters),
        ..Reading::default()
    }
}

/// Against a file that has all data sources: values, edges and, to the pixel, pictures.
#[test]
fn what_has_no_data_source_is_drawn_as_zero_where_the_others_are_known() {
    let dir = tempfile::tempdir().unwrap();
    let (whole, part) = (dir.path().join("whole.rrd"), dir.path().join("part.rrd"));
    let template = template::parse("t", "t.toml", TEMPLATE, None, &[]).unwrap();
    for hours in [5, 60] {
        let first = (NOW - hours * 3_600).div_euclid(60) * 60 - 120;
        let updates = updates(first, hours * 60 - 20);
        create(&whole, &SEND, 60, &updates).unwrap();
        create_from(&part, &SEND, 60, &wanted(&SEND, &MOVING), &updates, &Past::Known(i64::MAX)).unwrap();
        for period in Period::ALL {
            let window = Window::of(period, NOW, STEP);
            let load = |path: &Path| {
                let readings = [reading(path, first, NOW - 300)];
                rows::load(&template, window.span, &readings, rows::Waiting::LeftOut, &Files::default())
                    .unwrap()
                    .unwrap()
            };
            let (whole, part) = (load(&whole), load(&part));
            assert!(part.filled[1].as_ref().unwrap().absent && !whole.filled[1].as_ref().unwrap().absent);
            let bits = |values: &rows::Values| -> Vec<Vec<u64>> {
                let of = |value: &f64| if value.is_nan() { u64::MAX } else { value.to_bits() };
                values.values.iter().map(|column| column.iter().map(of).collect()).collect()
            };
            assert_eq!(bits(&part), bits(&whole), "{period:?}, {hours} h");
            assert_eq!((&part.since, part.edge), (&whole.since, whole.edge));
            assert!(part.values[1].contains(&0.0) && !part.values[1].iter().any(|value| *value > 0.0));
            let picture = |values: &rows::Values| {
                let picture = args::Picture {
                    template: &template,
                    window: &window,
                    theme: Theme::Light,
                    format: Format::Png,
                    values: Some(values),
                    host: "",
                    time: "",
                };
                render::picture(&args::arguments(&picture), window.zone.as_deref()).unwrap()
            };
            assert!(picture(&part) == picture(&whole), "{period:?}, {hours} h");
        }
    }
}

/// A graph of nothing that ever moved is an empty frame, and stays fresh; when one of its counters joins, it is drawn.
#[test]
fn a_graph_of_nothing_that_ever_moved_is_an_empty_frame() {
    let mail = Mail::of(NOW - NOW % 86_400, Vec::new());
    // Newer than the test's binary, whose templates these are.
    let now = unix(SystemTime::now()) + 1_000;
    let first = NOW.div_euclid(60) * 60 - 7_200;
    let path = mail.dir.path().join("part.rrd");
    let make = |names: &[&str], updates: &[Update]| {
        create_from(&path, &SEND, 60, &wanted(&SEND, names), updates, &Past::Known(i64::MAX)).unwrap();
    };
    let readings = [reading(&path, first, NOW)];
    let run = |later, force| {
        let (names, themes) = (vec!["concurrency".into()], vec![Theme::Dark]);
        let options = Options { now: now + later, names, themes, force, ..mail.options() };
        let report = draw(&options, &readings).unwrap();
        assert_eq!(report.problems, Vec::<String>::new());
        (report.drawn, report.fresh)
    };
    let picture = || fs::read(mail.output().join("concurrency-day-dark.png")).unwrap();
    assert_eq!(run(0, false), (4, 0));
    let frame = picture();
    make(&MOVING, &updates(first, 60));
    assert_eq!(run(0, false), (0, 4), "nothing of it moved");
    assert_eq!(run(0, true), (4, 0));
    assert!(picture() == frame);
    assert_eq!(run(1, false), (0, 4));
    make(&[&MOVING[..], &["status"]].concat(), &updates(first, 60));
    assert_eq!(run(2, false), (4, 0), "it has something to show now");
    assert!(picture() != frame);
    assert_eq!(run(3, false), (0, 4));
    fs::remove_file(&path).unwrap();
    assert_eq!(run(4, false), (4, 0), "no data is left");
}
