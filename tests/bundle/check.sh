#!/bin/sh
# --bundle, on the captures in pcaps/ and the scenarios:
#   - the capture in it gives the same failing verdicts, and the report in it is that of the capture
#   - its packets are those that -w writes: times, lengths, numbers, flags, windows, options; right
#     checksums are right
#   - no secret and no byte of content is left, in packets or report
#   check.sh PROGRAM TOOLS [all]    all: every capture, else one in 24, and no scenario (needs tcpdump, python3)
set -eu
cd "$(dirname "$0")/../.."
program=$(realpath "$1")
tools=$(realpath "$2")
for tool in tcpdump python3 zstd; do
    command -v $tool >/dev/null || { echo "bundle: skipped: no $tool"; exit 0; }
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
        echo "bundle: FAILED $what: $*"
        head -5 "$dir/log"
    fi
}
is() { [ "$1" = "$2" ] || { echo "$1, not $2"; false; }; }
unpack() { # unpack ARCHIVE: into $dir/in
    rm -rf "$dir/in"
    mkdir "$dir/in"
    tar -C "$dir/in" -xf "$1"
}
# What a segment is, but for its payload: without link layer and protocol guesses.
segments() {
    tcpdump -tt --nano -S -nnr "$1" tcp 2>/dev/null |
        sed -E 's/^([0-9.]+) (.* )?(IP6?) ([0-9a-f.:]+ > .*length [0-9]+).*/\1 \3 \4/'
}
wrong_sums() { tcpdump -nnvvr "$1" tcp 2>/dev/null | grep -c incorrect || :; }

cat >"$dir/failing.py" <<'PY'
import json, sys
def failing(path):
    for line in open(path):
        r = json.loads(line)
        v = r["verdict"]
        if v and v["severity"] in ("warning", "error"):
            yield (r["time"], r["connection"]["client_port"], r["response"] and r["response"]["status"],
                v["cause"], v["severity"], v["party"], v["recovered"], r["timing"]["wait_ms"])
a, b = (sorted(failing(p), key=repr) for p in sys.argv[1:])
for x in a:
    if x not in b: print("gone or changed:", x)
for x in b:
    if x not in a: print("new:", x)
sys.exit(a != b)
PY

bundle() { # bundle NAME CAPTURE OPTIONS...: makes one and looks at it
    name=$1
    capture=$2
    shift 2
    check "$name: runs" "$program" -q -r "$capture" -o ndjson -O "$dir/all.ndjson" \
        --bundle "$dir/x.tar.zst" -w "$dir/failing.cap" "$@"
    unpack "$dir/x.tar.zst"
    check "$name: all parts" is "$(ls "$dir/in" | tr '\n' ' ')" \
        "README.txt capture.pcapng records.ndjson report.json report.txt "
    case $name in
    haproxy-503*) ;; # recognised by its content, which is not there: the README says so
    *) check "$name: the same verdicts" python3 "$dir/failing.py" "$dir/all.ndjson" "$dir/in/records.ndjson" ;;
    esac
    if grep -q 'two differ' "$dir/in/README.txt"; then differ=yes; else differ=no; fi
    case $name in haproxy-503*) want=yes ;; *) want=no ;; esac
    check "$name: what README.txt says of them" is $differ $want
    (cd "$dir/in" && "$program" -q -r capture.pcapng -o ndjson -O ../again.ndjson)
    check "$name: the report is that of the packets" cmp "$dir/in/records.ndjson" "$dir/again.ndjson"
}

seen=0
captures=0
for capture in pcaps/*.pcap pcaps/*.pcapng pcaps/*.gz pcaps/*.zst; do
    [ -e "$capture" ] || continue
    seen=$((seen + 1))
    [ "${3:-}" = all ] || [ $((seen % 24)) -eq 1 ] || continue
    captures=$((captures + 1))
    name=$(basename "$capture")
    bundle "$name" "$capture"
    segments "$dir/failing.cap" >"$dir/want"
    segments "$dir/in/capture.pcapng" >"$dir/got"
    check "$name: the same segments" cmp "$dir/want" "$dir/got"
    # Offloading leaves sums of the pseudo header alone; nothing makes those right by chance.
    check "$name: checksums" [ "$(wrong_sums "$dir/in/capture.pcapng")" -le "$(wrong_sums "$dir/failing.cap")" ]
    bundle "$name, no addresses" "$capture" --hide-addresses
done
check "there are captures" [ $captures -gt 5 ]

for scn in tests/scenarios/*.scn; do
    [ "${3:-}" = all ] || break
    "$tools/scn2pcap" "$scn" "$dir/s.pcap"
    bundle "$(basename "$scn")" "$dir/s.pcap"
done

# --- IPv6 ---
"$tools/scn2pcap" tests/bundle/ipv6.scn "$dir/ipv6.pcap"
bundle ipv6 "$dir/ipv6.pcap"
segments "$dir/failing.cap" >"$dir/want"
segments "$dir/in/capture.pcapng" >"$dir/got"
check "ipv6: there are segments" grep -q 'IP6 2a00:1450::77.40001 >' "$dir/want"
check "ipv6: the same segments" cmp "$dir/want" "$dir/got"
check "ipv6: checksums" is "$(wrong_sums "$dir/in/capture.pcapng")" 0
bundle "ipv6, no addresses" "$dir/ipv6.pcap" --hide-addresses
check "ipv6: no address" is "$(cat "$dir/in/r"* "$dir/in/README.txt" | grep -c '2a00:1450')" 0
check "ipv6: no address in packets" is "$(tcpdump -nnr "$dir/in/capture.pcapng" tcp 2>/dev/null | grep -c '2a00:1450')" 0
check "ipv6: numbered addresses" is "$(tcpdump -nnr "$dir/in/capture.pcapng" tcp 2>/dev/null | grep -c 'IP6 2001:db8::[12]\.')" 16
check "ipv6: checksums without addresses" is "$(wrong_sums "$dir/in/capture.pcapng")" 0

# --- secrets ---
secret='geheim\|inhalt'
"$tools/scn2pcap" tests/bundle/secrets.scn "$dir/secrets.pcap"
check "the secrets are in the input" is \
    "$(grep -a -o 'geheim[0-9]*\|inhalt[0-9]' "$dir/secrets.pcap" | sort -u | wc -l)" 28
for hide in '' --hide-addresses; do
    # shellcheck disable=SC2086 # none or one word
    bundle "secrets $hide" "$dir/secrets.pcap" $hide
    check "no secret, no content $hide" is "$(grep -rail "$secret" "$dir/in" | wc -l)" 0
    check "fields are there $hide" is "$(grep -ac '^Authorization: Basic [A-Za-z0-9]*.$' "$dir/in/capture.pcapng")" 1
    check "checksums $hide" is "$(wrong_sums "$dir/in/capture.pcapng")" 0
done
check "no address, no name" is "$(grep -rail 'files.example\|other.example' "$dir/in" | wc -l)" 0
check "numbered addresses" is "$(tcpdump -nnr "$dir/in/capture.pcapng" tcp 2>/dev/null | grep -cv '10\.0\.0\.[12]\.')" 0
"$program" -q -r "$dir/secrets.pcap" -O /dev/null --bundle "$dir/x.tar.gz" --show-secrets
unpack "$dir/x.tar.gz"
check "--show-secrets is about views" is "$(grep -rail "$secret" "$dir/in" | wc -l)" 0

# Content by its very bytes: what is in the packets and no head or framing is zero.
python3 - "$dir/content.pcap" <<'PY'
import struct, sys
data = open("pcaps/ignored.pcap", "rb").read()
end = "<" if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
out, at = bytearray(data[:24]), 24
while at < len(data):
    cap = struct.unpack(end + "I", data[at + 8:at + 12])[0]
    frame = bytearray(data[at + 16:at + 16 + cap])
    head = 14 + (frame[14] & 15) * 4
    head += (frame[head + 12] >> 4) * 4
    if frame[head:head + 4] not in (b"PUT ", b"HTTP"): # content alone
        frame[head:] = b"\xa7" * (len(frame) - head)
    out += data[at:at + 16] + frame
    at += 16 + cap
open(sys.argv[1], "wb").write(out)
PY
"$program" -q -r "$dir/content.pcap" -O /dev/null --bundle "$dir/x.tar.gz"
unpack "$dir/x.tar.gz"
check "content is in the input" [ "$(tr -cd '\247' <"$dir/content.pcap" | wc -c)" -gt 4000 ]
check "no content is left" [ "$(tr -cd '\247' <"$dir/in/capture.pcapng" | wc -c)" -lt 20 ]

# --- refused, and the disk full ---
status() { # status EXPECTED OPTIONS...
    want=$1
    shift
    got=0
    "$program" "$@" >"$dir/out" 2>&1 || got=$?
    is "$got" "$want"
}
check "another kind of archive" status 2 -r pcaps/ignored.pcap --bundle "$dir/x.zip"
check "from a pipe" status 2 -r - --bundle "$dir/x.tar.gz"
check "--hide-addresses alone" status 2 -r pcaps/ignored.pcap --hide-addresses
check "in no folder" status 4 -r pcaps/ignored.pcap --bundle "$dir/none/x.tar.gz"
cp pcaps/ignored.pcap "$dir/own.tar.gz"
check "over the input" status 4 -r "$dir/own.tar.gz" --bundle "$dir/own.tar.gz"
check "the input is whole" cmp pcaps/ignored.pcap "$dir/own.tar.gz"
if [ -w /dev/full ]; then
    ln -s /dev/full "$dir/full.tar.gz"
    check "a full disk" status 4 -q -r pcaps/ignored.pcap -O /dev/null --bundle "$dir/full.tar.gz"
fi
check "nothing failed" status 0 -r pcaps/nginx-continued.pcap -O /dev/null --bundle "$dir/x.tar.gz"
check "nothing failed: it is said" grep -q 'nothing failed' "$dir/out"

echo "bundle: $passed checks passed, $failed failed"
[ $failed -eq 0 ]
