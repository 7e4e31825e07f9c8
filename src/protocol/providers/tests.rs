//! Domains with the provider that a person gave each of them.
use proptest::prelude::*;

use super::keys::EACH;
use super::*;

fn provider(domain: &str) -> &'static str {
    KEYS[usize::from(shipped().provider(domain.as_bytes()))]
}

#[test]
fn a_domain_is_its_providers_and_no_other_is() {
    for (domain, key) in [
        ("gmail.com", "google"),
        ("GMail.COM", "google"),
        ("googlemail.com", "google"),
        ("hotmail.co.uk", "microsoft"),
        ("outlook.de", "microsoft"),
        ("live.com.au", "microsoft"),
        ("yahoo.com.br", "yahoo"),
        ("aol.com", "yahoo"),
        ("me.com", "apple"),
        ("privaterelay.appleid.com", "apple"),
        ("gmx.net", "gmx"),
        ("gmx.co.uk", "gmx"),
        ("web.de", "gmx"),
        ("mail.com", "gmx"),
        ("t-online.de", "t-online"),
        ("mail.ru", "mailru"),
        ("yandex.com.tr", "yandex"),
        ("163.com", "netease"),
        ("protonmail.ch", "proton"),
        // What only looks like one of them.
        ("gmail.com.example.org", "other"),
        ("notgmail.com", "other"),
        ("gmail.co", "other"),
        ("gmail.com.", "other"),
        (".gmail.com", "other"),
        ("gmx.example.org", "other"),
        ("gmx.", "other"),
        ("gmx", "other"),
        ("gmx..de", "other"),
        ("yahoo.co.uk.example.net", "other"),
        ("mail.gmail.com", "other"),
        ("outlook.com:25", "other"),
        ("gmail_com", "other"),
        ("", "other"),
        (".", "other"),
    ] {
        assert_eq!(provider(domain), key, "{domain}");
    }
}

#[test]
fn every_domain_of_the_table_is_found() {
    let raw: toml::Table = toml::from_str(SHIPPED).unwrap();
    let mut found = 0;
    for entry in raw["provider"].as_array().unwrap() {
        for domain in entry["domains"].as_array().unwrap() {
            let domain = domain.as_str().unwrap();
            let domain = if domain.ends_with('.') { format!("{domain}fr") } else { domain.to_owned() };
            assert_eq!(provider(&domain), entry["key"].as_str().unwrap(), "{domain}");
            found += 1;
        }
    }
    assert!(found > 50, "{found}");
}

#[test]
fn each_provider_has_five_counters() {
    assert_eq!(COUNTERS.len(), KEYS.len() * EACH + 1);
    assert_eq!(COUNTERS[UNSEEN].key, "to_unseen");
    for (at, key) in KEYS.iter().enumerate() {
        let at = u8::try_from(at).unwrap();
        let keys =
            [BEGUN, DELIVERED, DEFERRED, FAILED, SECONDS].map(|of| COUNTERS[counter(at, of).unwrap()].key);
        let names = ["go", "ok", "def", "fail", "took"].map(|what| format!("{what}_{key}"));
        assert_eq!(keys.map(str::to_owned), names);
    }
    assert_eq!((KEYS[usize::from(OTHER)], counter(OTHER + 1, BEGUN)), ("other", None));
}

#[test]
fn a_table_that_is_wrong_is_refused_with_its_line() {
    let entry = |rest: &str| format!("version = 7\n[[provider]]\nkey = \"google\"\n{rest}\n");
    assert_eq!(Table::parse(&entry("domains = [\"example.org\"]")).unwrap().version, 7);
    for (text, wrong) in [
        (entry("domains = [\"Gmail.com\"]"), "line 4: \"Gmail.com\" is no domain"),
        (entry("domains = [\"a.b.\"]"), "line 4: \"a.b.\" is no domain"),
        (entry("domains = [\"gmail\"]"), "line 4: \"gmail\" has no dot"),
        (entry("domains = [\"x.org\",\n\"x.org\"]"), "line 5: \"x.org\" is there twice, first of google"),
        (entry("domain = [\"x.org\"]"), "line 4: unknown field"),
        (entry("replies = [\"$\"]"), "line 4: an empty text"),
        (
            "version = 1\n[[provider]]\nkey = \"acme\"\ndomains = [\"acme.org\"]".to_owned(),
            "line 4: \"acme\" has no counters",
        ),
        (
            "version = 1\n[[provider]]\nkey = \"other\"\ndomains = [\"acme.org\"]".to_owned(),
            "line 4: \"other\" has no counters",
        ),
        ("[[provider]]\nkey = \"google\"".to_owned(), "line 1: missing field `version`"),
    ] {
        let told = Table::parse(&text).unwrap_err();
        assert!(told.starts_with(wrong), "{told}");
    }
}

#[test]
fn a_signature_is_told_by_the_words_of_the_reply() {
    let table = Table::parse(SHIPPED).unwrap();
    for (reply, service) in [
        ("550-5.1.1_The_email_account_does_not_exist._g1si_-_gsmtp/", Some("google")),
        ("550_5.4.1_Access_denied._[CY4.namprd05.prod.outlook.com_2025]/", Some("microsoft")),
        ("550_5.7.0_Blocked_-_see_https://support.proofpoint.com/x/", Some("proofpoint")),
        ("550_they_said__-_gsmtp_but_not_at_the_end/", None),
        ("550_User_unknown/", None),
    ] {
        assert_eq!(table.signature(&reply.to_ascii_lowercase()), service, "{reply}");
    }
}

proptest! {
    /// Whatever a domain is: its provider is that of the first of all domains which it is, looked for one by one.
    #[test]
    fn a_provider_is_found_as_by_looking_at_each_domain(
        domain in "[A-Za-z0-9.\\-_ @\u{e9}]{0,14}|(gmail|yahoo|GMX|outlook|live|t-online|163|mail|privaterelay)[.a]?[a-z.]{0,8}"
    ) {
        let raw: toml::Table = toml::from_str(SHIPPED).unwrap();
        let lower = domain.to_ascii_lowercase();
        let top = |name: &str| {
            let rest = lower.strip_prefix(name).unwrap_or("");
            let is_plain = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric());
            is_plain(rest) || "co.uk com.au com.br co.jp com.tr com.mx com.ar co.in co.kr co.nz com.sg com.hk com.tw com.ph com.my com.vn co.id co.th co.za co.il com.cn com.pe com.co com.ve".split(' ').any(|like| like == rest)
        };
        let is = |name: &str| if name.ends_with('.') { lower.starts_with(name) && top(name) } else { lower == name };
        let found = raw["provider"].as_array().unwrap().iter().find(|entry| {
            entry["domains"].as_array().unwrap().iter().any(|name| is(name.as_str().unwrap()))
        });
        prop_assert_eq!(provider(&domain), found.map_or("other", |entry| entry["key"].as_str().unwrap()));
    }
}
