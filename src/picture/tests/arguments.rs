//! What librrd is told, argument by argument: a file for each shipped template, in `arguments/`.
//!
//! `MAILLOGS_BLESS=1 cargo test arguments_are` writes them anew; look at the difference before you commit it.

use std::fmt::Write;

use super::plateaus;
use super::*;

#[test]
fn arguments_are_those_that_were_looked_at() {
    let dir = tempfile::tempdir().unwrap();
    let readings = plateaus::readings(dir.path());
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/picture/tests/arguments");
    let (templates, _) = template::load(None, &[]);
    let mut expected_files = Vec::new();
    for template in &templates {
        let mut text = String::new();
        for period in Period::USUAL {
            writeln!(text, "== {}", period.name()).unwrap();
            for argument in plateaus::arguments(template, period, Theme::Light, &readings) {
                assert!(!argument.contains('\n'), "{argument:?}");
                // The only thing that is another one each time.
                let rrds = text::path(&dir.path().to_string_lossy());
                writeln!(text, "{}", argument.replace(&rrds, "/rrd")).unwrap();
            }
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
