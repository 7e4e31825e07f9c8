//! The machine that many hosts push to: a page of each, and of all of them together.

use std::fs;
use std::path::Path;
use std::process::Output;

use crate::support::END;
use crate::support::clock::Machine;
use crate::support::rrdcached::{Rrdcached, sums};
use crate::support::store::{Answer, MAILLOGS, Store, stderr};

/// Hosts that have pushed, and the machine that they pushed to.
struct Centre {
    daemon: Rrdcached,
    machine: Machine,
    hosts: Vec<(&'static str, Machine, u128)>,
}

/// 10:00:00 UTC.
const BEGIN: i64 = END / 86_400 * 86_400 + 10 * 3_600;

impl Centre {
    /// Three hosts that log for an hour; `mx3` falls silent after a quarter of it.
    fn new() -> Self {
        let daemon = Rrdcached::start();
        let store = Store::with(&format!("hosts_dir = {:?}\n", daemon.base()));
        let machine = Machine::new(store, BEGIN + 3_600);
        let names = ["mx1", "mx2.example.com", "mx3"];
        let host = |name: &'static str| {
            let more = format!("rrd_daemon = {:?}\ntoaster_hostname = {name:?}\n", daemon.address());
            (name, Machine::new(Store::with(&more), BEGIN), 0)
        };
        let mut centre = Self { machine, hosts: names.map(host).into(), daemon };
        for minute in 0..60 {
            for (n, (name, host, logged)) in centre.hosts.iter_mut().enumerate() {
                if *name == "mx3" && minute > 15 {
                    continue;
                }
                let n = i64::try_from(n).expect("small");
                for message in 0..=(minute * (n + 2)) % 7 {
                    host.log_at(BEGIN + minute * 60 + message);
                    *logged += 1;
                }
            }
        }
        for (name, host, _) in &mut centre.hosts {
            host.now = BEGIN + if *name == "mx3" { 960 } else { 3_600 };
            host.touch(&host.store.logs().join("current"));
            for words in [&["update", "--flush"][..], &["push"]] {
                let output = host.faked(MAILLOGS).args(words).output().expect("maillogs");
                assert!(output.status.success(), "{name}: {}", stderr(&output));
            }
        }
        centre
    }

    fn run(&self, words: &[&str]) -> Output {
        self.machine.faked(MAILLOGS).args(words).output().expect("maillogs")
    }

    fn printed(&self, words: &[&str]) -> String {
        let output = self.run(words);
        assert!(output.status.success(), "{words:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    fn all(&self) -> u128 {
        self.hosts.iter().map(|(.., logged)| logged).sum()
    }
}

#[test]
fn the_sum_of_all_hosts_is_what_they_counted_and_a_silent_one_is_named() {
    let centre = Centre::new();
    let day = BEGIN / 86_400 * 86_400;
    let mut by_awk = 0;
    for (name, host, logged) in &centre.hosts {
        host.query();
        let answer = Answer::parse(&centre.printed(&["send", "--host", name]));
        assert_eq!(answer.nanos("message_new"), logged * 1_000_000_000, "{name}");
        let all = sums(&centre.daemon.file(name, "send"), 60, day, day + 86_400);
        let sum = all.iter().find(|(source, _)| source == "message_new").expect("its column").1;
        assert_eq!(sum, i128::try_from(logged * 1_000_000_000).expect("small"), "{name}");
        by_awk += sum;
    }
    assert_eq!(by_awk, i128::try_from(centre.all() * 1_000_000_000).expect("small"));
    let sum = centre.printed(&["send", "message_new", "--host", "cluster"]);
    assert_eq!(sum.trim(), centre.all().to_string());

    // In the terminal the legend has the same.
    let shown =
        centre.printed(&["show", "messages", "--host", "cluster", "--color", "never", "--width", "100"]);
    assert!(shown.contains("3 hosts") && shown.contains(&centre.all().to_string()), "{shown}");

    // A label for each host, and the times of their newest minutes.
    let text = centre.printed(&["all", "--hosts", "--format", "prometheus"]);
    let value = |begin: &str, label: &str| -> u128 {
        let line = text.lines().find(|line| line.starts_with(begin) && line.contains(label));
        let line = line.unwrap_or_else(|| panic!("{begin} {label}: {text}"));
        line.rsplit(' ').next().and_then(|value| value.parse().ok()).expect("a number")
    };
    for (name, _, logged) in &centre.hosts {
        let host = format!("host=\"{name}\"");
        assert_eq!(value("maillogs_messages_total{event=\"new\"", &host), *logged);
        let newest = value("maillogs_newest_minute_timestamp_seconds{protocol=\"send\"", &host);
        let silent = *name == "mx3";
        let newest = i64::try_from(newest).expect("a time") - BEGIN;
        assert!(if silent { newest == 960 } else { (3_300..=3_600).contains(&newest) }, "{name}: {newest}");
    }
    assert!(!text.contains("cluster"), "who adds them up has all");

    let output = centre.run(&["graph", "--hosts", "--period", "day"]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
    let graphs = centre.machine.store.base().join("graphs");
    let page = |name: &str| fs::read_to_string(graphs.join(name).join("index.html")).expect("a page");
    let cluster = page("cluster");
    assert!(cluster.contains("Mail on 3 hosts") && cluster.contains("<strong>cluster</strong>"), "{cluster}");
    assert_eq!(total(&graphs, "cluster"), centre.all());
    for (name, _, logged) in &centre.hosts {
        let link = format!("href=\"..&#x2f;{name}&#x2f;index.html\">{name}</a>");
        let said = cluster.split(&link).nth(1).and_then(|rest| rest.split("</li>").next()).expect("a link");
        assert_eq!(said.contains("silent since"), *name == "mx3", "{said}");
        let own = page(name);
        assert!(own.contains(&format!("<title>Mail on {name}</title>")), "{own}");
        assert_eq!(total(&graphs, name), *logged);
        assert!(graphs.join(name).join("messages-day-light.png").exists());
        assert!(!graphs.join(name).join("rbl-day-light.png").exists(), "nothing of it has come");
    }
    // No page of one machine knows the replies that another one got, nor does it lead to one that would.
    for name in ["cluster", "mx1", "mx2.example.com", "mx3"] {
        assert!(!graphs.join(name).join("why.html").exists() && !page(name).contains("why.html"), "{name}");
    }
    // A page's links lead to pages.
    for link in cluster.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let link = link.replace("&#x2f;", "/");
        let link = link.split('#').next().expect("a file");
        let link = if link.is_empty() { "index.html" } else { link };
        assert!(graphs.join("cluster").join(link).exists(), "{link}");
    }
    // One picture of all, and one of a host.
    for name in ["cluster", "mx1"] {
        let file = centre.machine.store.path("one.png");
        let path = file.to_str().expect("UTF-8");
        centre.printed(&["graph", "messages", "--host", name, "--from", "-1h", "-o", path]);
        assert!(fs::read(&file).expect("a picture").starts_with(b"\x89PNG"));
    }
}

/// How many messages there were in all, as the page of a host's graph of messages says.
fn total(graphs: &Path, host: &str) -> u128 {
    let html = fs::read_to_string(graphs.join(host).join("messages.html")).expect("messages.html");
    let row = html.split("<code>message_new</code>").nth(1).and_then(|rest| rest.split("</tr>").next());
    let cell = row.expect("a row").rsplit("<td>").next().and_then(|cell| cell.split('<').next());
    cell.expect("a cell").replace(',', "").parse().expect("a number")
}

#[test]
fn what_is_wrong_with_one_host_is_said_and_the_others_are_drawn() {
    let centre = Centre::new();
    for (words, code, said) in [
        (
            &["send", "--host", "mx9"][..],
            2,
            "mx9: no host of that name has pushed anything; there are cluster, mx1, mx2.example.com, mx3",
        ),
        (&["send", "--host", "../mx1"], 2, "no host of that name"),
        (&["send", "--hosts"], 2, "add --format prometheus or openmetrics"),
        (&["graph", "messages", "--hosts", "-o", "x.png"], 2, "name one host with --host"),
    ] {
        let output = centre.run(words);
        assert_eq!(output.status.code(), Some(code), "{words:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(said), "{words:?}: {}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    // Directories that cannot be a host's, and files of other programs, are none.
    for name in [".hidden", "a..b", "empty"] {
        fs::create_dir(centre.daemon.base().join(name)).expect("mkdir");
    }
    fs::write(centre.daemon.base().join("mx1/load.rrd"), "somebody's").expect("a file");
    assert_eq!(
        centre.printed(&["send", "message_new", "--host", "cluster"]).trim(),
        centre.all().to_string()
    );
    // One is damaged, one a link.
    let file = centre.daemon.file("mx1", "send");
    fs::write(&file, "no RRD").expect("a file");
    let two = centre.daemon.file("mx2.example.com", "send");
    let aside = centre.daemon.base().join("aside.rrd");
    fs::rename(&two, &aside).expect("rename");
    std::os::unix::fs::symlink(&aside, &two).expect("a link");
    let output = centre.run(&["graph", "messages", "--hosts", "--period", "day", "--theme", "light"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("mx1/send.rrd: is damaged") && said.contains("send.rrd: is a symbolic link"),
        "{said}"
    );
    let graphs = centre.machine.store.base().join("graphs");
    assert!(
        graphs.join("mx3/messages-day-light.png").exists()
            && !graphs.join("mx1/messages-day-light.png").exists()
    );
    let cluster = fs::read_to_string(graphs.join("cluster/index.html")).expect("a page");
    assert_eq!(cluster.matches("cannot be read").count(), 2, "{cluster}");
    let output = centre.run(&["send", "message_new", "--host", "cluster"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), centre.hosts[2].2.to_string());

    let config = centre.machine.store.config();
    let text = fs::read_to_string(&config).expect("toaster.conf");
    fs::write(&config, text.replace("hosts_dir", "# hosts_dir")).expect("toaster.conf");
    let output = centre.run(&["graph", "--hosts"]);
    assert!(
        output.status.code() == Some(1) && stderr(&output).contains("set hosts_dir"),
        "{}",
        stderr(&output)
    );
}
