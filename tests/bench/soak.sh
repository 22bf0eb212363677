#!/bin/bash
# Long life in small: as many short connections as SOAK says (ten million are a few minutes), made
# on the way and never on a disk, through an engine with little memory. Every tenth is never closed,
# so that connections have to be let go all the time. Fails where resident memory does not stay
# flat, where what was let go is not counted, or where an exchange is missing: every connection has
# one. Without SOAK it does nothing.
#   SOAK=10000000 soak.sh     AWAIT100, TOOLS as for run.sh; MEMORY (64M), JOBS (1)
set -eu
export LC_ALL=C
[ -n "${SOAK:-}" ] || exit 0
. "$(dirname "$0")/flat.sh"
program=${AWAIT100:-./await100} tools=${TOOLS:-build/tests/tools}
dir=$(mktemp -d)
makes=
reads=
trap 'kill $makes $reads 2>/dev/null || :; rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
mkfifo "$dir/packets"
"$tools/mkbench" soak - --size "$SOAK" >"$dir/packets" 2>"$dir/made" &
makes=$!
begun=$SECONDS
"$program" -q -r - -o json --memory "${MEMORY:-64M}" -j "${JOBS:-1}" <"$dir/packets" >"$dir/out.json" &
reads=$!
# Resident KiB, four times a second, until it ends.
while rss=$(awk '/^VmRSS/ { print $2 }' "/proc/$reads/status" 2>/dev/null) && [ -n "$rss" ]; do
    echo "$rss"
    sleep 0.25
done >"$dir/rss"
status=0
wait $reads || status=$?
reads=
wait $makes || status=$?
makes=
took=$((SECONDS - begun))
printf 'soak: %s in %d s, --memory %s, -j %s; exit status %d\n' \
    "$(sed 's/^-: //' "$dir/made")" $took "${MEMORY:-64M}" "${JOBS:-1}" $status
jq -r '"soak: \(.connections.seen) connections, \(.connections.evicted) let go before their end; \(.exchanges.all) exchanges, \(.exchanges.expectation) with an expectation, \(.exchanges.failing) failing"' "$dir/out.json"
evicted=$(jq .connections.evicted "$dir/out.json") missing=$((SOAK - $(jq .exchanges.all "$dir/out.json")))
flat "$dir/rss" 'resident MiB' "${MEMORY:-64M}" || { echo "soak: FAILED: it grows"; status=1; }
[ "$evicted" -gt 0 ] || { echo "soak: FAILED: nothing was let go"; status=1; }
[ "$missing" -eq 0 ] || { echo "soak: FAILED: exchanges that are missing: $missing"; status=1; }
exit $status
