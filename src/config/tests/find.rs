//! Which file is read, and what becomes of one that cannot be.
use super::*;

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
