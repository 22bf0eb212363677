#!/bin/sh
# The whole program under AFL++, TIME seconds, on captures that begin as the seeds of the fuzz
# targets (fuzz.sh makes them in SEEDS) and the kept inputs of the file readers and the engine.
#   afl.sh FOLDER SEEDS   (program FOLDER/await100; what is found stays in FOLDER/found)
set -eu
cd "$(dirname "$0")/../.."
folder=$1 seeds=$2
: "${TIME:=60}"
command -v afl-fuzz >/dev/null || {
    echo "fuzz-afl: skipped: no afl-fuzz"
    exit 0
}
TIME=0 sh tests/fuzz/fuzz.sh "$seeds"
rm -rf "$folder/in"
mkdir -p "$folder/in"
# Small ones, one in five of what captures gave: AFL runs each of them first.
work=$seeds/work
find "$work/seeds/engine" -type f -size -3k | sort | awk 'NR % 5 == 1' | xargs cp -t "$folder/in"
cp tests/fuzz/corpus/engine/* tests/fuzz/corpus/source/* "$folder/in"
in=$folder/in
[ ! -e "$folder/found" ] || in=- # goes on where the last run stopped
export AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_UI=1 AFL_NO_AFFINITY=1
export AFL_FORKSRV_INIT_TMOUT=30000 AFL_HANG_TMOUT=5000 ASAN_OPTIONS=abort_on_error=1:detect_leaks=0:symbolize=0
export UBSAN_OPTIONS=halt_on_error=1:abort_on_error=1:symbolize=0
nice -n 19 afl-fuzz -i "$in" -o "$folder/found" -V "$TIME" -t 5000 -m none -- \
    "$folder/await100" --no-config -N --no-sandbox -j 1 -A -r @@ -o html >"$folder/log" 2>&1 || {
    tail -20 "$folder/log"
    exit 1
}
stats=$folder/found/default/fuzzer_stats
grep -E '^(execs_done|execs_per_sec|corpus_count|saved_crashes|saved_hangs|bitmap_cvg)' "$stats"
grep -q '^saved_crashes *: 0' "$stats" || {
    echo "FAILED fuzz-afl: see $folder/found/default/crashes"
    exit 1
}
