#!/bin/bash
# Real traffic for pcaps/: curl (and a few scripted clients) against nginx, Apache httpd, lighttpd,
# squid, HAProxy and scripted servers, in three network namespaces of this run.
#
#   tests/lab/lab.sh [--all] [OUT_DIR [CASE...]]     as root; OUT_DIR is pcaps/ by default
#
# --all adds the wide cases (wide.sh): Go, Java, Node.js, PHP, Perl, Ruby, .NET and further Python
# clients and servers, and more proxies, as deps.sh installs them; what is absent is skipped.
#
# Each case is captured at the client, at the server or on all interfaces of the proxy, and says
# beforehand what client and server have to do: what curl reports and the servers log is checked,
# and a capture whose case went otherwise is not kept. The expected verdicts in MANIFEST follow from
# that, not from the program's output. Needs nothing but Debian's packages.
set -u
export LC_ALL=C TZ=UTC PATH=/usr/sbin:/usr/bin:/sbin:/bin

here=$(cd "$(dirname "$0")" && pwd)
all=
[ "${1:-}" != --all ] || { all=yes; shift; }
out=$(mkdir -p "${1:-pcaps}" && cd "${1:-pcaps}" && pwd)
shift $(($# > 0 ? 1 : 0))
only=("$@")

[ "$(id -u)" = 0 ] || { echo "lab: needs root for network namespaces" >&2; exit 1; }
for tool in ip tcpdump curl nginx apache2 lighttpd squid haproxy python3 editcap zstd gzip; do
    command -v "$tool" >/dev/null || { echo "lab: $tool is missing" >&2; exit 1; }
done

# shellcheck source-path=SCRIPTDIR
. "$here/ground.sh"
. "$here/servers.sh"

# --- a case ---

# capture NAMESPACE DEVICE NAME [tcpdump options]: begins one.
capture() {
    local ns=$1 dev=$2 file=$3
    shift 3
    : >"$tmp/$file.tcpdump"
    ip netns exec "$ns" tcpdump -i "$dev" -Z root -B 32768 -U --immediate-mode -s 0 --time-stamp-precision=nano \
        "$@" -w "$tmp/$file.pcap" "${filter:-tcp and not portrange 8380-8389}" 2>"$tmp/$file.tcpdump" &
    dumps+=($!)
    pids+=($!)
    for _ in $(seq 50); do grep -q 'listening on' "$tmp/$file.tcpdump" && break; sleep 0.05; done
}

# begin NAME POINT [tcpdump options]: POINT is client, server, proxy, far-client, far-server, or
# far-both, which makes NAME at the client and NAME-server at the server, by one clock. False if
# other cases were asked for, or if one of the peers named in $needs is not to be had. Cases that run
# aside have ports of their own, in $filter.
begin() {
    name=$1 point=$2 status=ok commands= log=$tmp/$1.log
    shift 2
    [ ${#only[@]} = 0 ] || [[ " ${only[*]} " = *" $name "* ]] || return 1
    for peer in ${needs:-}; do
        ready "$peer" || { echo "$name: skipped, no $peer here"; return 1; }
    done
    local ns=$C dev=c0
    dumps=()
    case $point in
    server) ns=$S dev=s0 ;;
    proxy) ns=$P dev=any ;;
    far-client | far-both) ns=$C dev=far ;;
    far-server) ns=$S dev=far ;;
    esac
    : >"$log"
    capture $ns $dev "$name" "$@"
    [ $point != far-both ] || capture $S far "$name-server" "$@"
}

# Claims about what client and server did; a false one spoils the case.
seen() { # PATTERN [COUNT]
    local n
    n=$(grep -c -e "$1" "$log")
    if [ "$n" != "${2:-$n}" ] || [ "$n" = 0 ]; then
        echo "$name: not as told: '$1' ${2:-} (found $n)"
        status=bad
    fi
}
unseen() { ! grep -q -e "$1" "$log" || { echo "$name: not as told: no '$1'"; status=bad; }; }
code() { seen "^CODE $1"; }
got_100() { seen '100 Continue' "${1:-}"; }
no_100() { unseen '100 Continue'; }
waited() { seen 'Done waiting for 100-continue'; }

versions() {
    local all=
    for product in "$@"; do
        case $product in
        curl) v=$(curl -V | awk 'NR == 1 { print $1 "/" $2 }') ;;
        nginx) v=$(nginx -v 2>&1 | sed 's/.*: //') ;;
        apache) v=$(apache2 -v | sed -n 's/.*version: \([^ ]*\).*/\1/p') ;;
        lighttpd) v=$(lighttpd -v | awk 'NR == 1 { print $1 }') ;;
        squid) v=squid/$(squid -v | sed -n '1s/.*Version //p') ;;
        haproxy) v=haproxy/$(haproxy -v | awk 'NR == 1 { print $3 }') ;;
        python) v=python/$(/usr/bin/python3 -V | cut -d' ' -f2) ;;
        *) v=$(wide_version "$product") ;;
        esac
        all="$all${all:+, }$v"
    done
    echo "$all"
}

# stop: the capture ends here, before its case does.
stop() {
    [ ${#dumps[@]} != 0 ] || return 0
    sleep 0.3
    for dump in "${dumps[@]}"; do kill -INT "$dump" && wait "$dump"; done
    dumps=()
}

# keep FILE "PRODUCTS" POINT "WHAT IT SHOWS" "EXPECTED": its line in MANIFEST.
keep() {
    exec 9>"$tmp/lock"
    flock 9
    [ -f "$out/MANIFEST" ] || printf '#file\tsoftware\thow made\twhat it shows\texpected\n' >"$out/MANIFEST"
    grep -v "^$1	" "$out/MANIFEST" >"$tmp/manifest"
    # shellcheck disable=SC2086 # products are words
    printf '%s\t%s\t%s\t%s\t%s\n' "$1" "$(versions $2)" \
        "captured at the $3: ${commands//$tmp\//}" "$4" "$5" >>"$tmp/manifest"
    { head -n 1 "$tmp/manifest"; tail -n +2 "$tmp/manifest" | sort; } >"$out/MANIFEST"
    exec 9>&-
    echo "$1: $5"
}

# finish "PRODUCTS" "WHAT IT SHOWS" "EXPECTED" [SUFFIX [EXPECTED AT THE SERVER]]: SUFFIX .pcapng, .gz,
# .zst; the last of a case at both ends.
finish() {
    stop
    local file=$name.pcap part
    for part in "$tmp/$name.tcpdump" ${5:+"$tmp/$name-server.tcpdump"}; do
        grep -q '^0 packets dropped by kernel' "$part" || {
            echo "$name: the capture has holes of its own"
            status=bad
        }
    done
    if [ $status != ok ]; then
        echo "$name" >>"$tmp/failed"
        sed 's/^/    /' "$log" | grep -v '^    [{}]' | tail -n "${LAB_LOG_LINES:-12}"
        return
    fi
    case ${4:-} in
    .pcapng) file=$name.pcapng && editcap -F pcapng "$tmp/$name.pcap" "$out/$file" ;;
    .gz) file=$name.pcap.gz && gzip -9nc "$tmp/$name.pcap" >"$out/$file" ;;
    .zst) file=$name.pcap.zst && zstd -q -19 -c "$tmp/$name.pcap" >"$out/$file" ;;
    *) cp "$tmp/$name.pcap" "$out/$file" ;;
    esac
    if [ -n "${5:-}" ]; then
        point=far-client
        cp "$tmp/$name-server.pcap" "$out/$name-server.pcap"
        keep "$name-server.pcap" "$1" far-server "the same at the same time, captured at the server" "$5"
    fi
    keep "$file" "$1" "$point" "$2" "$3"
    echo "$name" >>"$tmp/made"
}

. "$here/cases.sh"
. "$here/peers.sh"
. "$here/wide.sh"

network
servers
: >"$tmp/made"
: >"$tmp/failed"
if [ -n "$all" ]; then
    long_cases
    cases
    wide_cases
    long_cases_end
else
    cases
fi
echo "lab: $(wc -l <"$tmp/made") captures, $(wc -l <"$tmp/failed") cases went otherwise than told"
[ ! -s "$tmp/failed" ]
