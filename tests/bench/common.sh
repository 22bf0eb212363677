# What the benchmarks share; sourced. Environment:
#   AWAIT100  the program (./await100)     TOOLS   its tools (build/tests/tools)
#   BENCH_DIR where captures are made and kept (build/bench)
#   RUNS      runs of each (5)
LC_ALL=C
export LC_ALL
AWAIT100=${AWAIT100:-./await100}
TOOLS=${TOOLS:-build/tests/tools}
DIR=${BENCH_DIR:-build/bench}
RUNS=${RUNS:-5}
mkdir -p "$DIR"

# A capture is made once for its kind and size.
capture() { # kind size -> path
    path=$DIR/$1-$2.pcap
    if [ ! -s "$path" ]; then
        "$TOOLS/mkbench" "$1" "$path.part" --size "$2" >&2
        mv "$path.part" "$path"
    fi
    echo "$path"
}

# Columns of timed: wall user system peak-KiB status
median() { # file column
    sort -n -k "$2,$2" "$1" | awk -v c="$2" '{ v[NR] = $c } END { print v[int((NR + 1) / 2)] }'
}
