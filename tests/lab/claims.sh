#!/bin/bash
# What agents.def claims of clients, servers and proxies, tried on the products themselves.
#
#   tests/lab/claims.sh [--all] PROGRAM [AGENT...]     as root
#
# Each line of claims.tsv says how a claim is made to happen and what has to be seen; claims.py looks
# for it in PROGRAM's records of two captures (the client's leg at the client, the origin's leg at
# the server) and in what client and server said themselves. Without --all only those claims are
# tried that need no more than lab.sh does. A product that is absent is named and skipped.
set -u
unset AWS_CA_BUNDLE http_proxy https_proxy no_proxy all_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY ALL_PROXY
export LC_ALL=C TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd "$(dirname "$0")" && pwd)
all=
[ "${1:-}" != --all ] || { all=yes; shift; }
program=$(readlink -f "$1")
shift
only=" $* "

[ "$(id -u)" = 0 ] || { echo "claims: needs root for network namespaces" >&2; exit 1; }
for tool in ip tcpdump curl nginx apache2 lighttpd squid haproxy python3; do
    command -v "$tool" >/dev/null || { echo "claims: $tool is missing" >&2; exit 1; }
done

. "$here/ground.sh"
. "$here/servers.sh"
. "$here/peers.sh"
. "$here/claim_peers.sh"
# A client that hangs has answered, too.
in_ns() { ip netns exec "$1" timeout 20 "${@:2}"; }
# shellcheck disable=SC2034 # for the table
N=http://10.100.1.2:8001 A=http://10.100.1.2:8002 L=http://10.100.1.2:8003 E='Expect: 100-continue'
scr() { echo "http://10.100.1.2:$((8300 + $1))/up/$id"; }

listen() { # NS DEVICE FILE
    ip netns exec "$1" tcpdump -i "$2" -Z root -B 32768 -U --immediate-mode -s 0 \
        --time-stamp-precision=nano -w "$3" tcp 2>"$3.tcpdump" &
    dumps+=($!)
    pids+=($!)
    for _ in $(seq 50); do grep -q 'listening on' "$3.tcpdump" && break; sleep 0.05; done
}

page() { # curl with these arguments: the content that came back is part of the account
    in_ns $C curl -q -s -S -i --max-time 20 "$@" >>"$log" 2>&1
}
try() { # HOW: a claim of its own, beside others
    log=$tmp/claims/$id commands=
    : >"$log"
    eval "$1" || echo "[exit status $?]" >>"$log"
}

network
servers
mkdir -p "$tmp/claims"
head -c 3000 /dev/zero | tr '\0' u >"$tmp/short"
head -c 1048576 /dev/zero | tr '\0' u >"$tmp/mib"
{ cat "$tmp/mib"; echo u; } >"$tmp/more"
head -c 3000000 /dev/zero | tr '\0' u >"$tmp/large"
echo five >"$tmp/five"

# The products first, so that what they say to themselves at their start stays out of the captures.
lines=0
while IFS=$'\t' read -r agent from claim needs how seen; do
    case $agent in '' | \#*) continue ;; esac
    [ "$only" = '  ' ] || [[ $only = *" $agent "* ]] || continue
    lines=$((lines + 1))
    [ "$how" != - ] || continue
    id=$(printf 'c%03d' $lines)
    absent=
    for peer in ${needs//-/}; do
        { [ -n "$all" ] && ready "$peer"; } || absent="$absent $peer"
    done
    if [ -n "$absent" ]; then
        [ -z "$all" ] || echo "skipped, no$absent here: $agent: $claim"
        echo "$agent" >>"$tmp/skipped"
        continue
    fi
    printf '%s\t' "$id" "$agent" "$from" "$claim" "$how" >>"$tmp/tried"
    echo "$seen" >>"$tmp/tried"
done <"$here/claims.tsv"

try_all() { # what $tmp/tried lists, a few at a time: most of them only wait
    dumps=()
    jobs=()
    listen $C c0 "$tmp/client.pcap"
    listen $S s0 "$tmp/origin.pcap"
    while IFS=$'\t' read -r id agent from claim how seen; do
        if [ ${#jobs[@]} -ge 6 ]; then
            wait "${jobs[0]}"
            jobs=("${jobs[@]:1}")
        fi
        try "$how" </dev/null &
        jobs+=($!)
    done <"$tmp/tried"
    for job in "${jobs[@]}"; do wait "$job"; done
    sleep 0.5
    for dump in "${dumps[@]}"; do kill -INT "$dump" && wait "$dump"; done
    for leg in client origin; do
        "$program" -A -o ndjson -r "$tmp/$leg.pcap" >"$tmp/$leg.ndjson" || exit 1
    done
}
[ -z "${LAB_KEEP:-}" ] || echo "claims: kept in $tmp"
touch "$tmp/skipped"
echo "claims: $(wc -l <"$tmp/tried") of $(cut -f 2,3 "$tmp/tried" | sort -u | wc -l) rows, $(wc -l <"$tmp/skipped") skipped"
# A busy machine can upset the timing of a claim: what went wrong is tried again, twice at most.
for round in 1 2 3; do
    try_all
    /usr/bin/python3 "$here/claims.py" "$tmp" && exit 0
    [ $round = 3 ] || { mv "$tmp/wrong" "$tmp/tried"; echo "claims: once more"; }
done
exit 1
