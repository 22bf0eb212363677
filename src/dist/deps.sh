#!/bin/sh
# Installs what is missing to build and test await100, and nothing where nothing is.
#   deps.sh build   what `make`, `make demo` and `make check` need
#   deps.sh full    what `make check-full` uses besides: tshark, tcpflow, valgrind, clang, servers
# On Debian and its kin by apt-get (through sudo when not root), printing what it runs; elsewhere it
# names the packages.
set -eu
export LC_ALL=C

build='libpcap-dev zlib1g-dev libzstd-dev liblzma-dev libbz2-dev liblz4-dev libjansson-dev libxxhash-dev libmd-dev libseccomp-dev libcap-ng-dev libarchive-dev libncurses-dev libcmocka-dev'
full="$build tshark tcpflow tcpdump tcpreplay valgrind clang libclang-rt-14-dev clang-format clang-tidy cppcheck afl++ python3 python3-prometheus-client jq iproute2 curl nginx-light apache2 lighttpd squid haproxy zstd lz4 xz-utils bzip2 chromium fonts-dejavu-core python3-jsonschema node-har-schema cmark-gfm tmux mandoc bsdextrautils zsh fish pkg-config lintian dpkg-dev"

case ${1:-} in
build) want=$build ;;
full) want=$full ;;
*)
    echo "usage: deps.sh build|full" >&2
    exit 2
    ;;
esac

if ! command -v apt-get >/dev/null 2>&1 || ! command -v dpkg-query >/dev/null 2>&1; then
    echo "This is no Debian. Please install the equivalents of: $want" >&2
    exit 1
fi

missing=
for package in $want; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed$' ||
        missing="$missing $package"
done
[ -n "$missing" ] || exit 0

run() {
    echo "+ $*"
    "$@"
}
sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 || {
        echo "Not root, and no sudo. Please install:$missing" >&2
        exit 1
    }
    sudo=sudo
fi

# The servers are wanted as programs for tests, not as services: keep the package scripts from
# starting any while they are installed.
policy=/usr/sbin/policy-rc.d
if [ "$1" = full ] && [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | $sudo tee "$policy" >/dev/null
    $sudo chmod 755 "$policy"
    trap '$sudo rm -f "$policy"' EXIT
    trap 'exit 1' INT TERM
fi

run $sudo apt-get update -qq
# shellcheck disable=SC2086 # a list of words
run $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
