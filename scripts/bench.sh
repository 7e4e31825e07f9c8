#!/usr/bin/env bash
# How long maillogs takes for a log of 200 MB, as a multiple of what `wc -l` takes for it: the
# ratio of the medians of five runs each. TARGET is cargo's directory.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$(cd "${TARGET:-target}" && pwd)
maillogs=$target/release/maillogs
bench=$target/bench
log=$bench/qmail-send.log
megabytes=200
mkdir -p "$bench"

if [ ! -e "$log" ]; then
	echo "bench: writing $megabytes MB to $log"
	"$target/release/examples/qmail-traffic" --end 1795300000 --days 30 \
		| head -c $((megabytes * 1000000)) >"$log.part"
	sed -i '$d' "$log.part" # the line that was cut
	mv "$log.part" "$log"
fi

# A syslog of every program's lines, among as many of programs that are not ours.
syslog=$bench/maillog
if [ ! -e "$syslog" ]; then
	echo "bench: writing $megabytes MB to $syslog"
	{
		cat tests/data/samples/{courier,dovecot,vchkpw,webmail,spamd,qmail-scanner}/*.log | grep '^[A-Z][a-z][a-z] '
		for n in {0..150}; do
			echo "Sep 28 22:45:01 mx1 postfix/smtpd[$n]: connect from mail$n.example.org[192.0.2.$n]"
			echo "Sep 28 22:45:01 mx1 kernel: [12345.$n] eth0: link up, 1000 Mbps, full duplex"
		done
	} | shuf --random-source=tests/data/samples/dovecot/derived.log >"$syslog.part"
	while [ "$(stat -c %s "$syslog.part")" -lt $((megabytes * 1000000)) ]; do
		cat "$syslog.part" "$syslog.part" >"$syslog.more"
		mv "$syslog.more" "$syslog.part"
	done
	mv "$syslog.part" "$syslog"
fi

# median COMMAND…: the median of five wall times in microseconds. The page cache is warm.
median() {
	local times=() begin
	for _ in 1 2 3 4 5; do
		fresh
		begin=${EPOCHREALTIME/[.,]/}
		"$@"
		times+=($((${EPOCHREALTIME/[.,]/} - begin)))
	done
	printf '%s\n' "${times[@]}" | sort -n | sed -n 3p
}

# A store that knows nothing yet, so that every run counts everything.
fresh() {
	rm -rf "$bench/store"
	mkdir -p "$bench/store/work"
	cat >"$bench/store/toaster.conf" <<-END
		logs_base = "$bench/store/log"
		logs_user = "$(id -un)"
		logs_group = "$(id -gn)"
		logs_archive = $archive
		logs_taifiles = $pass
		logs_syslog = "$syslog"
	END
}

lines() { wc -l <"$log" >/dev/null; }
copy() { cat "$log" >"$bench/store/copy"; }
postprocess() {
	(cd "$bench/store/work" \
		&& TOASTER_CONF=../toaster.conf "$maillogs" sendlog <"$log" >processed)
}

# report WHAT MICROSECONDS
report() {
	awk -v what="$1" -v us="$2" -v base="$base" 'BEGIN {
		printf "%-46s %7.3f s  %6.1f x wc -l\n", what, us / 1e6, us / base
	}'
}

archive=0 pass=0
lines # warms the cache
base=$(median lines)
echo "bench: $(wc -l <"$log") lines, $(($(stat -c %s "$log") / 1000000)) MB, medians of 5"
report 'wc -l' "$base"
report 'cat to a file' "$(median copy)"
report 'sendlog, counting into the RRD' "$(median postprocess)"
pass=1
report 'sendlog, counting and passing through' "$(median postprocess)"
archive=1
report 'sendlog, counting, passing through, archiving' "$(median postprocess)"

# The syslog: the first run counts all of it for six protocols, a query only what is new.
archive=0
update() { TOASTER_CONF=$bench/store/toaster.conf "$maillogs" update; }
ask() { TOASTER_CONF=$bench/store/toaster.conf "$maillogs" smtp >/dev/null; }
lines() { wc -l <"$syslog" >/dev/null; }
lines
base=$(median lines)
echo "bench: $(wc -l <"$syslog") lines of syslog, $(($(stat -c %s "$syslog") / 1000000)) MB, medians of 5"
report 'wc -l' "$base"
report 'update, six protocols from one reading' "$(median update)"
fresh() { :; }
report 'update again, nothing new' "$(median update)"
report 'a query, nothing new' "$(median ask)"
rm -rf "$bench/store"
