//! What each line of a log counts, as a table: for the samples of tests/data/samples, or for a log of one's own.
//!
//! `cargo run --example what-counts -- tests/data/samples/*/*.log`
//! `cargo run --example what-counts -- --own rbl /var/log/mail/smtp/current`
//!
//! A file that has an `.expected` beside it is read as that says. Another is read as syslog by every protocol, or
//! with `--own` as the log of that protocol alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use maillogs::line;
use maillogs::protocol::{CounterKind, LogKind, Protocol, Raise, Settings, Verdict, builtin};
use maillogs::store::counters::format_value;

#[derive(Parser)]
#[command(name = "what-counts")]
struct Options {
    /// Read the files as logs of this protocol's own
    #[arg(long, value_name = "PROTOCOL")]
    own: Option<String>,
    /// The logs
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let settings = Settings {
        send_in_syslog: true,
        smtpd_in_syslog: true,
        spamdyke_in_syslog: true,
        vchkpw_ports: [(2525, "smtp".to_owned())].into(),
        ..Settings::default()
    };
    let protocols = builtin(&settings);
    let (mut lines, mut matched) = (0, 0);
    for path in &options.files {
        let feeds = match feeds(path, &options, &protocols) {
            Ok(feeds) => feeds,
            Err(e) => {
                eprintln!("what-counts: {e}");
                return ExitCode::FAILURE;
            }
        };
        match table(path, &feeds) {
            Ok((all, known)) => {
                lines += all;
                matched += known;
            }
            Err(e) => {
                eprintln!("what-counts: {}: {e}", path.display());
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{} files, {lines} lines, {matched} matched", options.files.len());
    ExitCode::SUCCESS
}

type Feed = (&'static Protocol, LogKind);

/// Which protocols read the file, and as what.
fn feeds(path: &Path, options: &Options, protocols: &[&'static Protocol]) -> Result<Vec<Feed>, String> {
    let find = |name: &str| {
        protocols.iter().copied().find(|p| p.name == name).ok_or(format!("{name}: no such protocol"))
    };
    if let Some(own) = &options.own {
        return Ok(vec![(find(own)?, LogKind::Dedicated)]);
    }
    let Ok(expected) = fs::read_to_string(path.with_extension("expected")) else {
        return Ok(protocols.iter().map(|p| (*p, LogKind::Shared)).collect());
    };
    let feed = |line: &str| match line.split_whitespace().collect::<Vec<_>>()[..] {
        ["feed", name, "own"] => Some(find(name).map(|p| (p, LogKind::Dedicated))),
        ["feed", name, "shared"] => Some(find(name).map(|p| (p, LogKind::Shared))),
        _ => None,
    };
    expected.lines().filter_map(feed).collect()
}

/// Prints the file's row, its counters, and the lines that count nothing.
fn table(path: &Path, feeds: &[Feed]) -> std::io::Result<(usize, usize)> {
    let log = fs::read(path)?;
    let is_own = feeds.iter().all(|(_, place)| *place == LogKind::Dedicated);
    let mut parser = line::Parser::new(10, 1_790_636_400).of_own_log(is_own);
    let mut parts = line::Parts::default();
    let mut sums: Vec<Vec<i128>> = feeds.iter().map(|(p, _)| vec![0; p.counters.len()]).collect();
    let (mut lines, mut matched) = (0, 0);
    let mut unmatched = Vec::new();
    for text in log.split_inclusive(|&b| b == b'\n').map(|l| l.strip_suffix(b"\n").unwrap_or(l)) {
        let parsed = parts.parse(&mut parser, text, text);
        let mut known = false;
        for ((protocol, place), sums) in feeds.iter().zip(&mut sums) {
            let before = sums.clone();
            let verdict = (protocol.classify)(&parsed, *place, &mut Raise(sums));
            // Lines that only count as lines (`count`) or as other ones are not matched.
            let raised = |key: &str| protocol.index(key).is_some_and(|i| before[i] != sums[i]);
            let moved = before.iter().zip(sums.iter()).filter(|(a, b)| a != b).count();
            let only =
                ["count", "other", "message_other", "sa_other"].iter().filter(|key| raised(key)).count();
            known |= verdict == Verdict::Known && moved > only;
        }
        lines += 1;
        if known {
            matched += 1;
        } else {
            unmatched.push(String::from_utf8_lossy(text).chars().take(110).collect::<String>());
        }
    }
    let parent =
        path.parent().and_then(Path::file_name).map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let file = path.file_name().unwrap_or_default().to_string_lossy();
    let mut raised = Vec::new();
    for ((protocol, _), sums) in feeds.iter().zip(&sums) {
        for (counter, value) in protocol.counters.iter().zip(sums) {
            if *value != 0 && !matches!(counter.kind, CounterKind::Derived(_)) {
                raised.push(format!(
                    "{}.{} {}",
                    protocol.name,
                    counter.key,
                    format_value(counter.kind, *value)
                ));
            }
        }
    }
    println!(
        "{:<40} {lines:4} lines {matched:4} matched   {}",
        format!("{parent}/{file}"),
        raised.join(", ")
    );
    for line in unmatched {
        println!("    - {}", line.escape_debug());
    }
    Ok((lines, matched))
}
