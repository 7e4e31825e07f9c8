//! What the README tells to type has to work.

use std::fs;
use std::path::Path;

use crate::support::store::{Answer, MAILLOGS, Store, stderr};

pub(super) fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The fenced blocks of README.md in `language`.
pub(super) fn blocks(language: &str) -> Vec<String> {
    let readme = file("README.md");
    let fence = format!("```{language}\n");
    let blocks: Vec<String> = readme
        .split(fence.as_str())
        .skip(1)
        .map(|rest| rest.split("```").next().expect("a block").to_owned())
        .collect();
    assert!(!blocks.is_empty(), "README.md has no block of {language}");
    blocks
}

#[test]
fn the_toaster_conf_is_understood() {
    for block in blocks("toml") {
        let store = Store::new();
        let own = fs::read_to_string(store.config()).expect("toaster.conf");
        let keys: Vec<&str> = own.lines().filter_map(|line| line.split(' ').next()).collect();
        let rest: Vec<&str> = block
            .lines()
            .filter(|line| !keys.iter().any(|key| !key.is_empty() && line.starts_with(key)))
            .collect();
        fs::write(store.config(), format!("{own}\n{}\n", rest.join("\n"))).expect("toaster.conf");
        block.parse::<toml::Table>().unwrap_or_else(|error| panic!("{error}\n{block}"));
        let output = store.maillogs(&["send"]);
        assert!(output.status.success(), "{}", stderr(&output));
        assert_eq!(stderr(&output), "", "a warning for\n{block}");
    }
}

#[test]
fn the_cron_lines_name_commands_that_exist() {
    let store = Store::new();
    let mut jobs = 0;
    for line in blocks("crontab").iter().flat_map(|block| block.lines()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        assert!(words.len() >= 8, "not a line of a system crontab: {line}");
        for time in &words[..5] {
            assert!(time.chars().all(|c| c.is_ascii_digit() || "*/,-".contains(c)), "{line}");
        }
        assert_eq!(words[6], "/usr/local/bin/maillogs", "{line}");
        let output = store.maillogs(&[words[7], "--help"]);
        assert!(output.status.success(), "{line}: {}", stderr(&output));
        jobs += 1;
    }
    assert!(jobs >= 2);
}

#[test]
fn the_answer_shown_is_one() {
    for block in blocks("console") {
        let (command, answer) = block.split_once('\n').expect("a command and its answer");
        match command {
            "$ maillogs send" => {
                let shown = Answer::parse(answer);
                assert_eq!(shown.keys(), Store::new().query().keys());
            }
            "$ tail -n 1 /var/log/mail/send/current | maillogs explain" => {
                // 2026-09-28 22:49:20 UTC.
                let text = answer.lines().find_map(|line| line.strip_prefix("  text ")).expect("a text");
                let store = Store::new();
                fs::write(store.path("line"), format!("@400000006abaeefa03d5e41f {}\n", text.trim()))
                    .expect("a line");
                let line = fs::File::open(store.path("line")).expect("a line");
                let output = store.command(MAILLOGS).arg("explain").stdin(line).output().expect("maillogs");
                assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), answer.trim());
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn the_pictures_shown_exist() {
    let readme = file("README.md");
    let mut pictures = 0;
    for attribute in ["src=\"", "srcset=\""] {
        for rest in readme.split(attribute).skip(1) {
            let name = rest.split('"').next().expect("a name");
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            assert!(path.exists(), "{name}");
            pictures += 1;
        }
    }
    assert!(pictures >= 2);
}

#[test]
fn the_commands_it_begins_with_are_targets() {
    let makefile = file("Makefile");
    for block in blocks("sh") {
        for line in block.lines() {
            if let Some(target) = line.strip_prefix("make ") {
                let target = target.split_whitespace().next().expect("a target");
                assert!(makefile.contains(&format!("\n{target}:")), "make {target}");
            }
        }
    }
}

#[test]
fn the_help_lists_what_toaster_conf_adds() {
    let store = Store::new();
    let own =
        blocks("toml").into_iter().find(|block| block.contains("[protocol.opendkim]")).expect("opendkim");
    let text = fs::read_to_string(store.config()).expect("toaster.conf");
    fs::write(store.path("own.conf"), text + &own).expect("own.conf");
    let path = store.path("own.conf").display().to_string();
    for (words, key) in [
        (vec!["opendkim", "--help", "--config", &path], "signed"),
        (vec!["--config", &path, "rbl", "--help"], "graylisted"),
        (vec!["rbl", "-h", &format!("--config={path}")], "example"),
        (vec!["--config", &path, "--help"], "opendkim"),
    ] {
        let help = store.run(&words);
        let found = help.lines().any(|line| line.split_whitespace().next() == Some(key));
        assert!(found, "{key} in maillogs {words:?}:\n{help}");
    }
    assert!(!store.run(&["rbl", "--help"]).contains("  graylisted "), "of a file that was not named");
}
