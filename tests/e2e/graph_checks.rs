//! `maillogs check` about graphs: templates, their directory, and whether they are drawn.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, SystemTime};

use crate::support::store::{Store, stderr};

/// Level and text of the findings of a kind, of one subject each.
fn findings(store: &Store, check: &str) -> Vec<(String, String, String)> {
    let output = store.maillogs(&["check", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = |finding: &serde_json::Value, key: &str| finding[key].as_str().unwrap_or_default().to_owned();
    let all = report["findings"].as_array().expect("findings").iter();
    all.filter(|finding| finding["check"] == check)
        .map(|finding| (text(finding, "level"), text(finding, "subject"), text(finding, "text")))
        .collect()
}

/// Panics unless one of the findings has this level, and this in its subject and in its text.
fn assert_one(found: &[(String, String, String)], level: &str, subject: &str, words: &str) {
    let is_it = |(l, s, t): &(String, String, String)| l == level && s.contains(subject) && t.contains(words);
    assert!(found.iter().any(is_it), "no {level}: {subject}: {words} in {found:#?}");
}

#[test]
fn graphs_that_are_drawn_no_more_are_told_and_those_that_never_were_noted() {
    let store = Store::new();
    let graphs = store.base().join("graphs");
    assert_one(&findings(&store, "graphs"), "note", "graphs_dir", "no graph was drawn yet");
    fs::create_dir(&graphs).expect("mkdir");
    // Somebody else's picture says nothing.
    fs::write(graphs.join("logo.png"), "").expect("a picture");
    assert_one(&findings(&store, "graphs"), "note", "maillogs graph", "has drawn nothing yet");
    let output = store.maillogs(&["graph", "queue"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let fresh = findings(&store, "graphs");
    assert_one(&fresh, "ok", "maillogs graph", "has drawn ");
    assert!(fresh.iter().all(|(level, ..)| level == "ok"), "{fresh:#?}");
    let age = |seconds: u64| {
        for entry in fs::read_dir(&graphs).expect("the graphs") {
            let file = File::options().append(true).open(entry.expect("an entry").path()).expect("a file");
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("utimes");
        }
    };
    age(3_000);
    assert_one(&findings(&store, "graphs"), "ok", "maillogs graph", "50 min");
    age(2 * 3_600 + 60);
    assert_one(&findings(&store, "graphs"), "warning", "maillogs graph", "is it in cron?");
}

#[test]
fn the_directory_of_graphs_is_looked_at() {
    let store = Store::new();
    let graphs = store.base().join("graphs");
    fs::write(&graphs, "").expect("a file");
    assert_one(&findings(&store, "graphs"), "error", "graphs_dir", "is not a directory");
    fs::remove_file(&graphs).expect("rm");
    fs::create_dir(&graphs).expect("mkdir");
    fs::set_permissions(&graphs, Permissions::from_mode(0o777)).expect("chmod");
    assert_one(&findings(&store, "graphs"), "error", "graphs_dir", "mode 0777: everybody");
    // As /tmp is: nobody may replace what is another's.
    fs::set_permissions(&graphs, Permissions::from_mode(0o1777)).expect("chmod");
    let me = std::process::Command::new("id").arg("-un").output().expect("id");
    let me = String::from_utf8(me.stdout).expect("a name");
    let owner = format!("belongs to {}:", me.trim());
    assert_one(&findings(&store, "graphs"), "ok", "graphs_dir", &owner);
}

#[test]
fn every_template_is_read_and_what_is_wrong_is_named_with_file_and_line() {
    let plain = Store::new();
    let found = findings(&plain, "templates");
    assert_eq!(found.len(), 1, "{found:#?}");
    assert_one(&found, "ok", "templates", "every template is understood");

    let store = Store::with("templates_dir = \"templates\"\n");
    let dir = store.base().join("templates");
    fs::create_dir(&dir).expect("mkdir");
    let good = include_str!("../../templates/deliveries.toml");
    for (name, text) in [
        ("fine.toml", good.to_owned()),
        ("typo.toml", good.replace("delivery_success", "delivery_succes")),
        ("key.toml", "title = \"Mail\"\nprotocol = \"send\"\nunits = \"mails\"\n".to_owned()),
        ("index.html", "<html>\n<body>\n{% for graph in graphs %}\n</body>\n".to_owned()),
        ("graph.html", "{{ graph.title }}\n{{ broken \n".to_owned()),
    ] {
        fs::write(dir.join(name), text).expect("a template");
    }
    let found = findings(&store, "templates");
    assert_one(&found, "warning", "templates_dir", "key.toml: line 3: ");
    assert_one(&found, "warning", "templates_dir", "send has no `delivery_succes`; it has ");
    assert_one(&found, "warning", "templates_dir", "typo.toml: data[");
    assert_one(&found, "warning", "templates_dir", "index.html: line 3:");
    assert_one(&found, "warning", "templates_dir", "graph.html: line ");
    let is_fine = |(level, _, text): &(String, String, String)| level == "ok" || text.contains("fine.toml");
    assert!(!found.iter().any(is_fine), "{found:#?}");
}
