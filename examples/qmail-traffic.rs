//! Writes a log of a mail server that never was to stdout, for demonstrations, tests and benches.
//!
//! `cargo run --release --example qmail-traffic -- --days 3 | multilog '!exec ./sendlog' ./send`

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use chrono::{Local, Offset, TimeZone, Utc};
use clap::Parser;

#[path = "../tests/support/traffic/mod.rs"]
mod traffic;

/// A realistic log of a mail server: the same options give the same bytes, and all logs of one seed and span are
/// of the same server.
#[derive(Parser)]
#[command(name = "qmail-traffic")]
struct Options {
    /// Whose log: send, smtpd, pop3d, syslog, greylist or toaster6
    #[arg(long, default_value = "send", value_parser = parse_log)]
    log: traffic::Log,
    /// Another seed is another server's log
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the log ends: unix seconds, or "now"
    #[arg(long, default_value = "now", value_parser = parse_end)]
    end: i64,
    /// How many days it spans
    #[arg(long, default_value_t = 3.0)]
    days: f64,
    /// Load as a multiple of the ordinary 5 to 45 deliveries a minute
    #[arg(long, default_value_t = 1.0)]
    rate: f64,
    /// Leave the TAI64N labels out, as qmail-send itself writes (multilog's `t` adds them)
    #[arg(long)]
    unlabelled: bool,
}

fn parse_log(text: &str) -> Result<traffic::Log, String> {
    let found = traffic::Log::ALL.iter().find(|(name, _)| *name == text);
    found
        .map(|(_, log)| *log)
        .ok_or_else(|| format!("{text:?} is none of send, smtpd, pop3d, syslog, greylist, toaster6"))
}

fn parse_end(text: &str) -> Result<i64, String> {
    if text == "now" {
        return Ok(Utc::now().timestamp());
    }
    text.parse().map_err(|_| format!("{text:?} is neither unix seconds nor \"now\""))
}

fn main() -> ExitCode {
    let options = Options::parse();
    let utc_offset =
        Local.timestamp_opt(options.end, 0).earliest().map_or(0, |end| end.offset().fix().local_minus_utc());
    let traffic = traffic::Traffic {
        seed: options.seed,
        end: options.end,
        days: options.days,
        rate: options.rate,
        utc_offset: utc_offset.into(),
        labels: !options.unlabelled,
    };
    let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match traffic.write_log(options.log, &mut out).and_then(|_| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("qmail-traffic: {error}");
            ExitCode::FAILURE
        }
    }
}
