//! What was found, for people and for programs.
use super::{Level, Report};

/// One line a finding, the worst word first to the eye; then the sum.
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
        let subject =
            if finding.subject == protocol { String::new() } else { plain(&finding.subject) + ": " };
        let (check, text) = (finding.check, plain(&finding.text));
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

/// Without anything that moves a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// As one JSON document.
pub fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report)
        .map_or_else(|e| format!("{{\"error\":{:?}}}\n", e.to_string()), |t| t + "\n")
}
