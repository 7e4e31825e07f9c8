//! What is shown of a report.
use super::{begin, put_off};
use crate::protocol::attempts::*;
use proptest::prelude::*;

/// Names of this host are `mail.example.com`, `mx7` and `mail.our.example.org`.
fn shown(report: &str, recipient: &str) -> String {
    let names = ["mail.example.com", "mx7", "mail.our.example.org"].map(str::to_owned);
    let hide = Hide { is_on: true, names: names.into() };
    hidden(report.as_bytes(), mark_of(recipient.as_bytes()), &hide)
}

fn reply(text: &str, recipient: &str) -> String {
    shown(
        &format!("192.0.2.9_does_not_like_recipient./Remote_host_said:_{text}/Giving_up_on_192.0.2.9./"),
        recipient,
    )
}

#[test]
fn addresses_are_taken_out() {
    for (said, recipient, is) in [
        (
            "451_4.7.1_Greylisted,_try_again_in_300_seconds",
            "joe",
            "451 4.7.1 Greylisted, try again in 300 seconds",
        ),
        (
            "550-5.7.1_You_are/550-5.7.1_blocked./550_5.7.1__See_https://a.example/x?y=1",
            "joe",
            "550 5.7.1 You are 5.7.1 blocked. 5.7.1 See https://a.example/x?…",
        ),
        ("550_5.1.1_<joe@example.org>:_User_unknown", "joe", "550 5.1.1 …: User unknown"),
        ("550_5.1.1_joe@example.org_is_unknown", "joe", "550 5.1.1 … is unknown"),
        ("550_\"joe_x\"@example.org_is_unknown", "joe", "550 … is unknown"),
        ("550_5.1.1_Joe_Doe_is_not_Joe.Doe's_name", "joe", "550 5.1.1 … Doe is not Joe.Doe's name"),
        ("550_5.1.1_mailbox_JOE.DOE._is_full", "joe.doe", "550 5.1.1 mailbox … is full"),
        ("550_joe.doe@example.org.invalid:_no", "joe.doe", "550 … no"),
        ("550_[203.0.113.5]_is_listed_by_zen.spamhaus.org", "joe", "550 […] is listed by zen.spamhaus.org"),
        (
            "550_see_https://www.spamhaus.org/query/ip/203.0.113.5.",
            "joe",
            "550 see https://www.spamhaus.org/query/ip/….",
        ),
        ("554_5.113.0.203.bl.example.net_says_no", "joe", "554 ….bl.example.net says no"),
        ("550_host-203-0-113-5.isp.example_is_dynamic", "joe", "550 host-….isp.example is dynamic"),
        ("550_[IPv6:2001:db8::1]_and_2001:db8:0:0:0:0:0:25:_no_PTR", "joe", "550 [IPv…] and …: no PTR"),
        (
            "421_10:20:30_is_a_time,_4.7.1_a_status_and_256.1.1.1_nothing",
            "joe",
            "421 10:20:30 is a time, 4.7.1 a status and 256.1.1.1 nothing",
        ),
        ("550_mail.example.com[203.0.113.5]_blocked", "joe", "550 …[…] blocked"),
        ("550_relay.provider.example_([203.0.113.5])_blocked", "joe", "550 … ([…]) blocked"),
        ("550_you_(203.0.113.5)_blocked", "joe", "550 you (…) blocked"),
        (
            "550_HELO_MAIL.Example.com_or_a.mail.example.com_or_other.example.com_or_xexample.com",
            "joe",
            "550 HELO … or … or … or xexample.com",
        ),
        ("550_mx7.lan_is_no_name,_mx7_is_a_word", "joe", "550 … is no name, mx7 is a word"),
    ] {
        assert_eq!(reply(said, recipient), is, "{said}");
    }
    assert_eq!(
        shown("Sorry,_no_mailbox_here_by_that_name._(#5.1.1)/", "joe"),
        "Sorry, no mailbox here by that name. (#5.1.1)"
    );
    assert_eq!(shown("192.0.2.101_x/Remote_host_said:_554_no/", "joe"), "… x/Remote host said: 554 no");
    assert_eq!(
        shown("can_not_open_/home/vpopmail/domains/example.org/joe/Maildir/", "joe"),
        "can not open …"
    );
    assert_eq!(
        shown(
            "192.0.2.9_does_not_like_recipient./Remote_host_said:_550_no/STARTTLS_proto=TLSv1.3;_cipher=x;_subject=/CN=mx.example.org;_issuer=/O=x;/",
            "joe"
        ),
        "550 no"
    );
}

/// What would do something in a page or a terminal, or turn the direction of writing, and what has no end.
#[test]
fn hostile_texts_are_made_harmless() {
    let html = reply("550_<script>alert(1)</script>_</td>_\"onload=x_'&amp;_]]>", "joe");
    assert!(!html.contains("script>alert"), "{html}");
    for (said, is) in [
        ("550_\x1b[31mred\x1b[0m_\x07_\u{9b}2Jx\u{1b}]0;t", "550 red x ]0;t"),
        ("550_a\u{202e}b\u{200b}c\u{2066}d\u{feff}e\0f", "550 a b c d e f"),
        ("550_\u{5d0}\u{5d1}", "550 \u{5d0}\u{5d1}"),
        ("", ""),
    ] {
        assert_eq!(reply(said, "joe"), is, "{said:?}");
    }
    let long = reply(&format!("550_{}", "ä_x".repeat(4000)), "joe");
    assert!(long.len() <= 300 && long.ends_with('…'), "{}", long.len());
    let mut attempts = begin(&Kept::default());
    put_off(&mut attempts, 1, 2000, &format!("451_{}", "y".repeat(10_000)));
    assert!(attempts.finish().texts[0].text.len() <= 300);
    // As logged, but harmless, where nothing is to be hidden.
    let open = |text: &str| {
        let report = format!("192.0.2.9_does_not_like_recipient./Remote_host_said:_{text}/");
        hidden(report.as_bytes(), mark_of(b"joe"), &Hide::default())
    };
    assert_eq!(
        open("550_<joe@example.org>_[192.0.2.1]_\x1b[1m\u{202e}x"),
        "550 <joe@example.org> [192.0.2.1] x"
    );
}

/// As qmail logs it: each byte of what is no ASCII, blanks and `%` are a `_`.
fn logged(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_graphic() && b != b'%' { char::from(b) } else { '_' }).collect()
}

/// The blanks of an address are no blanks, and what stands for a character is that character.
#[test]
fn addresses_are_taken_out_however_they_are_written() {
    for (said, recipient, is) in [
        ("No_such_user_john_doe_here", "john_doe", "No such user … here"),
        ("550_No_such_user:_JOHN_DOE.", "john_doe", "550 No such user: …"),
        ("550_Dear_John_Doe,_no", "john.doe", "550 Dear …, no"),
        ("550_5.1.1_john_doe@example.com_User_unknown", "john_doe", "550 5.1.1 … User unknown"),
        ("550-5.7.26_alice_smith@senderco.example", "joe", "550 5.7.26 …"),
        ("550_5.7.26_Mail_from_alice_smith@senderco.example_failed", "joe", "550 5.7.26 Mail from … failed"),
        ("550_Rejected._w_b_c_d@senderco.example_no", "joe", "550 Rejected. … no"),
        ("550_Domain_@senderco.example_no", "joe", "550 Domain … no"),
        ("550_alice_smith_@_senderco.example_no", "joe", "550 … no"),
        (
            "550_see_https://help.example/unsub/alice@senderco.example",
            "joe",
            "550 see https://help.example/unsub/…",
        ),
        // Encoded.
        (
            "550_See_http://www.openspf.org/Why?s=mfrom;id=alice%40our.example.org;ip=192.0.2.1;r=mx_for_more",
            "joe",
            "550 See http://www.openspf.org/Why?… for more",
        ),
        (
            "550_See_http://www.openspf.org/Why?s=mfrom;id=alice_40our.example.org;ip=192.0.2.1;r=mx_for_more",
            "joe",
            "550 See http://www.openspf.org/Why?… for more",
        ),
        ("550_x&ip=2001%3Adb8%3A%3A1_no", "joe", "550 x&ip=… no"),
        ("550_x&ip=2001_3Adb8_3A_3A1_no", "joe", "550 x&ip=… no"),
        ("550_alice%2Esmith%2540senderco%252Eexample_no", "joe", "550 … no"),
        ("550_x_user=40senderco.example_no", "joe", "550 … no"),
        ("550_mail_user=40senderco=2Eexample_no", "joe", "550 mail … no"),
        ("550_carol(at)senderco.example_no", "joe", "550 … no"),
        ("550_carol_[at]_senderco_(dot)_example_no", "joe", "550 … no"),
        ("550_carol＠senderco.example_no", "joe", "550 … no"),
        ("550_carol___senderco.example_no", "joe", "550 … no"),
        ("550_mail=2Eour.example.org_no", "joe", "550 … no"),
        ("550_smtp-our.example.org_no", "joe", "550 … no"),
        ("550_helo=our.example.org_no", "joe", "550 helo=… no"),
        // What may look like a code, and is none.
        ("550_not_more_than_40_users.more_than_20=40", "joe", "550 not more than 40 users.more than 20=40"),
        // Rewritten.
        ("550_SRS0=HHH=TT=example.com=carol_rejected", "joe", "550 … rejected"),
        ("550_srs1+HHH=fwd.example==HHH=TT=senderco.example=carol_smith_rejected", "joe", "550 … … rejected"),
        ("550_prvs=1234abcd=carol_rejected", "joe", "550 … rejected"),
        ("550_from:_bounce-7+carol=senderco.example_rejected", "joe", "550 from: … rejected"),
        ("550_spf=fail_smtp.mailfrom=senderco.example", "joe", "550 spf=fail smtp.mailfrom=senderco.example"),
        // Keys.
        (
            "550_https://support.google.com/mail/?p=NoSuchUser_abc12-3x.7_-_gsmtp",
            "joe",
            "550 https://support.google.com/mail/?… - gsmtp",
        ),
        ("550_https://help.example/release?token=deadbeef_", "joe", "550 https://help.example/release?…"),
        ("550_(https://help.example/r/0123456789abcdef0123)_", "joe", "550 (https://help.example/r/…"),
        ("550_https://help.example/a#joe_Why?_So.", "x", "550 https://help.example/a#joe Why? So."),
        ("550_https://help.example/a#id=joe_no", "x", "550 https://help.example/a#… no"),
        ("550_?no_such_user_(alice@senderco.example)_no", "x", "550 ?no such user … no"),
        // IPv6.
        ("550_ip:2001:db8::1_no", "joe", "550 ip:… no"),
        ("550_client:2001:db8::7_no", "joe", "550 client:… no"),
        ("550_host:2001:db8::1:25_no", "joe", "550 host:… no"),
        ("550_2001:db8::1.Access_denied", "joe", "550 ….Access denied"),
        ("550_[2001:db8::1]_no", "joe", "550 […] no"),
        ("550_2001:db8::1/64_no", "joe", "550 …/64 no"),
        ("550_2001:db8::/32_no", "joe", "550 …/32 no"),
        ("550_IPv6:2001:db8:0:0:0:0:0:25_no", "joe", "550 IPv… no"),
        ("550_2001-db8-0-0--1.dyn.isp.example_no", "joe", "550 ….dyn.isp.example no"),
        (
            "550_1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa_no",
            "joe",
            "550 ….ip6.arpa no",
        ),
        ("550_Mail::Add_10:20:30_2026-01-02_aa:bb:cc", "joe", "550 Mail::Add 10:20:30 2026-01-02 aa:bb:cc"),
        ("550_ip_192_0_2_1_no", "joe", "550 ip … no"),
        // Names.
        ("550_mailbox_müller_is_full", "müller", "550 mailbox … is full"),
        ("550_mailbox_m__ller_is_full", "m__ller", "550 mailbox … is full"),
        ("550_mailbox_o'brien's_is_full", "o'brien", "550 mailbox …'s is full"),
        ("550_mailbox_bob_is_full", "bob-list", "550 mailbox … is full"),
        ("550_mailbox_bob+tag_of_Bob_is_full", "bob+tag", "550 mailbox … of … is full"),
        ("550_mailbox_bobby_is_full", "bob-list", "550 mailbox bobby is full"),
        ("550_5.1.1_user_unknown", "user", "550 5.1.1 user unknown"),
        // Paths.
        ("550_~alice/.qmail_no", "joe", "550 … no"),
        ("550_Maildir/carol_no", "joe", "550 … no"),
        ("550_in_/home/carol_smith/Maildir:_no", "joe", "550 in … … no"),
        ("550_file=/home/carol_no", "joe", "550 … no"),
        ("550_HOST\\carol_no", "joe", "550 … no"),
        ("550_www.our.example.org/alice_no", "joe", "550 …/… no"),
        ("550_http://www.our.example.org/~alice_no", "joe", "550 http://…/… no"),
        ("Trouble_reading_users/cdb_in_qmail-lspawn.", "joe", "Trouble reading users/cdb in qmail-lspawn."),
        ("550_SPF/DKIM_and_~all", "joe", "550 SPF/DKIM and ~all"),
    ] {
        assert_eq!(reply(said, recipient), is, "{said}");
    }
}

/// A name of parts, none of which stands in a text below by itself.
fn name(signs: &'static [&'static str]) -> impl Strategy<Value = (String, Vec<String>)> {
    let parts = proptest::collection::vec(("[qxz][a-z]{2,6}", proptest::sample::select(signs)), 1..=3);
    parts.prop_map(|parts| {
        let mut name = String::new();
        for (number, (part, sign)) in parts.iter().enumerate() {
            name += if number > 0 { sign } else { "" };
            name += part;
        }
        (name, parts.into_iter().map(|(part, _)| part).collect())
    })
}

proptest! {
    #[test]
    fn a_local_part_has_one_mark_however_it_is_written(local in "[a-zA-Z0-9._+-]{0,20}", behind in "@[a-z.]{0,12}") {
        let address = format!("{local}{behind}");
        let mark = mark_in(address.as_bytes(), local.len());
        prop_assert_eq!(mark, mark_of(local.to_ascii_uppercase().as_bytes()));
        prop_assert_eq!(mark == 0, local.is_empty());
        // Of one with an extension the number of the whole is too short for that.
        if !local.contains(['-', '+']) {
            prop_assert_ne!(mark_of(format!("{local}x").as_bytes()), mark);
        }
    }

    #[test]
    fn a_recipient_is_known_by_its_local_part_wherever_it_stands(
        (name, parts) in name(&["_", "'", "+", "-", ".", "ü", "é"]),
        before in proptest::sample::select(&["No_such_user_", "550_5.1.1_", "550_user=", "550_(", "550_mailbox:", "550_'"][..]),
        behind in proptest::sample::select(&["_here", ":_no", "'s_box", "._bye", ")", "", "'"][..]),
        is_upper: bool,
    ) {
        let said = if is_upper { name.to_ascii_uppercase() } else { name.clone() };
        let said = format!("{before}{said}{behind}");
        for (said, name) in [(said.clone(), name.clone()), (logged(&said), logged(&name))] {
            let text = reply(&said, &name).to_ascii_lowercase();
            for part in &parts {
                prop_assert!(!text.contains(part.as_str()), "{said}: {text:?}");
            }
            // The number of a name with an extension may once be that of a word, too.
            if !name.contains(['-', '+']) {
                prop_assert_eq!(text.starts_with("550"), before.starts_with("550"), "{}: {:?}", said, text);
            }
        }
    }

    /// Wherever in the local part it begins.
    #[test]
    fn where_an_extension_begins(base in "[a-z._]{3,20}", sign in "[-+]", rest in "[a-z+-]{0,9}") {
        let whole = format!("{base}{sign}{rest}");
        let (longer, is_marked) = (format!("{base}x"), |mark, name: &str| mark::is_marked(mark, name.as_bytes()));
        let mark = mark_of(whole.as_bytes());
        prop_assert!(is_marked(mark, &base) && is_marked(mark, &whole.to_ascii_uppercase()));
        prop_assert!(!is_marked(mark_of(base.as_bytes()), &whole) && !is_marked(mark_of(base.as_bytes()), &longer));
    }

    #[test]
    fn a_mailbox_is_known_without_its_extension(base in "[qxz][a-z]{2,12}", extension in "[-+][a-z-]{0,8}") {
        let text = reply(&format!("550_no_{base}_here"), &format!("{base}{extension}"));
        prop_assert!(!text.contains(&base), "{text:?}");
    }

    #[test]
    fn nobody_is_told_by_an_address(
        (name, parts) in name(&["_", "'", "+", "-", "."]),
        sign in proptest::sample::select(&["@", "%40", "=40", "%2540", "(at)", "_[at]_", "＠"][..]),
        before in proptest::sample::select(&[
            "550_5.1.1_", "550_5.1.1_<", "550_mailbox:_", "550_see_https://help.invalid/Why?s=mfrom&id=",
            "550_see_https://help.invalid/Why?s=mfrom;id=", "550_user=", "550_5.7.26_Mail_from_", "550_no_mail_for_the_user_",
        ][..]),
        behind in proptest::sample::select(&["_User_unknown", ">_User_unknown", ";ip=192.0.2.1_User_unknown", ":_User_unknown", ""][..]),
        is_known: bool,
    ) {
        let said = format!("{before}{name}{sign}nowhere.org{behind}");
        for said in [said.clone(), logged(&said)] {
            let text = reply(&said, if is_known { &name } else { "joe" });
            for part in parts.iter().map(String::as_str).chain(["nowhere", "192.0"]) {
                prop_assert!(!text.contains(part), "{said}: {text:?}");
            }
            // And words stay; the number of a name with an extension may once be that of one, too.
            if !is_known || !name.contains(['-', '+']) {
                prop_assert!(text.starts_with("550"), "{said}: {text:?}");
                prop_assert!(behind.is_empty() || text.ends_with(" User unknown"), "{said}: {text:?}");
            }
        }
    }

    #[test]
    fn any_report_becomes_a_short_text_without_controls(report in proptest::collection::vec(any::<u8>(), 0..600), recipient: u32, is_on: bool) {
        let hide = Hide { is_on, names: vec!["mail.example.com".to_owned()] };
        for report in [report.clone(), [b"192.0.2.9_does_not_like_recipient./Remote_host_said:_".as_slice(), &report].concat()] {
            let text = hidden(&report, recipient, &hide);
            prop_assert!(text.len() <= 300);
            prop_assert!(!text.chars().any(char::is_control), "{text:?}");
            prop_assert!(!is_on || !text.contains('@'), "{text:?}");
        }
    }

    /// Made of what the steps look for, so that each of them meets the others' ends.
    #[test]
    fn any_report_of_signs_is_read(report in "(_|__|@|%40|_40|=40|%3A|::|:|[0-9a-f]{1,4}|\\.|-|/|~|\\?|#|\"|<|>|\\(|\\)|\\[|ü|＠|SRS0=|a=b\\.cd|http://|joe|\\\\){0,60}", recipient in "[a-z._-]{1,9}") {
        let text = reply(&report, &recipient);
        prop_assert!(text.len() <= 300 && !text.contains('@') && !text.contains('＠'), "{text:?}");
    }

    #[test]
    fn no_ipv4_address_is_left(
        a: u8, b: u8, c: u8, d: u8,
        sign in proptest::sample::select(&[".", "-", "_"][..]),
        before in "[a-z (\\[=/:_.]{0,9}",
        behind in "[a-z )\\],;:_]{0,9}",
    ) {
        let address = format!("{a}{sign}{b}{sign}{c}{sign}{d}");
        let text = reply(&format!("550_{before}{address}{behind}"), "joe");
        prop_assert!(!text.contains(&address.replace('_', " ")), "{text:?}");
    }

    #[test]
    fn no_ipv6_address_is_left(
        parts in proptest::collection::vec(prop_oneof![Just(0u16), any::<u16>()], 7),
        before in proptest::sample::select(&["", "ip:", "[", "=", "client:", " ", "IPv6:", "code:", "(", "host_["][..]),
        behind in proptest::sample::select(&[".", "]", "/64", ":25", " x", ".No", ":_no", "", ")"][..]),
        is_upper: bool,
    ) {
        let mut all = [0x2001; 8];
        all[1..].copy_from_slice(&parts);
        let address = std::net::Ipv6Addr::from(all).to_string();
        for written in [address.clone(), all.map(|part| format!("{part:x}")).join(":")] {
            let written = if is_upper { written.to_ascii_uppercase() } else { written };
            for said in [written.clone(), written.replace(':', "%3A"), written.replace(':', "_3A")] {
                let text = reply(&format!("554_{before}{said}{behind}"), "joe");
                for part in written.split(':').filter(|part| part.len() > 2 && *part != "554") {
                    prop_assert!(!text.contains(part), "{said}: {text:?}");
                }
            }
        }
    }
}
