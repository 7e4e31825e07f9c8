#!/bin/sh
# Everything that tries to break the store, at full size, which takes an hour and a half. What the program says meanwhile is in the
# log; what is found is on standard output. CARGO is the command to use.
set -eu
umask 022

log=${TARGET:?}/torture.log
mkdir -p "$TARGET"
: >"$log"
export MAILLOGS_TORTURE=full RUST_BACKTRACE=0
status=0
# part WORDS… -- FILTER…: tests of one kind.
part() {
	sh -c "$CARGO test --release $1 -- --nocapture --test-threads=$2 $3" 2>>"$log" || status=1
}
echo '== the model: anything, in any order, with a fault at any change to a file'
part --lib 1 'ingest::tests::model ingest::tests::crashes ingest::tests::power ingest::tests::snapshots'
echo '== broken files'
part --lib 2 'ingest::tests::damage store::tests'
part '--test main' 2 'e2e::damage e2e::full e2e::clocks e2e::left_over'
echo '== many processes at once'
part '--test main' 1 'e2e::together'
echo '== one system call fails, or the program is killed at it'
part '--test main' 1 'torture::inject::'
echo '== kill -9 under multilog, svlogd and s6-log'
part '--test main' 1 'torture:: --skip torture::inject::'
[ "$status" = 0 ] || echo "make: something was found; more is in $log" >&2
exit "$status"
