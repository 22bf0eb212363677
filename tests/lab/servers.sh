# The servers and proxies that every run of the lab has, and the parts of their configurations that
# further ones share (peers.sh). Sourced after ground.sh.
# shellcheck shell=bash disable=SC2154

# What each nginx needs before its first server, and each httpd before its modules.
nginx_head() { # NAME
    cat <<CONF
user nobody nogroup;
worker_processes 1;
error_log $tmp/$1.error;
pid $tmp/$1.pid;
events { worker_connections 64; }
http {
    access_log $tmp/$1.access;
    client_body_temp_path $tmp/$1.body; proxy_temp_path $tmp/$1.proxy;
    fastcgi_temp_path $tmp/$1.fcgi; uwsgi_temp_path $tmp/$1.uwsgi; scgi_temp_path $tmp/$1.scgi;
CONF
}
M=/usr/lib/apache2/modules
apache_head() { # NAME ADDRESS:PORT...
    cat <<CONF
ServerName $1.example
PidFile $tmp/$1.pid
ErrorLog $tmp/$1.error
User nobody
Group nogroup
LoadModule mpm_event_module $M/mod_mpm_event.so
LoadModule authz_core_module $M/mod_authz_core.so
CONF
    shift
    printf 'Listen %s\n' "$@"
}

start_nginx() {
    touch "$tmp/nginx.error"
    nginx_head nginx >"$tmp/nginx.conf"
    cat >>"$tmp/nginx.conf" <<CONF
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
    nginx_head nginxp >"$tmp/nginxp.conf"
    echo 'server { listen 10.100.0.1:8101; location / { proxy_pass http://10.100.1.2:8002; } } }' >>"$tmp/nginxp.conf"
    daemon $P nginxp nginx -c "$tmp/nginxp.conf" -g 'daemon off;'
}

start_apache() {
    apache_head apache 10.100.1.2:8002 >"$tmp/apache.conf"
    cat >>"$tmp/apache.conf" <<CONF
LoadModule authn_core_module $M/mod_authn_core.so
LoadModule authn_file_module $M/mod_authn_file.so
LoadModule authz_user_module $M/mod_authz_user.so
LoadModule auth_basic_module $M/mod_auth_basic.so
LoadModule dav_module $M/mod_dav.so
LoadModule dav_fs_module $M/mod_dav_fs.so
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
    printf 'cat >/dev/null; printf "Status: 100 Continue\\r\\nContent-Length: 5\\r\\n\\r\\ngo on"\n' >"$tmp/www/up/interim.cgi"
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
