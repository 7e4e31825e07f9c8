//! `maillogs push`: brings the minutes that the other side lacks to an rrdcached.
use std::time::Duration;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Command};

use super::context::{host, job, now, with_way_out};
use crate::config::{Config, RrdDaemon};
use crate::error::{Error, Result};
use crate::hosts::name;
use crate::hosts::push::{Local, push};
use crate::ingest::feeds;
use crate::protocol::Protocol;
use crate::say::warn;
use crate::store::lock::lock;
use crate::store::rrd::daemon::{Daemon, Listens};
use crate::{owner, query};

/// How long another push is waited for.
const PATIENCE: Duration = Duration::from_secs(5);

/// Adds the options and their help to the command.
pub(super) fn define(command: Command, protocols: &[&'static Protocol]) -> Command {
    command
        .about("Bring the minutes that it lacks to the rrdcached that rrd_daemon names (cron, after update)")
        .arg(
            Arg::new("protocol")
                .num_args(0..)
                .value_parser(PossibleValuesParser::new(protocols.iter().map(|p| p.name)))
                .help("Only these protocols; without any, all of them"),
        )
}

/// Connects to the rrdcached of toaster.conf.
pub(super) fn connect(daemon: &RrdDaemon) -> Result<Daemon> {
    let listens = match daemon {
        RrdDaemon::Unix(path) => Listens::Unix(path.clone()),
        RrdDaemon::Tcp(host, port) => Listens::Tcp(host.clone(), *port),
    };
    Daemon::connect(daemon.to_string(), listens)
}

/// Sends what is lacking there. If one protocol fails, the others are sent all the same.
pub(super) fn run(config: &Config, protocols: &[String], verbose: bool) -> Result<()> {
    let Some(daemon) = &config.rrd_daemon else {
        return Err(Error::Message(
            "push: toaster.conf does not say where rrdcached is; set rrd_daemon = \"host:42217\"".to_owned(),
        ));
    };
    let host = host(config);
    let host = name::checked(&host).map_err(|why| Error::Message(format!("push: {why}")))?;
    owner::become_owner(config)?;
    let state = config.logs_base.join("state");
    if !state.exists() {
        return Err(Error::Message(format!(
            "push: {}: is not there, so nothing was counted yet; run `maillogs update`",
            state.display()
        )));
    }
    // Two at a time would take each other for another machine.
    let _alone = lock(&state.join("push.lock"), PATIENCE)?;
    let mut connection = connect(daemon)?;
    let mut failed = Vec::new();
    for feed in feeds(config) {
        let protocol = feed.protocol;
        if !protocols.is_empty() && !protocols.iter().any(|wanted| wanted == protocol.name) {
            continue;
        }
        let reading = match query::last_commit(&job(config, &feed), now()) {
            Ok(reading) => reading,
            Err(e) => {
                failed.push(e);
                continue;
            }
        };
        match push(&mut connection, host, &Local::of(protocol, &reading, now())) {
            Ok(sent) if verbose && sent.updates > 0 => warn(format_args!(
                "{}: {} updates of {host}/{}, {} new files",
                connection.address(),
                sent.updates,
                protocol.name,
                sent.made
            )),
            Ok(_) => {}
            Err(e) => {
                failed.push(e);
                // What is left of the answer would be taken for that to the next command.
                if !connection.is_sound() {
                    break;
                }
            }
        }
    }
    let mut failed = failed.into_iter();
    let Some(first) = failed.next() else { return Ok(()) };
    failed.for_each(|e| warn(with_way_out(&e)));
    Err(first)
}
