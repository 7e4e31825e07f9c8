//! The templates of the pages: those of the binary, each replaced by the file of its name in `templates_dir`.

use std::path::Path;

use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior, Value};

use crate::graph::text;

/// What a page is made of, by the names that `extends` and `include` know.
const EMBEDDED: [(&str, &str); 5] = [
    ("index.html", include_str!("../../../templates/page/index.html")),
    ("graph.html", include_str!("../../../templates/page/graph.html")),
    ("picture.html", include_str!("../../../templates/page/picture.html")),
    ("base.html", include_str!("../../../templates/page/base.html")),
    ("style.css", include_str!("../../../templates/page/style.css")),
];

/// A file larger than this is not a template of ours.
const MAX_BYTES: u64 = 262_144;

/// A file of `templates_dir`.
struct Own {
    name: &'static str,
    path: String,
    text: String,
}

/// The templates that are in force.
pub(super) struct Templates {
    own: Vec<Own>,
}

impl Templates {
    /// Reads those of `dir`. The second says which cannot be read.
    pub(super) fn load(dir: Option<&Path>) -> (Self, Vec<String>) {
        let mut templates = Self { own: Vec::new() };
        let mut problems = Vec::new();
        for (name, _) in EMBEDDED {
            let Some(path) = dir.map(|dir| dir.join(name)) else { continue };
            let shown = text::plain(&path.display().to_string());
            match read(&path) {
                Ok(None) => {}
                Ok(Some(text)) => templates.own.push(Own { name, path: shown, text }),
                Err(why) => problems.push(format!("{shown}: {why}; {INSTEAD}")),
            }
        }
        (templates, problems)
    }

    /// The page `name` with `context`; and what is wrong with the files that should have made it, in which case it was
    /// made by those of the binary.
    ///
    /// # Errors
    /// Those of the template engine with the templates of the binary.
    pub(super) fn render(&self, name: &str, context: &Value) -> Result<(String, Option<String>), Error> {
        if self.own.is_empty() {
            return Ok((environment(&[])?.get_template(name)?.render(context)?, None));
        }
        let by_own = environment(&self.own).and_then(|all| all.get_template(name)?.render(context));
        match by_own {
            Ok(html) => Ok((html, None)),
            Err(error) => {
                let html = environment(&[])?.get_template(name)?.render(context)?;
                Ok((html, Some(self.problem(&error))))
            }
        }
    }

    /// One line: file, line, what is wrong, the way out.
    fn problem(&self, error: &Error) -> String {
        // An error in an included file has that one at its root.
        let mut root = error;
        while let Some(inner) = std::error::Error::source(root).and_then(|e| e.downcast_ref::<Error>()) {
            root = inner;
        }
        let name = root.name().or(error.name()).unwrap_or("index.html");
        let path = self.own.iter().find(|own| own.name == name).map_or(name, |own| &own.path);
        let line = root.line().map_or_else(String::new, |line| format!(" line {line}:"));
        let what = root.detail().map_or_else(|| root.kind().to_string(), |d| format!("{}: {d}", root.kind()));
        format!("{path}:{line} {}; {INSTEAD}", text::fit(&text::plain(&what), 300))
    }
}

const INSTEAD: &str = "until that is mended, the page is made by the built-in template";

/// None: there is no such file.
fn read(path: &Path) -> Result<Option<String>, String> {
    match std::fs::metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
        Ok(metadata) if !metadata.is_file() => Err("not a file".to_owned()),
        Ok(metadata) if metadata.len() > MAX_BYTES => {
            Err(format!("larger than {MAX_BYTES} bytes: not a template"))
        }
        Ok(_) => std::fs::read_to_string(path).map(Some).map_err(|error| error.to_string()),
    }
}

fn environment(own: &[Own]) -> Result<Environment<'_>, Error> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::Html);
    // A name that does not exist is told, not left out.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    for (name, embedded) in EMBEDDED {
        let text = own.iter().find(|own| own.name == name).map_or(embedded, |own| &own.text);
        environment.add_template(name, text)?;
    }
    Ok(environment)
}
