//! Holds the files to the one direction of data that ARCHITECTURE.md draws: its table of modules is read, and the
//! imports of every file are compared with it.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::protocol::shipped;

/// A module of the table, and the modules of ours that it may use.
struct Room {
    name: String,
    may_use: Vec<String>,
}

/// A file, and where its imports lead: to which file, and by which path.
type Imports = BTreeMap<String, BTreeMap<String, String>>;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The rows of the table under "The modules", the highest first. `all below` in the last column stands for all that follow.
fn table() -> Vec<Room> {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    let section = text.split("\n## The modules\n").nth(1).expect("a section of the modules");
    let section = section.split("\n## ").next().unwrap_or_default();
    let names =
        |cell: &str| -> Vec<String> { cell.split('`').skip(1).step_by(2).map(str::to_owned).collect() };
    let rows: Vec<(Vec<String>, String)> = section
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            assert_eq!(cells.len(), 3, "three columns: {line}");
            (names(cells[0]), cells[2].to_owned())
        })
        .collect();
    let all: Vec<String> = rows.iter().flat_map(|(names, _)| names.clone()).collect();
    let mut rooms = Vec::new();
    for (here, may_use) in &rows {
        for name in here {
            let below = all.iter().skip_while(|other| *other != name).skip(1);
            let may_use = match may_use.trim() {
                "all below" => below.cloned().collect(),
                _ => names(may_use),
            };
            rooms.push(Room { name: name.clone(), may_use });
        }
    }
    rooms
}

fn is_test(path: &Path) -> bool {
    let below = path.strip_prefix(root()).unwrap_or(path);
    let of_tests =
        |part: &str| ["tests", "tests.rs", "layers.rs", "fuzzing.rs", "samples.rs"].contains(&part);
    below.components().any(|part| part.as_os_str().to_str().is_some_and(of_tests))
}

/// The files of `dir` outside tests, and each file's text outside tests.
fn sources(dir: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") && !is_test(&path) {
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default().to_owned();
            found.insert(path, code);
        }
    }
    found
}

/// The file's place among the modules: `store/rrd/mod.rs` and `store/rrd.rs` are `store/rrd`.
fn module(path: &Path) -> String {
    let below = path.strip_prefix(root().join("src")).unwrap_or(path).with_extension("");
    let name = below.to_string_lossy().into_owned();
    name.strip_suffix("/mod").unwrap_or(&name).to_owned()
}

/// The paths that a `use` names, one by one, without its braces.
fn paths(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some((before, inner)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let inner = inner.rsplit_once('}').map_or(inner, |(inner, _)| inner);
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in inner.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => parts.push(String::new()),
            _ => {}
        }
        if c != ',' || depth > 0 {
            parts.last_mut().unwrap().push(c);
        }
    }
    let all = parts.iter().filter(|part| !part.trim().is_empty()).flat_map(|part| paths(part));
    all.map(|path| format!("{}{path}", before.trim())).collect()
}

/// All paths into our own modules in `code`: those of `use`, and those within expressions.
fn used(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    let mut is_of_tests = false;
    while let Some(line) = lines.next() {
        let words = line.trim_start();
        let words = words.strip_prefix("pub").map_or(words, |after| match after.strip_prefix('(') {
            Some(after) => after.split_once(')').map_or("", |(_, after)| after).trim_start(),
            None => after.trim_start(),
        });
        if let Some(first) = words.strip_prefix("use ") {
            let mut whole = first.to_owned();
            while !whole.contains(';') {
                whole += lines.next().unwrap_or(";");
            }
            if !is_of_tests {
                found.extend(paths(whole.split(';').next().unwrap_or_default()));
            }
        } else if !is_of_tests {
            rest += line;
            rest.push('\n');
        }
        is_of_tests = words.starts_with("#[cfg(any(test") || words.starts_with("#[cfg(test)]");
    }
    // `pub(in PATH)` says who may use an item; it is no import.
    let rest = rest.split("pub(in ").enumerate().map(|(n, part)| match part.split_once(')') {
        Some((_, after)) if n > 0 => after,
        _ => part,
    });
    let rest = rest.collect::<String>();
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    // A path may go down from a module that a `use` has brought in.
    let brought: BTreeMap<String, String> = found
        .iter()
        .map(|path| path.strip_suffix("::self").unwrap_or(path).to_owned())
        .filter_map(|path| Some((path.rsplit("::").next()?.to_owned(), path)))
        .collect();
    for word in rest.split(|c: char| !is_part(c)).filter(|word| word.contains("::")) {
        let (first, below) = word.split_once("::").unwrap_or_default();
        found.extend(brought.get(first).map(|path| format!("{path}::{below}")));
        found.push(word.to_owned());
    }
    found
}

/// The file that `path`, written in the file of module `from`, leads to. `None`: none of ours.
fn leads_to(from: &str, path: &str, modules: &BTreeSet<String>) -> Option<String> {
    let mut place: Vec<&str> = from.split('/').filter(|part| !part.is_empty()).collect();
    let mut parts = path.split("::").map(str::trim).peekable();
    match parts.peek().copied() {
        Some("crate") => {
            place.clear();
            parts.next();
        }
        Some("self") => {
            parts.next();
        }
        Some("super") => {
            while parts.next_if_eq(&"super").is_some() {
                place.pop();
            }
        }
        Some(child) if modules.contains(&format!("{from}/{child}")) => {}
        _ => return None,
    }
    for part in parts {
        let next = place.iter().copied().chain([part]).collect::<Vec<_>>().join("/");
        if !modules.contains(&next) {
            break;
        }
        place.push(part);
    }
    let found = place.join("/");
    (found != from && modules.contains(&found)).then_some(found)
}

fn imports(sources: &BTreeMap<String, String>) -> Imports {
    let modules: BTreeSet<String> = sources.keys().cloned().collect();
    let of = |(from, code): (&String, &String)| {
        let all = used(code).into_iter();
        (from.clone(), all.filter_map(|path| Some((leads_to(from, &path, &modules)?, path))).collect())
    };
    sources.iter().map(of).collect()
}

fn all_sources() -> BTreeMap<String, String> {
    let all = sources(&root().join("src")).into_iter();
    let all = all.map(|(path, code)| (module(&path), code));
    all.filter(|(module, _)| module != "lib" && module != "main").collect()
}

/// The shortest way from `file` along imports back to it, in words.
fn circle(file: &str, imports: &Imports) -> Option<String> {
    let mut ways: BTreeMap<&str, &str> = BTreeMap::new();
    let mut next = vec![file];
    while !next.is_empty() {
        let mut later = Vec::new();
        for from in next {
            for to in imports.get(from)?.keys() {
                if to == file {
                    let mut way = vec![file, from];
                    while let Some(before) = way.last().and_then(|last| ways.get(last)) {
                        way.push(before);
                    }
                    if from == file {
                        way.pop();
                    }
                    way.reverse();
                    return Some(way.join(" -> "));
                }
                if !ways.contains_key(to.as_str()) {
                    ways.insert(to, from);
                    later.push(to.as_str());
                }
            }
        }
        next = later;
    }
    None
}

#[test]
fn every_module_uses_only_what_the_table_of_architecture_md_lets_it_use() {
    let rooms = table();
    let imports = imports(&all_sources());
    let room_of = |module: &str| module.split('/').next().unwrap_or_default().to_owned();
    let there: BTreeSet<String> = imports.keys().map(|module| room_of(module)).collect();
    let told: BTreeSet<String> = rooms.iter().map(|room| room.name.clone()).collect();
    assert_eq!(there, told, "the modules of src/ and those of the table");
    let mut wrong = Vec::new();
    for (n, room) in rooms.iter().enumerate() {
        for used in &room.may_use {
            if !rooms.iter().skip(n + 1).any(|below| below.name == *used) {
                wrong.push(format!("the table lets {} use {used}, which is not below it", room.name));
            }
        }
    }
    for (from, all) in &imports {
        let room = rooms.iter().find(|room| room.name == room_of(from)).expect("a room");
        for (to, path) in all {
            let used = room_of(to);
            if used != room.name && !room.may_use.contains(&used) {
                wrong.push(format!("src/{from}: {path}: {} may not use {used}", room.name));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_two_files_need_each_other() {
    let imports = imports(&all_sources());
    let circles: BTreeSet<String> = imports.keys().filter_map(|file| circle(file, &imports)).collect();
    assert!(circles.is_empty(), "\n{}", circles.into_iter().collect::<Vec<_>>().join("\n"));
}

#[test]
fn a_circle_is_found_however_an_import_is_written() {
    let files = |back: &str| -> BTreeMap<String, String> {
        let of = |(name, code): (&str, &str)| (name.to_owned(), code.to_owned());
        let a = ("a", "use crate::b::c::{D, e as f};\n");
        [a, ("b", "mod c;\n"), ("b/c", back), ("b/c/d", "use crate::a::G;\n")].map(of).into()
    };
    for back in [
        "use crate::a::G;",
        "pub(crate) use crate::{\n    a::{self, G},\n};",
        "fn f() { crate::a::g() }",
        "fn f() { super::super::a::g() }",
        "mod d;\nfn f() { d::g() }",
    ] {
        let imports = imports(&files(back));
        let found = circle("a", &imports).unwrap_or_default();
        assert!(["a -> b/c -> a", "a -> b/c -> b/c/d -> a"].contains(&found.as_str()), "{back}: {found}");
    }
    for back in ["// use crate::a::G;", "#[cfg(test)]\nuse crate::a::G;", "use crate::b::x;"] {
        assert_eq!(circle("a", &imports(&files(back))), None, "{back}");
    }
}

/// What a protocol is stands on its card. Nothing else is to know one by its name.
#[test]
fn no_protocol_is_named_outside_its_file() {
    let lines = lines();
    let names = shipped().iter().map(|card| format!("\"{}\"", card.name)).collect::<Vec<_>>();
    assert!(names.len() >= 9);
    let (inside, outside): (Vec<&String>, Vec<&String>) =
        lines.iter().partition(|line| line.contains("/src/protocol/"));
    for line in outside {
        let named = names.iter().find(|name| line.contains(name.as_str()));
        assert!(named.is_none(), "it is to ask the protocol's card: {line}");
    }
    for name in &names {
        assert!(inside.iter().any(|line| line.contains(name.as_str())), "{name}: its own file was not read");
    }
}

#[test]
fn a_path_that_goes_down_from_an_imported_module_is_seen() {
    let of = |(name, code): (&str, &str)| (name.to_owned(), code.to_owned());
    for code in ["use crate::b;\nfn f() { b::c::g() }", "use crate::b::{self, X};\nfn f() { b::c::g() }"] {
        let files = [("a", code), ("b", "mod c;\n"), ("b/c", "use crate::a::G;\n")].map(of).into();
        assert_eq!(circle("a", &imports(&files)).as_deref(), Some("a -> b/c -> a"), "{code}");
    }
}

#[test]
fn the_root_of_the_library_brings_nothing_in() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for line in text.lines() {
        let words = line.trim_start().trim_start_matches("pub ");
        assert!(!words.starts_with("use "), "a path through lib.rs is seen by no test here: {line}");
    }
}

/// The lines of all sources outside tests, without comments, each with its file.
fn lines() -> Vec<String> {
    let all = sources(&root().join("src"));
    let of = |(path, code): (&PathBuf, &String)| -> Vec<String> {
        let words = |line: &str| line.split("//").next().unwrap_or_default().to_owned();
        code.lines().map(|line| format!("{}: {}", path.display(), words(line))).collect()
    };
    all.iter().flat_map(of).collect()
}

#[test]
fn nothing_panics_where_a_directory_cannot_be_closed() {
    for line in lines() {
        assert!(
            !line.contains("fs::read_dir") && !line.contains("::remove_dir_all"),
            "crate::dir does it: {line}"
        );
    }
}

#[test]
fn only_the_rrd_module_is_unsafe_and_only_main_exits() {
    for line in lines() {
        // lib.rs denies it everywhere; this is who may lift that.
        assert!(!line.contains("allow(unsafe_code)") || line.contains("/src/store/rrd/"), "{line}");
        assert!(!line.contains("process::exit"), "{line}");
    }
}

/// The standard library panics in these, where another call of it gives an error.
#[test]
fn nothing_panics_where_no_thread_can_be_made_or_stdout_is_closed() {
    for line in lines() {
        for call in ["thread::spawn", "thread::scope", "print!(", "println!("] {
            assert!(!line.contains(call), "{line}");
        }
    }
}
