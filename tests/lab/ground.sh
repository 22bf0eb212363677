# The ground that the lab and its claims stand on: three namespaces of this run, processes that end
# with it, and the plain clients. Sourced; $here is this folder.
# shellcheck shell=bash disable=SC2154
#
#   client 10.100.0.2 --- veth --- proxy 10.100.0.1 | 10.100.1.1 --- veth --- server 10.100.1.2
#          10.100.2.2 ------- TUN, 20 ms each way, trouble on demand -------- 10.100.2.3

C=aw-$$-c P=aw-$$-p S=aw-$$-s
tmp=$(mktemp -d)
pids=()
declare -A peers=() # of the wide cases: yes, no

cleanup() {
    trap - EXIT INT TERM
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
    for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null; done
    for ns in $C $P $S; do ip netns del "$ns" 2>/dev/null; done
    [ -n "${LAB_KEEP:-}" ] || rm -rf "$tmp"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

in_ns() { local ns=$1; shift; ip netns exec "$ns" "$@"; }
daemon() { # NS NAME COMMAND...
    local ns=$1 name=$2
    shift 2
    ip netns exec "$ns" "$@" >"$tmp/$name.stdout" 2>&1 &
    pids+=($!)
}
await_port() { # NS ADDRESS PORT
    for _ in $(seq 100); do
        in_ns "$1" bash -c "exec 3<>/dev/tcp/$2/$3" 2>/dev/null && return
        sleep 0.1
    done
    echo "lab: nothing listens on $2:$3" >&2
    return 1
}

# --- the network ---

network() {
    for ns in $C $P $S; do
        ip netns add "$ns" || exit 1
        in_ns "$ns" sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1
        ip -n "$ns" link set lo up
    done
    ip -n $C link add c0 address 02:00:00:00:00:01 type veth peer name p0 netns $P
    ip -n $S link add s0 address 02:00:00:00:00:04 type veth peer name p1 netns $P
    ip -n $P link set p0 address 02:00:00:00:00:02
    ip -n $P link set p1 address 02:00:00:00:00:03
    ip -n $C addr add 10.100.0.2/24 dev c0
    ip -n $P addr add 10.100.0.1/24 dev p0
    ip -n $P addr add 10.100.1.1/24 dev p1
    ip -n $S addr add 10.100.1.2/24 dev s0
    ip -n $C tuntap add far mode tun
    ip -n $S tuntap add far mode tun
    ip -n $C addr add 10.100.2.2/24 dev far
    ip -n $S addr add 10.100.2.3/24 dev far
    ip -n $C link set c0 up
    ip -n $P link set p0 up
    ip -n $P link set p1 up
    ip -n $S link set s0 up
    in_ns $P sysctl -qw net.ipv4.ip_forward=1
    ip -n $C route add default via 10.100.0.1
    ip -n $S route add default via 10.100.1.1
    : >"$tmp/trouble"
    /usr/bin/python3 "$here/wire.py" $C $S far 20 "$tmp/trouble" >"$tmp/wire.stdout" 2>&1 &
    pids+=($!)
    for _ in $(seq 50); do grep -q ready "$tmp/wire.stdout" && break; sleep 0.1; done
    ip -n $C link set far up
    ip -n $S link set far up
}

# --- plain clients: their account goes to $log ---

transfer() { # curl with these arguments, at the client
    commands="$commands${commands:+ ; }curl $*"
    in_ns $C curl -q -s -S -v -o /dev/null --max-time 20 -w '\nCODE %{http_code}\n' "$@" >>"$log" 2>&1
}
script() { # client.py with these arguments
    commands="$commands${commands:+ ; }client.py $*"
    in_ns $C /usr/bin/python3 "$here/client.py" "$@" >>"$log" 2>&1
}
