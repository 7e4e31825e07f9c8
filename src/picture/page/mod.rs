//! `index.html` with today's picture of every graph, and a page for each graph.

mod apart;
mod figures;
mod render;
mod templates;
#[cfg(test)]
mod tests;

use std::path::Path;

use chrono::{Local, SecondsFormat, TimeZone};
use minijinja::{Value, context};
use serde::Serialize;

pub use apart::{ARGUMENT as RENDER_A_PAGE, render as render_a_page};

use super::folder::Folder;
use super::fresh::unix;
use super::options::{Format, Options, at, file_name};
use crate::chart::period::Period;
use crate::chart::template::{Source, Template};
use crate::chart::theme::Theme;
use crate::chart::{text, zone};
use crate::reading::Reading;
use templates::Templates;

/// Seconds after which a browser loads a page again: cron draws so often.
const REFRESH: u32 = 300;
/// A page is not written again for this many seconds, where only the time on it would change, which is shown to the minute.
const KEPT: i64 = 60;
/// The longest name of a host on a page; a domain name has at most 253.
const MAX_HOST: usize = 80;

/// A graph and its pictures.
#[derive(Debug, Serialize)]
struct Graph {
    name: String,
    title: String,
    page: String,
    pictures: Vec<Picture>,
    /// The last hour, where somebody has it drawn.
    hour: Option<Picture>,
    #[serde(skip)]
    protocols: Vec<String>,
    #[serde(skip)]
    has_data: bool,
}

/// One period of a graph, in the themes that exist.
#[derive(Debug, Serialize)]
struct Picture {
    period: &'static str,
    words: &'static str,
    heading: String,
    light: Option<String>,
    dark: Option<String>,
    /// In CSS pixels: half of those of a PNG.
    width: u32,
    height: u32,
}

/// Pages by their files' names, and what is wrong with the user's templates of them.
type Pages = (Vec<(String, String)>, Vec<String>);

/// The pages for the pictures that are in the directory, with the numbers of `readings`. Where `may_keep`, those are left out
/// that stand there already and would only show a later time, for less than a minute.
///
/// # Errors
/// Those of the template engine with the built-in templates.
pub(super) fn pages(
    graphs: &[Template],
    options: &Options,
    readings: &[Reading],
    folder: &Folder,
    may_keep: bool,
) -> Result<Pages, minijinja::Error> {
    let (with_data, empty): (Vec<Graph>, Vec<Graph>) = graphs
        .iter()
        .map(|template| graph(template, options, readings, folder))
        .filter(|graph| !graph.pictures.is_empty())
        .partition(|graph| graph.has_data);
    let (templates, mut problems) = Templates::load(options.templates_dir.as_deref());
    let host = text::truncate(&text::plain(&options.host), MAX_HOST);
    let among = options.among.as_ref();
    let hosts = among.map(|among| among.links.as_slice()).unwrap_or_default();
    let heading = among.map(|among| text::plain(&among.heading));
    let heading = heading
        .unwrap_or_else(|| if host.is_empty() { "Mail".to_owned() } else { format!("Mail on {host}") });
    let common = |now| {
        context! {
            heading,
            host,
            time => zone::stamp(now),
            datetime => datetime(now),
            refresh => REFRESH,
            version => env!("CARGO_PKG_VERSION"),
        }
    };
    let mut pages = Vec::new();
    let mut page = |name: &str, template: &str, values: Value| {
        let mut made_at = |time| {
            let values = context! { ..values.clone(), ..common(time) };
            let (html, problem) = render::page(&templates, template, &values, options.pages_apart)?;
            problems.extend(problem.filter(|problem| !problems.contains(problem)));
            Ok::<String, minijinja::Error>(html)
        };
        let written = folder.modified(name).filter(|_| may_keep).map(unix);
        if let Some(written) = written.filter(|written| (0..KEPT).contains(&(options.now - written)))
            && folder.has(name, made_at(written)?.as_bytes(), at(written))
        {
            return Ok(());
        }
        pages.push((name.to_owned(), made_at(options.now)?));
        Ok::<(), minijinja::Error>(())
    };
    let protocols = figures::overview(readings);
    page("index.html", "index.html", context! { graphs => &with_data, empty => &empty, protocols, hosts })?;
    let all: Vec<&Graph> = with_data.iter().chain(&empty).collect();
    for (n, graph) in all.iter().enumerate() {
        let of_graph =
            readings.iter().filter(|reading| graph.protocols.iter().any(|name| name == reading.protocol));
        let values = context! {
            graph,
            previous => n.checked_sub(1).map(|n| all[n]),
            next => all.get(n + 1),
            protocols => of_graph.map(figures::whole).collect::<Vec<_>>(),
        };
        page(&graph.page, "graph.html", values)?;
    }
    Ok((pages, problems))
}

fn datetime(time: i64) -> String {
    let local = Local.timestamp_opt(time, 0).single();
    local.map(|local| local.to_rfc3339_opts(SecondsFormat::Secs, false)).unwrap_or_default()
}

/// What of the pages' templates in `dir` cannot be read or understood; one line each.
pub(super) fn problems(dir: &Path) -> Vec<String> {
    let (templates, mut problems) = Templates::load(Some(dir));
    problems.extend(templates.wrong());
    problems
}

fn graph(template: &Template, options: &Options, readings: &[Reading], folder: &Folder) -> Graph {
    let mut sources: Vec<(&str, &str)> = Vec::new();
    for data in &template.data {
        if let Source::Ds { protocol, ds, .. } = &data.source {
            sources.push((protocol, ds));
        }
    }
    let mut protocols: Vec<String> = sources.iter().map(|(protocol, _)| (*protocol).to_owned()).collect();
    protocols.dedup();
    // Of what is not known, a picture may well show something.
    let has_data = |(protocol, ds): &(&str, &str)| {
        let reading = readings.iter().find(|reading| reading.protocol == *protocol);
        let value = reading.and_then(|reading| reading.source(ds)?.value);
        value.is_none_or(|value| value.moved)
    };
    let picture = |period| picture(&template.name, period, folder, options);
    let usual: Vec<Picture> = Period::USUAL.into_iter().filter_map(picture).collect();
    let hour = picture(Period::Hour);
    // In a directory of nothing but hours they are the pictures.
    let (pictures, hour) = if usual.is_empty() { (Vec::from_iter(hour), None) } else { (usual, hour) };
    Graph {
        name: template.name.clone(),
        title: text::plain(&template.title),
        page: page_name(&template.name),
        pictures,
        hour,
        has_data: sources.iter().any(has_data),
        protocols,
    }
}

/// The file of a graph's page. No name of a graph has a dot: this is not another graph's.
fn page_name(graph: &str) -> String {
    match graph {
        "index" => "index.graph.html".to_owned(),
        name => format!("{name}.html"),
    }
}

/// The pictures of a period that are in `folder`; none: there are none. That of an hour was drawn because somebody asked
/// for it: once it is over, it is not shown as the last one.
fn picture(graph: &str, period: Period, folder: &Folder, options: &Options) -> Option<Picture> {
    let format = options.format;
    let find = |theme| {
        let name = file_name(graph, period, theme, format);
        let seen = folder.picture(&name)?;
        let is_over = options.now - unix(seen.modified) >= period.seconds();
        (period != Period::Hour || !is_over).then_some((name, seen.size))
    };
    let (light, dark) = (find(Theme::Light), find(Theme::Dark));
    let (_, (width, height)) = light.as_ref().or(dark.as_ref())?;
    let density = match format {
        Format::Png => 2,
        Format::Svg => 1,
    };
    let words = period.words();
    Some(Picture {
        period: period.name(),
        words,
        heading: words.replacen('l', "L", 1),
        width: width.div_ceil(density),
        height: height.div_ceil(density),
        light: light.map(|(name, _)| name),
        dark: dark.map(|(name, _)| name),
    })
}
