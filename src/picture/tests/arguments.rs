//! What librrd is told, argument by argument: a file for each shipped template, in `arguments/`.
//!
//! `MAILLOGS_BLESS=1 cargo test arguments_are` writes them anew; look at the difference before you commit it.

use std::fmt::Write;

use super::plateaus;
use super::*;

#[test]
fn arguments_are_those_that_were_looked_at() {
    let (dir, longer) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let readings = plateaus::readings(dir.path());
    let of_two_weeks = plateaus::readings_of_two_weeks(longer.path());
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/picture/tests/arguments");
    let (templates, _) = template::load(None, &[]);
    let mut expected_files = Vec::new();
    for template in &templates {
        let mut text = String::new();
        let mut write = |heading: &str, period, readings: &[Reading], dir: &Path| {
            writeln!(text, "== {heading}").unwrap();
            for argument in plateaus::arguments(template, period, Theme::Light, readings) {
                assert!(!argument.contains('\n'), "{argument:?}");
                // The only thing that is another one each time.
                let rrds = text::path(&dir.to_string_lossy());
                writeln!(text, "{}", argument.replace(&rrds, "/rrd")).unwrap();
            }
        };
        for period in Period::USUAL {
            write(period.name(), period, &readings, dir.path());
        }
        if template.data.iter().any(|data| data.shift.is_some()) {
            write("day, of two weeks", Period::Day, &of_two_weeks, longer.path());
        }
        // One tells how the others are.
        if template.name == "deliveries" {
            write("hour, of two weeks", Period::Hour, &of_two_weeks, longer.path());
        }
        let file = format!("{}.txt", template.name);
        if std::env::var_os("MAILLOGS_BLESS").is_some_and(|bless| bless == "1") {
            fs::create_dir_all(&stored).unwrap();
            fs::write(stored.join(&file), &text).unwrap();
        }
        let looked_at = fs::read_to_string(stored.join(&file)).expect(&file);
        for (n, (now, then)) in text.lines().zip(looked_at.lines()).enumerate() {
            assert_eq!(now, then, "{file}: line {}", n + 1);
        }
        assert_eq!(text, looked_at, "{file}");
        expected_files.push(file);
    }
    expected_files.sort();
    assert_eq!(names(&stored), expected_files, "a file for each template, and no other");
}
