//! The pages' own pictures: what is read off them, and what stands in the tables beside them, is what the log says. Python counts
//! that, line by line.

use std::fs;
use std::process::Stdio;

use serde_json::Value;

use crate::support::pipe_through;
use crate::support::store::Store;
use crate::support::traffic_until;

/// What the log says: of each five minutes from `start` on how many deliveries succeeded, were put off, failed; the same of each
/// local hour with its name; today's of all that succeeded.
const COUNT: &str = r#"
import json, re, sys
from datetime import datetime
from zoneinfo import ZoneInfo
zone, start, rows = ZoneInfo(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
kinds = ['success', 'deferral', 'failure']
line = re.compile(rb'@([0-9a-f]{16})[0-9a-f]{8} delivery \d+: (success|deferral|failure): ')
fives = [[0, 0, 0] for _ in range(rows)]
hours, names = {}, []
for row in range(rows):
    local = datetime.fromtimestamp(start + row * 300, zone)
    name = local.strftime('%a %H:00')
    if name not in hours:
        hours[name] = [0, 0, 0]
        names.append([name, local.strftime('%a %H:%M')])
total, newest = 0, 0
stamps = []
for text in sys.stdin.buffer:
    newest = max(newest, int(text[1:17], 16) - 2**62 - 10)
    found = line.match(text)
    if not found: continue
    time, kind = int(found[1], 16) - 2**62 - 10, kinds.index(found[2].decode())
    total += kind == 0
    stamps.append((time, kind))
    if not 0 <= time - start < rows * 300: continue
    fives[(time - start) // 300][kind] += 1
    hours[datetime.fromtimestamp(time, zone).strftime('%a %H:00')][kind] += 1
print(json.dumps({'fives': fives, 'hours': [[shown] + hours[name] for name, shown in names], 'total': total, 'newest': newest}))
"#;

/// What stands between two texts, the first time that they come.
fn between<'t>(text: &'t str, before: &str, after: &str) -> &'t str {
    let rest = text.split_once(before).unwrap_or_else(|| panic!("{before} is not there")).1;
    rest.split_once(after).unwrap_or_else(|| panic!("{after} is not there")).0
}

/// The text of an element without its tags.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut is_tag = false;
    for c in html.chars() {
        match c {
            '<' => is_tag = true,
            '>' => is_tag = false,
            c if !is_tag => text.push(c),
            _ => {}
        }
    }
    text
}

/// The cells of each row of a table's body.
fn rows(table: &str) -> Vec<Vec<String>> {
    let body = between(table, "<tbody", "</tbody>");
    let rows = body.split("<tr").skip(1);
    rows.map(|row| {
        let cells = row.split("<t").filter(|cell| cell.starts_with("h ") || cell.starts_with('d'));
        cells.map(|cell| plain(&format!("<t{cell}")).trim().to_owned()).collect()
    })
    .collect()
}

/// The values of a path: the height over each column that it goes over.
fn heights(d: &str, columns: usize) -> Vec<Option<i64>> {
    let mut heights = vec![None; columns];
    let (mut x, mut y) = (0, 0);
    let mut rest = d;
    while let Some(command) = rest.chars().next() {
        let end = rest[1..].find(char::is_alphabetic).map_or(rest.len(), |at| at + 1);
        let numbers: Vec<i64> = rest[1..end].split(' ').map(|n| n.parse().expect("a number")).collect();
        match command {
            'M' => (x, y) = (usize::try_from(numbers[0]).expect("a column"), numbers[1]),
            'V' => y = numbers[0],
            'v' => y += numbers[0],
            'h' => {
                for _ in 0..numbers[0] {
                    heights[x] = Some(y);
                    x += 1;
                }
            }
            other => panic!("{other} in {d}"),
        }
        rest = &rest[end..];
    }
    heights
}

#[test]
fn what_is_read_off_a_picture_is_what_the_log_says() {
    // Three quarters of an hour beside UTC.
    let store = Store::new().in_zone("Asia/Kathmandu");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    // A minute that is not over is in no picture.
    let log = traffic_until(i64::try_from(now).expect("a time") / 60 * 60 - 1, 11, 1.3, 1.0);
    fs::write(store.logs().join("current"), &log).expect("current");
    store.flush();
    store.run(&["graph", "--pages"]);
    let html = fs::read_to_string(store.base().join("graphs/deliveries.html")).expect("deliveries.html");
    let day = between(&html, "<section class=\"period p-day\"", "</section>");
    let plot = between(day, "<div class=\"plot\"", ">");
    let number =
        |name: &str| -> i64 { between(plot, &format!(" data-{name}=\""), "\"").parse().expect("a number") };
    let (start, row, columns, newest) = (number("t"), number("s"), number("n"), number("i"));
    assert_eq!((row, columns), (300, 288));
    let exponent = i32::try_from(number("e")).expect("small");

    let mut python = store.command("python3");
    let arguments = ["-c", COUNT, store.time_zone(), &start.to_string(), &columns.to_string()];
    python.args(arguments).stdin(Stdio::piped());
    let said = pipe_through(&mut python, &log);
    let said: Value = serde_json::from_slice(&said).expect("JSON");
    let of = |list: &Value, at: usize| list[at].as_i64().expect("a number");

    let paths: Vec<&str> = day.split("<path ").skip(1).map(|path| between(path, " d=\"", "\"")).collect();
    let on: Vec<Option<usize>> = day
        .split("<path ")
        .skip(1)
        .map(|path| path.split_once("/>").expect("its end").0)
        .map(|path| {
            path.contains("data-on").then(|| between(path, "data-on=\"", "\"").parse().expect("a path"))
        })
        .collect();
    let columns = usize::try_from(columns).expect("columns");
    let read: Vec<Vec<Option<i64>>> = paths.iter().map(|d| heights(d, columns)).collect();
    let one = 10_f64.powi(exponent);
    let legend = between(day, "<table class=\"leg\"", "</table>");
    let mut compared = 0;
    for (kind, name) in ["Success", "Deferral", "Failure"].iter().enumerate() {
        let cell = legend.split("<tr").find(|tr| tr.contains(&format!("</i>{name}<"))).expect(name);
        let path: usize = between(cell, "data-p=\"", "\"").parse().expect("one path");
        // The newest row is not over.
        for n in 0..usize::try_from(newest).expect("a row") {
            let below = on[path].map_or(0, |on| read[on][n].expect("known"));
            let units = read[path][n].unwrap_or_else(|| panic!("{name} {n} is known")) - below;
            let counted = of(&said["fives"][n], kind);
            let rate = f64::from(i32::try_from(counted).expect("few")) / 5.0;
            let shown = f64::from(i32::try_from(units).expect("few")) * one;
            assert!((shown - rate).abs() <= one / 2.0 + 1e-9, "{name} {n}: {shown}, {counted} counted");
            compared += usize::from(counted > 0);
        }
    }
    assert!(compared > 100, "{compared}");

    // The table by the hour, and its sum in the legend.
    let table = rows(between(day, "<table class=\"hours\">", "</table>"));
    let hours = said["hours"].as_array().expect("hours");
    assert_eq!(table.len(), hours.len());
    for (row, hour) in table.iter().zip(hours) {
        assert_eq!(row[0], hour[0].as_str().expect("a name"));
        let cells: Vec<i64> =
            row[1..].iter().map(|cell| cell.replace(',', "").parse().unwrap_or(-1)).collect();
        let counted: Vec<i64> = (1..4).map(|n| of(hour, n)).collect();
        // The last hour may just have begun, and nothing have been read of it.
        assert!(cells == counted || cells == [-1; 3] && counted == [0; 3], "{row:?} {hour}");
    }
    let legend = rows(&format!("{legend}</table>"));
    for (n, name) in ["Success", "Deferral", "Failure"].iter().enumerate() {
        let row = legend.iter().find(|row| row[0] == *name).expect(name);
        let sum: i64 = hours.iter().map(|hour| of(hour, n + 1)).sum();
        assert_eq!(row[2].replace(',', ""), sum.to_string(), "{name}");
    }

    // The counters are the query's.
    let counters = between(&html, "<table class=\"leg counters\">", "</table>");
    let row = rows(counters).into_iter().find(|row| row[0].starts_with("delivery_success ")).expect("a row");
    assert_eq!(row[2].replace(',', ""), store.query().text("delivery_success"));
    assert_eq!(row[2].replace(',', ""), said["total"].to_string());
}
