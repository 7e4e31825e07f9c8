//! The graphs that a command line names.
use super::model::Template;
use crate::chart::text;

/// A name that no template has.
#[derive(Debug, thiserror::Error)]
#[error("there is no graph `{name}`; there are {known}")]
pub struct UnknownGraph {
    /// The name, shortened.
    name: String,
    /// All names there are, with commas.
    known: String,
}

/// Every name must be that of a template; `problems` has told of those whose file is broken.
pub(crate) fn check_names(
    names: &[String],
    templates: &[Template],
    problems: &[String],
) -> Result<(), UnknownGraph> {
    let known = |name: &String| templates.iter().any(|template| template.name == *name);
    let broken = |name: &String| {
        let file = format!("{name}.toml:");
        problems.iter().any(|problem| problem.contains(&file))
    };
    match names.iter().find(|name| !known(name) && !broken(name)) {
        None => Ok(()),
        Some(name) => {
            let names: Vec<_> = templates.iter().map(|t| t.name.as_str()).collect();
            Err(UnknownGraph { name: text::excerpt(name), known: names.join(", ") })
        }
    }
}
