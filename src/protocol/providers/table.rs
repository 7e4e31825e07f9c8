//! The table of providers: which domains are which provider's (`providers.toml`).
use serde::Deserialize;
use toml::Spanned;

use super::keys::{KEYS, OTHER};

/// Domains, ready to be asked.
#[derive(Debug)]
pub struct Table {
    /// As the file says it.
    pub version: u32,
    domains: Vec<Domain>,
    /// By a hash of the first label: the first of the domains that have it, counted from 1; 0: there is none.
    slots: [u16; SLOTS],
    /// Words of replies, each with the position of its provider among [`Table::services`].
    signatures: Vec<(usize, String)>,
    /// The keys of all entries.
    services: Vec<String>,
}

const SLOTS: usize = 256;

/// A domain of a provider.
#[derive(Debug)]
struct Domain {
    /// The beginning of its first label, as a number.
    label: u64,
    /// All of it, in lower case; one that ends with a dot stands for all top-level domains.
    name: String,
    provider: u8,
    /// The next one of the same slot, counted from 1.
    next: u16,
}

/// Second-level domains under which names are registered as under a top-level domain.
const LIKE_TOP_LEVEL: &[&str] = &[
    "co.uk", "com.au", "com.br", "co.jp", "com.tr", "com.mx", "com.ar", "co.in", "co.kr", "co.nz", "com.sg",
    "com.hk", "com.tw", "com.ph", "com.my", "com.vn", "co.id", "co.th", "co.za", "co.il", "com.cn", "com.pe",
    "com.co", "com.ve",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    version: u32,
    provider: Vec<RawProvider>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProvider {
    key: Spanned<String>,
    #[serde(default)]
    domains: Vec<Spanned<String>>,
    #[serde(default)]
    replies: Vec<Spanned<String>>,
}

impl Table {
    /// Reads a table.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line.
    pub fn parse(text: &str) -> Result<Table, String> {
        let line = |at: usize| 1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        let raw: RawTable = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(0, |span| span.start);
            format!("line {}: {}", line(at), e.message())
        })?;
        let mut table = Table::new(raw.version);
        for RawProvider { key, domains, replies } in raw.provider {
            for domain in domains {
                let at = domain.span().start;
                table
                    .add(key.get_ref(), domain.get_ref())
                    .map_err(|what| format!("line {}: {what}", line(at)))?;
            }
            for words in replies {
                let at = words.span().start;
                let words = words.into_inner().to_ascii_lowercase();
                if words.trim_end_matches('$').is_empty() {
                    return Err(format!("line {}: an empty text would be found in every reply", line(at)));
                }
                table.signatures.push((table.services.len(), words));
            }
            table.services.push(key.into_inner());
        }
        Ok(table)
    }

    /// Without domains.
    pub(super) fn new(version: u32) -> Table {
        Table {
            version,
            domains: Vec::new(),
            slots: [0; SLOTS],
            signatures: Vec::new(),
            services: Vec::new(),
        }
    }

    /// Adds a domain.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn add(&mut self, key: &str, domain: &str) -> Result<(), String> {
        let known = KEYS.iter().take(usize::from(OTHER)).position(|known| *known == key);
        let Some(provider) = known.and_then(|known| u8::try_from(known).ok()) else {
            let known = KEYS.iter().take(usize::from(OTHER)).copied().collect::<Vec<_>>().join(" ");
            return Err(format!("{key:?} has no counters, and so no domains: {known} have some"));
        };
        let is_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
        let labels = domain.strip_suffix('.').unwrap_or(domain);
        let is_open = labels.len() < domain.len();
        if !domain.bytes().all(is_name)
            || labels.split('.').any(str::is_empty)
            || (is_open && labels.contains('.'))
        {
            return Err(format!(
                "{domain:?} is no domain in lower case (`example.org`), and no label with a dot (`example.`)"
            ));
        }
        if !is_open && !labels.contains('.') {
            return Err(format!(
                "{domain:?} has no dot: one at its end makes it stand for all top-level domains"
            ));
        }
        if let Some(other) = self.domains.iter().find(|known| known.name == domain) {
            let other = KEYS.get(usize::from(other.provider)).copied().unwrap_or_default();
            return Err(format!("{domain:?} is there twice, first of {other}"));
        }
        let label = first_label(domain.as_bytes());
        let place =
            u16::try_from(self.domains.len() + 1).map_err(|_| "there are too many domains".to_owned())?;
        let slot = &mut self.slots[slot_of(label)];
        self.domains.push(Domain { label, name: domain.to_owned(), provider, next: *slot });
        *slot = place;
        Ok(())
    }

    /// The domains of the provider at `provider` in [`KEYS`], in the order of the file.
    pub(super) fn domains(&self, provider: usize) -> impl Iterator<Item = &str> {
        let of_it = move |domain: &&Domain| usize::from(domain.provider) == provider;
        self.domains.iter().filter(of_it).map(|domain| domain.name.as_str())
    }

    /// The provider of a recipient's domain, which may be in upper case: its position in [`KEYS`].
    #[inline]
    pub(in crate::protocol) fn provider(&self, domain: &[u8]) -> u8 {
        let label = first_label(domain);
        let mut at = self.slots[slot_of(label)];
        while let Some(known) = usize::from(at).checked_sub(1).and_then(|at| self.domains.get(at)) {
            if known.label == label && known.is(domain) {
                return known.provider;
            }
            at = known.next;
        }
        OTHER
    }

    /// The service, by its key, of which a reply bears a signature. `reply`: in lower case, as logged.
    pub(super) fn signature(&self, reply: &str) -> Option<&str> {
        let end = reply.trim_end_matches('/');
        let is_in = |(_, words): &&(usize, String)| match words.strip_suffix('$') {
            Some(words) => end.ends_with(words),
            None => reply.contains(words.as_str()),
        };
        let (service, _) = self.signatures.iter().find(is_in)?;
        self.services.get(*service).map(String::as_str)
    }
}

impl Domain {
    fn is(&self, domain: &[u8]) -> bool {
        let name = self.name.as_bytes();
        if name.last() != Some(&b'.') {
            return domain.eq_ignore_ascii_case(name);
        }
        let Some((label, top)) = domain.split_at_checked(name.len()) else { return false };
        let is_top = |top: &[u8]| !top.is_empty() && top.iter().all(u8::is_ascii_alphanumeric);
        label.eq_ignore_ascii_case(name)
            && (is_top(top) || LIKE_TOP_LEVEL.iter().any(|like| like.as_bytes().eq_ignore_ascii_case(top)))
    }
}

/// The first eight bytes of the first label, in lower case, as a number.
#[inline]
fn first_label(domain: &[u8]) -> u64 {
    const DOTS: u64 = every(b'.');
    let word = match domain.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        None => domain.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    // The highest bit of the first dot; what is carried on from it reaches only the bytes behind.
    let dots = word ^ DOTS;
    let first = dots.wrapping_sub(every(1)) & !dots & every(0x80);
    let bits = first.trailing_zeros() / 8 * 8;
    let label = if bits == 64 { word } else { word & ((1 << bits) - 1) };
    // Letters become small ones, and digits and `-` stay what they are. What else changes is no domain of the table.
    label | (every(0x20) & spread(label))
}

/// 0xff for each byte that is not 0.
#[inline]
fn spread(word: u64) -> u64 {
    let is_any = ((word & every(0x7f)).wrapping_add(every(0x7f)) | word) & every(0x80);
    (is_any >> 7).wrapping_mul(0xff)
}

/// A `u64` of eight times this byte.
const fn every(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

#[inline]
fn slot_of(label: u64) -> usize {
    (label.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as usize % SLOTS
}
