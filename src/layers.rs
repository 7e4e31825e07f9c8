//! Holds the files to the one direction of data that ARCHITECTURE.md draws: its table of modules is read, and the
//! imports of every file are compared with it.
mod code;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::protocol::shipped;
use code::Code;

/// A module of the table, and the modules of ours that it may use.
struct Room {
    name: String,
    may_use: Vec<String>,
    /// Does the table name them one by one?
    is_listed: bool,
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
            let is_listed = may_use.trim() != "all below";
            let may_use = if is_listed { names(may_use) } else { below.cloned().collect() };
            rooms.push(Room { name: name.clone(), may_use, is_listed });
        }
    }
    rooms
}

fn is_test(path: &Path) -> bool {
    let below = path.strip_prefix(root()).unwrap_or(path);
    let of_tests =
        |part: &str| ["tests", "tests.rs", "layers", "layers.rs", "fuzzing.rs", "samples.rs"].contains(&part);
    below.components().any(|part| part.as_os_str().to_str().is_some_and(of_tests))
}

/// The files of `dir` outside tests, and each file's code outside tests.
fn sources(dir: &Path) -> BTreeMap<PathBuf, Code> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|e| e == "rs") && !is_test(&path) {
            let text = fs::read_to_string(&path).unwrap();
            let tests = ["#[cfg(test)]\nmod tests {", "#[cfg(test)]\npub(crate) mod tests {"];
            let end = tests.iter().filter_map(|begin| text.find(begin)).min().unwrap_or(text.len());
            let code = &text[..end];
            found.insert(path, Code::of(code));
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

/// The paths that a `use` names, one by one, without its braces; and the name that each has from then on.
fn paths(tree: &str) -> Vec<(String, String)> {
    let tree = tree.trim();
    let Some((before, inner)) = tree.split_once('{') else {
        let (path, renamed) = tree.split_once(" as ").map_or((tree, None), |(path, name)| (path, Some(name)));
        let path = path.trim();
        let own = path.strip_suffix("::self").unwrap_or(path).rsplit("::").next().unwrap_or_default();
        return vec![(path.to_owned(), renamed.unwrap_or(own).trim().to_owned())];
    };
    let before = before.trim();
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
    all.map(|(path, name)| match path.as_str() {
        "self" => {
            let (whole, own) = paths(before.trim_end_matches("::")).remove(0);
            (whole, if name == "self" { own } else { name })
        }
        _ => (format!("{before}{path}"), name),
    })
    .collect()
}

/// The paths of every `use` in `code`, each with its name, and all paths within expressions.
fn used(code: &Code) -> (Vec<(String, String)>, Vec<String>) {
    let mut found = Vec::new();
    let mut rest = String::new();
    let mut lines = code.plain.lines();
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
        is_of_tests = ["#[cfg(test)]", "#[cfg(any(test, fuzzing))]"].iter().any(|of| words.starts_with(of));
    }
    // `pub(in PATH)` says who may use an item; it is no import.
    let rest = rest.split("pub(in ").enumerate().map(|(n, part)| match part.split_once(')') {
        Some((_, after)) if n > 0 => after,
        _ => part,
    });
    let rest = rest.collect::<String>();
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = rest.split(|c: char| !is_part(c)).filter(|word| word.contains("::")).map(str::to_owned);
    (found, words.collect())
}

/// The module that `path`, written in the file of module `from`, leads to, as far as `modules` go; empty: the root.
/// `None`: none of ours.
fn place(from: &str, path: &str, modules: &BTreeSet<String>) -> Option<String> {
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
    Some(place.join("/"))
}

/// The file that `path`, written in the file of module `from`, leads to. `None`: none of ours.
fn leads_to(from: &str, path: &str, modules: &BTreeSet<String>) -> Option<String> {
    place(from, path, modules).filter(|found| found != from && modules.contains(found))
}

/// The paths by which `code`, of module `from`, reaches modules of ours. A path may go down from a module that a `use` has
/// brought in, by its name or with all others of its parent (`use parent::*`).
fn reached(from: &str, code: &Code, modules: &BTreeSet<String>) -> Vec<String> {
    let (imported, words) = used(code);
    let mut brought: BTreeMap<String, String> = BTreeMap::new();
    for (path, name) in &imported {
        let Some(parent) = path.strip_suffix("::*").or((path == "*").then_some("self")) else {
            brought.insert(name.clone(), path.clone());
            continue;
        };
        let Some(parent) = place(from, parent, modules) else { continue };
        for module in modules {
            let (above, child) = module.rsplit_once('/').unwrap_or(("", module));
            if above == parent {
                brought.insert(child.to_owned(), format!("crate::{}", module.replace('/', "::")));
            }
        }
    }
    let mut found: Vec<String> = imported.into_iter().map(|(path, _)| path).collect();
    for word in words {
        let (first, below) = word.split_once("::").unwrap_or_default();
        found.extend(brought.get(first).map(|path| format!("{path}::{below}")));
        found.push(word);
    }
    found
}

fn imports(sources: &BTreeMap<String, Code>) -> Imports {
    let modules: BTreeSet<String> = sources.keys().cloned().collect();
    let of = |(from, code): (&String, &Code)| {
        let all = reached(from, code, &modules).into_iter();
        (from.clone(), all.filter_map(|path| Some((leads_to(from, &path, &modules)?, path))).collect())
    };
    sources.iter().map(of).collect()
}

fn all_sources() -> BTreeMap<String, Code> {
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
    for room in rooms.iter().filter(|room| room.is_listed) {
        let of_room = imports.iter().filter(|(from, _)| room_of(from) == room.name);
        let used: BTreeSet<String> = of_room.flat_map(|(_, all)| all.keys().map(|to| room_of(to))).collect();
        let idle = room.may_use.iter().filter(|allowed| !used.contains(*allowed));
        wrong.extend(
            idle.map(|idle| format!("the table lets {} use {idle}, which no file of it does", room.name)),
        );
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn no_two_files_need_each_other() {
    let imports = imports(&all_sources());
    let circles: BTreeSet<String> = imports.keys().filter_map(|file| circle(file, &imports)).collect();
    assert!(circles.is_empty(), "\n{}", circles.into_iter().collect::<Vec<_>>().join("\n"));
}

fn files(all: &[(&str, &str)]) -> BTreeMap<String, Code> {
    all.iter().map(|(name, code)| ((*name).to_owned(), Code::of(code))).collect()
}

#[test]
fn a_circle_is_found_however_an_import_is_written() {
    let with = |back: &str| {
        let a = ("a", "use crate::b::c::{D, e as f};\n");
        files(&[a, ("b", "mod c;\n"), ("b/c", back), ("b/c/d", "use crate::a::G;\n")])
    };
    for back in [
        "use crate::a::G;",
        "use crate::a::*;",
        "pub(crate) use crate::{\n    a::{self, G},\n};",
        "use crate::{self as root};\nfn f() { root::a::g() }",
        "use crate::*;\nfn f() { a::g() }",
        "use super::super::*;\nfn f() { a::g() }",
        "use crate::b as same;\nfn f() { same::c::d::g() }",
        "fn f() { crate::a::g() }",
        "fn f() { super::super::a::g() }",
        "mod d;\nfn f() { d::g() }",
        "const PAGE: &str = \"https://example.org\"; fn f() { crate::a::g() }",
        "const QUOTE: char = '\"'; fn f() { crate::a::g() } // \"",
        "fn f() { /* at once */ crate::a::g() }",
        "#[cfg(any(test, unix))]\nuse crate::a::G;",
    ] {
        let imports = imports(&with(back));
        let found = circle("a", &imports).unwrap_or_default();
        assert!(["a -> b/c -> a", "a -> b/c -> b/c/d -> a"].contains(&found.as_str()), "{back}: {found}");
    }
    for back in [
        "// use crate::a::G;",
        "/* /* */\nuse crate::a::G;\n*/",
        "const TEXT: &str = \"\nuse crate::a::G;\";",
        "const TEXT: &str = r#\"\" crate::a::G\"#;",
        "#[cfg(test)]\nuse crate::a::G;",
        "use crate::b::x;",
    ] {
        assert_eq!(circle("a", &imports(&with(back))), None, "{back}");
    }
}

#[test]
fn a_path_that_goes_down_from_an_imported_module_is_seen() {
    for code in [
        "use crate::b;\nfn f() { b::c::g() }",
        "use crate::b::{self, X};\nfn f() { b::c::g() }",
        "use crate::b as d;\nfn f() { d::c::g() }",
        "use crate::b::{self as d, X};\nfn f() { d::c::g() }",
        "use crate::*;\nfn f() { b::c::g() }",
        "use crate::b::*;\nfn f() { c::g() }",
    ] {
        let files = files(&[("a", code), ("b", "mod c;\n"), ("b/c", "use crate::a::G;\n")]);
        assert_eq!(circle("a", &imports(&files)).as_deref(), Some("a -> b/c -> a"), "{code}");
    }
}

/// The tests here take a file for one module.
#[test]
fn every_module_has_a_file_of_its_own() {
    for line in lines() {
        let words = line.split_once(": ").map_or("", |(_, words)| words).trim_start();
        let words = words.trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        assert!(!(words.starts_with("mod ") && words.ends_with('{')), "it is to have a file: {line}");
    }
}

/// What a protocol is stands on its card. Nothing else is to know one by its name, or by that of its processor, of its
/// counter file or of a key.
#[test]
fn no_protocol_is_named_outside_its_file() {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for card in shipped() {
        names.extend([card.name].into_iter().chain(card.processor.map(|processor| processor.name)));
        names.extend(card.directories().map(|directories| directories.key).into_iter().chain(card.files_key));
        names.extend(card.counter_file.into_iter().flat_map(|file| [file.key, file.default]));
    }
    assert!(
        ["send", "sendlog", "smtplog", "pop3log", "logs_send_dirs"].iter().all(|name| names.contains(name))
    );
    let mut in_protocol = BTreeSet::new();
    for (path, code) in sources(&root().join("src")) {
        let is_inside = path.starts_with(root().join("src/protocol"));
        for (line, text) in &code.strings {
            let named = names.get(text.as_str());
            assert!(
                is_inside || named.is_none(),
                "{}: line {line}: {text:?}: it is to ask the protocol's card",
                path.display()
            );
            in_protocol.extend(named);
        }
    }
    assert_eq!(in_protocol, names, "their own files were not read");
}

#[test]
fn the_root_of_the_library_brings_nothing_in() {
    let text = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    for line in text.lines() {
        let words = line.trim_start().trim_start_matches("pub ");
        assert!(!words.starts_with("use "), "a path through lib.rs is seen by no test here: {line}");
    }
}

/// The lines of all sources outside tests, without comments and the contents of strings, each with its file.
fn lines() -> Vec<String> {
    let all = sources(&root().join("src"));
    let of = |(path, code): (&PathBuf, &Code)| -> Vec<String> {
        code.plain.lines().map(|line| format!("{}: {line}", path.display())).collect()
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
fn only_librrd_and_newlines_are_unsafe_and_only_main_exits() {
    for line in lines() {
        // Cargo.toml denies it everywhere; these are the places that may lift that.
        let may_be = line.contains("/src/store/rrd/") || line.contains("/src/source/newlines/avx2.rs");
        assert!(!line.contains("allow(unsafe_code)") || may_be, "{line}");
        assert!(!line.contains("process::exit"), "{line}");
    }
}

/// The standard library panics in these, where another call of it gives an error.
#[test]
fn nothing_panics_where_no_thread_can_be_made_or_stdout_is_closed() {
    for line in lines() {
        for call in ["thread::spawn", "scope.spawn(", "print!(", "println!("] {
            assert!(!line.contains(call), "{line}");
        }
        // Under one name, so that the call above is found; its threads are made by a builder, which gives an error.
        assert!(!line.contains("thread::scope") || line.contains("thread::scope(|scope|"), "{line}");
    }
}
