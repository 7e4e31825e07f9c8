//! The pages as files: what leads where, what they say, that they are valid. What browsers make of them: `page_seen`.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::store::{MAILLOGS, Store, name_of, stderr};
use crate::support::{labelled, lines, traffic_until};

/// A store with some hours of mail up to now, and its pages.
fn store() -> Store {
    let store = Store::new();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    let log = traffic_until(i64::try_from(now).expect("a time") - 120, 5, 0.1, 1.0);
    fs::write(store.logs().join("current"), log).expect("current");
    store.flush();
    store
}

pub fn pages(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("graphs").map(|entry| entry.expect("an entry").path());
    let mut pages: Vec<PathBuf> = entries.filter(|path| name_of(path).ends_with(".html")).collect();
    pages.sort();
    assert!(pages.len() >= 3, "{pages:?}");
    pages
}

/// The values of `attribute`s in a page's text.
fn values<'a>(html: &'a str, attribute: &str) -> Vec<&'a str> {
    let mark = format!(" {attribute}=\"");
    html.split(mark.as_str()).skip(1).map(|rest| rest.split('"').next().expect("its end")).collect()
}

fn assert_links(dir: &Path) {
    for page in pages(dir) {
        let html = fs::read_to_string(&page).expect("a page");
        let links = ["href", "src", "srcset"].map(|attribute| values(&html, attribute)).concat();
        assert!(!links.is_empty(), "{}", page.display());
        for link in links {
            let (file, part) = link.split_once('#').unwrap_or((link, ""));
            assert!(
                !link.contains(['/', ':', '%', '&']),
                "{}: {link} is not a file beside it",
                page.display()
            );
            assert!(file.is_empty() || dir.join(file).is_file(), "{}: {link}", page.display());
            let there = match file {
                "" => html.clone(),
                file if part.is_empty() => file.to_owned(),
                file => fs::read_to_string(dir.join(file)).expect("a page"),
            };
            assert!(part.is_empty() || values(&there, "id").contains(&part), "{}: {link}", page.display());
        }
    }
}

/// What tidy and html5lib have against the pages: HTML checkers that share nothing with us, nor with each other.
pub fn assert_valid(dir: &Path) {
    for page in pages(dir) {
        let mut tidy = Command::new("tidy");
        tidy.args(["-e", "-q", "-utf8", "--drop-empty-elements", "no"]).arg(&page);
        let said = stderr(&tidy.output().expect("tidy"));
        assert_eq!(said, "", "{}", page.display());
    }
    let judge = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference/html.py");
    let mut command = Command::new("/usr/bin/python3");
    let output = command.arg(judge).args(pages(dir)).output().expect("python3");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[test]
fn every_link_leads_to_a_file_and_the_html_is_valid() {
    let store = store();
    store.run(&["graph", "--period", "day", "--period", "week"]);
    let dir = store.base().join("graphs");
    assert_links(&dir);
    assert_valid(&dir);
    // Every page can be reached from the overview.
    let overview = fs::read_to_string(dir.join("index.html")).expect("index.html");
    let linked: BTreeSet<&str> = values(&overview, "href").into_iter().collect();
    for page in pages(&dir) {
        let name = name_of(&page);
        assert!(name == "index.html" || linked.contains(name), "{name}");
    }
}

#[test]
fn the_overview_shows_what_the_query_prints_and_what_today_brought() {
    // Far from the next midnight there, so that it does not come while this runs.
    let store = Store::new().where_it_is(13);
    let date = store.command("date").args(["-d", "00:00", "+%s"]).output().expect("date");
    let midnight: u64 = String::from_utf8_lossy(&date.stdout).trim().parse().expect("a time");
    // The last second of yesterday, the first of today.
    let mut log = String::new();
    for n in 0..1_200 {
        log += &labelled(midnight - 1, n, &format!("new msg {n}"));
    }
    for n in 0..34 {
        log += &labelled(midnight, n, &format!("new msg {n}"));
    }
    assert_eq!(lines(log.as_bytes()).count(), 1_234);
    fs::write(store.logs().join("current"), log).expect("current");
    store.flush();
    store.run(&["graph", "--period", "day"]);
    assert_eq!(store.query().text("message_new"), "1234");
    let html = fs::read_to_string(store.base().join("graphs/index.html")).expect("index.html");
    let figure = html.split_once("<dt>Into the queue</dt>").expect("the figure").1;
    let figure = figure.split_once("</dl>").expect("its end").0;
    assert!(figure.contains("<dd class=\"n\">34</dd>"), "{figure}");
    let html = fs::read_to_string(store.base().join("graphs/messages.html")).expect("messages.html");
    let row = html
        .split_once("<code>message_new</code>")
        .expect("the row")
        .1
        .split_once("</tr>")
        .expect("its end")
        .0;
    assert!(row.contains("<td>34</td><td>1,234</td>"), "{row}");
}

/// A page is left alone where only its time would change. A clock that stands still makes sure that no picture has to be
/// drawn, after which all pages are written.
#[test]
fn a_page_that_would_only_show_a_later_time_stays_and_another_zone_is_shown() {
    let store = store();
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_secs();
    // Later than the program was built, whose templates these are; at the beginning of a row of the pictures.
    let draw = |later: u64, zone: &str| {
        let time = ((since / 300 + 3) * 300 + later).to_string();
        let mut graph = store.faketime(&["-f", &time, MAILLOGS, "-v", "graph", "--period", "day"]);
        graph.env("FAKETIME_FMT", "%s").env("NO_FAKE_STAT", "1").env("TZ", zone);
        let output = graph.output().expect("faketime");
        assert!(output.status.success(), "{}", stderr(&output));
        let page = store.base().join("graphs/deliveries.html");
        let said = stderr(&output);
        let is_drawn = !said.contains("maillogs: 0 drawn, ");
        (fs::metadata(&page).expect("a page").ino(), fs::read_to_string(&page).expect("a page"), is_drawn)
    };
    let (first, _, is_drawn) = draw(0, "Europe/Berlin");
    assert!(is_drawn);
    let (second, html, is_drawn) = draw(30, "Europe/Berlin");
    assert!(!is_drawn && second == first && html.contains(" CE"), "{html}");
    let (third, html, is_drawn) = draw(45, "Asia/Tokyo");
    assert!(!is_drawn && third != second && html.contains(" JST</time>"), "{html}");
    let (fourth, later, is_drawn) = draw(55, "Asia/Tokyo");
    assert!(!is_drawn && fourth == third && later == html);
    let (fifth, later, is_drawn) = draw(105, "Asia/Tokyo");
    assert!(!is_drawn && fifth != fourth && later != html);
}

#[test]
fn hostile_names_are_text_in_valid_pages() {
    let store = store();
    let templates = store.base().join("templates");
    fs::create_dir(&templates).expect("mkdir");
    let titles = ["<script>alert(1)</script>", "\\\"><b>'&amp;", "mail 📬 漢字", "turned \u{202e}around"];
    for (n, title) in titles.iter().enumerate() {
        let text = format!(
            "title = \"{title}\"\nprotocol = \"send\"\nunit = \"n\"\ncolumns = [\"total\"]\n\
             data = [{{ name = \"a\", ds = \"delivery_success\" }}]\n\
             draw = [{{ area = \"a\", color = \"good\", legend = \"L\" }}]\n"
        );
        fs::write(templates.join(format!("h{n}.toml")), text).expect("a template");
    }
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    fs::write(store.config(), config + &format!("templates_dir = {templates:?}\n")).expect("toaster.conf");
    // A graph of this name may not take the overview's place.
    fs::copy(templates.join("h0.toml"), templates.join("index.toml")).expect("a template");
    store.run(&["graph", "--period", "day"]);
    let dir = store.base().join("graphs");
    assert_links(&dir);
    assert_valid(&dir);
    for page in pages(&dir) {
        let html = fs::read_to_string(&page).expect("a page");
        // One script, which is ours.
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert!(
            !html.contains("alert(1)<") && !html.contains("<b>'") && !html.contains('\u{202e}'),
            "{html}"
        );
    }
    let html = fs::read_to_string(dir.join("index.graph.html")).expect("the graph `index`");
    assert!(html.contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"), "{html}");
}

#[test]
fn a_broken_page_template_is_told_and_the_built_in_one_is_used() {
    let store = store();
    let templates = store.base().join("templates");
    fs::create_dir(&templates).expect("mkdir");
    fs::write(templates.join("index.html"), "<title>mine</title>\n{{ host.nothing.there }}\n")
        .expect("a template");
    let config = fs::read_to_string(store.config()).expect("toaster.conf");
    fs::write(store.config(), config + &format!("templates_dir = {templates:?}\n")).expect("toaster.conf");
    let output = store.maillogs(&["graph", "--period", "day"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("templates/index.html: line 2: ") && said.contains("built-in"), "{said}");
    let overview = || fs::read_to_string(store.base().join("graphs/index.html")).expect("index.html");
    assert!(overview().contains("<h1 class=\"verdict\">"));
    fs::write(templates.join("index.html"), "<title>mine {{ stages | length }}</title>\n")
        .expect("a template");
    store.run(&["graph", "--period", "day"]);
    assert!(overview().starts_with("<title>mine "), "{}", overview());
}
