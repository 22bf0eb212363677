#!/bin/sh
# What the layout promises, checked:
#   - a file includes only from its own room and those before it, and front ends see the library by
#     its public headers (and the bounds-checked cursor) alone
#   - every header compiles alone, and twice
#   - the library does no I/O, keeps no globals, starts no threads, reads no clock
#   structure.sh LIBRARY
set -eu
cd "$(dirname "$0")/.."
library=$1
: "${CC:=cc}"
failed=0
passed=0
bad() {
    echo "structure: $*"
    failed=$((failed + 1))
}

rooms='base wire flow http exchange link diagnose store engine filter'
before=
for room in $rooms; do
    before="$before $room"
    for file in src/"$room"/*.[ch]; do
        for other in $(sed -n 's/^#include "\([a-z0-9_]*\)\/.*/\1/p' "$file" | sort -u); do
            case " $before await100 " in
            *" $other "*) ;;
            *) bad "$file includes from $other, which comes after $room" ;;
            esac
        done
        passed=$((passed + 1))
    done
done
for front in confine source sink view tui app; do
    for file in src/"$front"/*.[ch]; do
        for other in $(sed -n 's/^#include "\([a-z0-9_]*\/*[a-z0-9_.]*\).*/\1/p' "$file" | sort -u); do
            case $other in
            await100* | base/cursor.h) ;;
            confine/* | source/* | sink/*) [ $front != confine ] || [ "${other%%/*}" = confine ] || bad "$file includes $other" ;;
            view/*) [ $front = view ] || [ $front = tui ] || [ $front = app ] || bad "$file includes $other" ;;
            tui/*) [ $front = tui ] || [ $front = app ] || bad "$file includes $other" ;;
            app/*) [ $front = app ] || bad "$file includes $other" ;;
            *) [ "${other#*/}" = "$other" ] || bad "$file includes $other: front ends see public headers" ;;
            esac
        done
        passed=$((passed + 1))
    done
done

for header in include/await100.h include/await100/*.h src/*/*.h; do
    name=${header#include/}
    name=${name#src/}
    printf '#include "%s"\n#include "%s"\n' "$name" "$name" |
        $CC -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -Iinclude -Isrc -fsyntax-only -x c - ||
        bad "$header does not compile alone and twice"
    passed=$((passed + 1))
done

# What the library may ask of the world: bytes, strings, formatting, memory by default, and LZ4.
allowed='^(aw_.*|_.*|mem[a-z]*|str[a-z]*|v?snprintf|inet_[np]to[np]|qsort|malloc|realloc|free|LZ4_.*)$'
for symbol in $(nm -u "$library" 2>/dev/null | sed -n 's/^ *U //p' | sort -u); do
    echo "$symbol" | grep -Eq "$allowed" || bad "the library calls $symbol"
    passed=$((passed + 1))
done
globals=$(size -A "$library" | awk '($1 == ".data" || $1 == ".bss" || $1 ~ /^\.t(data|bss)/) && $2 > 0')
[ -z "$globals" ] || bad "the library keeps globals: $globals"

echo "structure: $passed checks, $failed failed"
[ $failed -eq 0 ]
