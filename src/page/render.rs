//! A page by the templates that are in force.
use minijinja::{Error, Value};

use super::apart;
use super::templates::{INSTEAD, Templates};

/// The page `name` with `context`; and what is wrong with the files that should have made it, in which case it was
/// made by those of the binary. `apart`: are those files rendered in a process of their own?
///
/// # Errors
/// Those of the template engine with the templates of the binary.
pub(super) fn page(
    templates: &Templates,
    name: &str,
    context: &Value,
    apart: bool,
) -> Result<(String, Option<String>), Error> {
    if templates.own.is_empty() {
        return Ok((templates.built_in(name, context)?, None));
    }
    let by_own =
        if apart { apart::by_own(templates, name, context) } else { templates.by_own(name, context) };
    match by_own {
        Ok(html) => Ok((html, None)),
        Err(problem) => Ok((templates.built_in(name, context)?, Some(format!("{problem}; {INSTEAD}")))),
    }
}
