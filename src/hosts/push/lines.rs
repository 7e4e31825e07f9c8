//! The lines that rrdcached is given. Pure: they are made of what is in the local RRD.
use crate::hosts::name::{self, MOST_FILES};
use crate::reading::Measure;
use crate::store::rrd::daemon::LONGEST_LINE;
use crate::store::rrd::header::Source;
use crate::store::rrd::{archives_of, created};

/// A protocol's file on the other side, by its number from 1: `HOST/send.rrd`, `HOST/send.2.rrd` …
pub(super) fn file(host: &str, protocol: &str, number: usize) -> String {
    format!("{host}/{}", name::file(protocol, number))
}

/// The line that makes a file of `sources`, which begins at `begin` (unix seconds).
pub(super) fn create(file: &str, step: i64, begin: i64, sources: &[Source]) -> String {
    let mut line = format!("CREATE {file} -b {begin} -s {step} -O");
    for source in sources {
        line.push(' ');
        line += &created::source(source);
    }
    for archive in archives_of(u32::try_from(step).unwrap_or(60)) {
        line.push(' ');
        line += &created::archive(&archive);
    }
    line
}

/// Parts `sources` so that the line that makes a file of each part is not too long. An update of such a file is shorter: a
/// value has at most 29 characters, a definition of a data source some 40 with its name.
pub(super) fn groups(file: &str, step: i64, sources: Vec<Source>) -> Vec<Vec<Source>> {
    // Another number and another time are not longer than these.
    let file = format!("{file}.{MOST_FILES}");
    let mut groups: Vec<Vec<Source>> = Vec::new();
    for source in sources {
        let fits = groups.last_mut().filter(|group| {
            let with = [group.as_slice(), std::slice::from_ref(&source)].concat();
            create(&file, step, 9_999_999_999, &with).len() < LONGEST_LINE
        });
        match fits {
            Some(group) => group.push(source),
            None => groups.push(vec![source]),
        }
    }
    groups
}

/// A value in units of 10⁻⁹, as an update has it; `None`: it is unknown.
pub(super) fn value(cell: Option<i128>) -> String {
    cell.map_or_else(|| "U".to_owned(), |value| Measure::Sum.print(value))
}

/// The line that gives `file` these values at `end` (unix seconds).
pub(super) fn update(file: &str, end: i64, cells: &[Option<i128>]) -> String {
    let mut line = format!("UPDATE {file} {end}");
    for cell in cells {
        line.push(':');
        line += &value(*cell);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::shipped;
    use crate::store::rrd::sources_of;

    /// The longest name of a host and of a protocol, all counters, and the longest values that there are.
    #[test]
    fn no_line_is_too_long_and_no_source_is_left_out() {
        let host = "h".repeat(253);
        for card in shipped() {
            let sources = sources_of(card);
            let name = format!("{}{}", card.name, "x".repeat(32 - card.name.len()));
            let first = file(&host, &name, 1);
            let groups = groups(&first, 60, sources.clone());
            assert_eq!(groups.concat(), sources, "{}", card.name);
            // Two more files may come before the one that holds all the others.
            assert!(groups.len() + 3 < MOST_FILES, "{}: {}", card.name, groups.len());
            for (n, group) in groups.iter().enumerate() {
                let file = file(&host, &name, n + 1);
                let made = create(&file, 60, 1_790_000_000, group).len();
                let longest = vec![Some(-(10_i128.pow(27) - 1)); group.len()];
                let updated = update(&file, 1_790_000_000, &longest).len();
                assert!(made < LONGEST_LINE && updated < LONGEST_LINE, "{}: {made} {updated}", card.name);
            }
        }
    }

    #[test]
    fn values_are_decimals() {
        let cells = [None, Some(0), Some(1), Some(-1_500_000_000), Some(12_000_000_000)];
        assert_eq!(update("h/x.rrd", 60, &cells), "UPDATE h/x.rrd 60:U:0:0.000000001:-1.5:12");
        assert_eq!((file("h", "x", 1), file("h", "x", 2)), ("h/x.rrd".into(), "h/x.2.rrd".into()));
    }
}
