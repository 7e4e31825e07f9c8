//! Whether what stands in the file of a template can be drawn.
use std::collections::HashSet;
use std::time::SystemTime;

use super::earlier::earlier;
use super::expand::expand;
use super::like::Names;
use super::model::{
    Data, Draw, Level, MAX_ABOUT, MAX_ENTRIES, MAX_LEGEND, MAX_SHIFTS, MAX_TITLE, Shape, Source, Template,
};
use super::raw::{Per, RawCf, RawData, RawDraw, RawLevel, RawTemplate};
use crate::chart::rpn::Rpn;
use crate::chart::text;
use crate::chart::theme::Color;
use crate::reading::Reading;
use crate::reading::stage::Stage;
use crate::store::rrd::fetch::Cf;

/// Reads one template. An error is one line: file, key, what is wrong, what would be right.
pub(crate) fn parse(
    name: &str,
    file: &str,
    toml: &str,
    modified: Option<SystemTime>,
    readings: &[Reading],
) -> Result<Template, String> {
    parse_for(None, name, file, toml, modified, readings)
}

/// As [`parse()`], of an original's template for a second instance that has these names.
pub(super) fn parse_for(
    names: Option<&Names>,
    name: &str,
    file: &str,
    toml: &str,
    modified: Option<SystemTime>,
    readings: &[Reading],
) -> Result<Template, String> {
    let mut raw: RawTemplate = toml::from_str(toml).map_err(|error| {
        let line =
            error.span().map_or(1, |span| toml[..span.start.min(toml.len())].matches('\n').count() + 1);
        let message = text::truncate(&text::plain(error.message()), 300);
        // The key, which the parser does not tell of a wrong value.
        let key = toml.lines().nth(line - 1).and_then(|line| line.split_once('=')).map(|(key, _)| key.trim());
        let key =
            key.filter(|key| !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        let at = key.map(|key| format!(" (at `{key}`)")).unwrap_or_default();
        format!("{file}: line {line}: {message}{at}; templates/README.md says what is possible")
    })?;
    if let Some(names) = names {
        names.put_into(&mut raw);
    }
    check(name, file, raw, modified, readings).map_err(|problem| format!("{file}: {problem}"))
}

/// Checks what was read; `readings` say what counters toaster.conf adds.
pub(super) fn check(
    name: &str,
    file: &str,
    mut raw: RawTemplate,
    modified: Option<SystemTime>,
    readings: &[Reading],
) -> Result<Template, String> {
    let title = words("title", &raw.title, MAX_TITLE)?;
    let unit = words("unit", &raw.unit, MAX_LEGEND)?;
    let optional = |key: &str, value: &Option<String>, columns| {
        value.as_ref().map_or(Ok(String::new()), |value| words(key, value, columns))
    };
    let about = optional("about", &raw.about, MAX_ABOUT)?;
    let parts = optional("parts", &raw.parts, MAX_LEGEND)?;
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
    let other = raw.data.iter().enumerate();
    let other = other.filter_map(|(n, data)| Some((format!("data[{n}].protocol"), data.protocol.as_ref()?)));
    for (key, name) in [("protocol".to_owned(), &raw.protocol)].into_iter().chain(other) {
        // Those of the binary are right.
        let is_known = || readings.iter().any(|reading| reading.protocol == *name);
        if modified.is_some() && !readings.is_empty() && !is_known() {
            let known: Vec<_> = readings.iter().map(|reading| reading.protocol).collect();
            let name = text::excerpt(name);
            return Err(format!("{key}: there is no protocol `{name}`; there are {}", known.join(", ")));
        }
    }
    expand(&mut raw, readings)?;
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
    let shifts = raw.draw.iter().filter(|draw| draw.shift.is_some()).count();
    if shifts > MAX_SHIFTS {
        return Err(format!("draw: {shifts} entries have a `shift`; at most {MAX_SHIFTS} may"));
    }
    let mut data = check_data(raw.data, &raw.protocol)?;
    let names: Vec<_> = data.iter().map(|data| data.name.clone()).collect();
    let draw = raw
        .draw
        .into_iter()
        .enumerate()
        .map(|(n, draw)| {
            let shift = draw.shift;
            let draw = check_draw(draw, &names).map_err(|(key, e)| format!("draw[{n}].{key}: {e}"))?;
            Ok(match shift {
                Some(shift) => draw.of(|of| earlier(&mut data, of, shift)),
                None => draw,
            })
        })
        .collect::<Result<_, String>>()?;
    Ok(Template {
        name: name.to_owned(),
        file: file.to_owned(),
        modified,
        title,
        about,
        parts,
        label,
        factor,
        columns: raw.columns,
        width: size("width", raw.width, 720, 300..=2_000)?,
        height: size("height", raw.height, 220, 60..=1_000)?,
        stage: raw.stage.unwrap_or(Stage::Own),
        wide: raw.wide,
        overview: raw.overview.unwrap_or(true),
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
    let mut data: Vec<Data> = Vec::new();
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
        let is_ds = raw.ds.is_some();
        let find = |key: &str, name: &String| {
            names.iter().position(|known| known == name).ok_or_else(|| {
                let (key, name) = (at(key), text::excerpt(name));
                format!("{key}: no data before it is named `{name}`; there are {}", names.join(", "))
            })
        };
        let source = match (raw.ds, raw.rpn, &raw.sum, &raw.mean) {
            (Some(ds), None, None, None) => {
                if !(1..=19).contains(&ds.len())
                    || !ds.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
                {
                    return Err(format!(
                        "{}: `{}` is not a DS: 1 to 19 of A-Z, a-z, 0-9, - and _",
                        at("ds"),
                        text::excerpt(&ds)
                    ));
                }
                let protocol = raw.protocol.clone().unwrap_or_else(|| protocol.to_owned());
                check_protocol(&at("protocol"), &protocol)?;
                let cf = match raw.cf {
                    Some(RawCf::Max) => Cf::Max,
                    Some(RawCf::Average) | None => Cf::Average,
                };
                Source::Ds { protocol, ds, cf }
            }
            (None, Some(rpn), None, None) => {
                Source::Rpn(Rpn::parse(&rpn, &names).map_err(|e| format!("{}: {e}", at("rpn")))?)
            }
            (None, None, Some(sum), None) => {
                let all = sum.iter().map(|name| find("sum", name)).collect::<Result<Vec<_>, _>>()?;
                let rpn = Rpn::sum(&all);
                Source::Rpn(rpn.ok_or_else(|| format!("{}: has no data; name some", at("sum")))?)
            }
            (None, None, None, Some([of, per])) => {
                let (of, per) = (find("mean", of)?, find("mean", per)?);
                Source::Mean { rpn: Rpn::mean(of, per), per }
            }
            _ => return Err(format!("{}: needs one of `ds`, `rpn`, `sum`, `mean`, `own`", at("name"))),
        };
        if !is_ds && (raw.cf.is_some() || raw.protocol.is_some()) {
            return Err(format!("{}: `cf` and `protocol` belong to a `ds`; remove them", at("name")));
        }
        let rate = raw.rate.unwrap_or(!matches!(source, Source::Mean { .. }));
        names.push(raw.name.clone());
        data.push(Data { name: raw.name, source, rate, shift: None });
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
    let (key, shape) = match (&raw.area, &raw.line, raw.hrule, &raw.row, &raw.each) {
        (Some(data), None, None, None, None) => ("area", Shape::Area { data: find("area", data)?, stack }),
        (None, Some(data), None, None, None) => {
            ("line", Shape::Line { data: find("line", data)?, width, stack })
        }
        (None, None, Some(RawLevel::Last(data)), None, None) => {
            ("hrule", Shape::Rule { value: Level::Last(find("hrule", &data)?) })
        }
        (None, None, Some(RawLevel::At(value)), None, None) if value.is_finite() && value.abs() < 1e15 => {
            ("hrule", Shape::Rule { value: Level::At(value) })
        }
        (None, None, Some(RawLevel::At(value)), None, None) => {
            return Err(("hrule", format!("{value} cannot be drawn")));
        }
        (None, None, None, Some(data), None) => ("row", Shape::Row { data: find("row", data)? }),
        (None, None, None, None, Some(data)) => {
            return Err(("each", format!("`{}` is not the name of a data with `own`", text::excerpt(data))));
        }
        _ => return Err(("area", "needs exactly one of area, line, hrule, row, each".into())),
    };
    let fits = |allowed: &[&str]| allowed.contains(&key);
    for (option, given, allowed) in [
        ("stack", stack, &["area", "line"][..]),
        ("width", raw.width.is_some(), &["line"][..]),
        ("dashes", raw.dashes.is_some(), &["line", "hrule"][..]),
        ("max", raw.max.is_some(), &["area", "line", "row"][..]),
        ("optional", raw.optional, &["area", "line", "row"][..]),
        ("shift", raw.shift.is_some(), &["line", "row"][..]),
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
        optional: raw.optional,
    })
}
