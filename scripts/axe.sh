#!/bin/sh
# Brings axe-core, a judge of what people with disabilities can use, into target/axe, for the tests of the pages. Where npm's
# registry cannot be reached, that is said here and by the test, which then makes its own checks alone.
set -eu

to=$(cd "$(dirname "$0")/.." && pwd)/target/axe
version=4.14.1

test "$(cat "$to/complete" 2>/dev/null)" != "$version" || exit 0
echo "make: fetching axe-core $version into target/axe"
rm -rf "$to"
mkdir -p "$to"
cd "$to"
sum=1477dafa598d8d065f273d6af302aa203c02e83131707b7fa648cd41bd3d6b734f8c22a0dab86ee6a6f64b8afbe804b214d36db85a2826965edfb3a0b9d546b5
fetch() {
	archive=axe-core-$version.tgz
	if command -v npm >/dev/null 2>&1; then
		timeout 120 npm pack --silent --fetch-retries=1 --fetch-timeout=60000 "axe-core@$version" || return 1
	else
		/usr/lib/apt/apt-helper download-file "https://registry.npmjs.org/axe-core/-/$archive" "$archive" || return 1
	fi
	echo "$sum  $archive" | sha512sum -c --quiet && tar -xzf "$archive" package/axe.min.js
}
if fetch >log 2>&1; then
	mv package/axe.min.js axe.min.js
	rm -rf package axe-core-*.tgz log
	echo "$version" >complete
else
	tail -n 5 log >&2
	echo "make: npm's registry cannot be reached: axe is not asked about the pages" >&2
	: >unreachable
fi
