#!/bin/bash
# What live capture loses: a capture is sent over a veth pair as fast as tcpreplay can, to tcpdump
# and to await100 in turn: its report, its dashboard, one socket and several. In ROUNDS (3) rounds,
# since a machine that others share stops for a moment now and then: the median of the rates, and the
# sums of the packets. Skipped, and said so, without root or tcpreplay; the dashboard without tmux.
#   live.sh PROGRAM CAPTURE...
set -u
export LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin
program=$(realpath "$1")
shift
N=awb-$$
command -v tcpreplay >/dev/null || { echo "live: skipped, tcpreplay is not installed"; exit 0; }
if [ "$(id -u)" -ne 0 ] || ! ip netns add $N 2>/dev/null; then
    echo "live: skipped, network namespaces need root"
    exit 0
fi
tmp=$(mktemp -d)
chmod 755 "$tmp"
pid= screens=0
trap '[ -z "$pid" ] || kill $pid; mux kill-server 2>/dev/null; ip netns del $N; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
ip netns exec $N sysctl -qw net.ipv6.conf.default.disable_ipv6=1
ip -n $N link add r0 type veth peer name r1
ip -n $N link set r0 mtu 65535 up
ip -n $N link set r1 mtu 65535 up

replay() { # CAPTURE: packets a second
    ip netns exec $N tcpreplay --preload-pcap --topspeed -q -i r0 "$1" 2>/dev/null |
        sed -n 's/^Rated:.* \([0-9.]*\) pps/\1/p'
}

# row NAME CAPTURE READY COMMAND...: a line "NAME|RATE|SEEN|LOST" more in $tmp/rows
row() {
    local name=$1 capture=$2 ready=$3 rate seen lost
    shift 3
    : >"$tmp/err"
    ip netns exec $N "$@" >"$tmp/out" 2>"$tmp/err" &
    pid=$!
    for _ in $(seq 100); do grep -q "$ready" "$tmp/err" && break; sleep 0.1; done
    rate=$(replay "$capture")
    sleep 1
    kill -INT $pid
    wait $pid
    pid=
    case $name in
    tcpdump*) seen=$(sed -n 's/ packets captured//p' "$tmp/err") lost=$(sed -n 's/ packets dropped by kernel//p' "$tmp/err") ;;
    *) seen=$(jq .input.packets "$tmp/out") lost=$(jq .input.dropped "$tmp/out") ;;
    esac
    echo "$name|$rate|$seen|$lost" >>"$tmp/rows"
}

# The dashboard says on its first line what it has seen and what was dropped, from a million on in
# three digits.
mux() { tmux -S "$tmp/tmux$screens" -f /dev/null "$@"; }
screen() { mux capture-pane -p 2>/dev/null | head -n 1; }
figure() { numfmt --from=si <<<"${1// /}"; }
dashboard() { # NAME CAPTURE
    local name=$1 capture=$2 rate first seen lost
    command -v tmux >/dev/null || return
    screens=$((screens + 1)) # a server that ends would take the next one with it
    mux new-session -d -x 150 -y 40 "ip netns exec $N '$program' --no-config -i r1"
    for _ in $(seq 100); do case $(screen) in *live*packets*) break ;; esac; sleep 0.1; done
    rate=$(replay "$capture")
    sleep 1.5
    first=$(screen)
    mux kill-server
    seen=$(sed -n 's/.*  \([0-9.]*\( [MG]\)\?\) packets .*/\1/p' <<<"$first")
    lost=$(sed -n 's/.*  dropped \([0-9.]*\( [MG]\)\?\).*/\1/p; t; s/.*/0/p' <<<"$first")
    echo "$name|$rate|$(figure "$seen")|$(figure "$lost")" >>"$tmp/rows"
}

# The rows of all rounds as a table, in the order in which they came first.
table() { # CAPTURE
    sort -t'|' -k1,1 -k2,2n "$tmp/rows" | awk -F'|' -v name="${1##*/}" '
        { rate[$1, ++runs[$1]] = $2; seen[$1] += $3; lost[$1] += $4 }
        END {
            sub(/-.*/, "", name)
            while ((getline line <first) > 0) {
                split(line, f, "|")
                if (done[f[1]]++) continue
                printf "%-10s %-22s %10.0f %10d %8d\n", name, f[1],
                       rate[f[1], int((runs[f[1]] + 1) / 2)], seen[f[1]], lost[f[1]]
            }
        }' first="$tmp/rows"
}

printf '%-10s %-22s %10s %10s %8s\n' live 'captured by' packets/s seen dropped
for capture in "$@"; do
    : >"$tmp/rows"
    for _ in $(seq "${ROUNDS:-3}"); do
        row tcpdump "$capture" 'listening on' tcpdump -i r1 -w /dev/null
        row 'tcpdump -B 32768' "$capture" 'listening on' tcpdump -B 32768 -i r1 -w /dev/null
        row await100 "$capture" 'capturing on' "$program" -i r1 -o json
        dashboard 'await100, dashboard' "$capture"
        for jobs in 1 2 4; do
            row "await100 -j $jobs" "$capture" 'capturing on' "$program" -i r1 -o json -j $jobs
        done
    done
    table "$capture"
done
