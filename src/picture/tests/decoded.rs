//! Pictures, decoded by another library than the one that made them.

use std::io::Cursor;

use super::*;

/// A colour without transparency.
pub(super) type Rgb = [u8; 3];

/// A decoded picture.
pub(super) struct Pixels {
    pub width: usize,
    pub height: usize,
    rgb: Vec<Rgb>,
}

impl Pixels {
    /// Decodes a PNG; panics where any part of it is missing or wrong.
    pub(super) fn of(picture: &[u8]) -> Self {
        let mut decoder = png::Decoder::new(Cursor::new(picture));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
        let mut reader = decoder.read_info().expect("the head of a PNG");
        let mut bytes = vec![0; reader.output_buffer_size().expect("a size")];
        let info = reader.next_frame(&mut bytes).expect("all rows");
        reader.finish().expect("the end of a PNG");
        let channels = info.color_type.samples();
        assert!(channels >= 3, "{:?}", info.color_type);
        let (width, height) = (info.width as usize, info.height as usize);
        let rgb: Vec<Rgb> = bytes[..info.buffer_size()]
            .chunks_exact(channels)
            .map(|pixel| {
                assert!(channels == 3 || pixel[3] == 255, "a hole in the picture");
                [pixel[0], pixel[1], pixel[2]]
            })
            .collect();
        assert_eq!(rgb.len(), width * height);
        Self { width, height, rgb }
    }

    pub(super) fn at(&self, x: usize, y: usize) -> Rgb {
        self.rgb[y * self.width + x]
    }
}

/// How far two colours are from each other.
pub(super) fn distance(a: Rgb, b: Rgb) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(b)).powi(2));
    squares.sum::<f64>().sqrt()
}

/// `#RRGGBB[AA]` as a colour and how much it covers.
pub(super) fn colour(hex: &str) -> (Rgb, f64) {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect(hex);
    let alpha = if hex.len() > 7 { f64::from(byte(7)) / 255.0 } else { 1.0 };
    ([byte(1), byte(3), byte(5)], alpha)
}

/// `over` painted on `under`.
pub(super) fn blend(under: Rgb, over: (Rgb, f64)) -> Rgb {
    let (colour, alpha) = over;
    std::array::from_fn(|n| {
        (f64::from(under[n]) * (1.0 - alpha) + f64::from(colour[n]) * alpha).round() as u8
    })
}

/// What is drawn upon in each theme.
pub(super) fn canvas(theme: Theme) -> Rgb {
    match theme {
        Theme::Light => [255, 255, 255],
        Theme::Dark => [0x14, 0x18, 0x1f],
    }
}

#[test]
fn every_picture_decodes_and_has_its_size() {
    let mail = Mail::new(2, NOW - NOW % STEP, STEP);
    let report = draw(&mail.options(), &mail.and_the_others(NOW - NOW % STEP)).unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    let (templates, _) = template::load(None, &[]);
    for template in &templates {
        for period in Period::USUAL {
            for theme in Theme::ALL {
                let name = file_name(&template.name, period, theme, Format::Png);
                let bytes = fs::read(mail.output().join(&name)).unwrap();
                let pixels = Pixels::of(&bytes);
                assert_eq!(pixels.width, 2 * (template.width as usize + 81), "{name}");
                // Title and time axis take some 50 pixels of the simple resolution, a row of the legend about 15.
                let rows = 1 + template.draw.iter().filter(|draw| draw.legend.is_some()).count();
                let most = 2 * (template.height as usize + 90 + 18 * rows);
                let least = 2 * (template.height as usize + 50);
                assert!((least..most).contains(&pixels.height), "{name}: {}", pixels.height);
                assert_eq!(
                    render::size(&bytes).unwrap(),
                    (pixels.width as u32, pixels.height as u32),
                    "{name}: what the page says of it"
                );
                // The theme's background, up to each corner.
                for (x, y) in [(0, 0), (pixels.width - 1, 0), (0, pixels.height - 1)] {
                    assert_eq!(pixels.at(x, y), canvas(theme), "{name}");
                }
            }
        }
    }
}
