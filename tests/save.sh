#!/bin/sh
# Packets as an output, on the captures in pcaps/:
#   -w        what failed fails again in the file, in the same way; a file and a pipe give the same;
#             the packets are some of the input's, in its order, and all of those connections
#   --record  every packet, to the nanosecond; rotation by size and time as tcpdump names files
#   --from --to
#   save.sh PROGRAM [all]     all: every capture, else one in eight (needs tcpdump, capinfos, python3)
set -eu
cd "$(dirname "$0")/.."
program=$(realpath "$1")
for tool in tcpdump capinfos python3; do
    command -v $tool >/dev/null || { echo "save: skipped: no $tool"; exit 0; }
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
failed=0
passed=0
check() { # check NAME COMMAND...: counts, and says what failed
    what=$1
    shift
    if "$@" >"$dir/log" 2>&1; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "save: FAILED $what: $*"
        head -5 "$dir/log"
    fi
}
packets() { tcpdump -tt --nano -nnxxr "$1" 2>/dev/null; }
same_packets() { packets "$1" >"$dir/p1" && packets "$2" >"$dir/p2" && cmp "$dir/p1" "$dir/p2"; }
count() { capinfos -cM "$1" | awk '/Number of packets/ { print $NF }'; }
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; false; }; }

# Failing records of two NDJSON files are the same but for what names the file, numbers in it, and
# what depends on the share of the traffic that is there (how sure a verdict is).
cat >"$dir/failing.py" <<'PY'
import json, sys
def failing(path):
    out = []
    for line in open(path):
        r = json.loads(line)
        v = r["verdict"]
        if not v or v["severity"] not in ("warning", "error"): continue
        by = v["recovered_by"]
        out.append((r["time"], r["connection"]["client"], r["connection"]["client_port"],
            r["request"] and r["request"]["target"], r["response"] and r["response"]["status"],
            r["timing"]["wait_ms"], r["timing"]["total_ms"], r["cost"], r["chain"]["attempt"],
            r["chain"]["of"], v["cause"], v["severity"], v["party"], v["also"], v["recovered"], by and (by["time"], by["status"], by["after_ms"])))
    return sorted(out, key=repr)
a, b = failing(sys.argv[1]), failing(sys.argv[2])
for x in a:
    if x not in b: print("gone or changed:", x)
for x in b:
    if x not in a: print("new:", x)
sys.exit(a != b)
PY

# Lines of the second are lines of the first, in its order.
cat >"$dir/within.py" <<'PY'
import sys
whole = iter(open(sys.argv[1]))
for line in open(sys.argv[2]):
    for other in whole:
        if other == line: break
    else:
        print("not in the input, or out of order:", line); sys.exit(1)
PY

captures=0
seen=0
for capture in pcaps/*.pcap pcaps/*.pcapng pcaps/*.gz pcaps/*.zst; do
    [ -e "$capture" ] || continue
    seen=$((seen + 1))
    [ "${2:-}" = all ] || [ $((seen % 8)) -eq 1 ] || continue
    captures=$((captures + 1))
    name=$(basename "$capture")
    check "$name: runs" "$program" -q -r "$capture" -o ndjson -O "$dir/all.ndjson" \
        -w "$dir/failing.cap" --record "$dir/every.cap"
    "$program" -q -r "$dir/failing.cap" -o ndjson -O "$dir/again.ndjson" || :
    check "$name: the same verdicts" python3 "$dir/failing.py" "$dir/all.ndjson" "$dir/again.ndjson"
    cat "$capture" | "$program" -q -r - -o ndjson -O /dev/null -w "$dir/piped.cap" || :
    check "$name: from a pipe" cmp "$dir/failing.cap" "$dir/piped.cap"
    case $capture in
    *.pcap)
        packets "$capture" >"$dir/whole"
        packets "$dir/every.cap" >"$dir/every"
        packets "$dir/failing.cap" >"$dir/part"
        check "$name: every packet" cmp "$dir/whole" "$dir/every"
        check "$name: some packets, in order" python3 "$dir/within.py" "$dir/whole" "$dir/part"
        ;;
    esac
done
check "there are captures" [ $captures -gt 10 ]

# --- several inputs, several link types ---
big=pcaps/busy-mixed.pcap
"$program" -q -r pcaps/ignored.pcap -r $big -O /dev/null --record "$dir/two.cap" -w "$dir/twow.cap"
check "two inputs: all packets" is "$(count "$dir/two.cap")" \
    "$(($(count pcaps/ignored.pcap) + $(count $big)))"
if command -v editcap >/dev/null && command -v mergecap >/dev/null; then
    editcap -T rawip "$big" "$dir/other.cap" # the bytes are no matter
    mergecap -a -w "$dir/mixed.pcapng" pcaps/ignored.pcap "$dir/other.cap"
    "$program" -q -r "$dir/mixed.pcapng" -O /dev/null --record "$dir/m.cap"
    check "link types: kept" is "$(capinfos -cE "$dir/m.cap" | grep -c 'Ethernet\|Raw IP\|Per packet')" \
        "$(capinfos -cE "$dir/mixed.pcapng" | grep -c 'Ethernet\|Raw IP\|Per packet')"
    check "link types: all packets" is "$(count "$dir/m.cap")" "$(count "$dir/mixed.pcapng")"
fi

# --- rotation ---
mkdir "$dir/size" "$dir/ring" "$dir/time"
whole=$(count $big)
python3 - $big "$dir/long.cap" <<'PY' # forty times the same, an hour apart, so that files fill
import struct, sys
data = open(sys.argv[1], "rb").read()
magic = struct.unpack("<I", data[:4])[0]
assert magic in (0xa1b2c3d4, 0xa1b23c4d)
out = bytearray(data[:24])
for k in range(40):
    at = 24
    while at < len(data):
        sec, frac, cap, wire = struct.unpack("<IIII", data[at:at + 16])
        out += struct.pack("<IIII", sec + 3600 * k, frac, cap, wire) + data[at + 16:at + 16 + cap]
        at += 16 + cap
open(sys.argv[2], "wb").write(out)
PY
long=$(count "$dir/long.cap")
"$program" -q -r "$dir/long.cap" -O /dev/null --record "$dir/size/x.cap" -C 1
tcpdump --nano -r "$dir/long.cap" -C 1 -w "$dir/size/t.cap" -Z "$(id -un)" 2>/dev/null
check "-C: names as tcpdump's" is "$(ls "$dir/size" | sed -n 's/^x//p' | sort | tr '\n' ' ')" \
    "$(ls "$dir/size" | sed -n 's/^t//p' | sort | tr '\n' ' ')"
check "-C: more than one" [ -e "$dir/size/x.cap2" ]
for file in "$dir"/size/x.cap*; do
    check "-C: $(basename "$file") packets as tcpdump's" same_packets "$file" \
        "$dir/size/t.cap${file##*x.cap}"
done
"$program" -q -r "$dir/long.cap" -O /dev/null --record "$dir/ring/x" -C 1 -W 3
check "-C -W: a ring" is "$(ls "$dir/ring" | tr '\n' ' ')" "x0 x1 x2 "
TZ=UTC "$program" -q -r "$dir/long.cap" -O /dev/null --record "$dir/time/x-%Y%m%d-%H%M%S.cap" -G 3600
check "-G: a file an hour" is "$(ls "$dir/time" | wc -l)" 40
sum=0
for file in "$dir"/time/*; do sum=$((sum + $(count "$file"))); done
check "-G: every packet once" is $sum "$long"
rm "$dir"/time/*
TZ=UTC "$program" -q -r "$dir/long.cap" -O /dev/null --record "$dir/time/x-%H%M%S" -G 3600 -W 2
check "-G -W: stops" is "$(ls "$dir/time" | wc -l)" 2

# --- time ---
from_to() { # from_to EXPECTED OPTIONS...
    want=$1
    shift
    "$program" -q -r $big -O /dev/null --record "$dir/cut.cap" "$@"
    is "$(count "$dir/cut.cap")" "$want"
}
first=$(tcpdump -tt --nano -nr $big -c 1 2>/dev/null | cut -d' ' -f1)
within() { # packets from $1 to $2 seconds after the first
    tcpdump -tt --nano -nr $big 2>/dev/null | python3 -c "
import sys
from decimal import Decimal as D
t = [D(l.split()[0]) - D('$first') for l in sys.stdin]
print(sum(D('$1') <= x <= D('$2') for x in t))"
}
check "--from after the first" from_to "$(within 1 99)" --from +1s
check "--to after the first" from_to "$(within 0 2.5)" --to +2500ms
check "--from --to" from_to "$(within 1 2)" --from +1 --to +2
utc=$(date -u -d "@${first%.*}" +%Y-%m-%dT%H:%M:%SZ)
away=$(TZ=Asia/Tokyo date -d "@${first%.*}" +%Y-%m-%dT%H:%M:%S)
clock=$(TZ=Asia/Tokyo date -d "@${first%.*}" +%H:%M:%S)
check "--from in UTC" from_to "$whole" --from "$utc"
check "--to in UTC" from_to 0 --to "$utc"
TZ=Asia/Tokyo
export TZ
check "--from local" from_to "$whole" --from "$away"
check "--to local" from_to 0 --to "$away"
check "--from a time of day" from_to "$whole" --from "$clock"
check "--to a time of day" from_to 0 --to "$clock"

# --- refused ---
status() { # status EXPECTED OPTIONS...
    want=$1
    shift
    got=0
    "$program" "$@" >/dev/null 2>"$dir/words" || got=$?
    is "$got" "$want"
}
cp $big "$dir/own.pcap"
"$program" -q -r $big -O /dev/null --record - >"$dir/piped.cap"
check "--record -" same_packets $big "$dir/piped.cap"
check "-w over the input" status 4 -r "$dir/own.pcap" -w "$dir/own.pcap"
check "-O over the input" status 4 -r "$dir/own.pcap" -O "$dir/own.pcap"
check "--metrics over the input" status 4 -r "$dir/own.pcap" --metrics "$dir/own.pcap"
check "two outputs in one file" status 2 -r "$dir/own.pcap" -O "$dir/both" -w "$dir/both"
check "the input is whole" cmp $big "$dir/own.pcap"
check "-w - beside the report" status 2 -r $big -w -
check "-W alone" status 2 -r $big --record "$dir/x" -W 2
check "-C without --record" status 2 -r $big -C 1
check "a moment that is none" status 2 -r $big --from tomorrow
check "--from live" status 2 -i lo --from +1s
check "-w in no folder" status 4 -r $big -w "$dir/none/x"
check "-Y that is none" status 2 -r $big -Y "status = 417"
if [ -w /dev/full ]; then
    check "a full disk" status 4 -q -r $big -O /dev/null --record /dev/full
    check "a full disk: told" grep -q "No space left on device" "$dir/words"
fi

# --- what -Y does not match is not written ---
"$program" -q -r $big -O /dev/null -Y "cause == ignored" -w "$dir/y.cap"
"$program" -q -r "$dir/y.cap" -o ndjson -O "$dir/y.ndjson"
check "-Y -w: only what matches" is "$(grep -c '"cause":"ignored"' "$dir/y.ndjson") $(wc -l <"$dir/y.ndjson")" "6 6"

echo "save: $passed checks passed, $failed failed"
[ $failed -eq 0 ]
