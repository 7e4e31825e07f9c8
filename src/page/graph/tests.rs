//! Tables of values, and what surrounds the pictures of a graph.

use std::io::Write;
use std::process::{Command, Stdio};

use super::*;
use crate::chart::files::Files;
use crate::chart::period::Span;
use crate::chart::template;
use crate::page::plot::clock::Clock;
use crate::page::plot::tests::real;
use crate::page::plot::tests::{END, html};
use crate::reading::{Counter, DefinedBy, Measure, Value};

fn deliveries() -> Template {
    template::load(None, &[]).0.into_iter().find(|template| template.name == "deliveries").unwrap()
}

/// At a full hour the clock is put back by half an hour, in all pictures; before it is so many seconds ahead.
fn east(before: i64, time: i64) -> i64 {
    let change = (END - 40_000) / 3_600 * 3_600 - before.rem_euclid(3_600);
    if time < change { before } else { before - 1_800 }
}

fn clock(before: i64) -> Clock {
    Clock::of(END - 400 * 86_400, END, |time| east(before, time))
}

/// The sums of what was counted, by a name for each five minutes: one row for each stretch with the same name.
fn sums(span: Span, name: impl Fn(i64) -> i64) -> Vec<[i64; 3]> {
    let mut sums: Vec<(i64, [i64; 3])> = Vec::new();
    for end in (span.start + 300..=END).step_by(300) {
        let name = name(end - 300);
        if sums.last().is_none_or(|(last, _)| *last != name) {
            sums.push((name, [0; 3]));
        }
        if let Some((_, sum)) = sums.last_mut()
            && !real::UNKNOWN.contains(&(end - 1))
            && end > real::BEGIN
        {
            for (sum, counted) in sum.iter_mut().zip(real::counted(end)) {
                *sum += counted;
            }
        }
    }
    sums.into_iter().map(|(_, sum)| sum).collect()
}

#[test]
fn a_table_has_what_was_counted_in_each_hour_and_day_of_the_local_clock() {
    let dir = tempfile::tempdir().unwrap();
    let rrd = real::rrd(dir.path()).into();
    let reading = Reading { protocol: "send", rrd, step: 60, seen: END, ..Reading::default() };
    let readings = std::slice::from_ref(&reading);
    let template = deliveries();
    for (period, length, before) in [
        (Period::Day, 3_600, 20_700),
        (Period::Week, 86_400, 20_700),
        (Period::Week, 86_400, -12_600),
        (Period::Month, 86_400, 19_800),
    ] {
        let clock = clock(before);
        let shown = |time: i64| time + east(before, time);
        let span = plot::span(period, readings, END);
        let material = Material { readings, files: &Files::default(), clock: &clock };
        let (_, values) = plot::read(&template, period, span, material, Size::Big);
        let table = values::table(&template, period, &values.unwrap(), material).unwrap();
        assert_eq!(table.columns, ["Success", "Deferral", "Failure"]);
        // An hour of which a half comes twice is one; so is a day.
        let expected = sums(span, |time| shown(time).div_euclid(length));
        assert_eq!(table.rows.len(), expected.len(), "{period:?} {:?}", table.rows);
        let mut known = 0;
        for (row, expected) in table.rows.iter().zip(&expected) {
            let cells: Vec<Option<i64>> =
                row.cells.iter().map(|cell| cell.replace(',', "").parse().ok()).collect();
            // Where nothing is known there is no 0.
            let wanted: Vec<Option<i64>> = match expected.iter().sum::<i64>() {
                0 => vec![None; 3],
                _ => expected.iter().map(|n| Some(*n)).collect(),
            };
            assert_eq!(cells, wanted, "{period:?} {}", row.time);
            known += usize::from(wanted[0].is_some());
        }
        assert!(known > 7 && known < expected.len() || period == Period::Week, "{period:?}: {known}");
    }
}

#[test]
fn rows_of_a_table_say_when_they_begin() {
    let dir = tempfile::tempdir().unwrap();
    let rrd = real::rrd(dir.path()).into();
    let reading = Reading { protocol: "send", rrd, step: 60, seen: END, ..Reading::default() };
    let readings = std::slice::from_ref(&reading);
    let (template, clock) = (deliveries(), Clock::of(END - 400 * 86_400, END, |_| 3_600));
    let times = |period| {
        let span = plot::span(period, readings, END);
        let material = Material { readings, files: &Files::default(), clock: &clock };
        let (_, values) = plot::read(&template, period, span, material, Size::Big);
        let table = values::table(&template, period, &values.unwrap(), material).unwrap();
        let times: Vec<String> = table.rows.into_iter().map(|row| row.time).collect();
        (table.each, times)
    };
    // END is Mon 23 Nov 2026 12:45 here.
    let (each, day) = times(Period::Day);
    assert_eq!((each, day.len()), ("Hour", 25));
    assert_eq!((day[0].as_str(), day[1].as_str(), day[24].as_str()), ("Sun 12:45", "Sun 13:00", "Mon 12:00"));
    let (each, week) = times(Period::Week);
    assert_eq!((each, week.len()), ("Day", 8));
    assert_eq!((week[0].as_str(), week[7].as_str()), ("Mon 16 Nov from 13:00", "Mon 23 Nov"));
    let (each, year) = times(Period::Year);
    assert_eq!((each, year.len()), ("Month", 13));
    assert_eq!((year[0].as_str(), year[12].as_str()), ("Nov 2025 from the 23.", "Nov 2026"));
}

#[test]
fn the_page_has_the_periods_the_counters_and_the_files_that_are_there() {
    let dir = tempfile::tempdir().unwrap();
    let counter = |key, ds, total: i128, today| Counter {
        key,
        ds,
        help: "help",
        measure: Measure::Count,
        defined_by: DefinedBy::BuiltIn,
        value: Some(Value { total, today, moved: total > 0 }),
    };
    let counters = vec![
        counter("delivery_success", "delivery_success", 1_234, Some(5)),
        counter("delivery_failure", "delivery_failure", 0, Some(0)),
        counter("message_new", "message_new", 77, Some(7)),
        counter("level", "level", 3, None),
    ];
    let rrd = real::rrd(dir.path()).into();
    let reading = Reading { protocol: "send", rrd, step: 60, seen: END, counters, ..Reading::default() };
    let template = deliveries();
    let file = |period, theme, name: &str| PictureFile { name: name.to_owned(), period, theme, size: (1, 1) };
    let files = vec![
        file(Period::Day, Theme::Dark, "deliveries-day-dark.png"),
        file(Period::Day, Theme::Light, "deliveries-day-light.png"),
        file(Period::Hour, Theme::Light, "deliveries-hour-light.svg"),
    ];
    let (readings, clock) = (std::slice::from_ref(&reading), clock(3_600));
    let material = Material { readings, files: &Files::default(), clock: &clock };
    let made = page(&Shown { template: &template, files }, material, END);
    let names: Vec<&str> = made.periods.iter().map(|part| part.name).collect();
    assert_eq!(names, ["hour", "day", "week", "month", "year"]);
    let first: Vec<&str> = made.periods.iter().filter(|part| part.first).map(|part| part.name).collect();
    assert_eq!(first, ["day"]);
    let words = |n: usize| made.periods[n].files.iter().map(|f| f.words.as_str()).collect::<Vec<_>>();
    assert_eq!((words(0), words(1), words(2)), (vec!["light SVG"], vec!["light PNG", "dark PNG"], vec![]));
    let counted = &made.counted[0];
    assert_eq!((made.counted.len(), counted.of_drawn, counted.of_others), (1, 1, 2));
    assert!(made.before && !made.about.is_empty());
    for part in &made.periods {
        assert!(html(&part.plot).contains("<svg"), "{}", part.name);
    }
    let css = made.colours.css();
    for class in ["good", "warn", "bad", "before"] {
        assert!(css.contains(&format!(".{class}{{--c:")), "{css}");
    }
    let without = Shown { template: &template, files: Vec::new() };
    let names = page(&without, material, END).periods;
    assert_eq!(names.iter().map(|part| part.name).collect::<Vec<_>>(), ["day", "week", "month", "year"]);
}

#[test]
fn every_graph_says_what_it_shows() {
    let (templates, problems) = template::load(None, &[]);
    assert!(problems.is_empty() && templates.len() > 30, "{problems:?}");
    for template in templates {
        assert!(template.about.ends_with('.') && template.about.len() > 20, "{}", template.name);
    }
}

/// What a browser computes of the script, by which it knows that it may run it.
#[test]
fn the_script_is_short_and_the_one_that_the_page_allows() {
    let script = include_str!("../../../templates/page/script.js");
    assert!(script.lines().count() <= 120, "{}", script.lines().count());
    // The template engine must not find anything to do in it.
    assert!(["{{", "{%", "{#", "</"].iter().all(|word| !script.contains(word)));
    let python = "import base64,hashlib,sys;\
        print('sha256-'+base64.b64encode(hashlib.sha256(sys.stdin.buffer.read()).digest()).decode())";
    let mut child = Command::new("python3")
        .args(["-c", python])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3");
    let page = include_str!("../../../templates/page/base.html");
    assert!(page.contains("<script>{% include \"script.js\" %}</script>"), "{page}");
    child.stdin.take().unwrap().write_all(crate::page::templates::SCRIPT.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap().trim(), crate::page::SCRIPT_HASH);
}
