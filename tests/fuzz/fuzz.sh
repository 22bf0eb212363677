#!/bin/sh
# Runs fuzz targets under libFuzzer, TIME seconds each, two at a time and nice: from the kept corpus
# and from seeds made of the captures and scenarios of the tree, and ../shared/corpus where present.
# Those of `merge` are what the program says of the captures, if it is there (FOLDER/../../await100).
# What is new stays below the folder of the programs. An input that a target fails on ends its run and
# stays there as crash-NAME-..., and is printed, for where that folder does not outlive the run.
#   fuzz.sh FOLDER [NAME...]   (programs FOLDER/fuzz_NAME, FOLDER/seeds)
#   GATE=memory: where a target disagrees with its oracle that is told, and fails nothing: with new
#            inputs each time, what is found need not be of the change that is being tested
#   MERGE=1: afterwards the kept corpus is made anew, minimised, of inputs up to KEEP bytes (2000)
set -eu
cd "$(dirname "$0")/../.."
folder=$1
shift
: "${TIME:=60}" "${KEEP:=2000}"
work=$folder/work
for name in wire http engine source merge config; do
    mkdir -p "$work/seeds/$name"
done
if [ ! -e "$work/seeded" ]; then
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
    program=$folder/../../await100
    for file in $([ ! -x "$program" ] || ls pcaps/*.pcap); do
        name=${file##*/}
        for format in json ndjson; do
            ASAN_OPTIONS=detect_leaks=0 "$program" -N --no-sandbox -r "$file" -o $format 2>/dev/null |
                head -c 7900 >"$work/seeds/merge/$name.$format"
        done
    done
    for line in 'format = json' 'all' 'set idle-timeout=5s # a comment' 'match = "status == 417"' \
        '--output x' 'memory 64M' 'fail-on = error,ignored' 'from = +10s' 'filter = tcp port 80'; do
        printf '%s\r\n\n# %s\n' "$line" "$line" >"$work/seeds/config/${line%%[ =]*}"
    done
    : >"$work/seeded"
fi

# What a failed target stopped at, and how to see it again. A machine may be many times slower than
# usual for a moment: only an input that takes minutes counts as a hang.
tell() {
    grep -a -m1 -A3 'not so\|ERROR: \|runtime error' "$work/$1.log" | cut -c 1-300
    found=$(sed -n 's/.*Test unit written to //p' "$work/$1.log" | tail -n 1)
    if [ ! -s "$found" ]; then
        tail -n 5 "$work/$1.log"
        return
    fi
    echo "input: $found; again: $folder/fuzz_$1 $found"
    if [ "$(wc -c <"$found")" -le 8000 ]; then
        echo "as base64 (base64 -d >FILE gives it back):"
        base64 "$found"
    fi
}

fuzz() {
    name=$1
    mkdir -p "$work/$name" "$work/seeds/$name" "tests/fuzz/corpus/$name"
    dictionary=
    [ ! -e "tests/fuzz/$name.dict" ] || dictionary=-dict=tests/fuzz/$name.dict
    # Inputs that are the steps of a play take too long to grow if they may only grow slowly.
    lengths=-max_len=8000
    case $name in exchange | flow | link) lengths='-max_len=1000 -len_control=0' ;; esac
    failed=0
    # shellcheck disable=SC2086
    nice -n 19 "$folder/fuzz_$name" -max_total_time="$TIME" $lengths -timeout=120 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$work/crash-$name-" $dictionary \
        "$work/$name" "tests/fuzz/corpus/$name" "$work/seeds/$name" >"$work/$name.log" 2>&1 || {
        failed=1
        [ "${GATE:-}" != memory ] || ! grep -aq 'not so:' "$work/$name.log" || failed=0
        echo "$([ $failed = 1 ] && echo FAILED || echo FOUND) fuzz $name: see $work/$name.log"
        tell "$name"
    }
    times >"$work/$name.times" # into no pipe: a subshell would tell of children of its own
    echo "fuzz $name: $(awk 'END { for (i = 1; i < 3; i++) { split($i, t, /[ms]/); s += 60 * t[1] + t[2] }
        printf "%.0f", s }' "$work/$name.times") s of processor time," \
        "$(sed -n 's/.*number_of_executed_units: /executions /p' "$work/$name.log")," \
        "$(grep -a -o 'cov: .*corp: [^ ]*' "$work/$name.log" | tail -1)"
    if [ -n "${MERGE:-}" ]; then
        rm -rf "$work/merged-$name"
        mkdir "$work/merged-$name"
        nice -n 19 "$folder/fuzz_$name" -set_cover_merge=1 -use_counters=0 -max_len="$KEEP" "$work/merged-$name" \
            "tests/fuzz/corpus/$name" "$work/$name" "$work/seeds/$name" >"$work/$name.merge.log" 2>&1
        echo "merged: $(ls "$work/merged-$name" | wc -l) files, $(du -sb "$work/merged-$name" | cut -f1) bytes"
    fi
    return $failed
}

if [ $# -eq 1 ]; then
    status=0
    said=$(fuzz "$1") || status=1
    echo "$said" # at once: another one runs beside it
    exit $status
elif [ $# -gt 1 ]; then
    printf '%s\n' "$@" | xargs -P 2 -n 1 sh tests/fuzz/fuzz.sh "$folder"
fi
