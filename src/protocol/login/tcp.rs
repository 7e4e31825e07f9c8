//! tcpserver(1), sslserver(1) and tcpsvd(8): connections, before any login.

/// What one of their lines says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::protocol) enum Tcp {
    /// `pid N from IP`
    Connect,
    /// `ok N …`
    Accepted,
    /// `deny N …`
    Denied,
    /// `end N status S`
    End,
    /// `status: A/B`: A connections are open now.
    Status(Option<u64>),
    /// Warnings, errors.
    Other,
}

/// Reads the whole text of a line; `None`: another program's.
pub(in crate::protocol) fn tcp(text: &[u8]) -> Option<Tcp> {
    let names: [&[u8]; 3] = [b"tcpserver: ", b"sslserver: ", b"tcpsvd: info: "];
    let rest = names.iter().find_map(|name| text.strip_prefix(*name))?;
    let end = rest.iter().take(8).position(|&b| matches!(b, b' ' | b':')).unwrap_or(0);
    let (word, rest) = rest.split_at(end);
    Some(match word {
        b"pid" => Tcp::Connect,
        b"ok" => Tcp::Accepted,
        b"deny" => Tcp::Denied,
        b"end" => Tcp::End,
        b"status" => Tcp::Status(open(rest)),
        _ => Tcp::Other,
    })
}

/// A of `: A/B` (tcpsvd: ` A/B`).
fn open(rest: &[u8]) -> Option<u64> {
    let rest = rest.strip_prefix(b":").unwrap_or(rest).strip_prefix(b" ")?;
    let slash = rest.iter().take(20).position(|&b| b == b'/')?;
    let digits = rest.get(..slash).filter(|digits| !digits.is_empty())?;
    rest.get(slash + 1).filter(|b| b.is_ascii_digit())?;
    digits.iter().try_fold(0u64, |n, b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        n.checked_mul(10)?.checked_add(digit)
    })
}
