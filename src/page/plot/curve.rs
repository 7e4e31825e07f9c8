//! Rows as the paths of an SVG, in whole units: a column for each row, and steps between them.
//!
//! A path is the data, too: `M x y` begins a stretch of rows, `V y` is the value of those that follow, or `v n` by how much it is
//! higher, whichever is shorter; `h n` goes on over `n` of them. What is not known is left out between two stretches. The script of the page and the tests read values off it again.

/// A value for each row in whole units; none where it is unknown.
pub(super) type Units = Vec<Option<i64>>;

/// The stretches of rows that are known: the first row, and a value and how many rows have it.
fn stretches(rows: &[Option<i64>]) -> Vec<(usize, Vec<(i64, usize)>)> {
    let mut all: Vec<(usize, Vec<(i64, usize)>)> = Vec::new();
    let mut is_open = false;
    for (x, value) in rows.iter().enumerate() {
        let Some(value) = value else {
            is_open = false;
            continue;
        };
        if !is_open {
            all.push((x, Vec::new()));
            is_open = true;
        }
        if let Some((_, steps)) = all.last_mut() {
            match steps.last_mut() {
                Some((last, count)) if last == value => *count += 1,
                _ => steps.push((*value, 1)),
            }
        }
    }
    all
}

/// A letter and a number. There are so many of them that what can format anything would be half of the work.
fn add(path: &mut String, letter: char, number: i64) {
    path.push(letter);
    path.push_str(itoa::Buffer::new().format(number));
}

/// Where a stretch begins.
fn begin(path: &mut String, x: usize, y: i64) {
    add(path, 'M', count(x));
    add(path, ' ', y);
}

fn count(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The steps of one stretch, from `y` on; gives where they end.
fn steps(path: &mut String, mut y: i64, steps: &[(i64, usize)]) -> i64 {
    for (value, rows) in steps {
        rise(path, y, *value);
        add(path, 'h', count(*rows));
        y = *value;
    }
    y
}

/// From `y` to `value`.
fn rise(path: &mut String, y: i64, value: i64) {
    if value == y {
        return;
    }
    let (mut to, mut by) = (itoa::Buffer::new(), itoa::Buffer::new());
    let (to, by) = (to.format(value), by.format(value - y));
    let (letter, number) = if by.len() < to.len() { ('v', by) } else { ('V', to) };
    path.push(letter);
    path.push_str(number);
}

/// The area between zero and the values. Its ends stand upon zero, so that its outline may be drawn as a line too.
pub(super) fn area(rows: &[Option<i64>]) -> String {
    let mut path = String::new();
    for (x, some) in stretches(rows) {
        begin(&mut path, x, 0);
        if steps(&mut path, 0, &some) != 0 {
            path.push_str("V0");
        }
    }
    path
}

/// The area between two curves, of which `lower` is known where `upper` is: for what zero does not bound. What goes back to the
/// left is no value.
pub(super) fn band(upper: &[Option<i64>], lower: &[i64]) -> String {
    let mut path = String::new();
    for (x, some) in stretches(upper) {
        let rows: usize = some.iter().map(|(_, rows)| rows).sum();
        let below = &lower[x..x + rows];
        let first = below.first().copied().unwrap_or_default();
        begin(&mut path, x, first);
        let mut y = steps(&mut path, first, &some);
        for value in below.iter().rev() {
            rise(&mut path, y, *value);
            path.push_str("h-1");
            y = *value;
        }
    }
    path
}

/// The curve alone.
pub(super) fn line(rows: &[Option<i64>]) -> String {
    let mut path = String::new();
    for (x, some) in stretches(rows) {
        let first = some.first().map_or(0, |(value, _)| *value);
        begin(&mut path, x, first);
        steps(&mut path, first, &some);
    }
    path
}

/// A level over all rows.
pub(super) fn level(y: i64, rows: usize) -> String {
    format!("M0 {y}h{rows}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [Option<i64>; 8] = [Some(0), Some(0), Some(3), Some(3), None, Some(-2), Some(4), None];

    #[test]
    fn steps_are_short_and_gaps_are_left_out() {
        assert_eq!(area(&ROWS), "M0 0h2V3h2V0M5 0V-2h1V4h1V0");
        assert_eq!(line(&ROWS), "M0 0h2V3h2M5 -2h1V4h1");
        assert_eq!(level(7, 8), "M0 7h8");
        assert_eq!(line(&[Some(998), Some(1_001), Some(7)]), "M0 998h1v3h1V7h1");
        assert_eq!((area(&[None; 3]), line(&[])), (String::new(), String::new()));
    }

    #[test]
    fn a_band_goes_back_along_what_it_stands_on() {
        assert_eq!(band(&[Some(5), Some(-1), None], &[2, 3, 0]), "M0 2V5h1V-1h1V3h-1V2h-1");
    }
}
