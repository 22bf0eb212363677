#!/bin/sh
# Compares what await100 finds with what tshark and tcpflow find, over a folder of public captures
# (AWAIT100_CORPUS, ../shared/corpus by default) that is no part of this tree. Skipped, and said so,
# where the folder or a tool is absent. Run from the root; arguments go to compare.py.
set -eu
LC_ALL=C
export LC_ALL
AWAIT100_CORPUS=${AWAIT100_CORPUS:-../shared/corpus}
export AWAIT100_CORPUS
if [ ! -d "$AWAIT100_CORPUS" ]; then
    echo "differential: skipped, no captures in $AWAIT100_CORPUS"
    exit 0
fi
for tool in tshark tcpflow python3; do
    command -v $tool >/dev/null || { echo "differential: skipped, $tool is not installed"; exit 0; }
done
exec python3 tests/differential/compare.py "$@"
