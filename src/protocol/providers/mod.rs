//! To which of the large providers deliveries go, and how they end there.
//!
//! The domain of the recipient decides, which is where the mail went. It stands in the line of the delivery's beginning,
//! and the result in the line of its end: what is in between is remembered (`protocol::memory`). What servers say of
//! themselves is not counted, because they seldom do when they accept; nothing is looked up.
//!
//! | file | purpose |
//! |---|---|
//! | `keys` | the providers, each with its counters |
//! | `table` | the table of `providers.toml`, or of the file that `providers_file` names |
//! | `lines` | the table of the binary, ready to be read fast |
mod keys;
mod lines;
mod table;

use std::sync::LazyLock;

pub use keys::KEYS;
pub(super) use keys::{BEGUN, COUNTERS, DEFERRED, DELIVERED, FAILED, NAMES, OTHER, SECONDS, UNSEEN, counter};
pub use table::Table;

/// The table of the binary, and the same as `lines` reads it.
pub const SHIPPED: &str = include_str!("providers.toml");
const LINES: &str = include_str!("providers.lines");

/// The table of the binary, read.
fn shipped() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| match lines::read(LINES) {
        Some(table) => table,
        None => unreachable!("the table of the binary, which the tests read"),
    });
    &TABLE
}

/// Which table decides.
#[derive(Clone, Copy, Debug, Default)]
pub enum Providers {
    /// None: providers are not counted, and there is no counter of them.
    Off,
    /// That of the binary.
    #[default]
    Shipped,
    /// That of the file that toaster.conf names.
    Of(&'static Table),
}

impl Providers {
    /// The version of the table; 0: there is none.
    pub fn version(self) -> u32 {
        match self {
            Providers::Off => 0,
            Providers::Shipped => lines::version(LINES),
            Providers::Of(table) => table.version,
        }
    }

    /// The table; `None`: there is none.
    pub fn table(self) -> Option<&'static Table> {
        match self {
            Providers::Off => None,
            Providers::Shipped => Some(shipped()),
            Providers::Of(table) => Some(table),
        }
    }

    /// The first domains of the provider at `provider` in [`KEYS`], for people; empty: it has none.
    pub(super) fn domains(self, provider: usize) -> String {
        const FEW: usize = 3;
        let key = KEYS.get(provider).copied().unwrap_or_default();
        let all: Vec<&str> = match self {
            Providers::Off => Vec::new(),
            // To make the table of these lines would take longer.
            Providers::Shipped => {
                let of_it = |line: &'static str| line.strip_prefix(key)?.strip_prefix(' ');
                LINES.lines().find_map(of_it).map(|domains| domains.split(' ').collect()).unwrap_or_default()
            }
            Providers::Of(table) => table.domains(provider).collect(),
        };
        let name = |domain: &&str| match domain.strip_suffix('.') {
            Some(label) => format!("{label}.*"),
            None => (*domain).to_owned(),
        };
        let more = (all.len() > FEW).then(|| "…".to_owned());
        all.iter().take(FEW).map(name).chain(more).collect::<Vec<_>>().join(", ")
    }

    /// The service, by its key in the table, of which a reply bears a signature. `reply`: in lower case, as logged, without what
    /// a client chose. It is told, and never counted.
    pub fn signature(self, reply: &str) -> Option<&'static str> {
        // That of the binary with its signatures, which to read takes longer than a query may take.
        static READ: LazyLock<Option<Table>> = LazyLock::new(|| Table::parse(SHIPPED).ok());
        match self {
            Providers::Off => None,
            Providers::Shipped => READ.as_ref()?.signature(reply),
            Providers::Of(table) => table.signature(reply),
        }
    }
}

#[cfg(test)]
mod tests;
