//! Pictures of a real RRD, beside what `rrdtool fetch` reads of it.

use std::ops::Range;
use std::path::Path;
use std::process::Command;

use super::*;
use crate::chart::files::Files;

const SOURCES: [&str; 4] = ["delivery_success", "delivery_deferral", "delivery_failure", "delivery"];

/// When counting began, and the time of which nothing is known: rows of two hours, and of less.
pub(crate) const BEGIN: i64 = END - 6_300 - 16 * 86_400;
pub(crate) const UNKNOWN: Range<i64> = END - 35_100..END - 13_500;

/// Runs `rrdtool`, and gives what it prints.
fn rrdtool(args: &[String]) -> String {
    let output = Command::new("rrdtool").args(args).env("LC_ALL", "C").output().expect("rrdtool");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// How many of each kind there were in the five minutes that end at `time`.
pub(crate) fn counted(time: i64) -> [i64; 3] {
    let n = time / 300;
    [n * 7_919 % 131, n * 104_729 % 37, n * 1_299_709 % 5]
}

/// An RRD as the store makes it, with 16 days of deliveries, but for six hours of which nothing is known.
pub(crate) fn rrd(dir: &Path) -> String {
    let path = dir.join("send.rrd").to_string_lossy().into_owned();
    let start = BEGIN;
    let mut create =
        vec!["create".to_owned(), path.clone(), format!("--start={start}"), "--step=60".to_owned()];
    create.extend(SOURCES.map(|ds| format!("DS:{ds}:ABSOLUTE:315360000:0:U")));
    for (steps, rows) in [(1, 2_880), (5, 4_032), (30, 2_976), (120, 8_760), (1_440, 3_660)] {
        create.extend(["AVERAGE", "MAX"].map(|cf| format!("RRA:{cf}:0.5:{steps}:{rows}")));
    }
    rrdtool(&create);
    let mut update = vec!["update".to_owned(), path.clone()];
    for time in (start + 300..=END).step_by(300) {
        let [success, deferral, failure] = counted(time);
        update.push(match UNKNOWN.contains(&(time - 1)) {
            true => format!("{time}:U:U:U:U"),
            false => format!("{time}:{success}:{deferral}:{failure}:{}", success + deferral + failure),
        });
    }
    rrdtool(&update);
    path
}

/// End and values of each row of the file.
fn fetched(path: &str, row: i64, from: i64, to: i64) -> Vec<(i64, [f64; 4])> {
    let args =
        ["fetch", path, "AVERAGE", "-r", &row.to_string(), "-s", &from.to_string(), "-e", &to.to_string()];
    let text = rrdtool(&args.map(str::to_owned));
    let rows = text.lines().filter_map(|line| line.split_once(": "));
    rows.map(|(end, values)| {
        let values: Vec<f64> = values.split_whitespace().map(|v| v.parse().unwrap()).collect();
        (end.trim().parse().unwrap(), values.try_into().unwrap())
    })
    .collect()
}

/// The graph of deliveries.
fn picture(reading: &Reading, period: Period, size: Size) -> Plot {
    let (templates, _) = template::load(None, &[]);
    let template = templates.iter().find(|template| template.name == "deliveries").unwrap();
    let readings = std::slice::from_ref(reading);
    let span = span(period, readings, END);
    let clock = Clock::of(span.start, span.end, |_| 0);
    let material = Material { readings, files: &Files::default(), clock: &clock };
    super::super::read(template, period, span, material, size).0
}

#[test]
fn each_row_of_a_picture_is_what_rrdtool_fetches() {
    let dir = tempfile::tempdir().unwrap();
    let path = rrd(dir.path());
    let reading =
        Reading { protocol: "send", rrd: path.clone().into(), step: 60, seen: END, ..Reading::default() };
    let names = ["Success", "Deferral", "Failure"];
    for (period, size, row) in [
        (Period::Day, Size::Big, 300),
        (Period::Day, Size::Small, 300),
        (Period::Week, Size::Big, 1_800),
        (Period::Month, Size::Big, 7_200),
    ] {
        let plot = picture(&reading, period, size);
        let span = period.span(END, 60);
        let file = fetched(&path, row, span.start, span.end);
        let one = 10_f64.powi(plot.exponent);
        let (mut known, mut unknown) = (0, 0);
        for n in 0..plot.rows {
            let end = plot.start + (n as i64 + 1) * plot.row;
            let of_row = file.iter().filter(|(of, _)| (end - plot.row + 1..=end).contains(of));
            let of_row: Vec<[f64; 4]> =
                of_row.map(|(_, values)| *values).filter(|v| v[0].is_finite()).collect();
            for (at, name) in names.iter().enumerate() {
                let read = value(&plot, name, n);
                // The newest row of a month is not over, and not in the file.
                if of_row.is_empty() {
                    let is_newest = end > END;
                    assert!(read.is_none() || is_newest, "{period:?} {name} {n}: {read:?}");
                    unknown += 1;
                    continue;
                }
                let mean = of_row.iter().map(|values| values[at]).sum::<f64>() / of_row.len() as f64 * 60.0;
                let read = read.unwrap_or_else(|| panic!("{period:?} {name} {n} is known"));
                assert!((read - mean).abs() <= one / 2.0 + 1e-9, "{period:?} {name} {n}: {read}, {mean}");
                known += 1;
            }
        }
        assert!(known > 200 && unknown >= 3, "{period:?}: {known}, {unknown}");
    }
}

#[test]
fn the_week_before_is_calm_and_as_many_as_there_were() {
    let dir = tempfile::tempdir().unwrap();
    let path = rrd(dir.path());
    let reading = Reading { protocol: "send", rrd: path.into(), step: 60, seen: END, ..Reading::default() };
    for size in [Size::Big, Size::Small] {
        let plot = picture(&reading, Period::Day, size);
        let name = "A week before";
        let half_hour = 1_800 / plot.row as usize;
        for n in 0..plot.rows {
            let from = plot.start + (n / half_hour * half_hour) as i64 * plot.row - 7 * 86_400;
            let sum: i64 = (1..=6).map(|five| counted(from + five * 300).iter().sum::<i64>()).sum();
            let read = value(&plot, name, n).unwrap();
            assert!(
                (read - sum as f64 / 30.0).abs() <= 10_f64.powi(plot.exponent) / 2.0 + 1e-9,
                "{size:?} {n}: {read} {sum}"
            );
        }
        let all: i64 = (1..=288).map(|n| counted(END - 8 * 86_400 + n * 300).iter().sum::<i64>()).sum();
        let row = plot.legend.rows.iter().find(|row| row.name == name).unwrap();
        assert_eq!(row.cells[0].replace(',', ""), all.to_string());
        assert_eq!((row.marks.as_slice(), row.about_all), (&["sw r".to_owned()][..], true));
    }
}

#[test]
fn a_picture_is_light() {
    let dir = tempfile::tempdir().unwrap();
    let path = rrd(dir.path());
    let reading = Reading { protocol: "send", rrd: path.into(), step: 60, seen: END, ..Reading::default() };
    for (period, size, most) in [
        (Period::Day, Size::Big, 10_000),
        (Period::Day, Size::Small, 5_500),
        (Period::Week, Size::Big, 11_000),
    ] {
        let html = html(&picture(&reading, period, size));
        assert!(html.len() < most, "{period:?} {size:?}: {} bytes", html.len());
    }
}
