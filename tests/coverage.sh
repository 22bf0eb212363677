#!/bin/sh
# What of src/ the tests go through, but for the door to ncurses. A process in the sandbox cannot
# write its counts at its end, so the program is run without, and what only runs inside it
# (src/confine) counts as not covered. Of the faults every fifth is tried. A test that fails counts all
# the same; `make check` and `make check-full` are where tests fail.
#   coverage.sh BUILD TEST...      a build with --coverage; gcovr is needed; the table: BUILD/coverage.txt
set -u
command -v gcovr >/dev/null || { echo 'coverage: gcovr is not installed'; exit 1; }
build=$1
shift
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
chmod 755 "$tmp"
find "$build" -name '*.gcda' -delete
cat >"$tmp/await100" <<END
#!/bin/sh
exec '$(realpath "$build/await100")' --no-sandbox "\$@"
END
chmod 755 "$tmp/await100"
export NO_SANDBOX=1
told() { # what failed, and the last line
    sed -n -e '/FAILED/{p;d}' -e '$p' | sed 's/^/coverage: /'
}
sh tests/run.sh "$@" 2>&1 | told
# shellcheck disable=SC2046 # a list of words
sh tests/fuzz/replay.sh $(ls tests/fuzz/fuzz_*.c | sed "s|\(.*\)\.c|$build/\1|") 2>&1 | told
"$build/tests/tools/golden" --program "$tmp/await100" 2>&1 | told
sh tests/save.sh "$tmp/await100" 2>&1 | told
sh tests/bundle/check.sh "$tmp/await100" "$build/tests/tools" 2>&1 | told
python3 tests/align/check.py "$tmp/await100" 2>&1 | told
sh tests/reports/check.sh "$tmp/await100" "$build/tests/tools" 2>&1 | told
bash tests/tui/check.sh "$build/await100" "$build/tests/tools" 2>&1 | told
sh tests/fault/check.sh "$build/await100" "$build/tests/fault/fault.so" --every 5 --without sandbox 2>&1 | told
bash tests/live/check.sh "$tmp/await100" 2>&1 | told
for format in text json csv html md har; do
    for capture in pcaps/ignored.pcap pcaps/squid-refuses-expect-legs.pcap pcaps/full-packets-lost.pcap; do
        "$tmp/await100" -A -r "$capture" -o $format >/dev/null 2>&1
    done
done
gcovr -r . --object-directory "$build" --filter 'src/' --exclude 'src/tui/' --exclude 'src/dist/' \
    --exclude-unreachable-branches --gcov-ignore-parse-errors "$build" \
    --txt "$build/coverage.txt" --print-summary 2>/dev/null | grep -v '^functions'
