//! The pages as somebody sees and uses them, in Chromium and in Firefox.

use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::page::pages;
use crate::support::browser::{Browser, Chromium, key};
use crate::support::firefox::Firefox;
use crate::support::store::{Store, name_of};
use crate::support::traffic::{Log, Traffic};
use crate::support::{pipe_through, wait_until};

/// Days of mail before now that the pages are made of.
const DAYS: f64 = 1.3;

pub fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
    i64::try_from(now.as_secs()).expect("a time")
}

/// A server with qmail, and its pages.
pub fn store() -> Store {
    full(DAYS, 0.2)
}

/// The same with as many days at a part of the ordinary load; among those who write to its syslog are Haraka, rspamd and Dovecot.
pub fn full(days: f64, rate: f64) -> Store {
    let store = Store::with_syslog();
    let traffic = Traffic { seed: 11, end: now() - 60, days, rate, utc_offset: 0, labels: true };
    for (log, dir) in [(Log::Send, "send"), (Log::Smtpd, "smtp"), (Log::Pop3d, "pop3")] {
        fs::create_dir_all(store.base().join(dir)).expect("mkdir");
        let file = fs::File::create(store.base().join(dir).join("current")).expect("a log");
        traffic.write_log(log, &mut BufWriter::new(file)).expect("a log");
    }
    let mut syslog = Vec::new();
    traffic.write_log(Log::Syslog, &mut syslog).expect("a log");
    traffic.write_log(Log::Toaster6, &mut syslog).expect("a log");
    fs::write(store.syslog(), in_order(&syslog)).expect("syslog");
    store.flush();
    store.run(&["graph", "--pages"]);
    store
}

/// Lines of a syslog by their stamps.
fn in_order(log: &[u8]) -> Vec<u8> {
    pipe_through(std::process::Command::new("sort").args(["-s", "-k", "1,1"]).env("LC_ALL", "C"), log)
}

pub fn graphs(store: &Store) -> PathBuf {
    store.base().join("graphs")
}

/// Both browsers, one after the other.
pub fn browsers() -> impl Iterator<Item = Box<dyn Browser>> {
    let starts: [fn() -> Box<dyn Browser>; 2] =
        [|| Box::new(Chromium::start()), || Box::new(Firefox::start())];
    starts.into_iter().map(|start| start())
}

/// The kinds of pages: the overview, and pages of graphs with stacks, with lines, with many counters, without anything.
pub fn kinds(dir: &Path) -> Vec<PathBuf> {
    let names = [
        "index.html",
        "deliveries.html",
        "queue.html",
        "why.html",
        "reasons.html",
        "rbl.html",
        "webmail.html",
    ];
    let kinds: Vec<PathBuf> = names.iter().map(|name| dir.join(name)).filter(|page| page.is_file()).collect();
    assert!(kinds.len() >= 5, "{kinds:?}");
    kinds
}

/// What is wrong with how a page is laid out: letters that are too small, what a finger cannot hit, what sticks out.
const LAID_OUT: &str = r"
const wrong = [];
const isSeen = element => element.getClientRects().length && element.checkVisibility({ visibilityProperty: true });
const isForReaders = element => element.closest('.vh') !== null || /^inset\(50%/.test(getComputedStyle(element).clipPath);
const what = element => element.outerHTML.slice(0, 90);
if (document.documentElement.scrollWidth > innerWidth) {
  const out = [...document.body.querySelectorAll('*')].filter(e => e.getBoundingClientRect().right > innerWidth + .5);
  wrong.push(['wider than the window', document.documentElement.scrollWidth, ...out.slice(0, 3).map(what)]);
}
let letters = 0;
const small = new Set();
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const element = walker.currentNode.parentElement;
  if (!walker.currentNode.data.trim() || element.matches('script, style') || !isSeen(element)) continue;
  letters++;
  const size = parseFloat(getComputedStyle(element).fontSize);
  if (size < 11.99) small.add(size + ' ' + what(element));
}
if (small.size) wrong.push(['small letters', ...small]);
let targets = 0;
for (const element of document.querySelectorAll('a[href], summary, button, input, label')) {
  if (!isSeen(element) || isForReaders(element) || element.matches('.skip, .scrub label, .seg input')) continue;
  targets++;
  const box = element.getBoundingClientRect();
  const around = element.closest('p, td, th, li, dd');
  const isInText = getComputedStyle(element).display === 'inline' && around
    && around.textContent.trim().length > element.textContent.trim().length;
  if (!isInText && (box.height < 23.99 || box.width < 23.99)) wrong.push(['a target of', box.width, box.height, what(element)]);
}
for (const table of document.querySelectorAll('.rt')) {
  if (isSeen(table) && table.querySelector('.heat') && !isSeen(table.querySelector('.ax'))) wrong.push(['hours without an axis', what(table)]);
}
const tops = new Set([...document.querySelectorAll('.fig')].map(figure => Math.round(figure.getBoundingClientRect().top)));
if (innerWidth >= 1900 && tops.size > 1) wrong.push(['figures in more than one row', ...tops]);
for (const row of document.querySelectorAll('.leg tr')) {
  const cells = [...row.cells].filter(cell => isSeen(cell) && cell.textContent.trim());
  const boxes = cells.map(cell => {
    const text = document.createRange();
    text.selectNodeContents(cell);
    return text.getBoundingClientRect();
  });
  boxes.forEach((a, n) => boxes.slice(n + 1).forEach(b => {
    const isOver = a.left < b.right - .5 && b.left < a.right - .5 && a.top < b.bottom - 2 && b.top < a.bottom - 2;
    if (isOver) wrong.push(['numbers over each other', row.textContent]);
  }));
}
return { wrong, letters, targets, width: innerWidth };";

#[test]
fn at_all_widths_nothing_sticks_out_letters_are_large_enough_and_fingers_hit() {
    let store = store();
    for browser in browsers() {
        for width in [320, 390, 768, 1024, 1280, 1600, 2560] {
            let theme = if width % 128 == 0 { "dark" } else { "light" };
            browser.look(width, 900, theme);
            for page in kinds(&graphs(&store)) {
                let at = format!("{} at {width} in {}", name_of(&page), browser.name());
                browser.open(&page);
                let seen = browser.run(LAID_OUT);
                assert_eq!(seen["width"], json!(width), "{at}");
                assert_eq!(seen["wrong"], json!([]), "{at}: {:#}", seen["wrong"]);
                assert!(
                    seen["letters"].as_u64() > Some(15) && seen["targets"].as_u64() > Some(3),
                    "{at}: {seen}"
                );
                // With everything that can be unfolded.
                let open = "for (const folded of document.querySelectorAll('details')) folded.open = true;";
                let seen = browser.run(&format!("{open} {LAID_OUT}"));
                assert_eq!(seen["wrong"], json!([]), "{at}, unfolded: {:#}", seen["wrong"]);
                let periods = "document.querySelectorAll('input[name=period]')";
                let others = browser.run(&format!("return {periods}.length")).as_u64().expect("a number");
                for n in 1..others {
                    let seen = browser.run(&format!("{periods}[{n}].checked = true; {LAID_OUT}"));
                    assert_eq!(seen["wrong"], json!([]), "{at}, period {n}: {:#}", seen["wrong"]);
                }
                assert_eq!(browser.console(), Vec::<String>::new(), "{at}");
            }
        }
    }
}

/// Where the focus is: the place in the document, the box, and whether anything lies over its middle.
const FOCUS: &str = r"
const focus = document.activeElement;
if (!focus || focus === document.body || focus === document.documentElement) return null;
const box = focus.getClientRects()[0], all = [...document.querySelectorAll('*')];
const [x, y] = [box.left + Math.min(box.width / 2, 20), box.top + box.height / 2], over = document.elementFromPoint(x, y);
const sees = over && (focus.contains(over) || over.contains(focus) || over.closest('label')?.contains(focus));
const style = getComputedStyle(focus.matches('.seg input') ? focus.parentNode : focus);
return { place: all.indexOf(focus), inside: box.top >= 0 && box.bottom <= innerHeight, seen: !!sees, name: focus.outerHTML.slice(0, 90),
  outline: parseFloat(style.outlineWidth), style: style.outlineStyle, skip: focus.matches('.skip'), over: over?.outerHTML.slice(0, 90) };";

#[test]
fn the_keyboard_goes_through_a_page_in_reading_order_and_sees_where_it_is() {
    let store = store();
    for browser in browsers() {
        for (page, width, most) in
            [("index.html", 1280, 120), ("index.html", 390, 120), ("deliveries.html", 1280, 40)]
        {
            browser.look(width, 800, "light");
            browser.open(&graphs(&store).join(page));
            let mut place = -1;
            let mut stops = 0;
            for _ in 0..most {
                browser.press(key::TAB);
                let focus = browser.run(FOCUS);
                if focus.is_null() || focus["place"].as_i64() == Some(place) {
                    break;
                }
                let at = format!("{page} at {width} in {}: {focus:#}", browser.name());
                if stops == 0 {
                    assert_eq!(focus["skip"], json!(true), "{at}");
                }
                if focus["place"].as_i64() < Some(place) {
                    break;
                }
                place = focus["place"].as_i64().expect("a place");
                assert_eq!(focus["inside"], json!(true), "{at}");
                assert_eq!(focus["seen"], json!(true), "{at}");
                assert!(focus["outline"].as_f64() >= Some(2.0) && focus["style"] != json!("none"), "{at}");
                stops += 1;
            }
            // All that can have the focus had it; of radio buttons one.
            let wanted = "return [...document.querySelectorAll('a[href], summary, [tabindex], input:not([type=radio]), [type=radio]:checked')]
                .filter(e => e.checkVisibility() && !e.matches('[hidden] *')).length";
            assert_eq!(json!(stops), browser.run(wanted), "{page} at {width} in {}", browser.name());
        }
        // The link at the beginning leads past the head.
        browser.open(&graphs(&store).join("index.html"));
        browser.press(&format!("{}\u{e007}", key::TAB));
        wait_until("the main part was gone to", || browser.run("return location.hash") == json!("#main"));
        // What it leads to is no period: the one that is seen stays, also when the page is loaded again.
        browser.open(&graphs(&store).join("deliveries.html"));
        choose(browser.as_ref(), "week");
        browser.run("document.querySelector('.skip').click()");
        wait_until("the main part was gone to", || browser.run("return location.hash") == json!("#main"));
        assert_eq!(browser.run(PERIODS), json!(["week"]), "{}", browser.name());
        browser.visit(&format!("file://{}#main", graphs(&store).join("deliveries.html").display()));
        browser.run("location.reload()");
        wait_until("one period is seen", || {
            browser.run(PERIODS).as_array().is_some_and(|seen| seen.len() == 1)
        });
    }
}

/// Where a table is laid out in another way, it still is one to who does not see it.
#[test]
fn a_table_is_a_table_at_any_width() {
    let store = store();
    for browser in browsers() {
        for width in [390, 1280] {
            browser.look(width, 900, "light");
            for (page, table) in
                [("index.html", ".heard"), ("index.html", ".chart .leg"), ("deliveries.html", ".big .leg")]
            {
                browser.open(&graphs(&store).join(page));
                let parts =
                    [("", "table"), (" tbody tr", "row"), (" tbody th", "rowheader"), (" tbody td", "cell")];
                for (part, wanted) in parts {
                    let role = browser.role(&format!("{table}{part}"));
                    assert_eq!(role, wanted, "{table}{part} at {width} in {}", browser.name());
                }
            }
        }
    }
}

/// What stands in the column that is being read, of each picture that has one: title, time, and rows with their values.
const READ: &str = r"
return [...document.querySelectorAll('figure.chart')].filter(f => f.querySelector('.plot')).map(figure => [
  figure.querySelector('h3')?.textContent ?? '',
  figure.querySelector('th.at').textContent,
  Object.fromEntries([...figure.querySelectorAll('tbody tr')].map(row => [row.cells[0].textContent.trim(), row.cells[1].textContent])),
  !figure.querySelector('.cursor').hidden,
]);";

/// The middle of an element of the page, scrolled into sight, as a share of its width.
fn place(browser: &dyn Browser, element: &str, share: f64) -> (f64, f64) {
    let script = format!(
        "const e = document.querySelector('{element}'); e.scrollIntoView({{ block: 'center', behavior: 'instant' }});
         const b = e.getBoundingClientRect(); return [b.left + b.width * {share}, b.top + b.height / 2];"
    );
    let at = browser.run(&script);
    (at[0].as_f64().expect("x"), at[1].as_f64().expect("y"))
}

/// How many lines a minute of a log with TAI64N stamps match, in the quarter of an hour that begins at `HH:MM` UTC of the last day.
fn counted(log: &[u8], pattern: &str, clock: &str) -> f64 {
    let begin = format!("date -u -d 'today {clock}' +%s");
    let begin = String::from_utf8(pipe_through(std::process::Command::new("sh").args(["-c", &begin]), b""))
        .expect("a time");
    let mut begin: i64 = begin.trim().parse().expect("a time");
    if begin > now() {
        begin -= 86_400;
    }
    let label = |time: i64| format!("@{:016x}", (1i64 << 62) + 10 + time);
    let program = format!(
        "$1 >= \"{}\" && $1 < \"{}\" && /{pattern}/ {{ n++ }} END {{ print n + 0 }}",
        label(begin),
        label(begin + ROW)
    );
    let number = pipe_through(std::process::Command::new("awk").arg(program).env("LC_ALL", "C"), log);
    let number: f64 = String::from_utf8(number).expect("a number").trim().parse().expect("a number");
    number / (ROW / 60) as f64
}

/// The seconds of a row of the overview's pictures.
const ROW: i64 = 900;

/// Rows of legends, and which lines of which log they count.
const ROWS: &[(&str, &str, &str, &str)] = &[
    ("Deliveries", "Success", "send", "delivery [0-9]+: success:"),
    ("Deliveries", "Deferral", "send", "delivery [0-9]+: deferral:"),
    ("Deliveries", "Failure", "send", "delivery [0-9]+: failure:"),
    ("Messages", "Into the queue", "send", "new msg "),
    ("Messages", "Out of it", "send", "end msg "),
    ("Messages", "Bounces", "send", "bounce msg "),
    ("SMTP sessions", "Let in", "smtp", "tcpserver: ok "),
    ("SMTP sessions", "Turned away", "smtp", "tcpserver: deny "),
];

/// All pictures read the same time, and it is that time's lines which they count.
fn assert_read(store: &Store, read: &Value, at: &str) -> String {
    let pictures = read.as_array().expect("pictures");
    assert!(pictures.len() > 5, "{at}: {read}");
    let clock = pictures[0][1].as_str().expect("a time").to_owned();
    assert!(pictures.iter().all(|picture| picture[1] == json!(clock)), "{at}: {read}");
    for (title, row, dir, pattern) in ROWS {
        let picture = pictures.iter().find(|picture| picture[0] == json!(title));
        let value = &picture.unwrap_or_else(|| panic!("{at}: no {title}: {read}"))[2][row];
        let log = fs::read(store.base().join(dir).join("current")).expect("a log");
        let wanted = counted(&log, pattern, &clock);
        // One digit behind the point, of what is drawn in hundredths.
        let value: f64 = value
            .as_str()
            .unwrap_or_else(|| panic!("{at}: {title}, {row}: {read}"))
            .parse()
            .expect("a number");
        assert!(
            (value - wanted).abs() < 0.056,
            "{at}: {title}, {row} at {clock}: {value} instead of {wanted}"
        );
    }
    clock
}

#[test]
fn all_pictures_are_read_at_the_time_under_the_pointer() {
    let store = store();
    for browser in browsers() {
        let browser = browser.as_ref();
        browser.look(1280, 900, "light");
        browser.open(&graphs(&store).join("index.html"));
        let before = browser.run(READ);
        let mut clocks = Vec::new();
        for (element, share) in
            [("#connections .plot", 0.31), ("#deliveries .plot", 0.62), ("#queue .plot", 0.93)]
        {
            let (x, y) = place(browser, element, share);
            browser.point(x, y);
            let at = format!("{element} in {}", browser.name());
            let read = browser.run(READ);
            assert!(read.as_array().expect("pictures").iter().all(|p| p[3] == json!(true)), "{at}: {read}");
            clocks.push(assert_read(&store, &read, &at));
        }
        clocks.dedup();
        assert_eq!(clocks.len(), 3, "{clocks:?}");
        // Escape ends it, and what the page was written with is there again.
        browser.press(key::ESCAPE);
        assert_eq!(browser.run(READ), before, "{}", browser.name());
        assert_eq!(browser.console(), Vec::<String>::new());
    }
}

#[test]
fn the_keyboard_reads_pictures_too() {
    let store = store();
    for browser in browsers() {
        let browser = browser.as_ref();
        browser.look(1280, 900, "dark");
        browser.open(&graphs(&store).join("index.html"));
        let input = "return [+document.querySelector('#at').value, document.querySelector('#at').getAttribute('aria-valuetext'), document.querySelector('.scrub output').textContent]";
        let newest = browser.run(input)[0].as_i64().expect("a row");
        assert!((94..=95).contains(&newest), "{newest}");
        let before = browser.run(READ);
        browser.run("document.querySelector('#at').focus()");
        for (keys, row) in [
            (key::LEFT, newest - 1),
            (key::LEFT, newest - 2),
            (key::RIGHT, newest - 1),
            (key::HOME, 0),
            (key::RIGHT, 1),
            (key::END, 95),
        ] {
            browser.press(keys);
            let at = browser.run(input);
            assert_eq!(at[0], json!(row), "{}: {at}", browser.name());
            let read = browser.run(READ);
            assert_eq!(at[1], read[0][1], "{}", browser.name());
            assert_eq!(at[2], read[0][1], "{}", browser.name());
            if (2..95).contains(&row) {
                assert_read(&store, &read, browser.name());
            }
        }
        browser.press(key::ESCAPE);
        assert_eq!(browser.run(READ), before, "{}", browser.name());
        // On a graph's page the values are spoken as well.
        browser.open(&graphs(&store).join("deliveries.html"));
        browser.run("document.querySelector('#at-day').focus()");
        browser.press(&key::LEFT.repeat(3));
        let said = browser.run("return document.querySelector('#at-day').getAttribute('aria-valuetext')");
        let read = browser.run(READ);
        for row in ["Success", "Deferral", "Failure"] {
            let value = read[0][2][row].as_str().expect("a value");
            assert!(said.as_str().expect("text").contains(&format!(", {row} {value}")), "{said} {read}");
        }
    }
}

/// The periods that are seen.
const PERIODS: &str = "return [...document.querySelectorAll('.period')].filter(p => p.checkVisibility()).map(p => p.className.split('p-')[1])";

/// Clicks on a button of the period.
fn choose(browser: &dyn Browser, period: &str) {
    let (x, y) = place(browser, &format!(".seg label:has(#p-{period})"), 0.5);
    browser.click(x, y);
}

#[test]
fn a_period_is_chosen_without_a_script_and_kept_in_the_address_with_one() {
    let store = store();
    let page = graphs(&store).join("deliveries.html");
    for browser in browsers() {
        let browser = browser.as_ref();
        browser.look(390, 800, "light");
        browser.scripts(false);
        browser.open(&page);
        assert_eq!(
            browser.run("return [...document.querySelectorAll('.scrub')].every(s => s.hidden)"),
            json!(true)
        );
        assert_eq!(browser.run(PERIODS), json!(["day"]));
        for period in ["week", "year", "month", "day"] {
            choose(browser, period);
            assert_eq!(browser.run(PERIODS), json!([period]), "{}", browser.name());
        }
        assert_eq!(browser.run("return location.hash"), json!(""));
        browser.scripts(true);
        browser.open(&page);
        choose(browser, "month");
        assert_eq!(browser.run("return location.hash"), json!("#month"));
        browser.run("location.reload()");
        wait_until("the page was loaded again", || browser.run(PERIODS) == json!(["month"]));
        browser.visit("about:blank");
        browser.visit(&format!("{}#week", crate::support::browser::address(&page)));
        assert_eq!(browser.run(PERIODS), json!(["week"]), "{}", browser.name());
    }
}

/// The page with the moment when it was made set back.
fn set_back(page: &Path, minutes: i64) -> PathBuf {
    let html = fs::read_to_string(page).expect("a page");
    let (before, rest) = html.split_once("<time class=\"made\" datetime=\"").expect("when it was made");
    let after = rest.split_once('"').expect("its end").1;
    let date = std::process::Command::new("date")
        .args(["-u", "-d", &format!("@{}", now() - minutes * 60), "+%FT%TZ"])
        .output();
    let date = String::from_utf8(date.expect("date").stdout).expect("a date");
    let copy = page.with_file_name(format!("old-{minutes}.html"));
    fs::write(&copy, format!("{before}<time class=\"made\" datetime=\"{}\"{after}", date.trim()))
        .expect("a copy");
    copy
}

#[test]
fn an_old_page_says_so_and_takes_its_answer_back() {
    let store = store();
    let page = graphs(&store).join("index.html");
    let copies: Vec<(PathBuf, Option<&str>)> = [
        (14, None),
        (17, Some("17 minutes")),
        (119, Some("119 minutes")),
        (3 * 60 + 5, Some("3 hours")),
        (3 * 1440, Some("3 days")),
    ]
    .map(|(minutes, words)| (set_back(&page, minutes), words))
    .into();
    let colour = "return [getComputedStyle(document.querySelector('.verdict')).color, getComputedStyle(document.querySelector('.foot span')).color, document.querySelector('.verdict .gl')?.checkVisibility()]";
    for browser in browsers() {
        browser.look(1280, 900, "light");
        browser.open(&page);
        let fresh = browser.run(colour);
        for (copy, words) in &copies {
            browser.open(copy);
            let said = "const s = document.querySelector('.stale'); return s.checkVisibility() ? s.textContent : null";
            let said = browser.run(said);
            match words {
                None => assert_eq!((said, browser.run(colour)), (Value::Null, fresh.clone())),
                Some(words) => {
                    let said = said.as_str().expect("it is said").to_owned();
                    assert!(said.contains(&format!("This page is {words} old")), "{said}");
                    assert!(browser.run(colour)[0] != fresh[0], "{}", browser.name());
                }
            }
        }
    }
}

#[test]
fn a_page_is_loaded_again_but_not_while_it_is_read() {
    let store = store();
    let page = graphs(&store).join("index.html");
    let html = fs::read_to_string(&page).expect("a page");
    assert!(html.contains("data-refresh=\"300\""));
    let soon = page.with_file_name("soon.html");
    fs::write(&soon, html.replace("data-refresh=\"300\"", "data-refresh=\"3\"")).expect("a copy");
    for browser in browsers() {
        let browser = browser.as_ref();
        browser.look(1280, 900, "light");
        // All of it in one turn of the page's script: the page cannot be loaded again in between. It says whether that began before the page
        // had loaded itself again for the first time, which it does when it is three seconds old.
        let begin = "const at = document.querySelector('#at');
            if (!at) return null;
            at.value = 5;
            at.dispatchEvent(new Event('input'));
            window.mark = 1;
            window.ticks = 0;
            setInterval(() => { window.ticks++ }, 400);
            return [[...document.querySelectorAll('.cursor')].some(c => !c.hidden), performance.now() < 2500];";
        // On a busy machine it may take longer than that until the script runs: then once more.
        wait_until("it is read early enough", || {
            browser.open(&soon);
            browser.try_run(begin) == Some(json!([true, true]))
        });
        wait_until("it would have been loaded twice", || {
            let ticks = browser.run("return window.ticks ?? -1").as_i64().expect("a number");
            assert!(ticks >= 0, "{}: it is loaded again although it is read", browser.name());
            ticks >= 20
        });
        browser.press(key::ESCAPE);
        wait_until("it is loaded again", || browser.try_run("return window.mark ?? 0") == Some(json!(0)));
    }
}

#[test]
fn what_is_not_the_pages_own_script_is_refused_and_it_works_anywhere() {
    let store = store();
    let elsewhere = store.path("Übersicht der Post: 50 % & mehr #1?");
    fs::create_dir(&elsewhere).expect("mkdir");
    for page in pages(&graphs(&store)) {
        fs::copy(&page, elsewhere.join(name_of(&page))).expect("a copy");
    }
    let html = fs::read_to_string(elsewhere.join("index.html")).expect("a page");
    let evil = "<script>document.title = 'taken'</script><img alt=\"\" src=\"nothing.png\" onerror=\"document.title = 'taken'\">\
                <iframe src=\"deliveries.html\"></iframe><style>@import 'deliveries.html';</style><main id=\"main\">";
    fs::write(elsewhere.join("evil.html"), html.replace("<main id=\"main\">", evil)).expect("a copy");
    for browser in browsers() {
        let browser = browser.as_ref();
        browser.look(1280, 900, "light");
        browser.open(&elsewhere.join("index.html"));
        let (x, y) = place(browser, "#deliveries .plot", 0.5);
        browser.point(x, y);
        assert_read(&store, &browser.run(READ), browser.name());
        // From the overview to a graph and back, as a reader goes.
        for link in ["deliveries.html", "index.html"] {
            let (x, y) = place(browser, &format!("a[href=\"{link}\"]"), 0.3);
            browser.click(x, y);
            wait_until("the link was followed", || {
                browser.run("return location.pathname.split('/').pop()") == json!(link)
            });
        }
        assert_eq!(browser.console(), Vec::<String>::new(), "{}", browser.name());
        browser.open(&elsewhere.join("evil.html"));
        let title = browser.run("return document.title");
        assert!(title.as_str().expect("a title").starts_with("Mail"), "{title}");
        let said = browser.console().join("\n");
        assert!(
            said.contains("Content Security Policy") || said.contains("Content-Security-Policy"),
            "{said}"
        );
        // What is ours works on.
        let (x, y) = place(browser, "#deliveries .plot", 0.5);
        browser.point(x, y);
        assert_read(&store, &browser.run(READ), browser.name());
    }
}

#[test]
fn it_can_be_printed_and_seen_with_colours_and_motion_of_ones_own() {
    let store = store();
    let browser = Chromium::start();
    browser.look(1280, 900, "dark");
    browser.open(&graphs(&store).join("deliveries.html"));
    let shown = "return [getComputedStyle(document.documentElement).scrollBehavior, ...[...document.querySelectorAll('.p-day .leg .sw:not(.r)')].map(s => getComputedStyle(s).backgroundColor)]";
    let calm = browser.run(shown);
    assert_eq!(calm[0], json!("auto"));
    let media = |media: &str, name: &str, value: &str| {
        let features = json!({ "media": media, "features": [{ "name": name, "value": value }] });
        browser.devtools("Emulation.setEmulatedMedia", &features);
    };
    media("", "prefers-reduced-motion", "no-preference");
    assert_eq!(browser.run(shown)[0], json!("smooth"));
    // Where a reader's colours replace the page's, the series keep theirs, each another.
    media("", "forced-colors", "active");
    let forced = browser.run(shown);
    let mut colours: Vec<String> =
        forced.as_array().expect("colours").iter().skip(1).map(Value::to_string).collect();
    let many = colours.len();
    colours.sort();
    colours.dedup();
    assert!(many >= 3 && colours.len() == many, "{forced}");
    // On paper: all periods one below the other, on white, without what nobody can press there.
    media("print", "prefers-color-scheme", "dark");
    assert_eq!(browser.run(PERIODS), json!(["day", "week", "month", "year"]));
    let paper = "return [getComputedStyle(document.documentElement).backgroundColor, getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color, [...document.querySelectorAll('.scrub, .pick, nav, .skip')].some(e => e.checkVisibility())]";
    let paper = browser.run(paper);
    assert_eq!(paper[1], json!("rgb(255, 255, 255)"), "{paper}");
    assert_eq!(paper[3], json!(false), "{paper}");
    media("", "prefers-color-scheme", "dark");
    let pdf = browser.devtools(
        "Page.printToPDF",
        &json!({ "printBackground": true, "paperWidth": 8.27, "paperHeight": 11.69 }),
    );
    let file = store.path("deliveries.pdf");
    let unpack = std::process::Command::new("base64")
        .arg("-d")
        .stdin(std::process::Stdio::piped())
        .stdout(fs::File::create(&file).expect("a file"))
        .spawn();
    let mut unpack = unpack.expect("base64");
    std::io::Write::write_all(
        &mut unpack.stdin.take().expect("a pipe"),
        pdf["data"].as_str().expect("a PDF").as_bytes(),
    )
    .expect("writing");
    assert!(unpack.wait().expect("base64").success());
    let text = std::process::Command::new("pdftotext")
        .arg(&file)
        .arg("-")
        .output()
        .expect("pdftotext, of Debian's poppler-utils");
    let text = String::from_utf8_lossy(&text.stdout).into_owned();
    for heading in ["Last 24 hours", "Last 7 days", "Last 31 days", "Last 12 months"] {
        assert!(text.contains(heading), "{heading}: {text}");
    }
    assert_eq!(text.matches("Success").count(), 4, "{text}");
}
