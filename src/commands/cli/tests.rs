//! Command lines that are right, and what is said of those that are wrong.
use super::super::hosts::Of;
use super::*;
use crate::protocol::{Counter, Settings, builtin, shipped};
use clap::Command;

fn call(words: &[&str]) -> Result<Call, clap::Error> {
    let words: Vec<_> = words.iter().map(OsString::from).collect();
    parse(&words, &builtin(&Settings::default()))
}

fn query(words: &[&str], format: &str, output: Option<&str>) -> Action {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    let (format, output) = (format.to_owned(), output.map(PathBuf::from));
    Action::Query(Query { words, format, output, of: Of::Here })
}

#[test]
fn the_definition_is_sound() {
    definition::whole(&builtin(&Settings::default())).debug_assert();
}

/// The call that a command line asks for, or the text that is printed instead and the exit code.
fn outcome(
    command: Command,
    words: &[OsString],
    protocols: &[&'static Protocol],
) -> Result<Call, (String, i32)> {
    match command.try_get_matches_from(words) {
        Ok(matches) => Ok(understand(&matches, protocols)),
        Err(e) => Err((e.render().ansi().to_string(), e.exit_code())),
    }
}

/// Every command line that is right is understood by its own command's definition as by all of them; every other one
/// gets the help or the error that the definition of all makes.
#[test]
fn the_commands_that_are_named_are_enough() {
    let protocols = builtin(&Settings::default());
    let whole = || definition::whole(&protocols);
    let mut right: Vec<String> = [
        "graph deliveries -o x.png --from -2h --to +1h",
        "graph --period day,week --theme dark --force send",
        "show --width 80 rbl update",
        "show deliveries --from -2h --to +1h",
        "show --period hour",
        "graph --period hour send",
        "update --flush send rbl",
        "check --format json",
        "check --nagios",
        "check --nagios --warn a.b>1/h --crit c.d>2 --warn e.f>1/h",
        "munin send",
        "munin send config",
        "munin all suggest",
        "alarm",
        "config --toml",
        "snmp --mta --interval 60",
        "snmp --oid .1.3.6.1.4.1.2021.255 --mib",
        "explain",
        "explain a b --protocol send --protocol reasons --format json",
        "explain --archive 2026-11-28 --unknown",
        "explain --summary -",
        "--config check update",
        "-v -r --config=send graph --config x",
        "update -- send",
        "export",
        "export send --since -2h --until now",
        "export all --cursor x --again 20 --format influx -- curl -T - x",
        "send rbl",
        "send update",
        "send delivery_success delivery_failure",
        "all --format prometheus --output x.prom",
        "send --format mrtg delivery_success rbl count",
    ]
    .map(str::to_owned)
    .into();
    let mut wrong: Vec<String> = [
        "",
        "-h",
        "--help",
        "-V",
        "--version",
        "help",
        "help help",
        "help help send",
        "-- send",
        "--",
        "nonsense",
        "sen",
        "updat",
        "--flush update",
        "--fluhs update send",
        "--flush",
        "--forse sendlog",
        "--toml",
        "--tom config",
        "update nonsense",
        "update sen",
        "update --flsh",
        "graph --period daily",
        "graph --theme",
        "graph --form x",
        "send --flush",
        "send update --flush",
        "send --format",
        "export send --cursor",
        "export send --cursor x --since 1",
        "export send --again 9999",
        "send --format xml",
        "show --width 1000",
        "show --period hours",
        "show --from",
        "check --format xml",
        "check --format json --nagios",
        "check --warn a.b>1/h",
        "check --nagios --crit",
        "munin send values",
        "alarm send",
        "explain --archive 2026-02-30",
        "explain --archive yesterday",
        "explain --archive 2026-11-28 file",
        "explain --protocol nonsense",
        "explain --unknown --summary",
        "explain --protocol",
        "help nonsense",
        "help send rbl",
        "--config",
        "--config send",
        "--conf x send",
        "-x",
        "-vx send",
        "graph -o",
        "update -V",
        "snmp --oid .1.3.6.1.2.1",
        "snmp --mta --mib",
        "snmp --interval 0",
        "snmp send",
    ]
    .map(str::to_owned)
    .into();
    let names: Vec<String> = whole().get_subcommands().map(|command| command.get_name().to_owned()).collect();
    assert!(names.len() > 15, "{names:?}");
    for name in &names {
        right.extend([name.clone(), format!("{name} -v"), format!("-v --config x {name}")]);
        wrong.extend([
            format!("{name} --help"),
            format!("{name} -h"),
            format!("-v {name} -h"),
            format!("help {name}"),
            format!("{name} --nonsense"),
            format!("{name} --forse"),
            format!("{name}x"),
            format!("{name}x {name}"),
            format!("x{name} --help"),
            format!("{name}/{name} --format"),
        ]);
    }
    let words = |line: &str| -> Vec<OsString> {
        ["maillogs"].into_iter().chain(line.split_whitespace()).map(OsString::from).collect()
    };
    for line in &right {
        let words = words(line);
        let call = outcome(whole(), &words, &protocols);
        assert!(call.is_ok(), "{line}: {call:?}");
        let named = definition::named(&protocols, &words);
        assert_eq!(outcome(named, &words, &protocols), call, "{line}");
    }
    for line in &wrong {
        let words = words(line);
        let told = outcome(whole(), &words, &protocols);
        assert!(told.is_err(), "{line}: {told:?}");
        let named = definition::named(&protocols, &words).try_get_matches_from(&words);
        assert!(named.is_err(), "{line}: a command that is not there is not missed");
        let said = parse(&words, &protocols).map_err(|e| (e.render().ansi().to_string(), e.exit_code()));
        // A processor goes on in spite of words that it does not know.
        let goes_on = matches!(&said, Ok(Call { action: Action::Process { .. }, .. }));
        assert!(goes_on || said == told, "{line}: {said:?} is not {told:?}");
    }
}

#[test]
fn a_query_defines_no_command_but_its_own() {
    let protocols = builtin(&Settings::default());
    let commands = |words: &[&str]| -> Vec<String> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let named = definition::named(&protocols, &words);
        named.get_subcommands().map(|command| command.get_name().to_owned()).collect()
    };
    assert_eq!(commands(&["maillogs", "send"]), ["send"]);
    assert_eq!(commands(&["maillogs", "--config", "x", "update", "rbl"]), ["rbl", "update"]);
    assert_eq!(commands(&["maillogs", "sendlog", "send-log", "graphs"]), ["sendlog"]);
}

#[test]
fn the_help_of_a_protocol_tells_of_every_key() {
    let protocols = builtin(&Settings::default());
    let own = protocols.iter().map(|protocol| (protocol.name, protocol.own_counters().copied().collect()));
    let sections = protocols.iter().flat_map(|protocol| protocol.sections);
    for (name, counters) in own.chain(sections.map(|s| (s.name, s.counters.to_vec()))) {
        let counters: Vec<Counter> = counters;
        let help = call(&["maillogs", name, "--help"]).unwrap_err().to_string();
        let lines: Vec<&str> = help.lines().skip_while(|line| *line != "Keys:").skip(1).collect();
        let keys: Vec<&str> = lines
            .iter()
            .filter(|l| !l.starts_with("    "))
            .filter_map(|l| l.split_whitespace().next())
            .collect();
        assert_eq!(keys, counters.iter().map(|c| c.key).collect::<Vec<_>>());
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>().join(" ");
        let told = words(&help);
        for counter in &counters {
            assert!(told.contains(&words(&format!("{} {}", counter.key, counter.help))), "{}", counter.key);
        }
        // All texts begin in one column, also where they go on in a line of their own.
        let column = 4 + counters.iter().map(|c| c.key.len()).max().unwrap();
        for line in lines.iter().filter(|line| !line.is_empty()) {
            assert!(
                line.len() <= 100 && line.as_bytes()[column - 1] == b' ' && line.as_bytes()[column] != b' ',
                "{line}"
            );
        }
    }
}

#[test]
fn the_help_says_which_keys_do_not_only_grow() {
    let help = call(&["maillogs", "send", "--help"]).unwrap_err().to_string();
    let line =
        |key: &str| help.lines().find(|l| l.trim_start().starts_with(&format!("{key} "))).unwrap().to_owned();
    assert!(line("peak_remote").ends_with(" (gauge)"), "{help}");
    assert!(line("status_remotep").ends_with(" (sum)"), "{help}");
    assert!(!line("message_new").contains('('), "{help}");
}

#[test]
fn argv0_decides() {
    let sendlog = Action::Process { log: "sendlog".into(), force: false };
    for words in [&["sendlog"][..], &["./sendlog"], &["/usr/local/bin/sendlog"], &["maillogs", "sendlog"]] {
        assert_eq!(call(words).unwrap().action, sendlog, "{words:?}");
    }
    assert_eq!(call(&["sendlog", "--nonsense"]).unwrap().action, sendlog);
    assert_eq!(call(&["/x/maillogs", "send"]).unwrap().action, query(&["send"], "text", None));
    let asked = call(&["maillogs", "send", "delivery", "rbl", "--format", "json", "-o", "x"]).unwrap();
    assert_eq!(asked.action, query(&["send", "delivery", "rbl"], "json", Some("x")));
    assert_eq!(known_processor(Path::new("sendlog2"), &[]), None);
}

#[test]
fn a_name_of_a_plugin_is_that_plugin() {
    let munin = |part: &str, what: &str| Action::Munin(Munin { part: part.into(), what: what.into() });
    for (words, asked) in [
        (&["maillogs_send"][..], munin("send", "fetch")),
        (&["/etc/munin/plugins/maillogs_providers", "config"], munin("providers", "config")),
        (&["maillogs_", "autoconf"], munin("all", "autoconf")),
        (&["maillogs", "munin", "send", "config"], munin("send", "config")),
    ] {
        assert_eq!(call(words).unwrap().action, asked, "{words:?}");
    }
    // A protocol may be called anything, and Munin's plugins are no processors.
    let words: Vec<OsString> = ["/x/maillogs_catalog", "nonsense"].map(OsString::from).into();
    assert!(!may_be_processor(&words) && possible_processor(&words).is_none());
}

#[test]
fn the_perl_programs_options_are_taken() {
    let call = call(&["maillogs", "send", "-v", "-r"]).unwrap();
    assert!(call.verbose);
    assert_eq!(call.action, query(&["send"], "text", None));
}

/// Every command and option of the definition stands in the manual page and in the help, with all its values.
#[test]
fn the_manual_and_the_help_are_complete() {
    let manual = include_str!("../../../man/maillogs.1");
    // As mdoc has words, without its macros' punctuation.
    let words: Vec<&str> = manual.split(|c: char| c.is_whitespace() || c == '|' || c == ',').collect();
    // The usage lists the protocols; the manual may leave one out.
    let is_protocol = |word: &str| shipped().iter().any(|card| card.name == word);
    let has = |word: &str| words.contains(&word);
    let has_flag = |flag: &str| words.windows(2).any(|pair| pair == ["Fl", flag]);
    let mut root = definition::whole(&builtin(&Settings::default()));
    root.build();
    let mut met = 0;
    let commands: Vec<String> = root.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in commands {
        assert!(has(&name) || is_protocol(&name), "{name} is not in the manual");
        assert!(root.render_long_help().to_string().contains(&format!("  {name} ")), "{name}");
        let mut sub = root.find_subcommand(&name).expect("a command").clone();
        let help = sub.render_long_help().to_string();
        for arg in sub.get_arguments().filter(|arg| !arg.is_hide_set() && name != "help") {
            met += 1;
            if let Some(long) = arg.get_long() {
                assert!(has_flag(&format!("-{long}")), "{name}: --{long} is not in the manual");
                assert!(help.contains(&format!("--{long}")), "{name}: --{long}");
            }
            if let Some(short) = arg.get_short() {
                assert!(has_flag(&short.to_string()), "{name}: -{short} is not in the manual");
                assert!(help.contains(&format!("-{short}")), "{name}: -{short}");
            }
            let values = arg.get_possible_values();
            for value in values.iter().filter(|_| arg.get_action().takes_values()) {
                assert!(has(value.get_name()), "{name}: {} is not in the manual", value.get_name());
                assert!(help.contains(value.get_name()), "{name}: {}", value.get_name());
            }
        }
    }
    assert!(met > 50, "{met}");
    // The forms of a time, as `chart::when` reads them.
    let help = |name| call(&["maillogs", name, "--help"]).unwrap_err().to_string();
    let (graph, show) = (help("graph"), help("show"));
    for form in [
        "2026-03-01",
        "2026-03-01T08:00:30",
        "08:00",
        "08:00:30",
        "now",
        "today",
        "yesterday",
        "-2h",
        "+1d12h",
        "@1772352000",
    ] {
        assert!(graph.contains(form) && show.contains(form), "{form}");
        assert!(manual.replace("\\-", "-").contains(form), "{form}");
    }
}

#[test]
fn help_is_a_command_too() {
    for (words, shown) in [
        (&["maillogs", "help"][..], "Protocols and commands:"),
        (&["maillogs", "help", "graph"], "--from <TIME>"),
        (&["maillogs", "help", "send"], "message_bounce"),
    ] {
        let help = call(words).unwrap_err();
        assert_eq!((help.exit_code(), help.use_stderr()), (0, false), "{words:?}");
        assert!(help.to_string().contains(shown), "{words:?}: {help}");
    }
    assert_eq!(call(&["maillogs", "help", "nonsense"]).unwrap_err().exit_code(), 2);
}

#[test]
fn usage_errors_exit_with_2() {
    for words in [&["maillogs"][..], &["maillogs", "nonsense"], &["maillogs", "update", "nonsense"]] {
        assert_eq!(call(words).unwrap_err().exit_code(), 2, "{words:?}");
    }
}
