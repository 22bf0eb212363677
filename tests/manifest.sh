#!/bin/sh
# What pcaps/ promises, checked:
#   - MANIFEST tells of every capture, in order, with all columns, and of none that is not there
#   - every cause of causes.def is shown by at least two captures
#   - and by at least one in which real software stands on both sides
#   - every capture is a golden case
#   - all of it stays below 10 MB
set -eu
export LC_ALL=C
cd "$(dirname "$0")/.."
failed=0
passed=0
bad() {
    echo "manifest: $*"
    failed=$((failed + 1))
}
tab=$(printf '\t')

for file in pcaps/*.pcap*; do
    name=${file#pcaps/}
    grep -q "^$name$tab" pcaps/MANIFEST || bad "$name is not in MANIFEST"
    cut -f 2 tests/golden/LIST | grep -qx "pcaps/$name" || bad "$name is no golden case"
    passed=$((passed + 1))
done
tail -n +2 pcaps/MANIFEST | cut -f 1 | sort -c -u || bad "MANIFEST is not in order"
for name in $(tail -n +2 pcaps/MANIFEST | cut -f 1); do
    [ -f "pcaps/$name" ] || bad "MANIFEST tells of $name, which is not there"
done
awk -F "$tab" 'NF != 5 || /\t\t/ { print "manifest: " $1 " has not all columns"; wrong = 1 }
    END { exit wrong }' pcaps/MANIFEST || failed=$((failed + 1))

# Captures that show a cause; with "real", those without a peer of ours.
shown() {
    awk -F "$tab" -v cause="$1" -v real="${2:-}" 'NR > 1 && !(real && $2 ~ /scripted|client\.py/) {
        n = split($5, part, "; ")
        for (i = 1; i <= n; i++) {
            split(part[i], word, " ")
            if (word[1] == cause) { count++; next }
        }
    } END { print count + 0 }' pcaps/MANIFEST
}
for cause in $(sed -n 's/^AW_CAUSE([A-Z0-9_]*, "\([a-z0-9-]*\)".*/\1/p' include/await100/causes.def); do
    n=$(shown "$cause")
    [ "$n" -ge 2 ] || bad "$cause is shown by $n captures"
    [ "$(shown "$cause" real)" -ge 1 ] || bad "$cause is shown by scripted peers alone"
    passed=$((passed + 1))
done

bytes=$(cat pcaps/* | wc -c)
[ "$bytes" -le 10000000 ] || bad "pcaps/ takes $bytes bytes"

echo "manifest: $passed checks, $failed failed"
[ $failed -eq 0 ]
