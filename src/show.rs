//! `maillogs show`: what a query reads, as charts in the terminal. Like a query it has no lock and writes nothing, so
//! that everybody may call it who may read the logs.
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

use crate::cli::Show;
use crate::config::Config;
use crate::error::{At, Error, Result};
use crate::graph::show::{self, Live, Options, Terminal, Waiting, When, Wishes};
use crate::graph::{Period, Series, Theme};
use crate::ingest::{Feed, feeds};
use crate::owner;
use crate::protocol::{Kind, Protocol};
use crate::query;
use crate::run::graphs::{host, series, worded};
use crate::run::{job, now, with_way_out};
use crate::say::warn;
use crate::store::state::State;

/// Draws what `what` names.
///
/// # Errors
/// A name that no graph has; something that could not be shown.
pub fn show(config: &Config, what: &Show) -> Result<()> {
    owner::look_as_owner(config)?;
    let options = Options {
        names: what.names.clone(),
        period: Period::ALL.into_iter().find(|p| p.name() == what.period).unwrap_or(Period::Day),
        templates_dir: config.templates_dir.clone(),
        now: now(),
        host: host(config),
        series: series(config)?,
        terminal: terminal(what),
        height: what.height.map(usize::from),
    };
    let all = feeds(config);
    let mut look = |protocol: &str| {
        let feed = all.iter().find(|feed| feed.protocol.name == protocol)?;
        let mut live = live(config, feed, options.now).map_err(|e| warn(with_way_out(&e))).ok()?;
        let known = options.series.iter().find(|series| series.protocol == protocol);
        live.series.counters = known.map(|series| series.counters.clone()).unwrap_or_default();
        Some(live)
    };
    let shown = show::show(&options, &mut look).map_err(worded)?;
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(shown.text.as_bytes()).and_then(|()| stdout.flush()) {
        // `| head` has seen enough.
        Err(e) if e.kind() == ErrorKind::BrokenPipe => {}
        written => written.at("write", Path::new("standard output"))?,
    }
    shown.problems.iter().for_each(warn);
    match shown.problems.is_empty() {
        true => Ok(()),
        false => Err(Error::Message("not every graph could be shown, as said above".to_owned())),
    }
}

fn terminal(what: &Show) -> Terminal {
    let stdout = std::io::stdout();
    let size = stdout.is_terminal().then(|| {
        terminal_size::terminal_size_of(&stdout)
            .map_or((0, 0), |(columns, lines)| (usize::from(columns.0), usize::from(lines.0)))
    });
    let wishes = Wishes {
        color: match what.color.as_str() {
            "always" => When::Always,
            "never" => When::Never,
            _ => When::Auto,
        },
        theme: Theme::ALL.into_iter().find(|theme| what.theme.as_deref() == Some(theme.name())),
        width: what.width.map(usize::from),
    };
    Terminal::detect(wishes, size, |name| std::env::var(name).ok())
}

/// The last commit, what waits for the RRD, and what the sources hold beyond it.
fn live(config: &Config, feed: &Feed, now: i64) -> Result<Live> {
    let job = job(config, feed);
    let answer = query::look(&job, now)?;
    if let Some(e) = answer.failed {
        warn(format_args!("{e}; its latest lines may be missing"));
    }
    let store = job.store();
    Ok(Live {
        series: Series {
            protocol: feed.protocol.name.to_owned(),
            rrd: store.rrd,
            step: config.rrd_step,
            seen: if answer.complete { now } else { answer.state.seen },
            since: answer.state.since,
            measured: feed.protocol.measured,
            // What was measured and waits is added, to nothing.
            holds: false,
            counters: Vec::new(),
        },
        waiting: waiting(feed.protocol, &answer.state, i64::from(config.rrd_step)),
    })
}

/// The bins of `state`, as the RRD will get them.
fn waiting(protocol: &Protocol, state: &State, step: i64) -> Waiting {
    let value = |kind: Kind, value: i128| {
        #[expect(clippy::cast_precision_loss, reason = "a chart needs no 53 bits")]
        match kind {
            Kind::Sum | Kind::Net => value as f64 / 1e9,
            _ => value as f64,
        }
    };
    let kept: Vec<_> =
        protocol.counters.iter().enumerate().filter(|(_, c)| !matches!(c.kind, Kind::Derived(_))).collect();
    Waiting {
        step,
        sources: kept.iter().map(|(_, c)| (c.ds.to_owned(), c.kind.is_gauge())).collect(),
        measured: protocol.measured,
        bins: state
            .bins
            .iter()
            .map(|(begin, bin)| (*begin, kept.iter().map(|(i, c)| value(c.kind, bin.values[*i])).collect()))
            .collect(),
    }
}
