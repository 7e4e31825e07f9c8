//! The legend: the same table as under a picture, as narrow as it has to be.

use crate::chart::legend::{self, Stats};
use crate::chart::template::Column;
use crate::chart::text;

/// The columns that are left out first if there is not room for all.
const DISPENSABLE: [Column; 5] = [Column::P95, Column::Last, Column::Avg, Column::Max, Column::Total];

/// Header and rows in `width` columns: first blanks between the columns go, then columns, then the ends of lines.
pub(super) fn table(columns: &[Column], entries: &[(&str, Option<Stats>)], width: usize) -> Vec<String> {
    let mut columns = columns.to_vec();
    loop {
        let table = legend::table(&columns, entries);
        let mut lines = vec![table.header];
        lines.extend(table.rows);
        let widest = |lines: &[String]| lines.iter().map(|line| text::width(line)).max().unwrap_or(0);
        if widest(&lines) > width {
            lines = squeeze(&lines);
        }
        if widest(&lines) <= width || columns.len() <= 1 {
            return lines.iter().map(|line| text::truncate(line, width)).collect();
        }
        let gone = DISPENSABLE.iter().find_map(|one| columns.iter().position(|column| column == one));
        columns.remove(gone.unwrap_or_default());
    }
}

/// Leaves out columns of characters that are blank in all lines, but for two between those that are not.
fn squeeze(lines: &[String]) -> Vec<String> {
    let cells: Vec<Vec<String>> = lines.iter().map(|line| cells(line)).collect();
    let columns = cells.iter().map(Vec::len).max().unwrap_or(0);
    let mut narrow = vec![String::new(); lines.len()];
    let mut blanks = 0;
    for column in 0..columns {
        let is_blank = cells.iter().all(|line| line.get(column).is_none_or(|cell| cell == " "));
        blanks = if is_blank { blanks + 1 } else { 0 };
        if blanks > 2 {
            continue;
        }
        for (line, narrow) in cells.iter().zip(&mut narrow) {
            narrow.push_str(line.get(column).map_or(" ", String::as_str));
        }
    }
    narrow.iter().map(|line| line.trim_end().to_owned()).collect()
}

/// `line` by columns; the second one of a wide character is empty.
fn cells(line: &str) -> Vec<String> {
    let mut cells: Vec<String> = Vec::new();
    for c in line.chars() {
        match text::width(c.encode_utf8(&mut [0; 4])) {
            0 => match cells.last_mut() {
                Some(before) => before.push(c),
                None => cells.push(c.to_string()),
            },
            wide => {
                cells.push(c.to_string());
                cells.extend((1..wide).map(|_| String::new()));
            }
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stats(total: f64, avg: f64) -> Option<Stats> {
        Some(Stats {
            total: Some(total),
            avg: Some(avg),
            max: Some(9.0 * avg),
            last: Some(0.0),
            ..Stats::default()
        })
    }

    const COLUMNS: [Column; 4] = [Column::Total, Column::Avg, Column::Max, Column::Last];

    #[test]
    fn where_there_is_room_it_is_the_pictures() {
        let entries = [("Success", stats(41_731.0, 14.5)), ("Failure", stats(12.0, 0.1))];
        let table = table(&COLUMNS, &entries, 80);
        assert_eq!(table[0], legend::table(&COLUMNS, &entries).header);
        assert_eq!(table[1], "Success          41,731       14.5      130.5        0.0");
    }

    #[test]
    fn blanks_go_before_columns_and_columns_before_digits() {
        let entries = [("漢字 ok", stats(41_731.0, 14.5)), ("Failure", stats(12.0, 0.1))];
        assert_eq!(
            table(&COLUMNS, &entries, 38),
            [
                "          Total   Avg    Max  Last",
                "漢字 ok  41,731  14.5  130.5   0.0",
                "Failure      12   0.1    0.9   0.0",
            ]
        );
        assert_eq!(
            table(&COLUMNS, &entries, 30),
            ["          Total   Avg    Max", "漢字 ok  41,731  14.5  130.5", "Failure      12   0.1    0.9"]
        );
        for line in table(&COLUMNS, &[(&"x".repeat(30), stats(1.0, 1.0))], 20) {
            assert!(text::width(&line) <= 20, "{line}");
        }
    }
}
