//! A protocol is its card and nothing else: one that only this test has comes out of everything that is handed the cards.
//!
//! Two tables are made once, of the cards that are shipped: that of the keys of toaster.conf, and that of the templates. So
//! the values of this card's keys are set here as they would be read, and its graph is the one that is made where a card
//! has no template. Tests of `config` and `chart::template` go over both tables.
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use chrono::{Local, TimeZone};

use crate::chart::period::Period;
use crate::chart::theme::{Color, Theme};
use crate::commands::cli::{self, Action};
use crate::commands::definition;
use crate::config::Config;
use crate::ingest::{Job, Options, advance_all, feeds};
use crate::line::Line;
use crate::picture::{self, Format};
use crate::protocol::{
    Counter, CounterFile, Directories, IN_SYSLOG, LogKind, Processor, Protocol, Raise, Verdict, events,
};
use crate::reading::DefinedBy;
use crate::store::counters;
use crate::{check, export, query};

const COUNTERS: &[Counter] =
    &[events("toy_works", "toys that work"), events("toy_broken", "toys that do not work")];

fn classify(line: &Line<'_>, place: LogKind, raise: &mut Raise<'_>) -> Verdict {
    if place == LogKind::Shared && line.tag != Some(b"toyd") {
        return Verdict::Foreign;
    }
    match line.text {
        b"works" => raise.one(0),
        b"is broken" => raise.one(1),
        _ => return Verdict::Unknown,
    }
    Verdict::Known
}

static TOY: Protocol = Protocol {
    name: "toy",
    title: "Toys of <all> kinds",
    about: "what toyd says of its toys",
    counters: COUNTERS,
    classify: &classify,
    processor: Some(Processor {
        name: "toylog",
        about: "Be the processor of toyd's logger",
        directories: Some(Directories { key: "logs_toy_dirs", default: "toy" }),
    }),
    counter_file: Some(CounterFile { key: "logs_toy_count", default: "toy.txt" }),
    main_counters: &[("toy_broken", "Broken ones")],
    ..IN_SYSLOG
};

/// 2026-09-28 22:45:00 UTC.
const T0: i64 = 1_790_635_500;
const LOG: &str = "\
2026-09-28T22:45:01+00:00 mx1 toyd[7]: works
2026-09-28T22:45:02+00:00 mx1 toyd[7]: is broken
2026-09-28T22:45:03+00:00 mx1 other[7]: works
2026-09-28T22:46:01+00:00 mx1 toyd[7]: works
2026-09-28T22:46:02+00:00 mx1 toyd[7]: says nothing
2026-09-28T22:46:03+00:00 mx1 toyd[7]: works
";

/// A chunk of toyd's own logger, which no processor was given: TAI64N labels of 22:45:04 and 22:45:05 UTC.
const CHUNK: &str = "\
@400000006abaedfa00000000 works
@400000006abaedfb00000000 is broken
";

/// The colours of the lines and areas in a picture that librrd has drawn as SVG.
fn colours(svg: &str) -> BTreeSet<[u8; 3]> {
    let byte =
        |percent: &str| (percent.trim().trim_end_matches('%').parse::<f64>().unwrap() * 2.55).round() as u8;
    svg.split("rgb(")
        .skip(1)
        .map(|rest| {
            rest.split(')').next().unwrap().split(',').map(byte).collect::<Vec<_>>().try_into().unwrap()
        })
        .collect()
}

fn clock() -> i64 {
    T0 + 180
}

#[test]
fn a_protocol_that_is_only_a_card_comes_out_of_everything() {
    let dir = tempfile::tempdir().unwrap();
    let base = dir.path().canonicalize().unwrap();
    let log = base.join("maillog");
    fs::write(&log, LOG).unwrap();
    let text = format!("logs_base = {base:?}\nlogs_syslog = {log:?}\n");
    let (config, problems) = Config::parse(&text, Path::new("toaster.conf"));
    assert_eq!(problems, []);
    let mut config = config.with_protocols(vec![&TOY]);
    config.log_dirs.insert("logs_toy_dirs", vec![base.join("toy")]);
    config.counter_files.insert("logs_toy_count", "toys.txt".into());
    fs::create_dir(base.join("toy")).unwrap();
    fs::write(base.join("toy/@400000006abaedfb00000000.u"), CHUNK).unwrap();
    let feeds = feeds(&config);
    assert_eq!(feeds.len(), 1);
    let job = Job { config: &config, feed: &feeds[0], clock, as_root: |what| what() };

    // The words.
    let help = definition::whole(&[&TOY]).render_help().to_string();
    assert!(
        help.contains("  toy ") && help.contains("Print the counters: what toyd says of its toys"),
        "{help}"
    );
    let words = |words: &[&str]| words.iter().map(Into::into).collect::<Vec<_>>();
    let help = cli::parse(&words(&["maillogs", "toy", "--help"]), &[&TOY]).unwrap_err().to_string();
    assert!(help.contains("toy_broken  toys that do not work"), "{help}");
    let call = cli::parse(&words(&["maillogs", "toy"]), &[&TOY]).unwrap();
    let Action::Query(query) = call.action else { panic!("{:?}", call.action) };
    assert_eq!(query.words, ["toy"]);
    let call = cli::parse(&words(&["/usr/local/bin/toylog"]), &[&TOY]).unwrap();
    assert_eq!(call.action, Action::Process { log: "toylog".into(), force: false });

    // The query, before the first commit and after it; the counter file; the RRD.
    let line = || export::text::line(&query::query(&job, clock()).unwrap());
    assert_eq!(line(), "toy_works:4:toy_broken:2\n");
    let reading = query::query(&job, clock()).unwrap();
    assert_eq!(reading.waiting, [(T0, vec![2, 2]), (T0 + 60, vec![2, 0])]);
    assert_eq!((reading.commit, reading.seen, reading.complete), (0, clock(), true));
    assert_eq!(reading.new_bytes, (LOG.len() + CHUNK.len()) as u64);
    let reading = query::last_commit(&job, clock()).unwrap();
    assert_eq!(export::text::line(&reading), "toy_works:0:toy_broken:0\n", "no source is read");
    assert_eq!((reading.commit, reading.seen, reading.complete), (0, 0, false));
    for result in advance_all(&[job], Options { flush: true, ..Options::default() }) {
        result.unwrap();
    }
    assert_eq!(line(), "toy_works:4:toy_broken:2\n");
    let file = fs::read_to_string(base.join("counters/toys.txt")).unwrap();
    assert_eq!(file, "toy_broken:2\ntoy_works:4\n");
    assert_eq!(counters::parse(&TOY, file.as_bytes()).totals, [Some(4), Some(2)]);
    let day = Local.timestamp_opt(T0 + 4, 0).unwrap().format("%Y/%m/%d/toylog").to_string();
    assert_eq!(fs::read_to_string(base.join(day)).unwrap(), CHUNK);
    let mut fetch = Command::new("rrdtool");
    fetch.arg("fetch").arg(base.join("rrd/toy.rrd")).args(["AVERAGE", "-r", "60"]);
    fetch.args(["-s", &T0.to_string(), "-e", &(T0 + 60).to_string()]).env("LC_ALL", "C");
    let rows = String::from_utf8(fetch.output().unwrap().stdout).unwrap();
    assert_eq!(
        rows.lines().next().unwrap().split_whitespace().collect::<Vec<_>>(),
        ["toy_works", "toy_broken"]
    );
    // Of a minute: 2 and 2, then 2 and 0.
    for (end, works, broken) in [(T0 + 60, 2.0, 2.0), (T0 + 120, 2.0, 0.0)] {
        let row = rows.lines().find_map(|row| row.strip_prefix(&format!("{end}: "))).unwrap();
        let counts: Vec<f64> =
            row.split_whitespace().map(|rate| (rate.parse::<f64>().unwrap() * 60.0).round()).collect();
        assert_eq!(counts, [works, broken], "{rows}");
    }

    // The graph that is made where the card names no template, and the page.
    let readings = [query::last_commit(&job, clock()).unwrap()];
    let [reading] = &readings;
    assert_eq!((reading.commit, reading.seen, reading.complete), (1, clock(), false));
    assert_eq!((reading.waiting.len(), reading.new_bytes, reading.failed.as_deref()), (0, 0, None));
    assert_eq!((reading.rrd.as_path(), reading.step), (base.join("rrd/toy.rrd").as_path(), 60));
    assert!(reading.counters.iter().all(|counter| counter.defined_by == DefinedBy::Counter));
    let pages = base.join("graphs");
    let options = picture::Options {
        names: vec!["toy".into()],
        periods: vec![Period::Day],
        themes: vec![Theme::Light],
        format: Format::Svg,
        output: pages.clone(),
        as_root: None,
        templates_dir: None,
        now: clock(),
        force: false,
        only_pages: false,
        host: "mx1".into(),
        pages_apart: false,
        among: None,
    };
    let report = picture::draw(&options, &readings).unwrap();
    assert_eq!((report.drawn, report.problems), (1, Vec::new()));
    // A line for each counter, in the first two colours of such graphs, and none in the third.
    let drawn = colours(&fs::read_to_string(pages.join("toy-day-light.svg")).unwrap());
    let [first, second, third] = ["blue", "orange", "teal"].map(|name| {
        let hex = Color::parse(name).unwrap().in_theme(Theme::Light).trim_start_matches('#').to_owned();
        let number = u32::from_str_radix(&hex, 16).unwrap();
        let [_, rgb @ ..] = number.to_be_bytes();
        rgb
    });
    assert!(drawn.contains(&first) && drawn.contains(&second) && !drawn.contains(&third), "{drawn:?}");
    let page = fs::read_to_string(pages.join("toy.html")).unwrap();
    assert!(page.contains("Toys of &lt;all&gt; kinds") && page.contains("toys that do not work"), "{page}");
    let page = fs::read_to_string(pages.join("index.html")).unwrap();
    assert!(page.contains("<a href=\"toy.html\">toy</a>"), "{page}");

    // The check.
    let report = check::check(&config, &[], &readings, clock, |what| what(), true);
    let [toy] = report.protocols.as_slice() else { panic!("{report:?}") };
    assert_eq!((toy.name.as_str(), toy.used, toy.lines_known, toy.lines_unknown), ("toy", true, 6, 1));
    assert!(check::text(&report).contains("toy"));
}
