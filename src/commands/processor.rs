//! `sendlog`, `smtplog`, `pop3log` and the processors of toaster.conf's protocols: what a logger calls at every roll.
use std::path::Path;
use std::process::ExitCode;

use super::context::{job, with_way_out};
use super::exit::{AGAIN, temporary_failure};
use crate::config::Config;
use crate::error::{At, Error};
use crate::ingest::{Options, feeds, pass_through};
use crate::owner;
use crate::say::warn;
use crate::source::stdin;
use crate::store::rrd::patient;

/// Does the work of a logger's processor. It may stop the mail log for one reason only: that the chunk it was given
/// could not be kept.
pub(super) fn process(config: &Config, log: &str, force: bool) -> ExitCode {
    // The logger waits for us.
    patient::wait_at_most(patient::SHORT);
    let done = std::panic::catch_unwind(|| {
        owner::become_owner(config)?;
        let feed = feeds(config).into_iter().find(|f| f.log.as_deref() == Some(log));
        let feed =
            feed.ok_or_else(|| Error::Message(format!("{log}: no protocol has a processor of that name")))?;
        let job = job(config, &feed);
        let input = stdin::open(&job.store().state_dir)?;
        let source = input.chunk.file.try_clone().at("read", Path::new("standard input"))?;
        let length = source.metadata().at("look at", Path::new("standard input"))?.len();
        let mut pass = || if config.logs_taifiles { pass_through(&source, length) } else { Ok(()) };
        job.advance(Some(input), &mut pass, Options { force, ..Options::default() })
    });
    match done {
        Ok(Ok(())) => return ExitCode::SUCCESS,
        Ok(Err(e)) => warn(format_args!("{}; {AGAIN}", with_way_out(&e))),
        Err(thrown) if thrown.is::<owner::RightsKept>() => warn(AGAIN),
        Err(_) => warn(format_args!("this is a defect of maillogs; {AGAIN}")),
    }
    temporary_failure()
}
