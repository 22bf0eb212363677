#!/bin/sh
# Runs test programs one after another and adds up what they report.
#   run.sh PROGRAM...   (cmocka programs)
# Prints the whole output of a program that fails, a line for each that passes, and the sums last.
set -u
passed=0 failed=0 skipped=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

count() { # count WORD: the number cmocka gives after "[  WORD  ]"
    sed -n "s/^\[ *$1 *\] \([0-9][0-9]*\) test.*/\1/p" "$log" | awk '{ n += $1 } END { print n + 0 }'
}

for program in "$@"; do
    "$program" >"$log" 2>&1
    status=$?
    ok=$(count PASSED) bad=$(count FAILED) left=$(count SKIPPED)
    if [ "$status" -ne 0 ] || [ $((ok + bad + left)) -eq 0 ]; then
        [ "$bad" -gt 0 ] || bad=1
        echo "FAILED $program (exit status $status)"
        cat "$log"
    else
        echo "ok     $program: $ok passed$([ "$left" -gt 0 ] && echo ", $left skipped")"
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + left))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
