#!/bin/sh
# Everything that tries to break the store, at full size, which takes an hour and a half on two processors: what goes through the
# library and what runs the program go side by side. What the program says meanwhile is in the logs; what is found is on standard
# output, the first of the two first. CARGO is the command to use.
set -eu
umask 022

export MAILLOGS_TORTURE=full RUST_BACKTRACE=0
work=$(mktemp -d)
# Thousands of commits wait for a disk at every fsync, and for memory at none.
if [ -w /dev/shm ]; then
	rmdir "$work"
	work=$(mktemp -d -p /dev/shm maillogs-torture.XXXXXX)
fi
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir -m 1777 "$work/tmp"
chmod 711 "$work"
export TMPDIR="$work/tmp"
# part WORDS THREADS FILTERS: tests of one kind.
part() {
	sh -c "$CARGO test --profile torture $1 -- --nocapture --test-threads=$2 $3" || touch "$work/found"
}
library() {
	echo '== the model: anything, in any order, with a fault at any change to a file'
	part --lib 1 'ingest::tests::model ingest::tests::crashes ingest::tests::power ingest::tests::snapshots'
	echo '== broken files'
	part --lib 1 'ingest::tests::damage store::tests'
}
program() {
	echo '== broken files, full disks and clocks under the whole program'
	part '--test main' 1 'e2e::damage e2e::full e2e::clocks e2e::left_over'
	echo '== many processes at once'
	part '--test main' 1 'e2e::together'
	echo '== one system call fails, or the program is killed at it'
	part '--test main' 1 'torture::inject::'
	echo '== kill -9 under multilog, svlogd and s6-log'
	part '--test main' 1 'torture:: --skip torture::inject::'
}

mkdir -p "${TARGET:?}"
sh -c "$CARGO test --profile torture --lib --test main --no-run"
program >"$TARGET/torture-program.out" 2>"$TARGET/torture-program.log" &
library 2>"$TARGET/torture-library.log"
wait
cat "$TARGET/torture-program.out"
[ ! -e "$work/found" ] || { echo "make: something was found; more is in $TARGET/torture-*.log" >&2; exit 1; }
