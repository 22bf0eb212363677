#!/bin/sh
# What the program prints without any input: to a pipe that nobody reads it ends well and silent, to a
# full disk it says so (status 4).
#   texts.sh PROGRAM
set -eu
program=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tried=0
for text in -h -V -D '--set help' '-Y help' '--explain 417' '--explain list' '--explain curl'; do
    # The pipe's only reader is gone before the program begins.
    # shellcheck disable=SC2086 # the words of an option
    status=$({ sleep 0.05; s=0; "$program" $text 2>"$work/err" || s=$?; echo "$s" >"$work/status"; } | :
        cat "$work/status")
    if [ "$status" != 0 ] || [ -s "$work/err" ]; then
        echo "texts: $text to a closed pipe: status $status: $(cat "$work/err")"
        exit 1
    fi
    status=0
    # shellcheck disable=SC2086
    "$program" $text >/dev/full 2>"$work/err" || status=$?
    if [ "$status" != 4 ] || ! grep -q '^await100: .*: No space left on device$' "$work/err"; then
        echo "texts: $text to a full disk: status $status: $(cat "$work/err")"
        exit 1
    fi
    tried=$((tried + 1))
done
echo "texts: $tried texts to a closed pipe and a full disk"
