#!/bin/sh
# Three days of a mail server's logs, up to now, into demo/: three through real multilog and sendlog, smtplog, pop3log,
# one of a protocol of its own, the syslog, and the queue. Then the queries, checked against grep, and the graphs.
# TARGET is cargo's directory. SEED: another server. DAYS: another span. END: its end in unix seconds, instead of now;
# then maillogs runs with that clock.
set -eu
cd "$(dirname "$0")/.."

target=$(cd "${TARGET:-target}/release" && pwd)
days=${DAYS:-3}
end=${END:-$(date +%s)}
clock=
if [ -n "${END:-}" ]; then
	export FAKETIME_FMT=%s FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1
	clock="faketime -f $end"
fi
rm -rf demo
mkdir -p demo/bin demo/log demo/service
demo=$(pwd)/demo

fail() {
	echo "demo: $*" >&2
	exit 1
}
# same WHAT COUNTED EXPECTED
same() {
	[ "$2" = "$3" ] || fail "$1: counted ${2:-nothing}, but it is $3"
	echo "  $1: $2, as grep counts them"
}

for name in sendlog smtplog pop3log greylistlog; do ln -s maillogs "demo/bin/$name"; done
ln -s "$target/maillogs" demo/bin/maillogs

cat >demo/toaster.conf <<END
# Written by \`make demo\`. All that is not said here is as in the toaster.conf that is shipped.
logs_base = "$demo/log"
logs_user = "$(id -un)"
logs_group = "$(id -gn)"
logs_syslog = "$demo/maillog"
qmail_queue_dir = "$demo/queue"
graphs_dir = "$demo/graphs"
toaster_hostname = "mail.example.com"

# A list that only this server asks.
[[rbl]]
name = "example_list"
match = 'bl\.example\.org'

# A greylisting daemon, which maillogs does not know by itself.
[protocol.greylist]
source = "multilog:greylist"
about = "what the greylisting daemon defers and lets in"

[[counter]]
protocol = "greylist"
name = "deferred"
match = '^deferred '
help = "messages told to come again"

[[counter]]
protocol = "greylist"
name = "known"
match = '^known '
help = "messages of senders that had come again before"

[[counter]]
protocol = "greylist"
name = "waited"
match = '^passed .* after (?<seconds>\d+) seconds$'
sum = "seconds"
help = "seconds that messages waited before they were let in"

[[counter]]
protocol = "greylist"
name = "expired"
match = '^expired (?<number>\d+) triplets$'
sum = "number"
help = "senders that did not come again"
END

TOASTER_CONF=$demo/toaster.conf
export TOASTER_CONF
PATH=$demo/bin:$PATH

# generate LOG FILE
generate() {
	"$target/examples/qmail-traffic" --log "$1" --days "$days" --end "$end" --seed "${SEED:-1}" >"demo/$2"
	echo "  $1: $(wc -l <"demo/$2") lines, $(($(wc -c <"demo/$2") / 1048576)) MB"
}
echo "demo: $days days of mail"
for log in send smtpd pop3d greylist; do generate "$log" "qmail-$log.log"; done
generate syslog maillog-5
# The programs of Mail-Toaster 6, as if each message went through them as well.
generate toaster6 maillog-6
LC_ALL=C sort -m -s -k 1,1 demo/maillog-5 demo/maillog-6 >demo/maillog
rm demo/maillog-5 demo/maillog-6

# service NAME PROCESSOR SIZE DIR: what qmail-NAME logged, through a multilog with PROCESSOR into log/DIR.
# On a real server its run file would be /var/qmail/supervise/NAME/log/run, with `t` before n400, so that multilog labels
# the lines; here the generator has written the labels of all days already.
service() {
	dir=$4
	mkdir -p "demo/service/$1/log" "demo/log/$dir"
	cat >"demo/service/$1/log/run" <<END
#!/bin/sh
TOASTER_CONF='$demo/toaster.conf'
export TOASTER_CONF
exec multilog n400 s$3 '!exec $clock "$demo/bin/$2"' '$demo/log/$dir'
END
	chmod +x "demo/service/$1/log/run"
	"demo/service/$1/log/run" <"demo/qmail-$1.log"
	cat "demo/log/$dir"/@*.s >demo/passed
	cat demo/passed "demo/log/$dir/current" | cmp - "demo/qmail-$1.log" \
		|| fail "what multilog keeps is not what qmail-$1 logged"
	cat demo/log/[0-9]*/[0-9]*/[0-9]*/"$2" | cmp - demo/passed || fail "the archive is not what multilog rolled"
	rm demo/passed
	rolls=$(find "demo/log/$dir" -name '@*.s' | wc -l)
	archived=$(cd demo/log && ls -d [0-9]*/[0-9]*/[0-9]*/"$2" | wc -l)
	echo "  $2: $rolls rolls in $demo/log/$dir, $archived days archived"
}
echo 'demo: multilog, rolling through sendlog, smtplog, pop3log and one of our own'
service send sendlog 262144 send
service smtpd smtplog 1048576 smtp
service pop3d pop3log 262144 pop3
service greylist greylistlog 262144 greylist

echo 'demo: the queue as it was, measured every ten minutes'
steps=$("$target/examples/qmail-queue" --log demo/qmail-send.log --queue demo/queue --every 600 -- maillogs update queue)
echo "  measured $steps times"

echo 'demo: maillogs update; maillogs send, rbl, smtp and so on'
$clock maillogs update
# counter PROTOCOL KEY
counter() {
	$clock maillogs "$1" | tr ':' '\n' | sed -n "/^$2\$/{n;p;}"
}
# counts PROTOCOL KEY LOG PATTERN: as many as lines of LOG match.
counts() {
	same "$1 $2" "$(counter "$1" "$2")" "$(grep -Ec "$4" "demo/$3")"
}
label='^@[0-9a-f]{24}'
for key in success deferral failure; do
	counts send "delivery_$key" qmail-send.log "$label delivery [0-9]*: $key: "
done
counts send message_new qmail-send.log "$label new msg "
counts send status qmail-send.log "$label status: "
counts rbl spamhaus qmail-smtpd.log "$label rblsmtpd: .*spamhaus\.org"
counts rbl example_list qmail-smtpd.log "$label rblsmtpd: .*bl\.example\.org"
counts rbl chkuser qmail-smtpd.log "$label CHKUSER rejected "
counts rbl spamassassin qmail-smtpd.log "$label simscan:\[[0-9]*\]:SPAM REJECT "
counts rbl virus qmail-smtpd.log "$label simscan:\[[0-9]*\]:(VIRUS|ATTACH):"
counts rbl tcp_ok qmail-smtpd.log "$label tcpserver: ok "
counts pop3 tcp_end qmail-pop3d.log "$label tcpserver: end "
counts pop3 pop3_ssl_success maillog 'vchkpw-pop3s: \(PLAIN\) login success '
counts smtp smtp_auth_fail maillog 'vchkpw-smtp: (password fail|vpopmail user not found) '
counts imap imap_ssl_success maillog 'imap-login: Login: .*, TLS, session='
counts webmail webmail_fail maillog 'roundcube\[[0-9]*\]: <[0-9a-f]*> Failed login for '
counts spamassassin sa_spam maillog 'spamd: identified spam '
counts haraka msg_ok maillog 'haraka\[[0-9]*\]: .* \[core\] disconnect .* msgs=1/0/0 '
counts haraka out_deferred maillog 'haraka\[[0-9]*\]: .* \[outbound\] Temp failing '
counts rspamd reject maillog 'rspamd\[[0-9]*\]: .* \(default: [TF] \(reject\): '
counts delivery saved maillog 'dovecot: lmtp\(.* stored mail into mailbox '
counts qmailscanner qs_virii maillog 'qmail-scanner\[[0-9]*\]: (CLAMDSCAN|Policy):'
counts greylist deferred qmail-greylist.log "$label deferred "
same 'greylist waited' "$(counter greylist waited)" \
	"$(awk '$2 == "passed" { seconds += $7 } END { print seconds }' demo/qmail-greylist.log)"
same 'queue messages' "$(counter queue messages)" "$(find demo/queue/mess -type f | grep -c .)"

echo 'demo: maillogs graph'
$clock maillogs graph
[ -s demo/graphs/index.html ] || fail 'maillogs graph wrote no index.html'
set -- demo/graphs/*.png
echo "  $# pictures"
echo "demo: open $demo/graphs/index.html"
