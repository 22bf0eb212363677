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
# Flat: what it takes when a fifth is done, it takes in the last fifth (medians: the report at the end
# takes something of its own, which the peak shows).
awk -v evicted="$(jq .connections.evicted "$dir/out.json")" -v status=$status \
    -v missing=$((SOAK - $(jq .exchanges.all "$dir/out.json"))) '
    function middle(from, to,    i, j, n, w, x) {
        for (i = int(from) + 1; i <= to; i++) {
            x = v[i]
            for (j = n++; j > 0 && w[j] > x; j--) w[j + 1] = w[j]
            w[j + 1] = x
        }
        return w[int((n + 1) / 2)]
    }
    { v[NR] = $1; if ($1 > peak) peak = $1 }
    END {
        n = NR; if (n < 20) { print "soak: too short to judge: a larger SOAK"; exit 1 }
        early = middle(n * 0.2, n * 0.4)
        late = middle(n * 0.8, n)
        printf "soak: resident MiB after a fifth of the time %.1f, in the last fifth %.1f, peak %.1f\n",
               early / 1024, late / 1024, peak / 1024
        flat = late <= early * 1.02
        if (!flat) print "soak: FAILED: it grows"
        if (evicted == 0) print "soak: FAILED: nothing was let go"
        if (missing != 0) print "soak: FAILED: exchanges that are missing: " missing
        exit status != 0 || !flat || evicted == 0 || missing != 0
    }' "$dir/rss"
