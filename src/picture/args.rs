//! Template and values → the arguments of `rrdtool graph`. Pure: it knows no file and no clock.
//!
//! No name or expression of a template reaches librrd: variables are numbered (`r0` the rows, `d0`
//! the data, `v0` in the graph's unit), expressions are spelt from the parsed form, and text is
//! escaped by [`crate::chart::text`].

use super::options::Format;
use crate::chart::axis::axis;
use crate::chart::legend;
use crate::chart::period::{Span, Window};
use crate::chart::rows::{Filled, Values};
use crate::chart::scene::{self, Drawn, Form};
use crate::chart::template::{Source, Template};
use crate::chart::text;
use crate::chart::theme::Theme;

/// What a picture is made of.
pub(super) struct Picture<'a> {
    pub template: &'a Template,
    /// Its time axis; that of `values`, where there are any.
    pub window: &'a Window,
    pub theme: Theme,
    pub format: Format,
    /// None: nothing was ever counted.
    pub values: Option<&'a Values>,
    /// The host's name and the time, for the corner.
    pub host: &'a str,
    pub time: &'a str,
}

/// How many columns of 9 point DejaVu Sans Mono fit below a canvas of `width` pixels, with the
/// space of the left axis and without the margins.
fn text_columns(width: u32) -> usize {
    usize::try_from((width + 81 - 40) * 2 / 15).unwrap_or(100)
}

/// The arguments after the file name, for [`crate::store::rrd::graph_v::graph_v`].
pub(super) fn arguments(picture: &Picture<'_>) -> Vec<String> {
    // Where no RRD has any of its data sources, librrd has nothing to compute with.
    let values = picture.values.filter(|values| values.filled.iter().any(Option::is_some));
    let picture = &Picture { values, ..*picture };
    let drawn = picture.values.map(|values| scene::drawn(picture.template, values)).unwrap_or_default();
    let mut args = options(picture, &drawn);
    match picture.values {
        Some(values) => {
            let scaled = variables(picture.template, values, &mut args);
            if let Some(band) = unread(picture, values) {
                args.extend(band);
            }
            elements(picture, &drawn, &scaled, &mut args);
        }
        None => {
            // librrd draws no graph without an element.
            args.push("HRULE:0#00000000".into());
            args.push(comment("no data yet", "\\c"));
            args.push(comment(&joined(&corner(picture)), "\\r"));
        }
    }
    args
}

/// Host and time, for two lines. Of the same width: librrd's right edge wanders with the length.
fn corner(picture: &Picture<'_>) -> [String; 2] {
    let host = text::truncate(&text::plain(picture.host), 40);
    let width = text::width(&host).max(text::width(picture.time));
    if host.is_empty() {
        return [host, picture.time.to_owned()];
    }
    [host.as_str(), picture.time].map(|text| text::pad_left(text, width))
}

/// Host and time in one line.
fn joined([host, time]: &[String; 2]) -> String {
    format!("{}  {}", host.trim_start(), time.trim_start()).trim_start().to_owned()
}

fn comment(words: &str, justify: &str) -> String {
    format!("COMMENT:{}{justify}", text::legend(words))
}

/// Size, fonts, colours, axes, title.
fn options(picture: &Picture<'_>, drawn: &[Drawn]) -> Vec<String> {
    let template = picture.template;
    let forms = || drawn.iter().map(|drawn| drawn.form);
    let (lowest, highest) =
        picture.values.map_or((0.0, 0.0), |values| scene::extent(template, values, forms()));
    let axis = axis(lowest, highest);
    // A vector picture has no pixels to double.
    let (format, zoom) = match picture.format {
        Format::Png => ("PNG", "2"),
        Format::Svg => ("SVG", "1"),
    };
    let title = format!("{}, {}", template.title, picture.window.words);
    let pairs: &[(&str, String)] = &[
        ("--imgformat", format.into()),
        ("--start", picture.window.span.start.to_string()),
        ("--end", picture.window.span.end.to_string()),
        ("--width", template.width.to_string()),
        ("--height", template.height.to_string()),
        ("--zoom", zoom.into()),
        ("--border", "0".into()),
        ("--tabwidth", "20".into()),
        ("--units-length", "5".into()),
        // DEFAULT sets all others: it comes first.
        ("--font", "DEFAULT:9:DejaVu Sans".into()),
        ("--font", "TITLE:12:DejaVu Sans Bold".into()),
        ("--font", "AXIS:8:DejaVu Sans".into()),
        ("--font", "UNIT:8:DejaVu Sans".into()),
        ("--font", "LEGEND:9:DejaVu Sans Mono".into()),
        ("--font", "WATERMARK:6:DejaVu Sans".into()),
        ("--grid-dash", "1:0".into()),
        ("--x-grid", picture.window.x_grid.into()),
        ("--lower-limit", plain_number(axis.lower)),
        ("--upper-limit", plain_number(axis.upper)),
        ("--y-grid", format!("{}:{}", plain_number(axis.minor), axis.label_every)),
        ("--units-exponent", axis.exponent.to_string()),
        ("--left-axis-format", axis.format),
        ("--title", text::plain(&title)),
        ("--vertical-label", text::plain(&template.label)),
    ];
    // Without --slope-mode: it leaves white slits in a stack where its lowest area rises from 0, and a row that is two
    // pixels wide is a step, not a slope.
    let mut args: Vec<String> = ["--rigid", "--disable-rrdtool-tag"].map(String::from).into();
    for (option, value) in pairs {
        args.push((*option).to_owned());
        args.push(value.clone());
    }
    for color in picture.theme.canvas() {
        args.push("--color".into());
        args.push(color);
    }
    args.extend(["--color".into(), "ARROW#00000000".into()]);
    args
}

/// A number without the noise of binary fractions, and never in exponent form.
fn plain_number(value: f64) -> String {
    let text = format!("{value:.9}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Defines what is drawn; returns the variable of each data in the graph's unit.
fn variables(template: &Template, values: &Values, args: &mut Vec<String>) -> Vec<String> {
    // Where an RRD does not exist yet, its data is unknown at the times of one that does.
    let clock = values.filled.iter().position(Option::is_some).unwrap_or_default();
    for (i, filled) in values.filled.iter().enumerate() {
        if let Some(filled) = filled {
            let path = text::path(&filled.path.to_string_lossy());
            let (ds, cf, Span { start, end, row }) = (&filled.ds, filled.cf.as_str(), filled.span);
            let mut def = format!("DEF:r{i}={path}:{ds}:{cf}:step={row}");
            if filled.shift > 0 {
                def += &format!(":start={start}:end={end}");
            }
            args.push(def);
            if filled.shift > 0 {
                args.push(format!("SHIFT:r{i}:{}", filled.shift));
            }
        }
    }
    // What is not drawn because the span is too long for it has no variable.
    let is_drawn = |i: usize| values.shifts[i].is_some();
    for (i, data) in template.data.iter().enumerate().filter(|(i, _)| is_drawn(*i)) {
        let rpn = match (&data.source, &values.filled[i]) {
            (Source::Ds { .. }, Some(filled)) => whole(i, filled),
            (Source::Ds { .. }, None) => format!("r{clock},POP,UNKN"),
            (Source::Rpn(rpn) | Source::Mean { rpn, .. }, _) => rpn.to_librrd(|data| format!("d{data}")),
        };
        args.push(format!("CDEF:d{i}={rpn}"));
    }
    if template.factor == 1.0 {
        return (0..template.data.len()).map(|i| format!("d{i}")).collect();
    }
    let mut scaled = Vec::new();
    for (i, data) in template.data.iter().enumerate() {
        if data.rate && is_drawn(i) {
            args.push(format!("CDEF:v{i}=d{i},{},*", template.factor));
            scaled.push(format!("v{i}"));
        } else {
            scaled.push(format!("d{i}"));
        }
    }
    scaled
}

/// An expression that does for librrd what [`crate::chart::rows`] does with the numbers: it gives the values of the
/// row of which only the later part is known and of the row that is not over, and then zero up to the last reading.
/// TIME is the end of a row, in which it is drawn.
fn whole(i: usize, filled: &Filled) -> String {
    let drawn = |time: i64| time + filled.shift;
    let quiet = format!("TIME,{},LE,{},UNKN,IF", drawn(filled.edge.horizon), filled.quiet);
    let after = match filled.patch {
        Some((end, value)) => format!("TIME,{},EQ,{value},{quiet},IF", drawn(end)),
        None => quiet,
    };
    let row = if filled.absent { format!("r{i},UN,UNKN,0,IF") } else { format!("r{i}") };
    let row = match filled.first {
        Some((end, value)) => format!("TIME,{},EQ,{value},{row},IF", drawn(end)),
        None => row,
    };
    format!("TIME,{},LE,{row},{after},IF", drawn(filled.edge.last_update))
}

/// A pale band over what was not read yet, unless it is so narrow that it says nothing.
fn unread(picture: &Picture<'_>, values: &Values) -> Option<[String; 2]> {
    let span = values.span;
    let horizon = values.edge.horizon;
    (span.end - horizon > 2 * span.row).then(|| {
        let any = values.filled.iter().position(Option::is_some).unwrap_or_default();
        [
            format!("CDEF:unread=r{any},POP,TIME,{horizon},GT,INF,UNKN,IF"),
            format!("AREA:unread{}", picture.theme.unknown()),
        ]
    })
}

/// What is drawn, and the legend: a row for each that has one, the corner text at its end.
fn elements(picture: &Picture<'_>, drawn: &[Drawn], scaled: &[String], args: &mut Vec<String>) {
    let template = picture.template;
    let titled = drawn.iter().filter_map(|drawn| Some((drawn.legend.as_deref()?, drawn.stats)));
    let table = legend::table(&template.columns, &titled.collect::<Vec<_>>());

    // The header and a line for each row; the last two have the corner's at their right end, where
    // there is room for it. A coloured box is two columns wide, with the space after it.
    let mut lines = vec![format!("  {}", table.header)];
    lines.extend(table.rows);
    let corner = corner(picture);
    let room = |line: &String, right: &String| {
        text::width(line) + text::width(right) + 4 <= text_columns(template.width)
    };
    let beside = lines.len() >= corner.len()
        && lines.iter().rev().zip(corner.iter().rev()).all(|(line, right)| room(line, right));
    let first = lines.len().saturating_sub(corner.len());
    let right = |n: usize| {
        let right = n.checked_sub(first).filter(|_| beside)?;
        corner.get(right).filter(|right| !right.is_empty())
    };

    let mut number = 0;
    if lines.len() > 1 {
        line(|end| comment(&lines[0], end), right(0), args);
    }
    if drawn.iter().all(|drawn| drawn.form == Form::Row) {
        // librrd draws no graph without an element.
        args.push("HRULE:0#00000000".into());
    }
    for draw in drawn {
        if draw.legend.is_none() {
            args.push(element(picture.theme, draw, scaled, None));
            continue;
        }
        number += 1;
        let row = |end: &str| {
            let legend = format!("{}{end}", text::legend(&lines[number]));
            element(picture.theme, draw, scaled, Some(&legend))
        };
        line(row, right(number), args);
    }
    if !beside || lines.len() == 1 {
        args.push(comment(&joined(&corner), "\\r"));
    }
}

/// A line of the legend: alone, or justified with something at its right end. `left` makes its
/// element, given how it ends.
fn line(left: impl Fn(&str) -> String, right: Option<&String>, args: &mut Vec<String>) {
    match right {
        None => args.push(left("\\l")),
        Some(right) => args.extend([left(""), comment(right, "\\j")]),
    }
}

fn element(theme: Theme, draw: &Drawn, scaled: &[String], legend: Option<&str>) -> String {
    let color = draw.color.in_theme(theme);
    let mut text = match draw.form {
        Form::Area { data, .. } => format!("AREA:{}{color}", scaled[data]),
        Form::Line { data, width, .. } => format!("LINE{width}:{}{color}", scaled[data]),
        Form::Rule { value } => format!("HRULE:{}{color}", plain_number(value)),
        Form::Row => {
            let row = legend.and_then(|legend| legend.strip_prefix("legend="));
            return format!("COMMENT:legend=  {}", row.unwrap_or_default());
        }
    };
    // Without a legend its place is left empty, or STACK would be taken for one.
    text += ":";
    text += legend.unwrap_or_default();
    if let Form::Area { stack: true, .. } | Form::Line { stack: true, .. } = draw.form {
        text += ":STACK";
    }
    if let Some([on, off]) = draw.dashes {
        text += &format!(":dashes={on},{off}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::period::Period;
    use crate::chart::rows::Edge;
    use crate::chart::template;
    use crate::store::rrd::fetch::Cf;

    const SPAN: Span = Span { start: 1_795_348_800, end: 1_795_350_000, row: 300 };

    fn values(columns: &[&[f64]], edge: Edge, patch: Option<(i64, f64)>) -> Values {
        let filled = |(i, _): (usize, &&[f64])| {
            Some(Filled {
                path: "/var/a:b/send.rrd".into(),
                ds: format!("ds{i}"),
                absent: false,
                cf: Cf::Average,
                span: SPAN,
                shift: 0,
                edge,
                patch,
                first: None,
                quiet: 0.0,
            })
        };
        Values {
            span: SPAN,
            filled: columns.iter().enumerate().map(filled).collect(),
            values: columns.iter().map(|column| column.to_vec()).collect(),
            edge,
            since: vec![None; columns.len()],
            shifts: vec![Some(0); columns.len()],
            held: Vec::new(),
        }
    }

    const TEMPLATE: &str = r##"
title = "Mail: %n <b>"
protocol = "send"
unit = "messages"
per = "min"
columns = ["total", "last"]
data = [ { name = "a", ds = "ds0" }, { name = "b", ds = "ds1" } ]
draw = [
  { area = "a", color = "good", legend = "stack=1:x" },
  { area = "b", color = "#123456", legend = "Second", stack = true },
  { line = "a", color = "blue", width = 1.5, dashes = [4, 3] },
  { hrule = 20, color = "bad" },
]
"##;

    fn window() -> &'static Window {
        static WINDOW: std::sync::OnceLock<Window> = std::sync::OnceLock::new();
        WINDOW.get_or_init(|| Window { span: SPAN, ..Window::of(Period::Day, SPAN.end, 300) })
    }

    fn picture<'a>(template: &'a Template, values: Option<&'a Values>) -> Picture<'a> {
        Picture {
            template,
            window: window(),
            theme: Theme::Light,
            format: Format::Png,
            values,
            host: "mx1",
            time: "Mon 23 Nov 2026 12:05 CET",
        }
    }

    /// The arguments after the options.
    fn drawn(args: &[String]) -> Vec<&str> {
        let options = args.iter().position(|arg| arg == "ARROW#00000000").unwrap();
        args[options + 1..].iter().map(String::as_str).collect()
    }

    #[test]
    fn a_picture_is_spelt_as_expected() {
        let template = template::parse("t", "t.toml", TEMPLATE, None, &[]).unwrap();
        let edge = Edge { last_update: SPAN.end - 240, seen: SPAN.end, horizon: SPAN.end, since: None };
        let values = values(&[&[0.1, 0.2, 0.1, 0.05], &[0.0, 0.0, 0.01, 0.0]], edge, Some((SPAN.end, 0.05)));
        let args = arguments(&picture(&template, Some(&values)));
        assert_eq!(
            drawn(&args),
            [
                "DEF:r0=/var/a\\:b/send.rrd:ds0:AVERAGE:step=300",
                "DEF:r1=/var/a\\:b/send.rrd:ds1:AVERAGE:step=300",
                "CDEF:d0=TIME,1795349760,LE,r0,TIME,1795350000,EQ,0.05,TIME,1795350000,LE,0,UNKN,IF,IF,IF",
                "CDEF:d1=TIME,1795349760,LE,r1,TIME,1795350000,EQ,0.05,TIME,1795350000,LE,0,UNKN,IF,IF,IF",
                "CDEF:v0=d0,60,*",
                "CDEF:v1=d1,60,*",
                "COMMENT:legend=                    Total       Last\\l",
                "AREA:v0#3A9876:legend=stack=1\\:x           135       3.00",
                "COMMENT:legend=                      mx1\\j",
                "AREA:v1#123456:legend=Second                3       0.00:STACK",
                "COMMENT:legend=Mon 23 Nov 2026 12\\:05 CET\\j",
                "LINE1.5:v0#2563EB::dashes=4,3",
                "HRULE:20#A5232A:",
            ]
        );
        let pair = |option: &str| {
            let at = args.iter().position(|arg| arg == option).unwrap();
            args[at + 1].as_str()
        };
        assert_eq!(pair("--title"), "Mail: %n <b>, last 24 hours");
        assert_eq!(pair("--vertical-label"), "messages / min");
        assert_eq!(pair("--start"), "1795348800");
        // The rule at 20 is the highest thing drawn.
        assert_eq!(pair("--upper-limit"), "21");
        assert_eq!(pair("--y-grid"), "1:5");
    }

    #[test]
    fn what_was_not_read_is_a_band_behind_everything() {
        let template = template::parse("t", "t.toml", TEMPLATE, None, &[]).unwrap();
        let edge = Edge {
            last_update: SPAN.start + 300,
            seen: SPAN.start + 300,
            horizon: SPAN.start + 300,
            since: None,
        };
        let nan = f64::NAN;
        let row = [0.1, nan, nan, nan];
        let values = values(&[&row, &row], edge, None);
        let args = arguments(&picture(&template, Some(&values)));
        let args = drawn(&args);
        let band = args.iter().position(|arg| arg.starts_with("AREA:unread")).unwrap();
        assert_eq!(args[band - 1], "CDEF:unread=r0,POP,TIME,1795349100,GT,INF,UNKN,IF");
        let first = args.iter().position(|arg| arg.starts_with("AREA:v0")).unwrap();
        assert!(band < first);
    }

    #[test]
    fn no_data_is_said() {
        let template = template::parse("t", "t.toml", TEMPLATE, None, &[]).unwrap();
        let args = arguments(&picture(&template, None));
        assert_eq!(
            drawn(&args),
            [
                "HRULE:0#00000000",
                "COMMENT:legend=no data yet\\c",
                "COMMENT:legend=mx1  Mon 23 Nov 2026 12\\:05 CET\\r",
            ]
        );
    }

    #[test]
    fn an_absent_rrd_is_unknown_beside_one_that_is_there() {
        let template = template::parse("t", "t.toml", TEMPLATE, None, &[]).unwrap();
        let edge = Edge { last_update: SPAN.end, seen: SPAN.end, horizon: SPAN.end, since: None };
        let mut values = values(&[&[0.1; 4], &[f64::NAN; 4]], edge, None);
        values.filled[1] = None;
        let args = arguments(&picture(&template, Some(&values)));
        assert!(args.contains(&"CDEF:d1=r0,POP,UNKN".to_owned()), "{args:?}");
        let row = args.iter().find(|arg| arg.contains("Second")).unwrap();
        assert!(row.ends_with("–          –:STACK"), "{row}");
    }

    /// As where toaster.conf has a counter that the RRD has not yet.
    #[test]
    fn data_that_no_rrd_has_is_no_data_yet() {
        let template = template::parse("t", "t.toml", TEMPLATE, None, &[]).unwrap();
        let edge = Edge { last_update: SPAN.end, seen: SPAN.end, horizon: SPAN.end, since: None };
        let mut values = values(&[&[f64::NAN; 4], &[f64::NAN; 4]], edge, None);
        values.filled.fill_with(|| None);
        assert_eq!(arguments(&picture(&template, Some(&values))), arguments(&picture(&template, None)));
    }

    #[test]
    fn numbers_are_plain() {
        assert_eq!(plain_number(0.1 + 0.2), "0.3");
        assert_eq!(plain_number(-0.0), "0");
        assert_eq!(plain_number(1e15), "1000000000000000");
        assert_eq!(plain_number(0.000_02), "0.00002");
    }
}
