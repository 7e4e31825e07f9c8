//! What is wrong in a file: what is said of it, and what it stops.
use super::*;

#[test]
fn a_wrong_value_keeps_the_default_and_names_its_line() {
    for (value, expected) in [
        ("logs_taifiles = 2", "2 is neither 0 or 1 nor false or true"),
        ("logs_taifiles = 'yes'", "\"yes\" is neither 0 or 1 nor false or true"),
        ("logs_base = 'logs'", "\"logs\" does not begin with /"),
        ("logs_base = 7", "7 is not text; put it into quotes"),
        ("logs_user = ''", "it is empty"),
        ("logs_user = \"a\\nb\"", "\"a\\nb\" holds a control character or is not UTF-8"),
        ("logs_group = 'a b'", "\"a b\" is not the name of a user or group"),
        ("logs_send_dirs = 'send'", "\"send\" is not a list of texts, as [\"send\", \"send2\"] is"),
        ("logs_send_dirs = [1]", "a list is not a list of texts, as [\"send\", \"send2\"] is"),
        ("logs_send_dirs = ['a', 'a']", "\"a\" stands in it twice"),
        ("logs_send_dirs = ['../etc']", "\"../etc\" has \"..\" in it; write the whole path"),
        ("logs_send_count = '../x'", "\"../x\" is not a plain file name; the directory is logs_counters"),
        ("logs_send_count = '..'", "\"..\" is not a plain file name; the directory is logs_counters"),
        ("logs_send_count = 'a/'", "\"a/\" is not a plain file name; the directory is logs_counters"),
        (
            "logs_syslog = 'maillog'",
            "\"maillog\" is neither a path that begins with / nor \"journald\" nor \"journald:/DIRECTORY\"",
        ),
        (
            "logs_syslog = ['/a', 'journald:x']",
            "\"journald:x\" is neither a path that begins with / nor \"journald\" nor \"journald:/DIRECTORY\"",
        ),
        ("logs_syslog = ['/a', '/b', '/a']", "\"/a\" stands in it twice"),
        ("logs_syslog = 1", "1 is not a list of texts, as [\"send\", \"send2\"] is"),
        ("logs_syslog_olddir = 'old'", "\"old\" does not begin with /"),
        ("qmail_queue_dir = 'queue'", "\"queue\" does not begin with /"),
        ("qmail_queue_dir = ['/q', '/q']", "\"/q\" stands in it twice"),
        ("qmail_queue_dir = ['/q/../r']", "\"/q/../r\" has \"..\" in it; write the whole path"),
        ("logs_queue_count = 'a/b'", "\"a/b\" is not a plain file name; the directory is logs_counters"),
        ("logs_tai_offset = 4611686018427387914", "4611686018427387914 is not a number from 0 to 255"),
        ("logs_tai_offset = 99999999999999999999", "a number beyond 64 bits is not a number from 0 to 255"),
        ("logs_archive_days = 0", "0 is not a number from 1 to 36500"),
        ("logs_archive_days = 1.5", "1.5 is not a number from 1 to 36500"),
        ("counter_bits = 16", "16 is neither 32 nor 64"),
        ("rrd_step = 10", "10 is not a number from 60 to 300"),
        ("rrd_step = 3600", "3600 is not a number from 60 to 300"),
        ("rrd_step = 90", "90 is none of 60, 75, 100, 150 and 300"),
        ("send_log_method = 'file'", "\"file\" is neither \"multilog\" nor \"syslog\""),
        ("webmail_loopback = 1", "1 is not text; put it into quotes"),
        ("logs_vchkpw_ports = { 0 = 'smtp' }", "\"0\" is not a port from 1 to 65535"),
        (
            "logs_vchkpw_ports = { 25 = 'x' }",
            "\"x\" is none of smtp, smtps, submission, pop3, pop3s, imap, imaps, webmail",
        ),
        ("toaster_hostname = '<b>'", "\"<b>\" is not the name of a host"),
        ("toaster_admin_email = '-oQ/tmp'", "\"-oQ/tmp\" is not a mail address"),
    ] {
        let (config, problems) = read_text(&format!("\n{value}\n"));
        let key = value.split(' ').next().unwrap();
        let looks = ["counter_bits", "toaster_hostname", "toaster_admin_email"].contains(&key);
        let then = if looks { "; a roll takes the default" } else { "" };
        let expected = format!("toaster.conf: line 2: {key}: {expected}{then}");
        assert_eq!(problems, [expected]);
        assert_eq!(acting(config), acting(Config::default()), "{value}");
    }
}

#[test]
fn unknown_keys_of_ours_are_warned_of_with_the_nearest_name() {
    let (config, problems) = Config::parse(
        "logs_bse = '/x'\nrrd_setp = 300\ngraphs_of_the_moon = 1\ninstall_qmail = 1\nlogs_isoqlog = 1\n",
        Path::new("t"),
    );
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    assert_eq!(
        lines,
        [
            "t: line 1: logs_bse: there is no such key; did you mean logs_base?",
            "t: line 2: rrd_setp: there is no such key; did you mean rrd_step?",
            "t: line 3: graphs_of_the_moon: there is no such key; take it out, or see the shipped toaster.conf for the keys that exist",
        ]
    );
    assert!(problems.iter().all(|p| (p.kind, p.severity) == (ProblemKind::UnknownKey, Severity::Warning)));
    // With the default of what was most likely meant, another store would be written.
    assert_eq!(problems.iter().map(Problem::stops).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(acting(config), acting(Config::default()));
}

#[test]
fn tables_with_wrong_names_are_errors() {
    for (text, said) in [
        ("[[counters]]\nname = 'x'\n", "line 1: counters: there is no such table; did you mean [[counter]]?"),
        (
            "[protcol.x]\nsource = 'syslog'\n",
            "line 1: protcol: there is no such table; did you mean [protocol.NAME]?",
        ),
        (
            "protocl.x.source = 'syslog'\n",
            "line 1: protocl: there is no such table; did you mean [protocol.NAME]?",
        ),
        (
            "[[rlb]]\nname = 'x'\n",
            "line 1: rlb: there is no such table, only [[counter]], [[rbl]], [protocol.NAME], [[alarm]]",
        ),
        (
            "logs_base = /logs # bare\n[[rbls]]\nname = 'x'\n",
            "line 2: rbls: there is no such table; did you mean [[rbl]]?",
        ),
        (
            "[general]\nlogs_base = '/logs'\nrrd_step = 300\n",
            "line 1: general: there is no such table; logs_base and all other keys stand above the tables, without a header: take the line [general] out",
        ),
        (
            "[other]\nx = 1\n",
            "line 1: other: there is no such table, only [[counter]], [[rbl]], [protocol.NAME], [[alarm]]",
        ),
        ("[counter]\nname = 'x'\n", "line 1: counter: it is not a [[counter]]; it is left out"),
        (
            "[[rbl]]\nname = 'x'\nmatch = 'x'\nlogs_base = '/logs'\n",
            "line 1: rbl: logs_base does not belong into a table; move it above all tables; it is left out",
        ),
    ] {
        let (config, problems) = Config::parse(text, Path::new("t"));
        let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
        assert_eq!(lines, [format!("t: {said}")]);
        assert!(problems[0].severity == Severity::Error && problems[0].stops_a_roll(), "{text}");
        assert!(config.logs_base == Path::new("/var/log/mail") || text.starts_with("logs_base = /logs"));
    }
    // Mail::Toaster's own file has keys that we do not know, and no tables.
    sound("vpopmail_user = vpopmail\ninstall_isoqlog = 1\ncounters = 7\nprotcol = x\n");
}

#[test]
fn a_key_that_is_given_twice_is_an_error_with_both_lines() {
    for (text, line, key, first) in [
        ("logs_base = '/a'\nrrd_step = 60\n\nlogs_base = '/b'\n", 4, "logs_base", 1),
        ("vpopmail_user = 'a'\nvpopmail_user = 'a'\n", 2, "vpopmail_user", 1),
        ("[protocol]\nx.source = 'syslog'\n[protocol.x]\nabout = 'y'\n", 3, "protocol.x", 2),
        ("[protocol.x]\nsource = 'syslog'\n[protocol.x] # again\nabout = 'y'\n", 3, "protocol.x", 1),
        ("protocol.x.source = 'syslog'\n[protocol.x]\nabout = 'y'\n", 2, "protocol.x", 1),
        ("[protocol.x]\nsource = 'syslog'\n[protocol]\nx.about = 'b'\n", 4, "protocol.x", 1),
        ("[protocol.x]\nsource = 'a'\nabout = 'a'\n'about' = 'b'\n", 4, "protocol.x.about", 3),
        ("[[counter]]\nname = 'a'\n[[counter]]\nname = 'c'\n\nname = 'b'\n", 6, "counter.name", 4),
        ("[[counter]]\nname = 'a'\n[counter]\nname = 'b'\n", 3, "counter", 1),
        ("protocol = { x = { source = 's' } }\n[protocol.x]\nabout = 'a'\n", 2, "protocol", 1),
        ("rrd_step = 60\n[rrd_step]\nb = 2\n", 2, "rrd_step", 1),
        ("rrd_step = 60\nrrd_step.b = 2\n", 2, "rrd_step", 1),
    ] {
        let (_, problems) = Config::parse(text, Path::new("t"));
        let said = format!(
            "t: line {line}: {key}: it is given twice, on line {first} and here; take one of them out"
        );
        assert_eq!(problems[0].to_string(), said, "{text}");
        assert!(problems[0].stops_a_roll(), "{text}");
    }
    // In one line there is no other to name.
    let (_, problems) = read_text("logs_vchkpw_ports = { 25 = 'smtp', 25 = 'smtp' }\n");
    assert_eq!(problems, ["toaster.conf: line 1: duplicate key"]);
    // In the original's form the last one holds, as the Perl program has it.
    assert_eq!(sound("logs_base = /a\nx = 1\nx = 2\nlogs_base = /b\n").logs_base, Path::new("/b"));
}

#[test]
fn what_follows_from_an_error_is_no_second_one() {
    let counter = "[[counter]]\nprotocol = 'x'\nname = 'n'\nmatch = 'n'\n";
    for text in [
        format!("[protcol.x]\nsource = 'syslog'\n{counter}"),
        format!("[protocol.x]\nsource = 'multilog'\n{counter}"),
        format!("[protocol.x]\nsource = 'syslog'\n{}", counter.replace("counter", "counters")),
        format!("[protocol.x]\nsource = 'syslog'\nsource = 'syslog'\n{counter}"),
    ] {
        assert_eq!(read_text(&text).1.len(), 1, "{text}: {:?}", read_text(&text).1);
    }
}

#[test]
fn only_looks_do_not_stop_a_roll() {
    for (text, stops, stops_a_roll) in [
        ("counter_bits = 16\n", true, false),
        ("toaster_hostname = '<b>'\n", true, false),
        ("logs_verbose = 7\n", true, false),
        ("rrd_step = 7\n", true, true),
        ("logs_archive = 'perhaps'\n", true, true),
        ("logs_send_count = '../x'\n", true, true),
        ("logs_base = '/logs\n", true, true),
        ("[[counter]]\nprotocol = 'send'\nname = 'x'\nmatch = '('\n", true, true),
        ("[protocol.empty]\nsource = 'syslog'\n", true, true),
        // A name that is nearly one of ours, for what would be kept somewhere else, or not.
        ("rrd_stp = 300\n", true, true),
        ("logs_bas = '/logs'\n", true, true),
        ("logs_archiv = 0\n", true, true),
        ("[[counters]]\nprotocol = 'send'\nname = 'x'\nmatch = 'x'\n", true, true),
        ("[protocols.x]\nsource = 'syslog'\n", true, true),
        ("logs_taifile = 1\n", false, false),
        ("logs_of_others = 1\n", false, false),
        ("rbls = 'none'\ninstall_qmail = 1\n", false, false),
    ] {
        let (_, problems) = Config::parse(text, Path::new("t"));
        let found = |stops: fn(&Problem) -> bool| problems.iter().any(stops);
        assert_eq!((found(Problem::stops), found(Problem::stops_a_roll)), (stops, stops_a_roll), "{text}");
    }
}
