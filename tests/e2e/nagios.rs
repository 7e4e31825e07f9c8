//! `maillogs check --nagios`: all four states, and performance data as the monitoring-plugins' own parser reads it.

use std::fs;
use std::process::{Command, Output};

use crate::support::clock::Machine;
use crate::support::store::{MAILLOGS, Store, stderr};

/// Half a minute past a full one.
const NOW: i64 = 1_700_010_930;

fn store(more: &str) -> Store {
    Store::with(&format!("logs_syslog = []\nqmail_queue_dir = \"/nonexistent/queue\"\n{more}"))
}

/// A machine of which each of the last 70 minutes had these lines; then it was read.
fn machine(store: Store, lines: &[&str]) -> Machine {
    let machine = Machine::new(store, NOW);
    write(&machine, lines, &[]);
    machine
}

/// The log: `lines` in each minute, and then `more` in the last complete one.
fn write(machine: &Machine, lines: &[&str], more: &[&str]) {
    let mut text = String::new();
    let mut number = 0;
    let mut log = |time: i64, words: &str| {
        number += 1;
        text += &format!("@{:016x}{number:08x} {words}\n", (1i64 << 62) + 10 + time);
    };
    for minute in (1..=70).rev() {
        let begin = NOW / 60 * 60 - minute * 60;
        lines.iter().for_each(|words| log(begin + 5, words));
        if minute == 1 {
            more.iter().for_each(|words| log(begin + 6, words));
        }
    }
    // A later line, which makes the minute before complete.
    log(NOW / 60 * 60 + 1, "status: local 0/10 remote 0/20");
    let current = machine.store.logs().join("current");
    fs::write(&current, text).expect("current");
    machine.touch(&current);
}

fn check(machine: &Machine, words: &[&str]) -> Output {
    machine.faked(MAILLOGS).args(["check", "--nagios"]).args(words).output().expect("maillogs")
}

/// The exit code and the text, of which the first line has the state's word.
fn state(machine: &Machine, words: &[&str]) -> (i32, String) {
    let output = check(machine, words);
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    let code = output.status.code().expect("an exit code");
    let word = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(code).expect("0 to 3")];
    assert!(text.starts_with(&format!("MAILLOGS {word} - ")), "{words:?}: exit {code}: {text}");
    (code, text)
}

/// What Monitoring::Plugin, with which plug-ins are written, reads of the performance data: for each value its label, the
/// value, the unit, and whether its ranges call for a warning and for more (`-`: there is no range).
fn parsed(text: &str) -> Vec<String> {
    const PERL: &str = r#"
use strict; use warnings; use Monitoring::Plugin::Performance; use Monitoring::Plugin::Range;
my $first = <STDIN>; chomp $first;
my @parts = split(/\|/, $first, -1);
exit 0 if @parts < 2;
die "two bars: $first" if @parts > 2;
my $data = $parts[1]; $data =~ s/^ //;
# The guide has `U` for a value that is not known; this module does not read it.
$data =~ s/'([^'=]+)'=U(;[^ ;]*){0,4}(?: |$)/print "$1 U\n"; ""/ge;
exit 0 if $data eq '';
my @all = Monitoring::Plugin::Performance->parse_perfstring($data);
my $times = () = $data =~ /'=/g;
die "$times values, and " . scalar(@all) . " were read: $data" if $times != @all;
for my $one (@all) {
  my $level = sub { my $range = shift; return '-' unless defined $range && "$range" ne '';
    return Monitoring::Plugin::Range->parse_range_string("$range")->check_range($one->value) ? 1 : 0 };
  my ($warn, $crit) = map { $_ // '' } ((split /;/, (split / /, substr($data, index($data, "'" . $one->label . "'")))[0])[1,2]);
  print join(' ', $one->label, $one->value, $one->uom // '', $level->($warn), $level->($crit)), "\n";
}
"#;
    let mut command = Command::new("perl");
    command.args(["-e", PERL]);
    let read = crate::support::pipe_through(&mut command, text.as_bytes());
    String::from_utf8(read).expect("UTF-8").lines().map(str::to_owned).collect()
}

const FAIL: &str = "delivery 1: failure: Sorry/";

/// 5 failures a minute, and then one more and one less in the ten minutes.
#[test]
fn a_rate_has_an_exact_border() {
    let machine = machine(store(""), &[FAIL; 5]);
    for (lines, more, above) in [(5, 0, false), (5, 1, true), (4, 9, false), (4, 10, false), (4, 11, true)] {
        write(&machine, &vec![FAIL; lines], &vec![FAIL; more]);
        let number = (lines * 10 + more) as f64 / 10.0;
        let (code, text) = state(&machine, &["--warn", "send.delivery_failure>5/min"]);
        assert_eq!(code, i32::from(above), "{text}");
        assert!(text.contains(&format!("send.delivery_failure > 5/min: {number}/min from ")), "{text}");
        let (code, _) = state(&machine, &["--crit", "send.delivery_failure > 5 /min"]);
        assert_eq!(code, if above { 2 } else { 0 });
        let not_below = number >= 5.0;
        assert_eq!(state(&machine, &["--crit", "send.failed>=5/min"]).0, if not_below { 2 } else { 0 });
        assert_eq!(state(&machine, &["--warn", "send.failed<5/min"]).0, i32::from(!not_below));
        assert_eq!(state(&machine, &["--warn", "send.failed<=5/min"]).0, i32::from(!above));
        let (_, text) = state(
            &machine,
            &["--warn", "send.delivery_failure>5/min", "--crit", "send.delivery_failure>=5.1/min"],
        );
        let at_least = i32::from(number >= 5.1);
        assert_eq!(
            parsed(&text),
            [format!("send.delivery_failure/min {number}  {} {at_least}", i32::from(above))],
            "{text}"
        );
    }
    // The last complete hour: 60 minutes of the 70.
    write(&machine, &[FAIL; 5], &[]);
    assert_eq!(state(&machine, &["--warn", "send.delivery_failure>300/h"]).0, 0);
    assert_eq!(state(&machine, &["--warn", "send.delivery_failure>299.9/h"]).0, 1);
    // Of a day only 70 minutes are known.
    let (code, text) = state(&machine, &["--warn", "send.delivery_failure>1/day"]);
    assert!(code == 3 && text.contains("not all of its last 1440 min is known yet"), "{text}");
    // What is worse decides, and all is told.
    let words = ["--warn", "send.failed>1/min", "--crit", "send.failed>2/min", "--warn", "send.failed>1/day"];
    let (code, text) = state(&machine, &words);
    assert!(code == 2 && text.contains("(and 2 more)"), "{text}");
    assert_eq!(text.lines().count(), 3, "{text}");
    // The RRD's minutes say the same as those that wait.
    machine.update_quietly();
    assert_eq!(state(&machine, &["--warn", "send.delivery_failure>300/h"]).0, 0);
    assert_eq!(state(&machine, &["--warn", "send.delivery_failure>=300/h"]).0, 1);
}

/// One of five deliveries to a provider is put off.
#[test]
fn a_share_is_that_of_the_deliveries_that_ended() {
    let begin = |n: u32| format!("starting delivery {n}: msg 1 to remote a@gmail.com");
    let end = |n: u32, how: &str| format!("delivery {n}: {how}: x/");
    let mut lines: Vec<String> = (1..=5).map(begin).collect();
    lines.push(end(1, "deferral"));
    lines.extend((2..=4).map(|n| end(n, "success")));
    lines.push(end(5, "failure"));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let machine = machine(store(""), &lines);
    let (code, text) = state(&machine, &["--warn", "providers.google.deferred>20%"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(parsed(&text), ["providers.google.deferred_share 20 % 0 -"], "{text}");
    for (threshold, expected) in [
        ("providers.google.deferred>=20%", 1),
        ("providers.google.deferred>19.99%", 1),
        ("providers.def_google>19.99%", 1),
        ("providers.google.delivered<=60%", 1),
        ("providers.google.failed>20%", 0),
        ("send.deferred>20%", 0),
        ("send.deferred>=20%", 1),
        // Nobody wrote to them: that is no share, and none too high.
        ("providers.yahoo.deferred>0%", 0),
        ("providers.yahoo.delivered<100%", 0),
    ] {
        let (code, text) = state(&machine, &["--warn", threshold]);
        assert_eq!(code, expected, "{threshold}: {text}");
    }
    let (_, text) = state(&machine, &["--warn", "providers.yahoo.deferred>0%"]);
    assert_eq!(parsed(&text), ["providers.yahoo.deferred_share U"], "{text}");
}

/// A queue with a message that is four hours old to the second.
#[test]
fn a_level_is_compared_as_it_is_now() {
    let store = Store::new();
    let queue = store.path("queue");
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    let more = format!("logs_syslog = []\nqmail_queue_dir = {queue:?}\n");
    fs::write(store.config(), config + &more).expect("toaster.conf");
    for dir in ["mess/0", "todo/0", "info/0", "local/0", "remote/0", "intd", "bounce"] {
        fs::create_dir_all(queue.join(dir)).expect("mkdir");
    }
    let machine = machine(store, &["new msg 1"]);
    assert_eq!(state(&machine, &["--crit", "queue.oldest>4h"]).0, 0);
    for part in ["mess/0/23", "info/0/23", "remote/0/23"] {
        fs::write(queue.join(part), "F\0").expect("a message");
    }
    for (age, crit, at_least) in [(14_399, 0, 0), (14_400, 0, 2), (14_401, 2, 2)] {
        let time =
            std::time::UNIX_EPOCH + std::time::Duration::from_secs(u64::try_from(NOW - age).expect("a time"));
        for part in ["mess/0/23", "info/0/23", "remote/0/23"] {
            let file = fs::File::options().append(true).open(queue.join(part)).expect("a file");
            file.set_modified(time).expect("utimes");
        }
        let (code, text) = state(&machine, &["--crit", "queue.oldest>4h"]);
        assert_eq!(code, crit, "{age}: {text}");
        assert_eq!(parsed(&text), [format!("queue.oldest {age} s - {}", i32::from(crit == 2))], "{text}");
        assert_eq!(state(&machine, &["--crit", "queue.oldest>=240m"]).0, at_least, "{age}");
    }
    assert_eq!(state(&machine, &["--warn", "queue.messages>=1"]).0, 1);
    assert_eq!(state(&machine, &["--warn", "queue.messages>1"]).0, 0);
}

#[test]
fn what_is_not_known_is_unknown() {
    let machine = machine(store(""), &[FAIL]);
    let unknown = |threshold: &str, why: &str| {
        for option in ["--warn", "--crit"] {
            let (code, text) = state(&machine, &[option, threshold]);
            assert!(code == 3 && text.contains(why), "{threshold}: {text}");
            let value = parsed(&text);
            assert!(value.is_empty() || value[0].ends_with(" U"), "{value:?}");
        }
    };
    // A protocol without logs, also after an update.
    unknown("rbl.count>0/h", "nothing was counted yet, and there is no ");
    unknown("queue.oldest<1", "nothing was counted yet, and there is no ");
    machine.update_quietly();
    unknown("rbl.count>0/h", "there is no ");
    unknown("queue.oldest<1", "there is no ");
    // What is no threshold, and what there is not.
    for (threshold, why) in [
        ("send.delivery_failure", "there is no > and no <"),
        ("send.delivery_failure>5", "only grows"),
        ("send.nonsense>5/h", "there is no counter nonsense in send"),
        ("nonsense.x>5/h", "there is no protocol nonsense"),
    ] {
        unknown(threshold, why);
    }
    // A command line that is not understood, as the guide wants it.
    for words in [&["--wran", "x"][..], &["--warn"], &["--format", "json"]] {
        let (code, text) = state(&machine, words);
        assert!(code == 3 && text.lines().count() == 1, "{text}");
    }
    // A damaged store.
    for file in ["state/send.state", "counters/.send.state", "rrd/.send.state"] {
        fs::write(machine.store.base().join(file), "nonsense").expect("a state");
    }
    unknown(
        "send.delivery_failure>0/min",
        "the state is damaged; the next update goes on from the counter file",
    );
    let (code, text) = state(&machine, &[]);
    assert!(code == 3 && text.contains("send.state: is damaged"), "{text}");
    // toaster.conf cannot be read whole.
    let config = fs::read_to_string(machine.store.config()).expect("toaster.conf");
    fs::write(machine.store.config(), config + "rrd_step = 7\n").expect("toaster.conf");
    unknown("send.delivery_failure>0/min", "rrd_step");
}

/// Logs that nobody has read for more than an hour say nothing of now.
#[test]
fn what_was_not_read_for_long_is_unknown() {
    let mut machine = machine(store(""), &[FAIL; 5]);
    machine.update_quietly();
    // Nothing new can be read.
    fs::remove_file(machine.store.logs().join("current")).expect("current");
    fs::remove_dir(machine.store.logs()).expect("rmdir");
    for (later, expected) in [(3_600, 1), (3_601, 3)] {
        machine.now = NOW + later;
        let (code, text) = state(&machine, &["--warn", "send.delivery_failure>1/min"]);
        assert_eq!(code, expected, "{later}: {text}");
    }
}

/// Without thresholds it is what `check` finds, with those of toaster.conf.
#[test]
fn the_health_of_all_is_a_state_too() {
    let alarm = "[[alarm]]\nwarn = \"send.delivery_failure > 5/min\"\ncrit = \"send.failed > 50/min\"\n";
    let machine = machine(Store::with(&format!("logs_syslog = []\nreasons = false\n{alarm}")), &[FAIL; 5]);
    machine.update_quietly();
    let (code, text) = state(&machine, &[]);
    assert!(
        code == 0 && text.starts_with("MAILLOGS OK - healthy, 1 protocols are counted (and 2 more) | "),
        "{text}"
    );
    assert_eq!(parsed(&text).len(), 2, "{text}");
    let plain = |machine: &Machine| {
        let output = machine.faked(MAILLOGS).arg("check").output().expect("maillogs");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let (code, text) = plain(&machine);
    assert!(
        code == Some(0)
            && text
                .contains("ok       send          alarm          send.delivery_failure > 5/min: 5/min from "),
        "{text}"
    );
    // 6 a minute, then 60.
    for (lines, expected, level) in [(6, 1, "WARNING"), (60, 2, "ERROR")] {
        fs::remove_dir_all(machine.store.base().join("state")).expect("a store");
        fs::remove_dir_all(machine.store.base().join("rrd")).expect("a store");
        fs::remove_dir_all(machine.store.base().join("counters")).expect("a store");
        write(&machine, &vec![FAIL; lines], &[]);
        machine.update_quietly();
        let (code, text) = state(&machine, &[]);
        assert_eq!(code, expected, "{text}");
        let (code, text) = plain(&machine);
        assert!(
            code == Some(1) && text.lines().any(|line| line.starts_with(level) && line.contains(" alarm ")),
            "{text}"
        );
    }
    // Something does not work.
    let config = fs::read_to_string(machine.store.config()).expect("toaster.conf");
    fs::write(machine.store.config(), format!("logs_send_dir = \"x\"\n{config}")).expect("toaster.conf");
    let (code, text) = state(&machine, &[]);
    assert!(code == 2 && text.contains("did you mean logs_send_dirs?"), "{text}");
}

/// Bars, quotes, line ends and what a terminal acts on, in paths and in toaster.conf.
#[test]
fn no_text_breaks_the_answer() {
    let long = "y".repeat(400);
    let store = store(&format!("\"logs_x|y'\\u001b[31m{long}\" = 'a|b'"));
    let machine = machine(store, &[FAIL]);
    let output = check(&machine, &[]);
    let text = String::from_utf8(output.stdout.clone()).expect("UTF-8");
    assert_eq!(output.status.code(), Some(2), "{text}{}", stderr(&output));
    for line in text.lines() {
        assert!(!line.contains(['|', '\u{1b}', '\r']) && line.chars().count() < 400, "{line}");
    }
    for threshold in ["a|b.c>1", "a.b'=5;;|x>1", "send.x\n| 'y'=1>1", "send.{}>1", &format!("send.{long}>1")]
    {
        let (code, text) = state(&machine, &["--crit", threshold]);
        assert!(
            code == 3 && text.lines().count() == 1 && !text.contains('|') && text.len() < 1_000,
            "{text}"
        );
    }
}
