//! Templates: one TOML file a graph, read and checked before anything is drawn from it.
//!
//! ```toml
//! title    = "Deliveries"          # at most 60 characters
//! protocol = "send"                # whose RRD
//! unit     = "deliveries"          # of the left axis
//! per      = "min"                 # rates are a second in the RRD; s, min or h. Leave it out for
//!                                  # what is not a rate
//! columns  = ["total", "avg"]      # of total, avg, p95, max, last
//! width    = 720                   # of the canvas, in pixels; these are the defaults
//! height   = 220
//! data = [                         # values by name, each from the RRD or from those above it
//!   { name = "ok", ds = "delivery_success" },               # cf = "max": highest step of a row
//!   { name = "all", rpn = "ok,10,+" },                      # rrdgraph_rpn(1)
//! ]
//! draw = [                         # from back to front; what has a legend gets a row of numbers
//!   { area = "ok", color = "good", legend = "Success", stack = false },
//!   { line = "all", color = "#123456", width = 1.5, dashes = [4, 3], legend = "All", max = "ok" },
//!   { hrule = 20.0, color = "bad", legend = "Limit" },
//!   { row = "all", legend = "Total" },                      # numbers only
//! ]
//! ```

use std::collections::HashSet;
use std::path::Path;
use std::time::SystemTime;

use serde::Deserialize;

use super::rpn::Rpn;
use super::text;
use super::theme::Color;
use crate::store::rrd::graph_v::Cf;

/// Templates of the binary, in the order of the page.
const EMBEDDED: &[(&str, &str)] = &[
    ("deliveries", include_str!("../../templates/deliveries.toml")),
    ("concurrency", include_str!("../../templates/concurrency.toml")),
];

/// A template larger than this is not one.
const MAX_BYTES: u64 = 65_536;
/// The most entries of `data`, and of `draw`.
const MAX_ENTRIES: usize = 64;
/// The longest title, in columns: what fits over a canvas of the usual width.
const MAX_TITLE: usize = 60;
/// The longest legend, unit and name.
const MAX_LEGEND: usize = 30;

/// A checked template.
#[derive(Debug, Clone)]
pub(super) struct Template {
    /// Its file's name without `.toml`; the first part of its pictures' names.
    pub name: String,
    /// What errors call it.
    pub file: String,
    /// When its file was changed; none for one of the binary.
    pub modified: Option<SystemTime>,
    pub title: String,
    /// What stands at the left axis.
    pub label: String,
    /// What rates of the RRD, a second, are multiplied with; 1 where nothing is a rate.
    pub factor: f64,
    pub columns: Vec<Column>,
    /// Of the canvas, in pixels of the simple resolution.
    pub width: u32,
    pub height: u32,
    pub data: Vec<Data>,
    pub draw: Vec<Draw>,
}

/// A column of the legend.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Column {
    Total,
    Avg,
    P95,
    Max,
    Last,
}

/// A series of values by time.
#[derive(Debug, Clone)]
pub(super) struct Data {
    pub name: String,
    pub source: Source,
}

/// Where values come from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// Rows of an RRD.
    Ds { protocol: String, ds: String, cf: Cf },
    /// Computed from data before it.
    Rpn(Rpn),
}

/// One thing that is drawn or told.
#[derive(Debug, Clone)]
pub(super) struct Draw {
    pub shape: Shape,
    pub color: Color,
    /// What its row of the legend is called; none: no row.
    pub legend: Option<String>,
    pub dashes: Option<[f64; 2]>,
    /// The data whose highest value is the row's maximum.
    pub max: Option<usize>,
}

/// What is drawn; numbers are indices of the template's data.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    Area {
        data: usize,
        stack: bool,
    },
    Line {
        data: usize,
        width: f64,
        stack: bool,
    },
    Rule {
        value: f64,
    },
    /// Nothing: a row of the legend only.
    Row {
        data: usize,
    },
}

impl Shape {
    /// The data it shows; none for a rule.
    pub(super) fn data(self) -> Option<usize> {
        match self {
            Self::Area { data, .. } | Self::Line { data, .. } | Self::Row { data } => Some(data),
            Self::Rule { .. } => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTemplate {
    title: String,
    protocol: String,
    unit: String,
    per: Option<Per>,
    columns: Vec<Column>,
    width: Option<u32>,
    height: Option<u32>,
    data: Vec<RawData>,
    draw: Vec<RawDraw>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Per {
    S,
    Min,
    H,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawData {
    name: String,
    ds: Option<String>,
    cf: Option<RawCf>,
    protocol: Option<String>,
    rpn: Option<String>,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum RawCf {
    Average,
    Max,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDraw {
    area: Option<String>,
    line: Option<String>,
    hrule: Option<f64>,
    row: Option<String>,
    color: Option<String>,
    legend: Option<String>,
    #[serde(default)]
    stack: bool,
    width: Option<f64>,
    dashes: Option<[f64; 2]>,
    max: Option<String>,
}

/// All templates: those of the binary, each replaced by the file of its name in `dir`, then the
/// others of `dir` by name. The second list says what could not be used; the rest is there.
pub(super) fn load(dir: Option<&Path>) -> (Vec<Template>, Vec<String>) {
    let mut problems = Vec::new();
    let mut found = dir.map_or_else(Vec::new, |dir| read_dir(dir, &mut problems));
    let mut templates = Vec::new();
    for (name, embedded) in EMBEDDED {
        let own = found.iter().position(|file| file.name == *name);
        let parsed = match own.map(|index| found.remove(index)) {
            Some(file) => file.parse(),
            None => parse(name, &format!("templates/{name}.toml"), embedded, None),
        };
        match parsed {
            Ok(template) => templates.push(template),
            Err(problem) => problems.push(problem),
        }
    }
    for file in found {
        match file.parse() {
            Ok(template) => templates.push(template),
            Err(problem) => problems.push(problem),
        }
    }
    (templates, problems)
}

/// The text of one file of the user's.
struct File {
    name: String,
    path: String,
    text: Result<String, String>,
    modified: Option<SystemTime>,
}

impl File {
    fn parse(self) -> Result<Template, String> {
        let text = self.text.map_err(|error| format!("{}: {error}", self.path))?;
        parse(&self.name, &self.path, &text, self.modified)
    }
}

/// The `.toml` files of `dir`, by name.
fn read_dir(dir: &Path, problems: &mut Vec<String>) -> Vec<File> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) => {
            problems.push(format!(
                "templates_dir {}: {error}; only the built-in templates are drawn",
                dir.display()
            ));
            return Vec::new();
        }
    };
    let mut files = Vec::new();
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let name = path.file_stem().and_then(|stem| stem.to_str());
        match name.filter(|name| is_name(name)) {
            Some(name) => {
                let metadata = std::fs::metadata(&path);
                let text = match &metadata {
                    Ok(metadata) if !metadata.is_file() => Err("not a file".to_owned()),
                    Ok(metadata) if metadata.len() > MAX_BYTES => {
                        Err(format!("larger than {MAX_BYTES} bytes: not a template"))
                    }
                    Ok(_) => std::fs::read_to_string(&path).map_err(|error| error.to_string()),
                    Err(error) => Err(error.to_string()),
                };
                files.push(File {
                    name: name.to_owned(),
                    path: text::plain(&path.display().to_string()),
                    text,
                    modified: metadata.ok().and_then(|metadata| metadata.modified().ok()),
                });
            }
            None => problems.push(format!(
                "{}: a template's file name is 1 to {MAX_LEGEND} of a-z, 0-9, - and _, then .toml; \
                 rename it",
                text::plain(&path.display().to_string())
            )),
        }
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

/// Whether `name` may name a graph: it becomes part of file names and links.
fn is_name(name: &str) -> bool {
    (1..=MAX_LEGEND).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_".contains(&b))
        && !name.starts_with('-')
}

/// Reads one template. An error is one line: file, key, what is wrong, what would be right.
pub(super) fn parse(
    name: &str,
    file: &str,
    toml: &str,
    modified: Option<SystemTime>,
) -> Result<Template, String> {
    let raw: RawTemplate = toml::from_str(toml).map_err(|error| {
        let line =
            error.span().map_or(1, |span| toml[..span.start.min(toml.len())].matches('\n').count() + 1);
        let message = text::fit(&text::plain(error.message()), 300);
        format!("{file}: line {line}: {message}")
    })?;
    check(name, file, raw, modified).map_err(|problem| format!("{file}: {problem}"))
}

fn check(name: &str, file: &str, raw: RawTemplate, modified: Option<SystemTime>) -> Result<Template, String> {
    let title = words("title", &raw.title, MAX_TITLE)?;
    let unit = words("unit", &raw.unit, MAX_LEGEND)?;
    check_protocol("protocol", &raw.protocol)?;
    if raw.columns.is_empty() {
        return Err("columns: name at least one of total, avg, p95, max, last".into());
    }
    for (n, column) in raw.columns.iter().enumerate() {
        if raw.columns[..n].contains(column) {
            return Err(format!("columns: entry {} is there twice; remove one", n + 1));
        }
    }
    for (key, count) in [("data", raw.data.len()), ("draw", raw.draw.len())] {
        if !(1..=MAX_ENTRIES).contains(&count) {
            return Err(format!("{key}: has {count} entries; 1 to {MAX_ENTRIES} are possible"));
        }
    }
    let size = |key: &str, value: Option<u32>, default: u32, range: std::ops::RangeInclusive<u32>| {
        let value = value.unwrap_or(default);
        range.contains(&value).then_some(value).ok_or_else(|| {
            format!("{key}: {value} is not between {} and {} pixels", range.start(), range.end())
        })
    };
    let (label, factor) = match raw.per {
        None => (unit, 1.0),
        Some(Per::S) => (format!("{unit} / s"), 1.0),
        Some(Per::Min) => (format!("{unit} / min"), 60.0),
        Some(Per::H) => (format!("{unit} / h"), 3_600.0),
    };
    let data = check_data(raw.data, &raw.protocol)?;
    let names: Vec<_> = data.iter().map(|data| data.name.clone()).collect();
    let draw = raw
        .draw
        .into_iter()
        .enumerate()
        .map(|(n, draw)| check_draw(draw, &names).map_err(|(key, e)| format!("draw[{n}].{key}: {e}")))
        .collect::<Result<_, _>>()?;
    Ok(Template {
        name: name.to_owned(),
        file: file.to_owned(),
        modified,
        title,
        label,
        factor,
        columns: raw.columns,
        width: size("width", raw.width, 720, 300..=2_000)?,
        height: size("height", raw.height, 220, 60..=1_000)?,
        data,
        draw,
    })
}

/// Text that is drawn: not empty, not too long, nothing unprintable.
fn words(key: &str, value: &str, columns: usize) -> Result<String, String> {
    let value = value.trim();
    if value.is_empty() {
        return Err(format!("{key}: is empty; write what to draw"));
    }
    if text::width(value) > columns {
        return Err(format!(
            "{key}: \"{}\" has {} characters; at most {columns} fit",
            text::excerpt(value),
            text::width(value)
        ));
    }
    if value.chars().any(char::is_control) {
        return Err(format!("{key}: contains a control character; write it as one line of text"));
    }
    Ok(value.to_owned())
}

fn check_protocol(key: &str, name: &str) -> Result<(), String> {
    if (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    {
        Ok(())
    } else {
        Err(format!("{key}: `{}` is not a protocol's name, as `send` is one", text::excerpt(name)))
    }
}

fn check_data(raw: Vec<RawData>, protocol: &str) -> Result<Vec<Data>, String> {
    let mut seen = HashSet::new();
    let mut names = Vec::new();
    let mut data = Vec::new();
    for (n, raw) in raw.into_iter().enumerate() {
        let at = |key: &str| format!("data[{n}].{key}");
        let first = raw.name.bytes().next();
        if !(1..=MAX_LEGEND).contains(&raw.name.len())
            || !raw.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            || !first.is_some_and(|b| b.is_ascii_lowercase())
        {
            return Err(format!(
                "{}: `{}` is not a name: a letter, then up to {MAX_LEGEND} of a-z, 0-9 and _",
                at("name"),
                text::excerpt(&raw.name)
            ));
        }
        if !seen.insert(raw.name.clone()) {
            return Err(format!("{}: `{}` is there twice; rename one", at("name"), raw.name));
        }
        let source = match (raw.ds, raw.rpn) {
            (Some(ds), None) => {
                if !(1..=19).contains(&ds.len())
                    || !ds.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
                {
                    return Err(format!(
                        "{}: `{}` is not a DS: 1 to 19 of A-Z, a-z, 0-9, - and _",
                        at("ds"),
                        text::excerpt(&ds)
                    ));
                }
                let protocol = raw.protocol.unwrap_or_else(|| protocol.to_owned());
                check_protocol(&at("protocol"), &protocol)?;
                let cf = match raw.cf {
                    Some(RawCf::Max) => Cf::Max,
                    Some(RawCf::Average) | None => Cf::Average,
                };
                Source::Ds { protocol, ds, cf }
            }
            (None, Some(rpn)) => {
                if raw.cf.is_some() || raw.protocol.is_some() {
                    return Err(format!("{}: `cf` and `protocol` belong to a `ds`; remove them", at("rpn")));
                }
                Source::Rpn(Rpn::parse(&rpn, &names).map_err(|e| format!("{}: {e}", at("rpn")))?)
            }
            _ => return Err(format!("{}: needs either `ds` or `rpn`", at("name"))),
        };
        names.push(raw.name.clone());
        data.push(Data { name: raw.name, source });
    }
    Ok(data)
}

fn check_draw(raw: RawDraw, names: &[String]) -> Result<Draw, (&'static str, String)> {
    let find = |key: &'static str, name: &str| {
        names.iter().position(|known| known == name).ok_or_else(|| {
            let name = text::excerpt(name);
            (key, format!("no data is named `{name}`; there are {}", names.join(", ")))
        })
    };
    let width = raw.width.unwrap_or(1.0);
    if !(0.1..=10.0).contains(&width) {
        return Err(("width", format!("{width} is not between 0.1 and 10 pixels")));
    }
    let stack = raw.stack;
    let (key, shape) = match (&raw.area, &raw.line, raw.hrule, &raw.row) {
        (Some(data), None, None, None) => ("area", Shape::Area { data: find("area", data)?, stack }),
        (None, Some(data), None, None) => ("line", Shape::Line { data: find("line", data)?, width, stack }),
        (None, None, Some(value), None) if value.is_finite() && value.abs() < 1e15 => {
            ("hrule", Shape::Rule { value })
        }
        (None, None, Some(value), None) => {
            return Err(("hrule", format!("{value} cannot be drawn")));
        }
        (None, None, None, Some(data)) => ("row", Shape::Row { data: find("row", data)? }),
        _ => return Err(("area", "needs exactly one of area, line, hrule, row".into())),
    };
    let fits = |allowed: &[&str]| allowed.contains(&key);
    for (option, given, allowed) in [
        ("stack", stack, &["area", "line"][..]),
        ("width", raw.width.is_some(), &["line"][..]),
        ("dashes", raw.dashes.is_some(), &["line", "hrule"][..]),
        ("max", raw.max.is_some(), &["area", "line", "row"][..]),
    ] {
        if given && !fits(allowed) {
            return Err((option, format!("belongs to {}; remove it", allowed.join(" and "))));
        }
    }
    if let Some(dashes) = raw.dashes
        && !dashes.iter().all(|length| (0.5..=50.0).contains(length))
    {
        return Err(("dashes", "is [on, off], each 0.5 to 50 pixels".into()));
    }
    let color = match (&raw.color, shape) {
        (Some(color), _) => Color::parse(color).map_err(|e| ("color", e))?,
        // A row has no colour of its own.
        (None, Shape::Row { .. }) => Color::parse("grey").map_err(|e| ("color", e))?,
        (None, _) => return Err(("color", "is missing; name one, as color = \"blue\"".into())),
    };
    let legend = match (raw.legend, shape) {
        (Some(legend), _) => {
            let words = words("", &legend, MAX_LEGEND);
            Some(words.map_err(|e| ("legend", e.trim_start_matches(": ").to_owned()))?)
        }
        (None, Shape::Row { .. }) => {
            return Err(("legend", "is missing; a row without it would be empty".into()));
        }
        (None, _) => None,
    };
    Ok(Draw {
        shape,
        color,
        legend,
        dashes: raw.dashes,
        max: raw.max.map(|name| find("max", &name)).transpose()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r##"
title = "T"
protocol = "send"
unit = "messages"
per = "min"
columns = ["total", "max"]
data = [
  { name = "a", ds = "delivery" },
  { name = "b", rpn = "a,2,*" },
]
draw = [
  { area = "a", color = "good", legend = "A" },
  { line = "b", color = "#123456", max = "a", width = 2 },
  { hrule = 3, color = "bad", dashes = [4, 3] },
  { row = "b", legend = "All" },
]
"##;

    #[test]
    fn the_shipped_templates_are_right() {
        let (templates, problems) = load(None);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(templates.len(), EMBEDDED.len());
    }

    #[test]
    fn a_good_one_is_read_whole() {
        let template = parse("t", "t.toml", GOOD, None).unwrap();
        assert_eq!(template.label, "messages / min");
        assert_eq!((template.width, template.height), (720, 220));
        assert!((template.factor - 60.0).abs() < 1e-9);
        assert_eq!(template.draw[0].shape, Shape::Area { data: 0, stack: false });
        assert_eq!(template.draw[1].max, Some(0));
        assert_eq!(template.draw[3].shape, Shape::Row { data: 1 });
    }

    #[test]
    fn errors_name_file_key_and_the_way_out() {
        for (from, to, expected) in [
            ("unit =", "units =", "t.toml: line 4: unknown field `units`"),
            ("\"T\"", "\"\"", "t.toml: title: is empty"),
            ("\"T\"", "\"a\\tb\"", "t.toml: title: contains a control character"),
            ("\"total\"", "\"sum\"", "t.toml: line 6: unknown variant `sum`"),
            ("\"total\"", "\"max\"", "t.toml: columns: entry 2 is there twice"),
            ("\"min\"", "\"day\"", "t.toml: line 5: unknown variant `day`"),
            ("\"delivery\"", "\"a:b\"", "t.toml: data[0].ds: `a:b` is not a DS"),
            ("name = \"b\"", "name = \"a\"", "t.toml: data[1].name: `a` is there twice"),
            ("name = \"b\"", "name = \"B,x\"", "t.toml: data[1].name: `B,x` is not a name"),
            ("a,2,*", "a,2,TIME", "t.toml: data[1].rpn: `TIME` is neither"),
            ("a,2,*", "b", "t.toml: data[1].rpn: `b` is neither"),
            ("\"good\"", "\"gold\"", "t.toml: draw[0].color: `gold` is not a colour"),
            ("area = \"a\"", "area = \"x\"", "t.toml: draw[0].area: no data is named `x`"),
            ("legend = \"A\"", "width = 2", "t.toml: draw[0].width: belongs to line"),
            ("width = 2", "row = \"a\"", "t.toml: draw[1].area: needs exactly one of"),
            ("[4, 3]", "[4, 0]", "t.toml: draw[2].dashes: is [on, off]"),
            ("hrule = 3", "hrule = nan", "t.toml: draw[2].hrule: NaN cannot be drawn"),
            (", legend = \"All\"", "", "t.toml: draw[3].legend: is missing"),
            ("\"send\"", "\"../x\"", "t.toml: protocol: `../x` is not a protocol's name"),
        ] {
            let error = parse("t", "t.toml", &GOOD.replacen(from, to, 1), None).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
            assert!(!error.contains('\n'), "{error}");
        }
        let long = GOOD.replacen("\"A\"", &format!("\"{}\"", "x".repeat(400)), 1);
        let error = parse("t", "t.toml", &long, None).unwrap_err();
        assert!(error.contains("draw[0].legend") && error.contains("400 characters"), "{error}");
    }

    #[test]
    fn a_directory_overrides_and_adds_and_a_bad_file_spoils_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
        write("deliveries.toml", GOOD);
        write("mine.toml", GOOD);
        write("broken.toml", "title = ");
        write("Bad Name.toml", GOOD);
        write("huge.toml", &"#".repeat(70_000));
        write("notes.txt", "not a template");
        let (templates, problems) = load(Some(dir.path()));
        let names: Vec<_> = templates.iter().map(|t| t.name.as_str()).collect();
        assert_eq!(names, ["deliveries", "concurrency", "mine"]);
        assert_eq!(templates[0].title, "T");
        assert!(templates[0].modified.is_some());
        assert_eq!(problems.len(), 3, "{problems:?}");

        let (templates, problems) = load(Some(&dir.path().join("absent")));
        assert_eq!((templates.len(), problems.len()), (EMBEDDED.len(), 1));
    }
}
