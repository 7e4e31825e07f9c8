//! What the terminal can do: how wide it is, how many colours it has, which characters.

use crate::chart::theme::Theme;

/// How colours are written (`ctlseqs` of xterm, ISO 8613-6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// No escape sequence at all.
    None,
    /// The sixteen of the terminal's own palette.
    Sixteen,
    /// xterm's 256.
    Cube,
    /// Red, green, blue.
    True,
}

/// `--color`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum When {
    /// If standard output is a terminal that shows colours, and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// In a pipe, too.
    Always,
    /// Never.
    Never,
}

/// What the user asks for. Everything else is found out from the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Wishes {
    /// `--color`.
    pub color: When,
    /// `--theme`.
    pub theme: Option<Theme>,
    /// `--width`, in columns.
    pub width: Option<usize>,
}

/// What is drawn on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Columns.
    pub width: usize,
    /// Lines; none if it is no terminal.
    pub lines: Option<usize>,
    /// Its colours.
    pub depth: Depth,
    /// Light or dark, if that is known.
    pub theme: Option<Theme>,
    /// Whether it shows blocks and braille, or ASCII only.
    pub unicode: bool,
}

/// The narrowest chart, and the widest.
pub const WIDTHS: std::ops::RangeInclusive<usize> = 40..=300;

impl Terminal {
    /// `size` is that of the terminal, as columns and lines, and none where standard output is not one; `env` gives
    /// a variable of the environment.
    pub fn detect(
        wishes: Wishes,
        size: Option<(usize, usize)>,
        env: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let set = |name: &str| env(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        let shows = size.is_some() && term != "dumb" && set("NO_COLOR").is_none();
        let colors = match wishes.color {
            When::Auto => shows,
            When::Always => true,
            When::Never => false,
        };
        let depth = match set("COLORTERM").as_deref() {
            _ if !colors => Depth::None,
            Some("truecolor" | "24bit") => Depth::True,
            _ if term.contains("direct") => Depth::True,
            _ if term.contains("256") => Depth::Cube,
            _ => Depth::Sixteen,
        };
        // The first that is set decides (locale(7)).
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| set(name)).unwrap_or_default();
        let locale = locale.to_ascii_lowercase();
        // The console of Linux has a font of 512 letters at most, without braille.
        let unicode = (locale.contains("utf-8") || locale.contains("utf8")) && term != "linux";
        let known = size.filter(|(columns, lines)| *columns > 0 && *lines > 0);
        Self {
            width: wishes
                .width
                .or(known.map(|(columns, _)| columns))
                .unwrap_or(80)
                .clamp(*WIDTHS.start(), *WIDTHS.end()),
            lines: known.map(|(_, lines)| lines),
            depth,
            theme: wishes.theme.or_else(|| background(&set("COLORFGBG")?)),
            unicode,
        }
    }
}

/// `COLORFGBG` of rxvt, konsole and others: `15;0`, `0;default;15`; the last is the background.
fn background(value: &str) -> Option<Theme> {
    match value.rsplit(';').next()?.parse::<u8>().ok()? {
        0..=6 | 8 => Some(Theme::Dark),
        7 | 9..=15 => Some(Theme::Light),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(wishes: Wishes, size: Option<(usize, usize)>, env: &[(&str, &str)]) -> Terminal {
        Terminal::detect(wishes, size, |name| {
            env.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn colours_are_those_that_the_terminal_has() {
        let depth = |env: &[(&str, &str)]| detect(Wishes::default(), Some((80, 24)), env).depth;
        assert_eq!(depth(&[("TERM", "xterm")]), Depth::Sixteen);
        assert_eq!(depth(&[("TERM", "xterm-256color")]), Depth::Cube);
        assert_eq!(depth(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
        assert_eq!(depth(&[("TERM", "dumb"), ("COLORTERM", "truecolor")]), Depth::None);
        assert_eq!(depth(&[("TERM", "xterm"), ("NO_COLOR", "1")]), Depth::None);
        assert_eq!(depth(&[("TERM", "xterm"), ("NO_COLOR", "")]), Depth::Sixteen);
        let piped =
            |color, env: &[(&str, &str)]| detect(Wishes { color, ..Wishes::default() }, None, env).depth;
        assert_eq!(piped(When::Auto, &[("TERM", "xterm-256color")]), Depth::None);
        assert_eq!(piped(When::Always, &[("TERM", "xterm-256color"), ("NO_COLOR", "1")]), Depth::Cube);
        assert_eq!(
            detect(Wishes { color: When::Never, ..Wishes::default() }, Some((80, 24)), &[]).depth,
            Depth::None
        );
    }

    #[test]
    fn the_first_variable_of_the_locale_decides() {
        let unicode = |env: &[(&str, &str)]| detect(Wishes::default(), None, env).unicode;
        assert!(unicode(&[("LANG", "de_DE.UTF-8")]));
        assert!(unicode(&[("LC_ALL", ""), ("LC_CTYPE", "C.utf8"), ("LANG", "C")]));
        assert!(!unicode(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]));
        assert!(!unicode(&[("LANG", "de_DE")]));
        assert!(!unicode(&[]));
        assert!(!unicode(&[("LANG", "de_DE.UTF-8"), ("TERM", "linux")]));
    }

    #[test]
    fn a_terminal_without_a_size_is_80_columns_wide() {
        let width = |wishes, size| detect(wishes, size, &[]).width;
        assert_eq!(width(Wishes::default(), None), 80);
        assert_eq!(width(Wishes::default(), Some((0, 0))), 80);
        assert_eq!(width(Wishes::default(), Some((132, 50))), 132);
        assert_eq!(width(Wishes::default(), Some((7, 50))), 40);
        assert_eq!(width(Wishes { width: Some(100), ..Wishes::default() }, Some((132, 50))), 100);
    }

    #[test]
    fn the_background_is_what_the_terminal_or_the_user_says() {
        assert_eq!(background("15;0"), Some(Theme::Dark));
        assert_eq!(background("0;default;15"), Some(Theme::Light));
        assert_eq!(background("default;default"), None);
        assert_eq!(background(""), None);
        let asked = Wishes { theme: Some(Theme::Light), ..Wishes::default() };
        assert_eq!(detect(asked, None, &[("COLORFGBG", "15;0")]).theme, Some(Theme::Light));
    }
}
