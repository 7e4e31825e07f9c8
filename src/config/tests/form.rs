//! The two forms of a file, and texts that have neither.
use super::*;

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
