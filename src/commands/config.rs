//! `maillogs config`: the settings of toaster.conf that are in force.
use std::process::ExitCode;

use super::context::print_for_people;
use super::exit::FAILED;
use crate::config::{Config, Problem, print as printed};
use crate::say::warn;

/// Prints the settings in force, or with `toml` the file as TOML. The problems were reported before.
pub(super) fn show_config(config: &Config, problems: &[Problem], toml: bool) -> ExitCode {
    let fails = printed::fails(problems);
    if toml && config.file.is_none() && fails {
        return ExitCode::from(FAILED);
    }
    let text = match toml.then(|| printed::to_toml(config)) {
        None => printed::in_force(config),
        Some(Ok(text)) => text,
        Some(Err(problem)) => {
            if !problems.contains(&problem) {
                warn(problem);
            }
            return ExitCode::from(FAILED);
        }
    };
    match print_for_people(text.as_bytes()) {
        Ok(()) if !fails => ExitCode::SUCCESS,
        Ok(()) => ExitCode::from(FAILED),
        Err(e) => {
            warn(e);
            ExitCode::from(FAILED)
        }
    }
}
