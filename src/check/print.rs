//! What was found, for people and for programs.
use super::finding::{Finding, Level, Report, Source};
use crate::say::masked;

/// One line for each finding, with its level in front; then a line with the numbers of findings.
pub fn text(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let level = match finding.level {
            Level::Ok => "ok",
            Level::Note => "note",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
        };
        let protocol = finding.protocol.as_deref().unwrap_or("-");
        // What is about a protocol as a whole need not name it twice.
        let subject = if finding.subject == protocol {
            String::new()
        } else {
            format!("{}: ", masked(&finding.subject))
        };
        let (check, text) = (finding.check, masked(&finding.text));
        out += &format!("{level:<8} {protocol:<13} {check:<14} {subject}{text}\n");
    }
    let count = |level| report.findings.iter().filter(|f| f.level == level).count();
    out += &format!(
        "{}: {} errors, {} warnings, {} notes\n",
        if report.ok { "healthy" } else { "not healthy" },
        count(Level::Error),
        count(Level::Warning),
        count(Level::Note)
    );
    out
}

/// The report as one JSON document. Its texts are masked as in the report for people, because such a document is
/// shown in terminals as well, and JSON itself escapes only some of the characters that a terminal acts on.
pub fn json(report: &Report) -> String {
    let mask = |text: &mut String| *text = masked(text).into_owned();
    let mut report = report.clone();
    for Finding { protocol, subject, text, .. } in &mut report.findings {
        [subject, text].into_iter().chain(protocol).for_each(mask);
    }
    for summary in &mut report.protocols {
        mask(&mut summary.name);
        summary.sources.iter_mut().for_each(|Source { name, .. }| mask(name));
    }
    serde_json::to_string_pretty(&report)
        .map_or_else(|e| format!("{{\"error\":{:?}}}\n", e.to_string()), |t| t + "\n")
}
