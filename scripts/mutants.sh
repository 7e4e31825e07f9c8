#!/bin/sh
# Breaks the program in each way that tests/mutants describes, in a copy of the tree, and looks whether the tests
# notice: sh scripts/mutants.sh [NAME]. The second line of each patch names the test that has to go red. CARGO is the
# command to use.
set -eu
umask 022

tree=${TARGET:?}/mutants/tree
mkdir -p "$tree"
tree=$(cd "$tree" && pwd)
CARGO_TARGET_DIR=$(cd "$TARGET/mutants" && pwd)
export CARGO_TARGET_DIR RUST_BACKTRACE=0
green=0
# shellcheck disable=SC2086 # a pattern
for patch in tests/mutants/${1:-*}.patch; do
	rm -rf "$tree/src"
	tar -cf - Cargo.toml Cargo.lock src tests examples graphs man templates toaster.conf README.md | tar -xf - -C "$tree"
	name=$(basename "$patch" .patch)
	what=$(sed -n 1p "$patch")
	test=$(sed -n 's/^red: //p' "$patch")
	(cd "$tree" && patch -sp1 && touch src/lib.rs) <"$patch"
	log=$CARGO_TARGET_DIR/$name.log
	status=0
	(cd "$tree" && eval "$CARGO test --lib -- $test") >"$log" 2>&1 || status=$?
	if [ "$status" != 0 ] && grep -q '^test .*FAILED$' "$log"; then
		printf 'red    %-28s %s (%s)\n' "$name" "$what" "$test"
	else
		printf 'GREEN  %-28s %s (%s: see %s)\n' "$name" "$what" "$test" "$log"
		green=$((green + 1))
	fi
done
exit "$((green != 0))"
