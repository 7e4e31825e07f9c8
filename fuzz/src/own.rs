//! Counters and lists of toaster.conf: what their regexes find is what is counted.
use std::path::Path;
use std::sync::OnceLock;

use maillogs::config::Config;
use maillogs::line::Parser;
use maillogs::protocol::custom::CustomCounter;
use maillogs::protocol::{LogKind, Protocol, Raise};

use crate::{NOW, classify, lines};

const TOASTER_CONF: &str = r#"
[[rbl]]
name = "example_list"
match = 'bl\.example\.org'
[[rbl]]
name = "anything_blocked"
match = 'block(ed|list)'
[protocol.ftp]
source = "syslog"
[protocol.web]
source = "multilog:web"
[[counter]]
protocol = "send"
name = "quota"
match = 'over_?quota'
[[counter]]
protocol = "send"
name = "greeting"
match = 'Remote_host_said:_4\d\d'
[[counter]]
protocol = "ftp"
name = "upload_bytes"
match = '^OK UPLOAD: .*, (?<bytes>\d+) bytes'
sum = "bytes"
tag = "vsftpd"
[[counter]]
protocol = "ftp"
name = "logins"
match = '^(OK|FAIL) LOGIN'
[[counter]]
protocol = "ftp"
name = "amount"
match = 'sent ([^ ]*) (MB|bytes)?'
sum = 1
[[counter]]
protocol = "web"
name = "any"
match = '^'
[[counter]]
protocol = "web"
name = "high_bytes"
match = '(?-u)[\x80-\xff]{2,}\b|\xff+$'
[[counter]]
protocol = "web"
name = "perhaps"
match = '(x+)?y([.\d]+)?'
sum = 2
"#;

struct All {
    protocols: Vec<&'static Protocol>,
    counters: Vec<CustomCounter>,
}

fn all() -> &'static All {
    static ALL: OnceLock<All> = OnceLock::new();
    ALL.get_or_init(|| {
        let (config, problems) = Config::parse(TOASTER_CONF, Path::new("toaster.conf"));
        assert!(problems.is_empty(), "{problems:?}");
        All { protocols: config.all_protocols().to_vec(), counters: config.counters }
    })
}

/// Reads `log` with every protocol that toaster.conf has changed or made.
pub fn counters(log: &[u8]) {
    for protocol in all().protocols.iter().filter(|p| ["send", "rbl", "ftp", "web"].contains(&p.name)) {
        for place in [LogKind::Dedicated, LogKind::Shared] {
            classify::protocol_in(protocol, place, log);
            for counter in all().counters.iter().filter(|counter| counter.protocol == protocol.name) {
                lines(log).for_each(|line| counted(protocol, place, counter, line));
            }
        }
    }
}

/// One counter and one line.
fn counted(protocol: &Protocol, place: LogKind, counter: &CustomCounter, line: &[u8]) {
    let line = Parser::new(10, NOW).parse(line);
    let mut values = vec![0; protocol.counters.len()];
    (protocol.classify)(&line, place, &mut Raise(&mut values));
    let value = |key: &str| protocol.index(key).map(|at| values[at]).unwrap_or_default();
    let is_meant = !line.continuation && counter.tag.as_deref().is_none_or(|tag| line.tag == Some(tag));
    let found = counter.pattern.captures(line.text).filter(|_| is_meant);
    let found_lines = i128::from(found.is_some());
    match counter.sum {
        None => assert_eq!(value(&counter.key), found_lines, "{}: {line:?}", counter.key),
        Some(group) => {
            let captured = found.and_then(|found| found.get(group));
            let amount = captured.and_then(|amount| nanos(amount.as_bytes())).unwrap_or_default();
            assert_eq!(value(&format!("{}_lines", counter.key)), found_lines, "{line:?}");
            assert_eq!(value(&counter.key), amount, "{}: {line:?}", counter.key);
        }
    }
}

/// A decimal in units of 10⁻⁹, rounded half up, by way of whole fractions. `None`: it is none.
fn nanos(text: &[u8]) -> Option<i128> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if (whole.is_empty() && part.is_empty()) || !digits(whole) || !digits(part) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > 15 {
        return None;
    }
    // What stands behind the tenth digit does not change how the ninth is rounded.
    let part = &part[..part.len().min(10)];
    let number = |text: &str| if text.is_empty() { Some(0) } else { text.parse::<u128>().ok() };
    let scale = 10_u128.pow(u32::try_from(part.len()).ok()?);
    let (value, scaled) = (number(whole)? * scale + number(part)?, 1_000_000_000);
    i128::try_from((2 * value * scaled + scale) / (2 * scale)).ok()
}
