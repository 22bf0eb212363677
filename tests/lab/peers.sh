# The clients, servers and proxies of the wide cases, each set up when a case first needs it: sourced
# by lab.sh, which explains the words used here. setup_X is false where its software is absent.
# shellcheck shell=bash disable=SC2154

JARS=/usr/share/java
CLIENT_JARS=$JARS/httpclient.jar:$JARS/httpcore.jar:$JARS/commons-logging.jar:$JARS/commons-codec.jar
TOMCAT_JARS=$(echo $JARS/tomcat10-*.jar | tr ' ' :)
JETTY_JARS=$(echo $JARS/jetty9-{server,http,io,util}.jar $JARS/servlet-api.jar | tr ' ' :)

ready() {
    if [ -z "${peers[$1]:-}" ]; then
        if "setup_$1"; then peers[$1]=yes; else peers[$1]=no; fi
    fi
    [ "${peers[$1]}" = yes ]
}
have() { for it in "$@"; do command -v "$it" >/dev/null || return 1; done; }
serve() { # NAME PORT COMMAND...: an origin
    local name=$1 port=$2
    shift 2
    daemon $S "$name" "$@"
    await_port $S 10.100.1.2 "$port"
}
warm() { # PORT: what a virtual machine loads at the first request should not be in a capture
    for _ in 1 2 3; do in_ns $S curl -q -s -o /dev/null -T "$tmp/file" "http://10.100.1.2:$1/up/warm"; done
}
relay() { # NAME PORT COMMAND...: a proxy
    local name=$1 port=$2
    shift 2
    daemon $P "$name" "$@"
    await_port $P 10.100.0.1 "$port"
}

# --- clients ---

setup_wget() { have wget; }
setup_php() { have php && php -m | grep -q '^curl$'; }
setup_perl() { have perl && perl -MLWP::UserAgent -e 1 2>/dev/null; }
setup_ruby() { have ruby; }
setup_node() { have node; }
setup_aiohttp() { /usr/bin/python3 -c 'import aiohttp' 2>/dev/null; }
setup_botocore() { /usr/bin/python3 -c 'import botocore.session' 2>/dev/null; }
setup_soup() { /usr/bin/python3 -c 'import gi; gi.require_version("Soup", "2.4")' 2>/dev/null; }
setup_mono() { have mcs mono && mcs -out:"$tmp/Put.exe" "$here/clients/Put.cs"; }
setup_java() {
    have javac && [ -f $JARS/httpclient.jar ] && javac -cp $CLIENT_JARS -d "$tmp/classes" "$here/clients/Put.java"
}
go_build() {
    have go && HOME=$tmp GOCACHE=$tmp/go GO111MODULE=off go build -o "$tmp/$1" "$here/$2"
}
setup_go() { go_build put-go clients/put.go; }

put() { # CLIENT URL BYTES [its own]: an upload with Expect, at the client
    local who=$1
    shift
    commands="$commands${commands:+ ; }$who $*"
    case $who in
    go) in_ns $C "$tmp/put-go" "$@" ;;
    java-*) in_ns $C java -cp "$tmp/classes:$CLIENT_JARS" Put "${who#java-}" "$@" ;;
    mono) in_ns $C mono "$tmp/Put.exe" "$@" ;;
    node) in_ns $C node "$here/clients/put.js" "$@" ;;
    php) in_ns $C php "$here/clients/put.php" "$@" ;;
    perl) in_ns $C perl "$here/clients/put.pl" "$@" ;;
    ruby) in_ns $C ruby "$here/clients/put.rb" "$@" ;;
    wget) head -c "$2" /dev/zero | tr '\0' u >"$tmp/wget.content"
        in_ns $C wget -S -O /dev/null -t 1 -T 10 --method=PUT --body-file="$tmp/wget.content" --header="$E" "$1" ;;
    *) in_ns $C /usr/bin/python3 "$here/clients/put.py" "$who" "$@" ;;
    esac >>"$log" 2>&1
}

# --- origins ---

setup_go_server() { go_build serve-go servers/serve.go && serve go 8401 "$tmp/serve-go" 10.100.1.2:8401; }
setup_node_server() { have node && serve node 8402 node "$here/servers/serve.js" 10.100.1.2 8402; }
setup_tomcat() {
    have javac && [ -f $JARS/tomcat10-catalina.jar ] && mkdir -p "$tmp/tomcat" &&
        javac -nowarn -cp "$TOMCAT_JARS" -d "$tmp/classes" "$here/servers/Serve.java" 2>"$tmp/javac" &&
        serve tomcat 8405 java -cp "$tmp/classes:$TOMCAT_JARS" Serve 10.100.1.2 8404 "$tmp/tomcat" &&
        warm 8404 && warm 8405
}
setup_jdk_server() { ready tomcat; }
setup_jetty() {
    have javac && [ -f $JARS/jetty9-server.jar ] &&
        javac -cp "$JETTY_JARS" -d "$tmp/classes" "$here/servers/ServeJetty.java" &&
        serve jetty 8406 java -cp "$tmp/classes:$JETTY_JARS" ServeJetty 10.100.1.2 8406 &&
        warm 8406
}
setup_gunicorn() {
    have gunicorn && serve gunicorn 8407 gunicorn -b 10.100.1.2:8407 --threads 4 --chdir "$here/servers" app:app
}
setup_aiohttp_server() {
    ready aiohttp && serve aiohttp 8408 /usr/bin/python3 "$here/servers/serve.py" aiohttp 10.100.1.2 8408
}
setup_wsgiref() { serve wsgiref 8409 /usr/bin/python3 "$here/servers/serve.py" wsgiref 10.100.1.2 8409; }
setup_library() { serve library 8410 /usr/bin/python3 "$here/servers/serve.py" library 10.100.1.2 8410; }
setup_webrick() { have ruby && serve webrick 8411 ruby "$here/servers/serve.rb" 10.100.1.2 8411; }
setup_php_server() { have php && serve php 8412 php -S 10.100.1.2:8412 "$here/servers/serve.php"; }
setup_h2o() {
    have h2o || return 1
    mkdir -p "$tmp/h2o" && chmod 777 "$tmp/h2o"
    cat >"$tmp/h2o.conf" <<CONF
listen: {host: 10.100.1.2, port: 8413}
user: nobody
pid-file: $tmp/h2o/pid
error-log: $tmp/h2o/error
hosts:
  default:
    paths:
      /:
        proxy.reverse.url: http://10.100.1.2:8002/
CONF
    serve h2o 8413 h2o -m worker -c "$tmp/h2o.conf"
}

# nginx and Apache with the settings that make handshakes fail.
setup_nginx_harsh() {
    nginx_head nginxh >"$tmp/nginxh.conf"
    cat >>"$tmp/nginxh.conf" <<CONF
    server {
        listen 10.100.1.2:8414; listen 10.100.2.3:8414;
        root $tmp/www;
        keepalive_timeout 1s;
        location /up/ { dav_methods PUT; create_full_put_path on; client_body_timeout 2s; }
        location /drop/ { return 444; }
        location /reset/ { reset_timedout_connection on; return 444; }
        location /small/ { client_max_body_size 1k; lingering_close off; dav_methods PUT; }
        location /refused/ { return 417; }
        location /interim/ { return 100 "go on"; }
        location /once/ { if (\$http_expect) { return 417; } dav_methods PUT; create_full_put_path on; }
        location /broken/ { proxy_pass http://10.100.1.2:8407; }
        location /moved/ { return 307 http://10.100.1.2:8001/up/moved; }
    }
}
CONF
    serve nginxh 8414 nginx -c "$tmp/nginxh.conf" -g 'daemon off;'
}
setup_apache_harsh() {
    sed -e 's/8002/8415/' -e "s|$tmp/apache\.|$tmp/apacheh.|" -e "s|$tmp/dav/lock|$tmp/dav/lockh|" \
        -e '/^<Directory/i LoadModule reqtimeout_module /usr/lib/apache2/modules/mod_reqtimeout.so\nRequestReadTimeout body=2' \
        "$tmp/apache.conf" >"$tmp/apacheh.conf"
    serve apacheh 8415 apache2 -f "$tmp/apacheh.conf" -DFOREGROUND
}

# --- proxies: reverse ones stand before Apache at 8002 ---

setup_apache_proxy() {
    apache_head apachep 10.100.0.1:8301 10.100.0.1:8321 >"$tmp/apachep.conf"
    cat >>"$tmp/apachep.conf" <<CONF
LoadModule proxy_module $M/mod_proxy.so
LoadModule proxy_http_module $M/mod_proxy_http.so
ProxyVia On
<VirtualHost 10.100.0.1:8301>
    ProxyPass / http://10.100.1.2:8002/
</VirtualHost>
<VirtualHost 10.100.0.1:8321>
    ProxyPass / http://10.100.1.2:9/
</VirtualHost>
CONF
    relay apachep 8301 apache2 -f "$tmp/apachep.conf" -DFOREGROUND
}
setup_varnish() {
    have varnishd || return 1
    cat >"$tmp/varnish.vcl" <<CONF
vcl 4.1;
backend origin { .host = "10.100.1.2"; .port = "8002"; }
backend dead { .host = "10.100.1.2"; .port = "9"; }
sub vcl_recv {
    if (req.url ~ "^/dead/") { set req.backend_hint = dead; }
    if (req.url ~ "^/forbidden/") { return (synth(403)); }
    return (pass);
}
CONF
    relay varnish 8302 varnishd -F -n "$tmp/varnish" -a 10.100.0.1:8302 -f "$tmp/varnish.vcl" -s malloc,16m
}
setup_tinyproxy() {
    have tinyproxy || return 1
    cat >"$tmp/tinyproxy.conf" <<CONF
Port 8303
Listen 10.100.0.1
Timeout 30
LogFile "$tmp/tinyproxy.log"
MaxClients 20
CONF
    relay tinyproxy 8303 tinyproxy -d -c "$tmp/tinyproxy.conf"
}
setup_ats() {
    have traffic_server || return 1
    mkdir -p "$tmp"/ats/{cache,var,run,log} && cp -r /etc/trafficserver "$tmp/ats/etc" && chmod -R a+rwX "$tmp/ats" || return 1
    cat >"$tmp/ats/runroot.yaml" <<CONF
prefix: /usr
exec_prefix: /usr
bindir: /usr/bin
sbindir: /usr/sbin
sysconfdir: $tmp/ats/etc
datadir: $tmp/ats/cache
includedir: /usr/include
libdir: /usr/lib/trafficserver
libexecdir: /usr/lib/trafficserver/modules
localstatedir: $tmp/ats/var
runtimedir: $tmp/ats/run
logdir: $tmp/ats/log
cachedir: $tmp/ats/cache
CONF
    cat >"$tmp/ats/etc/records.config" <<CONF
CONFIG proxy.config.http.server_ports STRING 8304:ip-in=10.100.0.1
CONFIG proxy.config.url_remap.remap_required INT 0
CONFIG proxy.config.http.cache.http INT 0
CONFIG proxy.config.http.insert_request_via_str INT 1
CONFIG proxy.config.http.insert_response_via_str INT 1
CONFIG proxy.config.dns.nameservers STRING 127.0.0.1
CONFIG proxy.config.http.connect_attempts_max_retries INT 0
CONFIG proxy.config.http.connect_attempts_timeout INT 2
CONFIG proxy.config.admin.user_id STRING nobody
CONF
    echo "$tmp/ats/cache 16M" >"$tmp/ats/etc/storage.config"
    printf 'ip_allow:\n  - apply: in\n    ip_addrs: 0/0\n    action: allow\n    methods: ALL\n' >"$tmp/ats/etc/ip_allow.yaml"
    TS_RUNROOT=$tmp/ats relay ats 8304 traffic_server
}
setup_caddy() {
    have caddy || return 1
    cat >"$tmp/Caddyfile" <<CONF
{
    admin off
    auto_https off
}
http://10.100.0.1:8305 {
    reverse_proxy 10.100.1.2:8002
}
http://10.100.0.1:8315 {
    reverse_proxy 10.100.1.2:9
}
http://10.100.0.1:8325 {
    respond /forbidden/* 403
    respond 201
}
CONF
    HOME=$tmp XDG_DATA_HOME=$tmp XDG_CONFIG_HOME=$tmp relay caddy 8305 caddy run --config "$tmp/Caddyfile" --adapter caddyfile
}
setup_nghttpx() {
    have nghttpx && relay nghttpx 8306 nghttpx --conf=/dev/null --frontend='10.100.0.1,8306;no-tls' \
        --backend='10.100.1.2,8002' --workers=1 --errorlog-file="$tmp/nghttpx.log"
}
setup_privoxy() {
    have privoxy || return 1
    cat >"$tmp/privoxy.conf" <<CONF
listen-address 10.100.0.1:8307
confdir /etc/privoxy
logdir $tmp
toggle 0
keep-alive-timeout 5
CONF
    relay privoxy 8307 privoxy --no-daemon "$tmp/privoxy.conf"
}
# nginx as a gateway: one that hands Expect on (which it should not), a dead and a silent backend.
setup_nginx_gateway() {
    nginx_head nginxg >"$tmp/nginxg.conf"
    cat >>"$tmp/nginxg.conf" <<CONF
    proxy_http_version 1.1;
    server { listen 10.100.0.1:8308; location / { proxy_set_header Expect \$http_expect; proxy_request_buffering off; proxy_pass http://10.100.1.2:8002; } }
    server { listen 10.100.0.1:8309; location / { proxy_pass http://10.100.1.2:9; } }
    server { listen 10.100.0.1:8319; location / { proxy_read_timeout 1s; proxy_pass http://10.100.1.2:8401; } }
    server { listen 10.100.0.1:8329; location / { proxy_read_timeout 1s; proxy_pass http://10.100.1.2:8313; } }
}
CONF
    relay nginxg 8308 nginx -c "$tmp/nginxg.conf" -g 'daemon off;'
}
# What the router does to packets, by nft: fault RULE, until mend.
setup_nft() {
    have nft && in_ns $P nft -f - <<'CONF'
table ip lab {
    chain forward {
        type filter hook forward priority 0;
    }
}
CONF
}
fault() {
    commands="$commands${commands:+ ; }nft $*"
    in_ns $P nft "add rule ip lab forward $*"
}
mend() { in_ns $P nft flush chain ip lab forward; }

# HAProxy and Squid with rules about Expect, as people write them.
setup_haproxy_rules() {
    cat >"$tmp/haproxyr.cfg" <<CONF
global
    maxconn 64
defaults
    mode http
    timeout connect 1s
    timeout client 20s
    timeout server 2s
    timeout http-request 2s
frontend rules
    bind 10.100.0.1:8310
    http-request reject if { path_beg /reject }
    http-request silent-drop if { path_beg /drop }
    http-request return status 417 if { path_beg /needless }
    http-request del-header Expect if { path_beg /strip /up/strip }
    use_backend ignoring if { path_beg /strip }
    use_backend silent if { path_beg /silent }
    use_backend closing if { path_beg /closing }
    default_backend apache
backend apache
    server s 10.100.1.2:8002
backend ignoring
    server s 10.100.1.2:8300
backend silent
    server s 10.100.1.2:8313
backend closing
    server s 10.100.1.2:8307
CONF
    relay haproxyr 8310 haproxy -db -f "$tmp/haproxyr.cfg"
}
setup_squid_rules() {
    mkdir -p "$tmp/squidr" && chmod 777 "$tmp/squidr"
    sed -e 's/:3128/:3129/' -e "s|$tmp/squid/|$tmp/squidr/|" -e "s|coredump_dir .*|coredump_dir $tmp/squidr|" \
        -e '/http_access allow all/d' "$tmp/squid.conf" >"$tmp/squidr.conf"
    cat >>"$tmp/squidr.conf" <<'CONF'
http_port 10.100.0.1:3130
acl refusing localport 3129
acl stripping localport 3130
acl expecting req_header Expect -i 100-continue
deny_info 417:ERR_INVALID_REQ expecting
http_access deny refusing expecting
http_access allow all
request_header_access Expect deny stripping
CONF
    relay squidr 3129 squid -N -f "$tmp/squidr.conf"
}

wide_version() {
    case $1 in
    go) go version | sed 's/.*go version go\([^ ]*\).*/Go\/\1/' ;;
    java) java -version 2>&1 | sed -n '1s/.*"\(.*\)".*/JDK\/\1/p' ;;
    node) echo "node/$(node -v)" ;;
    php) php -r 'echo "PHP/", PHP_VERSION;' ;;
    perl) perl -MLWP -e 'print "libwww-perl/$LWP::VERSION"' ;;
    ruby) ruby -e 'print "Ruby/", RUBY_VERSION' ;;
    mono) mono --version | sed -n '1s/.*version \([^ ]*\).*/mono\/\1/p' ;;
    wget) wget -V | awk 'NR == 1 { print "wget/" $3 }' ;;
    aiohttp) /usr/bin/python3 -c 'import aiohttp; print("aiohttp/" + aiohttp.__version__)' ;;
    botocore) /usr/bin/python3 -c 'import botocore; print("botocore/" + botocore.__version__)' ;;
    *) local package=
        case $1 in
        soup) package=libsoup2.4-1 ;;
        httpclient) package=libhttpclient-java ;;
        tomcat) package=libtomcat10-java ;;
        jetty) package=libjetty9-java ;;
        webrick) package=ruby-webrick ;;
        nghttpx) package=nghttp2-proxy ;;
        ats) package=trafficserver ;;
        gunicorn | varnish | tinyproxy | caddy | privoxy | h2o) package=$1 ;;
        esac
        if [ -n "$package" ]; then
            echo "$package/$(dpkg-query -W -f '${Version}' "$package" 2>/dev/null)"
        else
            echo "$1"
        fi ;;
    esac
}
