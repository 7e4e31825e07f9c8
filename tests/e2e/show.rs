//! `maillogs show`: graphs in the terminal, for everybody who may read the logs.

use std::fs;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::pty::{Winsize, openpty};

use crate::support::count;
use crate::support::multilog::log_through;
use crate::support::rrd;
use crate::support::store::{MAILLOGS, Store, stderr};
use crate::support::traffic_until;

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs() as i64
}

/// A server whose log of some hours ended half an hour ago, all of it counted.
fn server(seed: u64) -> (Store, Vec<u8>) {
    let store = Store::new();
    let log = traffic_until(now() - 1_800, seed, 0.15, 1.0);
    log_through(&store, 262_144, &log);
    store.flush();
    (store, log)
}

fn show(store: &Store, arguments: &[&str], env: &[(&str, &str)]) -> String {
    let mut command = store.command(MAILLOGS);
    command.arg("show").args(arguments).env("LC_ALL", "C.UTF-8").envs(env.iter().copied());
    let output = command.output().expect("maillogs show");
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What a terminal of `columns` gets.
fn on_terminal(store: &Store, columns: u16, arguments: &[&str], env: &[(&str, &str)]) -> String {
    let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = openpty(&size, None).expect("a pseudo-terminal");
    let mut command = store.command(MAILLOGS);
    command.arg("show").args(arguments).env("LC_ALL", "C.UTF-8").envs(env.iter().copied());
    let mut child = command.stdout(Stdio::from(pty.slave)).stderr(Stdio::null()).spawn().expect("maillogs");
    // It holds the terminal's other side: while it is there, reading does not end.
    drop(command);
    let text = read_all(pty.master);
    assert!(child.wait().expect("its end").success());
    text.replace("\r\n", "\n")
}

/// Up to the end, which Linux tells as an error when the other side is closed.
fn read_all(master: OwnedFd) -> String {
    let (mut file, mut bytes, mut part) = (fs::File::from(master), Vec::new(), [0; 4_096]);
    while let Ok(read @ 1..) = file.read(&mut part) {
        bytes.extend_from_slice(&part[..read]);
    }
    String::from_utf8(bytes).expect("UTF-8")
}

/// Columns of the widest line, without escape sequences.
fn widest(text: &str) -> usize {
    let visible = |line: &str| {
        let mut parts = line.split("\x1b[");
        let first = parts.next().unwrap_or_default().chars().count();
        first
            + parts
                .map(|part| part.split_once('m').map_or(0, |(_, rest)| rest.chars().count()))
                .sum::<usize>()
    };
    text.lines().map(visible).max().unwrap_or(0)
}

/// The total that the legend has for `name`.
fn total(text: &str, name: &str) -> u128 {
    let row = text.lines().rfind(|line| line.trim_start().starts_with(name)).expect(name);
    let digits = row.trim_start()[name.len()..].split_whitespace().next().expect("a total");
    digits.replace(',', "").parse().unwrap_or_else(|_| panic!("{row}"))
}

#[test]
fn the_legend_counts_every_line_and_nothing_is_written() {
    // Some of it in the RRD, some in the state, the newest seen by nobody yet.
    let store = Store::new();
    let old = traffic_until(now() - 7_200, 61, 0.1, 1.0);
    log_through(&store, 262_144, &old);
    store.run(&["update"]);
    let new = traffic_until(now() - 5, 62, 0.05, 1.0);
    let mut current = store.current();
    current.extend_from_slice(&new);
    fs::write(store.logs().join("current"), current).expect("current");
    let before = fs::read(store.path("log/state/send.state")).expect("the state");
    let text = show(&store, &["deliveries"], &[]);
    assert_eq!(fs::read(store.path("log/state/send.state")).expect("the state"), before);
    let (old, new) = (count::count(&old), count::count(&new));
    for (name, key) in
        [("Success", "delivery_success"), ("Deferral", "delivery_deferral"), ("Failure", "delivery_failure")]
    {
        assert_eq!(total(&text, name), old[key] + new[key], "{name}\n{text}");
    }
}

/// Minutes of the log, counted by their stamps.
#[test]
fn any_span_has_what_was_logged_in_it() {
    let (store, log) = server(69);
    let end = now().div_euclid(60) * 60 - 3_600;
    let begin = end - 2_400;
    let bins = count::by_bin(&log, 60);
    let expected =
        |key| -> u128 { bins.range(begin as u64 + 60..=end as u64).map(|(_, counts)| counts[key]).sum() };
    let (from, to) = (format!("@{begin}"), format!("@{end}"));
    let text = show(&store, &["deliveries", "--from", &from, "--to", &to], &[]);
    let text_of_a_distance = show(&store, &["deliveries", "--from", &from, "--to", "+40m"], &[]);
    assert_eq!(text, text_of_a_distance);
    assert!(expected("delivery_success") > 10, "{text}");
    for (name, key) in
        [("Success", "delivery_success"), ("Deferral", "delivery_deferral"), ("Failure", "delivery_failure")]
    {
        assert_eq!(total(&text, name), expected(key), "{name}\n{text}");
    }
    let hour = show(&store, &["deliveries", "--period", "hour"], &[]);
    assert!(hour.starts_with("Deliveries, last hour "), "{hour}");
}

#[test]
fn before_the_first_commit_there_is_a_chart_too() {
    let store = Store::new();
    let log = traffic_until(now() - 5, 63, 0.05, 1.0);
    fs::write(store.logs().join("current"), &log).expect("current");
    let text = show(&store, &[], &[]);
    assert_eq!(total(&text, "Success"), count::count(&log)["delivery_success"], "{text}");
    assert!(!store.path("log/state/send.state").exists(), "a query writes nothing");
}

#[test]
fn without_data_it_says_so() {
    let store = Store::new();
    assert!(show(&store, &[], &[]).starts_with("no data yet"), "{}", show(&store, &[], &[]));
    let named = show(&store, &["deliveries"], &[]);
    assert!(named.starts_with("Deliveries, last 24 hours") && named.contains("no data yet"), "{named}");
}

#[test]
fn heights_are_what_rrdtool_fetches() {
    let (store, _) = server(64);
    // A column a row of five minutes: 288, beside the axis and its labels, which are as wide as the numbers of that hour.
    let chart = |width: usize| {
        let width = width.to_string();
        show(&store, &["deliveries", "--width", &width, "--height", "20"], &[("TZ", "UTC")])
    };
    let labels = |text: &str| {
        let axis = |line: &str| line.chars().position(|c| matches!(c, '│' | '┤'));
        text.lines().find_map(axis).expect("an axis") + 1
    };
    let rows = 300;
    let (text, end) = loop {
        let end = (now() + rows - 1) / rows * rows;
        let wide = labels(&chart(293));
        let text = chart(288 + wide);
        if (now() + rows - 1) / rows * rows == end {
            assert_eq!(labels(&text), wide, "{text}");
            break (text, end);
        }
    };
    let begin = end - 86_400;
    let fetched = rrd::fetch(&store.rrd(), 300, begin as u64, end as u64);
    let lines: Vec<Vec<char>> = text
        .lines()
        .skip_while(|line| line.trim() != "Success")
        .skip(1)
        .take_while(|line| line.trim() != "Deferral")
        .map(|line| line.chars().skip_while(|c| !matches!(c, '│' | '┤')).skip(1).collect())
        .collect();
    assert_eq!(lines.len(), 20, "{text}");
    let eighths = |x: usize| -> usize {
        let of = |line: &Vec<char>| {
            line.get(x).and_then(|c| " ▁▂▃▄▅▆▇█".chars().position(|b| b == *c)).unwrap_or(0)
        };
        lines.iter().map(of).sum()
    };
    // The busiest row of five minutes says what an eighth is worth; three others are compared with it.
    let counts = &fetched["delivery_success"];
    let column = |time: u64| usize::try_from((time as i64 - begin) / rows - 1).expect("a column");
    let (busiest, most) = counts.iter().max_by_key(|(_, count)| **count).expect("rows");
    let eighth = *most as f64 / eighths(column(*busiest)) as f64;
    assert!(eighths(column(*busiest)) > 80, "{text}");
    let times: Vec<u64> = counts.keys().copied().collect();
    for time in [times[3], times[times.len() / 2], times[times.len() - 4]] {
        let (shown, meant) = (eighths(column(time)) as f64, counts[&time] as f64 / eighth);
        assert!((shown - meant).abs() <= 1.6, "{time}: {shown} instead of {meant}\n{text}");
    }
}

#[test]
fn colours_are_for_terminals() {
    let (store, _) = server(65);
    let term = ("TERM", "xterm-256color");
    assert!(!show(&store, &["deliveries"], &[term]).contains('\x1b'), "in a pipe");
    assert!(show(&store, &["deliveries", "--color", "always"], &[term]).contains("\x1b[38;5;"));
    let on = |arguments: &[&str], env: &[(&str, &str)]| on_terminal(&store, 100, arguments, env);
    assert!(on(&["deliveries"], &[term]).contains("\x1b[38;5;"));
    assert!(on(&["deliveries"], &[term, ("COLORTERM", "truecolor")]).contains("\x1b[38;2;"));
    assert!(!on(&["deliveries"], &[term, ("NO_COLOR", "1")]).contains('\x1b'));
    assert!(on(&["deliveries"], &[term, ("NO_COLOR", "")]).contains('\x1b'));
    assert!(!on(&["deliveries"], &[("TERM", "dumb")]).contains('\x1b'));
    assert!(!on(&["deliveries", "--color", "never"], &[term]).contains('\x1b'));
    let sixteen = on(&["deliveries"], &[("TERM", "xterm")]);
    assert!(sixteen.contains("\x1b[32m") && !sixteen.contains("38;"), "{sixteen}");
}

#[test]
fn charts_are_as_wide_as_the_terminal() {
    let (store, _) = server(66);
    for columns in [40, 60, 97, 160, 300] {
        let text = on_terminal(&store, columns, &[], &[("TERM", "xterm-256color")]);
        assert_eq!(widest(&text), usize::from(columns), "{text}");
        let ascii = on_terminal(&store, columns, &[], &[("TERM", "xterm"), ("LC_ALL", "C")]);
        assert!(ascii.is_ascii() && ascii.contains('#'), "{ascii}");
        assert!(widest(&ascii) <= usize::from(columns), "{ascii}");
    }
    assert_eq!(widest(&show(&store, &[], &[])), 80);
    assert_eq!(widest(&show(&store, &["--width", "120"], &[])), 120);
}

#[test]
fn what_is_wrong_is_told_and_a_closed_pipe_is_not() {
    let (store, _) = server(67);
    let output = store.maillogs(&["show", "deliverys"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("there is no graph `deliverys`; there are deliveries"),
        "{}",
        stderr(&output)
    );
    for wrong in [["--period", "decade"], ["--width", "39"], ["--height", "0"], ["--color", "red"]] {
        assert_eq!(store.maillogs(&["show", wrong[0], wrong[1]]).status.code(), Some(2), "{wrong:?}");
    }
    for (wrong, said) in [
        (&["--to", "now"][..], "maillogs: show: --to without --from"),
        (&["--from", "soon"], "maillogs: --from `soon` is not a time"),
        (&["--from", "-2h", "--period", "day"], "maillogs: show: --from and --period exclude each other"),
    ] {
        let output = store.maillogs(&[&["show"], wrong].concat());
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(stderr(&output).starts_with(said) && output.stdout.is_empty(), "{}", stderr(&output));
    }
    let mut child = store
        .command(MAILLOGS)
        .arg("show")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("maillogs");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("its end");
    assert!(output.status.success() && stderr(&output).is_empty(), "{}", stderr(&output));
}

#[test]
fn hostile_templates_command_no_terminal() {
    let (store, _) = server(68);
    let templates = store.path("templates");
    fs::create_dir(&templates).expect("mkdir");
    let hostile = "\u{202e}gnp.\u{200d}📬";
    fs::write(
        templates.join("evil.toml"),
        format!(
            "title = {hostile:?}\nprotocol = \"send\"\nunit = \"x\"\ncolumns = [\"total\"]\n\
             data = [{{ name = \"a\", ds = \"delivery\" }}]\n\
             draw = [{{ area = \"a\", color = \"good\", legend = \"\u{202e}x\" }}]\n"
        )
        .replace("\\u{202e}", "\u{202e}")
        .replace("\\u{200d}", "\u{200d}"),
    )
    .expect("a template");
    let control = "title = \"a\\u001b[2Jb\"\nprotocol = \"send\"\nunit = \"x\"\ncolumns = [\"total\"]\n\
         data = [{ name = \"a\", ds = \"delivery\" }]\ndraw = [{ area = \"a\", color = \"good\" }]\n";
    fs::write(templates.join("worse.toml"), control).expect("a template");
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    fs::write(store.config(), format!("{config}templates_dir = {templates:?}\n")).expect("toaster.conf");
    let mut command: Command = store.command(MAILLOGS);
    let output = command.args(["show"]).env("LC_ALL", "C.UTF-8").output().expect("maillogs");
    assert_eq!(output.status.code(), Some(1), "a template that is refused is told");
    assert!(
        stderr(&output).contains("worse.toml: title: contains a control character"),
        "{}",
        stderr(&output)
    );
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert!(text.contains("gnp.📬") && text.contains("Deliveries"), "{text}");
    let both = format!("{text}{}", stderr(&output));
    assert!(
        !both.contains(|c: char| c.is_control() && c != '\n' || matches!(c, '\u{202e}' | '\u{200d}')),
        "{both:?}"
    );
}
