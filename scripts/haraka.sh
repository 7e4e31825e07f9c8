#!/bin/sh
# Brings Haraka into target/haraka, for the tests: the newest that runs with this machine's Node.js. Its version is fixed, and
# what it needs is taken as it was on one day. Where npm's registry cannot be reached, that is said here and by the tests, which
# then read what Haraka wrote in sessions that were recorded (tests/data/recorded).
set -eu

to=$(cd "$(dirname "$0")/.." && pwd)/target/haraka
# Haraka 3.3 wants Node.js 20; 3.1.1 is the last one for 18.
if [ "$(node -p 'process.versions.node.split(".")[0]')" -ge 20 ]; then
	version=3.3.4
else
	version=3.1.1
fi
day=2026-10-01
registry=https://registry.npmjs.org

test "$(cat "$to/complete" 2>/dev/null)" != "$version" || exit 0
echo "make: fetching Haraka $version into target/haraka"
rm -rf "$to"
mkdir -p "$to"
cd "$to"

# Debian's package npm brings 380 others. npm's own archive has all that npm needs.
fetch() {
	npm=$(command -v npm) || {
		mkdir npm &&
			/usr/lib/apt/apt-helper download-file "$registry/npm/-/npm-10.9.4.tgz" npm/npm.tgz \
				SHA512:3a7506f37e85c1ba1021baad79f0cd9724748131f321fc117c4dc3ba235ec01be7327584a41d15117c01945560aa9373220628fcc1e1dddd877a5fe9b336a900 &&
			tar -xzf npm/npm.tgz -C npm || return 1
		npm="node npm/package/bin/npm-cli.js"
	}
	echo '{ "private": true }' >package.json
	# shellcheck disable=SC2086 # perhaps two words
	timeout 300 $npm install --omit=optional --ignore-scripts --no-audit --no-fund --no-save --no-update-notifier \
		--fetch-retries=1 --fetch-timeout=60000 --before="$day" "Haraka@$version"
}
if fetch >log 2>&1; then
	rm -rf npm log
	echo "$version" >complete
else
	tail -n 5 log >&2
	echo "make: Haraka could not be fetched from npm's registry: its tests read sessions that were recorded" >&2
	: >unreachable
fi
