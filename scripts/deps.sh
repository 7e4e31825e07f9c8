#!/bin/sh
# Installs what building and testing need and this machine lacks. Looks first: where nothing is
# missing it ends at once and asks neither the network nor for a password.
set -eu

missing=
# need PACKAGE COMMAND…: the package is missing unless the command succeeds.
need() {
	package=$1
	shift
	"$@" >/dev/null 2>&1 || missing="$missing $package"
}
dejavu() {
	test -n "$(find /usr/share/fonts /usr/local/share/fonts -name DejaVuSansMono.ttf 2>/dev/null)"
}

journal_remote() {
	test -x /usr/lib/systemd/systemd-journal-remote || test -x /lib/systemd/systemd-journal-remote
}

need gcc command -v cc
need pkg-config command -v pkg-config
need librrd-dev pkg-config --exists librrd
# Without a font librrd draws boxes for letters, and says nothing.
need fonts-dejavu-core dejavu
# For the tests: the real loggers, an independent reader of RRDs, time zones. `daemontools` and
# `runit` have only the programs; the service managers would be daemontools-run and runit-run.
need daemontools command -v multilog
need runit command -v svlogd
need s6 command -v s6-log
need rrdtool command -v rrdtool
# What rotated logs are packed with, and a journal to read.
need bzip2 command -v bzip2
need xz-utils command -v xz
need zstd command -v zstd
need systemd command -v journalctl
need systemd-journal-remote journal_remote
# Small disks that are full, each in a mount namespace of its test.
need util-linux command -v unshare
need mount command -v mount
# A syslogd of small systems; the others are unpacked below, because they cannot be installed together.
need busybox command -v busybox
# System calls that fail.
need strace command -v strace
# To break the program on purpose.
need patch command -v patch
# A clock that is set.
need faketime command -v faketime
# A browser for the pages, and a judge of their HTML.
need chromium command -v chromium
need chromium-driver command -v chromedriver
need tidy command -v tidy
need tzdata test -e /usr/share/zoneinfo/Europe/Berlin

if [ -n "$missing" ]; then
	if [ "$(id -u)" = 0 ]; then
		as_root=
	elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		as_root='sudo -n'
	else
		as_root=no
	fi
	if [ "$as_root" = no ] || ! command -v apt-get >/dev/null 2>&1; then
		echo "make: please install (the names are Debian's):$missing" >&2
		exit 1
	fi

	# No package of the list has a daemon. Should one ever bring one along, it must not start on
	# a machine that only wanted to run our tests.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap '$as_root rm -f "$policy"' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
		$as_root chmod 755 "$policy"
	fi
	echo "make: installing$missing"
	install() {
		# shellcheck disable=SC2086 # a list of words
		$as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq -y --no-install-recommends $missing >/dev/null
	}
	# The package lists may be absent or old.
	install 2>/dev/null || { $as_root apt-get update -qq && install; } || {
		echo "make: apt-get could not install:$missing" >&2
		exit 1
	}
fi

sh "$(dirname "$0")/syslogds.sh"

command -v cargo >/dev/null 2>&1 || {
	echo 'make: please install Rust 1.89 or newer (https://rustup.rs)' >&2
	exit 1
}
