//! `like` in `[protocol.NAME]`.

use super::*;
use crate::line::Parser;
use crate::protocol::{LogKind, Protocol, Raise, Verdict};

const SUBMIT: &str = "[protocol.submit]\nlike = 'rbl'\nsource = 'multilog:submit'\n";

#[test]
fn an_instance_needs_no_counter_and_may_have_some() {
    let config = sound(&format!(
        "{SUBMIT}[protocol.mx2]\nsource = 'syslog:/var/log/mx2.log'\nlike = 'postfix'\nabout = 'mx2'\n\
         [[counter]]\nprotocol = 'submit'\nname = 'n'\nmatch = 'n'\n[[rbl]]\nname = 'mine'\nmatch = 'mine'\n"
    ));
    let all = config.all_protocols();
    let names: Vec<&str> = all.iter().map(|protocol| protocol.name).collect();
    let at = |name: &str| names.iter().position(|n| *n == name).unwrap();
    assert_eq!((at("submit"), at("mx2")), (at("rbl") + 1, at("postfix") + 1), "each follows its original");
    let [rbl, submit] = ["rbl", "submit"].map(|name| all[at(name)]);
    let keys = |p: &Protocol| p.counters.iter().map(|c| c.key).collect::<Vec<_>>();
    assert!(keys(rbl).contains(&"mine"));
    assert_eq!(keys(submit), [keys(rbl), vec!["n"]].concat());
    assert_eq!((submit.reads_syslog, all[at("mx2")].reads_syslog), (false, true));
    assert_eq!((config.counter_file(submit), all[at("mx2")].about), ("submit.txt".to_owned(), "mx2"));
    assert_eq!(config.protocols[1].source, CustomSource::SyslogAt("/var/log/mx2.log".into()));
}

#[test]
fn a_name_that_an_instance_has_already_is_refused() {
    for (name, words) in
        [("badhelo", "there is a counter badhelo already"), ("mine", "there is a counter mine already")]
    {
        let (config, problems) = read_text(&format!(
            "{SUBMIT}[[rbl]]\nname = 'mine'\nmatch = 'm'\n\n[[counter]]\nprotocol = 'submit'\nname = '{name}'\nmatch = 'n'\n"
        ));
        assert_eq!((config.counters.len(), problems.len()), (0, 1));
        assert!(problems[0].starts_with("toaster.conf: line 8: counter: "), "{problems:?}");
        assert!(problems[0].contains(words), "{problems:?}");
    }
}

/// What is said of `[protocol.x]` with `lines`, which stands on line 3, below `above`.
fn of(above: &str, lines: &str) -> String {
    let (config, problems) = read_text(&format!("{above}\n\n[protocol.x]\n{lines}\n"));
    assert!(config.protocols.iter().all(|own| own.name != "x"), "{lines}");
    let [problem] = &problems[..] else { panic!("{lines}: {problems:?}") };
    let at = above.matches('\n').count() + 3;
    let begin = format!("toaster.conf: line {at}: protocol.x: ");
    let text = problem.strip_prefix(&begin).unwrap_or_else(|| panic!("{begin} {problem}"));
    text.strip_suffix("; it is left out").unwrap().to_owned()
}

#[test]
fn what_cannot_be_a_model_is_said() {
    let all =
        "send, rbl, smtp, pop3, imap, webmail, spamassassin, qmailscanner, delivery, postfix, haraka, rspamd";
    let like = |model: &str| of("", &format!("like = '{model}'\nsource = 'multilog:x'"));
    assert_eq!(
        like("postfx"),
        format!("like: there is no built-in protocol \"postfx\", only {all}; did you mean postfix?")
    );
    assert_eq!(like("x"), format!("like: there is no built-in protocol \"x\", only {all}"));
    assert_eq!(like("reasons"), "like: reasons is a part of send; like = \"send\" has it too");
    assert!(like("queue").starts_with("like: queue is measured, not read from lines; a list"));
    assert_eq!(of("", "like = ''\nsource = 'multilog:x'"), "like: it is empty");
    assert_eq!(of("", "like = 1\nsource = 'multilog:x'"), "like is not text; put it into quotes");
    assert_eq!(of("", "like = 'rbl'"), "source is missing");
    let other = |model: &str| of(SUBMIT, &format!("like = '{model}'\nsource = 'multilog:x'"));
    assert_eq!(other("submit"), "like: submit is a protocol of toaster.conf; write like = \"rbl\" here too");
    let own = "[protocol.own]\nsource = 'syslog'\n[[counter]]\nprotocol = 'own'\nname = 'n'\nmatch = 'n'";
    assert_eq!(
        of(own, "like = 'own'\nsource = 'multilog:x'"),
        "like: own is a protocol of toaster.conf; write its [[counter]] tables again for this one"
    );
}

#[test]
fn keys_of_counters_belong_into_a_counter() {
    for key in ["match", "sum", "tag", "name", "help"] {
        assert_eq!(
            of("", &format!("like = 'rbl'\nsource = 'multilog:x'\n{key} = 'x'")),
            format!("{key} belongs into a [[counter]] with protocol = \"x\", below this table")
        );
    }
    assert_eq!(
        of("", "like = 'rbl'\nsource = 'multilog:x'\ntags = ['x']"),
        "there is no key \"tags\" here, only like, source, about"
    );
}

#[test]
fn no_line_counts_for_an_instance_and_for_its_original() {
    let twice = |above: &str, like: &str, source: &str| {
        let said = of(above, &format!("like = '{like}'\nsource = '{source}'"));
        let way = "name a source that only this one reads (\"multilog:DIR\", \"syslog:PATH\", \"file:PATH\")";
        said.strip_suffix(way).unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    let read = |who: &str, what: &str| {
        format!("source: {who} reads {what} already, and its lines would count twice; ")
    };
    // The original's log directory, and the file in it that is written to.
    for (like, source, dir, key) in [
        ("rbl", "multilog:smtp", "smtp", "logs_smtp_dirs"),
        ("rbl", "file:smtp/current", "smtp", "logs_smtp_dirs"),
        ("send", "multilog:/var/log/mail/send/", "send", "logs_send_dirs"),
    ] {
        assert_eq!(
            twice("", like, source),
            format!(
                "source: \"/var/log/mail/{dir}\" is a log directory of {like} already, and its lines would count twice; take it out of {key}, or "
            )
        );
    }
    // Its files, and the syslog: the usual one, and one that is named.
    assert_eq!(
        twice("logs_haraka_files = ['/h.log']", "haraka", "file:/h.log"),
        read("haraka", "\"/h.log\"")
    );
    assert_eq!(twice("", "imap", "syslog"), read("imap", "the syslog"));
    assert_eq!(twice("", "imap", "syslog:/var/log/maillog"), read("imap", "\"/var/log/maillog\""));
    assert_eq!(twice("", "imap", "file:/var/log//mail.log"), read("imap", "\"/var/log/mail.log\""));
    assert_eq!(twice("logs_syslog = '/l'", "imap", "syslog:/l"), read("imap", "\"/l\""));
    // Another instance.
    assert_eq!(
        of(SUBMIT, "like = 'rbl'\nsource = 'multilog:submit'").split(" already").next(),
        Some("source: submit reads \"/var/log/mail/submit\"")
    );
    let mx2 = "[protocol.mx2]\nlike = 'imap'\nsource = 'syslog:/mx2.log'";
    assert_eq!(twice(mx2, "imap", "file:/mx2.log"), read("mx2", "\"/mx2.log\""));
    let own = "[protocol.own]\nlike = 'rbl'\nsource = 'syslog'";
    assert_eq!(twice(own, "rbl", "syslog"), read("own", "the syslog"));
    assert_eq!(twice(own, "rbl", "syslog:/var/log/messages"), read("own", "\"/var/log/messages\""));
    // Of another protocol a log directory is not shared either.
    assert_eq!(
        of("", "like = 'rbl'\nsource = 'multilog:send'"),
        "\"/var/log/mail/send\" is another protocol's already; give that one a [[counter]]"
    );
    // What the original does not read is free, and so is what another protocol reads.
    for (above, like, source) in [
        ("", "rbl", "syslog"),
        ("", "send", "syslog"),
        ("", "imap", "syslog:/mx2.log"),
        ("logs_syslog = '/l'", "imap", "syslog:/var/log/maillog"),
        (mx2, "postfix", "syslog:/mx2.log"),
        (mx2, "imap", "syslog:/mx3.log"),
        ("logs_haraka_files = ['/h.log']", "rspamd", "file:/h.log"),
        ("", "rbl", "multilog:smtp/submit"),
    ] {
        sound(&format!("{above}\n[protocol.x]\nlike = '{like}'\nsource = '{source}'\n"));
    }
    let reads = "smtpd_log_method = 'syslog'";
    assert_eq!(twice(reads, "rbl", "syslog"), read("rbl", "the syslog"));
}

#[test]
fn an_instance_in_syslog_counts_what_the_original_reads_elsewhere() {
    let config = sound("[protocol.x]\nlike = 'rbl'\nsource = 'syslog'\n");
    let [rbl, x] = ["rbl", "x"].map(|name| config.all_protocols().iter().find(|p| p.name == name).unwrap());
    assert_eq!((rbl.reads_syslog, x.reads_syslog), (false, true));
    let line = b"Jun 19 09:12:25 mx1 rblsmtpd: 192.0.2.7 pid 9: 451 https://www.spamhaus.org/";
    let line = Parser::new(10, 1_790_635_513).parse(line);
    let mut values = vec![0; x.counters.len()];
    let verdict = (x.classify)(&line, LogKind::Shared, &mut Raise(&mut values));
    assert_eq!((verdict, values[x.index("spamhaus").unwrap()]), (Verdict::Known, 1));
}
