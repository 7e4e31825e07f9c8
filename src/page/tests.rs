use std::fs;

use super::*;
use crate::chart::period::Period;
use crate::chart::template::{self, Template};
use crate::chart::theme::Theme;
use crate::reading::{Counter, DefinedBy, Measure, Value};

const DAY: &str = "data = [{ name = \"a\", ds = \"delivery_success\" }]\n\
    draw = [{ area = \"a\", color = \"good\", legend = \"L\" }]\n";

fn template(name: &str, title: &str) -> Template {
    let head = "title = \"T\"\nprotocol = \"send\"\nunit = \"n\"\ncolumns = [\"total\"]\n";
    let read = template::parse(name, "t.toml", &(head.to_owned() + DAY), None, &[]).unwrap();
    Template { title: title.into(), ..read }
}

fn site<'s>(templates: &'s [Template], readings: &'s [Reading]) -> Site<'s> {
    let graphs = templates.iter().map(|template| Shown { template, files: Vec::new() }).collect();
    Site {
        graphs,
        readings,
        host: "mx1",
        now: 1_795_434_360,
        templates_dir: None,
        pages_apart: false,
        among: None,
    }
}

fn file(name: &str, theme: Theme) -> PictureFile {
    PictureFile { name: name.into(), period: Period::Day, theme, size: (801, 352) }
}

fn reading(total: i128, key: &'static str, help: &'static str) -> Reading {
    let (ds, measure, defined_by) = ("delivery_success", Measure::Count, DefinedBy::BuiltIn);
    let value = Some(Value { total, today: Some(3), moved: total != 0 });
    let counters = vec![Counter { key, ds, help, measure, defined_by, value }];
    Reading { protocol: "send", about: help, counters, ..Reading::default() }
}

fn made(site: &Site<'_>) -> Vec<(String, String)> {
    let (pages, problems) = pages(site, None).unwrap();
    assert_eq!(problems, Vec::<String>::new());
    pages
}

#[test]
fn picture_files_are_linked_in_both_themes() {
    let templates = [template("mail", "Mail flow")];
    let mut site = site(&templates, &[]);
    site.graphs[0].files =
        vec![file("mail-day-light.png", Theme::Light), file("mail-day-dark.png", Theme::Dark)];
    let pages = made(&site);
    assert_eq!(pages.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["index.html", "mail.html"]);
    for part in [r#"href="mail-day-light.png""#, r#"href="mail-day-dark.png""#] {
        assert!(pages[1].1.contains(part), "{part} is not in\n{}", pages[1].1);
    }
    for (name, html) in &pages {
        for part in ["<!doctype html>", r#"content="300""#, "Nov 2026"] {
            assert!(html.contains(part), "{name}: {part} is not in\n{html}");
        }
        assert!(!html.contains("://"), "{name}: all links are relative");
    }
}

#[test]
fn names_are_text() {
    let long: &str = "x".repeat(400).leak();
    for hostile in ["<script>alert(1)</script>", "\"><b>'", "📬 漢字", "turned \u{202e}around", long] {
        let readings =
            [Reading { protocol: hostile, ..reading(5, hostile, hostile) }, reading(5, hostile, hostile)];
        let templates = [template("mail", hostile)];
        for (name, html) in made(&Site { host: hostile, ..site(&templates, &readings) }) {
            for part in ["<script>alert", "<b>'", "\u{202e}"] {
                assert!(!html.contains(part), "{name}: {part} is in\n{html}");
            }
        }
    }
}

#[test]
fn graphs_without_data_do_not_push_the_others_away() {
    let templates = [template("mail", "Mail flow")];
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
        let readings = [reading];
        let pages = made(&site(&templates, &readings));
        assert_eq!(pages[0].1.contains("id=\"empty\""), !is_shown);
        assert!(pages[0].1.contains("href=\"mail.html\""));
    }
}

#[test]
fn a_graph_of_the_overviews_name_takes_not_its_place() {
    let templates = [template("index", "Index")];
    assert_eq!(made(&site(&templates, &[]))[1].0, "index.graph.html");
}

#[test]
fn own_templates_are_used_and_what_is_wrong_with_one_is_told() {
    let own = tempfile::tempdir().unwrap();
    let with_own = Site { templates_dir: Some(own.path()), ..site(&[], &[]) };
    let index = own.path().join("index.html");
    fs::write(&index, "<title>{{ host }}</title>").unwrap();
    let hostile = Site { host: "<b>", templates_dir: Some(own.path()), ..site(&[], &[]) };
    assert_eq!(made(&hostile)[0].1, "<title>&lt;b&gt;</title><!-- written by maillogs -->\n");
    for (text, line) in [
        ("a\n{{ host", " line 2: "),
        ("a\nb\n{{ hots }}", " line 3: "),
        ("a\n{% if hots %}b{% endif %}", " line 2: "),
        ("{% include 'other.html' %}", " line 1: "),
        ("{% extends 'base.html' %}\n{% block body %}\n{{ host.x.y }}{% endblock %}", " line 3: "),
    ] {
        fs::write(&index, text).unwrap();
        let (pages, problems) = pages(&with_own, None).unwrap();
        assert!(pages[0].1.contains("<!doctype html>"), "the built-in one: {}", pages[0].1);
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
        let (pages, problems) = pages(&with_own, None).unwrap();
        assert!(pages[0].1.contains("<!doctype html>"), "the built-in one: {}", pages[0].1);
        assert!(problems[0].starts_with(&index.display().to_string()), "{problems:?}");
        assert!(problems[0].contains(why), "{text}: {problems:?}");
    }
    fs::remove_file(&index).unwrap();
    fs::create_dir(&index).unwrap();
    let (_, problems) = pages(&with_own, None).unwrap();
    assert!(problems.len() == 1 && problems[0].contains("no regular file"), "{problems:?}");
}
