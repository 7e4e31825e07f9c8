//! Where an rrdcached listens.
use std::fmt;
use std::path::PathBuf;

/// The address of an rrdcached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RrdDaemon {
    /// `unix:/PATH`.
    Unix(PathBuf),
    /// `HOST:PORT`, `[ADDRESS]:PORT`.
    Tcp(String, u16),
}

impl RrdDaemon {
    /// Reads one as toaster.conf has it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        const FORMS: &str = r#"write "unix:/run/rrdcached.sock" or "host:42217""#;
        if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(format!("{text:?} has a blank in it; {FORMS}"));
        }
        if let Some(path) = text.strip_prefix("unix:") {
            let path = PathBuf::from(path);
            return match path.is_absolute() {
                true => Ok(Self::Unix(path)),
                false => Err(format!("{text:?} does not have the whole path of a socket; {FORMS}")),
            };
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(|| format!("{text:?} has no port; {FORMS}"))?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address,
            None if host.contains(':') => return Err(format!("{text:?}: put the address into [ ]; {FORMS}")),
            None => host,
        };
        match port.parse::<u16>() {
            Ok(port) if port > 0 && !host.is_empty() => Ok(Self::Tcp(host.to_owned(), port)),
            _ => Err(format!("{text:?} is not the address of an rrdcached; {FORMS}")),
        }
    }
}

impl fmt::Display for RrdDaemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_they_are_written() {
        for text in ["unix:/run/rrdcached.sock", "host:42217", "[::1]:42217", "10.0.0.1:1"] {
            assert_eq!(RrdDaemon::parse(text).unwrap().to_string(), text);
        }
        let wrong = [
            "",
            "host",
            "host:",
            "host:0",
            "host:70000",
            ":42217",
            "::1:42217",
            "unix:run/x",
            "ho st:1",
            "a:1\n",
        ];
        for text in wrong {
            assert!(RrdDaemon::parse(text).is_err(), "{text:?}");
        }
    }
}
