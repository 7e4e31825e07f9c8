//! Templates of graphs and the page: what a text says is drawn or shown, and nothing in it acts.
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use maillogs::chart::period::Period;
use maillogs::chart::theme::Theme;
use maillogs::ledger::digest;
use maillogs::picture::fuzzing::{Checked, draw, template};
use maillogs::protocol::send::SEND;
use maillogs::store::rrd::create;

use crate::scratch;

/// A host that tries everything.
const HOST: &str = "h:LINE1:v0#ff0000 \\l%s\t--title\nstack=1\u{202e}";
/// What each DS holds, in rows.
const ROWS: [f64; 7] = [0.0, 0.25, f64::NAN, 1e9, 3.0, 1e-9, 7.5];
/// One picture in so many is drawn as such; of the others librrd reads the arguments and the values only.
const DRAWN: u8 = 32;

/// Reads `text` as a template.
pub fn arguments(text: &[u8]) {
    let Ok(toml) = std::str::from_utf8(text) else { return };
    let checked = match template(toml) {
        Ok(checked) => checked,
        Err(problem) => {
            return assert!(
                problem.starts_with("t.toml: ") && !problem.contains(char::is_control),
                "{problem:?}"
            );
        }
    };
    let hash = digest(&[text]);
    let period = Period::ALL[usize::from(hash[0] % 4)];
    for theme in Theme::ALL {
        for host in ["", HOST, checked.title()] {
            elements(&checked, &checked.arguments(period, theme, host, None), false);
            elements(&checked, &checked.arguments(period, theme, host, Some((rrd(), &ROWS))), true);
        }
    }
    let mut arguments = checked.arguments(period, Theme::Light, HOST, Some((rrd(), &ROWS)));
    for argument in arguments.iter_mut().filter(|argument| argument.starts_with("DEF:")) {
        // Whatever the template calls it, this file has it.
        let mut fields = fields(argument);
        fields[2] = "message_new".into();
        *argument = fields.join(":");
    }
    if !hash[1].is_multiple_of(DRAWN) {
        let format =
            arguments.iter().position(|argument| argument == "--imgformat").expect("it has a format");
        arguments[format + 1] = "CSV".into();
        // A table of nothing is refused.
        if !arguments.iter().any(|argument| argument.starts_with("LINE") || argument.starts_with("AREA")) {
            return;
        }
    }
    if let Err(error) = draw(&arguments) {
        panic!("librrd refuses what was accepted: {error}\n{arguments:#?}");
    }
}

/// A file with a colon and a backslash in its path.
fn rrd() -> &'static Path {
    static RRD: OnceLock<PathBuf> = OnceLock::new();
    RRD.get_or_init(|| {
        let path = scratch::dir().join("a:b\\c.rrd");
        let bin = |n: i64| (1_795_348_800 + 60 * n, vec![i128::from(n); SEND.counters.len()].into());
        create(&path, &SEND, 60, &(0..30).map(bin).collect::<Vec<_>>()).expect("an RRD");
        path
    })
}

/// Are the arguments those that such a template must have, however its texts read?
fn elements(checked: &Checked, arguments: &[String], has_values: bool) {
    let last = arguments.iter().position(|a| a == "ARROW#00000000").expect("the last option");
    let mut options = arguments[..last].iter();
    while let Some(option) = options.next() {
        match option.as_str() {
            "--slope-mode" | "--rigid" | "--disable-rrdtool-tag" => continue,
            "--imgformat" | "--start" | "--end" | "--width" | "--height" | "--zoom" | "--border" => {}
            "--tabwidth" | "--units-length" | "--font" | "--grid-dash" | "--x-grid" | "--y-grid" => {}
            "--lower-limit" | "--upper-limit" | "--units-exponent" | "--left-axis-format" => {}
            "--title" | "--vertical-label" | "--color" => {}
            other => panic!("{other:?} is no option of ours"),
        }
        // The last `--color` has its value behind the end.
        let value = options.next().unwrap_or(&arguments[last]);
        assert!(!value.contains(['\0', '\n', '\t', '\\']), "{option} {value:?}");
    }
    let (data, drawings) = checked.size();
    let mut kinds = [0; 4];
    for argument in &arguments[last + 1..] {
        kinds[element(argument)] += 1;
    }
    let [definitions, computed, drawn, told] = kinds;
    if has_values {
        assert!(definitions <= data && computed >= data && computed <= 2 * data + 1, "{arguments:#?}");
        assert!(drawn <= drawings + 1 && drawn + told >= drawings, "{arguments:#?}");
    } else {
        assert!((definitions, computed, drawn, told) == (0, 0, 1, 2), "{arguments:#?}");
    }
}

/// Checks one element: what it is, as a position among DEF, CDEF, what is drawn, what is told.
fn element(argument: &str) -> usize {
    let fields = fields(argument);
    let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
    let is_variable = |name: &str| name.starts_with(['r', 'd', 'v', 'u']) && name.len() <= 6;
    let is_color = |color: &str| color.len() <= 8 && color.bytes().all(|b| b.is_ascii_hexdigit());
    match fields[..] {
        ["DEF", source, ds, "AVERAGE" | "MAX", step] => {
            let name = source.split_once('=').expect("a variable").0;
            let plain = ds.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
            assert!(is_variable(name) && plain && step.starts_with("step="), "{argument}");
            0
        }
        ["CDEF", definition] => {
            let (name, words) = definition.split_once('=').expect("a variable");
            assert!(is_variable(name) && words.split(',').all(is_word), "{argument}");
            1
        }
        ["COMMENT", legend] => {
            is_text(legend);
            3
        }
        [kind, what, legend, ref more @ ..] => {
            let (value, color) = what.split_once('#').expect("a colour");
            let width = kind.strip_prefix("LINE").map(|width| width.parse::<f64>().expect("a width"));
            match (kind, width) {
                (_, Some(width)) => assert!((0.1..=10.0).contains(&width) && is_variable(value)),
                ("AREA", _) => assert!(is_variable(value)),
                ("HRULE", _) => assert!(value.parse::<f64>().is_ok()),
                _ => panic!("{argument}"),
            }
            assert!(is_color(color), "{argument}");
            if !legend.is_empty() {
                is_text(legend);
            }
            let dashes =
                |option: &str| option.strip_prefix("dashes=").is_some_and(|d| d.split(',').count() == 2);
            assert!(more.iter().all(|option| *option == "STACK" || dashes(option)), "{argument}");
            2
        }
        ["AREA", what] => {
            assert!(what.starts_with("unread#"), "{argument}");
            2
        }
        ["HRULE", "0#00000000"] => 2,
        _ => panic!("{argument}"),
    }
}

/// The parts between colons that no backslash escapes.
fn fields(argument: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut escaped = false;
    for c in argument.chars() {
        if c == ':' && !escaped {
            fields.push(String::new());
        } else {
            fields.last_mut().expect("it is never empty").push(c);
        }
        escaped = c == '\\' && !escaped;
    }
    fields
}

/// A word of an expression that librrd may get.
fn is_word(word: &str) -> bool {
    let number = word.parse::<f64>().is_ok_and(|number| number.is_finite());
    let variable = word.strip_prefix(['r', 'd']).is_some_and(|n| n.parse::<usize>().is_ok());
    let ours = [
        "+", "-", "*", "/", "%", "ADDNAN", "MIN", "MAX", "ABS", "FLOOR", "CEIL", "LT", "LE", "GT", "GE",
        "EQ", "NE", "UN", "IF", "UNKN", "DUP", "POP", "EXC", "TIME", "INF",
    ];
    number || variable || ours.contains(&word)
}

/// A text that is drawn as it is: the only codes in it are an escaped colon and how its line ends.
fn is_text(legend: &str) {
    let text = legend.strip_prefix("legend=").expect("a legend that is called one");
    let text = ["\\l", "\\r", "\\c", "\\j"].iter().find_map(|end| text.strip_suffix(end)).unwrap_or(text);
    assert!(!text.replace("\\:", "").contains('\\'), "{legend:?}");
    let acts = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    assert!(!text.contains(acts), "{legend:?}");
}

/// Reads `text` as a title and, on the next line, a host's name.
pub fn page(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let (title, host) = text.split_once('\n').unwrap_or((&text, ""));
    let Some(html) = page_of(title, host) else { return };
    let shown = html.split_once(" On <b>").and_then(|(_, rest)| rest.split_once("</b>."));
    let host_shown = shown.map(|(host, _)| unescaped(host)).unwrap_or_default();
    static PLAIN: OnceLock<[String; 2]> = OnceLock::new();
    let plain = PLAIN.get_or_init(|| ["", "H"].map(|host| page_of("T", host).expect("a plain page")));
    let plain = &plain[usize::from(!host_shown.is_empty())];
    let count = |html: &str, c: char| html.matches(c).count();
    for c in ['<', '>', '"'] {
        assert_eq!(count(&html, c), count(plain, c), "{c} of title or host is in\n{html}");
    }
    let inner = html.split_once("<h1>").and_then(|(_, rest)| rest.split_once("</h1>")).expect("a heading").0;
    // As in pictures: what librrd or a terminal would act on is not in it.
    let drawn = |c: char| match c {
        '\\' => Some('\u{2216}'),
        '\t' => Some(' '),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => None,
        c => Some(c).filter(|c| !c.is_control()),
    };
    let drawn: String = title.chars().filter_map(drawn).collect();
    assert_eq!(unescaped(inner).trim(), drawn.trim(), "{html}");
    assert!(!host_shown.contains(char::is_control), "{html}");
}

/// The page of a graph of this title.
fn page_of(title: &str, host: &str) -> Option<String> {
    let title = toml::Value::from(title);
    let toml = format!(
        "title = {title}\nprotocol = \"send\"\nunit = \"u\"\ncolumns = [\"max\"]\n\
         data = [{{ name = \"a\", ds = \"a\" }}]\ndraw = [{{ area = \"a\", color = \"good\" }}]\n"
    );
    let checked = template(&toml).ok()?;
    Some(checked.page(host).expect("a page"))
}

/// The text that HTML shows.
fn unescaped(html: &str) -> String {
    let pairs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    pairs.iter().fold(html.to_owned(), |text, (code, character)| text.replace(code, character))
}
