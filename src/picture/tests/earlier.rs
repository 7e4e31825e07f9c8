//! A week before: what is drawn is what `rrdtool fetch` reads of that time, where it is drawn at all.

use std::process::Command;

use super::*;
use crate::chart::period::Span;

const WEEK: i64 = 7 * 86_400;

fn deliveries() -> template::Template {
    let (templates, _) = template::load(None, &[]);
    templates.into_iter().find(|template| template.name == "deliveries").unwrap()
}

/// Number of the line of a week before among the data of `template`.
fn earlier(template: &template::Template) -> usize {
    let is_all = |data: &template::Data| data.name == "all" && data.shift.is_some();
    template.data.iter().position(is_all).unwrap()
}

/// End and sum of the three kinds of deliveries of each row, as `rrdtool fetch` prints them.
fn fetched(rrd: &Path, row: i64, from: i64, to: i64) -> Vec<(i64, f64)> {
    let mut command = Command::new("rrdtool");
    command.arg("fetch").arg(rrd).args(["AVERAGE", "-r"]).arg(row.to_string());
    command.arg("-s").arg(from.to_string()).arg("-e").arg(to.to_string());
    let output = command.env("LC_ALL", "C").output().expect("rrdtool");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap().split_whitespace().collect();
    let wanted = ["delivery_success", "delivery_deferral", "delivery_failure"]
        .map(|ds| names.iter().position(|name| *name == ds).unwrap());
    lines
        .filter_map(|line| line.split_once(": "))
        .map(|(end, values)| {
            let values: Vec<f64> = values.split_whitespace().map(|v| v.parse().unwrap()).collect();
            (end.parse().unwrap(), wanted.iter().map(|ds| values[*ds]).sum())
        })
        .collect()
}

/// Of each picture row: what was a week before, in rows of `row` seconds of the file.
fn compare(mail: &Mail, span: Span, row: i64) -> usize {
    let template = deliveries();
    let values = rows::load(&template, span, &mail.readings(NOW), rows::Waiting::LeftOut, &Files::default())
        .unwrap()
        .unwrap();
    let ours = &values.values[earlier(&template)];
    let rrd = mail.dir.path().join("send.rrd");
    let fetched = fetched(&rrd, row, span.start - WEEK, span.end - WEEK);
    let mut known = 0;
    for (n, ours) in ours.iter().enumerate() {
        let end = span.row_end(n) - WEEK;
        let (_, theirs) = fetched.iter().find(|(of, _)| (of - row..*of).contains(&(end - 1))).expect("a row");
        assert!((ours - theirs).abs() <= 1e-9 || ours.is_nan() && theirs.is_nan(), "{end}: {ours}, {theirs}");
        known += usize::from(ours.is_finite());
    }
    known
}

#[test]
fn a_week_before_is_what_rrdtool_fetches_of_it() {
    let mail = Mail::new(16, NOW - NOW % STEP, STEP);
    // Of an hour a week ago there are no minutes any more.
    for (period, row) in [(Period::Hour, 300), (Period::Day, 300), (Period::Week, 1_800)] {
        let span = period.span(NOW, STEP);
        assert_eq!(compare(&mail, span, row), span.rows(), "{period:?}");
    }
    // All of it was counted then: the legend tells how many they were, to the message.
    let template = deliveries();
    for period in [Period::Day, Period::Week] {
        let span = period.span(NOW, STEP);
        let values =
            rows::load(&template, span, &mail.readings(NOW), rows::Waiting::LeftOut, &Files::default())
                .unwrap()
                .unwrap();
        let drawn = crate::chart::scene::drawn(&template, &values);
        let row = drawn.iter().find(|drawn| drawn.legend.as_deref() == Some("A week before")).unwrap();
        let written: u64 = (1..=3).map(|ds| mail.sum(ds, span.start - WEEK, span.end - WEEK)).sum();
        assert_eq!(row.stats.unwrap().total, Some(written as f64), "{period:?}");
    }
}

#[test]
fn before_counting_began_there_is_a_gap_and_not_zero() {
    // Of the week before, three days and what is gone of the first one.
    let mail = Mail::new(10, NOW - NOW % STEP, STEP);
    let span = Period::Week.span(NOW, STEP);
    let begun = mail.bins[0].0 - STEP;
    let expected = (span.end - WEEK - begun) / 1_800;
    assert_eq!(compare(&mail, span, 1_800), usize::try_from(expected).unwrap());
    let draws = |mail: &Mail, period| {
        let arguments = plateaus::arguments(&deliveries(), period, Theme::Dark, &mail.readings(NOW));
        let has =
            |start: &str, word: &str| arguments.iter().any(|a| a.starts_with(start) && a.contains(word));
        (has("SHIFT:", "604800"), has("LINE", "A week before"))
    };
    assert_eq!(draws(&mail, Period::Week), (true, true));
    assert_eq!(draws(&mail, Period::Hour), (true, true));
    // In longer pictures a week before is a week further left.
    for period in [Period::Month, Period::Year] {
        assert_eq!(draws(&mail, period), (false, false), "{period:?}");
    }
    // Nothing is known of it: no name without a line.
    let young = Mail::new(3, NOW - NOW % STEP, STEP);
    assert!(!draws(&young, Period::Day).1);
}

/// A minute that waits for the RRD is not drawn as one in which nothing happened.
#[test]
fn an_hour_ends_before_the_first_minute_that_waits() {
    let until = NOW - NOW % STEP - STEP;
    let mail = Mail::new(1, until, STEP);
    let mut readings = mail.readings(NOW);
    let template = deliveries();
    let horizon = |readings: &[Reading], period: Period| {
        let span = period.span(NOW, STEP);
        rows::load(&template, span, readings, rows::Waiting::LeftOut, &Files::default())
            .unwrap()
            .unwrap()
            .edge
            .horizon
    };
    // 46 minutes and 40 seconds past: the whole minute of which 40 seconds were seen.
    assert_eq!(horizon(&readings, Period::Hour), until + 2 * STEP);
    readings[0].waiting = vec![(until, Vec::new())];
    assert_eq!(horizon(&readings, Period::Hour), until);
    assert_eq!(horizon(&readings, Period::Day), (NOW + 150) / 300 * 300, "in longer rows it is a small part");
}
