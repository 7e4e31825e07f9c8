//! rblsmtpd(1), and a qmail-smtpd that asks DNS lists itself.
//!
//! | line after `rblsmtpd: ` | writer |
//! |---|---|
//! | `IP pid N: CODE TXT` | ucspi-tcp, ucspi-ssl |
//! | `IP pid N LIST: CODE TXT` | patched: the list before the code |
//! | ` pid N from IP: CODE TXT` | indimail's ucspi-tcp-x, two blanks in all |
//! | `LIST blocked IP HOST …` | patched; HOST is the client's |
//!
//! CODE is 451 or 553. Without a code they tell of other things: `greetdelay: `, and `Sender <…>`, which is the
//! client's.
use super::common::{self, known, unknown};
use super::lists::Lists;
use crate::protocol::scan::{number, word};
use crate::protocol::{Raise, Sample, Verdict};

/// What such a line says.
enum Said<'a> {
    /// Someone was turned away; where the list is named.
    Blocked(&'a [u8]),
    /// Nobody was.
    Else,
}

/// Raises what a line counts, `rest` being what follows `rblsmtpd: `.
pub(super) fn classify(rest: &[u8], lists: &Lists, raise: &mut Raise<'_>) -> Verdict {
    match said(rest) {
        Some(Said::Blocked(named)) => lists.raise(named, raise),
        Some(Said::Else) => known(common::OTHER, raise),
        None => unknown(raise),
    }
}

/// `None`: a form that we do not know.
fn said(rest: &[u8]) -> Option<Said<'_>> {
    if rest.starts_with(b"fatal: ") || rest.starts_with(b"warning: ") {
        return Some(Said::Else);
    }
    // The IP address is empty in indimail's form, and where nothing set TCPREMOTEIP; behind syslog's tag the blank before
    // `pid` is gone, too.
    let (first, rest) = if rest.starts_with(b"pid ") { (&b""[..], rest) } else { word(rest) };
    if rest.starts_with(b"blocked ") {
        return (!first.is_empty()).then_some(Said::Blocked(first));
    }
    let (_, rest) = number(rest.strip_prefix(b"pid ")?)?;
    if let Some(message) = rest.strip_prefix(b": ") {
        return with_code(message);
    }
    let (list, message) = word(rest.strip_prefix(b" ")?);
    if list == b"from" {
        let (ip, message) = word(message);
        return if ip.ends_with(b":") { with_code(message) } else { None };
    }
    let list = list.strip_suffix(b":")?;
    code(message).map(|_| Said::Blocked(list))
}

/// `CODE TXT`, or any message without a code.
fn with_code(message: &[u8]) -> Option<Said<'_>> {
    if let Some(text) = code(message) {
        return Some(Said::Blocked(text));
    }
    // Another code would be another program's idea of this form.
    let another = word(message).0.len() == 3 && message.iter().take(3).all(u8::is_ascii_digit);
    (!another).then_some(Said::Else)
}

/// What follows the code 451 or 553.
fn code(message: &[u8]) -> Option<&[u8]> {
    let (code, text) = word(message);
    matches!(code, b"451" | b"553").then_some(text)
}

/// Raises what qmail-smtpd's `rbl: ip=I query=LIST result=R message='TXT'` counts, `rest` being what follows
/// `rbl: ip=`: the list, if it turned the client away.
pub(super) fn asked(rest: &[u8], lists: &Lists, raise: &mut Raise<'_>) -> Verdict {
    let (_ip, rest) = word(rest);
    let fields = rest.strip_prefix(b"query=").map(word);
    let fields = fields.and_then(|(list, rest)| Some((list, word(rest.strip_prefix(b"result=")?).0)));
    match fields {
        Some((list, b"reject" | b"delay")) => lists.raise(list, raise),
        Some((_, b"pass" | b"accept" | b"ignore" | b"dnserr")) => known(common::OTHER, raise),
        _ => unknown(raise),
    }
}

/// Lines that document and test this group.
pub(super) const SAMPLES: &[Sample] = &[
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 https://www.spamhaus.org/query/ip/198.51.100.7",
        &[("count", 1), ("spamhaus", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 Blocked - see https://www.spamcop.net/bl.shtml?198.51.100.7",
        &[("count", 1), ("spamcop", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 553 http://dsbl.org/listing?198.51.100.7",
        &[("count", 1), ("dsbl", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 Blocked by korea.services.net. See http://korea.services.net/",
        &[("count", 1), ("services", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 see http://www.rfc-ignorant.org/tools/lookup.php?domain=example.com",
        &[("count", 1), ("ignorant", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 See: http://www.sorbs.net/lookup.shtml?198.51.100.7",
        &[("count", 1), ("sorbs", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 http://www.njabl.org/cgi-bin/lookup.cgi?query=198.51.100.7",
        &[("count", 1), ("njabl", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 please visit <http://ORDB.org/lookup/?host=198.51.100.7>",
        &[("count", 1), ("ordb", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 See <http://mail-abuse.org/cgi-bin/lookup?198.51.100.7>",
        &[("count", 1), ("maps", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 see http://www.monkeys.com/upl/lookup.cgi?ip=198.51.100.7",
        &[("count", 1), ("monkeys", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 Blocked by relays.visi.com",
        &[("count", 1), ("visi", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 Client host blocked using Barracuda Reputation",
        &[("count", 1), ("barracuda", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 553 See http://www.uceprotect.net/rblcheck.php?ipr=198.51.100.7",
        &[("count", 1), ("uceprotect", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 https://spfbl.net/en/delist/?ip=198.51.100.7",
        &[("count", 1), ("spfbl", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 Listed in PSBL, see https://psbl.org/listing?ip=198.51.100.7",
        &[("count", 1), ("psbl", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 see https://www.mailspike.org/anubis/lookup.html?198.51.100.7",
        &[("count", 1), ("mailspike", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 see http://www.abuseat.org/lookup.cgi?ip=198.51.100.7",
        &[("count", 1), ("abuseat", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 https://www.nordspam.com/removal/",
        &[("count", 1), ("nordspam", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 451 Our abuse services are at http://bl.example.net/, please visit",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: greetdelay: 5",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: [RBL info] https://www.spamhaus.org/query/ip/198.51.100.7",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd: 198.51.100.7 pid 101: 550 https://www.spamhaus.org/",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd:  pid 4711 from 198.51.100.9: 451 https://www.spamhaus.org/query/ip/198.51.100.9",
        &[("count", 1), ("spamhaus", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd:  pid 4711 from 198.51.100.9: Sender <spamcop@spamhaus.example>",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 rblsmtpd:  pid 4711: 451 https://www.spamhaus.org/query/",
        &[("count", 1), ("spamhaus", 1)],
    ),
    (
        "Sep  6 07:33:33 mx1 qmail: 1157520813.485077 rblsmtpd: 198.51.100.77 pid 7 bl.spamcop.net: 451 spamhaus",
        &[("count", 1), ("spamcop", 1)],
    ),
    (
        "Jun 30 15:13:33 mx1 rblsmtpd: relays.ordb.org blocked 192.0.2.107 spamcop.example.com -",
        &[("count", 1), ("ordb", 1)],
    ),
    ("@400000006abaee6000000000 rblsmtpd: fatal: out of memory", &[("count", 1), ("other", 1)]),
    ("@400000006abaee6000000000 rblsmtpd: spamhaus", &[("count", 1), ("other", 1)]),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: rbl: ip=198.51.100.8 query=zen.spamhaus.org result=reject message='x'",
        &[("count", 1), ("spamhaus", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: rbl: ip=198.51.100.8 query=bl.spamcop.net result=delay message='spamhaus'",
        &[("count", 1), ("spamcop", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: rbl: ip=198.51.100.8 query=zen.spamhaus.org result=pass message=''",
        &[("count", 1), ("other", 1)],
    ),
    (
        "Sep  6 07:18:29 mx1 qmail: 1157519909.633171 qmail-smtpd: 421 badiprbl: ip 198.51.100.54 rbl: zen.spamhaus.org",
        &[("count", 1), ("spamhaus", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: message rejected (qmail-dnsbl) (bl.spamcop.net): bob@spamhaus.example from 198.51.100.8",
        &[("count", 1), ("spamcop", 1)],
    ),
];
