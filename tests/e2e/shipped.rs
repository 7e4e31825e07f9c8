//! What is shipped for other programs (`share`): a dashboard of which every expression has data, alert rules with their tests,
//! and Zabbix' agent with the line of the template.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::databases::{node_exporter, prometheus, promtool, series};
use crate::support::store::{MAILLOGS, Store, stderr};
use crate::support::traffic::{Log, Traffic};
use crate::support::wait_until;

fn shipped(name: &str) -> String {
    format!("{}/share/{name}", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_alert_rules_are_right_and_fire_when_they_should() {
    for words in [
        ["check", "rules", &shipped("prometheus/maillogs.rules.yml")],
        ["test", "rules", &shipped("prometheus/maillogs.rules.test.yml")],
    ] {
        let output = promtool(&words, b"");
        assert!(
            output.status.success(),
            "{words:?}: {}{}",
            String::from_utf8_lossy(&output.stdout),
            stderr(&output)
        );
    }
    // Each rule has a test, and asks for metrics that there are.
    let rules = fs::read_to_string(shipped("prometheus/maillogs.rules.yml")).expect("the rules");
    let tests = fs::read_to_string(shipped("prometheus/maillogs.rules.test.yml")).expect("their tests");
    let alerts: Vec<&str> = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    assert!(alerts.len() > 6);
    for alert in alerts {
        assert!(tests.contains(&format!("alertname: {alert}")), "{alert}");
    }
}

/// A server with everything that the dashboard shows, up to now.
fn server() -> Store {
    let store = Store::with_syslog();
    let end =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let traffic = Traffic {
        seed: 3,
        end: i64::try_from(end).expect("a time"),
        days: 1.0 / 24.0,
        rate: 1.0,
        utc_offset: 0,
        labels: true,
    };
    for (log, file) in [(Log::Send, "send/current"), (Log::Smtpd, "smtp/current")] {
        let file = store.base().join(file);
        fs::create_dir_all(file.parent().expect("a directory")).expect("a directory");
        traffic.write_log(log, &mut fs::File::create(file).expect("a log")).expect("a log");
    }
    traffic.write_log(Log::Syslog, &mut fs::File::create(store.syslog()).expect("syslog")).expect("syslog");
    for dir in ["mess/0", "info/0", "local/0", "remote/0", "todo", "bounce"] {
        fs::create_dir_all(store.path("queue").join(dir)).expect("a queue");
    }
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    let queue = store.path("queue").display().to_string();
    fs::write(store.config(), format!("qmail_queue_dir = \"{queue}\"\n{config}")).expect("toaster.conf");
    store
}

/// Every expression of the dashboard, by its panel.
fn expressions() -> Vec<(String, String)> {
    let text = fs::read_to_string(shipped("grafana/maillogs.json")).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let targets = panels.iter().flat_map(|panel| {
        let targets = panel["targets"].as_array().cloned().unwrap_or_default();
        let title = panel["title"].as_str().unwrap_or_default().to_owned();
        targets
            .into_iter()
            .map(move |target| (title.clone(), target["expr"].as_str().expect("an expression").to_owned()))
    });
    targets.collect()
}

#[test]
fn every_expression_of_the_dashboard_has_data() {
    let store = server();
    let dir = store.path("textfile");
    fs::create_dir(&dir).expect("a directory");
    let file = dir.join("maillogs.prom").display().to_string();
    let write = || {
        store.run(&["update"]);
        let output = store.maillogs(&["all", "--format", "prometheus", "--output", &file]);
        assert!(output.status.success(), "{}", stderr(&output));
    };
    write();
    let exporter = node_exporter(&dir);
    let config = store.path("prometheus.yml");
    fs::write(
        &config,
        format!(
            "global:\n  scrape_interval: 200ms\n  scrape_timeout: 200ms\nscrape_configs:\n  - job_name: mail\n    static_configs:\n      - targets: ['{}']\n",
            exporter.address
        ),
    )
    .expect("its file");
    let server = prometheus(&store.path("tsdb"), &config);
    wait_until("it has scraped", || !series(&server, "maillogs_up").is_empty());
    // What is counted grows between two scrapes, as it does on a server.
    let grow = |from: &str, into: &Path| {
        let text = fs::read_to_string(into).expect("a log");
        fs::write(into, format!("{text}{from}")).expect("a log");
    };
    let current = store.base().join("send/current");
    let again = fs::read_to_string(&current).expect("a log");
    let smtp = store.base().join("smtp/current");
    let smtp_again = fs::read_to_string(&smtp).expect("a log");
    let syslog_again = fs::read_to_string(store.syslog()).expect("a log");
    grow(&again, &current);
    grow(&smtp_again, &smtp);
    grow(&syslog_again, &store.syslog());
    write();
    let expressions = expressions();
    assert!(expressions.len() > 20);
    for (title, expression) in expressions {
        let expression = expression.replace("$host", ".*").replace("$__rate_interval", "1m");
        assert!(!expression.contains('$'), "{title}: {expression}");
        wait_until(&format!("{title} has data: {expression}"), || {
            series(&server, &expression).iter().any(|one| one["value"][1] != "NaN")
        });
    }
    // The variable `host` has this one.
    assert!(
        series(&server, "maillogs_up")
            .iter()
            .any(|one| one["metric"]["instance"] == exporter.address.to_string())
    );
}

#[test]
fn zabbix_agent_has_the_item_and_the_template_takes_it_apart() {
    let store = server();
    store.run(&["update"]);
    let template = fs::read_to_string(shipped("zabbix/maillogs.yaml")).expect("the template");
    let parameter =
        template.lines().find_map(|line| line.trim().strip_prefix("UserParameter=")).expect("its line");
    let config = store.path("zabbix.conf");
    let program = parameter.replace("/usr/local/bin/maillogs", MAILLOGS);
    fs::write(
        &config,
        format!("Hostname=x\nServer=127.0.0.1\nAllowRoot=1\nTimeout=30\nUserParameter={program}\n"),
    )
    .expect("its file");
    let mut agent = store.command("zabbix_agentd");
    let output = agent
        .arg("-c")
        .arg(&config)
        .args(["-t", "maillogs.all"])
        .output()
        .expect("zabbix_agentd: run `make deps-test`");
    let text = String::from_utf8_lossy(&output.stdout);
    let Some((_, json)) = text.split_once("[t|") else { panic!("{text}") };
    let json = json.trim_end().trim_end_matches(']');
    let file = store.path("zabbix.json");
    fs::write(&file, format!("{json}]")).expect("a file");
    let value: Value =
        serde_json::from_str(json).or_else(|_| serde_json::from_str(&format!("{json}]"))).expect("JSON");
    let expected = store.run(&["send", "delivery_success"]);
    let found = value["data"]
        .as_array()
        .expect("data")
        .iter()
        .find(|one| one["protocol"] == "send" && one["key"] == "delivery_success")
        .expect("the counter");
    assert_eq!(found["value"].to_string(), expected.trim());
    // The names that the template's paths ask for are those of the objects.
    for name in ["protocol", "key", "help", "kind"] {
        assert!(template.contains(&format!("$.{name}")) || template.contains(&format!("@.{name}")), "{name}");
        assert!(found[name].is_string(), "{name}");
    }
    let yaml = Command::new("python3").args(["-c", "import sys,yaml; d=yaml.safe_load(open(sys.argv[1])); print(len(d['zabbix_export']['templates'][0]['discovery_rules']))", &shipped("zabbix/maillogs.yaml")]).output().expect("python3");
    assert_eq!(String::from_utf8_lossy(&yaml.stdout).trim(), "2", "{}", stderr(&yaml));
}
