#!/bin/sh
# Runs fuzz targets under libFuzzer, TIME seconds each, one at a time and nice: from the kept corpus
# and from seeds made of the captures and scenarios of the tree, and ../shared/corpus where present.
# What is new stays below the folder of the programs; a crash stays there as crash-NAME-...
#   fuzz.sh FOLDER NAME...   (programs FOLDER/fuzz_NAME, FOLDER/seeds)
#   MERGE=1: afterwards the kept corpus is made anew, minimised, of inputs up to KEEP bytes (2000)
set -eu
cd "$(dirname "$0")/../.."
folder=$1
shift
: "${TIME:=60}" "${KEEP:=2000}"
work=$folder/work
mkdir -p "$work"/seeds/wire "$work"/seeds/http "$work"/seeds/engine "$work"/seeds/source
if [ ! -e "$work/seeded" ]; then
    set -- "$@" --
    find pcaps tests/scenarios ../shared/corpus -name '*.pcap*' -size -200k -o -name '*.scn' 2>/dev/null |
        sort | ASAN_OPTIONS=detect_leaks=0 xargs "$folder/seeds" "$work/seeds"
    n=0
    for file in "$work"/seeds/source/a*; do # a few of them packed
        n=$((n + 1))
        [ $n -le 4 ] || break
        for packer in gzip zstd xz bzip2 lz4; do
            command -v $packer >/dev/null && $packer -c <"$file" >"$file.$packer"
        done
    done
    : >"$work/seeded"
fi

failed=0
for name in "$@"; do
    [ "$name" != -- ] || continue
    mkdir -p "$work/$name" "$work/seeds/$name" "tests/fuzz/corpus/$name"
    dictionary=
    [ ! -e "tests/fuzz/$name.dict" ] || dictionary=-dict=tests/fuzz/$name.dict
    echo "== $name, $TIME s"
    # shellcheck disable=SC2086
    nice -n 19 "$folder/fuzz_$name" -max_total_time="$TIME" -max_len=8000 -timeout=20 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$work/crash-$name-" $dictionary \
        "$work/$name" "tests/fuzz/corpus/$name" "$work/seeds/$name" >"$work/$name.log" 2>&1 || {
        failed=1
        echo "FAILED fuzz $name: see $work/$name.log"
        grep -a -m1 -A3 'not so\|ERROR: \|runtime error' "$work/$name.log" | cut -c 1-300
    }
    grep -a -o 'cov: .*corp: [^ ]*' "$work/$name.log" | tail -1
    grep -a 'number_of_executed_units\|new_units_added' "$work/$name.log" || :
    if [ -n "${MERGE:-}" ]; then
        rm -rf "$work/merged"
        mkdir "$work/merged"
        nice -n 19 "$folder/fuzz_$name" -set_cover_merge=1 -use_counters=0 -max_len="$KEEP" "$work/merged" "tests/fuzz/corpus/$name" "$work/$name" \
            "$work/seeds/$name" >"$work/merge.log" 2>&1
        echo "merged: $(ls "$work/merged" | wc -l) files, $(du -sb "$work/merged" | cut -f1) bytes"
    fi
done
exit $failed
