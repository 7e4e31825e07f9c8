//! toaster.conf: whatever it says, what is in force can be written down and read as the same.
use std::path::Path;

use maillogs::config::{Config, Problem, fuzzing, print};

const FILE: &str = "toaster.conf";

/// Reads `bytes` as toaster.conf.
pub fn any(bytes: &[u8]) {
    // As a file is read.
    let text = String::from_utf8_lossy(bytes);
    let (config, problems) = read(&text);
    let lines = text.split('\n').count();
    for problem in &problems {
        let said = problem.to_string();
        assert!(!said.contains(char::is_control), "one line for a terminal: {said:?}");
        assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)), "{lines} lines: {said}");
    }

    let shown = print::in_force(&config);
    let (again, new) = read(&shown);
    assert!(new.is_empty(), "{new:?}\n{shown}");
    assert_eq!(meaning(&again), meaning(&config), "what is shown is not what is in force:\n{shown}");

    if let Ok(toml) = fuzzing::convert(&text, Path::new(FILE)) {
        let (converted, left) = read(&toml);
        assert_eq!(meaning(&converted), meaning(&config), "converted:\n{toml}");
        let kinds = |problems: &[Problem]| problems.iter().map(|p| (p.severity, p.line)).collect::<Vec<_>>();
        assert_eq!(kinds(&left), kinds(&problems), "converted:\n{toml}");
        let twice = fuzzing::convert(&toml, Path::new(FILE)).expect("what was converted is TOML");
        assert_eq!(twice, toml, "what is TOML stays as it is");
    }
}

fn read(text: &str) -> (Config, Vec<Problem>) {
    Config::parse(text, Path::new(FILE))
}

/// All of it but where it stands.
fn meaning(config: &Config) -> Config {
    let mut config = config.clone();
    config.file = None;
    config.raw.clear();
    config.origins.clear();
    config.lists.iter_mut().for_each(|list| list.line = 0);
    config.protocols.iter_mut().for_each(|protocol| protocol.line = 0);
    config.counters.iter_mut().for_each(|counter| counter.origin.clear());
    config
}
