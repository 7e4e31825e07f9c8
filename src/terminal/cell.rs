//! One character of a chart: which it is, and in which colours.
use super::paint::{Paint, Style};
use super::raster::block;

/// Lower eighths, from none to all of a cell.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A cell of areas with a line's dots over it.
pub(super) fn cell(
    eighths: &[Option<usize>],
    dots: Option<(u8, usize)>,
    paint: &dyn Fn(usize) -> Paint,
) -> Option<(char, Style)> {
    let of = |series: Option<usize>| series.map_or(Paint::Own, paint);
    let block = block(eighths);
    if let Some((bits, series)) = dots {
        let most = if block.eighths > 4 { block.lower } else { block.upper };
        let c = char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' ');
        return Some((c, Style { fore: paint(series), back: of(most), ..Style::default() }));
    }
    let style = |fore, back| Style { fore: of(fore), back: of(back), ..Style::default() };
    match (block.lower, block.upper) {
        (None, None) => None,
        // Both colours: many fonts leave a gap between the lines.
        (lower, upper) if lower == upper => Some(('█', style(lower, lower))),
        // What hangs from above: the terminal's own background covers the rest.
        (None, upper) => Some((EIGHTHS[block.eighths], Style { swapped: true, ..style(upper, None) })),
        (lower, upper) => Some((EIGHTHS[block.eighths], style(lower, upper))),
    }
}

/// A cell in ASCII, by how full it is.
pub(super) fn letter(eighths: &[Option<usize>]) -> Option<char> {
    match eighths.iter().filter(|one| one.is_some()).count() {
        0 => None,
        1..=2 => Some('.'),
        3..=4 => Some('-'),
        5..=6 => Some('='),
        _ => Some('#'),
    }
}
