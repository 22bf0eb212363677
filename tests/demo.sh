#!/bin/sh
# Shows the program at work on captures of real software from pcaps/, as a user would read it.
#   demo.sh PROGRAM
set -eu
cd "$(dirname "$0")/.."
program=$1
show() {
    echo
    echo "\$ $program -N $*"
    "$program" -N "$@"
}
echo "A handshake as it should be: curl and nginx."
show -r pcaps/nginx-continued.pcap
echo
echo "A server that does not know Expect: the upload stalls for the client's timer."
show -r pcaps/ignored.pcap
echo
echo "A 417, and curl's retry without Expect, on a capture that shows both legs of a proxy."
show -r pcaps/squid-origin-417.pcap
echo
echo "The 100 and the content crossed on the wire: 40 ms of round trip, captured at the server."
show -r pcaps/far-crossed-server.pcap
echo
echo "The 100 was lost on its way: nobody's fault but the network's."
show -r pcaps/far-lost-100.pcap
echo
echo "All captures in pcaps/ at once, merged by packet time."
set --
for capture in pcaps/*.pcap*; do
    set -- "$@" -r "$capture"
done
echo
echo "\$ $program -N -r pcaps/*"
"$program" -N "$@"
