//! Colours as a page has them: variables of CSS for both themes, written from the palette, so that names and values stand in one
//! place.
//!
//! A colour has a class of its name (`blue-area`), or of its digits where a template writes it out (`x1b2c3d`). It sets `--c`, the
//! colour; `--o`, the same without anything that shines through, where sums of a stack lie upon each other; and with `-fill`
//! behind its name `--f`, the area under a line.

use std::collections::BTreeMap;

use crate::chart::theme::{Color, Theme};

/// The backgrounds of a page, as `--bg` of `templates/page/style.css` has them.
pub(crate) const BACKGROUNDS: [(Theme, [u8; 3]); 2] =
    [(Theme::Light, [0xff, 0xff, 0xff]), (Theme::Dark, [0x0e, 0x12, 0x17])];

/// The class of a colour: letters, digits and hyphens, whatever a template says.
pub(crate) fn class(color: &Color) -> String {
    match color.name() {
        Some(name) => name.to_owned(),
        None => color.in_theme(Theme::Light).replacen('#', "x", 1).to_ascii_lowercase(),
    }
}

/// The colours that a page uses.
#[derive(Debug, Clone, Default)]
pub(crate) struct Colours {
    /// By class; is it also that of an area under a line?
    used: BTreeMap<String, (Color, bool)>,
}

impl Colours {
    /// Adds a colour; `fill`: as an area under a line.
    pub(crate) fn add(&mut self, color: &Color, fill: bool) {
        let entry = self.used.entry(class(color)).or_insert_with(|| (color.clone(), false));
        entry.1 |= fill;
    }

    /// Adds the colours of a part of the page.
    pub(crate) fn add_all(&mut self, other: &Self) {
        for (color, fill) in other.used.values() {
            self.add(color, *fill);
        }
    }

    /// Adds a colour by its name in the palette.
    pub(crate) fn add_named(&mut self, name: &str) {
        if let Ok(color) = Color::parse(name) {
            self.add(&color, false);
        }
    }

    /// The rules for the page's `<style>`. Nothing in them has a meaning in HTML.
    pub(crate) fn css(&self) -> String {
        let variables = |theme: Theme| {
            let one = |(class, (color, _)): (&String, &(Color, bool))| {
                let value = color.in_theme(theme).to_ascii_lowercase();
                match solid(&value, theme) {
                    Some(solid) => format!("--{class}:{value};--{class}-solid:{solid};"),
                    None => format!("--{class}:{value};"),
                }
            };
            self.used.iter().map(one).collect::<String>()
        };
        let mut css = format!(
            ":root{{{}}}\n@media screen and (prefers-color-scheme:dark){{:root{{{}}}}}\n",
            variables(Theme::Light),
            variables(Theme::Dark)
        );
        for (class, (color, fill)) in &self.used {
            let is_clear = Theme::ALL.iter().any(|theme| solid(color.in_theme(*theme), *theme).is_some());
            let solid =
                if is_clear { format!(";--o:var(--{class}-solid,var(--{class}))") } else { String::new() };
            css += &format!(".{class}{{--c:var(--{class}){solid}}}\n");
            if *fill {
                css += &format!(".{class}-fill{{--f:var(--{class})}}\n");
            }
        }
        css
    }
}

/// What `#RRGGBBAA` looks like upon a page; none where nothing shines through.
fn solid(color: &str, theme: Theme) -> Option<String> {
    let digits = color.strip_prefix('#')?;
    let byte = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
    let alpha = u32::from(byte(6)?);
    let (_, behind) = BACKGROUNDS.iter().find(|(of, _)| *of == theme)?;
    let mut text = String::from("#");
    for (at, behind) in [0, 2, 4].into_iter().zip(behind) {
        let mixed = (u32::from(byte(at)?) * alpha + u32::from(*behind) * (255 - alpha) + 127) / 255;
        text += &format!("{mixed:02x}");
    }
    (alpha < 255).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_a_safe_class_and_both_its_values() {
        let mut colours = Colours::default();
        colours.add_named("good");
        colours.add_named("no such colour");
        let [plain, clear] = ["#1B2C3D", "#00FF0080"].map(|text| Color::parse(text).unwrap());
        colours.add(&plain, false);
        colours.add(&clear, true);
        colours.add(&clear, false);
        assert_eq!((class(&plain), class(&clear)), ("x1b2c3d".to_owned(), "x00ff0080".to_owned()));
        let css = colours.css();
        let good = Color::parse("good").unwrap();
        for theme in Theme::ALL {
            assert!(css.contains(&format!("--good:{};", good.in_theme(theme).to_lowercase())), "{css}");
        }
        for part in [
            ".x1b2c3d{--c:var(--x1b2c3d)}",
            ".x00ff0080-fill{--f:var(--x00ff0080)}",
            // Half of green and half of what is behind it: white, and nearly black.
            "--x00ff0080-solid:#7fff7f;",
            "--x00ff0080-solid:#07890b;",
        ] {
            assert!(css.contains(part), "{part} is not in\n{css}");
        }
        assert!(!css.contains(['<', '>', '&', '"', '\'', '/', '\\']), "{css}");
    }
}
