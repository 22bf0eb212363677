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

# begin NAME POINT [tcpdump options]: POINT is client, server, proxy, far-client, far-server. False
# if other cases were asked for, or if one of the peers named in $needs is not to be had. Cases that
# run aside have ports of their own, in $filter.
begin() {
    name=$1 point=$2 status=ok commands= log=$tmp/$1.log
    shift 2
    [ ${#only[@]} = 0 ] || [[ " ${only[*]} " = *" $name "* ]] || return 1
    for peer in ${needs:-}; do
        ready "$peer" || { echo "$name: skipped, no $peer here"; return 1; }
    done
    local ns=$C dev=c0
    case $point in
    server) ns=$S dev=s0 ;;
    proxy) ns=$P dev=any ;;
    far-client) ns=$C dev=far ;;
    far-server) ns=$S dev=far ;;
    esac
    : >"$log"
    : >"$tmp/$name.tcpdump"
    ip netns exec $ns tcpdump -i $dev -Z root -B 32768 -U --immediate-mode -s 0 --time-stamp-precision=nano \
        "$@" -w "$tmp/$name.pcap" "${filter:-tcp and not portrange 8380-8389}" 2>"$tmp/$name.tcpdump" &
    dump=$!
    pids+=("$dump")
    for _ in $(seq 50); do grep -q 'listening on' "$tmp/$name.tcpdump" && break; sleep 0.05; done
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
    [ -n "$dump" ] || return 0
    sleep 0.3
    kill -INT "$dump" && wait "$dump"
    dump=
}

# finish "PRODUCTS" "WHAT IT SHOWS" "EXPECTED" [SUFFIX]: SUFFIX .pcapng, .gz, .zst.
finish() {
    stop
    grep -q '^0 packets dropped by kernel' "$tmp/$name.tcpdump" || {
        echo "$name: the capture has holes of its own"
        status=bad
    }
    local file=$name.pcap
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
    exec 9>"$tmp/lock"
    flock 9
    [ -f "$out/MANIFEST" ] || printf '#file\tsoftware\thow made\twhat it shows\texpected\n' >"$out/MANIFEST"
    grep -v "^$file	" "$out/MANIFEST" >"$tmp/manifest"
    # shellcheck disable=SC2086 # products are words
    printf '%s\t%s\t%s\t%s\t%s\n' "$file" "$(versions $1)" \
        "captured at the $point: ${commands//$tmp\//}" "$2" "$3" >>"$tmp/manifest"
    { head -n 1 "$tmp/manifest"; tail -n +2 "$tmp/manifest" | sort; } >"$out/MANIFEST"
    exec 9>&-
    echo "$name" >>"$tmp/made"
    echo "$file: $3"
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
