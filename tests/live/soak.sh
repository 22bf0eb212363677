#!/bin/bash
# Honest clients for MINUTES (60) beside an attacker on the same wire (hostile.py, RATE frames a
# second, 2000), captured live with --memory 64M: its memory (without the ring in the kernel, which -B
# sizes) stays flat, every exchange of the honest has its record, and no verdict on one is wrong and sure.
# One in a thousand may be `incomplete`, and its evidence says what it lacks: the attacker can have
# states let go, or packets not captured.
# Skipped, and said so, without root.
#   soak.sh PROGRAM
set -u
export LC_ALL=C TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin
program=$(realpath "$1")
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../bench/flat.sh"
C=awk-$$-c S=awk-$$-s
if [ "$(id -u)" -ne 0 ] || ! ip netns add $C 2>/dev/null; then
    echo "soak: skipped, network namespaces need root"
    exit 0
fi
tmp=$(mktemp -d)
chmod 755 "$tmp"
pids=()
cleanup() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
    ip netns del $C 2>/dev/null
    ip netns del $S 2>/dev/null
    rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

ip netns add $S
ip -n $C link set lo up
ip -n $S link set lo up
ip -n $C link add c0 type veth peer name s0 netns $S
ip -n $C link set c0 mtu 9100
ip -n $S link set s0 mtu 9100
ip -n $C addr add 10.101.0.1/24 dev c0
ip -n $S addr add 10.101.0.2/24 dev s0
ip -n $C link set c0 up
ip -n $S link set s0 up
head -c 5000 /dev/zero | tr '\0' u >"$tmp/file"
ip netns exec $S /usr/bin/python3 "$here/../lab/scripted.py" 10.101.0.2 8300 >/dev/null 2>&1 &
pids+=($!)
for _ in $(seq 100); do
    ip netns exec $C bash -c 'exec 3<>/dev/tcp/10.101.0.2/8399' 2>/dev/null && break
    sleep 0.1
done

ip netns exec $C "$program" -i c0 --memory 64M -o ndjson -O "$tmp/log" >"$tmp/out" 2>"$tmp/err" &
capture=$!
pids+=($capture)
for _ in $(seq 100); do grep -q 'capturing on' "$tmp/err" && break; sleep 0.1; done
while kill -0 $capture 2>/dev/null; do
    awk '/^RssAnon/ { print $2 }' /proc/$capture/status >>"$tmp/rss" 2>/dev/null
    sleep 5
done &
pids+=($!)
ip netns exec $C /usr/bin/python3 "$here/hostile.py" c0 "$(ip -n $S -j link show s0 | jq -r '.[0].address')" \
    10.101.0.2 10.101.0.1 8300,8301,8303,8308,8316 "${RATE:-2000}" "${SEED:-1}" "$here"/../../pcaps/*.pcap &
hostile=$!
pids+=($hostile)

# A line "TARGET CAUSE" in $tmp/sent for each request that was answered, or given up, as it should.
one() { # PORT CAUSE STATUS NUMBER [OPTIONS...]
    local port=$1 cause=$2 wanted=$3 target=/soak/$2/$4 got
    shift 4
    got=$(ip netns exec $C curl -q -s -o /dev/null -w '%{http_code}' --max-time 20 -T "$tmp/file" \
        -H 'Expect: 100-continue' "$@" "http://10.101.0.2:$port$target")
    [ "$got" = "$wanted" ] && echo "$target $cause" >>"$tmp/sent"
}
end=$((SECONDS + ${MINUTES:-60} * 60)) n=0
while [ $SECONDS -lt $end ] && kill -0 $capture 2>/dev/null; do
    n=$((n + 1))
    one 8316 continued 201 $n &
    one 8300 ignored 201 $n &
    one 8303 expect-refused 201 $n &
    one 8308 deadlock 000 $n --expect100-timeout 30 &
    one 8301 deadlock 000 late-$n --expect100-timeout 20 --max-time 1 & # the 100 comes after it
    sleep 1
    # A moment in which it is not given the processor: what it needs for catching up is needed early,
    # and not whenever the machine happens to be busy.
    case $n in
    20 | 40 | 60)
        kill -STOP $capture
        sleep 3
        kill -CONT $capture
        ;;
    esac
done
attacked=yes
kill $hostile || attacked=
sleep 5
kill -INT $capture
wait $capture
status=$?
tail -n 5 "$tmp/err"

jq -r 'select(.request.target // "" | startswith("/soak/")) | select(.request.expect // "" != "")
    | [.request.target, .verdict.cause, .verdict.confidence, (.verdict.evidence | join(" "))] | @tsv' \
    "$tmp/log" >"$tmp/told"
awk -v status=$status -v rate="${RATE:-2000}" -v minutes="${MINUTES:-60}" -v packets="$(wc -l <"$tmp/log")" '
    FILENAME ~ /sent$/ { wanted[$1] = $2; sent++; next }
    FILENAME ~ /told$/ { told[$1]++; cause[$1] = $2; sure[$1] = $3; why[$1] = $0; sub(/^([^\t]*\t){3}/, "", why[$1]); next }
    END {
        for (t in wanted) {
            if (!told[t]) { missing++; print "soak: no record: " t; continue }
            if (told[t] > 1) { twice++; print "soak: twice: " t }
            if (sure[t] == "high") high++
            if (cause[t] != wanted[t]) print "soak: " t ": " cause[t] ", " sure[t] ": " why[t]
            else if (sure[t] != "high") {
                doubt = why[t]
                sub(/.*confidence [a-z]+: /, "", doubt)
                doubts[cause[t] ": " doubt]++
            }
            if (cause[t] == wanted[t]) { right++; continue }
            if (cause[t] == "incomplete") { unseen++; continue }
            if (sure[t] == "high") wrong++
        }
        printf "soak: %d minutes, %d hostile frames a second, %d records in all; exit status %d\n", minutes, rate, packets, status
        for (d in doubts) printf "soak: not sure, %d times: %s\n", doubts[d], d
        printf "soak: %d exchanges of the honest: %d right, %d sure, %d incomplete, %d wrong and sure, %d without a record, %d twice\n",
               sent, right, high, unseen, wrong, missing, twice
        exit status != 0 || wrong || missing || twice || sent == 0 || unseen * 1000 > sent
    }' "$tmp/sent" "$tmp/told" || status=1
flat "$tmp/rss" 'MiB of its own' 64M || { echo "soak: FAILED: memory"; status=1; }
[ -n "$attacked" ] || { echo "soak: FAILED: the attacker had ended before"; status=1; }
[ $status -eq 0 ] && echo "soak: passed" || echo "soak: FAILED"
exit $status
