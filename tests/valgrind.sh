#!/bin/sh
# Runs the program under valgrind: over each capture, with formats and numbers of engines in turn,
# and over all of them at once in every format. No error, no leak. Without its sandbox, which would
# hold valgrind itself.
#   valgrind.sh PROGRAM
set -eu
cd "$(dirname "$0")/.."
program=$1
list=$(mktemp)
trap 'rm -f "$list"' EXIT
trap 'exit 1' INT TERM

count=0
for capture in pcaps/*.pcap*; do
    case $((count % 4)) in
    0) echo "-A -o ndjson -j 1 -r $capture" ;;
    1) echo "-o text -j 2 -r $capture" ;;
    2) echo "-A -o ndjson -j 2 -r $capture" ;;
    3) echo "-o json -j 1 -r $capture" ;;
    esac
    count=$((count + 1))
done >"$list"
count=$(wc -l <"$list")
all=$(printf -- '-r %s ' pcaps/*.pcap*)
for format in text json ndjson csv html md har; do
    echo "-A -o $format -j $((count % 2 + 1)) $all"
    count=$((count + 1))
done >>"$list"
# shellcheck disable=SC2016 # the words are the inner shell's
xargs -P "$(nproc)" -I '{}' sh -c '
    valgrind --quiet --leak-check=full --error-exitcode=99 $1 --no-sandbox -q $2 >/dev/null || {
        echo "valgrind: $2: exit status $?"
        exit 255
    }' sh "$program" '{}' <"$list"
echo "valgrind: $(ls pcaps/*.pcap* | wc -l) captures without an error or a leak"
