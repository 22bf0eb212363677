#!/bin/sh
# Instructions that analysing fixed captures takes, counted by valgrind's callgrind, against the
# record beside this file: fails where one grew by more than 10 %. A change that is worth its cost
# records the new counts in the same commit, and so does one that saves some.
#
#   instructions.sh PROGRAM TOOLS [record]    record: writes the record anew
#
# Counted is the work alone, without loading and reporting, on one engine. The counts are those of
# gcc with the Makefile's own flags: it is skipped, and says so, where the program was built
# otherwise or there is no valgrind.
set -eu
LC_ALL=C
export LC_ALL
program=$1
tools=$2
record=$(dirname "$0")/instructions.tsv
skip() { echo "instructions: skipped: $1"; exit 0; }
command -v valgrind >/dev/null || skip "no valgrind"
# shellcheck disable=SC2086 # may be several words
${CC:-cc} --version 2>/dev/null | grep -qi 'free software foundation' || skip "the compiler is not gcc"
[ "${CFLAGS-}" = '-O3 -g' ] || skip "built with other flags"
[ "$(uname -m)" = x86_64 ] || skip "the record is that of x86_64"
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

"$tools/mkbench" flows "$dir/flows" --size 1000 >/dev/null
"$tools/mkbench" uploads "$dir/uploads" --size 20 >/dev/null
"$tools/mkbench" idle "$dir/idle" --size 2000 >/dev/null

count() { # count NAME: instructions
    valgrind --tool=callgrind --callgrind-out-file="$dir/out" --toggle-collect=aw_pipeline_run \
        "$program" --no-sandbox -j 1 -r "$dir/$1" -o json >/dev/null 2>"$dir/log" || {
        cat "$dir/log" >&2
        return 1
    }
    sed -n 's/^.*Collected : *//p' "$dir/log"
}

[ "${3:-}" != record ] || printf '# capture\tinstructions\n' >"$record"
failed=0
for name in flows uploads idle; do
    is=$(count $name)
    [ "${is:-0}" -gt 1000000 ] || {
        echo "instructions: FAILED $name: nothing was counted"
        failed=1
        continue
    }
    if [ "${3:-}" = record ]; then
        printf '%s\t%s\n' $name "$is" >>"$record"
    fi
    was=$(awk -v n=$name '$1 == n { print $2 }' "$record")
    echo "instructions: $name: $is, recorded $was"
    if [ "$is" -gt $((was / 10 * 11)) ]; then
        echo "instructions: FAILED $name: more than 10 % above the record"
        failed=1
    fi
done
exit $failed
