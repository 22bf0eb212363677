#!/bin/bash
# Real traffic for pcaps/: curl (and a few scripted clients) against nginx, Apache httpd, lighttpd,
# squid, HAProxy and scripted servers, in three network namespaces of this run.
#
#   tests/lab/lab.sh [--all] [OUT_DIR [CASE...]]     as root; OUT_DIR is pcaps/ by default
#
# --all adds the wide cases (wide.sh): Go, Java, Node.js, PHP, Perl, Ruby, .NET and further Python
# clients and servers, and more proxies, as deps.sh installs them; what is absent is skipped.
#
#   client 10.100.0.2 --- veth --- proxy 10.100.0.1 | 10.100.1.1 --- veth --- server 10.100.1.2
#          10.100.2.2 ------- TUN, 20 ms each way, loss on demand ----------- 10.100.2.3
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
    : >"$tmp/drop"
    /usr/bin/python3 "$here/wire.py" $C $S far 20 "$tmp/drop" >"$tmp/wire.stdout" 2>&1 &
    pids+=($!)
    for _ in $(seq 50); do grep -q ready "$tmp/wire.stdout" && break; sleep 0.1; done
    ip -n $C link set far up
    ip -n $S link set far up
}

# --- the servers ---

start_nginx() {
    cat >"$tmp/nginx.conf" <<CONF
user nobody nogroup;
worker_processes 1;
error_log $tmp/nginx.error;
pid $tmp/nginx.pid;
events { worker_connections 64; }
http {
    access_log $tmp/nginx.access;
    client_body_temp_path $tmp/nginx.body; proxy_temp_path $tmp/nginx.proxy;
    fastcgi_temp_path $tmp/nginx.fcgi; uwsgi_temp_path $tmp/nginx.uwsgi; scgi_temp_path $tmp/nginx.scgi;
    server {
        listen 10.100.1.2:8001; listen 10.100.2.3:8001;
        root $tmp/www;
        location /up/ { dav_methods PUT; create_full_put_path on; }
        location /small/ { client_max_body_size 1k; dav_methods PUT; }
        location /secret/ { auth_basic "lab"; auth_basic_user_file $tmp/users; dav_methods PUT; create_full_put_path on; }
        location /forbidden/ { deny all; }
        location /refused/ { return 417; }
        location /early/ { return 200 "early\n"; }
    }
}
CONF
    daemon $S nginx nginx -c "$tmp/nginx.conf" -g 'daemon off;'
    sed -e "s|10.100.1.2:8001; listen 10.100.2.3:8001|10.100.0.1:8101|" -e "s|$tmp/nginx\.|$tmp/nginxp.|g" \
        -e "s|location /up/ .*|location / { proxy_pass http://10.100.1.2:8002; }|" \
        -e '/small\|secret\|forbidden\|refused\|early/d' "$tmp/nginx.conf" >"$tmp/nginxp.conf"
    daemon $P nginxp nginx -c "$tmp/nginxp.conf" -g 'daemon off;'
}

start_apache() {
    local m=/usr/lib/apache2/modules
    cat >"$tmp/apache.conf" <<CONF
ServerName origin.example
Listen 10.100.1.2:8002
PidFile $tmp/apache.pid
ErrorLog $tmp/apache.error
User nobody
Group nogroup
LoadModule mpm_event_module $m/mod_mpm_event.so
LoadModule authz_core_module $m/mod_authz_core.so
LoadModule authn_core_module $m/mod_authn_core.so
LoadModule authn_file_module $m/mod_authn_file.so
LoadModule authz_user_module $m/mod_authz_user.so
LoadModule auth_basic_module $m/mod_auth_basic.so
LoadModule dav_module $m/mod_dav.so
LoadModule dav_fs_module $m/mod_dav_fs.so
DavLockDB $tmp/dav/lock
LogFormat "%h \"%r\" %>s \"%{Expect}i\""
TransferLog $tmp/apache.access
DocumentRoot $tmp/www
<Directory $tmp/www>
    Require all granted
    Dav On
</Directory>
<Location /small>
    LimitRequestBody 1024
</Location>
<Location /secret>
    AuthType Basic
    AuthName lab
    AuthBasicProvider file
    AuthUserFile $tmp/users
    Require valid-user
</Location>
<Location /forbidden>
    Require all denied
</Location>
CONF
    daemon $S apache apache2 -f "$tmp/apache.conf" -DFOREGROUND
}

start_lighttpd() {
    cat >"$tmp/lighttpd.conf" <<CONF
server.port = 8003
server.bind = "10.100.1.2"
server.document-root = "$tmp/www"
server.errorlog = "$tmp/lighttpd.error"
server.upload-dirs = ("$tmp/dav")
server.modules = ("mod_auth", "mod_authn_file", "mod_access", "mod_cgi")
server.max-request-size = 16
server.max-keep-alive-requests = 8
auth.backend = "plain"
auth.backend.plain.userfile = "$tmp/users.plain"
auth.require = ("/secret" => ("method" => "basic", "realm" => "lab", "require" => "valid-user"))
url.access-deny = (".denied")
cgi.assign = (".cgi" => "/bin/sh")
CONF
    daemon $S lighttpd lighttpd -D -f "$tmp/lighttpd.conf"
}

start_proxies() {
    cat >"$tmp/squid.conf" <<CONF
http_port 10.100.0.1:3128
visible_hostname proxy.example
pid_filename $tmp/squid/pid
cache_log $tmp/squid/log
access_log stdio:$tmp/squid/access
coredump_dir $tmp/squid
cache deny all
pinger_enable off
shutdown_lifetime 0 seconds
http_access allow all
cache_effective_user nobody
cache_effective_group nogroup
connect_timeout 2 seconds
connect_retries 0
forward_max_tries 1
dns_nameservers 127.0.0.1
CONF
    daemon $P squid squid -N -f "$tmp/squid.conf"
    cat >"$tmp/haproxy.cfg" <<CONF
global
    maxconn 64
defaults
    mode http
    timeout connect 1s
    timeout client 20s
    timeout server 20s
frontend apache
    bind 10.100.0.1:8201
    http-request return status 417 if { path_beg /refused }
    default_backend apache
frontend dead
    bind 10.100.0.1:8202
    default_backend dead
frontend scripted
    bind 10.100.0.1:8203
    default_backend ignoring
backend apache
    server s 10.100.1.2:8002
backend dead
    server s 10.100.1.2:9
backend ignoring
    server s 10.100.1.2:8300
CONF
    daemon $P haproxy haproxy -db -f "$tmp/haproxy.cfg"
}

servers() {
    chmod 755 "$tmp"
    mkdir -p "$tmp/www"/{up,small,secret,forbidden} "$tmp/dav" "$tmp/squid"
    chmod 777 "$tmp/www" "$tmp/www"/* "$tmp/dav" "$tmp/squid"
    echo 'user:pass' >"$tmp/users.plain"
    echo "user:$(openssl passwd -apr1 -salt labsalt0 pass)" >"$tmp/users"
    head -c 8000 /dev/zero | tr '\0' u >"$tmp/file"
    printf 'cat >/dev/null; printf "Status: 201 Created\\r\\nContent-Length: 0\\r\\n\\r\\n"\n' >"$tmp/www/up/put.cgi"
    touch "$tmp/nginx.error"
    start_nginx
    start_apache
    start_lighttpd
    start_proxies
    daemon $S scripted /usr/bin/python3 "$here/scripted.py" 10.100.1.2 8300
    daemon $S scripted_far /usr/bin/python3 "$here/scripted.py" 10.100.2.3 8300
    for at in "$S 10.100.1.2 8001" "$S 10.100.1.2 8002" "$S 10.100.1.2 8003" "$S 10.100.1.2 8399" \
        "$S 10.100.2.3 8399" "$P 10.100.0.1 8101" "$P 10.100.0.1 8201" "$P 10.100.0.1 3128"; do
        # shellcheck disable=SC2086 # three words
        await_port $at || { tail -n 8 "$tmp"/*.stdout >&2; exit 1; }
    done
}

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

transfer() { # curl with these arguments, at the client
    commands="$commands${commands:+ ; }curl $*"
    in_ns $C curl -q -s -S -v -o /dev/null --max-time 20 -w '\nCODE %{http_code}\n' "$@" >>"$log" 2>&1
}
script() { # client.py with these arguments
    commands="$commands${commands:+ ; }client.py $*"
    in_ns $C /usr/bin/python3 "$here/client.py" "$@" >>"$log" 2>&1
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

# shellcheck source-path=SCRIPTDIR
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
