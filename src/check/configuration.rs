//! toaster.conf: is all of it understood, and can the loggers' processors read it?
use std::os::unix::fs::MetadataExt;

use nix::unistd::geteuid;

use super::finding::{Level, Report};
use crate::config::{Config, Problem, ProblemKind, Severity};
use crate::error::words;

/// Looks at the configuration that was read, in which there are these `problems`.
pub(super) fn check(report: &mut Report, config: &Config, problems: &[Problem]) {
    let file = config.file.as_ref().map_or("built-in defaults".to_owned(), |f| f.display().to_string());
    if problems.is_empty() {
        report.add(Level::Ok, "configuration", &file, "every key is understood");
    }
    if let Some(file) = config.file.as_ref().filter(|_| !geteuid().is_root()) {
        // Root reads it whatever its mode is; with root's rights given away it shows what the loggers can do.
        if let Err(e) = std::fs::File::open(file) {
            let mode =
                std::fs::metadata(file).map(|meta| format!(", it has mode {:04o}", meta.mode() & 0o7777));
            let text = format!(
                "cannot be read by user {} ({}{}), as whom the loggers' processors work: they exit 111 until it can; chmod 0644 lets everybody read it",
                geteuid(),
                words(&e),
                mode.unwrap_or_default()
            );
            report.add(Level::Error, "configuration", file.display().to_string(), text);
        }
    }
    for problem in problems {
        let fault = problem.severity == Severity::Error || problem.kind == ProblemKind::UnknownKey;
        let level = if fault { Level::Error } else { Level::Warning };
        let file = problem.file.display().to_string();
        let said = problem.to_string();
        let text = said.strip_prefix(&format!("{file}: ")).unwrap_or(&said);
        report.add(level, "configuration", &file, text);
    }
    for (key, why) in config.inactive() {
        report.add(Level::Note, "configuration", key, format!("no longer acts: {why}"));
    }
}
