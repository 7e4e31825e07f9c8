//! The table of the binary, a provider a line: to read the TOML that it is made from would take as long as a query.
//!
//! `providers.lines` is made from `providers.toml` by a test, and compared with it. Its first line is the version, every
//! other one the key of a provider and its domains, with blanks between.
use super::table::Table;

/// The version of such a table, without a look at the rest; 0: it has none.
pub(super) fn version(text: &str) -> u32 {
    text.lines().next().and_then(|line| line.parse().ok()).unwrap_or(0)
}

/// Reads such a table. `None`: it is none.
pub(super) fn read(text: &'static str) -> Option<Table> {
    let mut lines = text.lines();
    let mut table = Table::new(lines.next()?.parse().ok()?);
    for line in lines {
        let mut words = line.split(' ');
        let key = words.next()?;
        for domain in words {
            table.add(key, domain).ok()?;
        }
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::super::{LINES, SHIPPED};
    use super::*;

    /// `MAILLOGS_BLESS=1` writes the file.
    #[test]
    fn the_lines_are_those_of_the_table() {
        #[derive(serde::Deserialize)]
        struct Raw {
            version: u32,
            provider: Vec<RawProvider>,
        }
        #[derive(serde::Deserialize)]
        struct RawProvider {
            key: String,
            domains: Vec<String>,
        }
        let raw: Raw = toml::from_str(SHIPPED).unwrap();
        let mut lines = format!("{}\n", raw.version);
        for provider in raw.provider.iter().filter(|provider| !provider.domains.is_empty()) {
            lines += &format!("{} {}\n", provider.key, provider.domains.join(" "));
        }
        if std::env::var_os("MAILLOGS_BLESS").is_some() {
            let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            std::fs::write(dir.join("src/protocol/providers/providers.lines"), &lines).unwrap();
        }
        assert_eq!(lines, LINES, "write it by MAILLOGS_BLESS=1");
        assert!(read(LINES).is_some());
    }
}
