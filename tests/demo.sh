#!/bin/sh
# Shows the program at work on the captures in pcaps/: each in turn, as a user would read it.
#   demo.sh PROGRAM
set -eu
cd "$(dirname "$0")/.."
program=$1
show() {
    echo
    echo "\$ $program $*"
    "$program" "$@"
}
for capture in pcaps/*.pcap*; do
    show -r "$capture"
done
