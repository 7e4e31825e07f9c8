//! `maillogs alarm`: one mail when an alarm begins, and one when it ends (cron).
use super::context::{host, now, print_for_people};
use crate::alarm::{self, Surroundings};
use crate::config::Config;
use crate::error::Result;
use crate::owner;

/// Judges the thresholds of toaster.conf and sends what there is to be sent; `verbose`: prints what was found.
///
/// # Errors
/// When that cannot be noted, or a mail cannot be sent.
pub(super) fn alarm(config: &Config, verbose: bool) -> Result<()> {
    owner::become_owner(config)?;
    let host = host(config);
    let found = alarm::run(config, Surroundings { clock: now, as_root: owner::as_root, host: &host })?;
    if !verbose {
        return Ok(());
    }
    let lines: String = found.iter().map(|line| crate::say::masked(line).into_owned() + "\n").collect();
    print_for_people(lines.as_bytes())
}
