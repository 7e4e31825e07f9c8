#!/bin/sh
# Installs what this machine lacks for one of four purposes: sh scripts/deps.sh build | demo | bench | test.
#
#   build   compile maillogs: nothing that a server does not have to run
#   demo    and run the demonstration and the gallery
#   bench   and run the benchmark
#   test    and run every test, with the real programs
#
# Looks first: where nothing is missing it ends at once and asks neither the network nor for a password.
set -eu

# The purposes that the wanted one includes.
case ${1:-test} in
build) purposes='build' ;;
demo) purposes='build demo' ;;
bench) purposes='build demo bench' ;;
test) purposes='build demo test' ;;
*)
	echo "make: scripts/deps.sh: $1 is none of build, demo, bench, test" >&2
	exit 2
	;;
esac

# Rust first, which this script cannot bring: rustup's, or a distribution's that is new enough.
needed=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml")
way="get a newer one from https://rustup.rs"
if ! command -v cargo >/dev/null 2>&1; then
	echo "make: there is no Rust here, and maillogs needs $needed or newer: $way" >&2
	exit 1
fi
version=$(rustc --version 2>&1) || true
found=$(printf '%s\n' "$version" | sed -n 's/^rustc \([0-9]*\.[0-9]*\).*/\1/p')
if [ -z "$found" ]; then
	echo "make: rustc --version says: $version" >&2
	exit 1
fi
newest=$(printf '%s\n%s\n' "$found" "$needed" | sort -t. -k1,1n -k2,2n | tail -n 1)
if [ "$found" != "$needed" ] && [ "$newest" = "$needed" ]; then
	echo "make: this Rust is $found, and maillogs needs $needed or newer: $way" >&2
	exit 1
fi

missing=
# need PURPOSE PACKAGE COMMAND…: the package is missing unless the command succeeds.
need() {
	purpose=$1
	package=$2
	shift 2
	case " $purposes " in
	*" $purpose "*) "$@" >/dev/null 2>&1 || missing="$missing $package" ;;
	esac
}
has() {
	command -v "$1"
}
dejavu() {
	test -n "$(find /usr/share/fonts /usr/local/share/fonts -name DejaVuSansMono.ttf 2>/dev/null)"
}
# Debian lets only one mail server be installed at a time, and this machine's own is not to be replaced.
postfix_or_another() {
	test -x /usr/sbin/postfix || test -e /usr/sbin/sendmail
}
journal_remote() {
	test -x /usr/lib/systemd/systemd-journal-remote || test -x /lib/systemd/systemd-journal-remote
}

need build gcc has cc
need build libc6-dev test -e /usr/include/stdio.h
# The crates that only tests and examples are built with want them.
need demo pkg-config has pkg-config
need demo librrd-dev pkg-config --exists librrd
# Without a font librrd draws boxes for letters, and says nothing.
need demo fonts-dejavu-core dejavu
# multilog, and an independent reader of RRDs. `daemontools` and `runit` have only the programs; the service managers
# would be daemontools-run and runit-run.
need demo daemontools has multilog
need demo rrdtool has rrdtool
# A clock that is set.
need demo faketime has faketime
# Instructions are counted, and the fsyncs of a commit.
need bench valgrind has valgrind
need bench strace has strace
need test runit has svlogd
need test s6 has s6-log
# Mail servers and a filter whose logs are real, run by the tests alone and in the foreground.
need test dovecot-core test -x /usr/sbin/dovecot
need test dovecot-imapd test -x /usr/lib/dovecot/imap
need test dovecot-lmtpd test -x /usr/lib/dovecot/lmtp
need test dovecot-sieve test -e /usr/lib/dovecot/modules/lib90_sieve_plugin.so
need test postfix postfix_or_another
need test rspamd has rspamd
# Who reads our numbers: what checks and stores samples, and what takes JSON apart.
need test prometheus has promtool
need test prometheus-node-exporter has prometheus-node-exporter
need test victoria-metrics has victoria-metrics
need test curl has curl
need test jq has jq
need test zabbix-agent has zabbix_agentd
need test python3-yaml python3 -c "import yaml"
# An SNMP agent, clients that ask it, what draws their answers, and a judge of the MIB, whose base modules are fetched below.
need test snmpd test -x /usr/sbin/snmpd
need test snmp has snmpwalk
need test mrtg has mrtg
need test smitools has smilint
# What many hosts push to.
need test rrdcached has rrdcached
# What Haraka runs with; itself it is fetched below.
need test nodejs has node
need test ca-certificates test -e /etc/ssl/certs/ca-certificates.crt
need test openssl has openssl
# The monitoring systems that read us: Munin's node and master, and what plug-ins of Nagios are written with.
need test munin-node test -e /usr/share/perl5/Munin/Node/Service.pm
need test munin test -x /usr/share/munin/munin-update
need test libmonitoring-plugin-perl perl -MMonitoring::Plugin -e 1
# What rotated logs are packed with, and a journal to read.
need test bzip2 has bzip2
need test xz-utils has xz
need test zstd has zstd
need test systemd has journalctl
need test systemd-journal-remote journal_remote
# Small disks that are full, each in a mount namespace of its test.
need test util-linux has unshare
need test mount has mount
# The README's new user, made in files of the test's own.
need test passwd test -x /usr/sbin/useradd
# A syslogd of small systems; the others are unpacked below, because they cannot be installed together.
need test busybox has busybox
# System calls that fail.
need test strace has strace
# To break the program on purpose.
need test patch has patch
# Browsers for the pages, and judges of their HTML. Whether people with disabilities can use them says axe, fetched below.
need test chromium has chromium
need test chromium-driver has chromedriver
need test firefox-esr has firefox-esr
need test tidy has tidy
need test python3-html5lib /usr/bin/python3 -c "import html5lib"
# Reads what was printed.
need test poppler-utils has pdftotext
need test tzdata test -e /usr/share/zoneinfo/Europe/Berlin

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

	# Dovecot, postfix, rspamd, snmpd and the databases bring daemons along. They must not start on a machine that only wanted to run our tests,
	# neither now nor when the machine starts.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap '$as_root rm -f "$policy"' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
		$as_root chmod 755 "$policy"
	fi
	case "$missing " in
	*' postfix '*) echo 'postfix postfix/main_mailer_type select No configuration' | $as_root debconf-set-selections ;;
	esac
	echo "make: installing$missing"
	install() {
		# shellcheck disable=SC2086 # a list of words
		$as_root env DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq -y --no-install-recommends $missing >/dev/null
	}
	# The package lists may be absent or old.
	install 2>/dev/null || { $as_root apt-get update -qq && install; } || {
		unknown=
		for package in $missing; do
			apt-cache show "$package" >/dev/null 2>&1 || unknown="$unknown $package"
		done
		echo "make: apt-get could not install:$missing" >&2
		[ -z "$unknown" ] || echo "make: this distribution has no package of the name:$unknown" >&2
		case $unknown in
		*chromium* | *firefox*) echo "make: Ubuntu has Chromium and Firefox only as snaps: put a chromium, its chromedriver and a firefox-esr into PATH, or run the tests on Debian" >&2 ;;
		esac
		exit 1
	}
	for package in dovecot-core postfix rspamd snmpd prometheus prometheus-node-exporter victoria-metrics zabbix-agent rrdcached munin-node; do
		case "$missing " in
		*" $package "*) $as_root /usr/sbin/update-rc.d "${package%-core}" disable >/dev/null || : ;;
		esac
	done
	# Munin's master would begin to ask this machine every five minutes.
	case "$missing " in
	*' munin '*) $as_root rm -f /etc/cron.d/munin ;;
	esac
fi
case " $purposes " in
*' test '*)
	sh "$(dirname "$0")/syslogds.sh"
	sh "$(dirname "$0")/haraka.sh"
	sh "$(dirname "$0")/mibs.sh"
	sh "$(dirname "$0")/axe.sh"
	if [ ! -x /usr/sbin/postfix ]; then
		echo "make: this machine has another mail server than postfix: its test reads a session that was recorded" >&2
	elif [ "$(id -u)" != 0 ]; then
		echo "make: only root can run postfix: its test reads a session that was recorded" >&2
	fi
	;;
esac
