#!/bin/sh
# Fuzzes: sh scripts/fuzz.sh [SECONDS [TARGET…]]. Every target, or those that are named, runs so long (120 s) in JOBS
# processes (2), from a corpus made of the sample lines. CARGO is the command to use.
#
# One line a target says what came of it. An input that broke something is in fuzz/artifacts/TARGET:
# `cargo +nightly fuzz run TARGET FILE` repeats it.
set -eu
export LC_ALL=C
# Local time is to have two offsets, and an hour that comes twice.
export TZ=Europe/Berlin
# Protocols are made once a process and never freed, which is no leak.
export ASAN_OPTIONS=detect_leaks=0

cargo=${CARGO:-cargo}
seconds=${1:-120}
[ $# -gt 0 ] && shift

sh -c "$cargo +nightly --version" >/dev/null 2>&1 || {
	echo 'make: fuzzing needs the nightly compiler: rustup toolchain install nightly' >&2
	exit 1
}
sh -c "$cargo fuzz --version" >/dev/null 2>&1 || sh -c "$cargo install --quiet --locked cargo-fuzz"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM
# The targets' own files: in memory, where there is such a place.
if [ -w /dev/shm ]; then
	TMPDIR=$(mktemp -d -p /dev/shm maillogs-fuzz.XXXXXX)
	trap 'rm -rf "$scratch" "$TMPDIR"' EXIT
else
	TMPDIR=$scratch
fi
export TMPDIR

data=tests/data
logs=$(find $data -name '*.log' | sort)

# seed TARGET: a file of the corpus, from standard input, by its content.
seed() {
	mkdir -p "fuzz/corpus/$1"
	cat >"$scratch/seed"
	[ ! -s "$scratch/seed" ] || cp "$scratch/seed" "fuzz/corpus/$1/$(md5sum <"$scratch/seed" | cut -c -32)"
}

# each_line TARGET PROGRAM: a seed of every different line of the logs, as the awk PROGRAM rewrites it.
each_line() {
	mkdir -p "fuzz/corpus/$1"
	# shellcheck disable=SC2086 # a list of files
	awk -v to="fuzz/corpus/$1/line-" "{ $2 } length && !seen[\$0]++ { file = to (++n); printf \"%s\", \$0 >file; close(file) }" $logs
}

corpus() {
	case $1 in
	classify_* | own_counters | stamps)
		each_line "$1" ''
		for log in $logs; do seed "$1" <"$log"; done
		;;
	counter_file)
		for file in $data/perl/*/*.txt $data/send/*.expected; do seed "$1" <"$file"; done
		;;
	records)
		for file in $data/state/*; do seed "$1" <"$file"; done
		# The same as records of today's version, as far as they go: the version is the first byte of the body.
		for file in $data/state/*; do { printf '\001'; tail -c +26 "$file"; } | seed "$1"; done
		;;
	toaster_conf)
		for file in toaster.conf $data/config/*.conf; do seed "$1" <"$file"; done
		# The examples in it, without the `# ` before them.
		sed -n 's/^# \(\[.*\]\|[a-z_]* = .*\)$/\1/p' toaster.conf | seed "$1"
		;;
	template)
		for file in templates/*.toml; do seed "$1" <"$file"; done
		;;
	page)
		for host in mx1.example.org 'a"b' '<b>&amp;'; do printf 'Deliveries & more\n%s' "$host" | seed "$1"; done
		;;
	rrd_header)
		for sources in 'DS:a:ABSOLUTE:600:0:U' 'DS:a:GAUGE:600:U:U DS:b:ABSOLUTE:600:0:U'; do
			# shellcheck disable=SC2086 # a list of sources
			rrdtool create "$scratch/rrd" --start 1790635440 --step 60 $sources \
				RRA:AVERAGE:0.5:1:10 RRA:MAX:0.5:5:4
			seed "$1" <"$scratch/rrd"
			rrdtool update "$scratch/rrd" "1790635500:$(echo "$sources" | sed 's/[^ ]\{1,\}/7/g; s/ /:/g')"
			seed "$1" <"$scratch/rrd"
		done
		;;
	journal_export)
		each_line "$1" '$0 = "__CURSOR=c\n__REALTIME_TIMESTAMP=1790635513000000\nMESSAGE=" $0 "\n_PID=7\n\n"'
		printf 'MESSAGE\n\003\0\0\0\0\0\0\0a\nb\n__CURSOR=c\n__REALTIME_TIMESTAMP=1\n\n' | seed "$1"
		;;
	rotated)
		for log in $data/line/*.log; do
			seed "$1" <"$log"
			for packer in gzip bzip2 xz zstd; do $packer -qc "$log" | seed "$1"; done
		done
		;;
	chunks)
		# Each line is cut by a reading, a roll or a death of the logger.
		each_line "$1" 'sub(/^@[0-9a-f]+ /, ""); at = 1 + NR * 7 % (length + 1);
			cut = substr("\001\002\003", 1 + NR % 3, 1); $0 = substr($0, 1, at) cut substr($0, at + 1) "\n"'
		for log in $data/send/*.log; do
			sed 's/^@[0-9a-f]* //' "$log" | awk '{ printf "%s%s\n", NR % 2 ? "\005" sprintf("%c", NR * 37 % 256) : "", $0 }' |
				seed "$1"
		done
		;;
	*)
		echo "make: $1: there is no way to make its corpus" >&2
		exit 1
		;;
	esac
}

# The longest input, in bytes: no longer than what can be read in it.
longest() {
	case $1 in
	classify_* | own_counters | stamps) echo 600 ;;
	counter_file) echo 1000 ;;
	page) echo 300 ;;
	*) echo 6000 ;;
	esac
}

found() {
	find "fuzz/artifacts/$1" -type f 2>/dev/null | wc -l
}

status=0
# shellcheck disable=SC2046 # names without blanks
[ $# -gt 0 ] || set -- $(sh -c "$cargo +nightly fuzz list")
for target; do
	corpus "$target"
	log=$scratch/$target.log
	before=$(found "$target")
	ended=0
	sh -c "$cargo +nightly fuzz run $target -- -fork=${JOBS:-2} -max_total_time=$seconds \
		-max_len=$(longest "$target") -timeout=20" >"$log" 2>&1 || ended=1
	new=$(($(found "$target") - before))
	awk -v target="$target" -v new="$new" '
		/^#[0-9]+: cov: / {
			runs = $1
			gsub(/[#:]/, "", runs)
			for (i = 1; i < NF; i++) value[$i] = $(i + 1)
		}
		END {
			time = value["time:"] + 0
			printf "%-22s %9d runs %6d/s %6d inputs %6d edges %6d features  %s\n", target, runs,
				runs / (time ? time : 1), value["corp:"], value["cov:"], value["ft:"],
				new ? new " inputs broke it: fuzz/artifacts/" target : "sound"
		}' "$log"
	if [ $ended != 0 ]; then
		status=1
		grep -a -A 2 'panicked at\|ERROR: \|^error' "$log" | head -12 >&2 || true
	fi
done
exit $status
