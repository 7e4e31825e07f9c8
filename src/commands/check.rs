//! `maillogs check`.
use std::process::ExitCode;

use super::context::{now, print_for_people, readings};
use super::exit::FAILED;
use crate::config::{Config, Problem};
use crate::say::{gathered, warn};
use crate::{check, owner};

/// Prints what was found.
pub(super) fn check(config: &Config, problems: &[Problem], json: bool) -> ExitCode {
    // The report has findings of its own about what these two warn of.
    let ((looked, readings), _) = gathered(|| {
        let looked = owner::look_as_owner(config);
        let readings = if looked.is_ok() { readings(config, now()) } else { Vec::new() };
        (looked, readings)
    });
    let report = check::check(config, problems, &readings, now, owner::as_root, looked.is_ok());
    let text = if json { check::json(&report) } else { check::text(&report) };
    match print_for_people(text.as_bytes()) {
        Ok(()) if report.ok => return ExitCode::SUCCESS,
        Ok(()) => {}
        Err(e) => warn(e),
    }
    ExitCode::from(FAILED)
}
