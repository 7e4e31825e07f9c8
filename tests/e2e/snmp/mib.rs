//! The MIB is one that smilint accepts, and says the types that are sent.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::store::Store;

/// The modules that all others are made of: Debian has none of them (their licence), npm's archive of `net-snmp` does. `None`:
/// npm's registry could not be reached when the tests were set up.
fn base_modules() -> Option<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/mibs");
    if dir.join("unreachable").exists() {
        eprintln!("npm's registry could not be reached: the MIB is read by the test itself");
        return None;
    }
    assert!(dir.join("complete").exists(), "there is no {}: run `make deps-test`", dir.display());
    Some(dir)
}

/// The columns of the MIB with their types, as a reader of its text finds them: `NAME OBJECT-TYPE`, `SYNTAX TYPE`, `::= { ENTRY N }`.
fn columns(text: &str) -> Vec<(String, String, u32)> {
    let objects = text.split(" OBJECT-TYPE\n").collect::<Vec<_>>();
    let mut found = Vec::new();
    for two in objects.windows(2) {
        let name = two[0].split_whitespace().next_back().expect("a name").to_owned();
        let syntax = two[1].split("SYNTAX").nth(1).and_then(|rest| rest.split_whitespace().next());
        let number = two[1].split("::= {").nth(1).and_then(|rest| rest.split('}').next());
        let number = number.and_then(|number| number.split_whitespace().next_back()?.parse().ok());
        if let (Some(syntax), Some(number)) = (syntax, number) {
            found.push((name, syntax.to_owned(), number));
        }
    }
    found
}

#[test]
fn the_text_has_each_column_once_and_no_other_type_than_is_sent() {
    let text = include_str!("../../../share/snmp/MAILLOGS-MIB.txt");
    let columns = columns(text);
    for (name, syntax, number) in [
        ("maillogsCounterKind", "INTEGER", 2),
        ("maillogsCounterCount", "Counter64", 3),
        ("maillogsCounterNanos", "Counter64", 4),
        ("maillogsCounterLevel", "Gauge32", 5),
        ("maillogsCounterMillis", "Gauge32", 6),
    ] {
        let of_name: Vec<_> = columns.iter().filter(|(known, ..)| known == name).collect();
        assert_eq!(of_name, [&(name.to_owned(), syntax.to_owned(), number)], "{columns:?}");
    }
}

/// What smilint says of a module, up to `level`.
fn lint(base: &Path, module: &Path, level: u8) -> String {
    let mut command = Command::new("smilint");
    command.env("SMIPATH", base).args(["-s", "-l", &level.to_string()]).arg(module);
    let output = command.output().unwrap_or_else(|error| panic!("smilint: {error}: run `make deps-test`"));
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn smilint_accepts_the_mib() {
    let store = Store::new();
    let base = base_modules();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/snmp/MAILLOGS-MIB.txt");
    let printed = store.run(&["snmp", "--mib"]);
    assert_eq!(printed, std::fs::read_to_string(&shipped).expect("the MIB"));
    let file = store.path("MAILLOGS-MIB");
    for oid in [".1.3.6.1.4.1.8072.9999.9999.62455", ".1.3.6.1.4.1.99999", "1.3.6.1.4.1.2021.255.1.2.3.4.5.6"]
    {
        let printed = store.run(&["snmp", "--mib", "--oid", oid]);
        std::fs::write(&file, &printed).expect("a file");
        if let Some(base) = &base {
            assert_eq!(lint(base, &file, 4), "", "{oid}");
        }
    }
    // It is one that complains.
    let Some(base) = base else { return };
    for (from, to) in
        [("Counter64\n    UNITS", "Counter65\n    UNITS"), ("        maillogsProtocolAbout,\n", "")]
    {
        let broken = printed.replacen(from, to, 1);
        assert_ne!(broken, printed);
        std::fs::write(&file, broken).expect("a file");
        assert_ne!(lint(&base, &file, 4), "", "{from}");
    }
}

/// As another program reads the module: each column's number, name and type.
#[test]
fn the_mib_says_where_the_columns_are() {
    let Some(base) = base_modules() else { return };
    let mut command = Command::new("smidump");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("share/snmp/MAILLOGS-MIB.txt");
    command.env("SMIPATH", base).args(["-q", "-f", "identifiers"]).arg(shipped);
    let output = command.output().expect("smidump");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    for (name, below) in [
        ("maillogsProtocolState", "1.1.1.3"),
        ("maillogsProtocolRead", "1.1.1.5"),
        ("maillogsCounterKind", "1.2.1.2"),
        ("maillogsCounterCount", "1.2.1.3"),
        ("maillogsCounterNanos", "1.2.1.4"),
        ("maillogsCounterLevel", "1.2.1.5"),
        ("maillogsCounterMillis", "1.2.1.6"),
        ("maillogsCounterText", "1.2.1.7"),
        ("maillogsCounterHelp", "1.2.1.8"),
    ] {
        let oid = format!("1.3.6.1.4.1.8072.9999.9999.62455.{below}");
        let has = text.lines().any(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            words.contains(&name) && words.contains(&oid.as_str())
        });
        assert!(has, "{name} {oid} in\n{text}");
    }
}
