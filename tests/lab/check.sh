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
trap 'rm -rf "$fresh" "$fresh.out" "$fresh.log" "$fresh.verdicts"' EXIT
trap 'exit 130' INT TERM
# A machine that was busy elsewhere can upset the timing of a case, in what client and server did or
# in what the capture shows of it: such a case is recorded again, twice at most.
judge() {
    "$tools/golden" --program "$program" --dir "$fresh.out" --pcaps "$fresh" >"$fresh.verdicts"
}
cases=
for try in 1 2 3; do
    # shellcheck disable=SC2086 # a list of words
    if bash tests/lab/lab.sh "$fresh" $cases >"$fresh.log" && judge; then
        cat "$fresh.verdicts"
        break
    fi
    cases=$(sed -n 's/^FAIL \([a-z0-9-]*\)\..*/\1/p' "$fresh.verdicts" 2>/dev/null | sort -u)
    [ "$try" = 3 ] || echo "lab: once more: ${cases:-all}"
    [ "$try" != 3 ] || {
        cat "$fresh.log" "$fresh.verdicts" 2>/dev/null
        exit 1
    }
done
# And what the table of products claims of those that are here.
bash tests/lab/claims.sh "$program" >"$fresh.log" 2>&1 || {
    cat "$fresh.log"
    exit 1
}
tail -n 1 "$fresh.log"
