//! Templates that are right, and many that are not.
use super::load::EMBEDDED;
use super::*;

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
