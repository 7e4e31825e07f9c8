//! What colours look like: those of the canvas, and by name those of what is drawn on it. Which of them an area has is said
//! in `templates/`.

use serde::Deserialize;

/// Whether a picture is made for a light or a dark page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// Dark text on white.
    Light,
    /// Light text on near-black.
    Dark,
}

/// Colour names of the templates: name, light, dark. Neighbours in a stack differ in lightness as
/// well as in hue, so that they are told apart without seeing red and green.
const PALETTE: &[(&str, &str, &str)] = &[
    ("good", "#2E9E6BB8", "#3FB27FB8"),
    // The outline of `good`. On black it glares sooner than on white, so there it is nearer to the area.
    ("good-line", "#1F7A51", "#46B182"),
    ("warn", "#E8A317CC", "#F2B53ACC"),
    ("bad", "#D64545E6", "#F06A6AE6"),
    ("blue", "#2563EB", "#60A5FA"),
    ("blue-thin", "#2563EB99", "#60A5FA99"),
    ("blue-pale", "#2563EB33", "#60A5FA38"),
    ("orange", "#E8590C", "#FB923C"),
    ("orange-thin", "#E8590C99", "#FB923C99"),
    ("orange-pale", "#E8590C2B", "#FB923C33"),
    ("teal", "#0E8F9E", "#4CC9D6"),
    ("teal-pale", "#0E8F9E2B", "#4CC9D633"),
    ("purple", "#8B4FB8", "#C08AE6"),
    ("purple-pale", "#8B4FB82B", "#C08AE633"),
    // Of stacks without an order of good and bad. In this order each is lighter or darker than the one before it.
    ("blue-area", "#3B6FB6D9", "#5B8DEFD9"),
    ("sky-area", "#5AA9C9D9", "#4CC3D6D9"),
    ("amber-area", "#E0A33AD9", "#F0B64AD9"),
    ("teal-area", "#0E8F9EB8", "#3FB5C2B8"),
    ("pink-area", "#B65C8AD9", "#D47FB4D9"),
    ("mint-area", "#8CCFAED9", "#9BE0BFD9"),
    ("plum-area", "#6B4F9ED9", "#9277CFD9"),
    ("sand-area", "#D9C48FD9", "#E3D5A8D9"),
    ("brown-area", "#8A5A3CD9", "#B98560D9"),
    ("grey-area", "#8A8F98D9", "#8F97A5D9"),
    // Of an earlier time: neither good nor bad, and seen upon every area.
    ("before", "#37415199", "#F9FAFB99"),
    ("grey", "#8A8F98", "#9AA3AF"),
    ("grey-pale", "#8A8F9833", "#9AA3AF33"),
];

/// A colour as a template names it: of the palette, or the same in both themes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Color {
    light: String,
    dark: String,
}

impl Color {
    /// Reads a name of the palette, `#RRGGBB` or `#RRGGBBAA`.
    ///
    /// # Errors
    /// Says what would be a colour.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some((_, light, dark)) = PALETTE.iter().find(|(name, ..)| *name == text) {
            return Ok(Self { light: (*light).to_owned(), dark: (*dark).to_owned() });
        }
        let digits = text.strip_prefix('#').unwrap_or_default();
        if matches!(digits.len(), 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(Self { light: text.to_owned(), dark: text.to_owned() });
        }
        let names: Vec<_> = PALETTE.iter().map(|(name, ..)| *name).collect();
        Err(format!(
            "`{}` is not a colour: use #RRGGBB, #RRGGBBAA or one of {}",
            super::text::excerpt(text),
            names.join(", ")
        ))
    }

    /// `#RRGGBB[AA]` for `theme`.
    pub(crate) fn in_theme(&self, theme: Theme) -> &str {
        match theme {
            Theme::Light => &self.light,
            Theme::Dark => &self.dark,
        }
    }
}

impl Theme {
    /// Both themes.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    /// As in a file's name and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Colour tags of `rrdgraph(1)`: only grid and text are seen, frame, arrow and shades are not.
    pub(crate) fn canvas(self) -> [String; 9] {
        let (back, ink, grid, mgrid) = match self {
            Self::Light => ("#FFFFFF", "#1F2937", "0C", "2A"),
            Self::Dark => ("#14181F", "#D5DAE1", "0E", "2E"),
        };
        let rule = match self {
            Self::Light => "#1F2937",
            Self::Dark => "#E5E7EB",
        };
        [
            format!("BACK{back}"),
            format!("CANVAS{back}"),
            format!("SHADEA{back}00"),
            format!("SHADEB{back}00"),
            format!("GRID{rule}{grid}"),
            format!("MGRID{rule}{mgrid}"),
            format!("FONT{ink}"),
            "AXIS#6B728000".to_owned(),
            format!("FRAME{back}00"),
        ]
    }

    /// The band over what is not known yet.
    pub(crate) fn unknown(self) -> &'static str {
        match self {
            Self::Light => "#6B728026",
            Self::Dark => "#9CA3AF26",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_palette_is_a_colour() {
        for (name, light, dark) in PALETTE {
            let color = Color::parse(name).unwrap();
            assert_eq!((color.in_theme(Theme::Light), color.in_theme(Theme::Dark)), (*light, *dark));
            Color::parse(light).unwrap();
            Color::parse(dark).unwrap();
        }
    }

    #[test]
    fn every_name_stands_in_the_readme_of_templates() {
        let readme = include_str!("../../templates/README.md");
        for (name, ..) in PALETTE {
            let pale = name.strip_suffix("-pale").is_some_and(|base| readme.contains(&format!("`{base}`")));
            assert!(pale || readme.contains(&format!("`{name}`")), "{name}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_the_names() {
        for text in ["", "#fff", "#12345g", "#1234567", "red:stack", "#00000é"] {
            let error = Color::parse(text).unwrap_err();
            assert!(error.contains("good-line"), "{error}");
        }
    }
}
