//! How fast maillogs is, beside what cannot be much faster. `make bench` runs it and writes bench/RESULTS.md.
//!
//! `BENCH_MB=100 make bench` takes logs of 100 MB instead of 1,000. `BENCH_ONLY=query make bench` measures only the rows in
//! whose name that stands, and prints them instead. The logs are kept in cargo's directory.
//!
//! `inputs` invents logs and looks what is in them, `store` makes stores and compares their counters, `measure` runs a
//! command and gives its figures, `rows` is what is measured, `report` writes it down.
mod inputs;
mod measure;
mod report;
mod rows;
mod store;

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use inputs::{Inputs, Kind};
use rows::Bench;

type Error = Box<dyn std::error::Error>;
type Result<T> = std::result::Result<T, Error>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((first, rest)) if first == measure::ALONE => measure::alone(rest).map_err(Error::from),
        Some((first, rest)) if first == measure::SYNCS => measure::sync_often(rest).map_err(Error::from),
        Some((results, [])) => bench(&PathBuf::from(results)).map(|()| ExitCode::SUCCESS),
        _ => Err("usage: bench RESULTS.md".into()),
    };
    done.unwrap_or_else(|error| {
        eprintln!("bench: {error}");
        ExitCode::FAILURE
    })
}

/// Measures everything and writes it to `results`.
fn bench(results: &PathBuf) -> Result<()> {
    // This program stands in target/release/examples.
    let this = std::env::current_exe()?;
    let examples = this.parent().ok_or("no directory of examples")?;
    let release = examples.parent().ok_or("no directory of releases")?;
    let dir = release.parent().ok_or("no directory of cargo's")?.join("bench");
    fs::create_dir_all(&dir)?;
    let megabytes = match std::env::var("BENCH_MB") {
        Ok(text) => text.parse().map_err(|_| format!("BENCH_MB={text}: a number of MB is needed"))?,
        Err(_) => 1_000.0,
    };
    let bench = Bench {
        inputs: Inputs { dir, traffic: examples.join("qmail-traffic") },
        maillogs: release.join("maillogs"),
        megabytes,
    };
    let only = std::env::var("BENCH_ONLY").unwrap_or_default();
    let machine = report::machine();
    let (mut rows, mut memory, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    let mut row = |what: &str, measure: &dyn Fn(&str) -> Result<report::Row>| {
        if what.contains(&only) {
            let row = measure(what)?;
            eprintln!("bench: {row}");
            rows.push(row);
        }
        Ok::<(), Error>(())
    };
    let (large, fifth) = (megabytes, megabytes / 5.0);
    row("send within a day", &|what| bench.whole_log(what, Kind::Send, fifth, 1.0, 2.0))?;
    row("send over 30 days", &|what| bench.whole_log(what, Kind::Send, large, 30.0, 2.3))?;
    row("send within a day with reasons and providers", &|what| {
        bench.sections(what, "times = false\n", Some(1.5))
    })?;
    row("send within a day with all sections", &|what| bench.sections(what, "", None))?;
    row("smtp over 30 days, all rules of rbl", &|what| bench.whole_log(what, Kind::Smtp, large, 30.0, 3.0))?;
    row("maillog over 30 days, all protocols of syslog", &|what| {
        bench.whole_log(what, Kind::Maillog, large, 30.0, 3.1)
    })?;
    row("send, passed on and archived; wall time", &|what| bench.keeping_lines(what))?;
    row("roll of 100 KB, the whole process", &|what| bench.roll(what))?;
    row("query with 10 KB new", &|what| bench.query(what))?;
    row("update and graph with nothing new, all protocols", &|what| bench.nothing_new(what, false))?;
    row("update and graph with nothing new, send only", &|what| bench.nothing_new(what, true))?;
    let peaks = [
        ("memory: send", Kind::Send, large, 30.0),
        ("memory: smtp", Kind::Smtp, large, 30.0),
        ("memory: send, sparse", Kind::Send, 14.0, 31.0),
    ];
    for (what, kind, megabytes, days) in peaks.into_iter().filter(|(what, ..)| what.contains(&only)) {
        memory.push(bench.memory(what, kind, megabytes, days)?);
    }
    if "size of rbl.rrd".contains(&only) {
        sizes.push(bench.size_of_rbl()?);
    }
    let text = report::report(&machine, &rows, &memory, &sizes);
    if only.is_empty() {
        fs::write(results, text)?;
    } else {
        print!("{text}");
    }
    Ok(())
}
