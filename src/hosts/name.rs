//! The names of hosts. On the other machine they are names of directories.

/// What the sum of all hosts is called.
pub const CLUSTER: &str = "cluster";

/// The longest name of a domain.
const LONGEST: usize = 253;

/// Checks that `name` can be that of a directory wherever it is brought to.
///
/// # Errors
/// Why it cannot.
pub fn checked(name: &str) -> Result<&str, String> {
    let may_be = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let why = match name {
        "" => "it is empty",
        _ if name.len() > LONGEST => "it is longer than 253 characters",
        _ if !name.chars().all(may_be) => {
            "only letters, digits, dots, hyphens and _ can be in the name of a directory"
        }
        _ if name.starts_with(['.', '-']) => "it begins with a dot or a hyphen",
        _ if name.contains("..") => "it has two dots in a row",
        _ if name.eq_ignore_ascii_case(CLUSTER) => "that is what the sum of all hosts is called",
        _ => return Ok(name),
    };
    Err(format!("{name:?} cannot be this host's name on another machine: {why}; set toaster_hostname"))
}

/// No protocol has more files of a host.
pub(super) const MOST_FILES: usize = 16;

/// How many of them in a row may have been moved away so that those behind them are still found.
pub(super) const GAPS: usize = 2;

/// The name of a file of a protocol, by its number from 1: `send.rrd`, `send.2.rrd` …
pub(super) fn file(protocol: &str, number: usize) -> String {
    match number {
        1 => format!("{protocol}.rrd"),
        _ => format!("{protocol}.{number}.rrd"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_to_a_directory_of_its_own_and_nowhere_else() {
        for name in ["mx1", "mx1.example.com", "MX_1-a", "1", "clusters", "a.b"] {
            assert_eq!(checked(name), Ok(name));
        }
        let long = "a".repeat(254);
        for name in [
            "",
            ".",
            "..",
            ".mx",
            "-o",
            "a..b",
            "../x",
            "a/b",
            "/etc",
            "a b",
            "a\nFLUSH x",
            "a:1",
            "mx\u{e9}",
            "cluster",
            "Cluster",
            &long,
        ] {
            let why = checked(name).unwrap_err();
            assert!(why.contains("toaster_hostname") && !why.contains('\n'), "{why}");
        }
    }
}
