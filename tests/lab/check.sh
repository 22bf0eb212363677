#!/bin/sh
# Records the lab's captures anew, with the software of this machine, and asks for the verdicts that
# follow from what client and server did. Skipped, and said so, without root or a tool.
#   check.sh PROGRAM TOOLS
set -eu
program=$1 tools=$2
if [ "$(id -u)" -ne 0 ] || ! ip netns add aw-probe-$$ 2>/dev/null; then
    echo "lab: skipped, network namespaces need root"
    exit 0
fi
ip netns del aw-probe-$$
for tool in tcpdump curl nginx apache2 lighttpd squid haproxy python3 editcap zstd gzip; do
    PATH=/usr/sbin:$PATH command -v $tool >/dev/null || {
        echo "lab: skipped, $tool is not installed"
        exit 0
    }
done
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT
trap 'exit 130' INT TERM
# A machine that was busy elsewhere can upset a case's own timing: such a case is recorded again.
bash tests/lab/lab.sh "$fresh" >"$fresh/log" || bash tests/lab/lab.sh "$fresh" >"$fresh/log" || {
    cat "$fresh/log"
    exit 1
}
tail -n 1 "$fresh/log"
rm "$fresh/log"
"$tools/golden" --program "$program" --dir "$fresh/out" --pcaps "$fresh"
