//! `[[rbl]]`, `[[counter]]`, `[protocol.NAME]`.

use super::*;
use crate::config::tables::RESERVED;

#[test]
fn the_examples_of_the_shipped_file_are_read() {
    let at = SHIPPED.find("# [[counter]]").unwrap();
    // What stands below a header and the header itself are examples, the rest is text.
    let mut example = false;
    let tables: String = SHIPPED[at..]
        .lines()
        .filter_map(|line| {
            let line = line.strip_prefix("# ").unwrap_or_default();
            example = line.starts_with('[') || (example && line.contains(" = "));
            example.then(|| format!("{line}\n"))
        })
        .collect();
    let config = sound(&tables);
    let keys: Vec<&str> = config.counters.iter().map(|counter| counter.key.as_str()).collect();
    assert_eq!(keys, ["quota", "upload_bytes"]);
    let upload = &config.counters[1];
    assert_eq!((upload.sum, upload.tag.as_deref()), (Some(1), Some(&b"vsftpd"[..])));
    assert!(upload.pattern.is_match(b"OK UPLOAD: Client \"192.0.2.1\", \"/a\", 123 bytes, 1.5Kbyte/sec"));
    assert_eq!(config.lists[0].name, "example_list");
    let [ftp, submit] = &config.protocols[..] else { panic!("{:?}", config.protocols) };
    assert_eq!((ftp.name.as_str(), ftp.about.as_str()), ("ftp", "uploads by FTP"));
    assert_eq!((&ftp.source, ftp.counter_file().as_str()), (&CustomSource::Syslog, "ftp.txt"));
    assert_eq!((ftp.like, submit.like, submit.name.as_str()), (None, Some("rbl"), "submit"));
}

#[test]
fn entries_know_their_lines() {
    let config = sound(
        "logs_base = '/logs'\n\n\
         [[counter]]\nprotocol = 'ftp'\nname = 'a'\nmatch = 'a'\n\n\
         # the source\n[protocol.ftp]\nsource = 'multilog:ftp'\n\
         [[counter]]\nname = 'b'\nprotocol = 'dns'\nmatch = 'b'\n\
         [[rbl]]\nname = 'x'\nmatch = 'x'\n[[rbl]]\nname = 'y'\nmatch = 'y'\n\
         [protocol.dns]\nsource = 'file:/var/log/dns'\n",
    );
    let origins: Vec<&str> = config.counters.iter().map(|counter| counter.origin.as_str()).collect();
    assert_eq!(origins, ["toaster.conf: line 3", "toaster.conf: line 11"]);
    assert_eq!(config.lists.iter().map(|list| list.line).collect::<Vec<_>>(), [15, 18]);
    let protocols: Vec<_> = config.protocols.iter().map(|p| (p.name.as_str(), p.line, &p.source)).collect();
    let [ftp, dns] = [CustomSource::Multilog("/logs/ftp".into()), CustomSource::File("/var/log/dns".into())];
    assert_eq!(protocols, [("ftp", 9, &ftp), ("dns", 21, &dns)]);
    // Written on one line each.
    let config = sound(
        "rbl = [{ name = 'x', match = 'x' },\n  { name = 'y', match = 'y' }]\n\
         protocol.ftp.source = 'syslog'\ncounter = [\n { protocol = 'ftp', name = 'a', match = 'a' } ]\n",
    );
    assert_eq!(config.lists.iter().map(|list| list.line).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((config.protocols[0].line, config.counters[0].origin.as_str()), (3, "toaster.conf: line 5"));
}

#[test]
fn all_protocols_are_the_built_in_ones_and_those_of_the_file() {
    let config = sound(
        "[protocol.zzz]\nsource = 'syslog'\n[protocol.aaa]\nsource = 'multilog:a'\n\
         [[counter]]\nprotocol = 'zzz'\nname = 'n'\nmatch = 'n'\n\
         [[counter]]\nprotocol = 'aaa'\nname = 'n'\nmatch = '(\\d+)'\nsum = 1\n\
         [[counter]]\nprotocol = 'send'\nname = 'n'\nmatch = 'n'\n",
    );
    let all = config.all_protocols();
    assert!(std::ptr::eq(all, config.all_protocols()), "they are made once");
    let names: Vec<&str> = all.iter().map(|p| p.name).collect();
    assert_eq!(names[names.len() - 2..], ["zzz", "aaa"]);
    assert_eq!(all.iter().filter(|p| p.index("n").is_some()).count(), 3);
    assert_eq!(all.last().unwrap().index("n_lines"), Some(1));
    assert_eq!([all[all.len() - 2].reads_syslog, all[all.len() - 1].reads_syslog], [true, false]);
}

/// What is said of a `[[counter]]` of `send`, named `x`, with `lines`.
fn of_counter(lines: &str) -> Vec<String> {
    let (config, problems) = read_text(&format!("\n[[counter]]\n{lines}\n"));
    assert!(config.counters.is_empty(), "{lines}");
    problems
}

#[test]
fn a_wrong_counter_is_left_out_and_its_line_named() {
    let send = "protocol = 'send'\n";
    let long = "a".repeat(33);
    for (lines, expected) in [
        ("name = 'x'\nmatch = 'x'".to_owned(), "protocol is missing"),
        (format!("{send}match = 'x'"), "name is missing"),
        (format!("{send}name = 'x'"), "match is missing"),
        (format!("{send}name = 'x'\nmatch = ''"), "match: it is empty"),
        (format!("{send}name = 'x'\nmatch = 7"), "match is not text; put it into quotes"),
        (format!("{send}name = 'x'\nmatch = '(x'"), "match: unclosed group in the regular expression"),
        (
            format!("{send}name = 'x'\nmatch = '(\\d{{999}}){{999}}'"),
            "match: it takes too much memory; repeat less in it",
        ),
        (
            format!("{send}name = 'X'\nmatch = 'x'"),
            "\"X\" is not a name: a letter of a to z, then at most 31 of a to z, 0 to 9 and _",
        ),
        (
            format!("{send}name = '{long}'\nmatch = 'x'"),
            "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\" is not a name: a letter of a to z, then at most 31 of a to z, \
             0 to 9 and _",
        ),
        (
            format!("{send}name = '../x'\nmatch = 'x'"),
            "\"../x\" is not a name: a letter of a to z, then at most 31 of a to z, 0 to 9 and _",
        ),
        (
            format!("{send}name = 'delivery'\nmatch = 'x'"),
            "there is a counter delivery already; choose another name",
        ),
        (
            format!("{send}name = 'delivery_last'\nmatch = 'x'"),
            "delivery_last is not for counters: older counter files use it; choose another name",
        ),
        (
            format!("{send}name = 'start_remote'\nmatch = 'x'"),
            "start_remote would share the data source start_remote; choose another name",
        ),
        (
            format!("{send}name = 'x'\nmatch = '(?<n>x)'\nsum = 'm'"),
            "sum: there is no group \"m\"; match has n",
        ),
        (
            format!("{send}name = 'x'\nmatch = '(x)'\nsum = 'm'"),
            "sum: there is no group \"m\"; match has none with a name, as (?<bytes>\\d+) has",
        ),
        (format!("{send}name = 'x'\nmatch = '(x)'\nsum = 2"), "sum: there is no group 2"),
        (format!("{send}name = 'x'\nmatch = '(x)'\nsum = 0"), "sum: there is no group 0"),
        (format!("{send}name = 'x'\nmatch = '(x)'\nsum = true"), "sum is not the name of a group of match"),
        (
            format!("{send}name = 'x'\nmatch = 'x'\nhelp = \"a\\nb\""),
            "help: \"a\\nb\" holds a control character or is not UTF-8",
        ),
        (
            format!("{send}name = 'x'\nmach = 'x'"),
            "there is no key \"mach\" here, only protocol, name, match, sum, tag, help; did you mean match?",
        ),
        ("protocol = 'queue'\nname = 'x'\nmatch = 'x'".into(), "queue is measured, not read from lines"),
    ] {
        let expected = format!("toaster.conf: line 2: counter: {expected}; it is left out");
        assert_eq!(of_counter(&lines), [expected], "{lines}");
    }
    let problem = &of_counter("protocol = 'sned'\nname = 'x'\nmatch = 'x'")[0];
    let beginning = "toaster.conf: line 2: counter: there is no protocol \"sned\", only send";
    assert!(problem.starts_with(beginning), "{problem}");
}

#[test]
fn problems_are_errors_and_the_other_entries_stay() {
    let text = "[[counter]]\nprotocol = 'send'\nname = 'x'\nmatch = 'x'\n\
                [[counter]]\nprotocol = 'send'\nname = 'y'\nmatch = '['\n\
                [[counter]]\nprotocol = 'send'\nname = 'x'\nmatch = 'z'\n\
                [[counter]]\nprotocol = 'send'\nname = 'z'\nmatch = '(z)'\nsum = 1\n\
                [[counter]]\nprotocol = 'send'\nname = 'z_lines'\nmatch = 'z'\n";
    let (config, problems) = Config::parse(text, Path::new("t"));
    let keys: Vec<&str> = config.counters.iter().map(|counter| counter.key.as_str()).collect();
    assert_eq!(keys, ["x", "z"]);
    assert!(problems.iter().all(|p| (p.severity, p.kind) == (Severity::Error, ProblemKind::Value)));
    assert_eq!(problems.iter().map(|p| p.line.unwrap()).collect::<Vec<_>>(), [5, 9, 18]);
}

#[test]
fn a_wrong_list_is_left_out() {
    for (lines, expected) in [
        ("name = 'a'", "match is missing"),
        ("match = 'a'", "name is missing"),
        (
            "name = 'a'\nmatch = '*'",
            "match: repetition operator missing expression in the regular expression",
        ),
        ("name = 'a'\nmatch = 'a'\nzone = 'a'", "there is no key \"zone\" here, only name, match"),
        (
            "name = 'a b'\nmatch = 'a'",
            "\"a b\" is not a name: a letter of a to z, then at most 31 of a to z, 0 to 9 and _",
        ),
    ] {
        let (config, problems) = read_text(&format!("[[rbl]]\n{lines}\n"));
        assert_eq!(problems, [format!("toaster.conf: line 1: rbl: {expected}; it is left out")]);
        assert!(config.lists.is_empty());
    }
    let (config, problems) =
        read_text("[[rbl]]\nname = 'a'\nmatch = 'a'\n[[rbl]]\nname = 'a'\nmatch = 'b'\n");
    let expected =
        "toaster.conf: line 4: rbl: there is a counter a already; choose another name; it is left out";
    assert_eq!((config.lists.len(), problems), (1, vec![expected.to_owned()]));
}

/// What is said of a protocol `header` with `lines`, and a counter of it.
fn of_protocol(name: &str, lines: &str) -> Vec<String> {
    let (config, problems) = read_text(&format!(
        "[protocol.{name}]\n{lines}\n[[counter]]\nprotocol = 'x'\nname = 'n'\nmatch = 'n'\n"
    ));
    assert_eq!(config.protocols, [], "{name} {lines}");
    problems
}

#[test]
fn a_wrong_protocol_is_left_out() {
    for (name, lines, expected) in [
        ("x", "", "source is missing"),
        ("x", "source = 1", "source is not text; put it into quotes"),
        (
            "x",
            "source = 'pipe'",
            "source \"pipe\" is none of \"syslog\", \"syslog:PATH\", \"multilog:DIR\" and \"file:PATH\"",
        ),
        ("x", "source = 'multilog:'", "source: the path is missing"),
        ("x", "source = 'file:../x'", "\"../x\" has \"..\" in it; write the whole path"),
        (
            "x",
            "source = 'multilog:send'",
            "\"/var/log/mail/send\" is another protocol's already; give that one a [[counter]]",
        ),
        (
            "x",
            "source = 'syslog'\nsauce = 1",
            "there is no key \"sauce\" here, only like, source, about; did you mean source?",
        ),
        ("graph", "source = 'syslog'", "maillogs graph has a meaning already; choose another name"),
        ("send", "source = 'syslog'", "maillogs send has a meaning already; choose another name"),
        (
            "spam",
            "source = 'syslog'",
            "its counter file spam.txt is that of logs_spam_count; choose another name",
        ),
        (
            "'a/b'",
            "source = 'syslog'",
            "\"a/b\" is not a name: a letter of a to z, then at most 31 of a to z, 0 to 9 and _",
        ),
    ] {
        let key = name.trim_matches('\'');
        let expected = format!("toaster.conf: line 1: protocol.{key}: {expected}; it is left out");
        // That the counter has no protocol now follows from it.
        assert_eq!(of_protocol(name, lines), [expected]);
    }
    for (first, second) in [("gate", "gatelog"), ("gatelog", "gate")] {
        let of = |name: &str| {
            format!(
                "[protocol.{name}]\nsource = 'syslog'\n[[counter]]\nprotocol = '{name}'\nname = 'n'\nmatch = 'n'\n"
            )
        };
        let (config, problems) = read_text(&(of(first) + &of(second)));
        assert_eq!(config.protocols.len(), 1);
        let expected =
            format!("protocol.{second}: maillogs {second} has a meaning already; choose another name");
        assert!(problems[0].contains(&expected), "{problems:?}");
    }
    let (config, problems) = read_text("[protocol.x]\nsource = 'syslog'\n");
    let expected = "toaster.conf: line 1: protocol.x: it counts nothing: no [[counter]] has protocol = \"x\"; \
                    it is left out";
    assert_eq!((config.protocols.len(), problems), (0, vec![expected.to_owned()]));
    let two = "[protocol.x]\nsource = 'multilog:d'\n[protocol.y]\nsource = 'multilog:/var/log/mail/d'\n";
    assert!(
        read_text(two).1[0].starts_with("toaster.conf: line 3: protocol.y: \"/var/log/mail/d\" is another")
    );
}

#[test]
fn what_is_no_table_is_said() {
    for (text, expected) in [
        ("rbl = 1", "rbl: it is not a [[rbl]]"),
        ("rbl = [1]", "rbl: it is not a table"),
        ("[rbl]\nname = 'x'", "rbl: it is not a [[rbl]]"),
        ("counter = 'x'", "counter: it is not a [[counter]]"),
        ("protocol = []", "protocol: it is not a [protocol.NAME]"),
        ("[protocol]\nftp = 1", "protocol.ftp: it is not a table"),
        ("[[protocol.ftp]]\nsource = 'syslog'", "protocol.ftp: it is not a table"),
        ("rbl = 99999999999999999999", "rbl: it is not a [[rbl]]"),
    ] {
        let (config, problems) = read_text(text);
        let line = if text.starts_with("[protocol]") { 2 } else { 1 };
        assert_eq!(problems, [format!("toaster.conf: line {line}: {expected}; it is left out")], "{text}");
        assert_eq!(acting(config), acting(Config::default()));
    }
}

#[test]
fn every_word_of_the_command_line_is_reserved() {
    let command = crate::commands::definition::whole(&[]);
    for word in command.get_subcommands().map(clap::Command::get_name) {
        assert!(RESERVED.contains(&word), "{word}");
    }
    assert!(RESERVED.is_sorted());
}

#[test]
fn regexes_are_of_bytes() {
    let config = sound(
        "[[counter]]\nprotocol = 'send'\nname = 'x'\nmatch = '(?i)caf.{2} \\w+$'\n\
         [[counter]]\nprotocol = 'send'\nname = 'y'\nmatch = 'caf\u{e9}'\n",
    );
    let matches = |at: usize, text: &[u8]| config.counters[at].pattern.is_match(text);
    assert!(
        matches(0, "CAF\u{e9} x".as_bytes()) && matches(0, b"caf\xff\xfe x") && !matches(0, b"caf\xff x")
    );
    assert!(matches(1, "caf\u{e9}".as_bytes()) && !matches(1, b"caf\xe9"));
}

#[test]
fn thresholds_are_read() {
    let config = sound(
        "[[alarm]]\nwarn = 'send.delivery_failure>5/min'\ncrit = 'send.failed > 50/min'\n[[alarm]]\ncrit = 'ftp.uploads < 1/day'\n\
         [[counter]]\nprotocol = 'ftp'\nname = 'uploads'\nmatch = 'x'\n[protocol.ftp]\nsource = 'syslog'\n",
    );
    let all: Vec<_> = config
        .alarms
        .iter()
        .map(|alarm| [&alarm.warn, &alarm.crit].map(|t| t.as_ref().map(ToString::to_string)))
        .collect();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        all,
        [
            [some("send.delivery_failure > 5/min"), some("send.failed > 50/min")],
            [None, some("ftp.uploads < 1/day")]
        ]
    );
    // Sections of a second instance have the families of the original.
    sound(
        "[[alarm]]\nwarn = 'second-providers.google.deferred>20%'\ncrit = 'second.deferred>20%'\n\
         [protocol.second]\nlike = 'send'\nsource = 'multilog:second'\n",
    );
    assert_eq!(sound("mail_command = '/x y'\n").mail_command, "/x y");
}

/// A roll goes on: a threshold changes nothing of what is counted and kept.
#[test]
fn a_wrong_threshold_is_told_with_its_line_and_stops_no_roll() {
    for (text, said) in [
        ("[[alarm]]\n", "line 1: alarm: warn and crit are missing; one of them is needed; it is left out"),
        ("[[alarm]]\nwarn = 5\n", "line 1: alarm: warn is not text; put it into quotes; it is left out"),
        (
            "[[alarm]]\nwarm = 'send.x>1'\n",
            "line 1: alarm: there is no key \"warm\" here, only warn, crit; did you mean warn?; it is left out",
        ),
        (
            "\n[[alarm]]\ncrit = 'send.x>1/h'\n",
            "line 2: alarm: crit: there is no counter x in send; `maillogs send --help` lists them; it is left out",
        ),
        (
            "[[alarm]]\ncrit = 'send.message_new>1'\n",
            "line 1: alarm: crit: send.message_new only grows: write how fast, as in send.message_new > 1/h; it is left out",
        ),
    ] {
        let (config, problems) = Config::parse(text, Path::new("t"));
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert_eq!(lines, [format!("t: {said}")], "{text}");
        assert!(problems[0].stops() && !problems[0].stops_a_roll() && config.alarms.is_empty(), "{text}");
    }
    let (_, lines) = read_text("[[alarm]]\nwarn = 'sends.x>1/h'\n");
    assert!(
        lines[0].contains("there is no protocol \"sends\", only send, ")
            && lines[0].contains("did you mean send?"),
        "{lines:?}"
    );
    let (_, lines) = read_text("reasons = false\n[[alarm]]\nwarn = 'reasons.expired>1/h'\n");
    assert!(lines[0].contains("there is no protocol \"reasons\""), "{lines:?}");
    // Where a table was left out that may define it, that was said.
    let (_, lines) = read_text("[protocol.ftp]\nsource = 'nowhere'\n[[alarm]]\nwarn = 'ftp.x>1/h'\n");
    assert_eq!(lines.len(), 1, "{lines:?}");
    let text = format!("[[alarm]]\nwarn = \"send.{}\u{7f}\\\"{{}}|>1/h\"\n", "x".repeat(400));
    let (_, lines) = read_text(&text);
    assert!(lines.len() == 1 && lines[0].len() < 500, "{lines:?}");
}
