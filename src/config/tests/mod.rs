//! Texts and files of a test's own directory; nothing of the machine's.

mod find;
mod form;
mod like;
mod own;
mod print;
mod problems;

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
