#!/bin/bash
# What live capture loses: a capture is sent over a veth pair as fast as tcpreplay can, to tcpdump
# and to await100 in turn: its report, its dashboard, one socket and several. Skipped, and said so,
# without root or tcpreplay; the dashboard without tmux.
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
pid=
trap '[ -z "$pid" ] || kill $pid; tmux -S "$tmp/tmux" kill-server 2>/dev/null; ip netns del $N; rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
ip netns exec $N sysctl -qw net.ipv6.conf.default.disable_ipv6=1
ip -n $N link add r0 type veth peer name r1
ip -n $N link set r0 mtu 65535 up
ip -n $N link set r1 mtu 65535 up

replay() { # CAPTURE: packets a second
    ip netns exec $N tcpreplay --preload-pcap --topspeed -q -i r0 "$1" 2>/dev/null |
        sed -n 's/^Rated:.* \([0-9.]*\) pps/\1/p'
}

line() { # NAME CAPTURE RATE SEEN LOST
    local capture=${2##*/}
    printf '%-14s %-22s %12.0f %10s %10s\n' "${capture%%-*}" "$1" "$3" "$4" "$5"
}

# row NAME CAPTURE READY COMMAND...
row() {
    local name=$1 capture=$2 ready=$3 rate seen lost
    shift 3
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
    line "$name" "$capture" "$rate" "$seen" "$lost"
}

# The dashboard says on its first line what it has seen and what was dropped.
screen() { tmux -S "$tmp/tmux" capture-pane -p 2>/dev/null | head -n 1; }
dashboard() { # NAME CAPTURE [OPTIONS...]
    local name=$1 capture=$2 rate first
    shift 2
    command -v tmux >/dev/null || return
    tmux -S "$tmp/tmux" -f /dev/null new-session -d -x 150 -y 40 \
        "ip netns exec $N '$program' --no-config -i r1 $*"
    for _ in $(seq 100); do case $(screen) in *live*packets*) break ;; esac; sleep 0.1; done
    rate=$(replay "$capture")
    sleep 1.5
    first=$(screen)
    tmux -S "$tmp/tmux" kill-server
    line "$name" "$capture" "$rate" "$(sed -n 's/.*  \([0-9.]*\( [MG]\)\?\) packets .*/\1/p' <<<"$first")" \
        "$(sed -n 's/.*  dropped \([0-9.]*\( [MG]\)\?\).*/\1/p; t; s/.*/0/p' <<<"$first")"
}

printf '%-14s %-22s %12s %10s %10s\n' live 'captured by' 'packets/s' seen dropped
for capture in "$@"; do
    row tcpdump "$capture" 'listening on' tcpdump -i r1 -w /dev/null
    row 'tcpdump -B 32768' "$capture" 'listening on' tcpdump -B 32768 -i r1 -w /dev/null
    row await100 "$capture" 'capturing on' "$program" -i r1 -o json
    dashboard 'await100, dashboard' "$capture"
    for jobs in 1 2 4; do
        row "await100 -j $jobs" "$capture" 'capturing on' "$program" -i r1 -o json -j $jobs
    done
done
