#!/bin/sh
# Puts the kept inputs of each fuzz target through it once more.
#   replay.sh TARGET...   (programs linked with replay.c; the last part of the name is fuzz_NAME)
set -eu
cd "$(dirname "$0")/../.."
failed=0
for program in "$@"; do
    name=${program##*/fuzz_}
    if said=$("$program" "tests/fuzz/corpus/$name" 2>&1); then
        echo "ok     fuzz $name: $said"
    else
        echo "FAILED fuzz $name"
        echo "$said"
        failed=1
    fi
done
exit $failed
