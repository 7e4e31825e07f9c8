//! The templates of the pages: those of the binary, each replaced by the file of its name in `templates_dir`.

use std::cell::OnceCell;
use std::io::{self, Write};
use std::path::Path;
use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, Error, ErrorKind, UndefinedBehavior, Value};
use serde::{Deserialize, Serialize};

use crate::chart::template::read_small;
use crate::chart::text;

/// What a page is made of, by the names that `extends` and `include` know.
const EMBEDDED: &[(&str, &str)] = &[
    ("index.html", include_str!("../../templates/page/index.html")),
    ("graph.html", include_str!("../../templates/page/graph.html")),
    ("plot.html", include_str!("../../templates/page/plot.html")),
    ("verdict.html", include_str!("../../templates/page/verdict.html")),
    ("heard.html", include_str!("../../templates/page/heard.html")),
    ("figures.html", include_str!("../../templates/page/figures.html")),
    ("spark.html", include_str!("../../templates/page/spark.html")),
    ("events.html", include_str!("../../templates/page/events.html")),
    ("way.html", include_str!("../../templates/page/way.html")),
    ("stage.html", include_str!("../../templates/page/stage.html")),
    ("reasons.html", include_str!("../../templates/page/reasons.html")),
    ("base.html", include_str!("../../templates/page/base.html")),
    ("style.css", include_str!("../../templates/page/style.css")),
    ("script.js", include_str!("../../templates/page/script.js")),
];

/// `style.css` as pages have it: without what only its readers need.
static STYLE: LazyLock<String> = LazyLock::new(|| lean(include_str!("../../templates/page/style.css")));

/// The built-in script likewise: without its comments, which have lines of their own, and without what lines begin with.
pub(super) static SCRIPT: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("../../templates/page/script.js").lines().map(str::trim_start);
    lines.filter(|line| !line.is_empty() && !line.starts_with("//")).collect::<Vec<_>>().join("\n")
});

/// A file larger than this is not a template of ours.
const MAX_BYTES: u64 = 262_144;
/// The longest page, in bytes.
pub(super) const MAX_PAGE: usize = 16 << 20;
/// The most steps that a template of `templates_dir` may take; the built-in ones take some ten thousand.
const MAX_STEPS: u64 = 5_000_000;
/// How deep templates and macros may call each other.
const MAX_DEPTH: usize = 100;

/// A file of `templates_dir`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Own {
    pub(super) name: String,
    pub(super) path: String,
    pub(super) text: String,
}

/// The templates that are in force.
pub(super) struct Templates {
    pub(super) own: Vec<Own>,
    /// Those of the binary, once they were needed: to read them takes longer than to make a page of them.
    built_in: OnceCell<Environment<'static>>,
}

impl Templates {
    /// Those of the binary, each replaced by the one of `own` that has its name.
    pub(super) fn with(own: Vec<Own>) -> Self {
        Self { own, built_in: OnceCell::new() }
    }

    /// Reads the templates of `dir`. The second value says which of them cannot be read.
    pub(super) fn load(dir: Option<&Path>) -> (Self, Vec<String>) {
        let mut templates = Self::with(Vec::new());
        let mut problems = Vec::new();
        for (name, _) in EMBEDDED.iter().copied() {
            let Some(path) = dir.map(|dir| dir.join(name)) else { continue };
            let shown = text::plain(&path.display().to_string());
            match read_small(&path, MAX_BYTES) {
                Ok(None) => {}
                Ok(Some((text, _))) => templates.own.push(Own { name: name.to_owned(), path: shown, text }),
                Err(why) => problems.push(format!("{shown}: {why}; {INSTEAD}")),
            }
        }
        (templates, problems)
    }

    /// The page `name` by the templates of the binary.
    ///
    /// # Errors
    /// Those of the template engine.
    pub(super) fn built_in(&self, name: &str, context: &Value) -> Result<String, Error> {
        let environment = match self.built_in.get() {
            Some(environment) => environment,
            None => {
                let made = environment(&[])?;
                self.built_in.get_or_init(|| made)
            }
        };
        environment.get_template(name)?.render(context)
    }

    /// The page `name` by the files of `templates_dir`.
    ///
    /// # Errors
    /// One line: file, line, what is wrong.
    pub(super) fn by_own(&self, name: &str, context: &Value) -> Result<String, String> {
        let mut page = Page(Vec::new());
        let rendered = environment(&self.own).and_then(|all| {
            all.get_template(name)?.render_captured_to(context, &mut page)?;
            Ok(())
        });
        rendered.map_err(|error| self.problem(&error))?;
        String::from_utf8(page.0).map_err(|_| format!("{}: {name} is no text", self.files()))
    }

    /// What is wrong with each file by itself, before anything is made of it.
    pub(super) fn wrong(&self) -> Vec<String> {
        let wrong = |own: &Own| {
            let error = environment(std::slice::from_ref(own)).err()?;
            Some(format!("{}; {INSTEAD}", self.problem(&error)))
        };
        self.own.iter().filter_map(wrong).collect()
    }

    /// The files that are in force, for a message.
    pub(super) fn files(&self) -> String {
        self.own.iter().map(|own| own.path.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// One line: file, line, what is wrong.
    fn problem(&self, error: &Error) -> String {
        // An error in an included file has that one at its root.
        let mut root = error;
        while let Some(inner) = std::error::Error::source(root).and_then(|e| e.downcast_ref::<Error>()) {
            root = inner;
        }
        let name = root.name().or(error.name()).unwrap_or("index.html");
        let path = self.own.iter().find(|own| own.name == name).map_or(name, |own| own.path.as_str());
        let line = root.line().map_or_else(String::new, |line| format!(" line {line}:"));
        let what = match root.kind() {
            ErrorKind::OutOfFuel => format!("takes more than {MAX_STEPS} steps"),
            ErrorKind::WriteFailure => format!("makes a page of more than {} MiB", MAX_PAGE >> 20),
            kind => root.detail().map_or_else(|| kind.to_string(), |d| format!("{kind}: {d}")),
        };
        format!("{path}:{line} {}", text::truncate(&text::plain(&what), 300))
    }
}

/// A page that is being made, of at most [`MAX_PAGE`] bytes.
struct Page(Vec<u8>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_PAGE {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// How a message about a file of `templates_dir` ends.
pub(super) const INSTEAD: &str = "until that is mended, the page is made by the built-in template";

fn environment(own: &[Own]) -> Result<Environment<'_>, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    if !own.is_empty() {
        environment.set_fuel(Some(MAX_STEPS));
        environment.set_recursion_limit(MAX_DEPTH);
    }
    // A name that does not exist is told, not left out.
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for (name, embedded) in EMBEDDED.iter().copied() {
        let embedded = match name {
            "style.css" => STYLE.as_str(),
            "script.js" => SCRIPT.as_str(),
            _ => embedded,
        };
        let text = own.iter().find(|own| own.name == name).map_or(embedded, |own| own.text.as_str());
        environment.add_template(name, text)?;
    }
    Ok(environment)
}

/// CSS without comments, and without white space that says nothing. Before a colon a space says something, and around the signs of
/// a sum; within quotes everything does.
fn lean(css: &str) -> String {
    let mut lean = String::with_capacity(css.len());
    let mut quote = None;
    let mut rest = css.chars().peekable();
    let mut is_space = false;
    while let Some(next) = rest.next() {
        if let Some(end) = quote {
            lean.push(next);
            quote = Some(end).filter(|end| *end != next);
            continue;
        }
        if next == '/' && rest.peek() == Some(&'*') {
            let mut before = ' ';
            rest.next();
            for inner in rest.by_ref() {
                if before == '*' && inner == '/' {
                    break;
                }
                before = inner;
            }
            is_space = true;
            continue;
        }
        if next.is_whitespace() {
            is_space = true;
            continue;
        }
        let needs_none = |sign: char| matches!(sign, '{' | '}' | ';' | ',' | '>');
        if is_space
            && !lean.is_empty()
            && !needs_none(next)
            && !lean.ends_with(|last| needs_none(last) || last == ':')
        {
            lean.push(' ');
        }
        is_space = false;
        if next == '}' && lean.ends_with(';') {
            lean.pop();
        }
        lean.push(next);
        quote = matches!(next, '"' | '\'').then_some(next);
    }
    lean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_css_says_stays() {
        for (css, wanted) in [
            (
                "/* why */\na :hover,\nb > i { color: red; margin: 0 calc(1px + 2em); }\n",
                "a :hover,b>i{color:red;margin:0 calc(1px + 2em)}",
            ),
            ("a::after { content: \" → ; }  /* no */\"; }", "a::after{content:\" → ; }  /* no */\"}"),
            (
                "@media (min-width: 1px) and (max-width: 2px) { a { b: c; } }",
                "@media (min-width:1px) and (max-width:2px){a{b:c}}",
            ),
            ("a/**/b { x: y !important }", "a b{x:y !important}"),
        ] {
            assert_eq!(lean(css), wanted);
            assert_eq!(lean(wanted), wanted);
        }
        let style = include_str!("../../templates/page/style.css");
        let signs = |css: &str, sign| css.matches(sign).count();
        assert_eq!(signs(&STYLE, '{'), signs(style, '{'));
        assert!(STYLE.len() * 10 < style.len() * 9, "{} {}", STYLE.len(), style.len());
    }
}
