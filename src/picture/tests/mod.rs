//! Pictures of real RRDs: drawn, measured, and their numbers compared with what was written.

mod arguments;
mod decoded;
mod eyes;
mod heights;
mod plateaus;
mod surroundings;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rrd::ConsolidationFn;
use rrd::ops::create::{self, Archive, DataSource, DataSourceName};
use rrd::ops::update::{self, BatchTime};

use super::args;
use super::fresh::unix;
use super::options::{at, file_name};
use super::*;
use crate::chart::period::{Period, Window};
use crate::chart::series::{Counted, DefinedBy, Measure, Series};
use crate::chart::template;
use crate::chart::template::EMBEDDED;
use crate::chart::theme::Theme;
use crate::chart::{legend, rows, text};
use crate::protocol::{CounterKind, Settings, builtin};
use crate::store::rrd::LIBRRD;

const STEP: i64 = 60;
/// 2026-11-23 11:46:40 UTC, in the middle of everything.
const NOW: i64 = 1_795_434_400;
const HEARTBEAT: u32 = 315_360_000;

const COUNTS: [&str; 12] = [
    "delivery",
    "delivery_success",
    "delivery_deferral",
    "delivery_failure",
    "message_new",
    "message_bytes",
    "status",
    "status_local_sum",
    "status_remote_sum",
    "message_end",
    "message_bounce",
    "message_info",
];
/// How many templates draw from send.rrd.
const OF_SEND: usize = 4;

const GAUGES: [&str; 4] = ["peak_local", "peak_remote", "limit_local", "limit_remote"];

/// One step: the counts, then the gauges.
type Bin = [u64; 16];

/// An RRD as the store makes it, and what was written to it.
struct Mail {
    dir: tempfile::TempDir,
    /// End of each step and what happened in it.
    bins: Vec<(i64, Bin)>,
}

impl Mail {
    /// Steps of `step` seconds from the first midnight (UTC) after `days` days before `until`.
    fn new(days: i64, until: i64, step: i64) -> Self {
        let start = (until - days * 86_400).div_euclid(86_400) * 86_400;
        let mut random = Random(42);
        let ends = (1..=(until - start) / step).map(|n| start + n * step);
        let bins = ends.map(|end| (end, traffic(end, step, &mut random))).collect();
        Self::of(start, bins)
    }

    fn of(start: i64, bins: Vec<(i64, Bin)>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("send.rrd");
        let name = |name: &str| DataSourceName::new(name).unwrap();
        let counts = COUNTS.map(|ds| DataSource::absolute(&name(ds), HEARTBEAT, Some(0), None));
        let gauges = GAUGES.map(|ds| DataSource::gauge(&name(ds), HEARTBEAT, Some(0.0), None));
        let archives = archives();
        let _librrd = LIBRRD.lock().unwrap();
        create::create(
            &path,
            at(start),
            Duration::from_secs(60),
            true,
            None,
            &[],
            counts.iter().chain(&gauges),
            &archives,
        )
        .unwrap();
        for chunk in bins.chunks(10_000) {
            let data = chunk.iter().map(|(end, bin)| {
                let values: Vec<update::Datum> = bin.iter().map(|value| (*value).into()).collect();
                (BatchTime::Timestamp(at(*end)), values)
            });
            update::update_all(&path, update::Options::default(), data).unwrap();
        }
        drop(_librrd);
        Self { dir, bins }
    }

    fn series(&self, seen: i64) -> Vec<Series> {
        let rrd = self.dir.path().join("send.rrd");
        vec![Series {
            protocol: "send".into(),
            rrd,
            step: 60,
            seen,
            since: 0,
            measured: false,
            holds: false,
            counters: Vec::new(),
        }]
    }

    /// RRDs of the other protocols too, with a bin each half hour of two days in which every counter moves.
    fn and_the_others(&self, until: i64) -> Vec<Series> {
        let mut all = self.series(NOW);
        let first = until - 2 * 86_400;
        for protocol in builtin(&Settings::default()).into_iter().filter(|p| p.name != "send") {
            let path = self.dir.path().join(format!("{}.rrd", protocol.name));
            let stored: Vec<_> = protocol.counters.iter().filter(|c| !c.ds.is_empty()).collect();
            let name = |name: &str| DataSourceName::new(name).unwrap();
            let sources: Vec<_> = stored
                .iter()
                .map(|c| match c.kind.is_gauge() {
                    true => DataSource::gauge(&name(c.ds), HEARTBEAT, Some(0.0), None),
                    false => DataSource::absolute(&name(c.ds), HEARTBEAT, None, None),
                })
                .collect();
            let archives = archives();
            let _librrd = LIBRRD.lock().unwrap();
            create::create(&path, at(first), Duration::from_secs(60), true, None, &[], &sources, &archives)
                .unwrap();
            let data = (1..=96).map(|n: u64| {
                let values: Vec<update::Datum> =
                    (0..stored.len() as u64).map(|i| ((n * (i + 3)) % 89 + 1).into()).collect();
                (BatchTime::Timestamp(at(first + 1_800 * n as i64)), values)
            });
            update::update_all(&path, update::Options::default(), data).unwrap();
            let counters = stored.iter().map(|c| Counted {
                key: c.key.to_owned(),
                ds: c.ds.to_owned(),
                measure: match c.kind {
                    CounterKind::Count => Measure::Count,
                    CounterKind::Sum | CounterKind::Net | CounterKind::Derived(_) => Measure::Amount,
                    CounterKind::Peak | CounterKind::Level => Measure::Level,
                },
                defined_by: DefinedBy::BuiltIn,
            });
            all.push(Series {
                protocol: protocol.name.into(),
                rrd: path,
                step: 60,
                seen: NOW,
                since: 0,
                measured: protocol.measured,
                holds: protocol.measured,
                counters: counters.collect(),
            });
        }
        all
    }

    fn output(&self) -> PathBuf {
        self.dir.path().join("graphs")
    }

    fn options(&self) -> Options {
        Options {
            names: Vec::new(),
            periods: Vec::new(),
            themes: Vec::new(),
            format: Format::Png,
            output: self.output(),
            templates_dir: None,
            now: NOW,
            force: false,
            host: "mx1.example.org".into(),
            figures: Vec::new(),
            pages_apart: false,
            as_root: None,
        }
    }

    /// How many of DS number `ds` were written in (start, end].
    fn sum(&self, ds: usize, start: i64, end: i64) -> u64 {
        let within = self.bins.iter().filter(|(time, _)| (start + 1..=end).contains(time));
        within.map(|(_, bin)| bin[ds]).sum()
    }
}

/// Rows as the store keeps them.
fn archives() -> Vec<Archive> {
    let of = |cf| {
        [(1, 2_880), (5, 4_032), (30, 2_976), (120, 8_772), (1_440, 3_653)]
            .map(|(steps, rows)| Archive::new(cf, 0.5, steps, rows).unwrap())
    };
    [ConsolidationFn::Avg, ConsolidationFn::Max].into_iter().flat_map(of).collect()
}

struct Random(u64);

impl Random {
    /// Between 0 and 1 (splitmix64).
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// About `mean`, scattered as counts are.
    fn count(&mut self, mean: f64) -> u64 {
        let normal = (0..6).map(|_| self.next()).sum::<f64>() - 3.0;
        (mean + normal * 1.41 * mean.sqrt() + self.next()).max(0.0) as u64
    }
}

/// A mail server's day: busy offices, quiet nights and weekends, now and then a site that is down.
fn traffic(end: i64, step: i64, random: &mut Random) -> Bin {
    let hour = (end % 86_400) as f64 / 3_600.0;
    let day = end / 86_400;
    let bump = |at: f64, width: f64| (-((hour - at) / width).powi(2)).exp();
    let weekday = if (day + 4) % 7 < 1 || (day + 4) % 7 > 5 { 0.35 } else { 1.0 };
    let season = 1.0 + 0.25 * (day as f64 / 58.0).sin() + 0.1 * (day as f64 / 3.1).sin();
    let load =
        (2.0 + 24.0 * bump(10.0, 2.2) + 19.0 * bump(15.2, 2.6) + 7.0 * bump(20.5, 1.8)) * weekday * season;
    let minutes = step as f64 / 60.0;
    let down = if day % 4 == 1 { bump(8.5, 0.9) * 26.0 } else { 0.6 };
    let success = random.count(load * minutes);
    let deferral = random.count((0.4 + down) * minutes);
    let failure = random.count(load * 0.04 * minutes);
    let delivery = success + deferral + failure;
    let (local, remote) = (0.12 * load + 0.4, 0.55 * load + 2.2 * down + 1.0);
    let status = delivery * 2;
    let sum = |mean: f64, random: &mut Random| random.count(mean * status as f64);
    [
        delivery,
        success,
        deferral,
        failure,
        success * 9 / 10,
        success * 24_000,
        status,
        sum(local, random),
        sum(remote, random),
        success * 9 / 10,
        failure / 2,
        success * 9 / 10,
        if status > 0 { random.count(local * 1.8) + 1 } else { 0 },
        if status > 0 { random.count(remote * 1.5) + 2 } else { 0 },
        10,
        20,
    ]
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn every_template_in_every_period_and_theme() {
    let mail = Mail::new(40, NOW - NOW % STEP, STEP);
    let report = draw(&mail.options(), &mail.and_the_others(NOW - NOW % STEP)).unwrap();
    let (templates, _) = template::load(None, &[]);
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!((report.drawn, report.fresh), (templates.len() * 8, 0));
    for template in &templates {
        for period in Period::ALL {
            for theme in Theme::ALL {
                let name = file_name(&template.name, period, theme, Format::Png);
                let png = fs::read(mail.output().join(&name)).unwrap();
                let (width, height) = render::size(&png).expect(&name);
                assert_eq!(width, 2 * (template.width + 81), "{name}");
                let rows = template.draw.iter().filter(|draw| draw.legend.is_some()).count() as u32;
                assert!((560..680 + 36 * rows).contains(&height), "{name}: {height}");
                assert!(png.ends_with(b"IEND\xaeB`\x82"), "{name} is whole");
            }
        }
    }
    // Nothing but pictures and the pages: no temporary file is left.
    assert_eq!(names(&mail.output()).len(), templates.len() * 9 + 1);
    let page = fs::read_to_string(mail.output().join("index.html")).unwrap();
    assert_eq!(page.matches("<img ").count(), templates.len());
}

#[test]
fn vector_pictures_too() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let options = Options { format: Format::Svg, periods: vec![Period::Day], ..mail.options() };
    let report = draw(&options, &mail.series(NOW)).unwrap();
    assert_eq!((report.drawn, report.problems.len()), (2 * EMBEDDED.len(), 0), "{report:?}");
    let svg = fs::read(mail.output().join("deliveries-day-dark.svg")).unwrap();
    assert_eq!(render::size(&svg).unwrap().0, 801);
    let page = fs::read_to_string(mail.output().join("index.html")).unwrap();
    assert!(page.contains("deliveries-day-dark.svg"), "{page}");
}

/// Legend totals are the counts that were written, whichever rows the period is drawn from, also
/// while the newest row is not over and after a quiet hour.
#[test]
fn totals_are_what_was_written() {
    let (templates, _) = template::load(None, &[]);
    let deliveries = &templates[0];
    for quiet in [0, 1_000, 5_000, 90_000] {
        let until = (NOW - quiet) / STEP * STEP;
        let mail = Mail::new(70, until, STEP);
        for period in Period::ALL {
            let span = period.span(NOW, STEP);
            let values = rows::load(deliveries, span, &mail.series(NOW));
            let values = values.unwrap().unwrap();
            for (data, ds) in [(0, 1), (1, 2), (2, 3)] {
                let (rows, edge) = (&values.values[data], values.edge);
                let total = legend::stats(rows, None, None, 60.0, span, edge).total;
                assert_eq!(total, Some(mail.sum(ds, span.start, NOW) as f64), "{period:?}, quiet {quiet}");
            }
        }
    }
}

/// The highest value of a year is that of its busiest minute.
#[test]
fn peaks_are_those_of_single_steps() {
    let mail = Mail::new(10, NOW - NOW % STEP, STEP);
    let (templates, _) = template::load(None, &[]);
    let span = Period::Year.span(NOW, STEP);
    let values = rows::load(&templates[0], span, &mail.series(NOW));
    let values = values.unwrap().unwrap();
    let stats = legend::stats(&values.values[0], Some(&values.values[3]), None, 60.0, span, values.edge);
    let highest = mail.bins.iter().map(|(_, bin)| bin[1]).max().unwrap();
    assert!((stats.max.unwrap() - highest as f64).abs() < 1e-6);
}

/// What librrd draws is what the legend is computed from: the same values at three times.
#[test]
fn librrd_sees_the_same_values() {
    let mail = Mail::new(3, NOW - 4_000, STEP);
    same_values(&mail.series(NOW));
}

/// The same of a server's first days, which begin within a row of every period.
#[test]
fn librrd_sees_the_same_values_of_a_beginning() {
    use crate::protocol::send::SEND;
    let dir = tempfile::tempdir().unwrap();
    let rrd = dir.path().join("send.rrd");
    for hours in [5, 40] {
        let first = (NOW - hours * 3_600).div_euclid(60) * 60 - 120;
        let update = |n: i64| {
            let count = |i: usize| {
                i128::from((n * 7 + i as i64) % 11) * if i.is_multiple_of(3) { 1_000_000_000 } else { 1 }
            };
            (first + n * 60, (0..SEND.counters.len()).map(count).collect::<Vec<i128>>())
        };
        let updates: Vec<_> = (0..hours * 60).map(update).collect();
        crate::store::rrd::create(&rrd, &SEND, 60, &updates).unwrap();
        let mail = Mail::of(NOW - NOW % 86_400, Vec::new());
        let series = [Series { rrd: rrd.clone(), since: first, ..mail.series(NOW)[0].clone() }];
        same_values(&series);
        // A total is what was counted, and a mean what was counted in the time that is known.
        let (templates, _) = template::load(None, &[]);
        let messages = templates.iter().find(|template| template.name == "messages").unwrap();
        let new = SEND.index("message_new").unwrap();
        let total: i128 = updates.iter().map(|(_, values)| values[new]).sum();
        let mean = total as f64 / (NOW - first) as f64;
        for period in Period::ALL.into_iter().filter(|period| period.seconds() > hours * 3_600) {
            let span = period.span(NOW, STEP);
            let values = rows::load(messages, span, &series).unwrap().unwrap();
            let data = messages.data.iter().position(|data| data.name == "new").unwrap();
            let stats = legend::stats(&values.values[data], None, None, 1.0, span, values.edge(data));
            assert_eq!(stats.total, Some(total as f64), "{period:?}, {hours} h");
            assert!(
                (stats.avg.unwrap() - mean).abs() < 1e-9 * mean,
                "{period:?}, {hours} h: {stats:?}, {mean}"
            );
            let known = values.values[data].iter().filter(|value| value.is_finite()).count() as i64;
            let rows = (span.end - first + span.row - 1) / span.row;
            assert_eq!(known, rows, "{period:?}, {hours} h");
        }
    }
}

fn same_values(series: &[Series]) {
    let (templates, _) = template::load(None, &[]);
    for template in &templates {
        for period in Period::ALL {
            let window = Window::of(period, NOW, STEP);
            let span = window.span;
            let values = rows::load(template, span, series);
            let Some(values) = values.unwrap() else { continue };
            let mut args = args::arguments(&args::Picture {
                template,
                window: &window,
                theme: Theme::Light,
                format: Format::Png,
                values: Some(&values),
                host: "",
                time: "",
            });
            // A CSV of the same definitions: rrdtool xport by another name.
            args.retain(|arg| arg.starts_with("DEF:") || arg.starts_with("CDEF:"));
            for data in 0..template.data.len() {
                args.push(format!("LINE1:d{data}#000000:d{data}"));
            }
            let fixed = ["--imgformat", "CSV", "--width", "720", "--height", "100", "--start"];
            let mut all: Vec<String> = fixed.map(String::from).into();
            all.extend([span.start.to_string(), "--end".into(), span.end.to_string()]);
            all.extend(args);
            let csv = String::from_utf8(crate::store::rrd::graph_v::graph_v(&all, None).unwrap()).unwrap();
            let mut compared = 0;
            for line in csv.lines().skip(1) {
                let cells: Vec<_> = line.split(',').map(|c| c.trim_matches('"')).collect();
                let time: i64 = cells[0].parse().unwrap();
                let row = (0..span.rows()).find(|i| span.row_end(*i) == time);
                let Some(row) = row.filter(|_| time <= values.edge.horizon) else {
                    continue;
                };
                for (data, cell) in cells[1..].iter().enumerate() {
                    let drawn: f64 = cell.to_lowercase().parse().unwrap();
                    let ours = values.values[data][row];
                    assert!(
                        drawn.is_nan() && ours.is_nan()
                            || (drawn - ours).abs() <= 1e-6 * ours.abs().max(1e-3),
                        "{} {period:?} data {data} at {time}: {drawn}, {ours}",
                        template.name
                    );
                    compared += 1;
                }
            }
            assert!(compared > 200 * template.data.len(), "{period:?}: {compared}");
        }
    }
}

#[test]
fn fresh_pictures_are_left_and_stale_ones_drawn() {
    let mail = Mail::new(2, NOW - NOW % STEP, STEP);
    // Newer than the test's binary, whose templates these are.
    let now = unix(SystemTime::now()) + 1_000;
    let options = |later| Options { names: vec!["deliveries".into()], now: now + later, ..mail.options() };
    let run = |options: &Options| {
        let report = draw(options, &mail.series(NOW)).unwrap();
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
    let absent = vec![Series { rrd: mail.dir.path().join("absent.rrd"), ..mail.series(NOW)[0].clone() }];
    for series in [&absent, &mail.series(NOW), &Vec::new()] {
        let report = draw(&mail.options(), series).unwrap();
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
    let series = vec![Series { rrd: late.clone(), ..mail.series(NOW)[0].clone() }];
    // Two graphs, of which `send` has one.
    let names: Vec<String> = ["deliveries", "queue"].map(String::from).into();
    let (all, of_send) = (8, 4);
    let run = |later| {
        let (names, themes) = (names.clone(), vec![Theme::Dark]);
        let report = draw(&Options { now: now + later, names, themes, ..mail.options() }, &series).unwrap();
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

#[test]
fn a_broken_rrd_or_template_is_told_once_and_stops_no_other() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let templates = mail.dir.path().join("templates");
    fs::create_dir(&templates).unwrap();
    let shipped = include_str!("../../../templates/deliveries.toml");
    fs::write(templates.join("no-ds.toml"), shipped.replace("delivery_success", "gone")).unwrap();
    fs::write(templates.join("broken.toml"), "title = 3").unwrap();
    fs::write(templates.join("other.toml"), shipped.replace("\"send\"", "\"other\"")).unwrap();
    let garbage = mail.dir.path().join("other.rrd");
    fs::write(&garbage, "garbage").unwrap();
    let mut series = mail.series(NOW);
    series.push(Series { protocol: "other".into(), rrd: garbage, ..series[0].clone() });
    let options = Options { templates_dir: Some(templates), ..mail.options() };
    let report = draw(&options, &series).unwrap();
    assert_eq!(report.drawn, 8 * EMBEDDED.len(), "{report:?}");
    assert_eq!(report.problems.len(), 3, "{report:?}");
    let told = report.problems.join("\n");
    assert!(told.contains("broken.toml: line 1: invalid type"), "{told}");
    assert!(told.contains("send.rrd has no `gone`; it has delivery,"), "{told}");
    assert!(told.contains("other.rrd: "), "{told}");

    let unknown = Options { names: vec!["deliverys".into()], ..options };
    let error = draw(&unknown, &series).unwrap_err().to_string();
    assert!(error.contains("there is no graph `deliverys`; there are deliveries, concurrency"), "{error}");
}

#[test]
fn a_damaged_rrd_is_not_shown_to_librrd() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let series = mail.series(NOW);
    let mut bytes = fs::read(&series[0].rrd).unwrap();
    // The step: librrd's fetch would write beyond its buffer.
    bytes[40..48].copy_from_slice(&0x3b00_0000_0000_003c_u64.to_le_bytes());
    fs::write(&series[0].rrd, bytes).unwrap();
    let report = draw(&mail.options(), &series).unwrap();
    // Those of other protocols are empty frames.
    let others = 8 * (EMBEDDED.len() - OF_SEND);
    assert_eq!((report.drawn, report.problems.len()), (others, 1), "{report:?}");
    assert!(report.problems[0].contains("send.rrd: is damaged: its header"), "{report:?}");
}

#[test]
fn a_path_with_colons_and_backslashes_is_drawn() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let mut series = mail.series(NOW);
    let odd = mail.dir.path().join("a:b\\c\\:d.rrd");
    fs::rename(&series[0].rrd, &odd).unwrap();
    series[0].rrd = odd;
    let options = Options { periods: vec![Period::Day], themes: vec![Theme::Light], ..mail.options() };
    let report = draw(&options, &series).unwrap();
    assert_eq!((report.drawn, report.problems.len()), (EMBEDDED.len(), 0), "{report:?}");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let mail = Mail::of(NOW - NOW % 86_400, Vec::new());
    let file = mail.dir.path().join("file");
    fs::write(&file, "").unwrap();
    let options = Options { output: file.join("graphs"), ..mail.options() };
    let error = draw(&options, &[]).unwrap_err().to_string();
    assert!(error.contains("file/graphs: ") && error.contains("--output"), "{error}");
}

/// Each of these is drawn as text, or refused with the key and the reason.
#[test]
fn hostile_names_are_text() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let templates = mail.dir.path().join("templates");
    fs::create_dir(&templates).unwrap();
    let hostile = [
        "a:b",
        "%n %s %lf",
        "\\l",
        "stack=1",
        "color=#ff0000",
        "skipscale=1",
        "dashes=2",
        "<script>alert(1)</script>",
        "📬 mail",
        "--title",
        "漢字 ok",
        "a\\:b",
        "$(id)",
        "\u{202e}gnp",
        "'\"`",
    ];
    let template = |name: &str| {
        let quoted = toml::Value::from(name).to_string();
        format!(
            "title = {quoted}\nprotocol = \"send\"\nunit = {quoted}\nper = \"min\"\n\
             columns = [\"total\"]\ndata = [{{ name = \"a\", ds = \"delivery\" }}]\n\
             draw = [{{ area = \"a\", color = \"good\", legend = {quoted} }},\n\
             {{ line = \"a\", color = \"bad\", legend = {quoted}, stack = true }},\n\
             {{ row = \"a\", legend = {quoted} }}]\n"
        )
    };
    for (n, name) in hostile.iter().enumerate() {
        fs::write(templates.join(format!("h{n}.toml")), template(name)).unwrap();
    }
    fs::write(templates.join("long.toml"), template(&"x".repeat(400))).unwrap();
    fs::write(templates.join("control.toml"), template("a\u{7}b")).unwrap();
    for host in hostile.into_iter().chain([&*"h".repeat(400), "a\nb\0c"]) {
        let options = Options {
            periods: vec![Period::Day],
            themes: vec![Theme::Light],
            templates_dir: Some(templates.clone()),
            host: host.to_owned(),
            force: true,
            // All names once; the others with one graph.
            names: match host {
                "a:b" => Vec::new(),
                _ => vec!["deliveries".into()],
            },
            ..mail.options()
        };
        let report = draw(&options, &mail.series(NOW)).unwrap();
        let expected = if host == "a:b" { EMBEDDED.len() + hostile.len() } else { 1 };
        assert_eq!(report.drawn, expected, "{host:?}: {report:?}");
        assert_eq!(report.problems.len(), 2, "{report:?}");
        let told = report.problems.join("\n");
        assert!(told.contains("long.toml: title: \"xxx"), "{told}");
        assert!(told.contains("control.toml: title: contains a control"), "{told}");
        let page = fs::read_to_string(mail.output().join("index.html")).unwrap();
        assert!(!page.contains("<script"), "{page}");
    }
    // Every one has the same three rows: no text broke its row or made one of its own.
    let height = |n: usize| {
        let png = fs::read(mail.output().join(format!("h{n}-day-light.png"))).unwrap();
        render::size(&png).unwrap().1
    };
    for (n, name) in hostile.iter().enumerate() {
        // Fonts for emoji and Han may be a little higher.
        assert!(height(n).abs_diff(height(3)) <= 24, "{name}: {} {}", height(n), height(3));
    }
}
