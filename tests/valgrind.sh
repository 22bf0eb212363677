#!/bin/sh
# Runs the program under valgrind over the captures: no error, no leak. Without its sandbox, which
# would hold valgrind itself.
#   valgrind.sh PROGRAM
set -eu
cd "$(dirname "$0")/.."
program=$1
count=0
for capture in pcaps/*.pcap*; do
    for jobs in 1 2; do
        valgrind --quiet --leak-check=full --error-exitcode=99 "$program" --no-sandbox -q -A -o ndjson -j $jobs \
            -r "$capture" >/dev/null || {
            echo "valgrind: $capture, -j $jobs: exit status $?"
            exit 1
        }
    done
    valgrind --quiet --leak-check=full --error-exitcode=99 "$program" --no-sandbox -q -r "$capture" >/dev/null
    count=$((count + 1))
done
echo "valgrind: $count captures without an error or a leak"
