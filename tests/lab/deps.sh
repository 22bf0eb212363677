#!/bin/sh
# Installs from Debian what the wide lab records (lab.sh --all) and what the claims are tried on
# (claims.sh --all): clients, servers and proxies as programs; none of them is started as a service.
# What Debian lacks is said and left out; the lab then skips its cases.
set -eu
export LC_ALL=C

base='tcpdump tshark iproute2 nftables python3 zstd curl nginx-light apache2 lighttpd squid haproxy'
clients='wget php-cli php-curl libwww-perl python3-aiohttp python3-botocore python3-gi gir1.2-soup-2.4
    mono-mcs mono-runtime libmono-system4.0-cil libhttpclient-java libhttpclient5-java libokhttp-java
    libcommons-httpclient-java libjetty9-extra-java php-guzzlehttp-guzzle python3-requests python3-urllib3
    httpie python3-boto gir1.2-soup-3.0 wget2 git rclone awscli node-axios cargo librust-reqwest-dev
    golang-github-aws-aws-sdk-go-dev golang-github-aws-aws-sdk-go-v2-dev golang-github-minio-minio-go-v7-dev'
both='golang-go default-jdk-headless nodejs ruby ruby-webrick'
servers='gunicorn libtomcat10-java libjetty9-java libservlet-api-java h2o php-cli python3-cheroot
    python3-waitress python3-werkzeug python3-tornado python3-twisted python3-uvicorn uwsgi-core
    uwsgi-plugin-python3 puma unicorn node-express libmicrohttpd-dev gcc civetweb libnetty-java
    libnginx-mod-http-lua xrootd-server librust-hyper-dev librust-tokio-dev'
proxies='varnish tinyproxy trafficserver caddy nghttp2-proxy privoxy mitmproxy'

command -v apt-get >/dev/null 2>&1 || {
    echo "This is no Debian. Please install the equivalents of:" $base $clients $both $servers $proxies >&2
    exit 1
}
run() {
    echo "+ $*"
    "$@"
}
sudo=
[ "$(id -u)" -eq 0 ] || sudo=sudo

# Keep the package scripts from starting the servers.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod 755 "$policy"
    trap '$sudo rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
fi

run $sudo apt-get update -qq
want=
for package in $base $clients $both $servers $proxies; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' && continue
    if apt-cache show "$package" >/dev/null 2>&1; then
        want="$want $package"
    else
        echo "lab: Debian here has no $package; its cases will be skipped"
    fi
done
[ -z "$want" ] ||
    # shellcheck disable=SC2086 # a list of words
    run $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $want
