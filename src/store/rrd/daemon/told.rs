//! What the daemon says of a file: lines → values.

/// No answer has more lines: that about a file of 200 data sources has some 7,000.
pub(super) const MOST_LINES: i64 = 100_000;
/// 2263-01-01T00:00:00Z: no update is later.
pub(super) const LATEST: i64 = 9_246_182_400;

/// A file as the daemon knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The last update that is in the file, unix seconds.
    pub last_update: i64,
    /// Seconds of a step.
    pub step: i64,
    /// Its data sources, in their order.
    pub sources: Vec<SourceInfo>,
}

/// A data source of such a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceInfo {
    /// Its name.
    pub name: String,
    /// `ABSOLUTE`, `GAUGE` …
    pub kind: String,
    /// The value of the last update, as it was written.
    pub last: String,
}

/// The rows of one step that a file has.
#[derive(Clone, Debug, PartialEq)]
pub struct Fetched {
    /// The data sources, in their order.
    pub names: Vec<String>,
    /// When each row ends, unix seconds, and its values; NaN where unknown.
    pub rows: Vec<(i64, Vec<f64>)>,
}

/// Reads the lines of INFO: `KEY TYPE VALUE`. The error is the line that is none.
pub(super) fn info(lines: &[String]) -> Result<Info, String> {
    let mut found = Info { last_update: -1, step: -1, sources: Vec::new() };
    let mut places: Vec<usize> = Vec::new();
    for line in lines {
        let bad = || line.clone();
        let (key, rest) = line.split_once(' ').ok_or_else(bad)?;
        let (_, value) = rest.split_once(' ').unwrap_or((rest, ""));
        let number = |most: i64| value.parse().ok().filter(|n| (0..=most).contains(n)).ok_or_else(bad);
        if key == "last_update" {
            found.last_update = number(LATEST)?;
        } else if key == "step" {
            found.step = number(86_400)?;
        } else if let Some(rest) = key.strip_prefix("ds[") {
            let (name, field) = rest.split_once("].").ok_or_else(bad)?;
            let last = found.sources.last_mut().filter(|source| source.name == name);
            match (field, last) {
                ("index", None) => {
                    places.push(usize::try_from(number(MOST_LINES)?).map_err(|_| bad())?);
                    found.sources.push(SourceInfo { name: name.to_owned(), ..SourceInfo::default() });
                }
                (_, None) => return Err(bad()),
                ("type", Some(source)) => value.clone_into(&mut source.kind),
                ("last_ds", Some(source)) => value.clone_into(&mut source.last),
                _ => {}
            }
        }
    }
    // They come in their order.
    let is_in_order = places.iter().enumerate().all(|(n, place)| n == *place);
    if found.last_update < 0 || found.step < 1 || found.sources.is_empty() || !is_in_order {
        return Err(lines.first().cloned().unwrap_or_default());
    }
    Ok(found)
}

/// Reads the lines of FETCH: `Step: 60`, `DSName: a b`, then `TIME: VALUE VALUE`. The error is the line that is none.
pub(super) fn fetched(lines: &[String], step: i64) -> Result<Option<Fetched>, String> {
    let mut fetched = Fetched { names: Vec::new(), rows: Vec::new() };
    let mut has_step = 0;
    for line in lines {
        let bad = || line.clone();
        let (key, values) = line.split_once(':').ok_or_else(bad)?;
        match key {
            "Step" => has_step = values.trim().parse().map_err(|_| bad())?,
            "DSName" => fetched.names = values.split_whitespace().map(str::to_owned).collect(),
            _ if key.bytes().all(|byte| byte.is_ascii_digit()) => {
                let end = key.parse().ok().filter(|end| (0..=LATEST).contains(end)).ok_or_else(bad)?;
                let value = |text: &str| match text.trim_start_matches('-') {
                    "nan" => Some(f64::NAN),
                    _ => text.parse().ok().filter(|value: &f64| value.is_finite()),
                };
                let row =
                    values.split_whitespace().map(value).collect::<Option<Vec<f64>>>().ok_or_else(bad)?;
                if row.len() != fetched.names.len() {
                    return Err(bad());
                }
                fetched.rows.push((end, row));
            }
            _ => {}
        }
    }
    if has_step < 1 || fetched.names.is_empty() {
        return Err(lines.first().cloned().unwrap_or_default());
    }
    Ok((has_step == step).then_some(fetched))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn an_info_is_read_or_refused() {
        let whole = "filename 2 /x\nstep 1 60\nlast_update 1 1790000100\nds[a].index 1 0\nds[a].type 2 ABSOLUTE\nds[a].last_ds 2 0.5\nds[b].index 1 1\nds[b].type 2 GAUGE\nds[b].last_ds 2 U\nrra[0].cf 2 AVERAGE";
        let read = info(&lines(whole)).unwrap();
        assert_eq!((read.last_update, read.step, read.sources.len()), (1_790_000_100, 60, 2));
        assert_eq!((read.sources[1].kind.as_str(), read.sources[0].last.as_str()), ("GAUGE", "0.5"));
        for (from, to) in [
            ("index 1 1", "index 1 0"),
            ("index 1 1", "index 1 -1"),
            ("1 1790000100", "1 179000010000000"),
            ("step 1 60", "step 1 x"),
            ("step 1 60", ""),
            ("ds[b].index 1 1", "ds[b"),
        ] {
            assert!(info(&lines(&whole.replace(from, to))).is_err(), "{from} -> {to}");
        }
    }

    #[test]
    fn a_fetch_is_read_or_refused() {
        let whole = "FlushVersion: 1\nStart: 0\nStep: 60\nDSCount: 2\nDSName: a g\n1790000040: 7.5e-02 -nan\n1790000100: 1 nan";
        let read = fetched(&lines(whole), 60).unwrap().unwrap();
        assert_eq!(read.names, ["a", "g"]);
        assert!(read.rows[0].1[0] == 0.075 && read.rows[0].1[1].is_nan() && read.rows[1].0 == 1_790_000_100);
        assert_eq!(fetched(&lines(whole), 300), Ok(None));
        for (from, to) in [
            ("7.5e-02", "x"),
            ("7.5e-02", "inf"),
            ("7.5e-02 ", ""),
            ("Step: 60", "Step: a"),
            ("DSName", "Name"),
        ] {
            assert!(fetched(&lines(&whole.replace(from, to)), 60).is_err(), "{from} -> {to}");
        }
    }

    proptest::proptest! {
        /// Nothing that a daemon says makes us panic, and numbers are within their bounds.
        #[test]
        fn any_lines_are_read_or_refused(
            lines in proptest::collection::vec(
                "(ds\\[[ab]\\]\\.(index|type|last_ds)|step|last_update|Step:|DSName:|[0-9]{1,20}:|.{0,8})( -?[0-9a.e]{0,20}){0,3}",
                0..12,
            )
        ) {
            if let Ok(info) = info(&lines) {
                assert!((1..=86_400).contains(&info.step) && (0..=LATEST).contains(&info.last_update));
            }
            if let Ok(Some(fetched)) = fetched(&lines, 60) {
                let width = fetched.names.len();
                assert!(fetched.rows.iter().all(|(_, row)| row.len() == width && row.iter().all(|v| !v.is_infinite())));
            }
        }
    }
}
