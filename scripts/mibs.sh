#!/bin/sh
# Brings the modules that all MIBs are made of into target/mibs, for the test of ours: SNMPv2-SMI, SNMPv2-TC and SNMPv2-CONF.
# Debian leaves them out of main, because their licence does not let anybody change them. The npm package net-snmp has them.
set -eu

to=$(cd "$(dirname "$0")/.." && pwd)/target/mibs
version=3.29.2
registry=https://registry.npmjs.org

test "$(cat "$to/complete" 2>/dev/null)" != "$version" || exit 0
echo "make: fetching SNMPv2-SMI, SNMPv2-TC and SNMPv2-CONF into target/mibs"
rm -rf "$to"
mkdir -p "$to"
cd "$to"
/usr/lib/apt/apt-helper download-file "$registry/net-snmp/-/net-snmp-$version.tgz" net-snmp.tgz \
	"SHA512:657432acf6b2094699c64c5706f1310188e4bd9b0f0c1614a4af258c8ceb0396bf8c1c98478444aff8696e577dc09d2d0abf1dfe933ba52a200c2d01fecca25d" >log 2>&1 || {
	cat log >&2
	echo "make: npm's registry cannot be reached: the test of the MIB needs these three modules in $to" >&2
	exit 0
}
tar -xzf net-snmp.tgz
for module in SNMPv2-SMI SNMPv2-TC SNMPv2-CONF; do
	mv "package/lib/mibs/$module.mib" "$module"
done
rm -rf package net-snmp.tgz log
echo "$version" >complete
