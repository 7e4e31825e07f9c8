#!/bin/sh
# Brings the modules that all MIBs are made of into target/mibs, for the test of ours: SNMPv2-SMI, SNMPv2-TC and SNMPv2-CONF.
# Debian leaves them out of main, because their licence does not let anybody change them. The npm package net-snmp has them. Where
# npm's registry cannot be reached, that is said here and by the test, which then reads the MIB by itself.
set -eu

to=$(cd "$(dirname "$0")/.." && pwd)/target/mibs
version=3.29.2

test "$(cat "$to/complete" 2>/dev/null)" != "$version" || exit 0
echo "make: fetching SNMPv2-SMI, SNMPv2-TC and SNMPv2-CONF into target/mibs"
rm -rf "$to"
mkdir -p "$to"
cd "$to"
sum=657432acf6b2094699c64c5706f1310188e4bd9b0f0c1614a4af258c8ceb0396bf8c1c98478444aff8696e577dc09d2d0abf1dfe933ba52a200c2d01fecca25d
fetch() {
	archive=net-snmp-$version.tgz
	if command -v npm >/dev/null 2>&1; then
		timeout 120 npm pack --silent --fetch-retries=1 --fetch-timeout=60000 "net-snmp@$version" || return 1
	else
		/usr/lib/apt/apt-helper download-file "https://registry.npmjs.org/net-snmp/-/$archive" "$archive" || return 1
	fi
	echo "$sum  $archive" | sha512sum -c --quiet && tar -xzf "$archive"
}
if fetch >log 2>&1; then
	for module in SNMPv2-SMI SNMPv2-TC SNMPv2-CONF; do
		mv "package/lib/mibs/$module.mib" "$module"
	done
	rm -rf package net-snmp-*.tgz log
	echo "$version" >complete
else
	tail -n 5 log >&2
	echo "make: npm's registry cannot be reached: smilint is not asked about the MIB" >&2
	: >unreachable
fi
