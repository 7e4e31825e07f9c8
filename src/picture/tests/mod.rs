//! Pictures of real RRDs: drawn, measured, and their numbers compared with what was written.

mod absent;
mod arguments;
mod decoded;
mod earlier;
mod eyes;
mod fresh;
mod heights;
mod plateaus;
mod problems;
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
use crate::chart::files::Files;
use crate::chart::period::{Period, Window};
use crate::chart::template;
use crate::chart::template::EMBEDDED;
use crate::chart::theme::Theme;
use crate::chart::{legend, rows, text};
use crate::protocol::{Settings, builtin};
use crate::reading::{Counter, DefinedBy, Reading};
use crate::store::rrd::LIBRRD;

const STEP: i64 = 60;
/// The counters of a reading of which only the RRD is looked at.
fn without_values<'c>(counters: impl IntoIterator<Item = &'c crate::protocol::Counter>) -> Vec<Counter> {
    let of = |counter: &crate::protocol::Counter| Counter {
        key: counter.key,
        ds: counter.ds,
        help: counter.help,
        measure: counter.kind.measure(),
        defined_by: DefinedBy::BuiltIn,
        value: None,
    };
    counters.into_iter().map(of).collect()
}

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

    fn readings(&self, seen: i64) -> Vec<Reading> {
        let rrd = self.dir.path().join("send.rrd");
        vec![Reading { protocol: "send", rrd, step: 60, seen, ..Reading::default() }]
    }

    /// RRDs of the other protocols too, with a bin each half hour of two days in which every counter moves.
    fn and_the_others(&self, until: i64) -> Vec<Reading> {
        let mut all = self.readings(NOW);
        let sections =
            builtin(&Settings::default()).into_iter().filter(|p| p.name == "send").flat_map(|p| p.sections);
        // Their counters never moved here, so that the file has no data source of them.
        for section in sections {
            let counters = without_values(section.counters.iter());
            all.push(Reading { protocol: section.name, counters, ..all[0].clone() });
        }
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
            all.push(Reading {
                protocol: protocol.name,
                rrd: path,
                step: 60,
                seen: NOW,
                measured: protocol.measured,
                counters: without_values(stored.iter().copied()),
                ..Reading::default()
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
            only_pages: false,
            host: "mx1.example.org".into(),
            pages_apart: false,
            among: None,
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
        for period in Period::USUAL {
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
    let of_overview = templates.iter().filter(|template| template.overview).count();
    assert!(page.matches("<figure ").count() == of_overview && of_overview > 15, "{of_overview}");
}

#[test]
fn vector_pictures_too() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let options = Options { format: Format::Svg, periods: vec![Period::Day], ..mail.options() };
    let report = draw(&options, &mail.readings(NOW)).unwrap();
    assert_eq!((report.drawn, report.problems.len()), (2 * EMBEDDED.len(), 0), "{report:?}");
    let svg = fs::read(mail.output().join("deliveries-day-dark.svg")).unwrap();
    assert_eq!(render::size(&svg).unwrap().0, 801);
    let page = fs::read_to_string(mail.output().join("deliveries.html")).unwrap();
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
            let values =
                rows::load(deliveries, span, &mail.readings(NOW), rows::Waiting::LeftOut, &Files::default());
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
    let values =
        rows::load(&templates[0], span, &mail.readings(NOW), rows::Waiting::LeftOut, &Files::default());
    let values = values.unwrap().unwrap();
    let stats = legend::stats(&values.values[0], Some(&values.values[3]), None, 60.0, span, values.edge);
    let highest = mail.bins.iter().map(|(_, bin)| bin[1]).max().unwrap();
    assert!((stats.max.unwrap() - highest as f64).abs() < 1e-6);
}

/// What librrd draws is what the legend is computed from: the same values at three times.
#[test]
fn librrd_sees_the_same_values() {
    let mail = Mail::new(3, NOW - 4_000, STEP);
    same_values(&mail.readings(NOW));
}

/// The same of a week before, in rows of each length that an RRD keeps of it, and where it is known in part.
#[test]
fn librrd_sees_the_same_values_of_a_week_before() {
    for days in [16, 10] {
        same_values(&Mail::new(days, NOW - NOW % STEP, STEP).readings(NOW));
    }
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
            (first + n * 60, (0..SEND.counters.len()).map(count).collect())
        };
        let updates: Vec<_> = (0..hours * 60).map(update).collect();
        crate::store::rrd::create(&rrd, &SEND, 60, &updates).unwrap();
        let mail = Mail::of(NOW - NOW % 86_400, Vec::new());
        let readings = [Reading { rrd: rrd.clone(), since: first, ..mail.readings(NOW)[0].clone() }];
        same_values(&readings);
        // A total is what was counted, and a mean what was counted in the time that is known.
        let (templates, _) = template::load(None, &[]);
        let messages = templates.iter().find(|template| template.name == "messages").unwrap();
        let new = SEND.index("message_new").unwrap();
        let total: i128 = updates.iter().map(|(_, values)| values.get(new)).sum();
        let mean = total as f64 / (NOW - first) as f64;
        for period in Period::ALL.into_iter().filter(|period| period.seconds() > hours * 3_600) {
            let span = period.span(NOW, STEP);
            let values = rows::load(messages, span, &readings, rows::Waiting::LeftOut, &Files::default())
                .unwrap()
                .unwrap();
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

fn same_values(readings: &[Reading]) {
    let (templates, _) = template::load(None, &[]);
    for template in &templates {
        for period in Period::ALL {
            let window = Window::of(period, NOW, STEP);
            let span = window.span;
            let values = rows::load(template, span, readings, rows::Waiting::LeftOut, &Files::default());
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
            args.retain(|arg| ["DEF:", "CDEF:", "SHIFT:"].iter().any(|start| arg.starts_with(start)));
            let drawn: Vec<usize> =
                (0..template.data.len()).filter(|data| values.shifts[*data].is_some()).collect();
            for data in &drawn {
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
                for (data, cell) in drawn.iter().copied().zip(&cells[1..]) {
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
            let rows = if period == Period::Hour { 40 } else { 200 };
            assert!(compared > rows * drawn.len(), "{period:?}: {compared}");
        }
    }
}
