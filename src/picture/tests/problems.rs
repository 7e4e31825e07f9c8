//! What cannot be drawn, and names and paths that are hostile.
use super::*;

#[test]
fn a_broken_rrd_or_template_is_told_once_and_stops_no_other() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let templates = mail.dir.path().join("templates");
    fs::create_dir(&templates).unwrap();
    let shipped = include_str!("../../../templates/deliveries.toml");
    fs::write(templates.join("no-ds.toml"), shipped.replace("delivery_success", "gone")).unwrap();
    fs::write(templates.join("broken.toml"), "title = 3").unwrap();
    fs::write(templates.join("other.toml"), shipped.replace("\"send\"", "\"other\"")).unwrap();
    let garbage = mail.dir.path().join("other.rrd");
    fs::write(&garbage, "garbage").unwrap();
    let mut readings = mail.readings(NOW);
    readings.push(Reading { protocol: "other", rrd: garbage, ..readings[0].clone() });
    let options = Options { templates_dir: Some(templates), ..mail.options() };
    let report = draw(&options, &readings).unwrap();
    assert_eq!(report.drawn, 8 * EMBEDDED.len(), "{report:?}");
    assert_eq!(report.problems.len(), 3, "{report:?}");
    let told = report.problems.join("\n");
    assert!(told.contains("broken.toml: line 1: invalid type"), "{told}");
    assert!(told.contains("send.rrd has no `gone`; it has delivery,"), "{told}");
    assert!(told.contains("other.rrd: "), "{told}");

    let unknown = Options { names: vec!["deliverys".into()], ..options };
    let error = draw(&unknown, &readings).unwrap_err().to_string();
    assert!(error.contains("there is no graph `deliverys`; there are deliveries, concurrency"), "{error}");
}

/// A web root may have a page of that name already; with `--pages` what cannot be shown is told as it is with pictures.
#[test]
fn pages_of_others_are_left_alone_and_told() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let templates = mail.dir.path().join("templates");
    fs::create_dir(&templates).unwrap();
    let shipped = include_str!("../../../templates/deliveries.toml");
    fs::write(templates.join("old.toml"), shipped.replace("delivery_success", "gone")).unwrap();
    // A page by a template that does not name the program is ours all the same.
    fs::write(templates.join("graph.html"), "<title>{{ graph.title }}</title>").unwrap();
    let output = mail.output();
    fs::create_dir(&output).unwrap();
    for name in ["index.html", "queue.html", "empty.html"] {
        let text = if name == "empty.html" { "" } else { "<p>theirs</p>" };
        fs::write(output.join(name), text).unwrap();
    }
    let options = Options { only_pages: true, templates_dir: Some(templates), ..mail.options() };
    for _ in 0..2 {
        let report = draw(&options, &mail.readings(NOW)).unwrap();
        let told = report.problems.join("\n");
        assert!(told.contains("send.rrd has no `gone`"), "{told}");
        for name in ["index.html", "queue.html"] {
            let words = format!("{}: was not written by maillogs", output.join(name).display());
            assert_eq!(told.matches(&words).count(), 1, "{told}");
            assert_eq!(fs::read_to_string(output.join(name)).unwrap(), "<p>theirs</p>");
        }
        assert_eq!(report.problems.len(), 3, "{told}");
        assert!(fs::read_to_string(output.join("deliveries.html")).unwrap().contains("<title>"));
    }
    let report = draw(&Options { force: true, ..options }, &mail.readings(NOW)).unwrap();
    assert_eq!(report.problems.len(), 1, "{report:?}");
    assert!(fs::read_to_string(output.join("index.html")).unwrap().contains("<meta name=\"generator\""));
}

#[test]
fn a_damaged_rrd_is_not_shown_to_librrd() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let readings = mail.readings(NOW);
    let mut bytes = fs::read(&readings[0].rrd).unwrap();
    // The step: librrd's fetch would write beyond its buffer.
    bytes[40..48].copy_from_slice(&0x3b00_0000_0000_003c_u64.to_le_bytes());
    fs::write(&readings[0].rrd, bytes).unwrap();
    let report = draw(&mail.options(), &readings).unwrap();
    // Those of other protocols are empty frames.
    let others = 8 * (EMBEDDED.len() - OF_SEND);
    assert_eq!((report.drawn, report.problems.len()), (others, 1), "{report:?}");
    assert!(report.problems[0].contains("send.rrd: is damaged: its header"), "{report:?}");
}

#[test]
fn a_path_with_colons_and_backslashes_is_drawn() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let mut readings = mail.readings(NOW);
    let odd = mail.dir.path().join("a:b\\c\\:d.rrd");
    fs::rename(&readings[0].rrd, &odd).unwrap();
    readings[0].rrd = odd;
    let options = Options { periods: vec![Period::Day], themes: vec![Theme::Light], ..mail.options() };
    let report = draw(&options, &readings).unwrap();
    assert_eq!((report.drawn, report.problems.len()), (EMBEDDED.len(), 0), "{report:?}");
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let mail = Mail::of(NOW - NOW % 86_400, Vec::new());
    let file = mail.dir.path().join("file");
    fs::write(&file, "").unwrap();
    let options = Options { output: file.join("graphs"), ..mail.options() };
    let error = draw(&options, &[]).unwrap_err().to_string();
    assert!(error.contains("file/graphs: ") && error.contains("--output"), "{error}");
}

/// Each of these is drawn as text, or refused with the key and the reason.
#[test]
fn hostile_names_are_text() {
    let mail = Mail::new(1, NOW - NOW % STEP, STEP);
    let templates = mail.dir.path().join("templates");
    fs::create_dir(&templates).unwrap();
    let hostile = [
        "a:b",
        "%n %s %lf",
        "\\l",
        "stack=1",
        "color=#ff0000",
        "skipscale=1",
        "dashes=2",
        "<script>alert(1)</script>",
        "📬 mail",
        "--title",
        "漢字 ok",
        "a\\:b",
        "$(id)",
        "\u{202e}gnp",
        "'\"`",
    ];
    let template = |name: &str| {
        let quoted = toml::Value::from(name).to_string();
        format!(
            "title = {quoted}\nprotocol = \"send\"\nunit = {quoted}\nper = \"min\"\n\
             columns = [\"total\"]\ndata = [{{ name = \"a\", ds = \"delivery\" }}]\n\
             draw = [{{ area = \"a\", color = \"good\", legend = {quoted} }},\n\
             {{ line = \"a\", color = \"bad\", legend = {quoted}, stack = true }},\n\
             {{ row = \"a\", legend = {quoted} }}]\n"
        )
    };
    for (n, name) in hostile.iter().enumerate() {
        fs::write(templates.join(format!("h{n}.toml")), template(name)).unwrap();
    }
    fs::write(templates.join("long.toml"), template(&"x".repeat(400))).unwrap();
    fs::write(templates.join("control.toml"), template("a\u{7}b")).unwrap();
    for host in hostile.into_iter().chain([&*"h".repeat(400), "a\nb\0c"]) {
        let options = Options {
            periods: vec![Period::Day],
            themes: vec![Theme::Light],
            templates_dir: Some(templates.clone()),
            host: host.to_owned(),
            force: true,
            // All names once; the others with one graph.
            names: match host {
                "a:b" => Vec::new(),
                _ => vec!["deliveries".into()],
            },
            ..mail.options()
        };
        let report = draw(&options, &mail.readings(NOW)).unwrap();
        let expected = if host == "a:b" { EMBEDDED.len() + hostile.len() } else { 1 };
        assert_eq!(report.drawn, expected, "{host:?}: {report:?}");
        assert_eq!(report.problems.len(), 2, "{report:?}");
        let told = report.problems.join("\n");
        assert!(told.contains("long.toml: title: \"xxx"), "{told}");
        assert!(told.contains("control.toml: title: contains a control"), "{told}");
        let page = fs::read_to_string(mail.output().join("index.html")).unwrap();
        // The only script is our own.
        assert_eq!(page.matches("<script").count(), 1, "{page}");
    }
    // Every one has the same three rows: no text broke its row or made one of its own.
    let height = |n: usize| {
        let png = fs::read(mail.output().join(format!("h{n}-day-light.png"))).unwrap();
        render::size(&png).unwrap().1
    };
    for (n, name) in hostile.iter().enumerate() {
        // Fonts for emoji and Han may be a little higher.
        assert!(height(n).abs_diff(height(3)) <= 24, "{name}: {} {}", height(n), height(3));
    }
}
