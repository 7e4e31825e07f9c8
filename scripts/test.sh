#!/bin/sh
# Runs all tests and closes with one line that counts them. CARGO is the command to use.
set -eu
# Some tests look whether others can write to a directory; where each user has a group, that is what 002 lets them.
umask 022

log=$(mktemp)
trap 'rm -f "$log"' EXIT
trap 'exit 1' HUP INT TERM

# A pipe would hide cargo's exit status: it travels in a file of its own.
{
	status=0
	sh -c "${CARGO:-cargo} test --no-fail-fast" 2>&1 || status=$?
	echo "exit status: $status"
} | tee "$log" | sed '/^exit status: /d'

# What ran over a recording, for lack of the program.
grep '^real programs: ' "$log" | sort -u || true

# What failed, once more: it stands far above, among the tests that ran beside it.
awk '
	/^---- .* ----$/ { lines = 40; print "" }
	/^(failures:|stack backtrace:)$/ { lines = 0 }
	lines-- > 0 && NF
' "$log"

awk '
	/^test result:/ { passed += $4; failed += $6; ignored += $8 }
	/^exit status: / { status = $3 }
	END {
		printf "make test: %d passed, %d failed, %d ignored\n", passed, failed, ignored
		exit status != "0"
	}
' "$log"
