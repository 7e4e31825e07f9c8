//! Readings, and the rows behind pictures → pages: `index.html`, and a page for each graph.
//!
//! `pages` knows no directory: what pictures are there, and which pages, its caller says.

mod apart;
pub(crate) mod colours;
mod figures;
pub(crate) mod graph;
pub mod history;
pub mod local;
pub mod overview;
pub(crate) mod plot;
pub mod reasons;
mod render;
mod shown;
mod stages;
mod templates;
#[cfg(test)]
mod tests;
pub mod words;

use std::path::Path;

use chrono::{Local, SecondsFormat, TimeZone};
use minijinja::{Value, context};
use serde::Serialize;

pub(crate) use shown::{PictureFile, Shown, page_name};

pub use apart::{ARGUMENT as RENDER_A_PAGE, render as render_a_page};

use crate::chart::files::Files;
use crate::chart::{text, zone};
use crate::reading::Reading;
use crate::reading::stage::Stage;
use colours::Colours;
use history::History;
use plot::Material;
use plot::clock::Clock;
use reasons::ReasonsPage;
use stages::Link;
use templates::Templates;

/// The hash of `templates/page/script.js` as it stands in a page ([`templates::SCRIPT`]), by which the pages allow it and nothing
/// else. A test says what it is.
const SCRIPT_HASH: &str = "sha256-Z5aECbett6CIYoqp5pGXohZu5GP0V5kMaxL3Rhd02fs=";
/// Seconds after which a browser loads a page again: cron draws so often.
const REFRESH: u32 = 300;
/// A page is not written again for this many seconds, where only the time on it would change, which is shown to the minute.
const KEPT: i64 = 60;
/// Seconds of a day.
const DAY: i64 = 86_400;
/// The longest name of a host on a page; a domain name has at most 253.
const MAX_HOST: usize = 80;

/// What pages are made of.
#[derive(Debug)]
pub(crate) struct Site<'s> {
    /// The graphs that have a page, in their order.
    pub graphs: Vec<Shown<'s>>,
    /// What is counted.
    pub readings: &'s [Reading],
    /// The host's name; may be empty.
    pub host: &'s str,
    /// When the pages are made, Unix seconds.
    pub now: i64,
    /// Templates that replace those of the binary.
    pub templates_dir: Option<&'s Path>,
    /// Are templates of pages that are not ours rendered in a process of their own, with bounds? It is this program, which
    /// has to know [`RENDER_A_PAGE`].
    pub pages_apart: bool,
    /// Where those of many hosts are made.
    pub among: Option<&'s Among>,
}

/// One of these stands in every page, so that those of others are told from ours: what `base.html` has, and what is added to a page
/// by a template of the user's that has it not.
pub(crate) const MARKS: [&str; 2] = [r#"<meta name="generator" content="maillogs "#, ADDED];
const ADDED: &str = "<!-- written by maillogs -->";

/// The pages that are there already.
pub(crate) trait Written {
    /// When the page was written, Unix seconds; `None`: it is not there.
    fn time(&self, name: &str) -> Option<i64>;
    /// Is the page there, with these bytes and this time?
    fn has(&self, name: &str, html: &[u8], time: i64) -> bool;
}

/// The hosts that are drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Among {
    /// What these pages are of: `Mail on 3 hosts`.
    pub heading: String,
    /// All hosts, and their sum.
    pub links: Vec<HostLink>,
}

/// A host on the pages of many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct HostLink {
    /// Its name.
    pub name: String,
    /// Where its pages are; empty: these are they.
    pub page: String,
    /// What is to be said of it: that it is silent.
    pub note: String,
}

/// Pages by their files' names, and what is wrong with the user's templates of them.
type Pages = (Vec<(String, String)>, Vec<String>);

/// The pages of `site`. Where it is said what was `written`, those are left out that stand there already and would only show
/// a later time, for less than a minute.
///
/// # Errors
/// Those of the template engine with the built-in templates.
pub(crate) fn pages(site: &Site<'_>, written: Option<&dyn Written>) -> Result<Pages, minijinja::Error> {
    let readings = site.readings;
    let (templates, mut problems) = Templates::load(site.templates_dir);
    let host = text::truncate(&text::plain(site.host), MAX_HOST);
    let hosts = site.among.map(|among| among.links.as_slice()).unwrap_or_default();
    let heading = site.among.map(|among| text::plain(&among.heading));
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
            script_hash => SCRIPT_HASH,
        }
    };
    let mut pages = Vec::new();
    let mut earlier = Earlier { readings, made: Vec::new() };
    let mut page = |name: &str, template: &str, values: &dyn Fn(&[Reading], i64) -> Value| {
        let mut made_at = |time| {
            let readings = if time < site.now { earlier.at(time) } else { readings };
            let values = context! { ..values(readings, time), ..common(time) };
            let (html, problem) = render::page(&templates, template, &values, site.pages_apart)?;
            problems.extend(problem.filter(|problem| !problems.contains(problem)));
            let is_marked = MARKS.iter().any(|mark| html.contains(mark));
            let mark = if is_marked { String::new() } else { format!("{ADDED}\n") };
            Ok::<String, minijinja::Error>(html + &mark)
        };
        let age = |time: i64| site.now - time;
        if let Some(written) = written
            && let Some(time) = written.time(name).filter(|time| (0..KEPT).contains(&age(*time)))
            && written.has(name, made_at(time)?.as_bytes(), time)
        {
            return Ok(());
        }
        pages.push((name.to_owned(), made_at(site.now)?));
        Ok::<(), minijinja::Error>(())
    };
    // A little more than what a picture of a year shows.
    let clock = Clock::local(site.now - 400 * DAY, site.now + DAY);
    let files = Files::default();
    let material = Material { readings, files: &files, clock: &clock };
    let why = |of: &Reading, readings: &[Reading], history: &History<'_>, time| {
        reasons::page(of, readings, history, time)
    };
    let index = |readings: &[Reading], history: &History<'_>, whys: &[(usize, ReasonsPage)], time| {
        let mut overview = overview::overview(readings, history, time);
        if let Some((_, why)) = whys.first() {
            let explained = overview.figures.iter_mut().filter(|figure| figure.has_reasons());
            explained.for_each(|figure| figure.page.clone_from(&why.file));
        }
        let material = Material { readings, ..material };
        let mut colours = Colours::default();
        for name in ["good", "warn", "bad", "blue-area", "plum-area"] {
            colours.add_named(name);
        }
        let (mut stages, mut empty) =
            stages::stages(&site.graphs, &overview.places, material, time, &mut colours);
        // The page that explains deliveries is found where they are.
        let links = stages.iter_mut().find(|stage| stage.place.stage == Stage::Deliveries);
        let links = links.map_or(&mut empty, |stage| &mut stage.links);
        let to_why =
            |(_, why): &(usize, ReasonsPage)| Link { title: why.title.clone(), page: why.file.clone() };
        links.splice(..0, whys.iter().map(to_why));
        context! { overview, stages, empty, hosts, colours => colours.css() }
    };
    // While threads make the graphs, nothing is asked of `written`: that may take other rights for a moment, which are the whole
    // process's.
    let ((history, mut unread, whys, now), made) = graph::pages(&site.graphs, material, site.now, || {
        let (history, unread) = History::read(readings, site.now, &files);
        // What came from another machine has no table of attempts: that is in the state there.
        let of_each = readings.iter().enumerate().filter(|_| site.among.is_none());
        let of_each = of_each.filter_map(|(n, of)| Some((n, why(of, readings, &history, site.now)?)));
        let whys: Vec<(usize, ReasonsPage)> = of_each.collect();
        let now = index(readings, &history, &whys, site.now);
        (history, unread, whys, now)
    });
    // A page that stands already is compared with what would have been said at its time.
    page("index.html", "index.html", &|readings, time| match time == site.now {
        true => now.clone(),
        false => index(readings, &history, &whys, time),
    })?;
    for (n, of) in &whys {
        let mut colours = Colours::default();
        for name in ["warn", "bad"] {
            colours.add_named(name);
        }
        let values = |readings: &[Reading], time| {
            let earlier = (time != site.now).then(|| why(&readings[*n], readings, &history, time)).flatten();
            context! { why => earlier.as_ref().unwrap_or(of), colours => colours.css() }
        };
        page(&of.file, "reasons.html", &values)?;
    }
    let plots = made.iter().flat_map(|page| &page.periods).map(|part| &part.plot);
    unread.extend(plots.filter_map(|plot| plot.problem.clone()));
    let links: Vec<Link> = site.graphs.iter().map(|shown| stages::link(shown.template)).collect();
    for (n, shown) in site.graphs.iter().enumerate() {
        let values = |readings: &[Reading], time| {
            let material = Material { readings, ..material };
            let earlier = (time != site.now).then(|| graph::page(shown, material, time));
            let made = earlier.as_ref().unwrap_or(&made[n]);
            context! {
                graph => &links[n],
                previous => n.checked_sub(1).map(|n| &links[n]),
                next => links.get(n + 1),
                colours => made.colours.css(),
                page => made,
            }
        };
        page(&links[n].page, "graph.html", &values)?;
    }
    problems.extend(unread);
    Ok((pages, problems))
}

/// What was known earlier of what has not changed since: of that only the time is another until which it was read.
struct Earlier<'r> {
    readings: &'r [Reading],
    made: Vec<(i64, Vec<Reading>)>,
}

impl Earlier<'_> {
    fn at(&mut self, time: i64) -> &[Reading] {
        let known = self.made.iter().position(|(known, _)| *known == time);
        let n = known.unwrap_or_else(|| {
            let until = |reading: &Reading| Reading { seen: reading.seen.min(time), ..reading.clone() };
            self.made.push((time, self.readings.iter().map(until).collect()));
            self.made.len() - 1
        });
        &self.made[n].1
    }
}

fn datetime(time: i64) -> String {
    let local = Local.timestamp_opt(time, 0).single();
    local.map(|local| local.to_rfc3339_opts(SecondsFormat::Secs, false)).unwrap_or_default()
}

/// What of the pages' templates in `dir` cannot be read or understood; one line each.
pub(crate) fn problems(dir: &Path) -> Vec<String> {
    let (templates, mut problems) = Templates::load(Some(dir));
    problems.extend(templates.wrong());
    problems
}
