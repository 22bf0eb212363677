#!/bin/sh
# The program as built: position independent, relocations read-only before main, no executable
# stack, a stack protector, and (where it was optimised) checked string functions.
#   hardened.sh PROGRAM [fortified]
set -eu
program=$1
failed=0
command -v readelf >/dev/null || {
    echo "hardened: skipped: no readelf"
    exit 0
}
has() { # what, and a pattern that has to be found in what readelf says
    if readelf -W "$2" "$program" 2>/dev/null | grep -Eq "$3"; then
        echo "ok     hardened: $1"
    else
        echo "FAILED hardened: no $1"
        failed=1
    fi
}
has "position independence" -d 'FLAGS_1.* PIE'
has "read-only relocations" -l 'GNU_RELRO'
has "binding before main" -d 'BIND_NOW|FLAGS_1.* NOW'
has "stack without execution" -l 'GNU_STACK.* RW +0x'
has "stack protector" --dyn-syms '__stack_chk_fail'
[ "${2:-}" != fortified ] || has "checked string functions" --dyn-syms '__[a-z]+_chk@'
exit $failed
