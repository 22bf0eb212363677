#!/bin/sh
# The program in its sandbox: the same bytes as without, every way of output, and what the processes
# have really given up. As root also that outputs appear in folders that only root may write to.
#   confine.sh PROGRAM
set -eu
cd "$(dirname "$0")/.."
program=$(realpath "$1")
work=$(mktemp -d)
child=
trap 'if [ -n "$child" ]; then kill -9 "$child" 2>/dev/null || :; fi; rm -rf "$work"' EXIT
chmod 755 "$work"
umask 022
passed=0
good() {
    passed=$((passed + 1))
}
bad() {
    echo "confine: $*"
    exit 1
}
same() { # same WHAT A B
    cmp "$2" "$3" || bad "$1: the sandbox changes what is written"
    good
}
nothing_left() { # nothing_left FOLDER: no temporary file
    left=$(find "$1" -name '.*' ! -name . -print)
    [ -z "$left" ] || bad "left behind: $left"
    good
}

# The same bytes, one capture at a time and all merged, in each format, with one engine and several.
captures=$(find pcaps -name '*.pcap*' | sort)
for capture in $captures; do
    "$program" -A -o ndjson -r "$capture" >"$work/in" 2>"$work/in.err"
    "$program" --no-sandbox -A -o ndjson -r "$capture" >"$work/out" 2>"$work/out.err"
    same "$capture" "$work/in" "$work/out"
    same "$capture: standard error" "$work/in.err" "$work/out.err"
done
for format in text json ndjson csv html md har; do
    for jobs in 1 3; do
        # shellcheck disable=SC2086 # a list of words
        "$program" -j $jobs -o $format $captures >"$work/in"
        # shellcheck disable=SC2086
        "$program" --no-sandbox -j $jobs -o $format $captures >"$work/out"
        same "$format, -j $jobs" "$work/in" "$work/out"
    done
done

# A filter that names ports, which libpcap looks up in a file.
"$program" -o json -r pcaps/ignored.pcap 'tcp port http-alt or tcp port 8300' >"$work/in"
"$program" -o json -r pcaps/ignored.pcap 'tcp port 8080 or tcp port 8300' >"$work/out"
same "a filter by name" "$work/in" "$work/out"

# Every way of output.
few='-r pcaps/ignored.pcap -r pcaps/lighttpd-continued.pcap.zst -r pcaps/nginx-continued-chunked.pcapng'
mkdir "$work/a" "$work/b"
for where in a b; do
    [ $where = a ] && switch= || switch=--no-sandbox
    cd "$work/$where"
    ln -s target.json link.json
    echo old >target.json
    chmod 640 target.json
    cd - >/dev/null
    # shellcheck disable=SC2086
    "$program" $switch $few -o json -O "$work/$where/report.json" \
        --metrics "$work/$where/metrics.prom" --streams "$work/$where/streams"
    # shellcheck disable=SC2086
    "$program" $switch $few -o json -O "$work/$where/link.json"
    # shellcheck disable=SC2086
    "$program" $switch $few -o json -O /dev/stdout >"$work/$where/stdout"
    # shellcheck disable=SC2086
    "$program" $switch $few -o json >"$work/$where/plain" --metrics /dev/stderr \
        2>"$work/$where/stderr"
    mkfifo "$work/$where/pipe"
    cat "$work/$where/pipe" >"$work/$where/piped" &
    child=$!
    # shellcheck disable=SC2086
    "$program" $switch $few -o json -O "$work/$where/pipe"
    wait "$child"
    child=
    rm "$work/$where/pipe"
    nothing_left "$work/$where"
    [ -L "$work/$where/link.json" ] || bad "the link to a report was replaced"
    [ "$(stat -c %a "$work/$where/target.json")" = 640 ] || bad "the report's mode has changed"
    good
done
diff -r "$work/a" "$work/b" || bad "the sandbox changes what is written"
[ -s "$work/a/streams/index.tsv" ] && [ -s "$work/a/metrics.prom" ] && [ -s "$work/a/piped" ] ||
    bad "an output is missing"
good

# What cannot be written is told as before.
status=0
"$program" -r pcaps/ignored.pcap -O "$work/none/report" 2>"$work/err" || status=$?
[ $status -eq 4 ] || bad "a report without a folder: exit status $status"
status=0
"$program" -r pcaps/ignored.pcap -O "$work/a/report.txt" -Z no-such-user 2>"$work/err" || status=$?
[ $status -eq 2 ] && grep -q no-such-user "$work/err" || bad "-Z no-such-user: exit status $status"
[ ! -e "$work/a/report.txt" ] || bad "a report was written after all"
nothing_left "$work/a"
status=0
"$program" -r pcaps/ignored.pcap -O /dev/full 2>"$work/err" || status=$?
[ $status -eq 4 ] || bad "a full disk: exit status $status"
good

# A standard descriptor that is closed becomes no file of ours.
status=0
"$program" -r pcaps/ignored.pcap --metrics "$work/a/m" >&- 2>"$work/err" || status=$?
[ $status -eq 4 ] || bad "no standard output: exit status $status"
"$program" -r pcaps/ignored.pcap -O "$work/a/m" <&- 2>&-
"$program" -r pcaps/ignored.pcap >"$work/b/m"
same "no standard error" "$work/a/m" "$work/b/m"
status=0
"$program" -r - <&- >/dev/null 2>"$work/err" || status=$?
[ $status -eq 3 ] || bad "no standard input: exit status $status"
good

# Damage is found and told in the sandbox as well, and what was before it is reported.
head -c 700 pcaps/ignored.pcap >"$work/cut.pcap"
status=0
"$program" -r "$work/cut.pcap" -o json -O "$work/a/cut" 2>"$work/err" || status=$?
[ $status -eq 3 ] && [ -s "$work/a/cut" ] || bad "a damaged file: exit status $status"
good

# What the processes have given up, while one waits for its input. The first bytes are a capture's
# head: once the report's temporary file is there and the filter is on, look.
field() { # field PID NAME
    sed -n "s/^$2:[[:space:]]*\([^[:space:]]*\).*/\1/p" "/proc/$1/status"
}
mkfifo "$work/input"
mkdir "$work/live"
"$program" -q -r - -o ndjson -O "$work/live/report" <"$work/input" &
child=$!
exec 9>"$work/input"
head -c 24 pcaps/ignored.pcap >&9
until [ "$(field $child Seccomp)" = 2 ] || ! kill -0 $child 2>/dev/null; do
    sleep 0.05
done
keeper=$(cat "/proc/$child/task/$child/children" | tr -d ' ')
[ -n "$keeper" ] || bad "no keeper of files"
until [ "$(field "$keeper" Seccomp)" = 2 ]; do
    kill -0 $child || bad "the program has ended"
    sleep 0.05
done
for process in $child $keeper; do
    [ "$(field "$process" NoNewPrivs)" = 1 ] || bad "no_new_privs is not set"
    [ "$(field "$process" CapBnd)" = 0000000000000000 ] || [ "$(id -u)" -ne 0 ] ||
        [ "$process" = "$keeper" ] || bad "the bounding set is $(field "$process" CapBnd)"
    good
done
for set in CapInh CapPrm CapEff CapAmb; do
    [ "$(field $child $set)" = 0000000000000000 ] || bad "$set is $(field $child $set)"
    good
done
open=$(find "/proc/$keeper/fd" -type l | wc -l)
[ "$open" -eq 2 ] || bad "the keeper holds $open descriptors, not its line and its folder"
good
if [ "$(id -u)" -eq 0 ]; then
    nobody=$(id -u nobody)
    [ "$(field $child Uid)" = "$nobody" ] || bad "the user is $(field $child Uid)"
    [ "$(field "$keeper" CapEff)" = 000000000000000a ] ||
        bad "the keeper may: $(field "$keeper" CapEff)"
    good
fi
# A killed program leaves nothing half done.
[ -n "$(find "$work/live" -name '.report.*')" ] || bad "no temporary file to be left"
kill -9 $child
{ wait $child || :; } 2>/dev/null
child=
exec 9>&-
while kill -0 "$keeper" 2>/dev/null; do
    sleep 0.05
done
nothing_left "$work/live"

# In a folder of root's, as nobody; and without root at all.
if [ "$(id -u)" -eq 0 ]; then
    mkdir -m 755 "$work/root"
    # shellcheck disable=SC2086
    "$program" $few -Z nobody -o json -O "$work/root/report.json" \
        --metrics "$work/root/metrics.prom" --streams "$work/root/streams"
    same "a folder of root's" "$work/root/report.json" "$work/a/report.json"
    same "a folder of root's, metrics" "$work/root/metrics.prom" "$work/a/metrics.prom"
    diff -r "$work/root/streams" "$work/a/streams" || bad "a folder of root's, streams"
    nothing_left "$work/root"
    mkdir -m 700 "$work/mine"
    chown nobody "$work/mine"
    cp pcaps/ignored.pcap "$program" "$work/mine/"
    chown -R nobody "$work/mine"
    setpriv --reuid nobody --clear-groups "$work/mine/await100" -r "$work/mine/ignored.pcap" \
        -o json -O "$work/mine/report.json"
    [ -s "$work/mine/report.json" ] || bad "no report without root"
    nothing_left "$work/mine"
    status=0
    setpriv --reuid nobody --clear-groups "$work/mine/await100" -r "$work/mine/ignored.pcap" \
        -O "$work/root/denied" 2>"$work/err" || status=$?
    [ $status -eq 4 ] || bad "a folder one may not write to: exit status $status"
    good
fi
echo "confine: $passed checks passed"
