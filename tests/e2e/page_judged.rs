//! The pages as judges see them who share nothing with us: axe, a parser of HTML, the arithmetic of contrast.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::page::{assert_valid, pages};
use super::page_seen::{full, graphs, kinds, store};
use crate::support::browser::{Browser, Chromium};
use crate::support::store::name_of;
use crate::support::wait_until;

/// axe-core, as scripts/axe.sh brought it; none where npm's registry could not be reached.
fn axe() -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/axe");
    let is_complete = root.join("complete").exists();
    assert!(
        is_complete || root.join("unreachable").exists(),
        "{} is missing: run `make deps-test`",
        root.display()
    );
    is_complete.then(|| fs::read_to_string(root.join("axe.min.js")).expect("axe.min.js"))
}

#[test]
fn axe_finds_nothing_serious() {
    let Some(axe) = axe() else {
        println!(
            "real programs: axe was not asked about the pages, because npm's registry could not be reached"
        );
        return;
    };
    let store = store();
    let browser = Chromium::start();
    // A page without its alternatives: axe sees that.
    let ask = format!(
        "window.found = null;
         {axe};
         axe.run(document, {{ resultTypes: ['violations'] }}).then(found => {{ window.found = {{
           passes: found.passes.length,
           wrong: found.violations.map(v => [v.impact, v.id, v.nodes.length, v.nodes[0].html.slice(0, 200), v.nodes[0].failureSummary]),
         }} }}, error => {{ window.found = String(error) }});"
    );
    let judge = |at: &str| {
        browser.run(&ask);
        let mut found = Value::Null;
        wait_until(&format!("axe has seen {at}"), || {
            found = browser.run("return window.found");
            !found.is_null()
        });
        found
    };
    let page = graphs(&store).join("index.html");
    let html = fs::read_to_string(&page).expect("a page");
    let worse = page.with_file_name("worse.html");
    let wrong = html
        .replace("<title>", "<title hidden>")
        .replace("<html lang=\"en\">", "<html>")
        .replace("--soft: ", "--soft: #ccc; --was: ")
        .replace("--soft:", "--soft:#ccc;--was:");
    fs::write(&worse, wrong).expect("a copy");
    browser.look(1280, 900, "light");
    browser.open(&worse);
    let found = judge("worse.html").to_string();
    assert!(found.contains("html-has-lang") && found.contains("color-contrast"), "{found}");
    fs::remove_file(&worse).expect("rm");
    for (width, theme) in [(1280, "light"), (390, "dark"), (1280, "dark")] {
        browser.look(width, 900, theme);
        for page in kinds(&graphs(&store)) {
            browser.open(&page);
            browser.run("for (const folded of document.querySelectorAll('details')) folded.open = true;");
            let at = format!("{} at {width} in {theme}", name_of(&page));
            let found = judge(&at);
            assert!(found["passes"].as_u64() > Some(15), "{at}: {found}");
            let wrong = found["wrong"].as_array().expect("findings");
            let serious: Vec<&Value> = wrong
                .iter()
                .filter(|found| found[0] == json!("serious") || found[0] == json!("critical"))
                .collect();
            assert!(serious.is_empty(), "{at}: {serious:#?}");
            for other in wrong {
                println!("{at}: {other}");
            }
        }
    }
}

#[test]
fn the_html_of_all_pages_is_valid() {
    let store = store();
    store.run(&["graph", "--period", "day"]);
    assert_valid(&graphs(&store));
    // The judge judges.
    let dir = graphs(&store);
    let page = pages(&dir).pop().expect("a page");
    let html = fs::read_to_string(&page).expect("a page");
    fs::write(dir.join("wrong.html"), html.replace("</main>", "<p id=main></div>")).expect("a copy");
    assert!(std::panic::catch_unwind(|| assert_valid(&dir)).is_err());
}

/// What CSS sets a colour to: `--ink: #12161c`.
fn colours(css: &str) -> BTreeMap<String, [f64; 3]> {
    let mut colours = BTreeMap::new();
    for declaration in css.split([';', '{', '}']) {
        let Some((name, value)) = declaration.trim().split_once(':') else { continue };
        let (Some(name), Some(digits)) = (name.strip_prefix("--"), value.trim().strip_prefix('#')) else {
            continue;
        };
        let wide: String =
            if digits.len() == 3 { digits.chars().flat_map(|d| [d, d]).collect() } else { digits.to_owned() };
        if wide.len() == 6 {
            let part = |n: usize| f64::from(u8::from_str_radix(&wide[n..n + 2], 16).expect("digits"));
            colours.insert(name.to_owned(), [part(0), part(2), part(4)]);
        }
    }
    colours
}

/// How far two colours are apart, as WCAG 2 computes it: from 1 to 21.
fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let light = |colour: [f64; 3]| {
        let part = |value: f64| {
            let value = value / 255.0;
            if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(colour[0]) + 0.7152 * part(colour[1]) + 0.0722 * part(colour[2])
    };
    let (one, other) = (light(one), light(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn letters_stand_out_from_what_is_behind_them_in_both_themes() {
    assert!((contrast([0.0; 3], [255.0; 3]) - 21.0).abs() < 1e-9);
    assert!((contrast([119.0; 3], [255.0; 3]) - 4.48).abs() < 0.005);
    let css = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/page/style.css"))
        .expect("style.css");
    // Which colours letters have.
    let mut letters: Vec<&str> = css
        .split([';', '{', '}'])
        .filter_map(|declaration| declaration.trim().strip_prefix("color: var(--"))
        .filter_map(|rest| rest.split(')').next())
        .collect();
    letters.sort_unstable();
    letters.dedup();
    assert!(letters.contains(&"ink") && letters.contains(&"faint") && letters.len() >= 5, "{letters:?}");
    let (light, dark) = css.split_once("prefers-color-scheme: dark").expect("both themes");
    let dark = dark.split_once("\n}").expect("its end").0;
    for (theme, text) in [("light", light), ("dark", dark)] {
        let colours = colours(text);
        for name in &letters {
            // Letters on what is filled with the colour of letters, instead of the other way round.
            let behind: &[&str] = if *name == "bg" { &["ink"] } else { &["bg", "tint"] };
            for behind in behind {
                let far = contrast(colours[*name], colours[*behind]);
                assert!(far >= 4.5, "{theme}: --{name} on --{behind}: {far:.2}");
            }
        }
    }
}

/// The most bytes that a page may have.
const OVERVIEW: u64 = 150_000;
const GRAPH: u64 = 100_000;

#[test]
fn pages_are_light() {
    let store = full(9.0, 0.3);
    let mut seen = Vec::new();
    for page in pages(&graphs(&store)) {
        let bytes = fs::metadata(&page).expect("a page").len();
        seen.push((bytes, name_of(&page).to_owned()));
    }
    seen.sort();
    println!("{seen:?}");
    for (bytes, page) in &seen {
        let most = if page == "index.html" { OVERVIEW } else { GRAPH };
        assert!(*bytes <= most, "{page} has {bytes} bytes: {seen:?}");
    }
    let heaviest = seen.last().expect("a page");
    assert!(heaviest.0 > 50_000 && seen.len() > 25, "that is no server with everything: {seen:?}");
}
