//! Colours and pieces of lines → what is written to a terminal.

use super::detect::{Depth, Terminal};
use crate::chart::text;
use crate::chart::theme::{Color, Theme};

/// Red, green, blue.
pub(super) type Rgb = [u8; 3];

/// A colour as the terminal takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Paint {
    /// The terminal's own.
    #[default]
    Own,
    /// Of its palette.
    Index(u8),
    True(Rgb),
}

/// How a piece of a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Style {
    pub fore: Paint,
    pub back: Paint,
    pub bold: bool,
    pub dim: bool,
    /// Foreground and background change places: so the terminal's own background is a foreground.
    pub swapped: bool,
}

/// A line: pieces of text, each in one style.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line(Vec<(String, Style)>);

impl Line {
    pub(super) fn push(&mut self, text: &str, style: Style) {
        match self.0.last_mut() {
            Some((last, same)) if *same == style => last.push_str(text),
            _ => self.0.push((text.to_owned(), style)),
        }
    }

    pub(super) fn plain(text: &str) -> Self {
        Self(vec![(text.to_owned(), Style::default())])
    }

    /// As bytes for the terminal, at most `width` columns wide, without blanks at its end.
    pub(super) fn write(&self, terminal: &Terminal, out: &mut String) {
        let mut room = terminal.width;
        let mut pieces: Vec<(String, Style)> = Vec::new();
        for (piece, style) in &self.0 {
            let mut kept = String::new();
            for c in piece.chars() {
                let wide = text::width(c.encode_utf8(&mut [0; 4]));
                if wide > room {
                    room = 0;
                    break;
                }
                room -= wide;
                kept.push(c);
            }
            pieces.push((kept, *style));
        }
        while let Some((piece, style)) = pieces.last_mut() {
            if style.back == Paint::Own {
                piece.truncate(piece.trim_end().len());
            }
            if !piece.is_empty() {
                break;
            }
            pieces.pop();
        }
        for (piece, style) in pieces {
            let piece = if terminal.unicode { piece } else { ascii(&piece) };
            match codes(style, terminal.depth) {
                codes if codes.is_empty() => out.push_str(&piece),
                codes => {
                    out.push_str("\x1b[");
                    out.push_str(&codes);
                    out.push('m');
                    out.push_str(&piece);
                    out.push_str("\x1b[0m");
                }
            }
        }
        out.push('\n');
    }
}

/// The parameters of SGR; none for the terminal's own colours.
fn codes(style: Style, depth: Depth) -> String {
    if depth == Depth::None {
        return String::new();
    }
    let mut codes: Vec<String> = Vec::new();
    for (set, code) in [(style.bold, "1"), (style.dim, "2"), (style.swapped, "7")] {
        if set {
            codes.push(code.to_owned());
        }
    }
    for (paint, plain, bright, wide) in [(style.fore, 30, 90, 38), (style.back, 40, 100, 48)] {
        match paint {
            Paint::Own => {}
            Paint::Index(n @ 0..=7) => codes.push((plain + u16::from(n)).to_string()),
            Paint::Index(n @ 8..=15) => codes.push((bright + u16::from(n) - 8).to_string()),
            Paint::Index(n) => codes.push(format!("{wide};5;{n}")),
            Paint::True([r, g, b]) => codes.push(format!("{wide};2;{r};{g};{b}")),
        }
    }
    codes.join(";")
}

/// `text` in ASCII; each character has as many columns as before.
fn ascii(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            ' '..='~' => plain.push(c),
            '–' | '─' | '╌' | '━' => plain.push('-'),
            '·' => plain.push('.'),
            '…' => plain.push('~'),
            '∖' => plain.push('\\'),
            '│' | '┤' => plain.push('|'),
            '└' | '┴' | '┬' | '┼' => plain.push('+'),
            '█' | '■' => plain.push('#'),
            c => plain.push_str(&"?".repeat(text::width(c.encode_utf8(&mut [0; 4])))),
        }
    }
    plain
}

/// Text from elsewhere: nothing in it may move the cursor, change a colour, turn a line around or have no width.
pub(super) fn clean(text: &str) -> String {
    let unseen = |c: &char| {
        matches!(*c as u32, 0x00ad | 0x061c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f
            | 0xfe00..=0xfe0f | 0xfeff | 0xfff0..=0xfffb | 0xe0000..=0xe0fff)
    };
    text::plain(text).chars().filter(|c| !unseen(c)).collect()
}

/// The colours of what is drawn on one chart, as near as the terminal has them, and no two alike.
pub(super) struct Palette(Vec<(Rgb, Paint)>);

impl Palette {
    /// None where the terminal has too few.
    pub(super) fn new(wanted: &[Rgb], depth: Depth) -> Option<Self> {
        let have: Vec<(u8, Rgb)> = match depth {
            Depth::None | Depth::True => Vec::new(),
            Depth::Sixteen => SIXTEEN.to_vec(),
            Depth::Cube => (16..=255).map(|n| (n, cube(n))).collect(),
        };
        let mut known: Vec<(Rgb, Paint)> = Vec::new();
        for rgb in wanted {
            if known.iter().any(|(same, _)| same == rgb) {
                continue;
            }
            let paint = match depth {
                Depth::None => Paint::Own,
                Depth::True => Paint::True(*rgb),
                _ => {
                    let free =
                        have.iter().filter(|(n, _)| !known.iter().any(|(_, p)| *p == Paint::Index(*n)));
                    Paint::Index(free.min_by_key(|(_, have)| distance(*have, *rgb))?.0)
                }
            };
            known.push((*rgb, paint));
        }
        Some(Self(known))
    }

    pub(super) fn of(&self, rgb: Rgb) -> Paint {
        self.0.iter().find(|(known, _)| *known == rgb).map_or(Paint::Own, |(_, paint)| *paint)
    }
}

/// What each of the sixteen stands for: terminals have their own idea of them, but all call 2 green. Black, white and
/// the greys are the text's.
const SIXTEEN: [(u8, Rgb); 12] = [
    (2, [60, 170, 110]),
    (3, [235, 175, 50]),
    (1, [220, 85, 85]),
    (4, [65, 130, 240]),
    (5, [165, 110, 205]),
    (6, [45, 170, 185]),
    (10, [110, 220, 160]),
    (11, [250, 225, 100]),
    (9, [255, 135, 110]),
    (12, [130, 175, 255]),
    (13, [215, 165, 245]),
    (14, [110, 225, 235]),
];

/// A colour of xterm's 256, from 16 on.
fn cube(n: u8) -> Rgb {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    if n >= 232 {
        return [8 + 10 * (n - 232); 3];
    }
    let n = usize::from(n.saturating_sub(16));
    [LEVELS[n / 36], LEVELS[n / 6 % 6], LEVELS[n % 6]]
}

fn distance(a: Rgb, b: Rgb) -> u32 {
    a.iter().zip(b).zip([3, 4, 2]).map(|((a, b), weight)| weight * u32::from(a.abs_diff(b)).pow(2)).sum()
}

/// The colour of a series on `terminal`, and whether it is so pale that it only goes with a line.
pub(super) fn shade(of: &Color, terminal: &Terminal) -> (Rgb, bool) {
    let (light, _) = parts(of.in_theme(Theme::Light));
    let (dark, _) = parts(of.in_theme(Theme::Dark));
    let share = |theme| parts(of.in_theme(theme)).1;
    let (color, back, share) = match terminal.theme {
        Some(Theme::Light) => (light, [255; 3], share(Theme::Light)),
        Some(Theme::Dark) => (dark, [0x14, 0x18, 0x1f], share(Theme::Dark)),
        // What is between both can be read on both.
        None => (blend(light, dark, 128), [128; 3], share(Theme::Light)),
    };
    let pale = share < 0x70;
    // What is nearly opaque is it on a terminal: large areas of pure colour are rare there.
    (if share >= 0xa0 { color } else { blend(color, back, share) }, pale)
}

/// The colour of a template, and how much of it there is, from 0 to 255.
fn parts(color: &str) -> (Rgb, u8) {
    let byte = |at: usize| color.get(at..at + 2).and_then(|digits| u8::from_str_radix(digits, 16).ok());
    ([1, 3, 5].map(|at| byte(at).unwrap_or(128)), byte(7).unwrap_or(255))
}

/// `share` (of 255) of `color` on `back`.
fn blend(color: Rgb, back: Rgb, share: u8) -> Rgb {
    let mut mixed = [0; 3];
    for (mixed, (color, back)) in mixed.iter_mut().zip(color.into_iter().zip(back)) {
        let sum = u16::from(color) * u16::from(share) + u16::from(back) * (255 - u16::from(share));
        *mixed = u8::try_from(sum / 255).unwrap_or(u8::MAX);
    }
    mixed
}

/// What is written beside the series.
pub(super) struct Quiet {
    /// Axes, and numbers beside them.
    pub axis: Style,
    /// Lines across the chart, and what is not yet known.
    pub faint: Style,
}

impl Quiet {
    /// Readable on both grounds, where it is not known which it is.
    pub(super) fn new(terminal: &Terminal) -> Self {
        let of = |fore: Paint| Style { fore, ..Style::default() };
        let dim = Style { dim: true, ..Style::default() };
        let (axis, faint) = match (terminal.depth, terminal.theme) {
            (Depth::None, _) => (Style::default(), Style::default()),
            (Depth::Sixteen, _) => (dim, dim),
            (Depth::Cube, Some(Theme::Dark)) => (of(Paint::Index(246)), of(Paint::Index(238))),
            (Depth::Cube, Some(Theme::Light)) => (of(Paint::Index(242)), of(Paint::Index(252))),
            (Depth::Cube, None) => (of(Paint::Index(244)), Style { dim: true, ..of(Paint::Index(243)) }),
            (Depth::True, Some(Theme::Dark)) => {
                (of(Paint::True([0x9c, 0xa3, 0xaf])), of(Paint::True([0x3a, 0x41, 0x4c])))
            }
            (Depth::True, Some(Theme::Light)) => {
                (of(Paint::True([0x5b, 0x63, 0x70])), of(Paint::True([0xd3, 0xd7, 0xdd])))
            }
            (Depth::True, None) => (
                of(Paint::True([0x80, 0x86, 0x90])),
                Style { dim: true, ..of(Paint::True([0x78, 0x7e, 0x88])) },
            ),
        };
        Self { axis, faint }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDE: Terminal =
        Terminal { width: 80, lines: None, depth: Depth::True, theme: None, unicode: true };

    #[test]
    fn colours_are_spelt_as_terminals_read_them() {
        let style =
            Style { fore: Paint::True([1, 2, 3]), back: Paint::Index(9), bold: true, ..Style::default() };
        assert_eq!(codes(style, Depth::True), "1;38;2;1;2;3;101");
        assert_eq!(codes(Style { fore: Paint::Index(200), ..Style::default() }, Depth::Cube), "38;5;200");
        assert_eq!(codes(style, Depth::None), "");
    }

    #[test]
    fn a_line_ends_at_the_width_and_never_in_a_wide_character() {
        let mut line = Line::plain("漢字漢字");
        line.push("abc", Style { bold: true, ..Style::default() });
        let write = |width| {
            let mut out = String::new();
            line.write(&Terminal { width, ..WIDE }, &mut out);
            out
        };
        assert_eq!(write(5), "漢字\n");
        assert_eq!(write(9), "漢字漢字\x1b[1ma\x1b[0m\n");
        let mut out = String::new();
        line.write(&Terminal { unicode: false, depth: Depth::None, ..WIDE }, &mut out);
        assert_eq!(out, "????????abc\n");
    }

    #[test]
    fn no_two_colours_become_one() {
        let near = [[0x1f, 0x7a, 0x51], [0x20, 0x7a, 0x51], [0x1f, 0x7b, 0x51]];
        for depth in [Depth::Sixteen, Depth::Cube, Depth::True] {
            let palette = Palette::new(&near, depth).unwrap();
            let paints = near.map(|rgb| palette.of(rgb));
            assert!(paints[0] != paints[1] && paints[1] != paints[2] && paints[0] != paints[2], "{paints:?}");
        }
        let many: Vec<Rgb> = (0..13).map(|n| [n, 0, 0]).collect();
        assert!(Palette::new(&many, Depth::Sixteen).is_none());
    }

    #[test]
    fn text_from_elsewhere_commands_nothing() {
        assert_eq!(clean("\x1b[31mred\u{9b}2J\u{202e}x\u{200d}\r\n\u{7}"), "[31mred2Jx ");
        assert_eq!(clean("📬 mail"), "📬 mail");
    }
}
