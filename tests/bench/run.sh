#!/bin/sh
# Speed and memory, against a bare pcap_next_ex loop over the same file, in one run on one machine:
# medians of RUNS alternating runs with a warm cache. Run from the root of the tree, after
# `make all tools`. Environment as common.sh, and
#   UPLOADS_MB, FLOWS, IDLE  sizes (800, 400000, 100000)
set -eu
. "$(dirname "$0")/common.sh"

one() { # name file reach: alternating runs, one line of the table
    loop=$DIR/loop.times ours=$DIR/ours.times
    : >"$loop"
    : >"$ours"
    cat "$2" >/dev/null
    i=0
    while [ $i -lt "$RUNS" ]; do
        "$TOOLS/timed" /dev/null "$TOOLS/bareloop" "$2" >>"$loop"
        "$TOOLS/timed" "$DIR/out.json" "$AWAIT100" -r "$2" -o json >>"$ours"
        i=$((i + 1))
    done
    awk -v name="$1" -v l="$(median "$loop" 1)" -v o="$(median "$ours" 1)" \
        -v rss="$(median "$ours" 4)" -v reach="$3" -v size="$(wc -c <"$2")" 'BEGIN {
            printf "%-22s %8.1f %9.3f %9.3f %7.2f %7s %9.1f\n", name, size / 1e6, l, o, o / l, reach,
                   rss / 1024 }'
}

# What an idle connection takes: the peak with N less the peak with a tenth of N.
idle() {
    few=$(capture idle $((${IDLE:-100000} / 10)))
    many=$(capture idle "${IDLE:-100000}")
    a=$("$TOOLS/timed" "$DIR/out.json" "$AWAIT100" -r "$few" -o json --memory 1G | cut -d' ' -f4)
    b=$("$TOOLS/timed" "$DIR/out.json" "$AWAIT100" -r "$many" -o json --memory 1G | cut -d' ' -f4)
    awk -v a="$a" -v b="$b" -v n="${IDLE:-100000}" 'BEGIN {
        printf "bytes an idle connection: %.0f (reach 400)\n", (b - a) * 1024 / (n * 0.9) }'
}

uploads=$(capture uploads "${UPLOADS_MB:-800}")
flows=$(capture flows "${FLOWS:-400000}")
echo "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores," \
    "$(awk '/MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo), $(uname -sr)," \
    "$(date -u +%Y-%m-%d), medians of $RUNS"
printf '%-22s %8s %9s %9s %7s %7s %9s\n' capture MB 'loop s' 'json s' ratio reach 'peak MiB'
one "uploads" "$uploads" 0.6
one "small flows" "$flows" 2.0
idle
"$TOOLS/viewbench" 1000000
