//! What the programs that ask for a password have in common: services, and what one line says of a login.
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What one logs in to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::protocol) enum Service {
    Smtp,
    Pop3,
    Imap,
    Webmail,
}

/// A service, and whether it is encrypted from the first byte on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Listener {
    pub(super) service: Service,
    pub(super) tls: bool,
}

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::protocol) enum End {
    Success,
    Failure,
}

/// What a line tells of one login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Login {
    pub(super) tls: bool,
    /// The line also stands for the connection.
    pub(super) connect: bool,
    pub(super) end: Option<End>,
}

/// What a line says to one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LoginVerdict {
    /// Nothing: another program's.
    Foreign,
    /// Nothing: of one of these programs, for another service.
    Elsewhere,
    /// Understood, but nothing to count.
    Nothing,
    /// No rule knows it.
    Unknown,
    Login(Login),
    /// A connection ended before a login, in words that no rule knows.
    Ended {
        /// Was it encrypted?
        tls: bool,
    },
}

/// What toaster.conf says of logins.
#[derive(Clone, Debug, Default)]
pub(in crate::protocol) struct Rules {
    /// vchkpw's ports without a name.
    pub(super) ports: BTreeMap<u16, Listener>,
    /// Every IMAP login from loopback is webmail's, not only those to Courier's `imapd`.
    pub(super) loopback_all: bool,
}

/// Is `address` one of 127.0.0.0/8, ::1 or ::ffff:127.0.0.0/104?
pub(super) fn is_loopback(address: &[u8]) -> bool {
    let address = std::str::from_utf8(address).ok().and_then(|text| text.parse::<IpAddr>().ok());
    address.is_some_and(|address| address.to_canonical().is_loopback())
}
