//! Texts and files of a test's own directory; nothing of the machine's.

mod own;
mod print;

use super::find::LONGEST;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::document::Document;
use super::*;

/// The configuration of `text`, and what was wrong with it, one line each.
fn read_text(text: &str) -> (Config, Vec<String>) {
    let (config, problems) = Config::parse(text, Path::new("toaster.conf"));
    (config, problems.iter().map(Problem::to_string).collect())
}

/// As [`read_text`], of a text without problems.
fn sound(text: &str) -> Config {
    let (config, problems) = read_text(text);
    assert_eq!(problems, [""; 0], "{text}");
    config
}

/// Only what acts: where it was read and what else stood there left out.
fn acting(config: Config) -> Config {
    Config { file: None, raw: toml::Table::new(), origins: BTreeMap::new(), ..config }
}

fn dir_with(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

#[test]
fn the_shipped_file_holds_every_key_with_its_default() {
    assert_eq!(acting(sound(SHIPPED)), acting(sound("")));
    assert_eq!(acting(sound(SHIPPED)), acting(Config::default()));
    assert_eq!(Config::default().file, None);
    for key in keys::KEYS.iter() {
        let shown = |line: &str| line.trim_start_matches("# ").starts_with(&format!("{} = ", key.name));
        assert_eq!(SHIPPED.lines().filter(|line| shown(line)).count(), 1, "{}", key.name);
    }
    for (key, _) in keys::INACTIVE {
        assert!(SHIPPED.contains(key), "{key}");
    }
}

#[test]
fn the_examples_in_the_shipped_files_comments_are_read() {
    let commented =
        SHIPPED.replace("# logs_syslog", "logs_syslog").replace("# templates_dir", "templates_dir");
    let config = sound(&commented);
    assert_eq!(config.logs_syslog, Some(vec!["/var/log/maillog".to_owned()]));
    assert_eq!(config.logs_syslog_olddir, Some("/var/log/old".into()));
    assert_eq!(config.templates_dir, Some("/var/log/mail/templates".into()));
    assert_eq!(sound("logs_vchkpw_ports = { 2525 = \"smtp\" }").logs_vchkpw_ports[&2525], "smtp");
}

#[test]
fn defaults() {
    let config = Config::default();
    assert_eq!(config.logs_counters, Path::new("/var/log/mail/counters"));
    assert_eq!(config.log_dirs["logs_send_dirs"], [Path::new("/var/log/mail/send")]);
    assert_eq!(config.graphs_dir, Path::new("/var/log/mail/graphs"));
    assert_eq!((config.counter_bits, config.rrd_step, config.logs_tai_offset), (64, 60, None));
    assert!(config.logs_taifiles && config.logs_archive && !config.logs_archive_untai);
}

#[test]
fn paths_are_below_logs_base_unless_absolute() {
    let config = sound(
        "logs_send_dirs = ['send', '/srv/send2']\nrrd_dir = '/rrd'\nlogs_counters = 'c'\nlogs_base = '/logs'\n",
    );
    assert_eq!(config.log_dirs["logs_send_dirs"], [Path::new("/logs/send"), Path::new("/srv/send2")]);
    assert_eq!(config.rrd_dir, Path::new("/rrd"));
    assert_eq!(config.logs_counters, Path::new("/logs/c"));
}

#[test]
fn zero_and_one_are_false_and_true() {
    for (text, expected) in [("0", false), ("1", true), ("false", false), ("true", true)] {
        for bare in ["", "logs_base = /logs\n"] {
            let text = format!("{bare}logs_archive_untai = {text}  # a comment\n");
            assert_eq!(sound(&text).logs_archive_untai, expected, "{text}");
        }
    }
}

#[test]
fn the_originals_form() {
    let config = sound(
        "# Mail::Toaster\n\
         logs_base             = /logs       # where they are\n\
         logs_user             = \"qmaill2\"\n\
         logs_group            = 'g#1'\n\
         logs_taifiles         = 0           #\n\
         logs_supervise        = /var/qmail/supervise\n\
         logs_smtp_dirs        = smtp, submit /srv/smtps\n\
         logs_vchkpw_ports     = 2525=smtp 1430=imap\n\
         logs_pop3_count       =             # empty is not set\n\
         logs_web_count        = 7\n\
         logs_web_count        = 8\n\
         toaster_admin_email   = me@example.com\n\
         toaster_hostname      = mail.example.com\n",
    );
    assert_eq!(config.logs_base, Path::new("/logs"));
    assert_eq!((config.logs_user.as_str(), config.logs_group.as_str()), ("qmaill2", "g#1"));
    assert!(!config.logs_taifiles);
    let dirs = ["/logs/smtp", "/logs/submit", "/srv/smtps"];
    assert_eq!(config.log_dirs["logs_smtp_dirs"], dirs.map(Path::new));
    assert_eq!(config.logs_vchkpw_ports[&1430], "imap");
    assert_eq!(
        (config.counter_files["logs_pop3_count"].as_str(), config.counter_files["logs_web_count"].as_str()),
        ("pop3.txt", "8")
    );
    assert_eq!(config.toaster_admin_email, "me@example.com");
    assert_eq!(config.toaster_hostname.as_deref(), Some("mail.example.com"));
    assert_eq!(config.inactive().map(|(key, _)| key).collect::<Vec<_>>(), ["logs_supervise"]);
}

#[test]
fn tables_may_stand_below_keys_of_the_originals_form() {
    let keys = "logs_base = /logs  # bare\nlogs_user = 'me'\nrbl = 1\n";
    let (config, problems) = read_text(&format!("{keys}[[rbl]]\nname = 'x'\nmatch = 'x'\n"));
    assert_eq!(problems, [""; 0]);
    assert_eq!((config.logs_base.as_path(), config.logs_user.as_str()), (Path::new("/logs"), "me"));
    assert_eq!((config.lists.len(), config.lists[0].line), (1, 4));
    // What is wrong there spoils no key.
    let (config, problems) = read_text(&format!("{keys}[[rbl]]\nname = x\n"));
    assert_eq!((config.logs_base.as_path(), config.lists.len()), (Path::new("/logs"), 0));
    assert!(problems[0].starts_with("toaster.conf: line 5: "), "{problems:?}");
    // Neither form above, so that it is TOML gone wrong.
    let (_, problems) = read_text("logs_base = /logs\nlogs_user\n[[rbl]]\nname = 'x'\nmatch = 'x'\n");
    assert!(problems.len() >= 2, "{problems:?}");
}

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
        ("rrd_step = 0", "0 is not a number from 1 to 86400"),
        ("rrd_step = 7", "a day is not a multiple of 7 seconds; 60 and 300 are usual"),
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
        let then = if looks { "; the default is used" } else { "" };
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
            "line 1: rlb: there is no such table, only [[counter]], [[rbl]], [protocol.NAME]",
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
            "line 1: other: there is no such table, only [[counter]], [[rbl]], [protocol.NAME]",
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
fn syslog_may_be_several_files_and_journals() {
    let all = ["/var/log/maillog", "/var/log/dovecot.log", "journald:/srv/journal"].map(String::from);
    let config =
        sound("logs_syslog = ['/var/log/maillog', '/var/log/dovecot.log', 'journald:/srv/journal']\n");
    assert_eq!(config.logs_syslog.as_deref(), Some(&all[..]));
    let config =
        sound("logs_base = /l\nlogs_syslog = /var/log/maillog, /var/log/dovecot.log journald:/srv/journal\n");
    assert_eq!(config.logs_syslog.as_deref(), Some(&all[..]));
    assert_eq!(sound("logs_syslog = 'journald'\n").logs_syslog, Some(vec!["journald".into()]));
    assert_eq!(sound("logs_syslog = []\n").logs_syslog, Some(vec![]));
    assert_eq!(sound("").logs_syslog, None);
}

#[test]
fn indimail_has_several_queues() {
    let queues = ["/var/indimail/queue/queue1", "/var/indimail/queue/queue2"];
    let config = sound(&format!("qmail_queue_dir = {queues:?}\n"));
    assert_eq!(config.qmail_queue_dir, queues.map(PathBuf::from));
    assert_eq!(sound("qmail_queue_dir = '/q'\n").qmail_queue_dir, [Path::new("/q")]);
    assert_eq!(sound("logs_base = /l\nqmail_queue_dir = /q\n").qmail_queue_dir, [Path::new("/q")]);
}

#[test]
fn mail_toasters_other_log_methods_are_multilogs() {
    for method in ["debug", "stats", "disabled"] {
        assert_eq!(sound(&format!("smtpd_log_method = {method}\n")).smtpd_log_method, LogMethod::Multilog);
    }
}

#[test]
fn settings_are_what_classifiers_need() {
    let settings = sound(
        "send_log_method = 'syslog'\nlogs_spamdyke = 'syslog'\nwebmail_loopback = 'all'\n\
         logs_vchkpw_ports = { 2525 = 'smtp' }\n[[rbl]]\nname = 'mine'\nmatch = 'bl\\.mine'\n",
    )
    .settings();
    assert!(settings.send_in_syslog && !settings.smtpd_in_syslog && settings.spamdyke_in_syslog);
    assert!(settings.webmail_loopback_all);
    assert_eq!(settings.vchkpw_ports[&2525], "smtp");
    let [(name, pattern)] = &settings.lists[..] else { panic!("{:?}", settings.lists) };
    assert_eq!(name, "mine");
    assert!(pattern.is_match(b"see http://BL.Mine/") && !pattern.is_match(b"blxmine"));
    let settings = sound("smtpd_log_method = 'syslog'\n").settings();
    assert!(settings.smtpd_in_syslog && !settings.send_in_syslog && !settings.webmail_loopback_all);
}

#[test]
fn what_is_neither_form_is_reported_and_the_rest_is_read() {
    // An open quote, an open list and a line without `=` are TOML gone wrong, not the original's form.
    for (text, line) in [
        ("logs_base = '/logs'\nlogs_user = 'x\nlogs_group = 'g'\n", 2),
        ("logs_base = '/logs'\nlogs_group = 'g'\nlogs_user\n", 3),
        ("logs_base = '/logs'\nlogs_group = 'g'\n[[counter]\n", 3),
        ("logs_base = '/logs'\nlogs_group = 'g'\nlogs_send_dirs = ['send'\n", 3),
        ("logs_base = '/logs'\nlogs_group = 'g'\n[[counter]]\nname = x\n", 4),
    ] {
        let (config, problems) = Config::parse(text, Path::new("t"));
        let first = &problems[0];
        assert_eq!((first.severity, first.kind), (Severity::Error, ProblemKind::Syntax), "{text}");
        assert!(problems.iter().any(|p| p.line == Some(line)), "{text}: {problems:?}");
        assert_eq!((config.logs_base.as_path(), config.logs_group.as_str()), (Path::new("/logs"), "g"));
    }
}

#[test]
fn two_protocols_have_two_counter_files() {
    let (config, problems) = read_text("logs_smtp_count = 'smtp_rbl.txt'\n");
    assert_eq!(
        problems,
        ["toaster.conf: line 1: logs_smtp_count: \"smtp_rbl.txt\" is the file of logs_rbl_count too"]
    );
    assert_eq!(config.counter_files["logs_smtp_count"], "smtp_auth.txt");
    // Going back to the default may meet the next one.
    let (config, problems) = read_text("logs_send_count = 'pop3.txt'\nlogs_imap_count = 'send.txt'\n");
    assert_eq!(
        (config.counter_files["logs_send_count"].as_str(), config.counter_files["logs_imap_count"].as_str()),
        ("send.txt", "imap.txt")
    );
    assert_eq!(problems.len(), 2);
    // Changing places is fine.
    sound("logs_send_count = 'pop3.txt'\nlogs_pop3_count = 'send.txt'\n");
}

#[test]
fn the_named_file_is_read_before_the_usual_places() {
    let dir = dir_with(&[("a", "logs_user = 'a'"), ("b", "logs_user = 'b'"), ("c", "logs_user = 'c'")]);
    let path = |name: &str| dir.path().join(name);
    let places = [path("missing"), path("c")];
    let places: Vec<&Path> = places.iter().map(PathBuf::as_path).collect();
    let user = |explicit: Option<PathBuf>, variable: Option<PathBuf>| {
        let (config, problems) =
            Config::search(explicit.as_deref(), variable.map(PathBuf::into_os_string), &places);
        (config.logs_user, config.file, problems.len())
    };
    assert_eq!(user(Some(path("a")), Some(path("b"))), ("a".into(), Some(path("a")), 0));
    assert_eq!(user(None, Some(path("b"))), ("b".into(), Some(path("b")), 0));
    assert_eq!(user(None, Some(PathBuf::new())), ("c".into(), Some(path("c")), 0));
    assert_eq!(user(None, None), ("c".into(), Some(path("c")), 0));
    assert_eq!(user(Some(path("missing")), None), ("qmaill".into(), None, 1));
    assert_eq!(user(None, Some(path("missing"))), ("qmaill".into(), None, 1));
}

#[test]
fn without_any_file_the_defaults_hold() {
    assert_eq!(Config::search(None, None, &[]), (Config::default(), Vec::new()));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error() {
    let long = "#".repeat(LONGEST as usize + 1);
    let dir = dir_with(&[("long", &long), ("full", &long[1..])]);
    for (name, why) in [("", "directory"), ("long", "more than 1048576 bytes")] {
        let file = dir.path().join(name);
        for (config, problems) in
            [Config::search(Some(&file), None, &[]), Config::search(None, None, &[&file])]
        {
            assert_eq!(config, Config::default());
            assert_eq!((problems[0].severity, problems[0].kind), (Severity::Error, ProblemKind::File));
            assert!(problems[0].to_string().contains(why), "{}", problems[0]);
        }
    }
    let full = dir.path().join("full");
    assert_eq!(Config::search(Some(&full), None, &[]).1, []);
}

#[test]
fn an_empty_or_damaged_file_is_not_the_defaults() {
    for (text, why) in [
        ("", "it is empty"),
        (" \n\t\n", "it is empty"),
        ("\0\0\0\0", "it is empty"),
        ("logs_base = '/logs'\n\0\0\0", "line 2 holds NUL bytes"),
        ("# a comment\n# anoth\0\0", "line 2 holds NUL bytes"),
    ] {
        let dir = dir_with(&[("t", text)]);
        let file = dir.path().join("t");
        for (config, problems) in
            [Config::search(Some(&file), None, &[]), Config::search(None, None, &[&file])]
        {
            assert_eq!(config.file, None, "{text:?}");
            assert!(problems[0].stops_a_roll() && problems[0].to_string().contains(why), "{}", problems[0]);
        }
    }
    // All of the shipped file may be a comment.
    let dir = dir_with(&[("t", "# logs_base = '/logs'\n")]);
    let file = dir.path().join("t");
    let (config, problems) = Config::search(Some(&file), None, &[]);
    assert_eq!((config.file.as_deref(), problems.len()), (Some(file.as_path()), 0));
    assert_eq!(Config::search(Some(Path::new("/dev/null")), None, &[]).1, []);
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

#[test]
fn toaster_watcher_conf_that_cannot_be_read_matters_where_it_may_say_something() {
    // A directory can be read by nobody, root included.
    for (text, severity) in [
        ("logs_base = '/logs'\n", Severity::Error),
        ("send_log_method = 'syslog'\n", Severity::Error),
        (
            "send_log_method = 'syslog'\nsmtpd_log_method = 'syslog'\npop3_log_method = 'syslog'\n",
            Severity::Warning,
        ),
    ] {
        let dir = dir_with(&[("toaster.conf", text)]);
        std::fs::create_dir(dir.path().join("toaster-watcher.conf")).unwrap();
        let (_, problems) = Config::search(Some(&dir.path().join("toaster.conf")), None, &[]);
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].kind, problems[0].severity), (ProblemKind::File, severity), "{text}");
    }
}

#[test]
fn toaster_watcher_conf_fills_in_its_keys() {
    let dir = dir_with(&[
        ("toaster.conf", "pop3_log_method = multilog\n"),
        (
            "toaster-watcher.conf",
            "send_log_method = syslog # verbose\npop3_log_method = syslog\nlogs_base = /not/from/here\n\
             logs_bse = 1\ntoaster_admin_email = me@example.com\nsmtpd_log_method = nonsense\n",
        ),
    ]);
    let (config, problems) = Config::search(Some(&dir.path().join("toaster.conf")), None, &[]);
    assert_eq!((config.send_log_method, config.pop3_log_method), (LogMethod::Syslog, LogMethod::Multilog));
    assert_eq!(config.toaster_admin_email, "me@example.com");
    assert_eq!(config.logs_base, Path::new("/var/log/mail"));
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].key.as_deref(), Some("smtpd_log_method"));
    assert_eq!(problems[0].file, dir.path().join("toaster-watcher.conf"));
    assert_eq!(problems[0].line, Some(6));
}

#[test]
fn bytes_that_are_no_utf_8_spoil_only_their_value() {
    let dir = dir_with(&[]);
    let file = dir.path().join("toaster.conf");
    std::fs::write(&file, b"# gr\xfc\xdfe\nlogs_user = x\xff\nlogs_group = g\n").unwrap();
    let (config, problems) = Config::search(Some(&file), None, &[]);
    assert_eq!((config.logs_user.as_str(), config.logs_group.as_str()), ("qmaill", "g"));
    assert_eq!(problems.len(), 1);
}

#[test]
fn a_byte_order_mark_and_carriage_returns_are_no_matter() {
    assert_eq!(sound("\u{feff}logs_user = 'x'\r\nlogs_group = 'g'\r\n").logs_user, "x");
    assert_eq!(sound("\u{feff}logs_user = x\r\nlogs_group = g\r\n").logs_user, "x");
}

#[test]
fn half_of_a_table_does_not_pass_for_the_whole() {
    let (config, problems) = read_text("[[counter]]\nname = 'x'\nmatch = y\n");
    assert_eq!(problems.len(), 1);
    assert!(config.raw.is_empty(), "{:?}", config.raw);
    let (config, _) = read_text("logs_vchkpw_ports = { 2525 = 'smtp' }\n[[counter]]\nmatch = y\n");
    assert_eq!(config.logs_vchkpw_ports.len(), 1);
}

#[test]
fn hostile_files_take_neither_the_stack_nor_all_day() {
    let started = std::time::Instant::now();
    let many: String = (0..3_000).map(|n| format!("logs_{n} = {n}\n")).collect();
    read_text(&many);
    read_text(&many.replace("= ", "= x"));
    read_text(&many.replace("= ", "== "));
    read_text(&"logs_user = x\n".repeat(3_000));
    for text in ["[", "{a=", "a.", "[[", "'", "\"\"\"", "#", "\n"] {
        read_text(&format!("a = {}", text.repeat(50_000)));
        read_text(&text.repeat(50_000));
    }
    assert!(started.elapsed().as_secs() < 60);
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in "[a-z_=\"'\\[\\]{}#.,0-9 \n\u{e9}]{0,200}") {
        let (config, _) = read_text(&text);
        proptest::prop_assert!(config.logs_base.is_absolute());
    }
}
