//! Every protocol at once, from a syslog and from directories: any bytes, in any pieces, count the same.
use super::*;
use crate::ingest::stretch::MAY_TAKE;
use crate::line::label_len;
use crate::query::look;
use std::io::Write;

/// All protocols over one syslog, and the directories of those that have some.
pub(super) struct Site {
    pub(super) dir: tempfile::TempDir,
    pub(super) config: Config,
    pub(super) feeds: Vec<Feed>,
}

/// What is in force below `base` with this syslog.
pub(super) fn configured(base: &Path, syslog: &str, more: impl Fn(&Path) -> String) -> (Config, Vec<Feed>) {
    let own = "[[counter]]\nprotocol = \"own\"\nname = \"vowels\"\nmatch = '[aeiou]'\n[protocol.own]\nsource = \"syslog\"\n";
    let syslog = match syslog.strip_prefix("journald:") {
        Some(dir) => format!("journald:{}", base.join(dir).display()),
        None => base.join(syslog).display().to_string(),
    };
    let text = format!(
        "logs_base = {base:?}\nlogs_syslog = {syslog:?}\nsend_log_method = \"syslog\"\nsmtpd_log_method = \"syslog\"\nlogs_spamdyke = \"syslog\"\n{}\n{own}",
        more(base)
    );
    let (mut config, problems) = Config::parse(&text, Path::new("toaster.conf"));
    assert_eq!(problems, []);
    // Few bins.
    config.rrd_step = 3600;
    let feeds = feeds(&config).into_iter().filter(|f| f.queues.is_empty()).collect();
    (config, feeds)
}

impl Site {
    pub(super) fn new() -> Site {
        Site::with("maillog")
    }

    /// With this as `logs_syslog`: a file below the directory, or the journal of a directory below it.
    pub(super) fn with(syslog: &str) -> Site {
        Site::with_more(syslog, |_| String::new())
    }

    /// With more lines of toaster.conf, made from the directory's path.
    pub(super) fn with_more(syslog: &str, more: impl Fn(&Path) -> String) -> Site {
        NOW.set(T0 + 100_000);
        let dir = tempfile::tempdir().unwrap();
        for name in ["send", "smtp", "pop3"] {
            fs::create_dir(dir.path().join(name)).unwrap();
        }
        let (config, feeds) = configured(&dir.path().canonicalize().unwrap(), syslog, more);
        Site { dir, config, feeds }
    }

    pub(super) fn jobs(&self) -> Vec<Job<'_>> {
        let job = |feed| Job { config: &self.config, feed, clock: || NOW.get(), as_root: |what| what() };
        self.feeds.iter().map(job).collect()
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.dir.path().join(file);
        let mut file = File::options().append(true).create(true).open(&path).unwrap();
        file.write_all(bytes).unwrap();
        // The year of a stamp is told by the file's time.
        file.set_times(
            FileTimes::new().set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_790_700_000)),
        )
        .unwrap();
    }

    pub(super) fn update(&self) {
        for result in advance_all(&self.jobs(), Options::default()) {
            result.unwrap();
        }
    }

    /// Every odometer of every protocol, as a query finds it. (Gauges are of the bin that is the last one then.)
    pub(super) fn query(&self) -> Vec<(String, i128)> {
        let mut all = Vec::new();
        for job in self.jobs() {
            let reading = look(&job, NOW.get()).unwrap().reading(&job, NOW.get());
            let name = job.feed.protocol.name;
            let values = reading.counters.iter().map(|counter| (counter.key, counter.value.unwrap()));
            // What grows: no level, and nothing that is derived.
            let odometers = values.filter(|(_, value)| value.today.is_some());
            all.extend(odometers.map(|(key, value)| (format!("{name} {key}"), value.total)));
        }
        all
    }
}

/// Every line of tests/data/samples.
fn samples() -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples");
    let mut lines = Vec::new();
    for program in fs::read_dir(root).unwrap() {
        for file in fs::read_dir(program.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "log") {
                let text = fs::read(path).unwrap();
                lines.extend(text.split(|&b| b == b'\n').filter(|l| !l.is_empty()).map(<[u8]>::to_vec));
            }
        }
    }
    lines.sort();
    assert!(lines.len() > 600);
    lines
}

/// A text of sample lines and noise, which ends with a newline.
fn text(choices: &[(usize, Vec<u8>)], labels: bool) -> Vec<u8> {
    let samples = samples();
    let mut text = Vec::new();
    for (n, (choice, noise)) in choices.iter().enumerate() {
        let mut line = samples[choice % samples.len()].clone();
        match choice % 7 {
            0 => line.clone_from(noise),
            1 => line.extend_from_slice(noise),
            2 => line.truncate(noise.len() * 3),
            _ => {}
        }
        if labels {
            line.retain(|&b| b != b'\n');
            // A text that begins as a label does, in a chunk of its own, cannot be told from a new line.
            while let Some(label) = label_len(&line) {
                line.drain(..label);
            }
            text.extend_from_slice(format!("@40000000{:08x}{n:08x} ", T0 + 10 + n as i64).as_bytes());
        }
        text.extend_from_slice(&line);
        text.push(b'\n');
    }
    text
}

fn lines() -> impl Strategy<Value = Vec<(usize, Vec<u8>)>> {
    proptest::collection::vec((any::<usize>(), proptest::collection::vec(any::<u8>(), 0..60)), 1..80)
}

fn cuts() -> impl Strategy<Value = Vec<(usize, u8)>> {
    proptest::collection::vec((any::<usize>(), 0u8..4), 0..8)
}

fn pieces(length: usize, cuts: &[(usize, u8)]) -> Vec<(usize, u8)> {
    let mut cuts: Vec<(usize, u8)> = cuts.iter().map(|(at, what)| (at % (length + 1), *what)).collect();
    cuts.sort_unstable();
    cuts.push((length, 0));
    cuts
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_pieces_of_a_syslog_count_as_the_whole(choices in lines(), cuts in cuts()) {
        let text = text(&choices, false);
        let (whole, parts) = (Site::new(), Site::new());
        whole.write("maillog", &text);
        let mut from = 0;
        for (to, what) in pieces(text.len(), &cuts) {
            parts.write("maillog", &text[from..to]);
            from = to;
            match what {
                0 => parts.update(),
                // A crash between two commits: only some have gone on.
                1 => parts.jobs().iter().step_by(2).for_each(|j| j.advance(None, &mut || Ok(()), Options::default()).unwrap()),
                _ => drop(parts.query()),
            }
        }
        prop_assert_eq!(whole.query(), parts.query(), "a query");
        whole.update();
        parts.update();
        prop_assert_eq!(whole.query(), parts.query(), "an update");
    }

    #[test]
    fn any_pieces_of_directories_count_as_the_whole(choices in lines(), cuts in cuts()) {
        let text = text(&choices, true);
        let (whole, parts) = (Site::new(), Site::new());
        for dir in ["send", "smtp", "pop3"] {
            whole.write(&format!("{dir}/current"), &text);
        }
        let mut from = 0;
        for (n, (to, what)) in pieces(text.len(), &cuts).into_iter().enumerate() {
            for dir in ["send", "smtp", "pop3"] {
                parts.write(&format!("{dir}/current"), &text[from..to]);
                if what == 1 && n < cuts.len() {
                    // The logger died: nobody processes this chunk.
                    let dir = parts.dir.path().join(dir);
                    fs::rename(dir.join("current"), dir.join(format!("@{n:024x}.u"))).unwrap();
                }
            }
            from = to;
            match what {
                0 | 1 => parts.update(),
                _ => drop(parts.query()),
            }
        }
        prop_assert_eq!(whole.query(), parts.query(), "a query");
        whole.update();
        parts.update();
        prop_assert_eq!(whole.query(), parts.query(), "an update");
    }
}

#[test]
fn one_that_stays_behind_catches_up_alone() {
    let site = Site::new();
    let login = b"Sep 28 22:45:06 mx1 vpopmail[7006]: vchkpw-pop3: (PLAIN) login success alice@example.org:192.0.2.7\n";
    let value = |key: &str| site.query().iter().find(|(k, _)| k == key).unwrap().1;
    site.write("maillog", login);
    site.update();
    site.write("maillog", login);
    // Somebody holds the lock of pop3: the others are not kept from their lines.
    let pop3 = site.jobs().into_iter().find(|j| j.feed.protocol.name == "pop3").unwrap().store();
    let held = pop3.open(Duration::ZERO, T0).unwrap();
    let results = advance_all(&site.jobs(), Options { patience: Duration::ZERO, ..Options::default() });
    assert_eq!(results.iter().filter(|r| r.is_err()).count(), 1);
    drop(held);
    site.write("maillog", b"Sep 28 22:45:07 mx1 last message repeated 2 times\n");
    site.update();
    assert_eq!(value("pop3 pop3_success"), 4);
    assert_eq!(value("own vowels"), 4);
    site.update();
    assert_eq!(value("pop3 pop3_success"), 4);
}

#[test]
fn a_repetition_counts_what_the_last_line_of_its_host_counted() {
    let site = Site::new();
    site.write(
        "maillog",
        &fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/samples/other/repeated.log"))
            .unwrap(),
    );
    for _ in 0..2 {
        let value = |key: &str| site.query().iter().find(|(k, _)| k == key).unwrap().1;
        // One failure and three repetitions; then two of SMTP, and two more.
        assert_eq!((value("pop3 pop3_fail"), value("smtp smtp_auth_fail")), (4, 4));
        site.update();
    }
    // Across two readings, and by another host in between.
    site.write(
        "maillog",
        b"Sep 28 22:53:40 mx2 vpopmail[1]: vchkpw-imap: password fail a@example.org:192.0.2.7\n",
    );
    site.update();
    site.write("maillog", b"Sep 28 22:53:41 mx1 last message repeated 5 times\nSep 28 22:53:42 mx2 last message repeated 7 times\n");
    site.update();
    let value = |key: &str| site.query().iter().find(|(k, _)| k == key).unwrap().1;
    assert_eq!((value("pop3 pop3_fail"), value("smtp smtp_auth_fail"), value("imap imap_fail")), (4, 9, 8));
}

/// Writes `logins` to a journal file by systemd-journal-remote(8); the first has the number `first`.
fn journal(file: &Path, first: u64, logins: u64) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let programs =
        ["/usr/lib/systemd/systemd-journal-remote", "/lib/systemd/systemd-journal-remote"].map(Path::new);
    let program = programs.into_iter().find(|p| p.exists()).expect("install systemd-journal-remote");
    let mut child = std::process::Command::new(program)
        .arg("-o")
        .arg(file)
        .arg("-")
        .stdin(std::process::Stdio::piped())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    for n in first..first + logins {
        let entry = format!(
            "__REALTIME_TIMESTAMP={}000000\n__MONOTONIC_TIMESTAMP={n}000000\n_BOOT_ID=6fb5f8a0b9d94d6d8c1f3f0f0c1c2d3e\n_HOSTNAME=mx1\nSYSLOG_IDENTIFIER=vpopmail\nMESSAGE=vchkpw-smtp: (PLAIN) login success a@example.org:192.0.2.7\n\n",
            T0 as u64 + n
        );
        stdin.write_all(entry.as_bytes()).unwrap();
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn one_that_cannot_read_the_journal_takes_no_lines_from_the_others() {
    let site = Site::with("journald:journal");
    let dir = site.dir.path().join("journal");
    let value = || site.query().iter().find(|(k, _)| k == "smtp smtp_auth_success").unwrap().1;
    journal(&dir.join("a.journal"), 1, 1);
    site.update();
    // The last one has a cursor that journalctl does not take.
    let store = site.jobs().into_iter().find(|j| j.feed.protocol.name == "own").unwrap().store();
    let mut session = store.open(Duration::ZERO, T0).unwrap();
    let mut state = session.state.clone();
    state.ledger.streams[0].journal = Some("no cursor".to_owned());
    session.commit(state, Vec::new(), T0).unwrap();
    drop(session);
    journal(&dir.join("b.journal"), 10, 3);
    site.update();
    journal(&dir.join("c.journal"), 20, 5);
    site.update();
    assert_eq!(value(), 9);
}

#[test]
fn a_file_that_is_named_twice_counts_once() {
    let site = Site::with_more("maillog", |base| {
        let of = |name: &str| base.join(name).display().to_string();
        format!("logs_webmail_files = [{:?}, {:?}, {:?}]", of("./maillog"), of("web.log"), of("link.log"))
    });
    std::os::unix::fs::symlink("maillog", site.dir.path().join("link.log")).unwrap();
    let value = || site.query().iter().find(|(k, _)| k == "webmail webmail_success").unwrap().1;
    let login = b"Sep 28 22:45:06 mx1 vpopmail[7006]: vchkpw-webmail: (PLAIN) login success alice@example.org:192.0.2.7\n";
    // The link leads nowhere while the file is away.
    site.update();
    for n in 1..4 {
        site.write("maillog", login);
        site.write("web.log", login);
        assert_eq!(value(), 2 * n);
        site.update();
        assert_eq!(value(), 2 * n);
    }
}

#[test]
fn the_journal_goes_on_where_the_file_that_it_replaces_ended() {
    let mut site = Site::with("a.log");
    let base = site.config.logs_base.clone();
    // T0 + 3 s and + 4 s, as the journal's third and fourth entry.
    for secs in [3, 4] {
        let time = chrono::DateTime::from_timestamp(T0 + secs, 0).unwrap().to_rfc3339();
        let line =
            format!("{time} mx1 vpopmail[1]: vchkpw-smtp: (PLAIN) login success a@example.org:192.0.2.7\n");
        site.write("a.log", line.as_bytes());
    }
    site.update();
    journal(&base.join("journal/a.journal"), 1, 7);
    (site.config, site.feeds) = configured(&base, "journald:journal", |_| String::new());
    for _ in 0..2 {
        let value = site.query().into_iter().find(|(k, _)| k == "smtp smtp_auth_success").unwrap().1;
        assert_eq!(value, 2 + 3);
        site.update();
    }
}

#[test]
fn no_bin_is_closed_while_a_source_cannot_be_read() {
    let site = Site::new();
    let smtp = |what: &str| {
        let job = site.jobs().into_iter().find(|j| j.feed.protocol.name == "pop3").unwrap();
        let state = job.store().read().unwrap().unwrap();
        match what {
            "pushed" => state.pushed,
            _ => i64::try_from(state.bins.len()).unwrap(),
        }
    };
    site.update();
    let line = |n: i64| {
        format!("@40000000{:08x}00000000 tcpserver: pid {n} from 192.0.2.7\n", T0 + 90_000 + 10 + n * 3600)
    };
    site.write("pop3/current", (line(0) + &line(1)).as_bytes());
    let maillog = site.dir.path().join("maillog");
    fs::remove_file(&maillog).ok();
    fs::create_dir(&maillog).unwrap();
    NOW.set(T0 + 100_000 + 600);
    site.update();
    assert_eq!((smtp("pushed"), smtp("bins")), (0, 2), "syslog's lines of that hour may come yet");
    NOW.set(T0 + 100_000 + 7200);
    site.update();
    assert!(smtp("pushed") > 0, "nobody waits for ever");
}

/// `logs_syslog` names another file: it holds the same lines. And back again.
#[test]
fn a_log_that_takes_anothers_place_goes_on_where_that_ended() {
    let mut site = Site::new();
    let login = |n: i64| {
        let text = format!("mx1 vpopmail[7]: vchkpw-smtp: (PLAIN) login success {n}@example.org:192.0.2.7");
        format!("2026-09-28T22:{:02}:{:02}Z {text}\n", 45 + n / 60, n % 60)
    };
    let lines = |from: i64, to: i64| (from..to).map(login).collect::<String>();
    let count = |site: &Site| site.query().iter().find(|(k, _)| k == "smtp smtp_auth_success").unwrap().1;
    let point = |site: &mut Site, name: &str| {
        site.config.logs_syslog = Some(vec![site.dir.path().join(name).to_str().unwrap().to_owned()]);
        site.feeds = feeds(&site.config).into_iter().filter(|f| f.queues.is_empty()).collect();
        NOW.set(NOW.get() + 60);
    };
    site.write("maillog", lines(0, 10).as_bytes());
    site.update();
    site.write("mail.log", lines(0, 14).as_bytes());
    point(&mut site, "mail.log");
    assert_eq!(count(&site), 14, "a query");
    site.update();
    assert_eq!(count(&site), 14, "an update");
    site.write("mail.log", lines(14, 20).as_bytes());
    site.update();
    site.write("maillog", lines(10, 25).as_bytes());
    point(&mut site, "maillog");
    site.update();
    assert_eq!(count(&site), 25, "back again");
    // One that could not be read while the other was, is not in its place when that one is left.
    let beside = site.dir.path().join("beside");
    fs::create_dir(&beside).unwrap();
    let both = ["maillog", "beside"].map(|name| site.dir.path().join(name).to_str().unwrap().to_owned());
    site.config.logs_syslog = Some(both.to_vec());
    site.feeds = feeds(&site.config).into_iter().filter(|f| f.queues.is_empty()).collect();
    site.update();
    fs::remove_dir(&beside).unwrap();
    site.write("beside", lines(0, 3).as_bytes());
    point(&mut site, "beside");
    site.update();
    assert_eq!(count(&site), 28, "its lines waited");
    point(&mut site, "maillog");
    site.update();
    assert_eq!(count(&site), 28);
    // One more log is no other's place.
    site.write("dovecot.log", lines(0, 5).as_bytes());
    let both = ["maillog", "dovecot.log"].map(|name| site.dir.path().join(name).to_str().unwrap().to_owned());
    site.config.logs_syslog = Some(both.to_vec());
    site.feeds = feeds(&site.config).into_iter().filter(|f| f.queues.is_empty()).collect();
    site.update();
    assert_eq!(count(&site), 33);
}

/// Lines of a mail server in the order of their time, most of them with the header of the line before.
fn of_a_server(choices: &[(usize, Vec<u8>, u8)], with_zone: bool) -> Vec<u8> {
    let tails: Vec<Vec<u8>> = samples()
        .into_iter()
        .filter_map(|line| Some(line.strip_prefix(b"Sep 28 22:")?.get(6..)?.split_first()?.1.to_vec()))
        .filter_map(|line| line.iter().position(|&b| b == b' ').map(|at| line[at + 1..].to_vec()))
        .collect();
    assert!(tails.len() > 200, "{}", tails.len());
    let mut text = Vec::new();
    let (mut time, mut host) = (T0 - 40, "mx1");
    for (choice, noise, kind) in choices {
        time += match kind {
            0..160 => 0,
            160..220 => 1,
            220..235 => i64::from(*kind),
            // A clock that was set back, or one that is ahead.
            235..245 => -30,
            _ => 5_000,
        };
        if noise.len() % 8 == 0 {
            host = ["mx1", "mx2", "2001:db8::1"][noise.len() / 8 % 3];
        }
        let stamp = chrono::DateTime::from_timestamp(time, 0).unwrap();
        let stamp = if with_zone {
            stamp.format("%Y-%m-%dT%H:%M:%S.%6f+00:00")
        } else {
            stamp.format("%b %e %H:%M:%S")
        };
        text.extend_from_slice(format!("{stamp} {host} ").as_bytes());
        match choice % 29 {
            0 => text.extend_from_slice(b"last message repeated 3 times"),
            1 => text.extend_from_slice(b"syslogd: last message repeated 2 times"),
            2 => text.extend(noise.iter().filter(|b| !matches!(**b, 0 | b'\n'))),
            3 => text.extend_from_slice(b"vpopmail[9]: message repeated 2 times: [ vchkpw-smtp: password fail a@example.org:192.0.2.7]"),
            4 => text.extend_from_slice(b"php[7]: Successful webmail login: by alice (example.org) at 192.0.2.1 on now: "),
            5 => text.extend_from_slice(format!("qmail: {}.5 new msg 7", time - 100).as_bytes()),
            6 => text.extend_from_slice(b"postfix/smtpd[8]: connect from mail.example.org[192.0.2.7]"),
            7..10 => text.extend_from_slice(b"postfix/qmgr[9]: 4F5A: from=<a@example.org>, size=7, nrcpt=1"),
            _ => text.extend_from_slice(&tails[choice % tails.len()]),
        }
        text.push(b'\n');
    }
    text
}

/// What all protocols know.
fn known(site: &Site) -> Vec<String> {
    let of = |job: &Job<'_>| {
        let state = job.store().read().unwrap().unwrap();
        let streams: Vec<_> = state
            .ledger
            .streams
            .iter()
            .map(|s| (s.last_time, s.last_lines, s.hosts.clone(), s.position.as_ref().map(|p| p.counted)))
            .collect();
        let name = job.feed.protocol.name;
        format!(
            "{name} {:?} {:?} {:?} {:?} {streams:?}",
            state.bins, state.totals, state.understood, state.since
        )
    };
    site.jobs().iter().map(of).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn a_stretch_counts_as_its_lines_one_by_one(
        choices in proptest::collection::vec(
            (any::<usize>(), proptest::collection::vec(any::<u8>(), 0..40), any::<u8>()),
            1..200,
        ),
        with_zone in any::<bool>(),
        cut in any::<prop::sample::Index>(),
    ) {
        const ALL: usize = usize::MAX / 2;
        let text = of_a_server(&choices, with_zone);
        let (begin, end) = text.split_at(cut.index(text.len()));
        let [stretches, lines] = [ALL, 0].map(|may_take| {
            MAY_TAKE.set(may_take);
            let site = Site::new();
            let mut seen = Vec::new();
            for part in [begin, end] {
                site.write("maillog", part);
                let asked = site.query();
                site.update();
                seen.push((asked, site.query(), known(&site)));
            }
            (seen, ALL.saturating_sub(MAY_TAKE.get()))
        });
        // Of a long log a third is in stretches at least; a query reads it once for each protocol.
        let taken = stretches.1;
        prop_assert!(choices.len() < 60 || taken > 3 * choices.len(), "{taken} of {}", choices.len());
        for (stretches, lines) in stretches.0.into_iter().zip(lines.0) {
            prop_assert_eq!(stretches.0, lines.0);
            prop_assert_eq!(stretches.1, lines.1);
            prop_assert_eq!(stretches.2, lines.2);
        }
    }
}
