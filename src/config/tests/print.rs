//! `maillogs config`, and the original's form as TOML.

use super::*;
use crate::config::print::{convert, fails, in_force};
use std::collections::BTreeSet;

/// As [`acting`], with what only tells where something stands left out.
fn meaning(config: Config) -> Config {
    let mut config = acting(config);
    config.lists.iter_mut().for_each(|list| list.line = 0);
    config.protocols.iter_mut().for_each(|protocol| protocol.line = 0);
    config.counters.iter_mut().for_each(|counter| counter.origin.clear());
    config.alarms.iter_mut().for_each(|alarm| alarm.line = 0);
    config
}

/// The file of a Mail::Toaster of 2006 to 2020.
const ORIGINAL: &str = include_str!("../../../tests/data/config/perl-toaster.conf");

/// Every key and every table, nothing at its default.
const FULL: &str = include_str!("../../../tests/data/config/full.conf");

#[test]
fn the_perl_maillogs_file_is_read_without_a_word() {
    let config = sound(ORIGINAL);
    assert_eq!(config.logs_base, Path::new("/logs/mail"));
    assert_eq!(config.logs_counters, Path::new("/logs/mail/counts"));
    assert_eq!((config.logs_user.as_str(), config.logs_group.as_str()), ("qlog", "nofiles"));
    assert!(config.logs_archive_purge && !config.logs_taifiles && config.logs_archive);
    assert_eq!((config.send_log_method, config.pop3_log_method), (LogMethod::Syslog, LogMethod::Syslog));
    assert_eq!(
        (config.counter_files["logs_send_count"].as_str(), config.counter_files["logs_web_count"].as_str()),
        ("send2.txt", "webmail.txt")
    );
    let inactive: BTreeSet<_> = config.inactive().map(|(key, _)| key).collect();
    let expected = ["logs_debug", "logs_isoqlog", "logs_pop3d", "logs_supervise", "qmailanalog_bin"];
    assert_eq!(inactive, BTreeSet::from(expected));
    let other = |key: &str| config.raw[key].clone();
    assert_eq!(other("web_heading_text"), "Mail Center of \"Example\" & Co".into());
    assert_eq!(other("admin_adminhost"), "mail1.example.net".into());
    assert_eq!(other("rbl_bl.example.org"), 1.into());
    assert_eq!(other("install_vpopmail"), "5.4.13".into());
}

#[test]
fn the_perl_maillogs_file_as_toml_means_the_same() {
    let toml = convert(ORIGINAL, Path::new("t")).unwrap();
    let table: toml::Table = toml.parse().unwrap();
    assert_eq!(table, sound(ORIGINAL).raw);
    assert_eq!(meaning(sound(&toml)), meaning(sound(ORIGINAL)));
    // A line is a line, and its comment stays.
    assert_eq!(toml.lines().count(), ORIGINAL.lines().count());
    for (old, new) in ORIGINAL.lines().zip(toml.lines()) {
        let comment = |line: &str| line.rsplit_once(" # ").map(|(_, comment)| comment.to_owned());
        assert_eq!(comment(old), comment(new), "{old}");
    }
    for line in [
        "logs_base          = \"/logs/mail\"          # where all logs live",
        "logs_taifiles      = 0                     # the @....s files are not kept",
        "\"rbl_bl.example.org\"             = 1",
        "install_roundcube_db_pass      = \"s3cr#t@x\"",
        "# logs_send_count    = old.txt",
        "# logs_web_count     =                       # empty: the default",
    ] {
        assert!(toml.lines().any(|l| l == line), "{line}\n{toml}");
    }
    // What is TOML already stays as it is.
    assert_eq!(convert(&toml, Path::new("t")).unwrap(), toml);
}

#[test]
fn lists_and_tables_of_bare_words_become_toml() {
    for (line, expected) in [
        (
            "logs_smtp_dirs = smtp, submit /srv/smtps",
            "logs_smtp_dirs = [\"smtp\", \"submit\", \"/srv/smtps\"]",
        ),
        ("logs_send_dirs = send", "logs_send_dirs = [\"send\"]"),
        ("logs_syslog = /var/log/maillog", "logs_syslog = \"/var/log/maillog\""),
        (
            "logs_vchkpw_ports = 2525=smtp 1430=imap",
            "logs_vchkpw_ports = { 1430 = \"imap\", 2525 = \"smtp\" }",
        ),
        ("logs_syslog = /a, /b", "logs_syslog = [\"/a\", \"/b\"]"),
        ("qmail_queue_dir = /a b", "qmail_queue_dir = [\"/a\", \"b\"]"),
        ("logs_user = 1001", "logs_user = \"1001\""),
        ("logs_user = true", "logs_user = \"true\""),
        ("logs_archive = 1", "logs_archive = 1"),
        ("rrd_step = 300", "rrd_step = 300"),
        ("rrd_step = 0300", "rrd_step = \"0300\""),
        ("logs_base = logs", "logs_base = \"logs\""),
        ("other = a\\b", "other = \"a\\\\b\""),
    ] {
        let text = format!("x = a b\n{line}\n");
        let toml = convert(&text, Path::new("t")).unwrap();
        assert_eq!(toml, format!("x = \"a b\"\n{expected}\n"));
        let ((old, was), (new, is)) = (read_text(&text), read_text(&toml));
        assert_eq!((meaning(old), was), (meaning(new), is), "{line}");
    }
}

#[test]
fn tables_below_bare_words_stay_as_they_are() {
    let tables = "  [[counter]]  # mine\nprotocol = 'send'\nname = 'x'\nmatch = 'a = b'\r\n";
    let text = format!("logs_user = x\r\n# [no]\nlogs_base = /l\n{tables}");
    let toml = convert(&text, Path::new("t")).unwrap();
    assert_eq!(toml, format!("logs_user = \"x\"\n# [no]\nlogs_base = \"/l\"\n{tables}"));
    assert_eq!(meaning(sound(&toml)), meaning(sound(&text)));
    assert_eq!(sound(&text).counters[0].origin, "toaster.conf: line 4");
}

#[test]
fn what_toml_forbids_in_a_comment_is_taken_out() {
    let text = "\u{feff}# a\u{1b}[1mb\u{7f}\u{c}\r\n\u{c}\n key\u{a0}=\u{a0}a b\u{c}# c\u{1}d\n";
    let toml = convert(text, Path::new("t")).unwrap();
    assert_eq!(toml, "# a [1mb  \n \nkey = \"a b\" # c d\n");
    assert_eq!(toml.parse::<toml::Table>().unwrap(), sound(text).raw);
}

#[test]
fn what_is_neither_form_is_not_converted() {
    let problem = convert("logs_base = '/x'\nlogs_user = [\n", Path::new("t")).unwrap_err();
    assert_eq!((problem.kind, problem.severity), (ProblemKind::Syntax, Severity::Error));
}

#[test]
fn every_key_and_table_is_in_the_full_file() {
    let (config, default) = (sound(FULL), Config::default());
    for key in keys::KEYS.iter() {
        assert!(config.origins.contains_key(key.name), "{}", key.name);
        assert_ne!(key.value(&config), key.value(&default), "{}", key.name);
    }
    assert_eq!((config.lists.len(), config.counters.len(), config.protocols.len()), (2, 5, 5));
    assert_eq!(config.alarms.len(), 2);
}

#[test]
fn what_is_printed_is_read_as_the_same() {
    for text in [FULL, ORIGINAL, SHIPPED, ""] {
        let config = sound(text);
        let printed = in_force(&config);
        assert_eq!(meaning(sound(&printed)), meaning(config), "{printed}");
    }
}

#[test]
fn each_value_tells_where_it_comes_from() {
    let dir = dir_with(&[
        (
            "toaster.conf",
            "\nlogs_base = /logs  # comment\nlogs_user = 'a b'\nlogs_supervise = /s\nother_db_pass = geheim\n",
        ),
        ("toaster-watcher.conf", "x = y z\nsend_log_method = syslog\nvpopmail_mysql_repl_pass = geheim\n"),
    ]);
    let (config, problems) = Config::search(Some(&dir.path().join("toaster.conf")), None, &[]);
    assert!(fails(&problems), "{problems:?}");
    let text = in_force(&config);
    for line in [
        "logs_base = \"/logs\"  # toaster.conf line 2",
        "logs_user = \"qmaill\"  # default",
        "send_log_method = \"syslog\"  # toaster-watcher.conf line 2",
        "logs_counters = \"/logs/counters\"  # default",
        "logs_send_dirs = [\"/logs/send\"]  # default",
        "# logs_syslog is not set  # default",
        "logs_archive = true  # default",
        "# logs_supervise: services are stopped and started by their own supervisor",
    ] {
        assert!(text.lines().any(|l| l == line), "{line}\n{text}");
    }
    assert!(!text.contains("geheim") && !text.contains("other_db"), "{text}");
    assert_eq!(text.lines().filter(|line| line.starts_with("logs_base ")).count(), 1);
}

#[test]
fn tables_tell_where_they_come_from() {
    let text = in_force(&sound(
        "[[counter]]\nprotocol = 'ftp'\nname = 'bytes'\nmatch = '(?<n>\\d+) \"b\"'\nsum = 'n'\n\n\
         [protocol.ftp]\nsource = 'multilog:ftp'\n[[rbl]]\nname = 'x'\nmatch = \"it's\"\n",
    ));
    let tables = text.split_once("\n\n").unwrap().1;
    let expected = "[[rbl]]  # toaster.conf line 9\nname = \"x\"\nmatch = \"it's\"\n\n\
                    [protocol.ftp]  # toaster.conf line 7\nsource = \"multilog:/var/log/mail/ftp\"\n\n\
                    [[counter]]  # toaster.conf line 1\nprotocol = \"ftp\"\nname = \"bytes\"\n\
                    match = '(?<n>\\d+) \"b\"'\nsum = \"n\"\n";
    assert_eq!(tables, expected);
}

#[test]
fn a_value_that_gave_way_comes_from_the_default() {
    let (config, _) = read_text("logs_smtp_count = 'smtp_rbl.txt'\n");
    assert!(in_force(&config).contains("logs_smtp_count = \"smtp_auth.txt\"  # default\n"));
}

#[test]
fn an_unknown_key_of_ours_fails_and_others_do_not() {
    let problems = |text: &str| Config::parse(text, Path::new("t")).1;
    assert!(fails(&problems("logs_bse = 1\n")));
    assert!(fails(&problems("logs_base = 1\n")));
    assert!(!fails(&problems("logs_supervise = 1\nvpopmail_user = 'x'\n")));
}

proptest::proptest! {
    #[test]
    fn any_file_of_the_originals_form_means_the_same_as_toml(
        lines in proptest::collection::vec(
            ("(logs_base|logs_user|logs_archive|logs_smtp_dirs|logs_syslog|rrd_step|logs_vchkpw_ports|rbl|k[a-z.]{0,2})",
             "[ \t]{0,2}=[ \t]{0,2}",
             "(/[a-z/, #]{0,6}|[a-z0-9=]{0,5}|[0-9]{1,20}|true|\"[a-z ]{0,3}\"|[\\\\a-z\u{e9}\u{1}]{1,3})",
             "([ \t]{1,2}#[ -~\u{7f}]{0,5})?"),
            1..8,
        ),
        tables in proptest::sample::select(vec![
            "",
            "[[rbl]]\nname = 'x'\nmatch = 'x'\n",
            "\n[protocol.x]\nsource = 'syslog'\n[[counter]]\nprotocol = 'x'\nname = 'n'\nmatch = '='",
        ]),
    ) {
        let text: String = lines.iter().map(|(k, e, v, c)| format!("{k}{e}{v}{c}\n")).collect();
        // A file that happens to be TOML is no matter here: this one is not.
        let text = format!("{text}last = of all\n{tables}");
        let mut problems = Vec::new();
        let document = Document::parse(&text, Path::new("t"), &mut problems);
        if document.legacy > 0 {
            let toml = convert(&text, Path::new("t")).unwrap();
            proptest::prop_assert!(toml.parse::<toml::Table>().is_ok(), "{}", toml);
            // What is wrong stays wrong, perhaps in other words.
            let read = |text: &str| {
                let (config, problems) = Config::parse(text, Path::new("t"));
                let problems: Vec<_> = problems.into_iter().map(|p| (p.line, p.key, p.severity)).collect();
                (meaning(config), problems)
            };
            proptest::prop_assert_eq!(read(&text), read(&toml), "{}", toml);
        }
    }
}
