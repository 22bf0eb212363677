#!/bin/sh
# Runs a build with the thread sanitizer over every capture, with several engines, and asks for the
# same bytes as one engine gives. Without the sandbox, which would hold the sanitizer's own thread.
#   threads.sh PROGRAM
set -eu
cd "$(dirname "$0")/.."
program=$1
one=$(mktemp) many=$(mktemp)
trap 'rm -f "$one" "$many"' EXIT
count=0
all=
for capture in pcaps/*.pcap*; do
    all="$all -r $capture"
    "$program" --no-sandbox -q -A -o ndjson -j 1 -r "$capture" >"$one" || [ $? -le 1 ]
    for jobs in "" "-j 2" "-j 3"; do
        # shellcheck disable=SC2086 # none, or two words
        "$program" --no-sandbox -q -A -o ndjson $jobs -r "$capture" >"$many"
        cmp "$one" "$many" || {
            echo "'$jobs' differs from -j 1 on $capture"
            exit 1
        }
    done
    count=$((count + 1))
done
# One so large that a thread reads ahead of another.
large=$(mktemp)
trap 'rm -f "$one" "$many" "$large"' EXIT
"$(dirname "$program")/tests/tools/mkbench" uploads "$large" --size 30 >/dev/null
"$program" --no-sandbox -q -A -o ndjson -j 1 -r "$large" >"$one"
for jobs in 2 3; do
    "$program" --no-sandbox -q -A -o ndjson -j $jobs -r "$large" >"$many"
    cmp "$one" "$many"
done
# And all of them at once, merged by time.
# shellcheck disable=SC2086 # a list of words
"$program" --no-sandbox -q -A -o ndjson -j 1 $all >"$one"
# shellcheck disable=SC2086
"$program" --no-sandbox -q -A -o ndjson -j 4 $all >"$many"
cmp "$one" "$many"
# shellcheck disable=SC2086
"$program" --no-sandbox -q -A -o ndjson $all >"$many"
cmp "$one" "$many"
echo "threads: $count captures, and all merged: the same bytes with 1, 2, 3 and 4 engines, and by choice"
