#!/bin/sh
# Three days of qmail-send's log, up to now, through real multilog and sendlog into demo/, then
# the query and the graphs. Checks itself against grep on the way. TARGET is cargo's directory.
set -eu
cd "$(dirname "$0")/.."

target=$(cd "${TARGET:-target}/release" && pwd)
rm -rf demo
mkdir -p demo/bin demo/log/send demo/service/send/log
demo=$(pwd)/demo

fail() {
	echo "demo: $*" >&2
	exit 1
}
# same WHAT COUNTED EXPECTED
same() {
	[ "$2" = "$3" ] || fail "$1: counted $2, but the log has $3"
	echo "  $1: $2, as grep counts them"
}

ln -s "$target/maillogs" demo/bin/maillogs
for name in sendlog smtplog pop3log; do ln -s maillogs "demo/bin/$name"; done

cat >demo/toaster.conf <<END
# Written by \`make demo\`. All that is not said here is as in the toaster.conf that is shipped.
logs_base = "$demo/log"
logs_user = "$(id -un)"
logs_group = "$(id -gn)"
graphs_dir = "$demo/graphs"
END

# On a real server this would be /var/qmail/supervise/send/log/run, with \`t\` before n400, so that
# multilog labels the lines; here the generator has written the labels of three days already.
cat >demo/service/send/log/run <<END
#!/bin/sh
TOASTER_CONF='$demo/toaster.conf'
export TOASTER_CONF
exec multilog n400 s262144 '!exec "$demo/bin/sendlog"' '$demo/log/send'
END
chmod +x demo/service/send/log/run

TOASTER_CONF=$demo/toaster.conf
export TOASTER_CONF
PATH=$demo/bin:$PATH

echo 'demo: three days of mail'
"$target/examples/qmail-traffic" --days 3 --seed "${SEED:-1}" >demo/qmail-send.log
echo "  $(wc -l <demo/qmail-send.log) lines, $(($(wc -c <demo/qmail-send.log) / 1048576)) MB"

echo 'demo: multilog, rolling through sendlog'
demo/service/send/log/run <demo/qmail-send.log
cat demo/log/send/@*.s >demo/passed
cat demo/passed demo/log/send/current | cmp - demo/qmail-send.log \
	|| fail 'what multilog keeps is not what was logged'
cat demo/log/[0-9]*/[0-9]*/[0-9]*/sendlog | cmp - demo/passed \
	|| fail 'the archive is not what multilog rolled'
set -- demo/log/send/@*.s
echo "  $# rolls in $demo/log/send"
set -- demo/log/[0-9]*/[0-9]*/[0-9]*/sendlog
echo "  $# days archived: $(cd demo/log && ls -d [0-9]*/[0-9]*/[0-9]*/sendlog | tr '\n' ' ')"

echo 'demo: maillogs update; maillogs send'
maillogs update
counters=$(maillogs send)
counter() {
	printf '%s\n' "$counters" | tr ':' '\n' | sed -n "/^$1\$/{n;p;}"
}
label='^@[0-9a-f]\{24\}'
for key in success deferral failure; do
	same "delivery_$key" "$(counter "delivery_$key")" \
		"$(grep -c "$label delivery [0-9]*: $key: " demo/qmail-send.log)"
done
same message_new "$(counter message_new)" "$(grep -c "$label new msg " demo/qmail-send.log)"
same status "$(counter status)" "$(grep -c "$label status: " demo/qmail-send.log)"
rm demo/passed

echo 'demo: maillogs graph'
maillogs graph
[ -s demo/graphs/index.html ] || fail 'maillogs graph wrote no index.html'
set -- demo/graphs/*.png
echo "  $# pictures"

echo "$counters"
echo "demo: open $demo/graphs/index.html"
