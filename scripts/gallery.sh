#!/bin/sh
# The pictures of graphs/, which the README shows: a day of every graph from the demonstration of a fixed seed that ends
# at a fixed time, so that they come out the same again, and long enough for a week before it; and deliveries by week, month and year, from the log of a year
# with a quarter of its load. TARGET is cargo's directory.
set -eu
cd "$(dirname "$0")/.."

target=$(cd "${TARGET:-target}/release" && pwd)
END=1795176300 # 2026-11-20 12:05 UTC, a Friday
SEED=1
TZ=Europe/Berlin
DAYS=8
export END SEED TZ DAYS
unset TOASTER_CONF
sh scripts/demo.sh

echo 'gallery: a year of deliveries'
export FAKETIME_FMT=%s FAKETIME_DONT_FAKE_MONOTONIC=1 NO_FAKE_STAT=1
year=$(pwd)/demo/year
mkdir -p "$year/log/send"
cat >"$year/toaster.conf" <<EOT
logs_base = "$year/log"
logs_user = "$(id -un)"
logs_group = "$(id -gn)"
logs_send_dirs = ["send"]
logs_archive = 0
logs_taifiles = 0
toaster_hostname = "mail.example.com"
EOT
TOASTER_CONF=$year/toaster.conf
export TOASTER_CONF
"$target/examples/qmail-traffic" --days 367 --rate 0.25 --end "$END" --seed "$SEED" \
	| multilog s16777215 "!exec faketime -f $END '$(pwd)/demo/bin/sendlog'" "$year/log/send"
faketime -f "$END" demo/bin/maillogs graph deliveries --period week,month,year --output "$year/graphs"

rm -f graphs/*.png
cp demo/graphs/*-day-light.png demo/graphs/*-day-dark.png graphs
cp "$year"/graphs/deliveries-*.png graphs
# The server that was invented does not run Postfix: its graphs would be empty.
rm -f graphs/postfix*.png

# row FILE WHAT: the picture for light and dark pages.
row() {
	printf '| %s | <picture><source media="(prefers-color-scheme: dark)" srcset="%s-dark.png">' "$2" "$1"
	printf '<img src="%s-light.png" width="720" alt="%s"></picture> |\n' "$1" "$2"
}
# title NAME: as its template has it; a protocol of its own has none.
title() {
	title=$(sed -n 's/^title *= *"\(.*\)"/\1/p' "templates/$1.toml" 2>/dev/null | head -n 1)
	echo "${title:-$1}"
}
{
	echo '# Graphs'
	echo
	echo 'All of `maillogs graph`, drawn by `make gallery` from invented mail; on a dark page they are dark. Week, month and'
	echo 'year are those of a smaller server. `make demo` draws them up to now.'
	echo
	echo '| Graph | Last 24 hours |'
	echo '|---|---|'
	for file in graphs/*-day-light.png; do
		name=$(basename "$file" -day-light.png)
		row "$name-day" "$(title "$name")"
	done
	echo
	echo "| $(title deliveries) | |"
	echo '|---|---|'
	row deliveries-week 'Last 7 days'
	row deliveries-month 'Last 31 days'
	row deliveries-year 'Last 12 months'
} >graphs/README.md
set -- graphs/*.png
echo "gallery: $# pictures, $(($(cat graphs/*.png | wc -c) / 1024)) KB in graphs"
