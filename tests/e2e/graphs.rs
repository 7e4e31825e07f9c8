//! `maillogs graph` from outside: one picture of any span, and the names that toaster.conf brings.

use std::fs;

use crate::support::store::{Store, stderr};
use crate::support::{labelled, rrd};

/// The start of an hour some hours ago: pictures end now.
fn recent() -> u64 {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    now / 3_600 * 3_600 - 4 * 3_600
}

/// `per_minute[n]` new messages in minute n after `start`.
fn log(start: u64, per_minute: &[u64]) -> Vec<u8> {
    let mut log = String::new();
    for (minute, count) in per_minute.iter().enumerate() {
        for n in 0..*count {
            let secs = start + 60 * minute as u64 + n % 60;
            log += &labelled(secs, n, &format!("new msg {}", 1_000 * minute as u64 + n));
        }
    }
    log.into_bytes()
}

/// Width and height of a PNG, from its first bytes.
fn size(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"), "{:?}", &png[..png.len().min(40)]);
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().expect("four bytes"));
    (number(16), number(20))
}

#[test]
fn any_span_is_drawn_to_a_file_or_to_stdout() {
    let store = Store::new();
    let start = recent();
    let minutes: Vec<u64> = (0..120).map(|n| n % 7 + 1).collect();
    assert!(store.postprocess(&log(start, &minutes)).status.success());
    store.flush();
    // The rows of this span are minutes, and each is what the log has.
    let rows = rrd::fetch(&store.rrd(), 60, start, start + 7_200);
    let expected =
        minutes.iter().enumerate().map(|(n, count)| (start + 60 * (n as u64 + 1), u128::from(*count)));
    assert_eq!(rows["message_new"], expected.collect());

    let from = format!("@{start}");
    let span = ["graph", "messages", "--from", &from, "--to", "+2h"];
    let with = |more: &[&str]| store.maillogs(&[&span[..], more].concat());
    let (file, vector) = (store.path("a b.png"), store.path("a.svg"));
    let output = with(&["-o", file.to_str().expect("UTF-8")]);
    assert!(output.status.success() && output.stdout.is_empty(), "{}", stderr(&output));
    let picture = fs::read(&file).expect("a picture");
    assert_eq!(size(&picture).0, 2 * 801);
    let output = with(&["-o", vector.to_str().expect("UTF-8")]);
    assert!(output.status.success(), "{}", stderr(&output));
    let svg = fs::read_to_string(&vector).expect("a picture");
    assert!(svg.contains("<svg") && svg.contains("801"), "{}", &svg[..200]);
    let output = with(&["-o", "-"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(size(&output.stdout), size(&picture));
    let dark = with(&["-o", "-", "--theme", "dark"]);
    assert!(dark.stdout != output.stdout && size(&dark.stdout) == size(&picture));
}

#[test]
fn wrong_spans_and_names_are_told_and_leave_no_file() {
    let store = Store::new();
    let file = store.path("x.png");
    let file = file.to_str().expect("UTF-8");
    for (arguments, expected) in [
        (&["messages", "--from", "soon", "-o", file][..], "--from `soon` is not a time"),
        (&["messages", "--from", "-2h", "--to", "never", "-o", file], "--to `never` is not a time"),
        (&["messages", "--from", "-1h", "--to", "-2h", "-o", file], "is after --to"),
        (&["messages", "--from", "@1", "-o", file], "write a time since 2000"),
        (&["messages", "--from", "2001-01-01", "-o", file], "longer than ten years"),
        (&["messages", "--from", "-2h", "--format", "svg", "-o", file], "say different things"),
        (&["messages", "--to", "now", "-o", file], "--to without --from"),
        (&["messages", "--from", "-2h"], "--from needs a file"),
        (&["--from", "-2h", "-o", file], "name one graph"),
        (&["messages", "queue", "--from", "-2h", "-o", file], "name one graph"),
        (&["mesages", "--from", "-2h", "-o", file], "there is no graph `mesages`; there are deliveries,"),
        (&["messages", "--from", "-2h", "--period", "day", "-o", file], "exclude each other"),
        (&["messages", "--from", "-2h", "-o", "/nowhere/x.png"], "/nowhere/x.png: "),
    ] {
        let output = store.maillogs(&[&["graph"], arguments].concat());
        let told = stderr(&output);
        assert!(!output.status.success() && output.stdout.is_empty(), "{arguments:?}: {told}");
        let line = told.lines().find(|line| line.contains(expected));
        assert!(line.is_some(), "{arguments:?}: {told}");
        assert!(!told.contains("panicked"), "{told}");
    }
    assert!(!store.path("x.png").exists());
}

/// What toaster.conf calls its protocols and counters is refused with its line, or drawn.
#[test]
fn hostile_names_of_toaster_conf_are_refused() {
    let long = "a".repeat(400);
    for name in
        ["a:b", "%n", "\\l", "stack=1", "<script>", &long, "📬", "\u{202e}gnp", "a\u{7}b", "--title", "../x"]
    {
        let quoted = toml::Value::from(name).to_string();
        let store = Store::with(&format!(
            "[protocol.mine]\nsource = 'multilog:mine'\n\
             [[counter]]\nprotocol = 'mine'\nname = 'fine'\nmatch = 'x'\n\
             [[counter]]\nprotocol = 'mine'\nname = {quoted}\nmatch = 'x'\n\
             [[rbl]]\nname = {quoted}\nmatch = 'x'\n"
        ));
        let output = store.maillogs(&["graph", "--period", "day", "--theme", "light"]);
        let told = stderr(&output);
        let reason = match name {
            "a\u{7}b" => "holds a control character",
            _ => "is not a name: a letter of a to z",
        };
        assert_eq!(told.matches(reason).count(), 2, "{name:?}: {told}");
        let raw = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!told.contains(raw), "{name:?}: {told:?}");
        assert!(told.lines().all(|line| line.chars().count() < 600), "{told}");
        assert!(!output.status.success() && !store.base().join("graphs").exists(), "{name:?}: {told}");
    }
}

/// The longest names there may be, and those that mean something elsewhere, are drawn.
#[test]
fn odd_names_of_toaster_conf_are_drawn() {
    let long = "a".repeat(32);
    let mut config = String::new();
    for protocol in ["stack", "nan", "legend_", &long] {
        config +=
            &format!("[protocol.{protocol}]\nsource = 'multilog:{protocol}'\nabout = '<script>: %n \\l'\n");
        for counter in ["unkn", "inf", "color", &long] {
            config += &format!("[[counter]]\nprotocol = '{protocol}'\nname = '{counter}'\nmatch = 'x'\n");
        }
    }
    let store = Store::with(&config);
    let graphs = store.base().join("graphs");
    let output = store.maillogs(&["graph", "--period", "day", "-o", graphs.to_str().expect("UTF-8")]);
    assert!(output.status.success(), "{}", stderr(&output));
    let page = fs::read_to_string(graphs.join("index.html")).expect("a page");
    // The only script is our own, at the end.
    assert_eq!(page.matches("<script").count(), 1, "{page}");
    for name in ["stack", "nan", "legend_", &long[..18]] {
        let picture = fs::read(graphs.join(format!("{name}-day-dark.png"))).expect(name);
        assert_eq!(size(&picture).0, 2 * 801, "{name}");
        assert!(page.contains(&format!("{name}.html")), "{name}");
        let own = fs::read_to_string(graphs.join(format!("{name}.html"))).expect("its page");
        let scripts = own.matches("<script").count();
        assert!(own.contains(&format!("{name}-day-dark.png")) && scripts == 1, "{own}");
    }
}

/// Between two queries the counters grow by as much as the rows of that time hold, and the log.
#[test]
fn rows_hold_what_the_counters_grew_by() {
    let store = Store::new();
    let start = recent();
    let counts: Vec<u64> = (0..120).map(|n| n % 11 + 1).collect();
    let mut before = 0;
    for half in [0, 60] {
        let minutes = &counts[half..half + 60];
        let begin = start + 60 * half as u64;
        assert!(store.postprocess(&log(begin, minutes)).status.success());
        store.flush();
        let now = store.query().nanos("message_new") / 1_000_000_000;
        let rows = rrd::fetch(&store.rrd(), 300, begin, begin + 3_600);
        let logged: u64 = minutes.iter().sum();
        assert_eq!(rows["message_new"].values().sum::<u128>(), now - before);
        assert_eq!(now - before, u128::from(logged));
        before = now;
    }
}
