//! The table of the binary, a rule a line: to read the TOML that it is made from would take longer than a query.
//!
//! `reasons.lines` is made from `reasons.toml` by a test, and compared with it. Its lines:
//!
//! | line | meaning |
//! |---|---|
//! | the first | the version |
//! | the second | the needles |
//! | `own CLASS OUTCOME BEGINS HOLDS` | a rule for what qmail itself says; OUTCOME may be empty |
//! | `reply CLASS CODES STATUSES PHASES ANY WITH ALL NONE` | a rule for replies; the last four are positions of needles |
//!
//! Tabs stand between the fields, `|` between the parts of a list, and classes and phases by name.
use super::classes::{CLASSES, Outcome};
use super::report::Phase;
use super::table::{OwnRule, ReplyRule, Table};

/// The version of such a table, without a look at the rest; 0: it has none.
pub(super) fn version(text: &str) -> u32 {
    text.lines().next().and_then(|line| line.parse().ok()).unwrap_or(0)
}

/// Reads such a table. `None`: it is none.
pub(super) fn read(text: &'static str) -> Option<Table> {
    let mut lines = text.lines();
    let version = lines.next()?.parse().ok()?;
    let mut table = Table::new(version, list(lines.next()?));
    for line in lines {
        let fields: Vec<&str> = line.split('\t').collect();
        match fields[..] {
            ["own", class, when, begins, holds] => table.own.push(OwnRule {
                class: class_of(class)?,
                when: if when.is_empty() { None } else { Some(Outcome::named(when)?) },
                // A rule may hold for any beginning.
                begins: begins.split('|').collect(),
                holds: list(holds),
            }),
            ["reply", class, codes, statuses, phases, any, with, all, none] => table.rules.push(ReplyRule {
                class: class_of(class)?,
                codes: list(codes),
                statuses: list(statuses),
                phases: list(phases).iter().map(|phase| Phase::named(phase)).collect::<Option<_>>()?,
                any: positions(any)?,
                with: positions(with)?,
                all: positions(all)?,
                none: positions(none)?,
            }),
            _ => return None,
        }
    }
    Some(table)
}

fn class_of(name: &str) -> Option<usize> {
    CLASSES.iter().position(|class| *class == name)
}

fn list(parts: &'static str) -> Vec<&'static str> {
    if parts.is_empty() { Vec::new() } else { parts.split('|').collect() }
}

fn positions(parts: &str) -> Option<Vec<usize>> {
    if parts.is_empty() { Some(Vec::new()) } else { parts.split('|').map(|part| part.parse().ok()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write;

    fn written(table: &Table) -> String {
        let mut text = format!("{}\n{}\n", table.version, table.needles.join("|"));
        for OwnRule { class, begins, holds, when } in &table.own {
            let when = when.map(|when| format!("{when:?}").to_lowercase()).unwrap_or_default();
            writeln!(text, "own\t{}\t{when}\t{}\t{}", CLASSES[*class], begins.join("|"), holds.join("|"))
                .unwrap();
        }
        for rule in &table.rules {
            let phases: Vec<String> = rule.phases.iter().map(|p| format!("{p:?}").to_lowercase()).collect();
            let lists = [rule.codes.join("|"), rule.statuses.join("|"), phases.join("|")];
            let numbers = [&rule.any, &rule.with, &rule.all, &rule.none]
                .map(|list| list.iter().map(ToString::to_string).collect::<Vec<_>>().join("|"));
            writeln!(text, "reply\t{}\t{}\t{}", CLASSES[rule.class], lists.join("\t"), numbers.join("\t"))
                .unwrap();
        }
        text
    }

    #[test]
    fn the_lines_are_those_of_the_table() {
        let table = Table::parse(super::super::SHIPPED).unwrap();
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/protocol/reasons/reasons.lines");
        if std::env::var_os("MAILLOGS_BLESS").is_some_and(|bless| bless == "1") {
            std::fs::write(file, written(&table)).unwrap();
        }
        let text = std::fs::read_to_string(file).unwrap();
        assert!(
            text == written(&table),
            "reasons.toml was changed: MAILLOGS_BLESS=1 cargo test the_lines_are_those_of_the_table"
        );
        let read = read(text.leak()).unwrap();
        assert_eq!((read.version, &read.needles), (table.version, &table.needles));
        assert!(read.own == table.own && read.rules == table.rules);
    }

    #[test]
    fn what_is_no_such_table_is_none() {
        for text in
            ["", "x\n\n", "1\n\nown\tno-class\t\tx\t\n", "1\n\nreply\ttls\t\t\t\tx\t\t\t\n", "1\n\nother\n"]
        {
            assert!(read(text).is_none(), "{text:?}");
        }
    }
}
