#!/bin/sh
# How await100 grows, and beside other tools: one line a figure, each a ratio within one run (medians
# of RUNS alternating runs) with what is wanted of it. Environment as common.sh, and
#   FLOWS, UPLOADS_MB  the small flows (400000), the uploads (800)
#   FILES_FLOWS        of small flows for tools that write files for each (40000)
set -eu
. "$(dirname "$0")/common.sh"

# race A B: runs the two commands (words for sh) in turn; their median walls into $a and $b
race() {
    : >"$DIR/a.times"
    : >"$DIR/b.times"
    i=0
    while [ $i -lt "$RUNS" ]; do
        "$TOOLS/timed" /dev/null sh -c "$1" >>"$DIR/a.times" 2>/dev/null
        "$TOOLS/timed" /dev/null sh -c "$2" >>"$DIR/b.times" 2>/dev/null
        i=$((i + 1))
    done
    a=$(median "$DIR/a.times" 1)
    b=$(median "$DIR/b.times" 1)
}
say() { # what value reach
    printf '%-66s %8s  reach %s\n' "$1" "$2" "$3"
}
ratio() { # a b
    awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}
peak() { # options: peak KiB of one run
    "$TOOLS/timed" /dev/null "$AWAIT100" "$@" -o json | cut -d' ' -f4
}

flows=$(capture flows "${FLOWS:-400000}")
cat "$flows" >/dev/null

race "exec $AWAIT100 -r $flows -o json -j 1" "exec $AWAIT100 -r $flows -o json -j 2"
say '-j 2, times as fast as -j 1, small flows' "$(ratio "$a" "$b")" '1.5 at least'

race "exec $AWAIT100 -r $flows -o json" "$AWAIT100 -r $flows -A -o ndjson | cat"
bytes=$("$AWAIT100" -r "$flows" -A -o ndjson | wc -c)
say 'NDJSON of every exchange, times the summary' "$(ratio "$b" "$a")" '6 at most'
say 'NDJSON of every exchange, MB/s into a pipe' \
    "$(awk -v n="$bytes" -v t="$b" 'BEGIN { printf "%.0f", n / t / 1e6 }')" '200 at least'

[ -s "$flows.zst" ] || zstd -q -3 <"$flows" >"$flows.zst"
race "exec $AWAIT100 -r $flows.zst -o json" "zstd -dc $flows.zst | $AWAIT100 -r - -o json"
say 'a file packed by zstd, times zstd -dc into a pipe' "$(ratio "$a" "$b")" '1 at most'

few=$(capture kept 1000)
many=$(capture kept 1000000)
cat "$few" "$many" >/dev/null
race "exec $AWAIT100 -r $few -o json --memory 1G" "exec $AWAIT100 -r $many -o json --memory 1G"
# two million exchanges of two packets, and a handshake of two packets each connection
say '1,000,000 connections open, ns a packet, times that with 1,000' \
    "$(awk -v a="$a" -v b="$b" 'BEGIN { printf "%.2f", b / 6e6 / (a / 4.002e6) }')" '2 at most'
say '... connections let go under --memory 1G' \
    "$("$AWAIT100" -r "$many" -o json --memory 1G | sed -n 's/.*"evicted": *\([0-9]*\).*/\1/p')" '0'
say '--memory 64M with as many open: peak MiB' \
    "$(awk -v k="$(peak -r "$many" --memory 64M)" 'BEGIN { printf "%.1f", k / 1024 }')" '80 at most'

per_connection() { # kind
    x=$(peak -r "$(capture "$1" 10000)" --memory 1G)
    y=$(peak -r "$(capture "$1" 100000)" --memory 1G)
    awk -v x="$x" -v y="$y" 'BEGIN { printf "%.0f", (y - x) * 1024 / 90000 }'
}
say 'bytes a connection whose exchange was written' "$(per_connection idle)" '400 at most'
say 'bytes a connection with an exchange under way' "$(per_connection waiting)" '1536 at most'

beside() { # tool reach flows command-with-@ for the capture
    tool=$1
    reach=$2
    few=$3
    shift 3
    command -v "$tool" >/dev/null || {
        say "times as fast as $tool" '-' "$reach at least (not installed)"
        return
    }
    for file in "$(capture flows "$few")" "$(capture uploads "${UPLOADS_MB:-800}")"; do
        cat "$file" >/dev/null
        race "$(echo "$*" | sed "s|@|$file|g")" "exec $AWAIT100 -r $file -o json"
        say "times as fast as $tool, $(basename "$file" .pcap)" "$(ratio "$a" "$b")" "$reach at least"
    done
}
out=$DIR/tcpflow.out
RUNS=3
beside tshark 60 "${FLOWS:-400000}" 'exec tshark -r @ -q -z http,tree'
beside httpry 4 "${FLOWS:-400000}" 'exec httpry -r @ -o /dev/null'
beside tcpflow 20 "${FILES_FLOWS:-40000}" "rm -rf $out; tcpflow -q -r @ -o $out; rm -rf $out"
