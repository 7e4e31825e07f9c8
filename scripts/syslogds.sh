#!/bin/sh
# Unpacks rsyslog and syslog-ng below target/syslogds, for the tests. They are not installed: Debian
# lets only one syslog daemon be installed at a time, and this machine's own is not to be replaced.
set -eu

to=$(dirname "$0")/../target/syslogds
for package in rsyslog syslog-ng-core; do
	test ! -e "$to/$package/complete" || continue
	echo "make: unpacking $package in target/syslogds"
	rm -rf "${to:?}/$package"
	mkdir -p "$to/$package/debs/partial"
	# With the libraries that this machine lacks. Only the archives are asked for: no lock is needed.
	if ! apt-get -qq -y --no-install-recommends --reinstall --download-only -o Debug::NoLocking=1 \
		-o Dir::Cache::archives="$(cd "$to/$package/debs" && pwd)" install "$package" >"$to/$package/log" 2>&1; then
		cat "$to/$package/log" >&2
		echo "make: apt-get could not download $package" >&2
		exit 1
	fi
	for deb in "$to/$package"/debs/*.deb; do
		dpkg-deb -x "$deb" "$to/$package"
	done
	rm -rf "$to/$package/debs" "$to/$package/log"
	: >"$to/$package/complete"
done
