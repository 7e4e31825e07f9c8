//! `index.html`: every picture that is there, by graph.

use std::io::Read;
use std::path::Path;

use serde::Serialize;

use super::period::Period;
use super::template::Template;
use super::theme::Theme;
use super::{Format, file_name, render};

/// A graph and its pictures.
#[derive(Debug, Serialize)]
pub(super) struct Section {
    name: String,
    title: String,
    pictures: Vec<Picture>,
}

/// One period of a graph, in the themes that exist.
#[derive(Debug, Serialize)]
struct Picture {
    period: &'static str,
    words: &'static str,
    light: Option<String>,
    dark: Option<String>,
    /// In CSS pixels: half of those of a PNG.
    width: u32,
    height: u32,
}

/// What the pictures in `dir` make of a page. A graph without any is left out.
pub(super) fn sections(templates: &[Template], dir: &Path, format: Format) -> Vec<Section> {
    let picture = |template: &Template, period: Period| {
        let find = |theme| {
            let name = file_name(&template.name, period, theme, format);
            let mut head = Vec::new();
            let file = std::fs::File::open(dir.join(&name)).ok()?;
            file.take(1_024).read_to_end(&mut head).ok()?;
            Some((name, render::size(&head)?))
        };
        let (light, dark) = (find(Theme::Light), find(Theme::Dark));
        let (_, (width, height)) = light.as_ref().or(dark.as_ref())?;
        let density = match format {
            Format::Png => 2,
            Format::Svg => 1,
        };
        Some(Picture {
            period: period.name(),
            words: period.words(),
            width: width.div_ceil(density),
            height: height.div_ceil(density),
            light: light.map(|(name, _)| name),
            dark: dark.map(|(name, _)| name),
        })
    };
    templates
        .iter()
        .map(|template| Section {
            name: template.name.clone(),
            title: template.title.clone(),
            pictures: Period::ALL.into_iter().filter_map(|period| picture(template, period)).collect(),
        })
        .filter(|section| !section.pictures.is_empty())
        .collect()
}

/// The page; `time` is when it was made.
///
/// # Errors
/// Those of the template engine.
pub(super) fn html(sections: &[Section], host: &str, time: &str) -> Result<String, minijinja::Error> {
    let mut environment = minijinja::Environment::new();
    // The name ends in .html: everything that is put in is escaped.
    environment.add_template("page.html", include_str!("page.html"))?;
    environment
        .get_template("page.html")?
        .render(minijinja::context! { sections, host, time, version => env!("CARGO_PKG_VERSION") })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(title: &str) -> Section {
        Section {
            name: "deliveries".into(),
            title: title.into(),
            pictures: vec![Picture {
                period: "day",
                words: "last 24 hours",
                light: Some("deliveries-day-light.png".into()),
                dark: Some("deliveries-day-dark.png".into()),
                width: 801,
                height: 352,
            }],
        }
    }

    #[test]
    fn pictures_have_size_text_and_both_themes() {
        let html = html(&[section("Deliveries")], "mx1", "Mon 23 Nov 2026 12:05 CET").unwrap();
        for part in [
            "<!doctype html>",
            r#"<source media="(prefers-color-scheme: dark)" srcset="deliveries-day-dark.png""#,
            r#"src="deliveries-day-light.png""#,
            r#"width="801" height="352""#,
            r#"alt="Deliveries, last 24 hours""#,
            "Mon 23 Nov 2026 12:05 CET",
        ] {
            assert!(html.contains(part), "{part} is not in\n{html}");
        }
        assert!(!html.contains("<script"));
        assert!(!html.contains("://"), "all links are relative");
    }

    #[test]
    fn names_are_text() {
        let html = html(&[section("<script>alert(1)</script>")], "\"><b>", "now").unwrap();
        assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn without_pictures_it_says_so() {
        let html = html(&[], "", "now").unwrap();
        assert!(html.contains("No pictures yet"), "{html}");
    }
}
