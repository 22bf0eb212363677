# The products that only the claims need (claims.sh), set up as those of peers.sh.
# shellcheck shell=bash disable=SC2154

py() { /usr/bin/python3 -c "import $1" 2>/dev/null; }
jars() { for jar in "$@"; do printf '%s:' "$JARS/$jar.jar"; done; }

export NODE_PATH=/usr/share/nodejs

# --- clients ---

MORE_JARS=$(jars okhttp okio httpclient5 httpcore5 httpcore5-h2 slf4j-api commons-httpclient commons-logging commons-codec \
    jetty9-client jetty9-http jetty9-util jetty9-io)
setup_more_java() {
    have javac && for jar in okhttp httpclient5 commons-httpclient jetty9-client; do
        [ -f "$JARS/$jar.jar" ] || return 1
    done && javac -cp "$MORE_JARS" -d "$tmp/classes" "$here/clients/PutMore.java"
}
setup_guzzle() { ready php && [ -f /usr/share/php/GuzzleHttp/autoload.php ]; }
setup_requests() { py requests; }
setup_urllib3() { py urllib3; }
setup_httpie() { have http; }
setup_boto2() { py boto; }
setup_soup3() { /usr/bin/python3 -c 'import gi; gi.require_version("Soup", "3.0")' 2>/dev/null; }
setup_wget2() { have wget2; }
setup_rclone() { have rclone; }
setup_awscli() { have aws; }
setup_axios() { have node && node -e 'require("/usr/share/nodejs/axios/dist/node/axios.cjs")' 2>/dev/null; }
setup_fetch() { have node && node -e 'fetch'; }
go_library() { # NAME: a program that stands on Debian's Go libraries
    have go && HOME=$tmp GOCACHE=$tmp/go GO111MODULE=off GOPATH=/usr/share/gocode \
        go build -o "$tmp/$1" "$here/clients/$1.go" 2>"$tmp/$1.build"
}
setup_s3v1() { go_library s3v1; }
setup_s3v2() { go_library s3v2; }
setup_minio() { go_library minio; }
setup_rust() {
    have cargo && cp -r "$here/rust" "$tmp/rust" &&
        (cd "$tmp/rust" && HOME=$tmp CARGO_TARGET_DIR=$tmp/rust/target cargo build --offline) >"$tmp/rust.build" 2>&1
}

more() { # CLIENT URL BYTES [its own]: an upload with Expect, or without where its own words say so
    local who=$1
    shift
    case $who in
    java-*) in_ns $C java -cp "$tmp/classes:$MORE_JARS" PutMore "${who#java-}" "$@" ;;
    guzzle) in_ns $C php "$here/clients/guzzle.php" "$@" ;;
    axios* | fetch*) in_ns $C node "$here/clients/more.js" "$who" "$@" ;;
    httpie) in_ns $C sh -c "head -c $2 /dev/zero | http --timeout 20 -h PUT $1 Expect:100-continue" ;;
    s3v1 | s3v2 | minio) in_ns $C "$tmp/$who" "$@" ;;
    reqwest) in_ns $C "$tmp/rust/target/debug/put" "$@" ;;
    esac >>"$log" 2>&1
}
aws_put() { # URL-OF-HOST FILE: to the bucket "up"
    HOME=$tmp AWS_ACCESS_KEY_ID=lab AWS_SECRET_ACCESS_KEY=lab AWS_MAX_ATTEMPTS=1 AWS_EC2_METADATA_DISABLED=true \
        in_ns $C /usr/bin/python3 /usr/bin/aws --region us-east-1 --endpoint-url "$1" s3api put-object --bucket up --key "$id" \
        --body "$2" >>"$log" 2>&1
}
rclone_put() { # BACKEND URL FILE [OPTIONS]
    local backend=$1 url=$2 file=$3
    shift 3
    HOME=$tmp in_ns $C rclone --config /dev/null --retries 1 --low-level-retries 1 "$@" copyto "$file" ":$backend:up/$id" \
        --webdav-url "$url" --s3-endpoint "$url" --s3-access-key-id lab --s3-secret-access-key lab \
        --s3-no-check-bucket --s3-force-path-style >>"$log" 2>&1
}
git_push() { # a push in chunks, of more than http.postBuffer
    git init -q --bare "$tmp/git/$id.git" && git --git-dir "$tmp/git/$id.git" config http.receivepack true
    chown -R nobody:nogroup "$tmp/git/$id.git"
    in_ns $C sh -c "export HOME=$tmp GIT_CURL_VERBOSE=1; git init -q $tmp/git-$id && cd $tmp/git-$id && cp $tmp/git.content file &&
        git add file && git -c user.name=lab -c user.email=lab commit -q -m lab &&
        git -c http.postBuffer=1000 push http://10.100.1.2:8432/git/$id.git HEAD:main" >>"$log" 2>&1
}

# --- origins ---

python_origin() { # NAME PORT
    serve "$1" "$2" /usr/bin/python3 "$here/servers/serve.py" "${1%_server}" 10.100.1.2 "$2"
}
setup_plain() { python_origin plain 8420; }
setup_cheroot() { py cheroot && python_origin cheroot 8421; }
setup_waitress() { py waitress && python_origin waitress 8422; }
setup_werkzeug() { py werkzeug && python_origin werkzeug 8423; }
setup_tornado() { py tornado && python_origin tornado 8424; }
setup_twisted() { py twisted.web && python_origin twisted 8425; }
setup_uvicorn() { py uvicorn && python_origin uvicorn 8426; }
setup_uwsgi() {
    have uwsgi && [ -f /usr/lib/uwsgi/plugins/python311_plugin.so ] || return 1
    local uwsgi="uwsgi --plugin http,python311 --chdir $here/servers --wsgi app"
    # shellcheck disable=SC2086 # words
    serve uwsgi 8427 $uwsgi --http 10.100.1.2:8427 --socket "$tmp/uwsgi.a" &&
        serve uwsgi_manage 8428 $uwsgi --http 10.100.1.2:8428 --socket "$tmp/uwsgi.b" --http-manage-expect
}
setup_puma() { have puma && serve puma 8429 puma -b tcp://10.100.1.2:8429 -t 2:4 "$here/servers/config.ru"; }
setup_unicorn() {
    have unicorn && serve unicorn 8430 unicorn -l 10.100.1.2:8430 -E none "$here/servers/config.ru"
}
setup_express() {
    have node && node -e 'require("express")' 2>/dev/null && serve express 8431 node "$here/servers/express.js" 10.100.1.2 8431
}
setup_git() {
    have git && [ -x /usr/lib/git-core/git-http-backend ] || return 1
    mkdir -p "$tmp/git" && chmod 777 "$tmp/git"
    head -c 200000 /dev/urandom >"$tmp/git.content"
    apache_head git 10.100.1.2:8432 >"$tmp/git.conf"
    cat >>"$tmp/git.conf" <<CONF
LoadModule cgid_module $M/mod_cgid.so
LoadModule alias_module $M/mod_alias.so
LoadModule env_module $M/mod_env.so
ScriptSock $tmp/git.sock
SetEnv GIT_PROJECT_ROOT $tmp/git
SetEnv GIT_HTTP_EXPORT_ALL
SetEnv REMOTE_USER lab
ScriptAlias /git/ /usr/lib/git-core/git-http-backend/
<Directory /usr/lib/git-core>
    Require all granted
</Directory>
CONF
    serve git 8432 apache2 -f "$tmp/git.conf" -DFOREGROUND
}
setup_mono_server() {
    have mcs mono && mcs -out:"$tmp/Listen.exe" "$here/servers/Listen.cs" &&
        serve mono_server 8433 mono "$tmp/Listen.exe" 10.100.1.2 8433 && warm 8433
}
setup_microhttpd() {
    have gcc && gcc -o "$tmp/microhttpd" "$here/servers/microhttpd.c" -lmicrohttpd 2>"$tmp/microhttpd.build" &&
        serve microhttpd 8434 "$tmp/microhttpd" 10.100.1.2 8434
}
setup_civetweb() {
    have civetweb || return 1
    mkdir -p "$tmp/civetweb/up"
    printf '#!/bin/sh\ncat >/dev/null\nprintf "Status: 201 Created\\r\\nContent-Length: 0\\r\\n\\r\\n"\n' >"$tmp/civetweb/up/put.cgi"
    chmod 755 "$tmp/civetweb/up/put.cgi"
    serve civetweb 8435 civetweb -listening_ports 10.100.1.2:8435 -document_root "$tmp/civetweb" -cgi_interpreter /bin/sh
}
NETTY_JARS=$(jars netty-all netty-buffer netty-codec netty-codec-http netty-common netty-handler netty-resolver \
    netty-transport httpcore5 slf4j-api)
setup_netty() {
    have javac && [ -f $JARS/netty-codec-http.jar ] && [ -f $JARS/httpcore5.jar ] &&
        javac -cp "$NETTY_JARS" -d "$tmp/classes" "$here/servers/ServeMore.java" &&
        serve netty 8438 java -cp "$tmp/classes:$NETTY_JARS" ServeMore 10.100.1.2 8436 &&
        warm 8436 && warm 8437 && warm 8438
}
setup_hyper() { ready rust && serve hyper 8439 "$tmp/rust/target/debug/serve" 10.100.1.2:8439; }
setup_lua() {
    [ -f /usr/lib/nginx/modules/ngx_http_lua_module.so ] || return 1
    {
        echo 'load_module /usr/lib/nginx/modules/ndk_http_module.so;'
        echo 'load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;'
        nginx_head lua
        cat <<'CONF'
    lua_package_path '/usr/share/lua/5.1/?.lua;;';
    server {
        listen 10.100.1.2:8440;
        location /up/ { content_by_lua_block { ngx.req.read_body() ngx.status = 201 ngx.say("up") } }
        location /think/ { content_by_lua_block { ngx.sleep(0.6) ngx.req.read_body() ngx.status = 201 ngx.say("up") } }
        location /forbidden/ { access_by_lua_block { ngx.exit(403) } content_by_lua_block { ngx.req.read_body() } }
    }
}
CONF
    } >"$tmp/lua.conf"
    serve lua 8440 nginx -c "$tmp/lua.conf" -g 'daemon off;'
}
setup_xrootd() {
    have xrootd && [ -f /usr/lib/x86_64-linux-gnu/libXrdHttp-5.so ] || return 1
    mkdir -p "$tmp"/xrootd/{data/up,admin} && chmod -R 777 "$tmp/xrootd"
    cat >"$tmp/xrootd.cfg" <<CONF
all.export /
oss.localroot $tmp/xrootd/data
all.adminpath $tmp/xrootd/admin
all.pidpath $tmp/xrootd/admin
xrd.port 8441
xrd.protocol http:8441 /usr/lib/x86_64-linux-gnu/libXrdHttp-5.so
CONF
    serve xrootd 8441 xrootd -c "$tmp/xrootd.cfg" -R nobody
}

# --- proxies ---

setup_mitmproxy() {
    have mitmdump && HOME=$tmp relay mitmproxy 8341 mitmdump --listen-host 10.100.0.1 -p 8341 --set confdir="$tmp/mitm"
}
setup_lighttpd_proxy() {
    cat >"$tmp/lighttpdp.conf" <<CONF
server.port = 8342
server.bind = "10.100.0.1"
server.document-root = "$tmp/www"
server.errorlog = "$tmp/lighttpdp.error"
server.modules = ("mod_proxy")
server.reject-expect-100-with-417 = "enable"
proxy.server = ("" => (("host" => "10.100.1.2", "port" => 8002)))
CONF
    relay lighttpdp 8342 lighttpd -D -f "$tmp/lighttpdp.conf"
}
# The settings that agents.def recommends.
setup_apache_settings() {
    apache_head apaches 10.100.0.1:8343 10.100.0.1:8344 >"$tmp/apaches.conf"
    cat >>"$tmp/apaches.conf" <<CONF
LoadModule proxy_module $M/mod_proxy.so
LoadModule proxy_http_module $M/mod_proxy_http.so
<VirtualHost 10.100.0.1:8343>
    Proxy100Continue Off
    ProxyPass / http://10.100.1.2:8300/
</VirtualHost>
<VirtualHost 10.100.0.1:8344>
    ProxyPass / http://10.100.1.2:8002/ ping=2
</VirtualHost>
CONF
    relay apaches 8343 apache2 -f "$tmp/apaches.conf" -DFOREGROUND
}
setup_haproxy_settings() {
    cat >"$tmp/haproxys.cfg" <<CONF
global
    maxconn 64
defaults
    mode http
    timeout connect 1s
    timeout client 20s
    timeout server 20s
frontend waiting
    bind 10.100.0.1:8345
    http-request wait-for-body time 1s
    http-request del-header Expect if { path_beg /strip }
    default_backend ignoring
frontend doubled
    bind 10.100.0.1:8346
    default_backend doubled
backend ignoring
    server s 10.100.1.2:8300
backend doubled
    server s 10.100.1.2:8311
CONF
    relay haproxys 8345 haproxy -db -f "$tmp/haproxys.cfg"
}
setup_squid_settings() {
    mkdir -p "$tmp/squids" && chmod 777 "$tmp/squids"
    sed -e 's/:3128/:3131/' -e "s|$tmp/squid/|$tmp/squids/|" -e "s|coredump_dir .*|coredump_dir $tmp/squids|" \
        "$tmp/squid.conf" >"$tmp/squids.conf"
    echo 'force_request_body_continuation allow all' >>"$tmp/squids.conf"
    relay squids 3131 squid -N -f "$tmp/squids.conf"
}
setup_caddy_settings() {
    have caddy || return 1
    cat >"$tmp/Caddyfile.s" <<CONF
{
    admin off
    auto_https off
}
http://10.100.0.1:8347 {
    reverse_proxy 10.100.1.2:8002 {
        header_up -Expect
    }
}
CONF
    HOME=$tmp XDG_DATA_HOME=$tmp XDG_CONFIG_HOME=$tmp relay caddys 8347 caddy run --config "$tmp/Caddyfile.s" --adapter caddyfile
}
setup_varnish_settings() {
    have varnishd || return 1
    cat >"$tmp/varnishs.vcl" <<CONF
vcl 4.1;
import std;
backend origin { .host = "10.100.1.2"; .port = "8002"; }
sub vcl_recv {
    std.late_100_continue(true);
    if (req.url ~ "^/forbidden/") { return (synth(403)); }
    return (pass);
}
CONF
    relay varnishs 8348 varnishd -F -n "$tmp/varnishs" -a 10.100.0.1:8348 -f "$tmp/varnishs.vcl" -s malloc,16m
}
setup_ats_settings() {
    ready ats && cp -r "$tmp/ats" "$tmp/atss" && rm -rf "$tmp"/atss/{cache,run,var}/* || return 1
    sed -i "s|$tmp/ats/|$tmp/atss/|" "$tmp/atss/runroot.yaml" "$tmp/atss/etc/storage.config"
    sed -i 's/8304/8349/' "$tmp/atss/etc/records.config"
    echo 'CONFIG proxy.config.http.send_100_continue_response INT 1' >>"$tmp/atss/etc/records.config"
    chmod -R a+rwX "$tmp/atss"
    TS_RUNROOT=$tmp/atss relay atss 8349 traffic_server
}
