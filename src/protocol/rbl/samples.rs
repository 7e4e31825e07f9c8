//! Lines that document `rbl`: each shape once, each counter at least once.
use crate::protocol::Sample;

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
    (
        "@400000006abaee6000000000 CHKUSER accepted rcpt: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <alice@example.org> : x",
        &[("count", 1), ("ham", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER accepted any rcpt: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <alice@example.org> : x",
        &[("count", 1), ("ham", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER accepted sender: from <bob@example.com|remoteinfo/auth:|chkuser-identify:> remote <helo:x>",
        &[("count", 1), ("sender_accepted", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER accepted doublebounce: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <alice@example.org> : x",
        &[("count", 1), ("sender_accepted", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER rejected rcpt: from <b@example.com::> remote <CHKUSER accepted rcpt:unknown:198.51.100.8> rcpt <>",
        &[("count", 1), ("chkuser", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER relaying rcpt: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <alice@example.org> : x",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 CHKUSER wonders: from <bob@example.com::> remote <mail.example.com:unknown:198.51.100.8> rcpt <alice@example.org> : x",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:CLEAN (1.20/5.00/5.00):0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("ham", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:SPAM REJECT (15.10/5.00/12.00):0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("spamassassin", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:SPAM DROPPED (15.10/5.00/12.00):0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("spamassassin", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:VIRUS:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("virus", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:VIRUS DROPPED:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("virus", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:ATTACH:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("virus", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:REGEX:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("simscan_regex", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:SPAM PASS (6.10/5.00/12.00):0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("simscan_pass", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:PASSTHRU (9.20/5.00/5.00):0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("simscan_pass", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:RELAYCLIENT:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("simscan_relay", 1)],
    ),
    (
        "@400000006abaee6000000000 simscan:[4001]:CLEANISH:0.0213s:Hello:198.51.100.8:bob@example.com:alice@example.org",
        &[("count", 1), ("other", 1)],
    ),
    (
        "simscan:[4001]:CLEAN (0.99/0.70):0.1s:VIRUS: read this:198.51.100.8:b@example.com:a@example.org",
        &[("count", 1), ("ham", 1)],
    ),
    ("@400000006abaee6000000000 simscan:[4015]: clamdscan detected a virus", &[("count", 1), ("other", 1)]),
    (
        "@400000006abaee6000000000 simscan: big file (5242880 bytes); skipping SpamAssassin",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: badhelo: <localhost> matches pattern: localhost",
        &[("count", 1), ("badhelo", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: badmailfrom: <badhelo:@example.com> at 198.51.100.8",
        &[("count", 1), ("badmailfrom", 1)],
    ),
    (
        "@400000006abaee6000000000 badmailto: 198.51.100.8 alice@example.org",
        &[("count", 1), ("badmailto", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: badrcptto: <alice@example.org> at 198.51.100.8",
        &[("count", 1), ("badmailto", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: auth: auth-success type=cram user=<alice@example.org>",
        &[("count", 1), ("qmail_smtpd_auth_ok", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd[4711]: auth: auth-failed type=login user=<auth-success type=x>",
        &[("count", 1), ("qmail_smtpd_auth_fail", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: Reverse DNS lookup failed for 198.51.100.8",
        &[("count", 1), ("dns", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: ALLOWED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_allowed", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: ALLOWED_TLS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_allowed", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: TLS_ENCRYPTED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_allowed", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_ACCESS_DENIED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_access_denied", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_AUTH_REQUIRED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_auth_required", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_BLACKLIST_IP from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_blacklist_ip", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_BLACKLIST_NAME from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_blacklist_name", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_EARLYTALKER from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_earlytalker", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_GRAYLISTED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_graylisted", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_HEADER_BLACKLISTED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_header_blacklisted", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_IDENTICAL_SENDER_RECIPIENT from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_identical_sender_recipient", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_INVALID_RECIPIENT from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_invalid_recipient", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_IP_IN_CC_RDNS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_ip_in_cc_rdns", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_IP_IN_RDNS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_ip_in_rdns", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_OTHER from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_other", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RBL_MATCH from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_rbl_match", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RDNS_MISSING from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_rdns_missing", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RDNS_RESOLVE from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_rdns_resolve", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RECIPIENT_BLACKLISTED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_recipient_blacklisted", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_REJECT_ALL from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_reject_all", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RELAYING from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_relaying", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_RHSBL_MATCH from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_rhsbl_match", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_SENDER_BLACKLISTED from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_sender_blacklisted", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_SENDER_NOT_AUTH from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_sender_not_auth", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_SENDER_NOT_LOCAL from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_sender_not_local", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_SENDER_NO_MX from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_sender_no_mx", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_TOO_MANY_RECIPIENTS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_too_many_recipients", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_UNAVAILABLE_RECIPIENT from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_unavailable_recipient", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_UNPARSEABLE from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_unparseable", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_UNQUALIFIED_RECIPIENT from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_unqualified_recipient", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_ZERO_RECIPIENTS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("denied_zero_recipients", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DENIED_BY_MOON from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_denied", 1), ("spamdyke_other", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: TIMEOUT from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown) reason: TIMEOUT",
        &[("count", 1), ("spamdyke_timeout", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: FAILED_AUTH from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_failed_auth", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: FAILED_TLS from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_failed_tls", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: UNKNOWN_AUTH from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_unknown_auth", 1)],
    ),
    (
        "@400000006abaee6000000000 spamdyke[29300]: WHATEVER from: bob@example.com to: alice@example.org origin_ip: 198.51.100.20 origin_rdns: (unknown)",
        &[("count", 1), ("spamdyke_other", 1)],
    ),
    (
        "Mar  9 11:10:38 mx1 spamdyke[29401]: FILTER_RBL_MATCH ip: 198.51.100.20 rbl: zen.spamhaus.org",
        &[("count", 1), ("other", 1)],
    ),
    ("Mar  9 11:10:38 mx1 spamdyke[29401]: ERROR: unable to write 26 bytes", &[("count", 1), ("other", 1)]),
    (
        "@400000006abaee6000000000 spamdyke[29300]: DEBUG(filter_rdns()@filter.c:40): checking",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 502 Accept::RCPT::Recipients_Cdb P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("accept", 1)],
    ),
    (
        "@400000006abaee6000000000 Accept::ORIG::Local_Sender P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("accept", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 502 Accept::AUTH::plain P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("accept", 1), ("qmail_smtpd_auth_ok", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::SMTP::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_smtp", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::SNDR::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_sndr", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::ORIG::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_orig", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::RCPT::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_rcpt", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::DATA::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_data", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::SPF::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_spf", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::TLS::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_tls", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::RBL::Condition P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_rbl", 1)],
    ),
    (
        "@400000006abaee6000000000 qmail-smtpd: pid 507 Reject::AUTH::plain P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_auth", 1), ("qmail_smtpd_auth_fail", 1)],
    ),
    (
        "@400000006abaee6000000000 Reject::MOON::Full P:ESMTP S:198.51.100.8:mail.example.com H:Accept::RCPT::x F:bob@example.com T:alice@example.org",
        &[("count", 1), ("reject", 1), ("reject_other", 1)],
    ),
    ("@400000006abaee6000000000 Reject: x", &[("count", 1), ("other", 1)]),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=alarmtimeout detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_alarmtimeout", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=out_of_memory detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_out_of_memory", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=cannot_read_controls detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_cannot_read_controls", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=unknown_ip_me detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_unknown_ip_me", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=max_rcpt_exceeded detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_max_rcpt_exceeded", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=bad_newlines detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_bad_newlines", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=pregreet detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_pregreet", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogreceived: result=rejected code=553 reason=databytes_limit_exceeded detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_databytes_limit_exceeded", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=not_in_rcpthosts detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_not_in_rcpthosts", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=authfailed detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_authfailed", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=authinvalid detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_authinvalid", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=authrequired detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_authrequired", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=authnotmailfrom detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_authnotmailfrom", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=validrcptto detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_validrcptto", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=brtlimit detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_brtlimit", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=nomailbox detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_nomailbox", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=chkuser detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_chkuser", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=chkusersender detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_chkusersender", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=rcptcheck detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_rcptcheck", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=nullsenderdenied detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_nullsenderdenied", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=dontrelay detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_dontrelay", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=empf detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_empf", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=rblreject detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_rblreject", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=rbldelay detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_rbldelay", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=spf detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_spf", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=qregexbhelo detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_qregexbhelo", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=qregexbmf detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_qregexbmf", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=qregexbmt detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_qregexbmt", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=qqtfailure detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_qqtfailure", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=accepted code=250 reason=rcptto detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_rcptto", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=accepted code=250 reason=relayclient detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_relayclient", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=accepted code=250 reason=rcpthosts detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_rcpthosts", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=accepted code=250 reason=spp detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_spp", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogreceived: result=accepted code=250 reason=queueaccept detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_queueaccept", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogreceived: result=rejected code=553 reason=queuereject detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_queuereject", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogreceived: result=rejected code=553 reason=queue_delay detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_queue_delay", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogreceived: result=rejected code=553 reason=message_loop detail= helo=reason=chkuser",
        &[("count", 1), ("qlog_message_loop", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected code=553 reason=moon detail=",
        &[("count", 1), ("qlog_other", 1)],
    ),
    (
        "@400000006abaee6000000000 qlogenvelope: result=rejected helo=x reason=spf",
        &[("count", 1), ("other", 1)],
    ),
    (
        "@400000006abaee6000000000 tcpserver: pid 210485 from 198.51.100.4",
        &[("count", 1), ("tcp_connect", 1)],
    ),
    (
        "@400000006abaee6000000000 tcpserver: ok 6 mail.example.com:192.0.2.10:25 rblsmtpd.spamhaus.example:198.51.100.5:evil:4000",
        &[("count", 1), ("tcp_ok", 1)],
    ),
    (
        "@400000006abaee6000000000 tcpserver: deny 210486 mail.example.com:192.0.2.10:25 :198.51.100.66::51234",
        &[("count", 1), ("tcp_deny", 1)],
    ),
    ("@400000006abaee6000000000 sslserver: end 311 status 0", &[("count", 1), ("tcp_end", 1)]),
    (
        "@400000006abaee6000000000 tcpserver: status: 7/40",
        &[("count", 1), ("tcp_status", 1), ("peak_smtp", 7)],
    ),
    ("tcpsvd: info: status 2/400", &[("count", 1), ("tcp_status", 1), ("peak_smtp", 2)]),
    ("tcpsvd: info: pid 22692 from 192.0.2.52", &[("count", 1), ("tcp_connect", 1)]),
    ("tcpsvd: info: concurrency 22692 192.0.2.52 2/6", &[("count", 1), ("other", 1)]),
    (
        "@400000006abaee6000000000 tcpserver: warning: dropping connection, unable to fork: temporary failure",
        &[("count", 1), ("other", 1)],
    ),
    ("Mar  9 11:10:38 mx1 tcpserver: status: 3/40", &[("count", 1), ("tcp_status", 1), ("peak_smtp", 3)]),
    ("mail recv: pid 210394 from <spamhaus@example.com> qp 210429", &[("count", 1), ("other", 1)]),
    ("x", &[("count", 1), ("other", 1)]),
    ("@400000006abaee6000000000 ", &[]),
    ("", &[]),
    ("Jun 19 09:12:25 mx1 qmail: 1276913545.100000+rblsmtpd: the rest of a long line", &[]),
];
