//! Templates that are right, and many that are not.
use super::load::EMBEDDED;
use super::*;
use crate::reading::{Counter, DefinedBy, Measure, Reading};

const GOOD: &str = r##"
title = "T"
protocol = "send"
unit = "messages"
per = "min"
columns = ["total", "max"]
data = [
  { name = "a", ds = "delivery" },
  { name = "b", rpn = "a,2,*" },
]
draw = [
  { area = "a", color = "good", legend = "A" },
  { line = "b", color = "#123456", max = "a", width = 2 },
  { hrule = 3, color = "bad", dashes = [4, 3] },
  { row = "b", legend = "All" },
]
"##;

#[test]
fn the_shipped_templates_are_right() {
    let (templates, problems) = load(None, &[]);
    assert_eq!(problems, Vec::<String>::new());
    assert_eq!(templates.len(), EMBEDDED.len());
}

#[test]
fn a_good_one_is_read_whole() {
    let template = parse("t", "t.toml", GOOD, None, &[]).unwrap();
    assert_eq!(template.label, "messages / min");
    assert_eq!((template.width, template.height), (720, 220));
    assert!((template.factor - 60.0).abs() < 1e-9);
    assert_eq!(template.draw[0].shape, Shape::Area { data: 0, stack: false });
    assert_eq!(template.draw[1].max, Some(0));
    assert_eq!(template.draw[3].shape, Shape::Row { data: 1 });
}

#[test]
fn errors_name_file_key_and_the_way_out() {
    for (from, to, expected) in [
        ("unit =", "units =", "t.toml: line 4: unknown field `units`"),
        ("\"T\"", "\"\"", "t.toml: title: is empty"),
        ("\"T\"", "\"a\\tb\"", "t.toml: title: contains a control character"),
        ("\"total\"", "\"sum\"", "t.toml: line 6: unknown variant `sum`"),
        ("\"total\"", "\"max\"", "t.toml: columns: entry 2 is there twice"),
        ("\"min\"", "\"day\"", "t.toml: line 5: unknown variant `day`"),
        ("\"delivery\"", "\"a:b\"", "t.toml: data[0].ds: `a:b` is not a DS"),
        ("name = \"b\"", "name = \"a\"", "t.toml: data[1].name: `a` is there twice"),
        ("name = \"b\"", "name = \"B,x\"", "t.toml: data[1].name: `B,x` is not a name"),
        ("a,2,*", "a,2,TIME", "t.toml: data[1].rpn: `TIME` is neither"),
        ("a,2,*", "b", "t.toml: data[1].rpn: `b` is neither"),
        ("\"good\"", "\"gold\"", "t.toml: draw[0].color: `gold` is not a colour"),
        ("area = \"a\"", "area = \"x\"", "t.toml: draw[0].area: no data is named `x`"),
        ("legend = \"A\"", "width = 2", "t.toml: draw[0].width: belongs to line"),
        ("width = 2", "row = \"a\"", "t.toml: draw[1].area: needs exactly one of"),
        ("width = 2", "shift = \"1m\"", "t.toml: line 13: shift: `1m` is not a number of days or weeks"),
        ("width = 2", "shift = 7", "t.toml: line 13: invalid type: integer `7`, expected a string"),
        ("width = 2", "shift = \"0w\"", "t.toml: line 13: shift: `0w` is not"),
        ("legend = \"A\"", "shift = \"1w\"", "t.toml: draw[0].shift: belongs to line and row"),
        ("dashes = [4, 3]", "shift = \"1w\"", "t.toml: draw[2].shift: belongs to line and row"),
        ("[4, 3]", "[4, 0]", "t.toml: draw[2].dashes: is [on, off]"),
        ("hrule = 3", "hrule = nan", "t.toml: draw[2].hrule: NaN cannot be drawn"),
        (", legend = \"All\"", "", "t.toml: draw[3].legend: is missing"),
        ("\"send\"", "\"../x\"", "t.toml: protocol: `../x` is not a protocol's name"),
    ] {
        let error = parse("t", "t.toml", &GOOD.replacen(from, to, 1), None, &[]).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
    let long = GOOD.replacen("\"A\"", &format!("\"{}\"", "x".repeat(400)), 1);
    let error = parse("t", "t.toml", &long, None, &[]).unwrap_err();
    assert!(error.contains("draw[0].legend") && error.contains("400 characters"), "{error}");
}

/// What is drawn of an earlier time is copied with all that it is computed from, once.
#[test]
fn an_earlier_series_is_computed_from_earlier_data() {
    let line = "{ line = \"b\", color = \"before\", shift = \"1w\", max = \"a\" },";
    let toml = |lines: &str| GOOD.replacen("{ row = \"b\"", &format!("{lines} {{ row = \"b\""), 1);
    let template = parse("t", "t.toml", &toml(&line.repeat(2)), None, &[]).unwrap();
    let names: Vec<_> = template.data.iter().map(|d| (d.name.as_str(), d.shift.is_some())).collect();
    assert_eq!(names, [("a", false), ("b", false), ("a", true), ("b", true)]);
    let Source::Rpn(rpn) = &template.data[3].source else { panic!("{:?}", template.data[3]) };
    assert_eq!(rpn.to_librrd(|n| format!("d{n}")), "d2,2,*");
    for draw in &template.draw[3..5] {
        assert_eq!((draw.shape.data(), draw.max), (Some(3), Some(2)));
    }
    assert_eq!(template.draw[5].shape, Shape::Row { data: 1 });
    let error = parse("t", "t.toml", &toml(&line.repeat(5)), None, &[]).unwrap_err();
    assert_eq!(error, "t.toml: draw: 5 entries have a `shift`; at most 4 may");
}

#[test]
fn a_directory_overrides_and_adds_and_a_bad_file_spoils_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("deliveries.toml", GOOD);
    write("mine.toml", GOOD);
    write("broken.toml", "title = ");
    write("Bad Name.toml", GOOD);
    write("huge.toml", &"#".repeat(70_000));
    write("notes.txt", "not a template");
    let (templates, problems) = load(Some(dir.path()), &[]);
    let names: Vec<_> = templates.iter().map(|t| t.name.as_str()).collect();
    let shipped: Vec<&str> = EMBEDDED.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, [&shipped[..], &["mine"]].concat());
    assert_eq!(templates[0].title, "T");
    assert!(templates[0].modified.is_some());
    assert_eq!(problems.len(), 3, "{problems:?}");

    let (templates, problems) = load(Some(&dir.path().join("absent")), &[]);
    assert_eq!((templates.len(), problems.len()), (EMBEDDED.len(), 1));
}

const README: &str = include_str!("../../../templates/README.md");

#[test]
fn the_example_of_the_readme_is_right_and_complete() {
    let example = README.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let template = parse("worth", "worth.toml", example, None, &[]).unwrap();
    assert_eq!((template.data.len(), template.draw.len()), (3, 4));
    for key in [
        "title", "per", "columns", "sum", "mean", "rpn", "own", "each", "optional", "hrule", "dashes",
        "shift",
    ] {
        assert!(README.contains(&format!("`{key}")), "{key} is not explained");
    }
}

fn list(key: &str, defined_by: DefinedBy) -> Counter {
    let (key, ds): (&str, &str) = (key.to_owned().leak(), key.replace(':', "_").leak());
    Counter { key, ds, help: "", measure: Measure::Count, defined_by, value: None }
}

fn reading(protocol: &'static str, counters: Vec<Counter>) -> Reading {
    Reading { protocol, rrd: "absent.rrd".into(), step: 60, counters, ..Reading::default() }
}

#[test]
fn own_lists_stand_where_a_template_wants_them() {
    use crate::reading::DefinedBy::{BuiltIn, List};
    let rbl = reading("rbl", vec![list("spamhaus", BuiltIn), list("mine", List), list("yours", List)]);
    let (without, problems) = load(None, &[]);
    let (with, more) = load(None, &[rbl]);
    assert_eq!((problems.len(), more.len()), (0, 0));
    let of = |all: &[Template]| all.iter().find(|t| t.name == "rbl").unwrap().clone();
    let (without, with) = (of(&without), of(&with));
    assert_eq!(with.draw.len(), without.draw.len() + 2);
    let legends: Vec<_> = with.draw.iter().filter_map(|draw| draw.legend.as_deref()).collect();
    assert!(legends.contains(&"mine") && legends.contains(&"yours"), "{legends:?}");
}

#[test]
fn own_protocols_and_counters_have_graphs_of_their_own() {
    use crate::reading::DefinedBy::{BuiltIn, Counter};
    let many = (0..8).map(|n| list(&format!("c{n}"), Counter)).collect();
    let all = [
        reading("greylist", vec![list("a:b", Counter)]),
        reading("send", vec![list("message_new", BuiltIn), list("mine", Counter)]),
        reading("Many", many),
        // Its name is that of a graph already.
        reading("spam", vec![list("x", Counter)]),
    ];
    let (templates, problems) = load(None, &all);
    assert_eq!(problems, Vec::<String>::new());
    let names: Vec<&str> = templates.iter().skip(EMBEDDED.len()).map(|t| t.name.as_str()).collect();
    assert_eq!(names, ["greylist", "send-own", "many", "many-2", "own-spam"]);
    let titles: Vec<_> = templates.iter().skip(EMBEDDED.len()).map(|t| t.title.as_str()).collect();
    assert_eq!(titles, ["greylist", "send: own counters", "Many, 1 of 2", "Many, 2 of 2", "spam"]);

    // What no RRD has cannot be drawn; sums have a graph of their own, whether or not they may fall.
    let of = |key, measure| {
        let mut counter = list(key, Counter);
        counter.measure = measure;
        counter
    };
    let mut derived = of("mean", Measure::Derived);
    derived.ds = "";
    let counters = vec![list("n", Counter), of("bytes", Measure::Sum), of("score", Measure::Net), derived];
    let (templates, problems) = load(None, &[reading("mixed", counters)]);
    assert_eq!(problems, Vec::<String>::new());
    let drawn = |template: &Template| (template.name.clone(), template.data.len(), template.label.clone());
    let own: Vec<_> = templates.iter().skip(EMBEDDED.len()).map(drawn).collect();
    let is = |name: &str, data, label: &str| (name.to_owned(), data, label.to_owned());
    assert_eq!(own, [is("mixed", 1, "events / min"), is("mixed-amounts", 2, "amount / min")]);

    // A file of the name is taken instead.
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("greylist.toml"), GOOD).unwrap();
    let (templates, _) = load(Some(dir.path()), &all);
    let own: Vec<_> = templates.iter().filter(|t| t.name == "greylist").map(|t| t.title.as_str()).collect();
    assert_eq!(own, ["T"]);
}

#[test]
fn a_second_instance_has_the_graphs_of_its_original() {
    use crate::protocol::shipped;
    use crate::reading::Like;
    let card = |part: &str| shipped().iter().find(|card| card.parts().any(|p| p == part)).unwrap();
    let part = |name: &'static str, part: &'static str| {
        let of_section = card(part).sections.iter().find(|section| section.name == part);
        let templates = of_section.map_or(card(part).templates, |section| section.templates);
        let like = Some(Like { instance: name.split('-').next().unwrap(), part, templates });
        Reading { like, ..reading(name, vec![list("x", DefinedBy::BuiltIn)]) }
    };
    let rbl = reading("rbl", vec![list("spamhaus", DefinedBy::BuiltIn)]);
    let all = [rbl, part("submit", "rbl"), part("two", "send"), part("two-reasons", "reasons")];
    let (templates, problems) = load(None, &all);
    assert_eq!(problems, Vec::<String>::new());
    let names: Vec<&str> = templates.iter().map(|t| t.name.as_str()).collect();
    let at =
        |name: &str| names.iter().position(|n| *n == name).unwrap_or_else(|| panic!("{name} in {names:?}"));
    // Each original's graphs, then those of its instance in the same order.
    let of_rbl =
        ["rbl", "smtp-filter", "smtp-sessions", "submit-rbl", "submit-smtp-filter", "submit-smtp-sessions"];
    assert_eq!(names[at("rbl")..][..6], of_rbl);
    let of_two =
        ["two-deliveries", "two-concurrency", "two-messages", "two-throughput", "two-reasons", "queue"];
    assert_eq!(names[at("two-deliveries")..][..6], of_two);
    assert!(at("times") < at("two-deliveries"), "behind all of the original's");
    for (name, original) in [("submit-rbl", "rbl"), ("two-reasons", "reasons"), ("two-messages", "messages")]
    {
        let [instance, original] = [name, original].map(|name| &templates[at(name)]);
        assert_eq!((instance.draw.len(), &instance.label), (original.draw.len(), &original.label));
        let before = name.split('-').next().unwrap();
        assert_eq!(instance.title, format!("{before}: {}", original.title));
        let of = |template: &Template| template.protocols().map(str::to_owned).collect::<Vec<_>>();
        let expected = if original.name == "reasons" { "two-reasons" } else { before };
        assert!(of(instance).iter().all(|protocol| protocol == expected), "{:?}", of(instance));
    }

    // A file in place of the original's is the instance's too, unless there is one for the instance.
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).unwrap();
    write("rbl.toml", &GOOD.replace("\"send\"", "\"rbl\"").replace("delivery", "spamhaus"));
    write("submit-smtp-filter.toml", &GOOD.replace("\"send\"", "\"submit\"").replace("\"T\"", "\"Mine\""));
    write("smtp-sessions.toml", "title = 1");
    write("extra.toml", &GOOD.replace("\"send\"", "\"submit\""));
    let (templates, problems) = load(Some(dir.path()), &all);
    let title = |name: &str| templates.iter().find(|t| t.name == name).map(|t| t.title.clone());
    let titles = ["rbl", "submit-rbl", "submit-smtp-filter", "submit-smtp-sessions", "extra"].map(title);
    let expected = [Some("T"), Some("submit: T"), Some("Mine"), None, Some("T")];
    assert_eq!(titles, expected.map(|title| title.map(str::to_owned)));
    let drawn = templates.iter().find(|t| t.name == "submit-rbl").unwrap();
    assert_eq!(drawn.protocols().collect::<Vec<_>>(), ["submit"]);
    assert!(drawn.modified.is_some(), "it is drawn again when the file changes");
    assert_eq!(problems.len(), 1, "what is wrong with a file is said once: {problems:?}");

    // The longest names there may be.
    let long: &'static str = "a".repeat(32).leak();
    let (templates, problems) = load(None, &[part(long, "rbl")]);
    assert_eq!(problems, Vec::<String>::new());
    let longest = templates.iter().find(|t| t.name == format!("{long}-smtp-sessions")).unwrap();
    assert!(longest.title.starts_with(&format!("{long}: ")) && longest.title.chars().count() <= 60);
}
