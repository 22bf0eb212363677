#!/bin/sh
# The reports, looked at by others: every format against every other and against its schema on all
# captures, the HTML page in a browser, Markdown through a renderer, hostile values in all of them.
#   check.sh PROGRAM TOOLS-FOLDER
set -eu
cd "$(dirname "$0")/../.."
program=$1 tools=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 1' INT TERM

"$tools/scn2pcap" tests/reports/hostile.scn "$dir/hostile.pcap"
grep -q '<script>hacked(3)</script>' "$dir/hostile.pcap" # it is what it is meant to be
python3 tests/reports/agree.py "$program" pcaps/*.pcap* "$dir/hostile.pcap"
python3 tests/reports/contract.py "$program" pcaps/*.pcap* "$dir/hostile.pcap"
python3 tests/reports/hostile.py "$program"
python3 tests/reports/merge.py "$program" pcaps/*.pcap* "$dir/hostile.pcap"

all=
for capture in pcaps/*.pcap*; do
    all="$all -r $capture"
done
# shellcheck disable=SC2086 # a list of words
"$program" $all -o html -O "$dir/all.html"
for name in busy-failures nginx-continued nginx-no-expect; do
    "$program" -r pcaps/$name.pcap -o html -O "$dir/$name.html"
done
"$program" -r "$dir/hostile.pcap" -o html -O "$dir/hostile.html"
"$program" -r "$dir/hostile.pcap" --show-secrets -o html -O "$dir/secrets.html"
grep -q geheim "$dir/secrets.html"
! grep -q geheim "$dir/hostile.html"
# Heads are read again where that can be done, else there is what was kept; secrets are in neither.
"$tools/scn2pcap" tests/bundle/secrets.scn "$dir/masked.pcap"
"$program" -r "$dir/masked.pcap" -o html -O "$dir/masked.html"
"$program" -r - -o html -O "$dir/piped.html" <"$dir/masked.pcap"
"$program" -r "$dir/masked.pcap" --show-secrets -o html -O "$dir/told.html"
grep -q '^X-Api-Key: \*\*\*\*\*\*\*\*$' "$dir/masked.html"
grep -q '^X-Api-Key: geheim11$' "$dir/told.html"
! grep -q 'X-Api-Key' "$dir/piped.html"
grep -q 'fields that are kept' "$dir/piped.html"
# A parameter without a value, and a fragment, are left in the titles.
! sed 's/geheim5#geheim6//' "$dir/masked.html" | grep geheim
! sed 's/geheim5#geheim6//' "$dir/piped.html" | grep geheim
python3 tests/reports/browser.py "$dir"/*.html

"$program" -r "$dir/hostile.pcap" -o md -O "$dir/hostile.md"
"$program" -r "$dir/hostile.pcap" --show-secrets -o md -O "$dir/secrets.md"
python3 tests/reports/markdown.py "$dir/hostile.md" "$dir/secrets.md"
