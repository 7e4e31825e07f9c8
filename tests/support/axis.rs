//! The time axis of a picture, read from what librrd drew: the letters of an SVG, by their shapes, and the lines.

use std::collections::HashMap;
use std::process::Command;
use std::sync::OnceLock;

/// Characters that labels are made of.
const LETTERS: &str = "0123456789:ADFJMNOSTWabcdefghilmnoprtuvy";

/// What stands below the canvas and crosses it; places are from 0 at its left to 1 at its right end.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// Labels, from left to right, with the place of their middle.
    pub labels: Vec<(String, f64)>,
    /// The strong lines, from left to right.
    pub lines: Vec<f64>,
    /// Pixels of the canvas.
    pub width: f64,
}

/// A word of an SVG: the shape and the left end of each letter, and the height of the line.
type Word = (Vec<(String, f64)>, f64);

/// Reads the axis of a picture that [`LETTERS`] are drawn in: 8 point DejaVu Sans.
pub fn read(svg: &str) -> Axis {
    static ALPHABET: OnceLock<HashMap<String, char>> = OnceLock::new();
    let letters = ALPHABET.get_or_init(alphabet);
    // The canvas is the first rectangle that is drawn as a path.
    let canvas = svg.split("</defs>").nth(1).expect("a picture");
    let canvas = canvas.split(" d=\"").nth(1).expect("a canvas").split('"').next().expect("its corners");
    let numbers: Vec<f64> = canvas.split(' ').filter_map(|word| word.parse().ok()).collect();
    let (left, bottom, right) = (numbers[0], numbers[1], numbers[2]);
    let place = |x: f64| (x - left) / (right - left);
    let mut labels: Vec<(String, f64)> = words(svg)
        .into_iter()
        .filter(|(_, y)| (bottom + 8.0..bottom + 18.0).contains(y))
        .map(|(word, _)| {
            let (first, last) = (word[0].1, word[word.len() - 1].1);
            // The last letter is some five pixels wide.
            let middle = place((first + last + 5.0) / 2.0);
            let letter = |shape: &String| match shape.trim() {
                "" => ' ',
                _ => *letters.get(shape).unwrap_or_else(|| panic!("a letter that is none: {shape}")),
            };
            // Not every version of cairo draws blanks.
            (word.iter().map(|(shape, _)| letter(shape)).filter(|c| *c != ' ').collect(), middle)
        })
        .collect();
    labels.sort_by(|a, b| a.1.total_cmp(&b.1));
    // A strong line has a mark of three pixels below the canvas.
    let mark = |path: &str| {
        let numbers: Vec<f64> =
            path.split('"').next()?.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [x, from, _, to] = numbers[..] else { return None };
        ((from - bottom).abs() < 0.01 && (to - bottom - 3.0).abs() < 0.01).then(|| place(x))
    };
    let mut lines: Vec<f64> = svg.split(" d=\"").filter_map(mark).collect();
    lines.sort_by(f64::total_cmp);
    Axis { labels, lines, width: right - left }
}

/// Shapes of letters, drawn by `rrdtool` as the labels of an axis.
fn alphabet() -> HashMap<String, char> {
    let mut known = HashMap::new();
    for letters in LETTERS.as_bytes().chunks(8) {
        let letters = String::from_utf8_lossy(letters);
        let mut command = Command::new("rrdtool");
        command
            .args(["graph", "-", "--imgformat", "SVG", "--width", "720", "--y-grid", "none"])
            .args(["--disable-rrdtool-tag", "--font", "AXIS:8:DejaVu Sans"])
            .args(["--start", "1000000000", "--end", "1000259200"])
            .args(["--x-grid", &format!("YEAR:9:YEAR:9:DAY:1:0:{letters}"), "HRULE:0#00000000"]);
        let output = command.output().expect("rrdtool");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        let svg = String::from_utf8(output.stdout).expect("UTF-8");
        let word = words(&svg).into_iter().find(|(word, _)| word.len() == letters.len());
        let (word, _) = word.expect("a label");
        known.extend(word.into_iter().map(|(shape, _)| shape).zip(letters.chars()));
    }
    known
}

/// All words of a picture.
fn words(svg: &str) -> Vec<Word> {
    let attribute = |text: &str, name: &str| -> Option<String> {
        Some(text.split(&format!("{name}=\"")).nth(1)?.split('"').next()?.to_owned())
    };
    // cairo up to 1.16 has `<symbol id="glyph0-1"><path d="…`, from 1.18 on `<g id="glyph-0-1"><path d="…`.
    let glyphs = svg.split(" id=\"glyph").skip(1);
    let shapes: HashMap<String, String> = glyphs
        .filter_map(|text| Some((format!("glyph{}", text.split('"').next()?), attribute(text, " d")?)))
        .collect();
    let mut words = Vec::new();
    for group in svg.split("</defs>").nth(1).expect("a picture").split("<g ").skip(1) {
        let group = group.split("</g>").next().unwrap_or_default();
        let letters: Vec<(String, f64, f64)> = group
            .split("<use ")
            .skip(1)
            .filter_map(|text| {
                let shape = shapes.get(attribute(text, "href")?.strip_prefix('#')?)?.clone();
                Some((shape, attribute(text, " x")?.parse().ok()?, attribute(text, " y")?.parse().ok()?))
            })
            .collect();
        let height = letters.first().map(|letter| letter.2);
        let word: Vec<(String, f64)> = letters.into_iter().map(|(shape, x, _)| (shape, x)).collect();
        words.extend(height.map(|height| (word, height)));
    }
    words
}
