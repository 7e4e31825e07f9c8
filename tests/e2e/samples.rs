//! What monitoring systems are given: by real promtool, node_exporter, VictoriaMetrics, Prometheus and jq. What is expected is
//! counted in the log.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::databases::{
    blocks, curl_to, node_exporter, number, prometheus, promtool, victoria_metrics,
};
use crate::support::store::{Answer, MAILLOGS, Store, stderr};
use crate::support::traffic::{Log, Traffic};
use crate::support::{END, count, lines, traffic};

const SEED: u64 = 515;

/// Four hours of a small server, which are counted at [`END`] and written to the RRD.
struct World {
    store: Store,
    log: Vec<u8>,
}

impl World {
    fn new() -> World {
        let store = Store::new();
        let log = traffic(SEED, 4.0 / 24.0, 0.4);
        fs::write(store.logs().join("current"), &log).expect("a log");
        let world = World { store, log };
        world.said_at(END + 120, &["update", "--flush"]);
        world
    }

    fn at(&self, time: i64, words: &[&str]) -> Output {
        let mut command = self.store.faketime(&["-f", &time.to_string(), MAILLOGS]);
        command.env("FAKETIME_FMT", "%s").env("NO_FAKE_STAT", "1").args(words);
        command.output().expect("faketime")
    }

    fn said_at(&self, time: i64, words: &[&str]) -> String {
        let output = self.at(time, words);
        assert!(output.status.success(), "{words:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// How many lines from `from` to `to` (unix seconds) have this text behind a number.
    fn ended(&self, how: &str, from: i64, to: i64) -> u64 {
        let is_one = |line: &&[u8]| {
            let text = String::from_utf8_lossy(line);
            let stamp =
                i64::try_from(count::unix_nanos(&text).expect("a label") / 1_000_000_000).expect("a time");
            let rest = text[26..].strip_prefix("delivery ").and_then(|rest| rest.split_once(": "));
            (from..to).contains(&stamp) && rest.is_some_and(|(_, rest)| rest.starts_with(how))
        };
        lines(&self.log).filter(is_one).count() as u64
    }
}

#[test]
fn promtool_finds_nothing_to_complain_of() {
    let world = World::new();
    let text = world.said_at(END + 180, &["all", "--format", "prometheus"]);
    let output = promtool(&["check", "metrics"], text.as_bytes());
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success() && said.is_empty(), "{}", String::from_utf8_lossy(&said));
    // The counters are those of the text.
    let answer = Answer::parse(&world.said_at(END + 180, &["send"]));
    let value = |series: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{series}")).to_owned()
    };
    assert_eq!(value("maillogs_deliveries_total{result=\"success\"}"), answer.text("delivery_success"));
    assert_eq!(value("maillogs_message_bytes_total"), answer.text("message_bytes"));
    assert_eq!(value("maillogs_delivery_slots{channel=\"remote\"}"), answer.text("limit_remote"));
    assert_eq!(
        answer.text("delivery_success"),
        world.ended("success: ", 0, END + 60).to_string(),
        "as the lines say"
    );
    let last =
        lines(&world.log).last().map(|line| String::from_utf8_lossy(line).into_owned()).expect("a line");
    let stamp = count::unix_nanos(&last).expect("a label") / 1_000_000_000;
    let path = world.store.logs().display().to_string();
    let series = format!("maillogs_last_line_timestamp_seconds{{protocol=\"send\",source=\"{path}\"}}");
    assert_eq!(value(&series), stamp.to_string());
    assert_eq!(
        value("maillogs_lines_total{protocol=\"send\",understood=\"yes\"}"),
        lines(&world.log).count().to_string()
    );
    // There is no log of an SMTP server here: nothing is 0.
    assert!(!text.contains("protocol=\"rbl\"") && !text.contains("maillogs_blocked_total"), "{text}");
    // A histogram has all messages in its last bucket.
    let times = Answer::parse(&world.said_at(END + 180, &["times"]));
    let all: u128 = times
        .keys()
        .iter()
        .filter(|key| key.starts_with("queue_") && !key.starts_with("queue_p"))
        .filter(|key| !["queue_seconds", "queue_unseen"].contains(*key))
        .map(|key| times.nanos(key) / 1_000_000_000)
        .sum();
    assert_eq!(value("maillogs_message_queue_duration_seconds_bucket{le=\"+Inf\"}"), all.to_string());
    assert_eq!(value("maillogs_message_queue_duration_seconds_count"), all.to_string());
}

#[test]
fn node_exporter_hands_the_file_on() {
    let world = World::new();
    let dir = world.store.path("textfile");
    fs::create_dir(&dir).expect("a directory");
    let file = dir.join("maillogs.prom");
    let words = ["all", "--format", "prometheus", "--output", file.to_str().expect("UTF-8")];
    for _ in 0..2 {
        assert_eq!(world.said_at(END + 180, &words), "");
    }
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o644);
    assert_eq!(fs::read_dir(&dir).expect("a directory").count(), 1, "nothing is left beside it");
    let scraped = node_exporter(&dir).get("/metrics");
    assert!(scraped.contains("node_textfile_scrape_error 0"), "{scraped}");
    let count = world.ended("failure: ", 0, END + 60);
    assert!(
        scraped.contains(&format!("maillogs_deliveries_total{{result=\"failure\"}} {count}\n")),
        "{scraped}"
    );
}

/// The growth of an hour is the number of its lines: sent in two parts, to a server that dies behind its answer, and sent
/// again; a collector that was away for hours loses nothing.
#[test]
fn victoria_metrics_has_each_line_in_its_minute() {
    let world = World::new();
    let dir = world.store.path("vm");
    let cursor = world.store.path("cursor");
    let cursor = cursor.to_str().expect("UTF-8");
    let send = |address: &str, until: &str, again: &str| {
        let url = format!("http://{address}/api/v1/import/prometheus");
        let to = curl_to(&url);
        let mut words = vec![
            "export",
            "send",
            "providers",
            "times",
            "--cursor",
            cursor,
            "--until",
            until,
            "--again",
            again,
            "--",
        ];
        words.extend(to.iter().map(String::as_str));
        world.at(END + 180, &words)
    };
    let server = victoria_metrics(&dir);
    let address = server.address.to_string();
    let half = (END - 2 * 3_600).div_euclid(60) * 60;
    let first = send(&address, &format!("@{half}"), "10");
    assert!(first.status.success(), "{}", stderr(&first));
    let sent = fs::read_to_string(cursor).expect("the cursor");
    assert_eq!(sent, format!("providers {half}\nsend {half}\ntimes {half}\n"));
    // What it has taken is not on its disk yet.
    server.kill();
    // Nobody listens: nothing is sent, and the cursor stays.
    let vain = send(&address, "now", "10");
    assert_eq!(vain.status.code(), Some(1), "{}", stderr(&vain));
    assert!(stderr(&vain).contains("sent again"), "{}", stderr(&vain));
    assert_eq!(fs::read_to_string(cursor).expect("the cursor"), sent);
    let server = victoria_metrics(&dir);
    let address = server.address.to_string();
    for again in ["240", "10"] {
        let rest = send(&address, "now", again);
        assert!(rest.status.success(), "{}", stderr(&rest));
    }
    server.get("/internal/force_flush");
    let begin = (END - 4 * 3_600).div_euclid(60) * 60;
    let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
    for hour in 0..4 {
        let end = begin + (hour + 1) * 3_600;
        for how in ["success", "deferral", "failure"] {
            let query = format!("increase(maillogs_deliveries_total{{result=\"{how}\"}}[1h])");
            let got = number(&server, &query, end).unwrap_or(0.0);
            let lines = world.ended(&format!("{how}: "), end - 3_600, end);
            assert!(
                (got - lines as f64).abs() < 1e-6,
                "{how} of the hour to {end}: {got}, and {lines} lines"
            );
            *sums.entry(how).or_default() += lines;
        }
    }
    assert!(sums.values().all(|sum| *sum > 5), "{sums:?}");
    // All providers together have all deliveries to other hosts that ended and had begun in the log.
    let of_all = "sum(increase(maillogs_provider_deliveries_total[4h]))";
    let local = number(
        &server,
        "sum(increase(maillogs_delivery_duration_seconds_count{channel=\"local\"}[4h]))",
        begin + 4 * 3_600,
    );
    let remote = number(&server, of_all, begin + 4 * 3_600);
    let ended: u64 = ["success: ", "deferral: ", "failure: "]
        .map(|how| world.ended(how, begin, begin + 4 * 3_600))
        .iter()
        .sum();
    let unseen =
        number(&server, "increase(maillogs_provider_deliveries_unseen_total[4h])", begin + 4 * 3_600);
    let sum = local.unwrap_or(0.0) + remote.unwrap_or(0.0) + unseen.unwrap_or(0.0);
    assert!((sum - ended as f64).abs() < 1e-6, "{local:?} + {remote:?} + {unseen:?}, and {ended} lines");
}

/// The same by promtool's blocks, in a Prometheus that reads them.
#[test]
fn promtool_makes_blocks_of_an_export() {
    let world = World::new();
    let file = world.store.path("export.om");
    let text =
        world.said_at(END + 180, &["export", "send", "times", "--format", "openmetrics", "--since", "-6h"]);
    assert!(text.ends_with("# EOF\n"));
    fs::write(&file, &text).expect("a file");
    let data = blocks(&file, &world.store.path("tsdb"));
    let config = world.store.path("prometheus.yml");
    fs::write(&config, "global:\n  scrape_interval: 1h\n").expect("its file");
    let server = prometheus(&data, &config);
    let begin = (END - 4 * 3_600).div_euclid(60) * 60;
    for hour in 1..4 {
        let (from, to) = (begin + hour * 3_600, begin + (hour + 1) * 3_600);
        // `increase` of Prometheus extrapolates; the difference of two totals does not.
        let total = "maillogs_deliveries_total{result=\"success\"}";
        let grown =
            number(&server, total, to).expect("a total") - number(&server, total, from).expect("a total");
        assert_eq!(grown as u64, world.ended("success: ", from, to), "to {to}");
    }
}

#[test]
fn an_export_ends_where_it_was_told_to_and_says_the_same_again() {
    let world = World::new();
    let export = |words: &[&str]| world.said_at(END + 180, &[&["export", "send"], words].concat());
    let whole = export(&["--since", "-6h"]);
    let stamps = |text: &str| -> Vec<i64> {
        let series = "maillogs_deliveries_total{result=\"success\"} ";
        let of = text.lines().filter_map(|line| line.strip_prefix(series)?.rsplit(' ').next()?.parse().ok());
        of.collect()
    };
    let all = stamps(&whole);
    assert!(all.windows(2).all(|two| two[1] == two[0] + 60_000), "{all:?}");
    assert_eq!(whole, export(&["--since", "-6h"]), "the same");
    let (from, to) = (all[10] / 1_000, all[20] / 1_000);
    let part = export(&["--since", &format!("@{from}"), "--until", &format!("@{to}")]);
    assert_eq!(stamps(&part), all[11..=20]);
    for line in part.lines().filter(|line| !line.starts_with('#')) {
        assert!(whole.contains(&format!("{line}\n")), "{line}");
    }
    // In lines of InfluxDB, a minute each.
    let influx =
        export(&["--since", &format!("@{from}"), "--until", &format!("@{to}"), "--format", "influx"]);
    assert_eq!(influx.lines().count(), 10);
    let value = |line: &str| {
        line.split("delivery_success=").nth(1).and_then(|rest| rest.split(',').next()).map(str::to_owned)
    };
    for (line, end) in influx.lines().zip(&all[11..=20]) {
        assert!(line.starts_with("maillogs,host=") && line.ends_with(&format!(" {end}000000")), "{line}");
        let same = format!(
            "maillogs_deliveries_total{{result=\"success\"}} {} {end}\n",
            value(line).expect("a value")
        );
        assert!(whole.contains(&same), "{same}");
    }
    // Words that are wrong.
    for (words, why) in [
        (&["export", "send", "--since", "yesteryear"][..], "--since"),
        (&["export", "send", "delivery_success"], "single counters"),
        (&["export", "nonsense"], "no protocol"),
    ] {
        let output = world.at(END + 180, words);
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(stderr(&output).contains(why), "{words:?}: {}", stderr(&output));
    }
}

/// What jq(1) reads.
#[test]
fn json_for_programs_zabbix_and_librenms() {
    let world = World::new();
    let jq = |format: &str, filter: &str| -> Value {
        let text = world.said_at(END + 180, &["send", "queue", "--format", format]);
        let file = world.store.path("x.json");
        fs::write(&file, text).expect("a file");
        let output = Command::new("jq").args(["-ce", filter]).arg(&file).output().expect("jq");
        assert!(output.status.success(), "{format} {filter}: {}", stderr(&output));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let success = world.ended("success: ", 0, END + 60);
    assert_eq!(jq("json", ".protocols.send.counters.delivery_success"), success);
    // There is no queue here, and nothing is 0.
    assert_eq!(jq("json", "[.protocols.queue.counters[]] | map(. == null) | all"), true);
    assert_eq!(jq("json", ".protocols.queue.unknown | length > 0"), true);
    assert_eq!(
        jq("zabbix", "[.data[] | select(.protocol == \"send\" and .key == \"delivery_success\").value][0]"),
        success
    );
    assert_eq!(jq("zabbix", "[.data[] | select(.protocol == \"queue\")] | length == 0"), true);
    assert_eq!(jq("librenms", ".data.send.delivery_success"), success);
    assert_eq!(jq("librenms", "[.version, .error, (.data | keys)]"), serde_json::json!([1, 1, ["send"]]));
    assert_eq!(jq("librenms", ".errorString | contains(\"queue\")"), true);
}

#[test]
fn single_values_and_single_lines() {
    let world = World::new();
    let answer = Answer::parse(&world.said_at(END + 180, &["send"]));
    let said = |words: &[&str]| world.said_at(END + 180, words);
    let (success, failure) = (answer.text("delivery_success"), answer.text("delivery_failure"));
    assert_eq!(said(&["send", "delivery_success"]), format!("{success}\n"));
    assert_eq!(said(&["send", "delivery_failure", "delivery_success"]), format!("{failure}\n{success}\n"));
    assert_eq!(said(&["all", "send.delivery_success"]), format!("{success}\n"));
    let host = said(&["send", "delivery_success", "delivery_failure", "--format", "mrtg"]);
    assert!(host.starts_with(&format!("{success}\n{failure}\n\n")), "{host}");
    let two = said(&["send", "reasons"]);
    assert!(two.starts_with("send concurrencyremote:") && two.contains("\nreasons why_greylisted:"), "{two}");
    let nagios = said(&["send", "--format", "nagios"]);
    assert!(
        nagios.starts_with("MAILLOGS OK - send | ")
            && nagios.contains(&format!("'send.delivery_success'={success}c;;;0")),
        "{nagios}"
    );
    let checkmk = said(&["send", "--format", "checkmk"]);
    assert!(
        checkmk.starts_with("0 \"maillogs send\" ")
            && checkmk.contains(&format!("|delivery_success={success}|")),
        "{checkmk}"
    );
    // What is not known is no 0, and a wrong word is the caller's fault.
    for (words, code, out) in [
        (&["queue", "oldest"][..], 1, ""),
        (&["queue", "oldest", "messages", "--format", "mrtg"], 0, "UNKNOWN\nUNKNOWN\n\n"),
        (&["queue", "--format", "nagios"], 3, "MAILLOGS UNKNOWN - queue: nothing was counted yet"),
        (&["queue", "--format", "checkmk"], 0, "3 \"maillogs queue\" - nothing was counted yet"),
        (&["queue", "--format", "influx"], 0, ""),
        (&["send", "nonsense"], 2, ""),
        (&["send", "--format", "mrtg"], 2, ""),
    ] {
        let output = world.at(END + 180, words);
        let text = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", stderr(&output));
        assert!(if out.is_empty() { text.is_empty() } else { text.starts_with(out) }, "{words:?}: {text}");
    }
}

/// All protocols at once say what each says alone, and read the syslog that they share once.
#[test]
fn all_at_once_is_what_each_says_alone() {
    let store = Store::with_syslog();
    let mut log = Vec::new();
    let traffic = Traffic { seed: SEED, end: END, days: 0.1, rate: 0.5, utc_offset: 0, labels: true };
    traffic.write_log(Log::Syslog, &mut log).expect("a log");
    traffic.write_log(Log::Toaster6, &mut log).expect("a log");
    // Less than what a query commits: each of them reads it.
    log.truncate(900_000);
    log.truncate(1 + log.iter().rposition(|byte| *byte == b'\n').expect("a line"));
    fs::write(store.syslog(), &log).expect("syslog");
    fs::write(store.logs().join("current"), little()).expect("a log");
    let all = store.run(&["all"]);
    let mut moved = 0;
    for line in all.lines() {
        let (name, counters) = line.split_once(' ').expect("a name");
        let alone = store.run(&[name]);
        assert_eq!(counters, alone.trim_end(), "{name}");
        moved +=
            usize::from(Answer::parse(&alone).keys().iter().any(|key| alone.contains(&format!("{key}:1"))));
    }
    assert!(all.lines().count() > 15 && moved > 5, "{moved}: {all}");
    let bytes_read = |words: &[&str]| -> u64 {
        let trace = store.path("trace");
        let mut command = store.command("strace");
        command.args(["-f", "-y", "-e", "trace=read,pread64", "-o"]).arg(&trace).arg(MAILLOGS).args(words);
        assert!(command.output().expect("strace").status.success(), "{words:?}");
        let text = fs::read_to_string(&trace).expect("a trace");
        let of_syslog = text.lines().filter(|line| line.contains("maillog>"));
        of_syslog.filter_map(|line| line.rsplit("= ").next()?.parse::<u64>().ok()).sum()
    };
    let (one, every) = (bytes_read(&["imap"]), bytes_read(&["all"]));
    assert!(one >= log.len() as u64 && every < one + one / 2, "{one} bytes for one, {every} for all");
}

fn little() -> Vec<u8> {
    traffic(SEED, 0.02, 0.4)
}

/// What `maillogs export send --cursor c` says of a series: stamps in seconds, and values.
fn exported(world: &World, time: i64, words: &[&str]) -> BTreeMap<i64, i64> {
    let text = world.said_at(time, &[&["export", "send"], words].concat());
    let series = "maillogs_deliveries_total{result=\"success\"} ";
    let of = text.lines().filter_map(|line| {
        let (value, stamp) = line.strip_prefix(series)?.split_once(' ')?;
        Some((stamp.parse::<i64>().ok()? / 1_000, value.parse().ok()?))
    });
    of.collect()
}

/// A logger that was stuck brings lines of minutes that were told as silent: they are told again.
#[test]
fn late_lines_are_in_their_minutes() {
    let world = World::new();
    let cursor = world.store.path("cursor").display().to_string();
    let words = ["--cursor", cursor.as_str(), "--again", "0"];
    // Nothing comes for half an hour.
    let quiet = END + 1_800;
    world.said_at(quiet, &["update", "--flush"]);
    let mut told = exported(&world, quiet, &words);
    let last = *told.keys().next_back().expect("minutes");
    assert!(last > quiet - 120, "up to now: {last} of {quiet}");
    let late = END + 600;
    let number = 987_654;
    let mut log = world.log.clone();
    for text in [
        format!("starting delivery {number}: msg 5 to remote u@example.org"),
        format!("delivery {number}: success: ok/"),
    ] {
        let label = format!("@{:016x}{:08x} ", (1i64 << 62) + 10 + late, 500);
        log.extend_from_slice(format!("{label}{text}\n").as_bytes());
    }
    fs::write(world.store.logs().join("current"), &log).expect("a log");
    world.said_at(quiet + 60, &["update", "--flush"]);
    told.extend(exported(&world, quiet + 60, &words));
    let minute = late.div_euclid(60) * 60 + 60;
    assert_eq!(told[&minute], told[&(minute - 60)] + 1, "in its minute");
    let values: Vec<i64> = told.values().copied().collect();
    assert!(values.is_sorted(), "never less than before: {values:?}");
}

/// While the RRD is away nothing is taken for sent; a clock that was wrong, and an edit, make no nonsense.
#[test]
fn an_export_says_what_it_cannot_tell() {
    let world = World::new();
    let cursor = world.store.path("cursor");
    let name = cursor.display().to_string();
    let whole = exported(&world, END + 180, &["--since", "-6h"]);
    fs::write(&cursor, format!("send {}\n", END - 7_200)).expect("a cursor");
    let before = fs::read(&cursor).expect("the cursor");
    let (rrd, away) = (world.store.rrd(), world.store.path("away"));
    fs::rename(&rrd, &away).expect("rename");
    let output = world.at(END + 180, &["export", "send", "--cursor", &name]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("send.rrd"), "{}", stderr(&output));
    assert_eq!(fs::read(&cursor).expect("the cursor"), before);
    fs::rename(&away, &rrd).expect("rename");
    let told = exported(&world, END + 180, &["--cursor", &name, "--again", "0"]);
    assert!(told.iter().all(|(end, value)| whole[end] == *value) && told.len() > 100, "{}", told.len());
    for (text, is_told) in
        [("send 99999999999", true), ("send -9223372036854775808", false), ("send -1", false)]
    {
        fs::write(&cursor, format!("{text}\n")).expect("a cursor");
        let output = world.at(END + 180, &["export", "send", "--cursor", &name]);
        assert!(output.status.success(), "{text}: {}", stderr(&output));
        assert!(String::from_utf8_lossy(&output.stdout).contains("maillogs_deliveries_total"), "{text}");
        assert_eq!(stderr(&output).contains("was the clock wrong"), is_told, "{text}");
    }
    fs::write(&cursor, "what is this\n").expect("a cursor");
    let output = world.at(END + 180, &["export", "send", "--cursor", &name]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{}", stderr(&output));
    // An edit of the counter file: what was before it is not below 0.
    let counters = world.store.base().join("counters/send.txt");
    let text = fs::read_to_string(&counters).expect("the counters");
    let edited: Vec<String> = text
        .lines()
        .map(|line| {
            if line.starts_with("delivery_success:") {
                "delivery_success:5".to_owned()
            } else {
                line.to_owned()
            }
        })
        .collect();
    fs::write(&counters, edited.join("\n") + "\n").expect("the counters");
    world.said_at(END + 240, &["update"]);
    let told = exported(&world, END + 300, &["--since", "-6h"]);
    assert!(!told.is_empty() && told.values().all(|value| (0..=5).contains(value)), "{told:?}");
}

/// What the answers say where something is wrong is what is wrong.
#[test]
fn a_source_that_cannot_be_read_is_not_up_and_no_number_of_it_is_0() {
    let world = World::new();
    let before = Answer::parse(&world.said_at(END + 180, &["send"]));
    let gone = world.store.path("gone");
    fs::rename(world.store.logs(), &gone).expect("rename");
    let output = world.at(END + 180, &["send", "--format", "prometheus"]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(text.contains("maillogs_up{protocol=\"send\"} 0\n"), "{text}");
    assert!(!text.contains("_total"), "{text}");
    let json = world.at(END + 180, &["send", "--format", "json"]);
    let json: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert!(json["protocols"]["send"]["counters"]["delivery_success"].is_null(), "{json}");
    assert!(
        json["protocols"]["send"]["understood"].is_null() && json["protocols"]["send"]["failed"].is_string()
    );
    fs::rename(&gone, world.store.logs()).expect("rename");
    // JSON is JSON also where stderr is read with it.
    let mixed = |format: &str| {
        let output = Command::new("sh")
            .args(["-c", "exec \"$0\" send rbl --format \"$1\" 2>&1", MAILLOGS, format])
            .env("TOASTER_CONF", world.store.config())
            .output()
            .expect("sh");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    for format in ["librenms", "zabbix"] {
        let text = mixed(format);
        serde_json::from_str::<Value>(&text).unwrap_or_else(|error| panic!("{format}: {error}: {text}"));
    }
    // Of `all` only what is there counts.
    let all = world.said_at(END + 180, &["all", "--format", "librenms"]);
    let all: Value = serde_json::from_str(&all).expect("JSON");
    assert_eq!(all["error"], 0, "{}", all["errorString"]);
    assert_eq!(all["data"]["send"]["delivery_success"].to_string(), before.text("delivery_success"));
    assert!(all["data"]["rbl"].is_null());
}

/// Counters and lists of toaster.conf are told by their own names, whatever they begin with, and part of a histogram is none.
#[test]
fn own_counters_are_in_no_family_and_a_histogram_is_whole_or_not_there() {
    let world = World::new();
    let config = fs::read_to_string(world.store.config()).expect("toaster.conf");
    let own = "[[rbl]]\nname = \"reject_mine\"\nmatch = 'mine'\n[[counter]]\nprotocol = \"send\"\nname = \"deliveries\"\nmatch = 'new msg'\n";
    fs::write(world.store.config(), format!("{config}\n{own}")).expect("toaster.conf");
    fs::create_dir(world.store.base().join("smtp")).expect("a directory");
    fs::write(
        world.store.base().join("smtp/current"),
        "@4000000065543a00000001f4 rblsmtpd: 192.0.2.1 pid 7: 553 mine\n",
    )
    .expect("a log");
    let text = world.said_at(END + 180, &["all", "--format", "prometheus"]);
    assert!(text.contains("maillogs_blocked_total{list=\"reject_mine\"} "), "{text}");
    assert!(!text.contains("reason=\"mine\""), "{text}");
    assert!(text.contains("maillogs_events_total{protocol=\"send\",key=\"deliveries\"} "), "{text}");
    let part =
        world.said_at(END + 180, &["times", "first_longer", "first_seconds", "--format", "prometheus"]);
    assert!(!part.contains("_bucket") && !part.contains("_count"), "{part}");
}

/// Two at once, and what is no file.
#[test]
fn a_file_is_replaced_by_one_after_the_other_and_nothing_else_is() {
    let world = World::new();
    let file = world.store.path("m.prom").display().to_string();
    let started: Vec<_> = (0..16)
        .map(|_| {
            let mut command = world.store.command(MAILLOGS);
            command
                .args(["send", "--format", "prometheus", "-o", &file])
                .stderr(std::process::Stdio::piped());
            command.spawn().expect("maillogs")
        })
        .collect();
    for child in started {
        let output = child.wait_with_output().expect("maillogs");
        assert!(output.status.success(), "{}", stderr(&output));
        assert!(fs::read_to_string(&file).expect("the file").ends_with('\n'));
    }
    let link = world.store.path("link");
    std::os::unix::fs::symlink(&file, &link).expect("a link");
    for place in [link.display().to_string(), "/dev/null".to_owned()] {
        let output = world.store.command(MAILLOGS).args(["send", "-o", &place]).output().expect("maillogs");
        assert_eq!(output.status.code(), Some(1), "{place}");
        assert!(stderr(&output).contains("left alone"), "{}", stderr(&output));
    }
    use std::os::unix::fs::FileTypeExt;
    assert!(fs::symlink_metadata("/dev/null").expect("/dev/null").file_type().is_char_device());
}

/// A log that is closed to the user who asks: the numbers are those of the last commit, and it is said.
#[test]
fn a_log_that_is_closed_is_not_up() {
    let world = World::new();
    let before = Answer::parse(&world.said_at(END + 180, &["send"]));
    let logs = world.store.logs();
    fs::set_permissions(&logs, fs::Permissions::from_mode(0o000)).expect("a mode");
    let ask = |format: &str| {
        let mut command = world.store.faketime(&["-f", &(END + 180).to_string()]);
        command.env("FAKETIME_FMT", "%s").env("NO_FAKE_STAT", "1");
        if nix::unistd::geteuid().is_root() {
            command.args(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]);
        }
        let output = command.args([MAILLOGS, "send", "--format", format]).output().expect("maillogs");
        (String::from_utf8_lossy(&output.stdout).into_owned(), output.status.code())
    };
    for dir in [world.store.path(""), world.store.base()] {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).expect("a mode");
    }
    let (text, _) = ask("prometheus");
    assert!(text.contains("maillogs_up{protocol=\"send\"} 0\n"), "{text}");
    let success = before.text("delivery_success");
    assert!(text.contains(&format!("maillogs_deliveries_total{{result=\"success\"}} {success}\n")), "{text}");
    let (nagios, code) = ask("nagios");
    assert_eq!(code, Some(3), "{nagios}");
    let (librenms, _) = ask("librenms");
    let librenms: Value = serde_json::from_str(&librenms).expect("JSON");
    assert_eq!(librenms["error"], 1, "{librenms}");
    fs::set_permissions(&logs, fs::Permissions::from_mode(0o755)).expect("a mode");
}
