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

/// Colour names of the templates: name, light, dark. What may touch in a stack of the built-in templates differs by at least
/// 11 in OKLab (of 100) for everybody, also for those who see no red, no green or no blue, in both themes; the tests compute
/// that. They are opaque, since what lies behind would change them.
const PALETTE: &[(&str, &str, &str)] = &[
    ("good", "#3A9876", "#4FBC96"),
    // The outline of `good`. On black it glares sooner than on white, so there it is nearer to the area.
    ("good-line", "#1F7A51", "#46B182"),
    ("warn", "#DD9A22", "#DD9A2C"),
    ("bad", "#A5232A", "#C73E48"),
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
    // Of stacks without an order of good and bad.
    ("blue-area", "#3871CA", "#4677DA"),
    ("sky-area", "#3FB0DE", "#4ED8F4"),
    ("amber-area", "#DD9A22", "#DD9A2C"),
    ("teal-area", "#1C4645", "#0A4A71"),
    ("pink-area", "#B65C8A", "#D47FB4"),
    ("mint-area", "#A7C5A9", "#BBDCAA"),
    ("plum-area", "#674787", "#885E96"),
    ("sand-area", "#F3DC7F", "#F1FCE0"),
    ("brown-area", "#8D4C0A", "#A34E22"),
    ("grey-area", "#888A91", "#8E8D99"),
    // Of an earlier time: neither good nor bad, and seen upon every area.
    ("before", "#00000099", "#CCCCCC"),
    ("grey", "#8A8F98", "#9AA3AF"),
    ("grey-pale", "#8A8F9833", "#9AA3AF33"),
];

/// The colours of areas for which no template chooses one, or of which the one that it chose is taken.
pub(crate) const AREAS: [&str; 8] =
    ["sand-area", "plum-area", "mint-area", "brown-area", "blue-area", "teal-area", "sky-area", "amber-area"];

/// A colour as a template names it: of the palette, or the same in both themes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Color {
    /// In the palette; none: it is written out in a template.
    name: Option<&'static str>,
    light: String,
    dark: String,
}

impl Color {
    /// Reads a name of the palette, `#RRGGBB` or `#RRGGBBAA`.
    ///
    /// # Errors
    /// Says what would be a colour.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some((name, light, dark)) = PALETTE.iter().find(|(name, ..)| *name == text) {
            return Ok(Self { name: Some(name), light: (*light).to_owned(), dark: (*dark).to_owned() });
        }
        let digits = text.strip_prefix('#').unwrap_or_default();
        if matches!(digits.len(), 6 | 8) && digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Ok(Self { name: None, light: text.to_owned(), dark: text.to_owned() });
        }
        let names: Vec<_> = PALETTE.iter().map(|(name, ..)| *name).collect();
        Err(format!(
            "`{}` is not a colour: use #RRGGBB, #RRGGBBAA or one of {}",
            super::text::excerpt(text),
            names.join(", ")
        ))
    }

    /// Its name in the palette; none: it is written out in a template.
    pub(crate) fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// Is it the same on the picture, whatever its name?
    pub(crate) fn looks_like(&self, other: &Color) -> bool {
        (&self.light, &self.dark) == (&other.light, &other.dark)
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
    use crate::chart::template::{EMBEDDED, Shape, parse};

    #[test]
    fn every_name_of_the_palette_is_a_colour() {
        for (name, light, dark) in PALETTE {
            let color = Color::parse(name).unwrap();
            assert_eq!((color.in_theme(Theme::Light), color.in_theme(Theme::Dark)), (*light, *dark));
            Color::parse(light).unwrap();
            Color::parse(dark).unwrap();
        }
    }

    /// How linear red, green and blue look to everybody, and to those who see no red, no green, no blue (Machado, Oliveira
    /// and Fernandes 2009, full severity).
    const EYES: [[[f64; 3]; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [
            [0.152_286, 1.052_583, -0.204_868],
            [0.114_503, 0.786_281, 0.099_216],
            [-0.003_882, -0.048_116, 1.051_998],
        ],
        [
            [0.367_322, 0.860_646, -0.227_968],
            [0.280_085, 0.672_501, 0.047_413],
            [-0.011_820, 0.042_940, 0.968_881],
        ],
        [
            [1.255_528, -0.076_749, -0.178_779],
            [-0.078_411, 0.930_809, 0.147_602],
            [0.004_733, 0.691_367, 0.303_900],
        ],
    ];

    fn times(matrix: [[f64; 3]; 3], of: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(of).map(|(a, b)| a * b).sum())
    }

    /// `#RRGGBB` in OKLab (Ottosson 2020), as these eyes see it.
    fn oklab(hex: &str, eyes: [[f64; 3]; 3]) -> [f64; 3] {
        assert_eq!(hex.len(), 7, "{hex}: what is stacked is opaque");
        let linear = [1, 3, 5].map(|at| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        });
        let seen = times(eyes, linear).map(|value| value.clamp(0.0, 1.0));
        let cones = [
            [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
            [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
            [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
        ];
        let lab = [
            [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
            [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
            [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
        ];
        times(lab, times(cones, seen).map(f64::cbrt))
    }

    /// How far two colours are from each other for the eyes that tell them apart worst.
    fn distance(a: &str, b: &str) -> f64 {
        let of = |eyes| {
            let (a, b) = (oklab(a, eyes), oklab(b, eyes));
            a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt() * 100.0
        };
        EYES.into_iter().map(of).fold(f64::INFINITY, f64::min)
    }

    /// Values computed with a library of colour science, to two digits.
    #[test]
    fn distances_are_those_of_others() {
        assert!((distance("#000000", "#FFFFFF") - 100.0).abs() < 0.01);
        let [l, a, b] = oklab("#FF0000", EYES[0]);
        assert!((l - 0.628).abs() < 0.001 && (a - 0.2249).abs() < 0.001 && (b - 0.1258).abs() < 0.001);
        // Success and failure as they once looked on a dark page, to those who see no red.
        let once = |theme| {
            let (a, b) = (oklab("#338764", EYES[theme]), oklab("#DA6263", EYES[theme]));
            a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt() * 100.0
        };
        assert!(once(1) < 3.0 && once(0) > 20.0, "{} {}", once(1), once(0));
    }

    /// Series may be left out of a stack, so that not only neighbours in a template touch.
    #[test]
    fn colours_that_may_touch_in_a_stack_are_told_apart_by_everybody() {
        let mut pairs: Vec<(&str, Color, Color)> = Vec::new();
        for (name, text) in EMBEDDED.iter() {
            let template = parse(name, name, text, None, &[]).unwrap();
            let mut below: Vec<(Color, bool)> = Vec::new();
            for draw in &template.draw {
                let Shape::Area { stack, .. } = draw.shape else { continue };
                if !stack {
                    below.clear();
                }
                for (color, optional) in below.iter().rev() {
                    // The same colour twice is changed when it is drawn.
                    if *color != draw.color {
                        pairs.push((name, color.clone(), draw.color.clone()));
                    }
                    if !optional {
                        break;
                    }
                }
                below.push((draw.color.clone(), draw.optional));
            }
        }
        assert!(pairs.len() > 250, "{}", pairs.len());
        let areas: Vec<Color> = AREAS.iter().map(|name| Color::parse(name).unwrap()).collect();
        for (n, color) in areas.iter().enumerate() {
            pairs.extend(areas[..n].iter().map(|other| ("own", color.clone(), other.clone())));
        }
        let mut nearest = f64::INFINITY;
        for (name, a, b) in pairs {
            for theme in Theme::ALL {
                let distance = distance(a.in_theme(theme), b.in_theme(theme));
                assert!(distance >= 11.0, "{name}: {a:?} and {b:?} in {theme:?}: {distance:.1}");
                nearest = nearest.min(distance);
            }
        }
        println!("the nearest two differ by {nearest:.1}");
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
