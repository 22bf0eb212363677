#!/bin/sh
# Faults; see check.py, which needs python3.
#   check.sh PROGRAM FAULT_SO [--every N] [--cases NAME,...] [--without NAME,...] [--kinds KIND,...] [-v]
set -eu
cd "$(dirname "$0")/../.."
command -v python3 >/dev/null || {
    echo "fault: skipped: no python3"
    exit 0
}
python=/usr/bin/python3
[ -x $python ] || python=python3
# Where the library cannot be preloaded (another C library, a static program) nothing fails.
exec $python tests/fault/check.py "$@"
