use std::fs;

use super::*;
use crate::chart::template;
use crate::reading::{Counter, DefinedBy, Measure, Value};

const DAY: &str = "data = [{ name = \"a\", ds = \"delivery_success\" }]\n\
    draw = [{ area = \"a\", color = \"good\", legend = \"L\" }]\n";

fn template(name: &str, title: &str) -> Template {
    let head = "title = \"T\"\nprotocol = \"send\"\nunit = \"n\"\ncolumns = [\"total\"]\n";
    let read = template::parse(name, "t.toml", &(head.to_owned() + DAY), None, &[]).unwrap();
    Template { title: title.into(), ..read }
}

fn options(dir: &Path) -> Options {
    Options {
        names: Vec::new(),
        periods: Vec::new(),
        themes: Vec::new(),
        format: Format::Png,
        output: dir.to_owned(),
        templates_dir: None,
        now: 1_795_434_360,
        force: false,
        host: "mx1".into(),
        pages_apart: false,
        among: None,
        as_root: None,
    }
}

/// The first bytes of a picture, of which only the size is read.
fn picture_at(dir: &Path, name: &str) {
    fs::write(dir.join(name), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x06\x42\0\0\x02\xc0").unwrap();
}

fn reading(total: i128, key: &'static str, help: &'static str) -> Reading {
    let (ds, measure, defined_by) = ("delivery_success", Measure::Count, DefinedBy::BuiltIn);
    let value = Some(Value { total, today: Some(3), moved: total != 0 });
    let counters = vec![Counter { key, ds, help, measure, defined_by, value }];
    Reading { protocol: "send", about: help, counters, ..Reading::default() }
}

/// As [`super::pages`], with the directory of the options.
fn pages(templates: &[Template], options: &Options, readings: &[Reading]) -> Result<Pages, minijinja::Error> {
    let folder = Folder::open(&options.output, true, None).unwrap();
    super::pages(templates, options, readings, &folder, false)
}

fn written(templates: &[Template], options: &Options, readings: &[Reading]) -> Vec<(String, String)> {
    let (pages, problems) = pages(templates, options, readings).unwrap();
    assert_eq!(problems, Vec::<String>::new());
    pages
}

#[test]
fn pictures_have_size_text_and_both_themes() {
    let dir = tempfile::tempdir().unwrap();
    for theme in ["light", "dark"] {
        picture_at(dir.path(), &format!("mail-day-{theme}.png"));
    }
    let pages = written(&[template("mail", "Mail flow")], &options(dir.path()), &[]);
    assert_eq!(pages.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["index.html", "mail.html"]);
    for (name, html) in &pages {
        for part in [
            "<!doctype html>",
            r#"<source media="(prefers-color-scheme: dark)" srcset="mail-day-dark.png">"#,
            r#"src="mail-day-light.png""#,
            r#"width="801" height="352""#,
            r#"alt="Mail flow, last 24 hours""#,
            r#"content="300""#,
            "Nov 2026",
        ] {
            assert!(html.contains(part), "{name}: {part} is not in\n{html}");
        }
        assert!(!html.contains("<script") && !html.contains("://"), "{name}: all links are relative");
    }
}

#[test]
fn names_are_text() {
    let dir = tempfile::tempdir().unwrap();
    picture_at(dir.path(), "mail-day-light.png");
    let long: &str = "x".repeat(400).leak();
    for hostile in ["<script>alert(1)</script>", "\"><b>'", "📬 漢字", "turned \u{202e}around", long] {
        let options = Options { host: hostile.into(), ..options(dir.path()) };
        let readings =
            [Reading { protocol: hostile, ..reading(5, hostile, hostile) }, reading(5, hostile, hostile)];
        for (name, html) in written(&[template("mail", hostile)], &options, &readings) {
            for part in ["<script", "<b>", "\u{202e}"] {
                assert!(!html.contains(part), "{name}: {part} is in\n{html}");
            }
        }
    }
}

#[test]
fn graphs_without_data_do_not_push_the_others_away() {
    let dir = tempfile::tempdir().unwrap();
    picture_at(dir.path(), "mail-day-light.png");
    let graphs = [template("mail", "Mail flow"), template("nothing-drawn", "Never drawn")];
    let unreadable = {
        let mut reading = reading(0, "delivery_success", "h");
        reading.counters[0].value = None;
        reading
    };
    for (reading, is_shown) in [
        (reading(0, "delivery_success", "h"), false),
        (reading(7, "delivery_success", "h"), true),
        // It may have counted much.
        (unreadable, true),
    ] {
        let pages = written(&graphs, &options(dir.path()), &[reading]);
        assert_eq!(pages.len(), 2, "a graph without a picture has no page");
        assert_eq!(pages[0].1.contains("<img "), is_shown, "{}", pages[0].1);
        assert_eq!(pages[0].1.contains("No data yet"), !is_shown);
        assert!(pages[0].1.contains("href=\"mail.html\""));
    }
}

#[test]
fn without_pictures_it_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let pages = written(&[], &options(dir.path()), &[]);
    assert!(pages[0].1.contains("No pictures yet"), "{}", pages[0].1);
}

#[test]
fn a_graph_of_the_overviews_name_takes_not_its_place() {
    let dir = tempfile::tempdir().unwrap();
    picture_at(dir.path(), "index-day-light.png");
    let pages = written(&[template("index", "Index")], &options(dir.path()), &[]);
    assert_eq!(pages[1].0, "index.graph.html");
}

#[test]
fn own_templates_are_used_and_what_is_wrong_with_one_is_told() {
    let (dir, own) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let options = Options { templates_dir: Some(own.path().to_owned()), ..options(dir.path()) };
    let index = own.path().join("index.html");
    fs::write(&index, "<title>{{ host }}</title>").unwrap();
    let hostile = Options { host: "<b>".into(), ..options.clone() };
    assert_eq!(written(&[], &hostile, &[])[0].1, "<title>&lt;b&gt;</title>");
    for (text, line) in [
        ("a\n{{ host", " line 2: "),
        ("a\nb\n{{ hots }}", " line 3: "),
        ("{% include 'other.html' %}", " line 1: "),
        ("{% extends 'base.html' %}\n{% block body %}\n{{ host.x.y }}{% endblock %}", " line 3: "),
    ] {
        fs::write(&index, text).unwrap();
        let (pages, problems) = pages(&[], &options, &[]).unwrap();
        assert!(pages[0].1.contains("No pictures yet"), "the built-in one: {}", pages[0].1);
        assert_eq!(problems.len(), 1, "{problems:?}");
        let expected = format!("{}:{line}", index.display());
        assert!(problems[0].starts_with(&expected), "{text}: {problems:?}");
    }
    // What does not end, and what grows beyond measure, ends as an error.
    for (text, why) in [
        (
            "{% for a in range(90000) %}{% for b in range(90000) %}{% set c = b %}{% endfor %}{% endfor %}",
            "steps",
        ),
        ("{% block a %}{{ self.a() }}{% endblock %}", "recursion limit"),
        ("{% include 'index.html' %}", "recursion limit"),
        ("{% for a in range(90000) %}{{ \"0123456789abcdef\" * 1000 }}{% endfor %}", "16 MiB"),
    ] {
        fs::write(&index, text).unwrap();
        let (pages, problems) = pages(&[], &options, &[]).unwrap();
        assert!(pages[0].1.contains("No pictures yet"), "the built-in one: {}", pages[0].1);
        assert!(problems[0].starts_with(&index.display().to_string()), "{problems:?}");
        assert!(problems[0].contains(why), "{text}: {problems:?}");
    }
    fs::remove_file(&index).unwrap();
    fs::create_dir(&index).unwrap();
    let (_, problems) = pages(&[], &options, &[]).unwrap();
    assert!(problems.len() == 1 && problems[0].contains("no regular file"), "{problems:?}");
}
