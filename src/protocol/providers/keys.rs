//! The providers, each with its counters.
use crate::protocol::counter::{Counter, CounterKind};

/// The number of counters of a provider.
pub(super) const EACH: usize = 5;

/// The position of a provider's counters behind its first one.
pub(in crate::protocol) const BEGUN: usize = 0;
pub(in crate::protocol) const DELIVERED: usize = 1;
pub(in crate::protocol) const DEFERRED: usize = 2;
pub(in crate::protocol) const FAILED: usize = 3;
pub(in crate::protocol) const SECONDS: usize = 4;

/// `KEY: NAME FOR PEOPLE, five keys of counters`.
macro_rules! providers {
    ($($key:literal: $name:literal, $begun:literal $delivered:literal $deferred:literal $failed:literal $seconds:literal;)*) => {
        /// The keys of all providers, in the order of their counters; the last one is `other`.
        pub const KEYS: &[&str] = &[$($key),*];
        /// Their names for people, in the same order.
        pub(in crate::protocol) const NAMES: &[&str] = &[$($name),*];
        /// Five counters of each provider, and one behind them.
        pub(in crate::protocol) const COUNTERS: &[Counter] = &[$(
            count($begun, concat!("deliveries begun to ", $name)),
            count($delivered, concat!("deliveries that ", $name, " took")),
            count($deferred, concat!("deliveries that ", $name, " put off; if it is much more than at other times, see maillogs reasons")),
            count($failed, concat!("deliveries that ", $name, " refused for good; see maillogs reasons")),
            Counter {
                key: $seconds,
                ds: $seconds,
                kind: CounterKind::Sum,
                help: concat!("the time that ended deliveries to ", $name, " took, in seconds"),
            },
        )*
            count("to_unseen", "deliveries that ended and whose beginning is not in the log: where they went is not known"),
        ];
    };
}

/// The position of what ended without a beginning.
pub(in crate::protocol) const UNSEEN: usize = KEYS.len() * EACH;

const fn count(key: &'static str, help: &'static str) -> Counter {
    Counter { key, ds: key, kind: CounterKind::Count, help }
}

providers! {
    "google": "Google (Gmail)", "go_google" "ok_google" "def_google" "fail_google" "took_google";
    "microsoft": "Microsoft (Outlook, Hotmail)", "go_microsoft" "ok_microsoft" "def_microsoft" "fail_microsoft" "took_microsoft";
    "yahoo": "Yahoo and AOL", "go_yahoo" "ok_yahoo" "def_yahoo" "fail_yahoo" "took_yahoo";
    "apple": "Apple (iCloud)", "go_apple" "ok_apple" "def_apple" "fail_apple" "took_apple";
    "gmx": "GMX, web.de and mail.com", "go_gmx" "ok_gmx" "def_gmx" "fail_gmx" "took_gmx";
    "t-online": "T-Online", "go_t-online" "ok_t-online" "def_t-online" "fail_t-online" "took_t-online";
    "comcast": "Comcast", "go_comcast" "ok_comcast" "def_comcast" "fail_comcast" "took_comcast";
    "orange": "Orange", "go_orange" "ok_orange" "def_orange" "fail_orange" "took_orange";
    "mailru": "Mail.ru", "go_mailru" "ok_mailru" "def_mailru" "fail_mailru" "took_mailru";
    "yandex": "Yandex", "go_yandex" "ok_yandex" "def_yandex" "fail_yandex" "took_yandex";
    "tencent": "Tencent (QQ)", "go_tencent" "ok_tencent" "def_tencent" "fail_tencent" "took_tencent";
    "netease": "NetEase (163)", "go_netease" "ok_netease" "def_netease" "fail_netease" "took_netease";
    "proton": "Proton", "go_proton" "ok_proton" "def_proton" "fail_proton" "took_proton";
    "other": "all other servers", "go_other" "ok_other" "def_other" "fail_other" "took_other";
}

/// The position of `other` in [`KEYS`].
pub(in crate::protocol) const OTHER: u8 = {
    assert!(KEYS.len() < 100, "places are numbered by one byte");
    KEYS.len() as u8 - 1
};

/// The position, in the section, of a counter of the provider at `provider` in [`KEYS`]. `None`: there is no such
/// provider.
#[inline]
pub(in crate::protocol) fn counter(provider: u8, of: usize) -> Option<usize> {
    (provider <= OTHER).then_some(usize::from(provider) * EACH + of)
}
